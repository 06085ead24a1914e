//! The embedded store: one SQLite file of one process, or none at all.
//!
//! | file | what it does |
//! |---|---|
//! | `schema` | opens and prepares the data file, and locks it against other processes |
//! | `writer` | the one thread that writes, many operations to a commit |
//! | `write` | what is written about tokens, as operations for the writer |
//! | `read` | what is read of tokens |
//! | `directory` | orgs, members, clients |
//! | `sweep` | forgets what has expired long ago |

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use async_trait::async_trait;
use rusqlite::Connection;

use self::sweep::Sweep;
use self::writer::Writer;
use super::{
    Delete, Found, Put, ReadDirectory, ReadTokens, RefreshTokens, Revocation, RevokeTokens, Rotation, RotationStep, TokenPage,
    TokenQuery, Wanted, WriteDirectory, WriteTokens,
};
use crate::clock::Clock;
use crate::domain::{
    Client, ClientId, Family, FamilyKey, Fault, Mark, Member, MemberKey, Org, OrgId, Subject, Timestamp, TokenKey, TokenRecord,
};

mod directory;
mod read;
mod schema;
mod sweep;
mod write;
mod writer;

/// What survives which mishap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// What was answered survives a power failure: each commit waits for the disk.
    Full,
    /// What was answered survives the end of the process, however sudden. A power failure may take the last commits back.
    Normal,
    /// Nothing survives: there is no file.
    Memory,
}

/// Keeps everything in one SQLite file.
///
/// Reads run on the calling task: they take microseconds, and in WAL mode they never wait for the writer. Writes are
/// handed to one thread, which commits all that is waiting at once and answers only then.
#[derive(Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    writer: Writer,
    // Declared, and so let go of, last.
    _lock: Option<schema::Lock>,
}

impl SqliteStore {
    /// Opens or creates the data file, and locks it: one process at a time. With [`Durability::Memory`] `path` isn't used.
    pub fn open(path: &Path, durability: Durability, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        if durability == Durability::Memory {
            return Self::in_memory(clock);
        }
        let lock = schema::lock(path)?;
        let connection = schema::open_writer(path, durability).map_err(|e| e.into_fault("opening the data file"))?;
        let readers = (0..READERS).map(|_| schema::open_reader(path).map(Mutex::new)).collect::<Outcome<_>>();
        let readers = readers.map_err(|e| e.into_fault("opening the data file to read"))?;
        let shared = Arc::new(Shared { readers });
        let writer = Writer::with_own(connection, Sweep::new(clock))?;
        Ok(Self { shared, writer, _lock: Some(lock) })
    }

    /// A store that forgets everything when it is dropped.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let connection = schema::open_in_memory().map_err(|e| e.into_fault("opening a database in memory"))?;
        // Nothing ever waits for a disk: one connection is the fastest arrangement, and readers see what is written at once.
        let shared = Arc::new(Shared { readers: vec![Mutex::new(connection)] });
        let writer = Writer::with_shared(Arc::clone(&shared), Sweep::new(clock))?;
        Ok(Self { shared, writer, _lock: None })
    }

    /// Writes what is waiting and folds the log into the data file. Whatever is to be written later is a fault.
    ///
    /// Dropping the store does the same.
    pub fn close(&self) {
        self.writer.close();
    }

    /// Forgets now what may be forgotten, instead of little by little. How many records that were.
    pub async fn sweep(&self) -> Result<usize, Fault> {
        self.writer.sweep().await
    }

    fn read<T>(&self, doing: &'static str, run: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T, Fault> {
        run(&self.shared.reader()).map_err(|e| e.into_fault(doing))
    }

    async fn write<T, F>(&self, doing: &'static str, run: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.writer.write(doing, run).await
    }
}

#[async_trait]
impl ReadTokens for SqliteStore {
    async fn read(&self, wanted: &Wanted) -> Result<Found, Fault> {
        self.read("reading records", |c| read::found(c, wanted))
    }

    async fn list(&self, query: &TokenQuery) -> Result<TokenPage, Fault> {
        // A page is milliseconds of work: too long for a thread that serves others, too.
        let (shared, query) = (Arc::clone(&self.shared), query.clone());
        let page = tokio::task::spawn_blocking(move || read::page(&shared.lister(), &query)).await;
        page.map_err(|e| Fault::internal("listing tokens").because(e))?.map_err(|e| e.into_fault("listing tokens"))
    }
}

#[async_trait]
impl WriteTokens for SqliteStore {
    async fn record(&self, token: &TokenRecord, family: Option<&Family>) -> Result<(), Fault> {
        let entry = write::Entry::new(token, family)?;
        self.write("recording a token", move |c| entry.record(c)).await
    }
}

#[async_trait]
impl RevokeTokens for SqliteStore {
    async fn revoke(&self, token: &TokenKey, family: Option<&FamilyKey>, at: Timestamp) -> Result<Revocation, Fault> {
        let (token, family) = (token.clone(), family.cloned());
        self.write("revoking a token", move |c| write::revoke(c, &token, family.as_ref(), at)).await
    }

    async fn revoke_family(&self, family: &FamilyKey, at: Timestamp) -> Result<Revocation, Fault> {
        let family = family.clone();
        self.write("revoking a refresh family", move |c| write::revoke_family(c, &family, at)).await
    }

    async fn mark(&self, mark: &Mark) -> Result<(), Fault> {
        let mark = mark.clone();
        self.write("writing a not-before mark", move |c| write::mark(c, &mark)).await
    }
}

#[async_trait]
impl RefreshTokens for SqliteStore {
    async fn rotate(&self, step: &RotationStep) -> Result<Rotation, Fault> {
        let step = step.clone();
        self.write("rotating a refresh family", move |c| write::rotate(c, &step)).await
    }
}

#[async_trait]
impl ReadDirectory for SqliteStore {
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, Fault> {
        self.read("reading an org", |c| directory::org(c, id))
    }

    async fn sub_orgs(&self, parent: &OrgId, after: Option<&OrgId>, limit: usize) -> Result<Vec<OrgId>, Fault> {
        self.read("listing orgs", |c| directory::sub_orgs(c, parent, after, limit))
    }

    async fn member(&self, key: &MemberKey) -> Result<Option<Member>, Fault> {
        self.read("reading a member", |c| directory::member(c, key))
    }

    async fn members(&self, org: &OrgId, after: Option<&Subject>, limit: usize) -> Result<Vec<Member>, Fault> {
        self.read("listing members", |c| directory::members(c, org, after, limit))
    }

    async fn client(&self, org: &OrgId, id: ClientId) -> Result<Option<Client>, Fault> {
        self.read("reading a client", |c| directory::client(c, org, id))
    }
}

#[async_trait]
impl WriteDirectory for SqliteStore {
    async fn put_org(&self, org: &Org) -> Result<Put, Fault> {
        let org = org.clone();
        self.write("writing an org", move |c| directory::put_org(c, &org)).await
    }

    async fn delete_org(&self, id: &OrgId) -> Result<Delete, Fault> {
        let id = id.clone();
        self.write("deleting an org", move |c| directory::delete_org(c, &id)).await
    }

    async fn put_member(&self, member: &Member) -> Result<Put, Fault> {
        let member = member.clone();
        self.write("writing a member", move |c| directory::put_member(c, &member)).await
    }

    async fn delete_member(&self, key: &MemberKey) -> Result<Delete, Fault> {
        let key = key.clone();
        self.write("deleting a member", move |c| directory::delete_member(c, &key)).await
    }

    async fn put_client(&self, client: &Client) -> Result<Put, Fault> {
        let client = client.clone();
        self.write("writing a client", move |c| directory::put_client(c, &client)).await
    }

    async fn delete_client(&self, org: &OrgId, id: ClientId) -> Result<Delete, Fault> {
        let org = org.clone();
        self.write("deleting a client", move |c| directory::delete_client(c, &org, id)).await
    }
}

/// The connections that read. In memory there is one, which the writer uses, too.
#[derive(Debug)]
struct Shared {
    readers: Vec<Mutex<Connection>>,
}

impl Shared {
    /// A connection for a read of microseconds: whichever is free.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        for reader in &self.readers {
            match reader.try_lock() {
                Ok(free) => return free,
                Err(TryLockError::Poisoned(free)) => return free.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.first()
    }

    /// The connection for listings: those, which take longer, wait for each other, and nothing else waits for them.
    fn lister(&self) -> MutexGuard<'_, Connection> {
        self.readers[self.readers.len() - 1].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> MutexGuard<'_, Connection> {
        self.readers[0].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Outcome<T> = Result<T, Trouble>;

/// Why something didn't work: SQLite's word or ours.
#[derive(Debug)]
enum Trouble {
    Sqlite(rusqlite::Error),
    Fault(Fault),
}

impl Trouble {
    fn into_fault(self, doing: &'static str) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            Self::Sqlite(error) => fault(doing, error),
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Fault> for Trouble {
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

/// Connections that read: as many as threads do at once on a small machine, and one for listings.
const READERS: usize = 4;

#[cfg(test)]
mod tests;
