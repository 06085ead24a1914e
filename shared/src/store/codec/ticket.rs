//! Tickets.

use serde::{Deserialize, Serialize};

use super::issuance::is_unbound;
use super::{coded, decode, encode, is_false, placeholder_id, placeholder_time};
use crate::domain::{Audience, ClientId, Confirmation, Fault, OrgId, Property, Scope, Ticket, TicketKey, Timestamp, TokenId};

/// What of a ticket is beside its body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TicketState {
    /// When the ticket ends, [`Ticket::expires_at`].
    pub expires_at: Timestamp,
    /// The token that was issued on it, [`Ticket::spent_by`].
    pub spent_by: Option<TokenId>,
}

/// Encodes the body of a ticket: all of it but `id` and its [`TicketState`].
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_ticket(ticket: &Ticket) -> Result<String, Fault> {
    encode(|to| TicketBody::serialize(ticket, to))
}

/// Decodes the ticket of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_ticket`] writes.
pub fn decode_ticket(key: &TicketKey, body: &[u8], state: TicketState) -> Result<Ticket, Fault> {
    let ticket = decode(body, |from| TicketBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a ticket").because(e))?;
    if ticket.org != key.org {
        return Err(Fault::internal("decoding the record of a ticket: it is another org's"));
    }
    let TicketState { expires_at, spent_by } = state;
    Ok(Ticket { id: key.id, expires_at, spent_by, ..ticket })
}

/// Whether keeping `new` where `there` is changes nothing: it may have been spent since.
pub fn is_same_ticket(there: &Ticket, new: &Ticket) -> bool {
    Ticket { spent_by: new.spent_by, ..there.clone() } == *new
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Ticket")]
struct TicketBody {
    #[serde(skip, default = "placeholder_id")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "c", with = "coded")]
    client: ClientId,
    #[serde(rename = "l", default, skip_serializing_if = "is_false")]
    alias_used: bool,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    audiences: Vec<Audience>,
    #[serde(rename = "p", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
    #[serde(rename = "k", with = "coded", default, skip_serializing_if = "is_unbound")]
    confirmation: Confirmation,
    #[serde(rename = "i", with = "coded")]
    issued_at: Timestamp,
    #[serde(skip, default = "placeholder_time")]
    expires_at: Timestamp,
    #[serde(skip)]
    spent_by: Option<TokenId>,
}
