//! Refresh families: what a refresh token stands for.

use std::collections::BTreeMap;

use super::{
    App, Audience, ClientId, Creator, HostPermissions, OrgId, Role, Scope, Seconds, Session, Subject, Timestamp, TokenId,
};

/// Where a family's record is: in the shard of its access tokens.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FamilyKey {
    /// The org.
    pub org: OrgId,
    /// The family's id.
    pub id: TokenId,
}

/// All generations of one refresh token: one record, changed by one conditional write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Family {
    /// Its id; every access token of the family is in the same shard.
    pub id: TokenId,
    /// The org.
    pub org: OrgId,
    /// Root of that org's hierarchy.
    pub root_org: OrgId,
    /// Whom its tokens stand for.
    pub subject: Subject,
    /// The client that it was issued to.
    pub client: Option<ClientId>,
    /// Counts rotations, from 0.
    pub generation: u64,
    /// From which, with a key that isn't in the store, every generation's secret is derived.
    pub salt: [u8; 16],
    /// SHA-256 of the current generation's secret.
    pub current: [u8; 32],
    /// SHA-256 of the one before.
    pub previous: Option<[u8; 32]>,
    /// When the current generation began.
    pub rotated_at: Timestamp,
    /// Whether a use replaces the token.
    pub rotates: bool,
    /// When the family began.
    pub issued_at: Timestamp,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The access token that came with the current generation.
    pub token: TokenId,
    /// Lifetime of its access tokens.
    pub token_duration: Seconds,
    /// As of the first access token.
    pub audiences: Vec<Audience>,
    /// As of the first access token.
    pub scopes: Vec<Scope>,
    /// As of the first access token.
    pub roles: BTreeMap<App, Role>,
    /// As of the first access token.
    pub hosts: Vec<HostPermissions>,
    /// As of the first access token.
    pub session: Option<Session>,
    /// As of the first access token.
    pub creator: Option<Creator>,
    /// As of the first access token.
    pub masquerading: bool,
}

impl Family {
    /// For so long after a rotation the predecessor gets the same successor again, so that a lost answer logs nobody out.
    /// Fixed: it doesn't slide. FAPI 2.0 security profile section 5.3.2.1 item 10 asks for such a retry.
    pub const RETRY_WINDOW: Seconds = Seconds(60);

    /// Where it is stored.
    pub fn key(&self) -> FamilyKey {
        FamilyKey { org: self.org.clone(), id: self.id }
    }

    /// What presenting the genuine secret of `generation` means now. Doesn't look at revocation and expiry.
    pub fn judge(&self, generation: u64, now: Timestamp) -> Redemption {
        if generation == self.generation {
            return Redemption::Current;
        }
        let retry = generation.checked_add(1) == Some(self.generation) && now <= self.rotated_at.plus(Self::RETRY_WINDOW);
        if retry { Redemption::Retry } else { Redemption::Reuse }
    }
}

/// What presenting a genuine refresh token means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Redemption {
    /// It is the current one.
    Current,
    /// It is the predecessor, within the window: the answer was lost.
    Retry,
    /// It has been used up: stolen, now or then. The family must die (RFC 9700 section 4.14.2).
    Reuse,
}
