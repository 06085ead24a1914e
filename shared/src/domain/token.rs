//! The record of an access token.

use std::collections::BTreeMap;

use super::{App, Audience, ClientId, FamilyKey, Issuance, OrgId, Role, Scope, SessionId, Subject, Timestamp, TokenId};

/// Where a token's record is: ids are unique, but looked up within their org.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenKey {
    /// The org in which the token acts.
    pub org: OrgId,
    /// Its `jti`.
    pub id: TokenId,
}

/// All that the service knows about an access token. The signed string and its signature are never stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenRecord {
    /// The `jti`.
    pub id: TokenId,
    /// The org in which it acts.
    pub org: OrgId,
    /// Root of that org's hierarchy.
    pub root_org: OrgId,
    /// Whom it stands for.
    pub subject: Subject,
    /// The OAuth client that it was issued to.
    pub client: Option<ClientId>,
    /// To the millisecond: not-before marks are compared with it.
    pub issued_at: Timestamp,
    /// Valid from here on. Never before `issued_at`.
    pub not_before: Timestamp,
    /// Valid as long as `now < expires_at`; `None`: does not expire. A whole second.
    pub expires_at: Option<Timestamp>,
    /// Who may take it.
    pub audiences: Vec<Audience>,
    /// As asked for, marks included: not proof of a right. See [`Authority`](super::Authority).
    pub scopes: Vec<Scope>,
    /// Application to role.
    pub roles: BTreeMap<App, Role>,
    /// The hosts that it opens.
    pub hosts: Vec<HostPermissions>,
    /// The session that chains it to others.
    pub session: Option<Session>,
    /// Who had it minted, if not its subject.
    pub creator: Option<Creator>,
    /// Whether a person had it minted for another person.
    pub masquerading: bool,
    /// Its refresh family.
    pub family: Option<TokenId>,
    /// How an OAuth client got it.
    pub issuance: Option<Box<Issuance>>,
    /// SHA-256 of its value, if that isn't the one that its id is made of. An [`Alias`](super::Alias) tells where it is then.
    pub value: Option<[u8; 32]>,
    /// When its refresh family ends that has no other access token: so long its record tells of both.
    pub refreshable_until: Option<Timestamp>,
    /// Counts changes other than revocation.
    pub revision: u32,
    /// When it was revoked by itself. Sets of tokens are revoked by [`NotBefore`](super::NotBefore)s.
    pub revoked_at: Option<Timestamp>,
}

impl TokenRecord {
    /// Where it is stored.
    pub fn key(&self) -> TokenKey {
        TokenKey { org: self.org.clone(), id: self.id }
    }

    /// Where its refresh family is stored, if it has one.
    pub fn family_key(&self) -> Option<FamilyKey> {
        self.family.map(|id| FamilyKey { org: self.org.clone(), id })
    }

    /// From when on it may be forgotten. `None`: never.
    pub fn needed_until(&self) -> Option<Timestamp> {
        self.expires_at.map(|end| self.refreshable_until.map_or(end, |until| until.max(end)))
    }

    /// `now < exp`, judged by us: a store may hold expired records for days.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|exp| exp <= now)
    }
}

/// A session and the org in which it was begun: tokens reissued into another org stay in it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Session {
    /// Where it was begun.
    pub org: OrgId,
    /// Its id there.
    pub id: SessionId,
}

/// The bearer of the token that asked for this one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Creator {
    /// Its org.
    pub org: OrgId,
    /// Its subject.
    pub subject: Subject,
}

/// A host that a token opens, with its rules: a JSON object, kept as it was given and returned so, in one spelling
/// (no blanks, members sorted) so that two can be compared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostPermissions(Box<str>);

impl HostPermissions {
    /// Takes over a JSON object in the one spelling. Only `wire` makes them.
    pub fn from_json(json: String) -> Self {
        Self(json.into())
    }

    /// The JSON object.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}
