//! What is kept: the port with its contract, and the adapters.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::domain::{
    Alias, AliasKey, Aliased, Batch, BatchKey, Client, ClientId, Commit, Family, FamilyKey, Fault, KeyRing, Mark, MarkKey, Marks,
    Member, MemberKey, Org, OrgId, Scope, SessionId, Subject, Ticket, TicketKey, Timestamp, TokenId, TokenKey, TokenRecord,
    scope,
};

pub mod codec;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "a suite tells of a failure by a panic")]
pub mod conformance;
#[cfg(feature = "aws")]
pub mod dynamodb;
#[cfg(feature = "sqlite")]
pub mod sqlite;

/// All facets of the store: what an adapter implements and what the conformance suite tests.
///
/// # Contract
/// 1. A write that has returned is seen by every read that starts later, from anywhere ([`ReadTokens::list`] may lag; nothing that decides uses it alone).
/// 2. A write that returned an error that can be retried may or may not have happened. Every write is safe to repeat.
/// 3. Expired records may still be there or may be gone: nobody may rely on either. The store itself never judges expiry, but
///    where a method has `now` as an argument.
/// 4. Absence is `None`, never an error. A broken record is a fault, never absence.
/// 5. Of N parallel writes that exclude each other exactly one wins.
pub trait Store:
    ReadTokens
    + WriteTokens
    + AmendTokens
    + RevokeTokens
    + RefreshTokens
    + KeepTickets
    + UseOnce
    + KeepBatches
    + ReadDirectory
    + WriteDirectory
    + WriteKeys
{
}

impl<T> Store for T where
    T: ReadTokens
        + WriteTokens
        + AmendTokens
        + RevokeTokens
        + RefreshTokens
        + KeepTickets
        + UseOnce
        + KeepBatches
        + ReadDirectory
        + WriteDirectory
        + WriteKeys
{
}

/// Reads what decides about tokens, and lists them.
#[async_trait]
pub trait ReadTokens: std::fmt::Debug + Send + Sync {
    /// One consistent read of all that one decision needs. At most [`Wanted::MOST_KEYS`], of which some may be the same; what
    /// isn't there is left out.
    ///
    /// Marks are read from the shard of `wanted.shard_of`: every shard has a copy.
    async fn read(&self, wanted: &Wanted) -> Result<Found, Fault>;

    /// One page of an org's tokens, newest id first, beginning after `query.after`. Live, revoked and expired ones.
    ///
    /// A page may be shorter than `query.limit`, even empty, and still have a `next`.
    async fn list(&self, query: &TokenQuery) -> Result<TokenPage, Fault>;
}

/// Records new tokens.
#[async_trait]
pub trait WriteTokens: std::fmt::Debug + Send + Sync {
    /// Records a new token with all that belongs to it: everything or nothing.
    ///
    /// Recording the very same again is a success, and leaves what happened to it since; an id that is taken by something
    /// else is a fault.
    async fn record(&self, new: &Recording) -> Result<Recorded, Fault>;
}

/// Changes what is recorded.
#[async_trait]
pub trait AmendTokens: std::fmt::Debug + Send + Sync {
    /// Changes a token, its family, or both, and adds an alias: everything or nothing.
    ///
    /// Of N parallel amendments of one revision exactly one is [`Amended::Done`], and so is a repetition of the very same one.
    async fn amend(&self, amendment: &Amendment) -> Result<Amended, Fault>;
}

/// Revokes.
#[async_trait]
pub trait RevokeTokens: std::fmt::Debug + Send + Sync {
    /// Revokes one token and, if given, its family: both or neither. Idempotent: the first moment stays, of each.
    ///
    /// What is returned is about the token. If there is no such token nothing is revoked; a family that isn't there is no obstacle.
    async fn revoke(&self, token: &TokenKey, family: Option<&FamilyKey>, at: Timestamp) -> Result<Revocation, Fault>;

    /// Revokes one family and so its access tokens. Idempotent: the first moment stays.
    async fn revoke_family(&self, family: &FamilyKey, at: Timestamp) -> Result<Revocation, Fault>;

    /// Writes a not-before mark to all shards at once. A mark never moves back.
    async fn mark(&self, mark: &Mark) -> Result<(), Fault>;
}

/// Moves a refresh family on.
#[async_trait]
pub trait RefreshTokens: std::fmt::Debug + Send + Sync {
    /// Replaces generation `step.from` by the next, or stays there with another access token if `step.next` is `None`: if the
    /// family is still at `step.from`, not revoked, and `step.now < expires_at`. The access token that it had before is then
    /// [needed](TokenRecord::needed_until) no longer than until its own end.
    ///
    /// One conditional write: of N parallel rotations of one generation exactly one is [`Rotation::Won`], and so is a
    /// repetition of the very same step, as long as the family is where [it left it](RotationStep::made). Of those that stay
    /// each is, one after the other.
    async fn rotate(&self, step: &RotationStep) -> Result<Rotation, Fault>;
}

/// Keeps tickets.
#[async_trait]
pub trait KeepTickets: std::fmt::Debug + Send + Sync {
    /// Keeps a new ticket. Keeping the very same again is a success.
    async fn put_ticket(&self, ticket: &Ticket) -> Result<(), Fault>;

    /// Spends a ticket in the name of `by`, an id drawn for this: whether it was good until now. A repetition in the same
    /// name is a success.
    async fn spend_ticket(&self, spending: &Spending) -> Result<bool, Fault>;
}

/// Decides what may happen only once: the use of a proof or an assertion.
#[async_trait]
pub trait UseOnce: std::fmt::Debug + Send + Sync {
    /// Notes a use: whether it is the first one. Of N parallel uses exactly one is.
    async fn use_once(&self, used: &Used) -> Result<bool, Fault>;
}

/// Keeps batches.
#[async_trait]
pub trait KeepBatches: std::fmt::Debug + Send + Sync {
    /// Keeps a new batch. Keeping the very same again is a success, and leaves how far it is.
    async fn put_batch(&self, batch: &Batch) -> Result<(), Fault>;

    /// The batch of this key.
    async fn batch(&self, key: &BatchKey) -> Result<Option<Batch>, Fault>;

    /// Notes that a part is done, or why it can't be: the first failure of a batch stays. Idempotent.
    async fn end_part(&self, key: &BatchKey, part: u32, failure: Option<&str>, at: Timestamp) -> Result<(), Fault>;
}

/// Reads orgs, members and clients. Consistent.
#[async_trait]
pub trait ReadDirectory: std::fmt::Debug + Send + Sync {
    /// The org of this id.
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, Fault>;

    /// The orgs directly below, by id, after `after`, at most `limit`.
    async fn sub_orgs(&self, parent: &OrgId, after: Option<&OrgId>, limit: usize) -> Result<Vec<OrgId>, Fault>;

    /// The member of this key.
    async fn member(&self, key: &MemberKey) -> Result<Option<Member>, Fault>;

    /// The members of an org, by subject (in byte order), after `after`, at most `limit`.
    async fn members(&self, org: &OrgId, after: Option<&Subject>, limit: usize) -> Result<Vec<Member>, Fault>;

    /// The client of this id.
    async fn client(&self, org: &OrgId, id: ClientId) -> Result<Option<Client>, Fault>;

    /// The clients of an org, in an order that doesn't change, after `after`, at most `limit`.
    async fn clients(&self, org: &OrgId, after: Option<ClientId>, limit: usize) -> Result<Vec<Client>, Fault>;
}

/// Changes orgs, members and clients. Last write wins; `created_at` stays that of the first write.
#[async_trait]
pub trait WriteDirectory: std::fmt::Debug + Send + Sync {
    /// Creates or replaces an org. Its ancestors must not change and must exist: a new org under a missing parent is
    /// [`Put::Dangling`], one whose further ancestors aren't its parent's is [`Put::Taken`].
    async fn put_org(&self, org: &Org) -> Result<Put, Fault>;

    /// Deletes an org that has neither sub-orgs nor members nor clients.
    async fn delete_org(&self, id: &OrgId) -> Result<Delete, Fault>;

    /// Creates or replaces a member. [`Put::Dangling`] if there is no such org.
    async fn put_member(&self, member: &Member) -> Result<Put, Fault>;

    /// Deletes a member.
    async fn delete_member(&self, key: &MemberKey) -> Result<Delete, Fault>;

    /// Creates or replaces a client. [`Put::Dangling`] if there is no such org, [`Put::Taken`] if another client has its alias.
    async fn put_client(&self, client: &Client) -> Result<Put, Fault>;

    /// Deletes a client.
    async fn delete_client(&self, org: &OrgId, id: ClientId) -> Result<Delete, Fault>;
}

/// Reads what a store tells of its commits.
pub trait ReadChanges: std::fmt::Debug + Send + Sync {
    /// The change that this record tells of, in the store's own words. `None`: it tells of nothing new.
    fn change(&self, record: &str) -> Result<Option<Commit>, Fault>;
}

/// Reads the signing keys.
#[async_trait]
pub trait ReadKeys: std::fmt::Debug + Send + Sync {
    /// The key ring of this deployment, if one has been made. Consistent.
    async fn key_ring(&self) -> Result<Option<KeyRing>, Fault>;
}

/// Changes the signing keys.
#[async_trait]
pub trait WriteKeys: ReadKeys {
    /// Writes a ring in the place of the one whose version is one lower; version 1 where there is none yet.
    ///
    /// `false`: another was faster, and nothing was written. Writing the very same again is a success.
    async fn put_key_ring(&self, ring: &KeyRing) -> Result<bool, Fault>;
}

/// Keys of what one decision needs.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Access tokens.
    pub tokens: Vec<TokenKey>,
    /// Refresh families.
    pub families: Vec<FamilyKey>,
    /// Whose a token's value is.
    pub aliases: Vec<AliasKey>,
    /// Tickets.
    pub tickets: Vec<TicketKey>,
    /// Not-before marks.
    pub marks: Vec<MarkKey>,
    /// From whose shard the marks are read: the id of the token or family that they may kill, so that one partition answers.
    /// `None`: from any.
    pub shard_of: Option<TokenId>,
    /// Orgs.
    pub orgs: Vec<OrgId>,
    /// Members.
    pub members: Vec<MemberKey>,
    /// Clients.
    pub clients: Vec<ClientKey>,
    /// Which clients have these aliases.
    pub client_aliases: Vec<(OrgId, String)>,
}

/// Where a client is.
pub type ClientKey = (OrgId, ClientId);

impl Wanted {
    /// How many keys one read takes: what one `BatchGetItem` takes.
    pub const MOST_KEYS: usize = 100;

    /// Both together. Marks are read from the shard that this one names, if it names one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let Self { tokens, families, aliases, tickets, marks, shard_of, orgs, members, clients, client_aliases } = other;
        self.tokens.extend(tokens);
        self.families.extend(families);
        self.aliases.extend(aliases);
        self.tickets.extend(tickets);
        self.marks.extend(marks);
        self.shard_of = self.shard_of.or(shard_of);
        self.orgs.extend(orgs);
        self.members.extend(members);
        self.clients.extend(clients);
        self.client_aliases.extend(client_aliases);
        self
    }
}

/// What was found of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Access tokens, by key.
    pub tokens: HashMap<TokenKey, TokenRecord>,
    /// Refresh families, by key.
    pub families: HashMap<FamilyKey, Family>,
    /// Whose a token's value is, by key.
    pub aliases: HashMap<AliasKey, Aliased>,
    /// Tickets, by key.
    pub tickets: HashMap<TicketKey, Ticket>,
    /// Not-before marks.
    pub marks: Marks,
    /// Orgs, by id.
    pub orgs: HashMap<OrgId, Org>,
    /// Members, by key.
    pub members: HashMap<MemberKey, Member>,
    /// Clients, by key.
    pub clients: HashMap<ClientKey, Client>,
    /// Which client has an alias.
    pub client_aliases: HashMap<(OrgId, String), ClientId>,
}

/// A new token with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The token.
    pub token: TokenRecord,
    /// The family that begins with it.
    pub family: Option<Family>,
    /// Where the two are found whose values don't tell.
    pub aliases: Vec<Alias>,
    /// The ticket that it is issued on, in whose name it is spent: the token's id.
    pub ticket: Option<Spending>,
}

impl Recording {
    /// A token and the family that begins with it, with values of the service's own making.
    pub fn of(token: TokenRecord, family: Option<Family>) -> Self {
        Self { token, family, aliases: Vec::new(), ticket: None }
    }

    /// That of its values which is another one of its own, too: two can't have the same.
    fn repeated_value(&self) -> Option<Valued> {
        let is_repeated = |(n, alias): &(usize, &Alias)| {
            self.aliases[..*n].iter().any(|other| other.key == alias.key && other.target != alias.target)
        };
        self.aliases.iter().enumerate().find(is_repeated).map(|(_, alias)| alias.target.into())
    }
}

/// What recording did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recorded {
    /// It is recorded.
    Done,
    /// Another token has a value that was chosen for it. Nothing was written.
    ValueTaken(Valued),
    /// The ticket isn't good. Nothing was written.
    TicketSpent,
}

/// Which of the two values of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Valued {
    /// That of the access token.
    Access,
    /// That of the refresh token.
    Refresh,
}

impl From<Aliased> for Valued {
    fn from(target: Aliased) -> Self {
        match target {
            Aliased::Token(_) => Self::Access,
            Aliased::Family(_) => Self::Refresh,
        }
    }
}

/// A change of what is recorded.
#[derive(Clone, Debug)]
pub struct Amendment {
    /// The token as it shall be: it must be there, not revoked, and its revision one lower.
    pub token: Option<TokenRecord>,
    /// The family as it shall be, with the same conditions. What refreshing changes stays as it is, but for the end;
    /// [`Family::needed_until`] never moves back.
    pub family: Option<FamilyAmendment>,
    /// Where the token is found by its new value; written over what says the same.
    pub alias: Option<Alias>,
}

/// A change of a family.
#[derive(Clone, Debug)]
pub struct FamilyAmendment {
    /// As it shall be.
    pub family: Family,
    /// Whether [`Family::expires_at`] changes, too. Otherwise refreshing may just have moved it.
    pub moves_end: bool,
}

/// What an amendment did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Amended {
    /// It is as it shall be.
    Done,
    /// Something is gone, revoked, or has changed since it was read. Nothing was written.
    Outdated,
    /// Another token has the new value. Nothing was written.
    ValueTaken,
}

/// The spending of a ticket.
#[derive(Clone, Debug)]
pub struct Spending {
    /// The ticket.
    pub key: TicketKey,
    /// In whose name.
    pub by: TokenId,
    /// When.
    pub now: Timestamp,
}

/// The use of something that can be used only once.
#[derive(Clone, Debug)]
pub struct Used {
    /// Whose.
    pub org: OrgId,
    /// What it was used for: `dpop`, `assertion`.
    pub purpose: &'static str,
    /// SHA-256 of what identifies it for this purpose.
    pub hash: [u8; 32],
    /// When.
    pub now: Timestamp,
    /// So long it must be remembered: the same can be presented no later. A use that was noted and has ended before `now` doesn't count.
    pub until: Timestamp,
}

/// Which tokens to list: those for which everything given holds.
#[derive(Clone, Debug)]
pub struct TokenQuery {
    /// Tokens of this org.
    pub org: OrgId,
    /// Of this subject.
    pub subject: Option<Subject>,
    /// Of this client.
    pub client: Option<ClientId>,
    /// With this id.
    pub id: Option<TokenId>,
    /// In a session of this id, wherever that was begun.
    pub session: Option<SessionId>,
    /// `from <= iat`, by the second.
    pub issued_from: Option<Timestamp>,
    /// `iat < to`, by the second.
    pub issued_to: Option<Timestamp>,
    /// `from <= exp`. A token that doesn't expire is later than any moment.
    pub expires_from: Option<Timestamp>,
    /// `exp < to`.
    pub expires_to: Option<Timestamp>,
    /// Each is a pattern that at least one scope of the token must match.
    pub scopes: Vec<ScopeLike>,
    /// Only ids below this one: where the page before ended.
    pub after: Option<TokenId>,
    /// How many at most, 1 to 1,000.
    pub limit: usize,
}

impl TokenQuery {
    /// All tokens of an org, 100 a page.
    pub fn of(org: OrgId) -> Self {
        Self {
            org,
            subject: None,
            client: None,
            id: None,
            session: None,
            issued_from: None,
            issued_to: None,
            expires_from: None,
            expires_to: None,
            scopes: Vec::new(),
            after: None,
            limit: 100,
        }
    }

    /// Whether `token` is asked for: the meaning of every member, which an adapter may hand on to its database.
    pub fn matches(&self, token: &TokenRecord) -> bool {
        let exp = token.expires_at.unwrap_or(Timestamp::END_OF_TIME);
        let iat = token.issued_at.whole_second();
        token.org == self.org
            && self.subject.as_ref().is_none_or(|subject| *subject == token.subject)
            && self.client.is_none_or(|client| token.client == Some(client))
            && self.id.is_none_or(|id| id == token.id)
            && self.session.as_ref().is_none_or(|id| token.session.as_ref().is_some_and(|session| session.id == *id))
            && self.issued_from.is_none_or(|from| from <= iat)
            && self.issued_to.is_none_or(|to| iat < to)
            && self.expires_from.is_none_or(|from| from <= exp)
            && self.expires_to.is_none_or(|to| exp < to)
            && self.after.is_none_or(|after| token.id < after)
            && self.scopes.iter().all(|like| token.scopes.iter().any(|scope| like.matches(scope)))
    }
}

/// A pattern as SQL's `ILIKE` has it: `%` stands for any characters, case doesn't count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScopeLike(String);

impl ScopeLike {
    /// From the text of a filter.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_ascii_lowercase())
    }

    /// Whether the scope, mark included, matches.
    pub fn matches(&self, scope: &Scope) -> bool {
        scope::matches(&self.0, '%', &scope.as_str().to_ascii_lowercase())
    }
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct TokenPage {
    /// Newest id first.
    pub tokens: Vec<TokenRecord>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<TokenId>,
}

/// What revoking did.
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
pub struct RotationStep {
    /// Which family.
    pub key: FamilyKey,
    /// The generation that is presented.
    pub from: u64,
    /// SHA-256 of the next generation's secret. `None`: the generation stays.
    pub next: Option<[u8; 32]>,
    /// The access token that comes with it.
    pub token: TokenId,
    /// When.
    pub now: Timestamp,
    /// Its new [`Family::expires_at`] and [`Family::needed_until`], if the use moves them. The latter never moves back: what
    /// is later stays.
    pub ends: Option<(Timestamp, Option<Timestamp>)>,
}

impl RotationStep {
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
}

impl RotationStep {
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
pub enum Rotation {
    /// The family has taken the step.
    Won,
    /// It wasn't at the presented generation, or it is over: here is what it was.
    Lost(Box<Family>),
    /// There is no such family.
    Unknown,
}

/// What a write to the directory did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Put {
    /// It is new.
    Created,
    /// It was there before.
    Replaced,
    /// What it belongs to isn't there. Nothing was written.
    Dangling,
    /// Contradicts what is there: another parent, an alias in use. Nothing was written.
    Taken,
}

/// What a deletion from the directory did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delete {
    /// It is gone.
    Done,
    /// It wasn't there.
    Unknown,
    /// Something still belongs to it. Nothing was deleted.
    InUse,
}
