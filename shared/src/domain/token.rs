//! The record of an access token.

use super::{ClientName, FamilyKey, OrgId, RevokingParty, StatusIndex, Timestamp, TokenContents, TokenId};

/// Where a token's record is: ids are unique, but looked up within their org.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenKey {
    /// The org in which the token acts.
    pub org: OrgId,
    /// The `jti` of the token.
    pub id: TokenId,
}

/// All that the service knows about an access token. The signed string and its signature are never stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenRecord {
    /// The `jti` of the token, unique in its org.
    pub id: TokenId,
    /// The org in which it acts.
    pub org: OrgId,
    /// Root of that org's hierarchy.
    pub root_org: OrgId,
    /// What it says. Its refresh family says the same.
    pub contents: TokenContents,
    /// To the millisecond: not-before marks are compared with it.
    pub issued_at: Timestamp,
    /// Valid from here on. Never before `issued_at`.
    pub not_before: Timestamp,
    /// Valid as long as `now < expires_at`; `None`: does not expire. A whole second.
    pub expires_at: Option<Timestamp>,
    /// The refresh family that the token belongs to, if it has one.
    pub family: Option<TokenId>,
    /// SHA-256 of its value, if that isn't the one that its id is made of. An [`Alias`](super::Alias) tells where it is then.
    pub value: Option<[u8; 32]>,
    /// Where its status is for verifiers without a connection. `None`: in no list.
    pub status: Option<StatusIndex>,
    /// When its refresh family ends that has no other access token: so long its record tells of both.
    pub refreshable_until: Option<Timestamp>,
    /// Counts changes other than revocation.
    pub revision: u32,
    /// When it was revoked by itself. Sets of tokens are revoked by [`NotBefore`](super::NotBefore)s.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it by itself. `None`: nobody did, or that wasn't noted.
    pub revoked_by: Option<Box<RevokingParty>>,
}

impl TokenRecord {
    /// Returns the `client_id` of the client that it was issued to, as others know it. `None`: it is a member's.
    pub fn client_name(&self) -> Option<ClientName<'_>> {
        self.issuance.as_deref().map_or_else(|| self.client.map(ClientName::Number), |issuance| issuance.client_name(self.client))
    }

    /// Returns the key under which the token is stored.
    pub fn key(&self) -> TokenKey {
        TokenKey { org: self.org.clone(), id: self.id }
    }

    /// Returns the key of the token's refresh family, if it has one.
    pub fn family_key(&self) -> Option<FamilyKey> {
        self.family.map(|id| FamilyKey { org: self.org.clone(), id })
    }

    /// Returns the moment from which on the record may be forgotten. `None`: never.
    pub fn needed_until(&self) -> Option<Timestamp> {
        self.expires_at.map(|end| self.refreshable_until.map_or(end, |until| until.max(end)))
    }

    /// `now < exp`, judged by us: a store may hold expired records for days.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|exp| exp <= now)
    }
}

// Readers of a record ask for `record.subject`, wherever in it that is.
impl std::ops::Deref for TokenRecord {
    type Target = TokenContents;

    fn deref(&self) -> &TokenContents {
        &self.contents
    }
}

impl std::ops::DerefMut for TokenRecord {
    fn deref_mut(&mut self) -> &mut TokenContents {
        &mut self.contents
    }
}
