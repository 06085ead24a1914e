//! What is kept: the port with its contract, and the adapters.
//!
//! [`Store`] is the whole port, each facet of it a trait, so that a capability can have those that it needs. [`sqlite`] and
//! [`dynamodb`] implement it, both with the bodies of [`codec`], and [`conformance`] tests what the contract says. Nothing here
//! decides: a condition of a write is stated by the caller, and whether a token is alive is for the domain to say.
//!
//! To add a store, implement the facets and run the suite. To add a record, begin with its facet here.

pub mod api_key_holders;
pub mod attempts;
pub mod client_orgs;
pub mod open_org;
pub mod quotas;
pub mod status_indices;

use async_trait::async_trait;

use crate::domain::{
    ApiKey, ApiKeyLocator, ApiKeyRevocation, AssertionSettings, Authorization, Batch, BatchKey, Client, ClientDocument, ClientId,
    Commit, CredentialUses, EventStream, EventStreamKey, FamilyKey, Fault, KeyRing, Logout, Member, MemberKey, NotBefore, Org,
    OrgId, PendingSignal, PersonGrantKey, RevocationStamp, StatusList, StatusListId, StatusOrg, Subject, Ticket, Timestamp,
    TokenId, TokenKey, UserCodeAssignment,
};

pub mod codec;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "a suite tells of a failure by a panic")]
pub mod conformance;
#[cfg(feature = "aws")]
pub mod dynamodb;
#[cfg(feature = "sqlite")]
pub mod sqlite;

mod org_walk;
mod reads;
mod writes;

pub(crate) use org_walk::OrgWalk;
pub(crate) use reads::each_once;
pub use reads::{
    ApiKeyHolder, ApiKeyPage, ApiKeyQuery, ClientKey, PersonGrantPage, RecordKeys, Records, ScopeLike, SignalPage, TokenPage,
    TokenQuery, UseKey, WorkloadKey,
};
pub use writes::{
    AdvanceOutcome, ApiKeyInsert, ApiKeyLimit, CountedEvent, Delete, EventStreamInsert, FamilyAdvance, FamilyUpdate,
    InsertOutcome, LogoutCompletion, MemberSwap, NewToken, Put, Replaced, ReplayKey, Revocation, StatusLease, TicketConsumption,
    TokenUpdate, UpdateOutcome, ValueKind,
};

/// All facets of the store: what an adapter implements and what the conformance suite tests.
///
/// # Contract
/// 1. A write that has returned is seen by every read that starts later, from anywhere ([`ReadTokens::list`] may lag; nothing
///    that decides uses it alone).
/// 2. A write that returned an error that can be retried may or may not have happened. Every write is safe to repeat.
/// 3. Expired records may still be there or may be gone: nobody may rely on either. The store itself never judges expiry, but
///    where a method has `now` as an argument.
/// 4. Absence is `None`, never an error. A broken record is a fault, never absence.
/// 5. Of N parallel writes that exclude each other exactly one wins.
///
/// # Errors
/// Every method returns a [`Fault`] if the store can't be reached or refuses to work, and if a record can't be read or written.
/// The fault [can be retried](Fault::can_retry) if the same call may succeed a little later. What a caller must know and can act
/// on is no fault but an outcome: [`InsertOutcome`], [`Put`], [`Delete`] and others.
///
/// # Examples
/// `shared/examples/store.rs` measures a store; this is its shortest use.
/// ```
/// use std::sync::Arc;
///
/// use shared::domain::{Clock, Fault};
/// use shared::platform::SystemClock;
/// use shared::store::conformance::samples;
/// use shared::store::sqlite::SqliteStore;
/// use shared::store::{InsertOutcome, NewToken, ReadTokens, RecordKeys, Revocation, RevokeTokens, WriteTokens};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Fault> {
/// let store = SqliteStore::in_memory(Arc::new(SystemClock))?;
/// let token = samples::token("1", 1);
/// assert_eq!(store.record(&NewToken::new(token.clone(), None)).await?, InsertOutcome::Done);
///
/// let wanted = RecordKeys { tokens: vec![token.key()], ..RecordKeys::default() };
/// assert_eq!(store.read(&wanted).await?.tokens[&token.key()], token);
///
/// assert_eq!(store.revoke(&token.key(), None, SystemClock.now().into()).await?, Revocation::Done);
/// assert!(store.read(&wanted).await?.tokens[&token.key()].revoked_at.is_some());
/// # Ok(())
/// # }
/// ```
pub trait Store:
    ReadTokens
    + WriteTokens
    + UpdateTokens
    + RevokeTokens
    + RefreshTokens
    + KeepTickets
    + KeepAuthorizations
    + KeepLogouts
    + KeepPersonGrants
    + KeepClientDocuments
    + KeepApiKeys
    + ReplayStore
    + CountEvents
    + KeepStatusLists
    + KeepEventStreams
    + KeepSignals
    + KeepBatches
    + ReadDirectory
    + WriteDirectory
    + NoteCredentialUses
    + WriteKeys
{
}

impl<T> Store for T where
    T: ReadTokens
        + WriteTokens
        + UpdateTokens
        + RevokeTokens
        + RefreshTokens
        + KeepTickets
        + KeepAuthorizations
        + KeepLogouts
        + KeepPersonGrants
        + KeepClientDocuments
        + KeepApiKeys
        + ReplayStore
        + CountEvents
        + KeepStatusLists
        + KeepEventStreams
        + KeepSignals
        + KeepBatches
        + ReadDirectory
        + WriteDirectory
        + NoteCredentialUses
        + WriteKeys
{
}

/// Reads what decides about tokens, and lists them.
#[async_trait]
pub trait ReadTokens: std::fmt::Debug + Send + Sync {
    /// Reads all that one decision needs, consistently. At most [`RecordKeys::MAX_KEYS`], of which some may be the same; what
    /// isn't there is left out.
    ///
    /// Marks are read from the shard of `wanted.shard_of`: every shard has a copy. Of those that aren't there, too, the answer says that
    /// they were looked up.
    async fn read(&self, wanted: &RecordKeys) -> Result<Records, Fault>;

    /// Reads one page of an org's tokens, newest id first, beginning after `query.after`: live, revoked and expired ones.
    ///
    /// A page may be shorter than `query.limit`, even empty, and still have a `next`.
    async fn list(&self, org: &OrgId, query: &TokenQuery) -> Result<TokenPage, Fault>;
}

/// Records new tokens with the families and aliases that begin with them.
#[async_trait]
pub trait WriteTokens: std::fmt::Debug + Send + Sync {
    /// Records a new token with all that belongs to it: everything or nothing.
    ///
    /// Recording the very same again is a success, and leaves what happened to it since.
    ///
    /// # Errors
    /// Also a [`Fault`] if the id is taken by something else.
    async fn record(&self, new: &NewToken) -> Result<InsertOutcome, Fault>;
}

/// Changes what is recorded of tokens.
#[async_trait]
pub trait UpdateTokens: std::fmt::Debug + Send + Sync {
    /// Changes a token, its family, or both, and adds an alias: everything or nothing.
    ///
    /// Of N parallel updates of one revision exactly one is [`UpdateOutcome::Done`], and so is a repetition of the very same one.
    async fn update_token(&self, amendment: &TokenUpdate) -> Result<UpdateOutcome, Fault>;
}

/// Revokes tokens, families and whole sets of them.
#[async_trait]
pub trait RevokeTokens: std::fmt::Debug + Send + Sync {
    /// Revokes one token and, if given, its family: both or neither. Idempotent: the first moment stays, of each, and
    /// so does who it was.
    ///
    /// What is returned is about the token. If there is no such token nothing is revoked; a family that isn't there is no
    /// obstacle.
    async fn revoke(&self, token: &TokenKey, family: Option<&FamilyKey>, stamp: RevocationStamp) -> Result<Revocation, Fault>;

    /// Revokes one family and so its access tokens. Idempotent: the first moment stays.
    async fn revoke_family(&self, family: &FamilyKey, stamp: RevocationStamp) -> Result<Revocation, Fault>;

    /// Writes a not-before mark to all shards at once. A mark never moves back.
    async fn set_not_before(&self, mark: &NotBefore) -> Result<(), Fault>;
}

/// Moves a refresh family on.
#[async_trait]
pub trait RefreshTokens: std::fmt::Debug + Send + Sync {
    /// Replaces generation `step.from` by the next, or stays there with another access token if `step.next` is `None`: if the
    /// family is still at `step.from`, not revoked, and `step.now < expires_at`. The access token that it had before is then
    /// [needed](crate::domain::TokenRecord::needed_until) no longer than until its own end.
    ///
    /// One conditional write: of N parallel rotations of one generation exactly one is [`AdvanceOutcome::Applied`], and so is a
    /// repetition of the very same step, as long as the family is where [it left it](FamilyAdvance::made). Of those that stay
    /// each is, one after the other.
    async fn advance_family(&self, step: &FamilyAdvance) -> Result<AdvanceOutcome, Fault>;
}

/// Keeps the tickets of token requests that wait for a decision.
#[async_trait]
pub trait KeepTickets: std::fmt::Debug + Send + Sync {
    /// Keeps a new ticket. Keeping the very same again is a success.
    async fn put_ticket(&self, ticket: &Ticket) -> Result<(), Fault>;

    /// Spends a ticket in the name of `by`, an id drawn for this. Returns whether it was good until now; a repetition in the same
    /// name returns the same.
    async fn spend_ticket(&self, spending: &TicketConsumption) -> Result<bool, Fault>;
}

/// Keeps the authorizations of people, from the client's request until its code is redeemed.
#[async_trait]
pub trait KeepAuthorizations: std::fmt::Debug + Send + Sync {
    /// Keeps a new authorization. Keeping the very same again is a success.
    ///
    /// # Errors
    /// Also a [`Fault`] if the id is taken by something else.
    async fn put_authorization(&self, authorization: &Authorization) -> Result<(), Fault>;

    /// Replaces an authorization by its next step, if it is there and its revision is one lower. Returns whether it now is what it
    /// shall be: of N parallel steps from one revision exactly one is, and so is a repetition of the very same one.
    async fn update_authorization(&self, authorization: &Authorization) -> Result<bool, Fault>;

    /// Assigns a user code, unless it stands for something else at the moment `now`. Returns whether it now is what it shall be: of N
    /// parallel assignments of one code exactly one is, and so is a repetition of the very same one.
    async fn assign_user_code(&self, assignment: &UserCodeAssignment, now: Timestamp) -> Result<bool, Fault>;
}

/// Keeps the logouts that wait for a login application.
#[async_trait]
pub trait KeepLogouts: std::fmt::Debug + Send + Sync {
    /// Keeps a new logout. Keeping the very same again is a success.
    ///
    /// # Errors
    /// Also a [`Fault`] if the id is taken by something else.
    async fn put_logout(&self, logout: &Logout) -> Result<(), Fault>;

    /// Completes a logout in the name of `by`, if it is there, isn't completed, and isn't over at the moment `now`. Returns whether it was
    /// so until now: of N parallel completions exactly one is, and a repetition in the same name returns the same.
    async fn complete_logout(&self, completion: &LogoutCompletion) -> Result<bool, Fault>;
}

/// Keeps what people have granted to clients. [`WriteTokens::record`] begins a grant and adds to it.
#[async_trait]
pub trait KeepPersonGrants: std::fmt::Debug + Send + Sync {
    /// Reads a page of what a person has granted in an org, by the number of the client, after `after`, at most `limit`. Grants that
    /// were ended aren't among them: so a page may be shorter than `limit`, even empty, and still have a `next`.
    async fn person_grants(
        &self,
        org: &OrgId,
        subject: &Subject,
        after: Option<ClientId>,
        limit: usize,
    ) -> Result<PersonGrantPage, Fault>;

    /// Ends a grant. Returns whether it was good until now; a repetition at the same moment returns the same.
    async fn end_person_grant(&self, key: &PersonGrantKey, at: Timestamp) -> Result<bool, Fault>;

    /// Notes that a client has used a grant. One that isn't good, or was used later, is left as it is.
    async fn note_person_grant_use(&self, key: &PersonGrantKey, at: Timestamp) -> Result<(), Fault>;
}

/// Keeps the metadata documents of clients that nobody has registered, so that they need not be read from the web each time.
#[async_trait]
pub trait KeepClientDocuments: std::fmt::Debug + Send + Sync {
    /// Keeps a document in the place of the one before. The last write wins.
    async fn put_client_document(&self, document: &ClientDocument) -> Result<(), Fault>;
}

/// Keeps the API keys of members. [`ReadTokens::read`] finds them by their values, and where they are.
#[async_trait]
pub trait KeepApiKeys: std::fmt::Debug + Send + Sync {
    /// Records a new key, so that it is found by its value, unless its owner has as many live ones as it may have. Recording the very same
    /// again is a success.
    ///
    /// Of N parallel creations no more succeed than may be.
    ///
    /// # Errors
    /// Also a [`Fault`] if the id or the value is taken by something else.
    async fn create_api_key(&self, key: &ApiKey, limit: ApiKeyLimit) -> Result<ApiKeyInsert, Fault>;

    /// Replaces a key that is still what was `seen`, but for its uses, and isn't revoked: its revision is one higher. Returns whether it now
    /// is what it shall be: of N parallel updates of one revision exactly one is, and so is a repetition of the very same one. A new value
    /// is found from then on. The one before is found as long as any, and only the record tells whether it is good.
    async fn update_api_key(&self, seen: &ApiKey, key: &ApiKey) -> Result<bool, Fault>;

    /// Revokes a key. Idempotent: the first revocation stays.
    async fn revoke_api_key(&self, key: &ApiKeyLocator, revocation: &ApiKeyRevocation) -> Result<Revocation, Fault>;

    /// Notes the hour in which a key was used. One that isn't there, or was used later, is left as it is.
    async fn note_api_key_use(&self, key: &ApiKeyLocator, hour: Timestamp) -> Result<(), Fault>;

    /// Reads one page of an org's keys, newest id first, beginning after `query.after`: live, revoked and expired ones.
    ///
    /// A page may be shorter than `query.limit`, even empty, and still have a `next`.
    async fn api_keys(&self, org: &OrgId, query: &ApiKeyQuery) -> Result<ApiKeyPage, Fault>;
}

/// Decides what may happen only once: the use of a proof or an assertion.
#[async_trait]
pub trait ReplayStore: std::fmt::Debug + Send + Sync {
    /// Notes a use. Returns whether it is the first one; of N parallel uses exactly one is.
    async fn use_once(&self, used: &ReplayKey) -> Result<bool, Fault>;
}

/// Counts what may happen only so often.
#[async_trait]
pub trait CountEvents: std::fmt::Debug + Send + Sync {
    /// Counts an event, and returns the count with it. `None`: there were as many as may be, so it isn't counted. Of N parallel events
    /// exactly as many are counted as may be.
    ///
    /// A repetition after a lost answer may count twice, if another event was counted between them: that errs on the safe side.
    async fn count(&self, event: &CountedEvent) -> Result<Option<u32>, Fault>;

    /// Counts `wanted` events at once, or as many of them as may still be. Returns how many are counted: of N parallel calls together no more
    /// than may be, and none is left over when one returns fewer than it wants.
    ///
    /// A repetition after a lost answer may count twice, as with [`count`](Self::count).
    async fn count_many(&self, event: &CountedEvent, wanted: u32) -> Result<u32, Fault>;
}

/// Keeps the lists by which others learn of revocations, and hands out the places in them (draft-ietf-oauth-status-list).
/// [`ReadChanges`] reads what this very store tells of its commits, from which the lists are made.
#[async_trait]
pub trait KeepStatusLists: ReadChanges {
    /// Leases the next indices of an org, and returns what is known of it with them: they are the last ones of
    /// [`StatusOrg::leased`]. Of N parallel leases none has an index of another.
    ///
    /// A repetition after a lost answer leaves out some, which nobody uses then.
    async fn lease_status_indices(&self, lease: &StatusLease) -> Result<StatusOrg, Fault>;

    /// Notes that so many of the lists of an org are published. It never becomes fewer.
    async fn note_published_lists(&self, org: &OrgId, published: u64) -> Result<(), Fault>;

    /// Reads what is known of the orgs that have leased indices, by their ids (in byte order), after `after`, at most `limit`.
    async fn status_orgs(&self, after: Option<&OrgId>, limit: usize) -> Result<Vec<StatusOrg>, Fault>;

    /// Reads a list by its name, consistently.
    async fn status_list(&self, id: &StatusListId) -> Result<Option<StatusList>, Fault>;

    /// Writes a list in the place of the one whose version is one lower; version 1 where there is none yet.
    ///
    /// `false`: another was faster, and nothing was written. Writing the very same again is a success.
    async fn put_status_list(&self, list: &StatusList) -> Result<bool, Fault>;
}

/// Keeps the event streams of clients: what each wants to be told of its org. They go with their clients.
#[async_trait]
pub trait KeepEventStreams: std::fmt::Debug + Send + Sync {
    /// Reads the stream of this key, consistently.
    async fn event_stream(&self, key: &EventStreamKey) -> Result<Option<EventStream>, Fault>;

    /// Reads all streams of an org, or those of one client of it, by client and id. Consistent.
    async fn event_streams(&self, org: &OrgId, client: Option<ClientId>) -> Result<Vec<EventStream>, Fault>;

    /// Creates a stream, unless its client has `most` by now. Creating the very same again is a success.
    ///
    /// Of N parallel creations no more succeed than may be.
    ///
    /// # Errors
    /// Also a [`Fault`] if the id is taken by something else.
    async fn create_event_stream(&self, stream: &EventStream, most: u32) -> Result<EventStreamInsert, Fault>;

    /// Replaces a stream, if it is there and its revision is one lower. Returns whether it now is what it shall be: of N parallel changes
    /// of one revision exactly one is, and so is a repetition of the very same one.
    async fn replace_event_stream(&self, stream: &EventStream) -> Result<bool, Fault>;

    /// Deletes a stream. The signals that wait in it stay until they end. Returns whether it was there.
    async fn delete_event_stream(&self, key: &EventStreamKey) -> Result<bool, Fault>;
}

/// Keeps the signals that wait until receivers have them.
#[async_trait]
pub trait KeepSignals: std::fmt::Debug + Send + Sync {
    /// Keeps a signal until it is deleted or ends. Keeping one of the same id again is a success, and leaves what is there.
    ///
    /// One that was deleted waits again: receivers get each at least once.
    async fn put_signal(&self, signal: &PendingSignal) -> Result<(), Fault>;

    /// Reads the signals of a stream, by id and so oldest first, at most `limit`, and says whether there are more. Consistent.
    ///
    /// A page may be shorter than `limit` and still have more after it, but never empty then.
    async fn signals(&self, stream: &EventStreamKey, limit: usize) -> Result<SignalPage, Fault>;

    /// Deletes signals of a stream by their ids, any number of them. Ids that aren't there are no obstacle.
    async fn delete_signals(&self, stream: &EventStreamKey, ids: &[TokenId]) -> Result<(), Fault>;
}

/// Keeps how far the batches of tokens have come.
#[async_trait]
pub trait KeepBatches: std::fmt::Debug + Send + Sync {
    /// Keeps a new batch. Keeping the very same again is a success, and leaves how far it is.
    async fn put_batch(&self, batch: &Batch) -> Result<(), Fault>;

    /// Reads the batch of this key.
    async fn batch(&self, key: &BatchKey) -> Result<Option<Batch>, Fault>;

    /// Notes that a part is done, or why it can't be: the first failure of a batch stays. Idempotent.
    async fn end_part(&self, key: &BatchKey, part: u32, failure: Option<&str>, at: Timestamp) -> Result<(), Fault>;
}

/// Reads orgs, members and clients. Consistent.
#[async_trait]
pub trait ReadDirectory: std::fmt::Debug + Send + Sync {
    /// Reads the org of this id.
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, Fault>;

    /// Reads the settings of an org that only assertions need. An org that isn't there has the defaults.
    async fn assertion_settings(&self, org: &OrgId) -> Result<AssertionSettings, Fault>;

    /// Reads the ids of the orgs directly below, in order, after `after`, at most `limit`.
    async fn sub_orgs(&self, parent: &OrgId, after: Option<&OrgId>, limit: usize) -> Result<Vec<OrgId>, Fault>;

    /// Reads the member of this key.
    async fn member(&self, key: &MemberKey) -> Result<Option<Member>, Fault>;

    /// Reads the members of an org, by subject (in byte order), after `after`, at most `limit`.
    async fn members(&self, org: &OrgId, after: Option<&Subject>, limit: usize) -> Result<Vec<Member>, Fault>;

    /// Reads the client of this id.
    async fn client(&self, org: &OrgId, id: ClientId) -> Result<Option<Client>, Fault>;

    /// Reads the clients of an org, in an order that doesn't change, after `after`, at most `limit`.
    async fn clients(&self, org: &OrgId, after: Option<ClientId>, limit: usize) -> Result<Vec<Client>, Fault>;
}

/// Changes orgs, members and clients. The last write wins where nothing else is said; `created_at` stays that of the first write.
#[async_trait]
pub trait WriteDirectory: std::fmt::Debug + Send + Sync {
    /// Creates an org of which nothing was `seen`, or replaces one that is still what was `seen`: so nobody undoes what another has
    /// done meanwhile. Otherwise it is [`Put::Taken`]. Its settings for assertions are written with it, both or neither; `None`:
    /// they stay as they are. Its ancestors must not change and must exist: a new org under a missing parent is
    /// [`Put::Dangling`], one whose further ancestors aren't its parent's is [`Put::Taken`].
    async fn put_org(&self, seen: Option<&Org>, org: &Org, assertions: Option<&AssertionSettings>) -> Result<Put, Fault>;

    /// Deletes an org that has neither sub-orgs nor members nor clients, and its settings for assertions with it. Clients that end by
    /// themselves don't count.
    async fn delete_org(&self, id: &OrgId) -> Result<Delete, Fault>;

    /// Creates or replaces a member. [`Put::Dangling`] if there is no such org.
    async fn put_member(&self, member: &Member) -> Result<Put, Fault>;

    /// Adds, replaces or deletes a member that is still what was seen of it, by one conditional write: so nobody undoes what another
    /// has done meanwhile. Of two writes of which each has the other's member as its witness, one is [`Replaced::Outdated`]. A
    /// repetition of the very same write is [`Replaced::Done`]; a new member of an org that isn't there, [`Replaced::Dangling`].
    async fn swap_member(&self, swap: &MemberSwap) -> Result<Replaced, Fault>;

    /// Deletes a member, unless something still belongs to it.
    async fn delete_member(&self, key: &MemberKey) -> Result<Delete, Fault>;

    /// Creates or replaces a client. One that [ends by itself](crate::domain::ClientOrigin::expires_at) may be forgotten a day after its
    /// end, with its number. [`Put::Dangling`] if there is no such org, [`Put::Taken`] if another client has its alias,
    /// or one of another org its number.
    async fn put_client(&self, client: &Client) -> Result<Put, Fault>;

    /// Replaces a client that is still what was `seen`: so nobody undoes what another has done meanwhile, and none that was
    /// deleted comes back. A repetition of the very same write is [`Replaced::Done`].
    async fn replace_client(&self, seen: &Client, client: &Client) -> Result<Replaced, Fault>;

    /// Deletes a client, unless something still belongs to it.
    async fn delete_client(&self, org: &OrgId, id: ClientId) -> Result<Delete, Fault>;
}

/// Notes on which day the secrets of clients are used.
#[async_trait]
pub trait NoteCredentialUses: std::fmt::Debug + Send + Sync {
    /// Notes the uses of a client's secrets beside its record, in the place of those that were `seen` there. If others are there by
    /// now, or the client is gone, nothing is noted, which is no error: they are as good.
    ///
    /// It is no change of the client: whoever replaces what was seen of it finds it unchanged, and no commit is told of.
    async fn note_credential_uses(&self, client: &ClientKey, seen: &CredentialUses, uses: &CredentialUses) -> Result<(), Fault>;
}

/// Reads what a store tells of its commits.
pub trait ReadChanges: std::fmt::Debug + Send + Sync {
    /// Reads the change that a record, in the store's own words, tells of. `None`: it tells of nothing new.
    ///
    /// # Errors
    /// A [`Fault`] if the record can't be read.
    fn change(&self, record: &str) -> Result<Option<Commit>, Fault>;
}

/// Reads the signing keys.
#[async_trait]
pub trait ReadKeys: std::fmt::Debug + Send + Sync {
    /// Reads the key ring of this deployment, if one has been made, consistently.
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
