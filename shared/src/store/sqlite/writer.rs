//! The connection that writes, many operations to a commit. Nothing is answered before it is committed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, slice};

use rusqlite::Connection;
use tokio::sync::{Notify, oneshot};

use super::signal::Signal;
use super::{Error, Result};
use crate::domain::Fault;

/// When the operations that wait are committed, which depends on the durability.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Commit {
    /// There is nothing to commit to, so one transaction lasts for ever. A commit would cost as much as there are pages.
    Never,
    /// As soon as whoever wrote first has let the others write, too. A commit is a write to the system's cache:
    /// to hand it to a thread, and the answers back, costs more than that.
    ByCaller,
    /// When the thread has done the one before: a commit waits for the disk.
    ByThread,
}

/// The connection that writes, and what waits for it.
pub(super) struct Writer {
    commit: Commit,
    connection: Mutex<Connection>,
    /// The operations that wait to be committed. `None` once the writer is closed.
    waiting: Mutex<Option<Vec<Box<dyn Job>>>>,
    committed: AtomicUsize,
    /// Wakes the maintenance thread.
    bell: Sender<Signal>,
    /// Wakes whoever waits for a commit.
    changed: Notify,
}

impl Writer {
    /// Takes over a connection that is prepared for this way of committing.
    pub(super) fn new(connection: Connection, commit: Commit, bell: Sender<Signal>) -> Self {
        let (connection, waiting) = (Mutex::new(connection), Mutex::new(Some(Vec::new())));
        Self { commit, connection, waiting, committed: AtomicUsize::new(0), bell, changed: Notify::new() }
    }

    /// The connection, to read with. What isn't committed can't be seen: nothing is written but while it is locked.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        let connection = self.lock();
        if connection.is_autocommit() {
            // All reads up to the next commit share one transaction: to begin and end one for each costs as much as
            // half of what is read. None gets old, for nobody else writes. If this fails each read has its own.
            let _ = connection.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        }
        connection
    }

    /// The connection while nobody reads or writes.
    pub(super) fn pause(&self) -> MutexGuard<'_, Connection> {
        let connection = self.lock();
        rollback(&connection);
        connection
    }

    /// Runs `op` within a transaction and returns when it is committed. It may run twice, but takes effect once.
    ///
    /// # Errors
    /// [`Fault`] of `op`, of the commit (can be retried), or because the store is closed (can be retried).
    pub(super) async fn write<T, F>(&self, doing: &'static str, op: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        let closed = || Fault::unavailable("writing: the store is closed");
        if self.commit == Commit::Never {
            let outcome = op(&self.lock()).map_err(|e| e.into_fault(doing));
            self.changed.notify_one();
            return outcome;
        }
        let (reply, answer) = oneshot::channel();
        let first = self.line_up(Box::new(Task { doing, op, outcome: None, reply })).ok_or_else(closed)?;
        if self.commit == Commit::ByThread {
            if first {
                self.wake();
            }
        } else {
            let turn = CommitGuard(self);
            tokio::task::yield_now().await;
            drop(turn);
        }
        answer.await.map_err(|_| closed())?
    }

    /// Commits all operations that wait, in one transaction, and answers them.
    pub(super) fn commit(&self) {
        let connection = self.lock();
        // Looked at only now: whoever came while the connection was busy is served, too.
        let Some(mut batch) = self.waiting().as_mut().map(std::mem::take).filter(|batch| !batch.is_empty()) else { return };
        run(&connection, &mut batch);
        drop(connection);
        self.changed.notify_one();
        let before = self.committed.fetch_add(batch.len(), Ordering::Relaxed);
        if before == 0 || (before < CHECKPOINT_AFTER_PAGES && before + batch.len() >= CHECKPOINT_AFTER_PAGES) {
            self.wake();
        }
        for job in batch {
            job.answer();
        }
    }

    /// Sets up the connection while nobody reads or writes.
    pub(super) fn prepare<T>(&self, set_up: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        // The one transaction of a store in memory must never end.
        let connection = if self.commit == Commit::Never { self.lock() } else { self.pause() };
        set_up(&connection)
    }

    /// Waits until something has been committed since the last time.
    pub(super) async fn committed_since(&self) {
        self.changed.notified().await;
    }

    /// Runs `op` at once, in a transaction of its own.
    pub(super) fn transact<T>(&self, op: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = self.lock();
        if self.commit == Commit::Never {
            return op(&connection);
        }
        begin(&connection)?;
        let outcome = op(&connection);
        if outcome.is_ok() {
            end(&connection)?;
        } else {
            rollback(&connection);
        }
        outcome
    }

    /// How many operations were committed since they were counted from nothing.
    pub(super) fn committed(&self) -> usize {
        self.committed.load(Ordering::Relaxed)
    }

    /// Sets the number of committed operations back to zero.
    pub(super) fn forget_committed(&self) {
        self.committed.store(0, Ordering::Relaxed);
    }

    /// Commits what waits, and takes nothing more.
    pub(super) fn close(&self) {
        self.commit();
        drop(self.waiting().take());
    }

    /// Whether this is the first in the line. `None`: closed.
    fn line_up(&self, job: Box<dyn Job>) -> Option<bool> {
        let mut waiting = self.waiting();
        let line = waiting.as_mut()?;
        line.push(job);
        Some(line.len() == 1)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked may have left half a write.
            self.connection.clear_poison();
            let connection = poisoned.into_inner();
            rollback(&connection);
            connection
        })
    }

    fn wake(&self) {
        // Without the thread, which ends when the store is closed, nothing needs to be done.
        let _ = self.bell.send(Signal::Work);
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Vec<Box<dyn Job>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("commit", &self.commit).finish_non_exhaustive()
    }
}

/// After so many operations the log is folded into the data file.
pub(super) const CHECKPOINT_AFTER_PAGES: usize = 2_000;

/// The turn to commit for all, taken even if the caller goes away: what has been lined up is never left lying.
struct CommitGuard<'a>(&'a Writer);

impl Drop for CommitGuard<'_> {
    fn drop(&mut self) {
        self.0.commit();
    }
}

/// An operation that waits for the next commit, without its type.
trait Job: Send {
    /// Runs it within an open transaction. `false`: SQLite failed, and what was done must be undone.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Notes that the commit of its transaction failed.
    fn fail(&mut self, error: &rusqlite::Error);

    /// Hands the outcome to the task that waits for it.
    fn answer(self: Box<Self>);
}

struct Task<T, F> {
    doing: &'static str,
    op: F,
    outcome: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send, F: Fn(&Connection) -> Result<T> + Send> Job for Task<T, F> {
    fn run(&mut self, connection: &Connection) -> bool {
        let outcome = (self.op)(connection);
        let undone = matches!(outcome, Err(Error::Sqlite(_)));
        self.outcome = Some(outcome.map_err(|e| e.into_fault(self.doing)));
        !undone
    }

    fn fail(&mut self, error: &rusqlite::Error) {
        self.outcome = Some(Err(Fault::unavailable("committing to the data file").because(error.to_string())));
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Whoever has gone away doesn't want to know.
            let _ = self.reply.send(outcome);
        }
    }
}

/// Runs all in one transaction. If one fails each gets a transaction of its own.
fn run(connection: &Connection, jobs: &mut [Box<dyn Job>]) {
    match together(connection, jobs) {
        Ok(false) if jobs.len() > 1 => jobs.iter_mut().for_each(|job| run(connection, slice::from_mut(job))),
        Ok(_) => {}
        Err(error) => jobs.iter_mut().for_each(|job| job.fail(&error)),
    }
}

/// Runs all in one transaction, or none if one fails.
fn together(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<bool> {
    begin(connection)?;
    let good = jobs.iter_mut().all(|job| job.run(connection));
    if good {
        end(connection)?;
    } else {
        rollback(connection);
    }
    Ok(good)
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    rollback(connection);
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

fn end(connection: &Connection) -> rusqlite::Result<()> {
    let committed = connection.prepare_cached("COMMIT")?.execute([]).map(drop);
    if committed.is_err() {
        rollback(connection);
    }
    committed
}

/// Ends the transaction that is open, be it of the readers. After some errors SQLite has done so by itself.
fn rollback(connection: &Connection) {
    if !connection.is_autocommit() {
        let _ = connection.prepare_cached("ROLLBACK").and_then(|mut rollback| rollback.execute([]));
    }
}
