//! The embedded store: one SQLite file of one process, or none at all.
//!
//! | file | what it does |
//! |---|---|
//! | `schema` | opens and prepares the data file, and locks it against other processes |
//! | `writer` | the one connection that writes, many operations to a commit |
//! | `maintenance` | the thread that looks after the file; `signal` is what wakes it |
//! | `insert` | inserts tokens, with all that belongs to them |
//! | `update` | updates what is recorded, or advances a family |
//! | `revoke` | revokes |
//! | `replay` | tickets, and what else happens only once |
//! | `authorizations` | the authorizations of people, and the user codes by which those of devices are found |
//! | `logouts` | logouts that wait for a login application |
//! | `api_keys` | the API keys of members |
//! | `person_grants` | what people have granted to clients |
//! | `batches` | batches |
//! | `status_lists` | status lists, and the indices in them |
//! | `read` | what is read of tokens |
//! | `event_streams` | the event streams of clients, and the signals that wait in them |
//! | `directory` | orgs, members, clients |
//! | `directory_cache` | what was read of them, decoded, until they change |
//! | `key_ring` | the signing keys |
//! | `messages` | the messages of the local queue |
//! | `changes` | the outboxes of the audit trail and of the status lists |
//! | `rows` | typed readings of columns |
//! | `sweep` | forgets what has expired long ago |

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, mpsc};

use async_trait::async_trait;
use rusqlite::Connection;

use self::directory_cache::DirectoryCache;
use self::maintenance::{Checkpointer, Maintenance};
use self::sweep::Sweep;
use self::writer::{Commit, Writer};
use super::{
    AdvanceOutcome, ApiKeyInsert, ApiKeyLimit, ApiKeyPage, ApiKeyQuery, ClientKey, CountEvents, CountedEvent, Delete,
    EventStreamInsert, FamilyAdvance, InsertOutcome, KeepApiKeys, KeepAuthorizations, KeepBatches, KeepClientDocuments,
    KeepEventStreams, KeepLogouts, KeepPersonGrants, KeepSignals, KeepStatusLists, KeepTickets, LogoutCompletion, MemberSwap,
    NewToken, NoteCredentialUses, PersonGrantPage, Put, ReadChanges, ReadDirectory, ReadKeys, ReadTokens, RecordKeys, Records,
    RefreshTokens, Replaced, ReplayKey, ReplayStore, Revocation, RevokeTokens, SignalPage, StatusLease, TicketConsumption,
    TokenPage, TokenQuery, TokenUpdate, UpdateOutcome, UpdateTokens, WriteDirectory, WriteKeys, WriteTokens,
};
use crate::domain::{
    ApiKey, ApiKeyLocator, ApiKeyRevocation, AssertionSettings, Authorization, Batch, BatchKey, Client, ClientDocument, ClientId,
    Clock, CredentialUses, EventStream, EventStreamKey, FamilyKey, Fault, KeyRing, Logout, Member, MemberKey, NotBefore, Org,
    OrgId, PendingSignal, PersonGrantKey, RevocationStamp, StatusList, StatusListId, StatusOrg, Subject, Ticket, Timestamp,
    TokenId, TokenKey, UserCodeAssignment,
};

mod api_keys;
mod authorizations;
mod batches;
mod changes;
mod client_documents;
mod directory;
mod directory_cache;
mod event_streams;
mod insert;
mod key_ring;
mod logouts;
mod maintenance;
mod messages;
mod person_grants;
mod read;
mod replay;
mod revoke;
mod rows;
mod schema;
mod seeded;
mod signal;
mod status_lists;
mod sweep;
mod update;
mod writer;

pub use changes::{Changes, Untold};
pub use messages::MessageId;

/// How much of what was answered survives a crash or a power failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// What was answered survives a power failure: each commit waits for the disk.
    Full,
    /// What was answered survives the end of the process, however sudden. A power failure may take the last commits back.
    Normal,
    /// Nothing survives the end of the process, as there is no file.
    Memory,
}

/// Keeps everything in one SQLite file.
///
/// | durability | reads | writes |
/// |---|---|---|
/// | full | connections of their own, which never wait for the writer | a thread commits all that is waiting, and waits for the disk |
/// | normal | the connection that writes, whose pages are always up to date; while it is paused, connections of their own | whoever writes first commits for all that are waiting |
/// | memory | the only connection | the only connection, without commits |
///
/// Reads take microseconds and run on the calling task.
#[derive(Debug)]
pub struct SqliteStore {
    maintenance: Maintenance,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    directory: Arc<DirectoryCache>,
    // Declared, and so let go of, last.
    _lock: Option<schema::Lock>,
}

impl SqliteStore {
    /// Opens or creates the data file, and locks it: one process at a time. With [`Durability::Memory`] `path` isn't used.
    ///
    /// # Errors
    /// A [`Fault`] if another process has locked the file, if the file can't be opened, or if it isn't one of ours.
    pub fn open(path: &Path, durability: Durability, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        if durability == Durability::Memory {
            return Self::in_memory(clock);
        }
        let lock = schema::lock(path)?;
        let data_file = lock.data_file();
        let open = || -> Result<_> {
            let writer = schema::open_writer(path, durability)?;
            let count = if durability == Durability::Full { READERS } else { 1 };
            let points = (0..count).map(|_| schema::open_reader(path).map(Mutex::new)).collect::<Result<_>>()?;
            let readers = Readers { points, lister: Some(Mutex::new(schema::open_reader(path)?)) };
            Ok((writer, readers, Checkpointer::new(schema::open_checkpointer(path)?, data_file)))
        };
        let (writer, readers, checkpointer) = open().map_err(|e| e.into_fault("opening the data file"))?;
        let commit = if durability == Durability::Full { Commit::ByThread } else { Commit::ByCaller };
        Self::start((writer, commit), readers, Some(checkpointer), clock, Some(lock))
    }

    /// Opens a store that forgets everything when it is dropped.
    ///
    /// # Errors
    /// A [`Fault`] if SQLite can't be started.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let writer = schema::open_in_memory().map_err(|e| e.into_fault("opening a database in memory"))?;
        Self::start((writer, Commit::Never), Readers { points: Vec::new(), lister: None }, None, clock, None)
    }

    fn start(
        (writer, commit): (Connection, Commit),
        readers: Readers,
        checkpointer: Option<Checkpointer>,
        clock: Arc<dyn Clock>,
        lock: Option<schema::Lock>,
    ) -> Result<Self, Fault> {
        let (bell, bells) = mpsc::channel();
        let directory = Arc::new(DirectoryCache::default());
        directory.watch(&writer).map_err(|e| e.into_fault("watching the directory"))?;
        let writer = Arc::new(Writer::new(writer, commit, bell.clone(), Arc::clone(&directory)));
        let maintenance = Maintenance::start(Arc::clone(&writer), checkpointer, Sweep::new(clock), (bell, bells))?;
        Ok(Self { maintenance, writer, readers: Arc::new(readers), directory, _lock: lock })
    }

    /// Writes what is waiting and copies the log into the data file. Whatever is to be written later is a fault.
    ///
    /// Dropping the store does the same.
    pub fn close(&self) {
        self.maintenance.close();
    }

    /// Forgets now what may be forgotten, instead of little by little. Returns how many records that were.
    ///
    /// # Errors
    /// A [`Fault`] if the file can't be written.
    pub async fn sweep(&self) -> Result<usize, Fault> {
        self.maintenance.sweep().await
    }

    fn look_up<T>(&self, doing: &'static str, run: impl FnOnce(&Connection) -> Result<T>) -> Result<T, Fault> {
        let by_writer = if self.writer.commit_mode() == Commit::ByThread { None } else { self.writer.connection_unless_paused() };
        let connection = by_writer.or_else(|| self.readers.point()).unwrap_or_else(|| self.writer.connection());
        run(&connection).map_err(|e| e.into_fault(doing))
    }

    async fn write<T, F>(&self, doing: &'static str, run: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        self.writer.write(doing, run).await
    }
}

#[async_trait]
impl ReadTokens for SqliteStore {
    async fn read(&self, wanted: &RecordKeys) -> Result<Records, Fault> {
        let cached = self.directory.begin();
        self.look_up("reading records", |c| read::found(c, wanted, cached))
    }

    async fn list(&self, org: &OrgId, query: &TokenQuery) -> Result<TokenPage, Fault> {
        // A page is milliseconds of work: too long for a thread that serves others, too.
        let (readers, writer) = (Arc::clone(&self.readers), Arc::clone(&self.writer));
        let (org, query) = (org.clone(), query.clone());
        let list = move || read::page(&readers.lister().unwrap_or_else(|| writer.connection()), &org, &query);
        let page = tokio::task::spawn_blocking(list).await;
        page.map_err(|e| Fault::internal("listing tokens").because(e))?.map_err(|e| e.into_fault("listing tokens"))
    }
}

#[async_trait]
impl WriteTokens for SqliteStore {
    async fn record(&self, new: &NewToken) -> Result<InsertOutcome, Fault> {
        let entry = insert::Entry::new(new)?;
        self.write("recording a token", move |c| entry.record(c)).await
    }
}

#[async_trait]
impl UpdateTokens for SqliteStore {
    async fn update_token(&self, amendment: &TokenUpdate) -> Result<UpdateOutcome, Fault> {
        let rewrite = update::Rewrite::new(amendment)?;
        self.write("amending a token", move |c| rewrite.apply(c)).await
    }
}

#[async_trait]
impl RevokeTokens for SqliteStore {
    async fn revoke(&self, token: &TokenKey, family: Option<&FamilyKey>, stamp: RevocationStamp) -> Result<Revocation, Fault> {
        let (token, family) = (token.clone(), family.cloned());
        self.write("revoking a token", move |c| revoke::revoke(c, &token, family.as_ref(), &stamp)).await
    }

    async fn revoke_family(&self, family: &FamilyKey, stamp: RevocationStamp) -> Result<Revocation, Fault> {
        let family = family.clone();
        self.write("revoking a refresh family", move |c| revoke::revoke_family(c, &family, &stamp)).await
    }

    async fn set_not_before(&self, mark: &NotBefore) -> Result<(), Fault> {
        let mark = mark.clone();
        self.write("writing a not-before mark", move |c| revoke::mark(c, &mark)).await
    }
}

#[async_trait]
impl RefreshTokens for SqliteStore {
    async fn advance_family(&self, step: &FamilyAdvance) -> Result<AdvanceOutcome, Fault> {
        let step = step.clone();
        self.write("rotating a refresh family", move |c| update::rotate(c, &step)).await
    }
}

#[async_trait]
impl KeepTickets for SqliteStore {
    async fn put_ticket(&self, ticket: &Ticket) -> Result<(), Fault> {
        let ticket = ticket.clone();
        self.write("keeping a ticket", move |c| replay::put_ticket(c, &ticket)).await
    }

    async fn spend_ticket(&self, spending: &TicketConsumption) -> Result<bool, Fault> {
        let spending = spending.clone();
        self.write("spending a ticket", move |c| replay::spend(c, &spending)).await
    }
}

#[async_trait]
impl KeepAuthorizations for SqliteStore {
    async fn put_authorization(&self, authorization: &Authorization) -> Result<(), Fault> {
        let authorization = authorization.clone();
        self.write("keeping an authorization", move |c| authorizations::put(c, &authorization)).await
    }

    async fn update_authorization(&self, authorization: &Authorization) -> Result<bool, Fault> {
        let authorization = authorization.clone();
        self.write("updating an authorization", move |c| authorizations::update(c, &authorization)).await
    }

    async fn assign_user_code(&self, assignment: &UserCodeAssignment, now: Timestamp) -> Result<bool, Fault> {
        let assignment = assignment.clone();
        self.write("assigning a user code", move |c| authorizations::assign_user_code(c, &assignment, now)).await
    }
}

#[async_trait]
impl KeepLogouts for SqliteStore {
    async fn put_logout(&self, logout: &Logout) -> Result<(), Fault> {
        let logout = logout.clone();
        self.write("keeping a logout", move |c| logouts::put(c, &logout)).await
    }

    async fn complete_logout(&self, completion: &LogoutCompletion) -> Result<bool, Fault> {
        let completion = completion.clone();
        self.write("completing a logout", move |c| logouts::complete(c, &completion)).await
    }
}

impl ReadChanges for SqliteStore {
    fn change(&self, record: &str) -> Result<Option<crate::domain::Commit>, Fault> {
        Changes.change(record)
    }
}

#[async_trait]
impl KeepStatusLists for SqliteStore {
    async fn lease_status_indices(&self, lease: &StatusLease) -> Result<StatusOrg, Fault> {
        let lease = lease.clone();
        self.write("leasing indices of status lists", move |c| status_lists::lease(c, &lease)).await
    }

    async fn note_published_lists(&self, org: &OrgId, published: u64) -> Result<(), Fault> {
        let org = org.clone();
        self.write("noting a status list", move |c| status_lists::note_published(c, &org, published)).await
    }

    async fn status_orgs(&self, after: Option<&OrgId>, limit: usize) -> Result<Vec<StatusOrg>, Fault> {
        self.look_up("listing orgs with status lists", |c| status_lists::orgs(c, after, limit))
    }

    async fn status_list(&self, id: &StatusListId) -> Result<Option<StatusList>, Fault> {
        self.look_up("reading a status list", |c| status_lists::list(c, id))
    }

    async fn put_status_list(&self, list: &StatusList) -> Result<bool, Fault> {
        let list = list.clone();
        self.write("writing a status list", move |c| status_lists::put(c, &list)).await
    }
}

impl SqliteStore {
    /// Reads the keys of the event streams of all orgs in which signals wait, for who pushes them from now on.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be read.
    pub fn streams_with_signals(&self) -> Result<Vec<EventStreamKey>, Fault> {
        self.look_up("listing the event streams in which signals wait", event_streams::with_signals)
    }
}

#[async_trait]
impl KeepEventStreams for SqliteStore {
    async fn event_stream(&self, key: &EventStreamKey) -> Result<Option<EventStream>, Fault> {
        self.look_up("reading an event stream", |c| event_streams::stream(c, key))
    }

    async fn event_streams(&self, org: &OrgId, client: Option<ClientId>) -> Result<Vec<EventStream>, Fault> {
        self.look_up("listing event streams", |c| event_streams::streams(c, org, client))
    }

    async fn create_event_stream(&self, stream: &EventStream, most: u32) -> Result<EventStreamInsert, Fault> {
        let stream = stream.clone();
        self.write("creating an event stream", move |c| event_streams::create(c, &stream, most)).await
    }

    async fn replace_event_stream(&self, stream: &EventStream) -> Result<bool, Fault> {
        let stream = stream.clone();
        self.write("replacing an event stream", move |c| event_streams::replace(c, &stream)).await
    }

    async fn delete_event_stream(&self, key: &EventStreamKey) -> Result<bool, Fault> {
        let key = key.clone();
        self.write("deleting an event stream", move |c| event_streams::delete(c, &key)).await
    }
}

#[async_trait]
impl KeepSignals for SqliteStore {
    async fn put_signal(&self, signal: &PendingSignal) -> Result<(), Fault> {
        let signal = signal.clone();
        self.write("keeping a signal", move |c| event_streams::put_signal(c, &signal)).await
    }

    async fn signals(&self, stream: &EventStreamKey, limit: usize) -> Result<SignalPage, Fault> {
        self.look_up("reading signals", |c| event_streams::signals(c, stream, limit))
    }

    async fn delete_signals(&self, stream: &EventStreamKey, ids: &[TokenId]) -> Result<(), Fault> {
        let (stream, ids) = (stream.clone(), ids.to_vec());
        self.write("deleting signals", move |c| event_streams::delete_signals(c, &stream, &ids)).await
    }
}

#[async_trait]
impl KeepClientDocuments for SqliteStore {
    async fn put_client_document(&self, document: &ClientDocument) -> Result<(), Fault> {
        let document = document.clone();
        self.write("keeping the document of a client", move |c| client_documents::put(c, &document)).await
    }
}

#[async_trait]
impl KeepPersonGrants for SqliteStore {
    async fn person_grants(
        &self,
        org: &OrgId,
        subject: &Subject,
        after: Option<ClientId>,
        limit: usize,
    ) -> Result<PersonGrantPage, Fault> {
        self.look_up("listing grants", |c| person_grants::page(c, org, subject, after, limit))
    }

    async fn end_person_grant(&self, key: &PersonGrantKey, at: Timestamp) -> Result<bool, Fault> {
        let key = key.clone();
        self.write("ending a grant", move |c| person_grants::end(c, &key, at)).await
    }

    async fn note_person_grant_use(&self, key: &PersonGrantKey, at: Timestamp) -> Result<(), Fault> {
        let key = key.clone();
        self.write("noting the use of a grant", move |c| person_grants::note_use(c, &key, at)).await
    }
}

#[async_trait]
impl KeepApiKeys for SqliteStore {
    async fn create_api_key(&self, key: &ApiKey, limit: ApiKeyLimit) -> Result<ApiKeyInsert, Fault> {
        let key = key.clone();
        self.write("creating an API key", move |c| api_keys::create(c, &key, limit)).await
    }

    async fn update_api_key(&self, seen: &ApiKey, key: &ApiKey) -> Result<bool, Fault> {
        let (seen, key) = (seen.clone(), key.clone());
        self.write("updating an API key", move |c| api_keys::update(c, &seen, &key)).await
    }

    async fn revoke_api_key(&self, key: &ApiKeyLocator, revocation: &ApiKeyRevocation) -> Result<Revocation, Fault> {
        let (key, revocation) = (key.clone(), revocation.clone());
        self.write("revoking an API key", move |c| api_keys::revoke(c, &key, &revocation)).await
    }

    async fn note_api_key_use(&self, key: &ApiKeyLocator, hour: Timestamp) -> Result<(), Fault> {
        let key = key.clone();
        self.write("noting the use of an API key", move |c| api_keys::note_use(c, &key, hour)).await
    }

    async fn api_keys(&self, org: &OrgId, query: &ApiKeyQuery) -> Result<ApiKeyPage, Fault> {
        self.look_up("listing API keys", |c| api_keys::page(c, org, query))
    }
}

#[async_trait]
impl ReplayStore for SqliteStore {
    async fn use_once(&self, used: &ReplayKey) -> Result<bool, Fault> {
        let used = used.clone();
        self.write("noting a use", move |c| replay::use_once(c, &used)).await
    }
}

#[async_trait]
impl CountEvents for SqliteStore {
    async fn count(&self, event: &CountedEvent) -> Result<Option<u32>, Fault> {
        let event = event.clone();
        self.write("counting an event", move |c| replay::count(c, &event)).await
    }

    async fn count_many(&self, event: &CountedEvent, wanted: u32) -> Result<u32, Fault> {
        let event = event.clone();
        self.write("counting events", move |c| replay::count_many(c, &event, wanted)).await
    }
}

#[async_trait]
impl NoteCredentialUses for SqliteStore {
    async fn note_credential_uses(&self, client: &ClientKey, seen: &CredentialUses, uses: &CredentialUses) -> Result<(), Fault> {
        let (client, seen, uses) = (client.clone(), seen.clone(), uses.clone());
        self.write("noting the use of a secret", move |c| directory::note_credential_uses(c, &client, &seen, &uses)).await
    }
}

#[async_trait]
impl KeepBatches for SqliteStore {
    async fn put_batch(&self, batch: &Batch) -> Result<(), Fault> {
        let batch = batch.clone();
        self.write("keeping a batch", move |c| batches::put_batch(c, &batch)).await
    }

    async fn batch(&self, key: &BatchKey) -> Result<Option<Batch>, Fault> {
        self.look_up("reading a batch", |c| batches::batch(c, key))
    }

    async fn end_part(&self, key: &BatchKey, part: u32, failure: Option<&str>, at: Timestamp) -> Result<(), Fault> {
        let (key, failure) = (key.clone(), failure.map(str::to_owned));
        let end = move |c: &Connection| batches::end_part(c, &key, part, failure.as_deref(), at);
        self.write("noting the end of a batch's part", end).await
    }
}

#[async_trait]
impl ReadDirectory for SqliteStore {
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, Fault> {
        self.look_up("reading an org", |c| directory::org(c, id))
    }

    async fn assertion_settings(&self, org: &OrgId) -> Result<AssertionSettings, Fault> {
        let found = self.look_up("reading the settings for assertions", |c| directory::assertion_settings(c, org))?;
        Ok(found.unwrap_or_default())
    }

    async fn sub_orgs(&self, parent: &OrgId, after: Option<&OrgId>, limit: usize) -> Result<Vec<OrgId>, Fault> {
        self.look_up("listing orgs", |c| directory::sub_orgs(c, parent, after, limit))
    }

    async fn member(&self, key: &MemberKey) -> Result<Option<Member>, Fault> {
        self.look_up("reading a member", |c| directory::member(c, key))
    }

    async fn members(&self, org: &OrgId, after: Option<&Subject>, limit: usize) -> Result<Vec<Member>, Fault> {
        self.look_up("listing members", |c| directory::members(c, org, after, limit))
    }

    async fn client(&self, org: &OrgId, id: ClientId) -> Result<Option<Client>, Fault> {
        self.look_up("reading a client", |c| directory::client(c, org, id))
    }

    async fn clients(&self, org: &OrgId, after: Option<ClientId>, limit: usize) -> Result<Vec<Client>, Fault> {
        self.look_up("listing clients", |c| directory::clients(c, org, after, limit))
    }
}

#[async_trait]
impl WriteDirectory for SqliteStore {
    async fn put_org(&self, seen: Option<&Org>, org: &Org, assertions: Option<&AssertionSettings>) -> Result<Put, Fault> {
        let (seen, org, assertions) = (seen.cloned(), org.clone(), assertions.cloned());
        self.write("writing an org", move |c| directory::put_org(c, seen.as_ref(), &org, assertions.as_ref())).await
    }

    async fn delete_org(&self, id: &OrgId) -> Result<Delete, Fault> {
        let id = id.clone();
        self.write("deleting an org", move |c| directory::delete_org(c, &id)).await
    }

    async fn put_member(&self, member: &Member) -> Result<Put, Fault> {
        let member = member.clone();
        self.write("writing a member", move |c| directory::put_member(c, &member)).await
    }

    async fn swap_member(&self, swap: &MemberSwap) -> Result<Replaced, Fault> {
        let swap = swap.clone();
        self.write("replacing a member", move |c| directory::swap_member(c, &swap)).await
    }

    async fn delete_member(&self, key: &MemberKey) -> Result<Delete, Fault> {
        let key = key.clone();
        self.write("deleting a member", move |c| directory::delete_member(c, &key)).await
    }

    async fn put_client(&self, client: &Client) -> Result<Put, Fault> {
        let client = client.clone();
        self.write("writing a client", move |c| directory::put_client(c, &client)).await
    }

    async fn replace_client(&self, seen: &Client, client: &Client) -> Result<Replaced, Fault> {
        let (seen, client) = (seen.clone(), client.clone());
        self.write("replacing a client", move |c| directory::replace_client(c, &seen, &client)).await
    }

    async fn delete_client(&self, org: &OrgId, id: ClientId) -> Result<Delete, Fault> {
        let org = org.clone();
        self.write("deleting a client", move |c| directory::delete_client(c, &org, id)).await
    }
}

#[async_trait]
impl ReadKeys for SqliteStore {
    async fn key_ring(&self) -> Result<Option<KeyRing>, Fault> {
        self.look_up("reading the key ring", key_ring::read)
    }
}

#[async_trait]
impl WriteKeys for SqliteStore {
    async fn put_key_ring(&self, ring: &KeyRing) -> Result<bool, Fault> {
        let ring = ring.clone();
        self.write("writing the key ring", move |c| key_ring::put(c, &ring)).await
    }
}

/// The connections that only read. A store in memory has none: there the one that writes reads, too.
#[derive(Debug)]
struct Readers {
    points: Vec<Mutex<Connection>>,
    /// For listings, which take longer: they wait for each other, and nothing else waits for them.
    lister: Option<Mutex<Connection>>,
}

impl Readers {
    /// A connection for a read of microseconds: whichever is free.
    fn point(&self) -> Option<MutexGuard<'_, Connection>> {
        for point in &self.points {
            match point.try_lock() {
                Ok(free) => return Some(free),
                Err(TryLockError::Poisoned(free)) => return Some(free.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.points.first().map(|point| point.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lister(&self) -> Option<MutexGuard<'_, Connection>> {
        self.lister.as_ref().map(|lister| lister.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something didn't work: SQLite's word or ours.
#[derive(Debug)]
enum Error {
    Sqlite(rusqlite::Error),
    Fault(Fault),
}

impl Error {
    fn into_fault(self, doing: &'static str) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            Self::Sqlite(error) => fault(doing, error),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn fault(doing: &'static str, error: rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure};
    // A full disk may be emptied, a busy one come back: the same request can succeed later.
    let passing = [CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure];
    let can_retry = error.sqlite_error_code().is_some_and(|code| passing.contains(&code));
    if can_retry { Fault::unavailable(doing).because(error) } else { Fault::internal(doing).because(error) }
}

/// As many as threads read at once on a small machine.
const READERS: usize = 4;

#[cfg(test)]
mod tests;
