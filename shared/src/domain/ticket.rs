//! Tickets: what an authorization server gets while it asks its user for more.

use super::{Audience, ClientId, Confirmation, OrgId, Property, Scope, Seconds, Timestamp, TokenId};

/// Where a ticket is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TicketKey {
    /// The org that it is bound to.
    pub org: OrgId,
    /// Its id, made of its value as that of an opaque token is.
    pub id: TokenId,
}

/// A token request that waits for the authorization server's word on the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket {
    /// The id of the ticket, unique in its org.
    pub id: TokenId,
    /// The org that it is bound to.
    pub org: OrgId,
    /// The client whose token request waits for a decision.
    pub client: ClientId,
    /// Whether it named itself by its alias.
    pub alias_used: bool,
    /// What it may have of what it asks for.
    pub scopes: Vec<Scope>,
    /// For whom: RFC 8707.
    pub audiences: Vec<Audience>,
    /// What the authorization server attached.
    pub properties: Vec<Property>,
    /// The keys that the request proved.
    pub confirmation: Confirmation,
    /// When it was asked.
    pub issued_at: Timestamp,
    /// Good as long as `now < expires_at`.
    pub expires_at: Timestamp,
    /// Which write has spent it.
    pub spent_by: Option<TokenId>,
}

impl Ticket {
    /// How long the authorization server may take.
    pub const LIFETIME: Seconds = Seconds::DAY;

    /// Returns the key under which the ticket is stored.
    pub fn key(&self) -> TicketKey {
        TicketKey { org: self.org.clone(), id: self.id }
    }

    /// Whether a token can be issued on it.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.spent_by.is_none() && now < self.expires_at
    }
}
