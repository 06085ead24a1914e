//! Forgets what has expired long ago. Nothing that decides relies on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Result;
use super::writer::Writer;
use crate::domain::{Clock, Seconds, Timestamp};

/// Walks through the tables little by little, again and again: an index by expiry would cost at every mint.
#[derive(Debug)]
pub(super) struct Sweep {
    clock: Arc<dyn Clock>,
    next: Instant,
    table: usize,
    /// Rows up to this one have been looked at.
    position: i64,
}

impl Sweep {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, next: Instant::now() + FIRST_DELAY, table: 0, position: 0 }
    }

    /// How long until there is something to do.
    pub(super) fn due_in(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Looks at the next rows, and deletes those of them that expired long ago.
    ///
    /// # Errors
    /// SQLite's; the walk goes on from the same row after a while.
    pub(super) fn step(&mut self, writer: &Writer) -> Result<()> {
        let looked = writer.transact(|c| self.some(c));
        let done = !matches!(looked, Ok((_, false)));
        self.next = Instant::now() + if done { CYCLE_DELAY } else { STEP_DELAY };
        looked.map(drop)
    }

    /// Looks at all rows of all tables at once, and returns how many were deleted.
    pub(super) fn all(&mut self, writer: &Writer) -> Result<usize> {
        (self.table, self.position) = (0, 0);
        let mut total = 0;
        loop {
            let (deleted, done) = writer.transact(|c| self.some(c))?;
            total += deleted;
            if done {
                return Ok(total);
            }
        }
    }

    /// Looks at some rows: how many were deleted, and whether they were the last of the last table.
    fn some(&mut self, connection: &Connection) -> Result<(usize, bool)> {
        let before = self.clock.now().minus(KEPT_AFTER_EXPIRY);
        let (deleted, last) = TABLES[self.table](connection, self.position, before)?;
        if let Some(last) = last {
            self.position = last;
            return Ok((deleted, false));
        }
        self.table = (self.table + 1) % TABLES.len();
        self.position = 0;
        Ok((deleted, self.table == 0))
    }
}

/// Deletes of the next rows after a position those that nobody has needed since before a moment: how many, and the last row, if there are more.
type Table = fn(&Connection, i64, Timestamp) -> Result<(usize, Option<i64>)>;

/// A table whose rows are walked through.
macro_rules! walked {
    ($table:literal, $until:literal) => {
        |c, after, before| {
            let select = concat!("SELECT rowid, ", $until, " FROM ", $table, " WHERE rowid > ?1 LIMIT ?2");
            rows(c, select, concat!("DELETE FROM ", $table, " WHERE rowid = ?1"), after, before)
        }
    };
}

const TABLES: &[Table] = &[
    walked!("tokens", "coalesce(needed_until, exp)"),
    walked!("families", "needed_until"),
    walked!("aliases", "exp"),
    walked!("tickets", "exp"),
    walked!("authorizations", "kept_until"),
    walked!("logouts", "exp"),
    walked!("person_grants", "kept_until"),
    walked!("user_codes", "exp"),
    walked!("client_documents", "kept_until"),
    walked!("api_keys", "kept_until"),
    walked!("api_key_values", "kept_until"),
    walked!("uses", "exp"),
    walked!("counts", "exp"),
    walked!("clients", "exp"),
    walked!("batches", "exp"),
    walked!("signals", "exp"),
    |c, _, before| marks(c, before),
];

fn rows(c: &Connection, select: &str, delete: &str, after: i64, before: Timestamp) -> Result<(usize, Option<i64>)> {
    let mut seen = 0;
    let mut position = after;
    let mut expired = Vec::new();
    let mut statement = c.prepare_cached(select)?;
    let mut rows = statement.query((after, LOOKED_AT))?;
    while let Some(row) = rows.next()? {
        seen += 1;
        position = row.get(0)?;
        if row.get::<_, Option<i64>>(1)?.is_some_and(|exp| exp < before.as_ms()) {
            expired.push(position);
            if expired.len() == DELETED {
                break;
            }
        }
    }
    let mut delete = c.prepare_cached(delete)?;
    for row in &expired {
        delete.execute([row])?;
    }
    let more = seen == LOOKED_AT || expired.len() == DELETED;
    Ok((expired.len(), more.then_some(position)))
}

/// There are few marks: one for each set that was ever revoked.
fn marks(c: &Connection, before: Timestamp) -> Result<(usize, Option<i64>)> {
    Ok((c.prepare_cached("DELETE FROM marks WHERE exp < ?1")?.execute([before.as_ms()])?, None))
}

/// Records are kept so long after their end.
const KEPT_AFTER_EXPIRY: Seconds = Seconds::DAY;

const FIRST_DELAY: Duration = Duration::from_mins(1);
/// From the end of one walk to the next.
const CYCLE_DELAY: Duration = Duration::from_hours(1);
/// From one step of a walk to the next.
const STEP_DELAY: Duration = Duration::from_millis(50);
/// Most rows that one step looks at: half a millisecond.
const LOOKED_AT: i64 = 1_000;
/// Most rows that one step deletes: some milliseconds.
const DELETED: usize = 250;
