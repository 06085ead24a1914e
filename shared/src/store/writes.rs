//! What the store shall write, and what came of it.

use std::sync::Arc;

use super::reads::UseKey;
use crate::domain::{
    Alias, Aliased, ApiKey, Authorization, Family, FamilyKey, LogoutKey, Member, MemberKey, OrgId, PersonGrantUpdate, TicketKey,
    Timestamp, TokenId, TokenRecord,
};

/// A new token with all that belongs to it.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The record of the token.
    pub token: TokenRecord,
    /// The family that begins with it.
    pub family: Option<Arc<Family>>,
    /// Where the two are found whose values don't tell.
    pub aliases: Vec<Alias>,
    /// The ticket that it is issued on, in whose name it is spent: the token's id.
    pub ticket: Option<TicketConsumption>,
    /// The authorization whose code becomes the token, as it shall be: it must be there, and its revision one lower.
    pub authorization: Option<Box<Authorization>>,
    /// What the token's person grants with it: it must not have been ended since.
    pub person_grant: Option<PersonGrantUpdate>,
}

impl NewToken {
    /// A token and the family that begins with it, with values of the service's own making.
    pub fn new(token: TokenRecord, family: Option<Family>) -> Self {
        Self { token, family: family.map(Arc::new), aliases: Vec::new(), ticket: None, authorization: None, person_grant: None }
    }

    /// Finds a value that the token has twice: its two values can't be the same.
    pub fn repeated_value(&self) -> Option<ValueKind> {
        let is_repeated = |(n, alias): &(usize, &Alias)| {
            self.aliases[..*n].iter().any(|other| other.key == alias.key && other.target != alias.target)
        };
        self.aliases.iter().enumerate().find(is_repeated).map(|(_, alias)| alias.target.into())
    }
}

/// What came of an insert.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InsertOutcome {
    /// The token is recorded, now or by an earlier attempt.
    Done,
    /// Another token has a value that was chosen for it. Nothing was written.
    ValueTaken(ValueKind),
    /// The ticket isn't good. Nothing was written.
    TicketSpent,
    /// The authorization isn't there, or has been changed since it was read. Nothing was written.
    AuthorizationChanged,
    /// The person has ended the grant since they granted this. Nothing was written.
    PersonGrantEnded,
}

/// How many live API keys an owner may have.
#[derive(Clone, Copy, Debug)]
pub struct ApiKeyLimit {
    /// How many, at least 1.
    pub most: u32,
    /// Only those count that were made after this moment: a mark has revoked those before. `None`: all do.
    pub made_after: Option<Timestamp>,
}

impl ApiKeyLimit {
    /// Whether a key counts at the moment `now`.
    pub fn counts(&self, key: &ApiKey, now: Timestamp) -> bool {
        key.revoked.is_none() && now < key.expires_at && self.made_after.is_none_or(|after| after < key.created_at)
    }
}

/// What came of the creation of an API key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApiKeyInsert {
    /// The key is recorded, now or by an earlier attempt.
    Done,
    /// Its owner has as many live keys as it may have. Nothing was written.
    TooMany,
}

/// What came of the creation of an event stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventStreamInsert {
    /// The stream is there, now or by an earlier attempt.
    Done,
    /// Its client has as many as it may have. Nothing was written.
    TooMany,
    /// There is no such client. Nothing was written.
    Dangling,
}

/// Which of the two values of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ValueKind {
    /// That of the access token.
    Access,
    /// That of the refresh token.
    Refresh,
}

impl From<Aliased> for ValueKind {
    fn from(target: Aliased) -> Self {
        match target {
            Aliased::Token(_) => Self::Access,
            Aliased::Family(_) => Self::Refresh,
        }
    }
}

/// A change of what is recorded.
#[derive(Clone, Debug)]
pub struct TokenUpdate {
    /// The token as it shall be: it must be there, not revoked, and its revision one lower.
    pub token: Option<TokenRecord>,
    /// The family as it shall be, with the same conditions. What refreshing changes stays as it is, but for the end;
    /// [`Family::needed_until`] never moves back.
    pub family: Option<FamilyUpdate>,
    /// Where the token is found by its new value; written over what says the same.
    pub alias: Option<Alias>,
}

/// A change of a family.
#[derive(Clone, Debug)]
pub struct FamilyUpdate {
    /// As it shall be.
    pub family: Family,
    /// Whether [`Family::expires_at`] changes, too. Otherwise refreshing may just have moved it.
    pub moves_end: bool,
}

/// What an amendment did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UpdateOutcome {
    /// It is as it shall be.
    Done,
    /// Something is gone, revoked, or has changed since it was read. Nothing was written.
    Outdated,
    /// Another token has the new value. Nothing was written.
    ValueTaken,
}

/// The spending of a ticket.
#[derive(Clone, Debug)]
pub struct TicketConsumption {
    /// The key of the ticket to consume.
    pub key: TicketKey,
    /// The token that is issued on the ticket.
    pub by: TokenId,
    /// The moment of the operation, by the service's clock.
    pub now: Timestamp,
}

/// The completion of a logout.
#[derive(Clone, Debug)]
pub struct LogoutCompletion {
    /// The key of the logout to complete.
    pub key: LogoutKey,
    /// The name of the completion: an id drawn for it.
    pub by: TokenId,
    /// The moment of the operation, by the service's clock.
    pub now: Timestamp,
}

/// The use of something that can be used only once.
#[derive(Clone, Debug)]
pub struct ReplayKey {
    /// The org that the key belongs to.
    pub org: OrgId,
    /// What it was used for: `dpop`, `assertion`.
    pub purpose: &'static str,
    /// SHA-256 of what identifies it for this purpose.
    pub hash: [u8; 32],
    /// The moment of the operation, by the service's clock.
    pub now: Timestamp,
    /// So long it must be remembered: the same can be presented no later. A use that was noted and has ended before `now` doesn't
    /// count.
    pub until: Timestamp,
}

impl ReplayKey {
    /// Returns the key under which the use is looked up.
    pub fn key(&self) -> UseKey {
        (self.org.clone(), self.purpose, self.hash)
    }
}

/// An event that may happen only so often in a stretch of time.
#[derive(Clone, Debug)]
pub struct CountedEvent {
    /// The org that the count belongs to.
    pub org: OrgId,
    /// What is counted: `register`, `guess`, `wrong`, `c#minute`.
    pub what: &'static str,
    /// Whose events are counted: a hash, so that no name is kept.
    pub hash: [u8; 32],
    /// When the stretch of time began. Each has a count of its own.
    pub since: Timestamp,
    /// When the count may be forgotten.
    pub until: Timestamp,
    /// How many there may be, at least 1.
    pub limit: u32,
}

/// Which indices of status lists an instance wants to have.
#[derive(Clone, Debug)]
pub struct StatusLease {
    /// The org whose tokens get them.
    pub org: OrgId,
    /// How many: at least 1. They never cross the end of a list if this always is the same power of two.
    pub count: u32,
    /// What becomes the secret of the org if these are its first.
    pub secret: [u8; 32],
    /// Whether one of them is for a token that was made from another. It stays so.
    pub has_derived: bool,
}

/// What came of a revocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Revocation {
    /// It is revoked now.
    Done,
    /// It was revoked before.
    Already,
    /// There is no such record.
    Unknown,
}

/// One step of a family.
#[derive(Clone, Debug)]
pub struct FamilyAdvance {
    /// The key of the family.
    pub key: FamilyKey,
    /// The generation that is presented.
    pub from: u64,
    /// SHA-256 of the next generation's secret. `None`: the generation stays.
    pub next: Option<[u8; 32]>,
    /// The access token that comes with it.
    pub token: TokenId,
    /// The moment of the operation, by the service's clock.
    pub now: Timestamp,
    /// Its new [`Family::expires_at`] and [`Family::needed_until`], if the use moves them. The latter never moves back: what
    /// is later stays.
    pub ends: Option<(Timestamp, Option<Timestamp>)>,
}

impl FamilyAdvance {
    /// Whether `family` is where this very step has left it, and still good.
    pub fn made(&self, family: &Family) -> bool {
        let is_there = match self.next {
            Some(next) => {
                let there = (family.current, family.rotated_at) == (next, self.now);
                there && self.from.checked_add(1) == Some(family.generation)
            }
            None => self.from == family.generation,
        };
        let is_noted = (family.token, family.refreshed_at) == (self.token, Some(self.now));
        is_there && is_noted && family.revoked_at.is_none()
    }

    /// `family` as this step leaves it.
    #[must_use]
    pub fn taken(&self, family: Family) -> Family {
        let (expires_at, needed_until) = self.ends.unwrap_or((family.expires_at, family.needed_until));
        let needed_until = needed_until.zip(family.needed_until).map(|(new, old)| new.max(old));
        let stays = Family { token: self.token, refreshed_at: Some(self.now), expires_at, needed_until, ..family };
        match self.next {
            None => stays,
            Some(next) => Family {
                generation: stays.generation + 1,
                previous: Some(stays.current),
                current: next,
                rotated_at: self.now,
                ..stays
            },
        }
    }
}

/// What a rotation did.
#[derive(Clone, Debug)]
pub enum AdvanceOutcome {
    /// The family has taken the step.
    Applied,
    /// It wasn't at the presented generation, or it is over: here is what it was.
    Superseded(Box<Family>),
    /// There is no such family.
    Unknown,
}

/// What a write to the directory did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Put {
    /// It was not there before and has been created.
    Created,
    /// It was there before.
    Replaced,
    /// What it belongs to isn't there. Nothing was written.
    Dangling,
    /// Contradicts what is there: another parent, an alias in use, a change since it was seen. Nothing was written.
    Taken,
}

/// A change of a member that happens only to what was seen of it, where `None` is its absence: so it is added, replaced or deleted.
#[derive(Clone, Debug)]
pub struct MemberSwap {
    /// The key of the member.
    pub key: MemberKey,
    /// The member as it was seen.
    pub seen: Option<Member>,
    /// The member as it shall be.
    pub member: Option<Member>,
    /// Another member of the org, as it was seen: it must still be just that, too.
    pub witness: Option<Member>,
}

/// What replacing something that was seen did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replaced {
    /// It has been replaced.
    Done,
    /// It is gone, or isn't what was seen any more. Nothing was written.
    Outdated,
    /// What it belongs to isn't there. Nothing was written.
    Dangling,
    /// Another has its alias. Nothing was written.
    Taken,
}

/// What a deletion from the directory did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delete {
    /// It has been deleted.
    Done,
    /// There was nothing to delete.
    Unknown,
    /// Something still belongs to it. Nothing was deleted.
    InUse,
}
