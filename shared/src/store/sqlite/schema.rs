//! The data file: its lock, its tables and how SQLite is set up for it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::{Durability, Result};
use crate::domain::Fault;

/// Holds the data file for this process as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    /// The data file, to have it written to the disk. Let go of when no connection is left: the system then takes SQLite's own locks
    /// from this process, whichever of its connections they belong to.
    data_file: Arc<File>,
}

impl Lock {
    /// Returns the data file, for whoever has it written to the disk. The lock must outlive that.
    pub(super) fn data_file(&self) -> Arc<File> {
        Arc::clone(&self.data_file)
    }
}

/// Locks the data file at `path`, which it creates if there is none, by a file beside it. On the data file itself the lock would get in
/// the way of SQLite's own.
pub(super) fn lock(path: &Path) -> Result<Lock, Fault> {
    const DOING: &str = "locking the data file";
    let place = beside(path, ".lock");
    let file = create(&place).map_err(|e| Fault::internal(DOING).because(format!("{}: {e}", place.display())))?;
    let deadline = Instant::now() + MAX_LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => {
                // SQLite would create it readable for everyone; its log takes over the mode.
                let data_file = create(path).map_err(|e| Fault::internal("creating the data file").because(e))?;
                return Ok(Lock { _file: file, data_file: Arc::new(data_file) });
            }
            // A process that is about to end still has it, or a child that has not become another program yet.
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOCK_RETRY_DELAY),
            Err(TryLockError::WouldBlock) => {
                let what_to_do = "another process has it open: stop that one, or use another folder";
                return Err(Fault::internal("opening the data file").because(format!("{}: {what_to_do}", path.display())));
            }
            Err(TryLockError::Error(e)) => return Err(Fault::internal(DOING).because(e)),
        }
    }
}

/// Opens the data file to write, once [`lock`] has created it, and makes it what this version needs.
pub(super) fn open_writer(path: &Path, durability: Durability) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let synchronous = if durability == Durability::Full { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    // The maintenance thread does it, so that nobody waits for it.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", MAX_LOG_BYTES)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    prepare(&connection)?;
    Ok(connection)
}

/// Opens the data file to copy the log into it, once [`open_writer`] has prepared it.
pub(super) fn open_checkpointer(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// Opens the data file to read, once [`open_writer`] has prepared it.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// A database of its own without a file, in a transaction that never ends.
pub(super) fn open_in_memory() -> Result<Connection> {
    let connection = Connection::open_in_memory_with_flags(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    prepare(&connection)?;
    connection.execute_batch("BEGIN")?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && number("application_id")? != APPLICATION {
        return Err(Fault::internal("opening the data file: it is another program's").into());
    }
    let version = if tables == 0 { 0 } else { number("user_version")? };
    let Some(missing) = usize::try_from(version).ok().and_then(|version| STEPS.get(version..)) else {
        return Err(Fault::internal("opening the data file: it was written by a newer version of this program").into());
    };
    if missing.is_empty() { Ok(()) } else { apply(connection, missing, STEPS.len()) }
}

/// Takes these steps, of which the last leads to this version.
fn apply(connection: &Connection, steps: &[&str], version: usize) -> Result<()> {
    let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version}");
    Ok(connection.execute_batch(&format!("BEGIN IMMEDIATE; {} {marks}; COMMIT", steps.concat()))?)
}

/// Makes an empty file what an earlier version has left.
#[cfg(test)]
pub(super) fn prepare_as_of(connection: &Connection, version: usize) -> Result<()> {
    apply(connection, &STEPS[..version], version)
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// How long a start waits for the process before it to end.
const MAX_LOCK_WAIT: Duration = Duration::from_secs(1);
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(20);

/// Says in the file's header whose it is: "jetn".
const APPLICATION: i32 = 0x6a65_746e;

/// The size to which the log is cut after a burst of writes, in bytes. Under steady load it stays below, because to cut it and to let it grow
/// again makes commits slow.
const MAX_LOG_BYTES: i64 = 64 << 20;

/// Each commit walks through what is cached: more would cost as much as it saves.
const WRITER_CACHE_KIB: i64 = 8_192;
const READER_CACHE_KIB: i64 = 1_024;

/// More than there are, so that each is compiled once.
const STATEMENTS: usize = 96;

/// From each version of the tables to the next. A change that older code can't live with is a step of its own.
const STEPS: &[&str] = &[
    TABLES,
    KEY_RINGS,
    OAUTH,
    CLIENT_ORGS,
    MESSAGES,
    SEEDED,
    ASSERTION_SETTINGS,
    CHANGES,
    REVOKED_BY,
    SECRET_USES,
    AUTHORIZATIONS,
    STRANGERS,
    PERSON_GRANTS,
    USER_CODES,
    LOGOUTS,
    CLIENT_DOCUMENTS,
    API_KEYS,
    WORKLOADS,
    LEAK_PLACES,
    STATUS_LISTS,
    EVENT_STREAMS,
];

// Records are too long for tables without rowid, which keep whole rows in the inner nodes of their tree, too.
const TABLES: &str = "
CREATE TABLE tokens (
    org TEXT NOT NULL, id BLOB NOT NULL, subject TEXT NOT NULL, session TEXT,
    iat INTEGER NOT NULL, exp INTEGER, revoked_at INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;
CREATE INDEX tokens_by_subject ON tokens (org, subject, id);
CREATE INDEX tokens_by_session ON tokens (org, session, id) WHERE session IS NOT NULL;

CREATE TABLE families (
    org TEXT NOT NULL, id BLOB NOT NULL, exp INTEGER NOT NULL, revoked_at INTEGER,
    generation INTEGER NOT NULL, current BLOB NOT NULL, previous BLOB, rotated_at INTEGER NOT NULL, token BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;

CREATE TABLE marks (
    org TEXT NOT NULL, kind TEXT NOT NULL, not_before INTEGER NOT NULL, exp INTEGER,
    PRIMARY KEY (org, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE orgs (id TEXT NOT NULL PRIMARY KEY, parent TEXT, created_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX orgs_by_parent ON orgs (parent, id) WHERE parent IS NOT NULL;

CREATE TABLE members (
    org TEXT NOT NULL, subject TEXT NOT NULL, created_at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (org, subject)
) STRICT;

CREATE TABLE clients (
    org TEXT NOT NULL, id INTEGER NOT NULL, alias TEXT, created_at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;
CREATE UNIQUE INDEX clients_by_alias ON clients (org, alias) WHERE alias IS NOT NULL;
";

const KEY_RINGS: &str = "
CREATE TABLE key_rings (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
";

// Whatever is walked through to be forgotten has a rowid. A token that has no `needed_until` is needed until it expires.
const OAUTH: &str = "
ALTER TABLE tokens ADD COLUMN needed_until INTEGER;

ALTER TABLE families ADD COLUMN refreshed_at INTEGER;
ALTER TABLE families ADD COLUMN needed_until INTEGER;
UPDATE families SET needed_until = exp;

CREATE TABLE aliases (
    org TEXT NOT NULL, hash BLOB NOT NULL, target TEXT NOT NULL, exp INTEGER,
    PRIMARY KEY (org, hash)
) STRICT;

CREATE TABLE tickets (
    org TEXT NOT NULL, id BLOB NOT NULL, exp INTEGER NOT NULL, spent_by BLOB, body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;

CREATE TABLE uses (
    org TEXT NOT NULL, purpose TEXT NOT NULL, hash BLOB NOT NULL, exp INTEGER NOT NULL,
    PRIMARY KEY (org, purpose, hash)
) STRICT;

CREATE TABLE batches (
    org TEXT NOT NULL, id BLOB NOT NULL, exp INTEGER NOT NULL, failure TEXT, updated_at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;

CREATE TABLE batch_parts (
    org TEXT NOT NULL, batch BLOB NOT NULL, part INTEGER NOT NULL,
    PRIMARY KEY (org, batch, part)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER batch_parts_go_with_their_batch AFTER DELETE ON batches BEGIN
    DELETE FROM batch_parts WHERE org = OLD.org AND batch = OLD.id;
END;
";

// A number is given to one client of all orgs. Before, it was to one of each: the oldest keeps it.
const CLIENT_ORGS: &str = "
CREATE TABLE client_orgs (id INTEGER NOT NULL PRIMARY KEY, org TEXT NOT NULL) STRICT;
INSERT OR IGNORE INTO client_orgs (id, org) SELECT id, org FROM clients ORDER BY created_at;
";

// What seed files have made, such as `client 4711 of org 1`.
const SEEDED: &str = "
CREATE TABLE seeded (entry TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
";

// What waits in the local queue. A message that can never be worked on stays, with `failed` = 1.
const MESSAGES: &str = "
CREATE TABLE messages (id INTEGER NOT NULL PRIMARY KEY, failed INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
";

// What only assertions need of an org. Before, the issuers stood in the body of the org.
const ASSERTION_SETTINGS: &str = "
CREATE TABLE assertion_settings (org TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
INSERT INTO assertion_settings (org, body)
    SELECT id, json_object('b', body -> '$.s.o.b') FROM orgs WHERE body -> '$.s.o.b' IS NOT NULL;
UPDATE orgs SET body = json_remove(body, '$.s.o.b') WHERE body -> '$.s.o.b' IS NOT NULL;
";

// Who revoked it, as JSON.
const REVOKED_BY: &str = "
ALTER TABLE tokens ADD COLUMN revoked_by TEXT;
ALTER TABLE families ADD COLUMN revoked_by TEXT;
";

// On which day the secrets of a client were used: apart from the clients, because it is no change of them.
const SECRET_USES: &str = "
CREATE TABLE secret_uses (
    org TEXT NOT NULL, client INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (org, client)
) STRICT, WITHOUT ROWID;
";

// What the audit trail hasn't told yet. A number is never used again.
const CHANGES: &str = "
CREATE TABLE changes (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL) STRICT;
";

// What clients ask of people. `exp` is when the request, or its code, ends.
const AUTHORIZATIONS: &str = "
CREATE TABLE authorizations (
    org TEXT NOT NULL, id BLOB NOT NULL, exp INTEGER NOT NULL, kept_until INTEGER NOT NULL, revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;
";

// Clients that end by themselves, with all that is theirs; and what is counted, so that there are not too many of them.
const STRANGERS: &str = "
ALTER TABLE clients ADD COLUMN exp INTEGER;
CREATE TRIGGER what_clients_have_goes_with_them AFTER DELETE ON clients BEGIN
    DELETE FROM client_orgs WHERE id = OLD.id AND org = OLD.org;
    DELETE FROM secret_uses WHERE org = OLD.org AND client = OLD.id;
END;

CREATE TABLE counts (
    org TEXT NOT NULL, what TEXT NOT NULL, hash BLOB NOT NULL, since INTEGER NOT NULL, exp INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (org, what, hash, since)
) STRICT;
";

// What people have granted to clients.
const PERSON_GRANTS: &str = "
CREATE TABLE person_grants (
    org TEXT NOT NULL, subject TEXT NOT NULL, client INTEGER NOT NULL, ended_at INTEGER, kept_until INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, subject, client)
) STRICT;
";

// What devices ask of people is found by codes, whose guesses are counted.
const USER_CODES: &str = "
CREATE TABLE user_codes (
    org TEXT NOT NULL, hash BLOB NOT NULL, exp INTEGER NOT NULL, authorization BLOB NOT NULL, client INTEGER NOT NULL,
    PRIMARY KEY (org, hash)
) STRICT;
";

// Who shall be logged out, once the login application has seen to it.
const LOGOUTS: &str = "
CREATE TABLE logouts (
    org TEXT NOT NULL, id BLOB NOT NULL, exp INTEGER NOT NULL, completed_by BLOB, body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;
";

// What clients say of themselves that nobody has registered.
const CLIENT_DOCUMENTS: &str = "
CREATE TABLE client_documents (
    org TEXT NOT NULL, hash BLOB NOT NULL, url TEXT NOT NULL, etag TEXT, fetched_at INTEGER NOT NULL, fresh_until INTEGER NOT NULL,
    kept_until INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (org, hash)
) STRICT;
";

// Which clients name a workload: the subject of an issuer.
const WORKLOADS: &str = "
CREATE TABLE workloads (
    org TEXT NOT NULL, hash BLOB NOT NULL, client INTEGER NOT NULL,
    PRIMARY KEY (org, hash, client)
) STRICT, WITHOUT ROWID;
CREATE INDEX workloads_by_client ON workloads (org, client);
CREATE TRIGGER workloads_go_with_their_client AFTER DELETE ON clients BEGIN
    DELETE FROM workloads WHERE org = OLD.org AND client = OLD.id;
END;
";

// Long credentials of members, each found by its values.
const API_KEYS: &str = "
CREATE TABLE api_keys (
    org TEXT NOT NULL, id BLOB NOT NULL, owner TEXT NOT NULL, created_at INTEGER NOT NULL, exp INTEGER NOT NULL,
    kept_until INTEGER NOT NULL, revision INTEGER NOT NULL, used_at INTEGER, revoked_at INTEGER, reason TEXT, revoked_by TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (org, id)
) STRICT;
CREATE INDEX api_keys_by_owner ON api_keys (org, owner);
CREATE TABLE api_key_values (
    hash BLOB PRIMARY KEY, org TEXT NOT NULL, id BLOB NOT NULL, owner TEXT NOT NULL, kept_until INTEGER NOT NULL
) STRICT;
";

// Where a leaked key was found.
const LEAK_PLACES: &str = "ALTER TABLE api_keys ADD COLUMN leak_place TEXT;";

// Lists by which others learn of revocations, the orgs that have some, and what may have revoked tokens of theirs and isn't in the lists
// yet. A number of these is never used again.
const STATUS_LISTS: &str = "
CREATE TABLE status_orgs (
    org TEXT NOT NULL PRIMARY KEY, secret BLOB NOT NULL, leased INTEGER NOT NULL, published INTEGER NOT NULL, has_derived INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE status_lists (
    id TEXT NOT NULL PRIMARY KEY, org TEXT NOT NULL, version INTEGER NOT NULL, bits BLOB NOT NULL, jwt TEXT NOT NULL, exp INTEGER NOT NULL
) STRICT;
CREATE TABLE revocations (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL) STRICT;
";

// What clients want to be told of their orgs, and what waits to be told. What is walked through to be forgotten has a rowid.
const EVENT_STREAMS: &str = "
CREATE TABLE event_streams (
    org TEXT NOT NULL, client INTEGER NOT NULL, id BLOB NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (org, client, id)
) STRICT;
CREATE TABLE signals (
    org TEXT NOT NULL, stream BLOB NOT NULL, id BLOB NOT NULL, exp INTEGER NOT NULL, claims TEXT NOT NULL,
    PRIMARY KEY (org, stream, id)
) STRICT;
CREATE TRIGGER event_streams_go_with_their_client AFTER DELETE ON clients BEGIN
    DELETE FROM event_streams WHERE org = OLD.org AND client = OLD.id;
END;
";
