//! What waits for something, or tells where something is.

use std::sync::Arc;

use super::{T0, at, client_id, confirmation, digest, id, org_id, properties, read, scope};
use crate::domain::{Alias, AliasKey, Aliased, Audience, Batch, BatchKey, Seconds, Ticket, TicketKey, TokenId};
use crate::store::{RecordKeys, ReplayKey, Store, TicketConsumption};

pub(in crate::store) fn alias_key(org: &str, n: u64) -> AliasKey {
    AliasKey { org: org_id(org), hash: digest(n) }
}

/// The value number `n` is this one's.
pub(in crate::store) fn alias(org: &str, n: u64, target: Aliased) -> Alias {
    Alias { key: alias_key(org, n), target, expires_at: Some(T0.plus(Seconds::DAY)) }
}

pub(in crate::store) fn ticket(org: &str, n: u64) -> Ticket {
    Ticket {
        id: id(n),
        org: org_id(org),
        client: client_id(7),
        alias_used: true,
        scopes: vec![scope("a"), scope("b?")],
        audiences: vec![Audience::parse("https://api.example/\"x\"").unwrap()],
        properties: properties(),
        confirmation: confirmation(),
        issued_at: T0,
        expires_at: T0.plus(Ticket::LIFETIME),
        spent_by: None,
    }
}

pub(in crate::store) fn ticket_key(org: &str, n: u64) -> TicketKey {
    TicketKey { org: org_id(org), id: id(n) }
}

/// The spending of a ticket in this name, a second after it was made.
pub(in crate::store) fn spending(key: TicketKey, by: TokenId) -> TicketConsumption {
    TicketConsumption { key, by, now: at(1_000) }
}

/// The use of the value number `n`, remembered for a minute.
pub(in crate::store) fn used(org: &str, n: u64) -> ReplayKey {
    ReplayKey { org: org_id(org), purpose: "dpop", hash: digest(n), now: at(0), until: at(60_000) }
}

pub(in crate::store) fn batch(org: &str, n: u64) -> Batch {
    Batch { id: id(n), org: org_id(org), tokens: 250, parts: 3, done: Vec::new(), failure: None, created_at: T0, updated_at: T0 }
}

pub(in crate::store) fn batch_key(org: &str, n: u64) -> BatchKey {
    BatchKey { org: org_id(org), id: id(n) }
}

/// Whose a value is.
pub(in crate::store) async fn find_alias(store: &Arc<dyn Store>, key: &AliasKey) -> Option<Aliased> {
    read(store, RecordKeys { aliases: vec![key.clone()], ..RecordKeys::default() }).await.aliases.remove(key)
}

/// Reads one ticket, or nothing.
pub(in crate::store) async fn find_ticket(store: &Arc<dyn Store>, key: &TicketKey) -> Option<Ticket> {
    read(store, RecordKeys { tickets: vec![key.clone()], ..RecordKeys::default() }).await.tickets.remove(key)
}
