//! A store that counts its calls, and can be told to fail one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use shared::domain::{
    ApiKey, ApiKeyLocator, ApiKeyRevocation, AssertionSettings, Authorization, Batch, BatchKey, Client, ClientDocument, ClientId,
    Commit, CredentialUses, EventStream, EventStreamKey, FamilyKey, Fault, FrozenClock, KeyRing, Logout, Member, MemberKey,
    NotBefore, Org, OrgId, PendingSignal, PersonGrantKey, RevocationStamp, StatusList, StatusListId, StatusOrg, Subject, Ticket,
    Timestamp, TokenId, TokenKey, UserCodeAssignment,
};
use shared::store::{
    AdvanceOutcome, ApiKeyInsert, ApiKeyLimit, ApiKeyPage, ApiKeyQuery, ClientKey, CountEvents, CountedEvent, Delete,
    EventStreamInsert, FamilyAdvance, InsertOutcome, KeepApiKeys, KeepAuthorizations, KeepBatches, KeepClientDocuments,
    KeepEventStreams, KeepLogouts, KeepPersonGrants, KeepSignals, KeepStatusLists, KeepTickets, LogoutCompletion, MemberSwap,
    NewToken, NoteCredentialUses, PersonGrantPage, Put, ReadChanges, ReadDirectory, ReadKeys, ReadTokens, RecordKeys, Records,
    RefreshTokens, Replaced, ReplayKey, ReplayStore, Revocation, RevokeTokens, SignalPage, StatusLease, Store, TicketConsumption,
    TokenPage, TokenQuery, TokenUpdate, UpdateOutcome, UpdateTokens, WriteDirectory, WriteKeys, WriteTokens,
};

/// Counts the calls of a store by name, and fails the one it is told to: before it happens, or after it has happened and its
/// answer is lost.
#[derive(Debug)]
pub(crate) struct Watched {
    store: Arc<dyn Store>,
    calls: Mutex<Vec<&'static str>>,
    /// How many more calls succeed; the one after them fails.
    fails_in: AtomicUsize,
    after: std::sync::atomic::AtomicBool,
    /// The next call of this name happens, and its answer is lost.
    loses: Mutex<Option<&'static str>>,
    /// Whether the next call panics.
    panics: std::sync::atomic::AtomicBool,
    /// The clock that each listing moves on, and by how many milliseconds.
    slow: Mutex<Option<(Arc<FrozenClock>, i64)>>,
    /// The longest page of a listing: a store may always give less than it is asked for.
    longest_page: AtomicUsize,
}

/// No call fails.
const NEVER: usize = usize::MAX;

impl Watched {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            calls: Mutex::default(),
            fails_in: NEVER.into(),
            after: false.into(),
            loses: Mutex::default(),
            panics: false.into(),
            slow: Mutex::default(),
            longest_page: usize::MAX.into(),
        }
    }

    /// Makes the call fail that comes after `count` more. With `after` it happens, and its answer is lost.
    pub(crate) fn fail_in(&self, count: usize, after: bool) {
        self.after.store(after, Ordering::SeqCst);
        self.fails_in.store(count, Ordering::SeqCst);
    }

    /// Lets the next call of this name happen, and loses its answer.
    pub(crate) fn lose(&self, name: &'static str) {
        *self.loses.lock().unwrap() = Some(name);
    }

    /// Makes the next call panic.
    pub(crate) fn panic_next(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    /// From now on each page of a listing takes so long by this clock.
    pub(crate) fn slow_down(&self, clock: Arc<FrozenClock>, milliseconds: i64) {
        *self.slow.lock().unwrap() = Some((clock, milliseconds));
    }

    /// From now on no page of a listing is longer.
    pub(crate) fn shorten_pages(&self, longest: usize) {
        self.longest_page.store(longest, Ordering::SeqCst);
    }

    /// No call fails any more. Says whether one has.
    pub(crate) fn recover(&self) -> bool {
        self.fails_in.swap(NEVER, Ordering::SeqCst) == NEVER
    }

    /// The calls since the last time that this was asked.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    async fn call<T>(&self, name: &'static str, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        self.calls.lock().unwrap().push(name);
        assert!(!self.panics.swap(false, Ordering::SeqCst), "s3cret");
        let forbidden =
            || Fault::unavailable("doing what the test forbids").because("arn:aws:dynamodb:us-east-1:123456789012:table/s3cret");
        let is_lost = self.loses.lock().unwrap().take_if(|lost| *lost == name).is_some();
        if is_lost {
            call.await?;
            return Err(forbidden());
        }
        let left = self.fails_in.load(Ordering::SeqCst);
        if left == 0 {
            self.fails_in.store(NEVER, Ordering::SeqCst);
            if self.after.load(Ordering::SeqCst) {
                call.await?;
            }
            return Err(forbidden());
        }
        if left != NEVER {
            self.fails_in.store(left - 1, Ordering::SeqCst);
        }
        call.await
    }
}

#[async_trait]
impl ReadTokens for Watched {
    async fn read(&self, wanted: &RecordKeys) -> Result<Records, Fault> {
        self.call("read", self.store.read(wanted)).await
    }

    async fn list(&self, org: &OrgId, query: &TokenQuery) -> Result<TokenPage, Fault> {
        let longest = self.longest_page.load(Ordering::SeqCst);
        let query = TokenQuery { limit: query.limit.min(longest), ..query.clone() };
        if let Some((clock, milliseconds)) = &*self.slow.lock().unwrap() {
            clock.advance_ms(*milliseconds);
        }
        self.call("list", self.store.list(org, &query)).await
    }
}

#[async_trait]
impl WriteTokens for Watched {
    async fn record(&self, new: &NewToken) -> Result<InsertOutcome, Fault> {
        self.call("record", self.store.record(new)).await
    }
}

#[async_trait]
impl UpdateTokens for Watched {
    async fn update_token(&self, amendment: &TokenUpdate) -> Result<UpdateOutcome, Fault> {
        self.call("amend", self.store.update_token(amendment)).await
    }
}

#[async_trait]
impl RevokeTokens for Watched {
    async fn revoke(&self, token: &TokenKey, family: Option<&FamilyKey>, stamp: RevocationStamp) -> Result<Revocation, Fault> {
        self.call("revoke", self.store.revoke(token, family, stamp)).await
    }

    async fn revoke_family(&self, family: &FamilyKey, stamp: RevocationStamp) -> Result<Revocation, Fault> {
        self.call("revoke_family", self.store.revoke_family(family, stamp)).await
    }

    async fn set_not_before(&self, mark: &NotBefore) -> Result<(), Fault> {
        self.call("mark", self.store.set_not_before(mark)).await
    }
}

#[async_trait]
impl RefreshTokens for Watched {
    async fn advance_family(&self, step: &FamilyAdvance) -> Result<AdvanceOutcome, Fault> {
        self.call("rotate", self.store.advance_family(step)).await
    }
}

#[async_trait]
impl KeepTickets for Watched {
    async fn put_ticket(&self, ticket: &Ticket) -> Result<(), Fault> {
        self.call("put_ticket", self.store.put_ticket(ticket)).await
    }

    async fn spend_ticket(&self, spending: &TicketConsumption) -> Result<bool, Fault> {
        self.call("spend_ticket", self.store.spend_ticket(spending)).await
    }
}

#[async_trait]
impl KeepAuthorizations for Watched {
    async fn put_authorization(&self, authorization: &Authorization) -> Result<(), Fault> {
        self.call("put_authorization", self.store.put_authorization(authorization)).await
    }

    async fn update_authorization(&self, authorization: &Authorization) -> Result<bool, Fault> {
        self.call("update_authorization", self.store.update_authorization(authorization)).await
    }

    async fn assign_user_code(&self, assignment: &UserCodeAssignment, now: Timestamp) -> Result<bool, Fault> {
        self.call("assign_user_code", self.store.assign_user_code(assignment, now)).await
    }
}

#[async_trait]
impl KeepClientDocuments for Watched {
    async fn put_client_document(&self, document: &ClientDocument) -> Result<(), Fault> {
        self.call("put_client_document", self.store.put_client_document(document)).await
    }
}

#[async_trait]
impl CountEvents for Watched {
    async fn count(&self, event: &CountedEvent) -> Result<Option<u32>, Fault> {
        self.call("count", self.store.count(event)).await
    }

    async fn count_many(&self, event: &CountedEvent, wanted: u32) -> Result<u32, Fault> {
        self.call("count_many", self.store.count_many(event, wanted)).await
    }
}

#[async_trait]
impl KeepLogouts for Watched {
    async fn put_logout(&self, logout: &Logout) -> Result<(), Fault> {
        self.call("put_logout", self.store.put_logout(logout)).await
    }

    async fn complete_logout(&self, completion: &LogoutCompletion) -> Result<bool, Fault> {
        self.call("complete_logout", self.store.complete_logout(completion)).await
    }
}

#[async_trait]
impl KeepPersonGrants for Watched {
    async fn person_grants(
        &self,
        org: &OrgId,
        subject: &Subject,
        after: Option<ClientId>,
        limit: usize,
    ) -> Result<PersonGrantPage, Fault> {
        self.call("person_grants", self.store.person_grants(org, subject, after, limit)).await
    }

    async fn end_person_grant(&self, key: &PersonGrantKey, at: Timestamp) -> Result<bool, Fault> {
        self.call("end_person_grant", self.store.end_person_grant(key, at)).await
    }

    async fn note_person_grant_use(&self, key: &PersonGrantKey, at: Timestamp) -> Result<(), Fault> {
        self.call("note_person_grant_use", self.store.note_person_grant_use(key, at)).await
    }
}

#[async_trait]
impl KeepApiKeys for Watched {
    async fn create_api_key(&self, key: &ApiKey, limit: ApiKeyLimit) -> Result<ApiKeyInsert, Fault> {
        self.call("create_api_key", self.store.create_api_key(key, limit)).await
    }

    async fn update_api_key(&self, seen: &ApiKey, key: &ApiKey) -> Result<bool, Fault> {
        self.call("update_api_key", self.store.update_api_key(seen, key)).await
    }

    async fn revoke_api_key(&self, key: &ApiKeyLocator, revocation: &ApiKeyRevocation) -> Result<Revocation, Fault> {
        self.call("revoke_api_key", self.store.revoke_api_key(key, revocation)).await
    }

    async fn note_api_key_use(&self, key: &ApiKeyLocator, hour: Timestamp) -> Result<(), Fault> {
        self.call("note_api_key_use", self.store.note_api_key_use(key, hour)).await
    }

    async fn api_keys(&self, org: &OrgId, query: &ApiKeyQuery) -> Result<ApiKeyPage, Fault> {
        self.call("api_keys", self.store.api_keys(org, query)).await
    }
}

#[async_trait]
impl ReplayStore for Watched {
    async fn use_once(&self, used: &ReplayKey) -> Result<bool, Fault> {
        self.call("use_once", self.store.use_once(used)).await
    }
}

#[async_trait]
impl NoteCredentialUses for Watched {
    async fn note_credential_uses(&self, client: &ClientKey, seen: &CredentialUses, uses: &CredentialUses) -> Result<(), Fault> {
        self.call("note_credential_uses", self.store.note_credential_uses(client, seen, uses)).await
    }
}

impl ReadChanges for Watched {
    fn change(&self, record: &str) -> Result<Option<Commit>, Fault> {
        self.store.change(record)
    }
}

#[async_trait]
impl KeepStatusLists for Watched {
    async fn lease_status_indices(&self, lease: &StatusLease) -> Result<StatusOrg, Fault> {
        self.call("lease_status_indices", self.store.lease_status_indices(lease)).await
    }

    async fn note_published_lists(&self, org: &OrgId, published: u64) -> Result<(), Fault> {
        self.call("note_published_lists", self.store.note_published_lists(org, published)).await
    }

    async fn status_orgs(&self, after: Option<&OrgId>, limit: usize) -> Result<Vec<StatusOrg>, Fault> {
        self.call("status_orgs", self.store.status_orgs(after, limit)).await
    }

    async fn status_list(&self, id: &StatusListId) -> Result<Option<StatusList>, Fault> {
        self.call("status_list", self.store.status_list(id)).await
    }

    async fn put_status_list(&self, list: &StatusList) -> Result<bool, Fault> {
        self.call("put_status_list", self.store.put_status_list(list)).await
    }
}

#[async_trait]
impl KeepEventStreams for Watched {
    async fn event_stream(&self, key: &EventStreamKey) -> Result<Option<EventStream>, Fault> {
        self.call("event_stream", self.store.event_stream(key)).await
    }

    async fn event_streams(&self, org: &OrgId, client: Option<ClientId>) -> Result<Vec<EventStream>, Fault> {
        self.call("event_streams", self.store.event_streams(org, client)).await
    }

    async fn create_event_stream(&self, stream: &EventStream, most: u32) -> Result<EventStreamInsert, Fault> {
        self.call("create_event_stream", self.store.create_event_stream(stream, most)).await
    }

    async fn replace_event_stream(&self, stream: &EventStream) -> Result<bool, Fault> {
        self.call("replace_event_stream", self.store.replace_event_stream(stream)).await
    }

    async fn delete_event_stream(&self, key: &EventStreamKey) -> Result<bool, Fault> {
        self.call("delete_event_stream", self.store.delete_event_stream(key)).await
    }
}

#[async_trait]
impl KeepSignals for Watched {
    async fn put_signal(&self, signal: &PendingSignal) -> Result<(), Fault> {
        self.call("put_signal", self.store.put_signal(signal)).await
    }

    async fn signals(&self, stream: &EventStreamKey, limit: usize) -> Result<SignalPage, Fault> {
        self.call("signals", self.store.signals(stream, limit)).await
    }

    async fn delete_signals(&self, stream: &EventStreamKey, ids: &[TokenId]) -> Result<(), Fault> {
        self.call("delete_signals", self.store.delete_signals(stream, ids)).await
    }
}

#[async_trait]
impl KeepBatches for Watched {
    async fn put_batch(&self, batch: &Batch) -> Result<(), Fault> {
        self.call("put_batch", self.store.put_batch(batch)).await
    }

    async fn batch(&self, key: &BatchKey) -> Result<Option<Batch>, Fault> {
        self.call("batch", self.store.batch(key)).await
    }

    async fn end_part(&self, key: &BatchKey, part: u32, failure: Option<&str>, at: Timestamp) -> Result<(), Fault> {
        self.call("end_part", self.store.end_part(key, part, failure, at)).await
    }
}

#[async_trait]
impl ReadDirectory for Watched {
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, Fault> {
        self.call("org", self.store.org(id)).await
    }

    async fn assertion_settings(&self, org: &OrgId) -> Result<AssertionSettings, Fault> {
        self.call("assertion_settings", self.store.assertion_settings(org)).await
    }

    async fn sub_orgs(&self, parent: &OrgId, after: Option<&OrgId>, limit: usize) -> Result<Vec<OrgId>, Fault> {
        self.call("sub_orgs", self.store.sub_orgs(parent, after, limit)).await
    }

    async fn member(&self, key: &MemberKey) -> Result<Option<Member>, Fault> {
        self.call("member", self.store.member(key)).await
    }

    async fn members(&self, org: &OrgId, after: Option<&Subject>, limit: usize) -> Result<Vec<Member>, Fault> {
        self.call("members", self.store.members(org, after, limit)).await
    }

    async fn client(&self, org: &OrgId, id: ClientId) -> Result<Option<Client>, Fault> {
        self.call("client", self.store.client(org, id)).await
    }

    async fn clients(&self, org: &OrgId, after: Option<ClientId>, limit: usize) -> Result<Vec<Client>, Fault> {
        self.call("clients", self.store.clients(org, after, limit)).await
    }
}

#[async_trait]
impl WriteDirectory for Watched {
    async fn put_org(&self, seen: Option<&Org>, org: &Org, assertions: Option<&AssertionSettings>) -> Result<Put, Fault> {
        self.call("put_org", self.store.put_org(seen, org, assertions)).await
    }

    async fn delete_org(&self, id: &OrgId) -> Result<Delete, Fault> {
        self.call("delete_org", self.store.delete_org(id)).await
    }

    async fn put_member(&self, member: &Member) -> Result<Put, Fault> {
        self.call("put_member", self.store.put_member(member)).await
    }

    async fn swap_member(&self, swap: &MemberSwap) -> Result<Replaced, Fault> {
        self.call("swap_member", self.store.swap_member(swap)).await
    }

    async fn delete_member(&self, key: &MemberKey) -> Result<Delete, Fault> {
        self.call("delete_member", self.store.delete_member(key)).await
    }

    async fn put_client(&self, client: &Client) -> Result<Put, Fault> {
        self.call("put_client", self.store.put_client(client)).await
    }

    async fn replace_client(&self, seen: &Client, client: &Client) -> Result<Replaced, Fault> {
        self.call("replace_client", self.store.replace_client(seen, client)).await
    }

    async fn delete_client(&self, org: &OrgId, id: ClientId) -> Result<Delete, Fault> {
        self.call("delete_client", self.store.delete_client(org, id)).await
    }
}

#[async_trait]
impl ReadKeys for Watched {
    async fn key_ring(&self) -> Result<Option<KeyRing>, Fault> {
        self.call("key_ring", self.store.key_ring()).await
    }
}

#[async_trait]
impl WriteKeys for Watched {
    async fn put_key_ring(&self, ring: &KeyRing) -> Result<bool, Fault> {
        self.call("put_key_ring", self.store.put_key_ring(ring)).await
    }
}
