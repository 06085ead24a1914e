//! Refresh families: what a refresh token stands for.

use super::{OrgId, RevokingParty, Seconds, Timestamp, TokenContents, TokenId};

/// Where a family's record is: in the shard of its access tokens.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FamilyKey {
    /// The org in which the family's tokens act.
    pub org: OrgId,
    /// The id of the family, unique in its org.
    pub id: TokenId,
}

/// All generations of one refresh token: one record, changed by one conditional write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Family {
    /// Its id; every access token of the family is in the same shard.
    pub id: TokenId,
    /// The org in which the family's tokens act.
    pub org: OrgId,
    /// Root of that org's hierarchy.
    pub root_org: OrgId,
    /// What its access tokens say, as of the first one. The issuance may have been changed since; a refresh may take less of it.
    pub contents: TokenContents,
    /// Counts rotations, from 0.
    pub generation: u64,
    /// From which, with a key that isn't in the store, every generation's secret is derived.
    pub salt: [u8; 16],
    /// SHA-256 of the current generation's secret or, of the first generation, of the value that a caller has chosen for it.
    pub current: [u8; 32],
    /// SHA-256 of the one before.
    pub previous: Option<[u8; 32]>,
    /// When the current generation began.
    pub rotated_at: Timestamp,
    /// Whether a use replaces the token.
    pub rotates: bool,
    /// For so long after a rotation the predecessor gets the same successor again, so that a lost answer logs nobody out. The window
    /// does not slide, and it ends once the successor is used; 0 s: there is none. FAPI 2.0 security profile section 5.3.2.1 item
    /// 10 asks for such a retry.
    pub retry_window: Seconds,
    /// So long does it live on from each use, up to [`OrgSettings::MAX_LIFETIME`](super::OrgSettings::MAX_LIFETIME) in all.
    /// `None`: no use moves its end.
    pub slides: Option<Seconds>,
    /// Whether only the newest of its access tokens is alive.
    pub exclusive: bool,
    /// When the family began.
    pub issued_at: Timestamp,
    /// When an access token was last made with it.
    pub refreshed_at: Option<Timestamp>,
    /// From this moment on the family can't be refreshed.
    pub expires_at: Timestamp,
    /// From when on it may be forgotten: none of its access tokens can be alive any more. `None`: never.
    pub needed_until: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it. `None`: nobody did, the service saw a reason, or that wasn't noted.
    pub revoked_by: Option<Box<RevokingParty>>,
    /// The access token that came with the current generation.
    pub token: TokenId,
    /// Lifetime of its access tokens.
    pub token_duration: Seconds,
    /// Counts changes other than revocation and refreshing.
    pub revision: u32,
}

impl Family {
    /// The retry window of an org that sets none.
    pub const DEFAULT_RETRY_WINDOW: Seconds = Seconds(60);

    /// Returns the key under which the family is stored.
    pub fn key(&self) -> FamilyKey {
        FamilyKey { org: self.org.clone(), id: self.id }
    }

    /// What presenting the genuine secret of `generation` means now. Doesn't look at revocation and expiry.
    pub fn judge(&self, generation: u64, now: Timestamp) -> Redemption {
        if generation == self.generation {
            return Redemption::Current;
        }
        let is_previous = generation.checked_add(1) == Some(self.generation);
        let is_within = self.retry_window > Seconds(0) && now <= self.rotated_at.plus(self.retry_window);
        let retry = is_previous && is_within;
        if retry { Redemption::Retry } else { Redemption::Reuse }
    }
}

// Readers of a record ask for `family.subject`, wherever in it that is.
impl std::ops::Deref for Family {
    type Target = TokenContents;

    fn deref(&self) -> &TokenContents {
        &self.contents
    }
}

impl std::ops::DerefMut for Family {
    fn deref_mut(&mut self) -> &mut TokenContents {
        &mut self.contents
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
