//! The connection that writes, many operations to a commit. Nothing is answered before it is committed.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::{fmt, slice, thread};

use rusqlite::Connection;
use tokio::sync::{Notify, oneshot};

use super::directory_cache::DirectoryCache;
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
    /// When a thread of its own has done the one before: a commit waits for the disk.
    ByThread,
}

/// The connection that writes, and what waits for it.
pub(super) struct Writer {
    commit: Commit,
    connection: Mutex<Connection>,
    /// Whether the connection is paused, or about to be: then nobody waits for it on a thread that serves others, too.
    is_paused: AtomicBool,
    /// The operations that wait to be committed. `None` once the writer is closed.
    waiting: Mutex<Option<Vec<Box<dyn Job>>>>,
    /// Wakes the thread that commits, if there is one.
    lined_up: Condvar,
    committed: AtomicUsize,
    /// Wakes the maintenance thread.
    bell: Sender<Signal>,
    /// Wakes whoever waits for a commit.
    changed: Notify,
    /// Is told when whatever was written is committed.
    directory: Arc<DirectoryCache>,
}

impl Writer {
    /// Takes over a connection that is prepared for this way of committing.
    pub(super) fn new(connection: Connection, commit: Commit, bell: Sender<Signal>, directory: Arc<DirectoryCache>) -> Self {
        Self {
            commit,
            connection: Mutex::new(connection),
            is_paused: AtomicBool::new(false),
            waiting: Mutex::new(Some(Vec::new())),
            lined_up: Condvar::new(),
            committed: AtomicUsize::new(0),
            bell,
            changed: Notify::new(),
            directory,
        }
    }

    /// Returns when the operations that wait are committed.
    pub(super) fn commit_mode(&self) -> Commit {
        self.commit
    }

    /// Returns the connection, to read with. What isn't committed can't be seen: nothing is written but while it is locked.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        Self::to_read(self.lock())
    }

    /// Returns what [`connection`](Self::connection) does. `None`: it is paused.
    pub(super) fn connection_unless_paused(&self) -> Option<MutexGuard<'_, Connection>> {
        self.lock_unless_paused().map(Self::to_read)
    }

    fn to_read(connection: MutexGuard<'_, Connection>) -> MutexGuard<'_, Connection> {
        if connection.is_autocommit() {
            // All reads up to the next commit share one transaction: to begin and end one for each costs as much as
            // half of what is read. None gets old, for nobody else writes. If this fails each read has its own.
            let _ = connection.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        }
        connection
    }

    /// Holds the connection while nobody reads or writes by it. Whoever comes meanwhile is told so, instead of waiting on a thread that serves
    /// others, too; what is lined up meanwhile is committed at the end.
    pub(super) fn pause(&self) -> Pause<'_> {
        self.is_paused.store(true, Ordering::SeqCst);
        let connection = self.lock();
        rollback(&connection);
        Pause { connection, _end: PauseEnd(self) }
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
            self.directory.settle();
            self.changed.notify_one();
            return outcome;
        }
        let (reply, answer) = oneshot::channel();
        self.line_up(Box::new(Task { doing, op, outcome: None, reply })).ok_or_else(closed)?;
        if self.commit == Commit::ByCaller {
            let turn = CommitGuard(self);
            tokio::task::yield_now().await;
            drop(turn);
        }
        answer.await.map_err(|_| closed())?
    }

    /// Commits whatever is lined up, until the writer is closed: the work of a thread of its own.
    pub(super) fn commit_until_closed(&self) {
        loop {
            let is_idle = |waiting: &mut Option<Vec<_>>| waiting.as_ref().is_some_and(Vec::is_empty);
            let waiting = self.lined_up.wait_while(self.waiting(), is_idle).unwrap_or_else(PoisonError::into_inner);
            if waiting.is_none() {
                return;
            }
            drop(waiting);
            self.commit();
        }
    }

    /// Commits all operations that wait, in one transaction, and answers them.
    fn commit(&self) {
        self.commit_by(self.lock());
    }

    fn commit_by(&self, connection: MutexGuard<'_, Connection>) {
        // Looked at only now: whoever came while the connection was busy is served, too.
        let Some(mut batch) = self.waiting().as_mut().map(std::mem::take).filter(|batch| !batch.is_empty()) else { return };
        run(&connection, &mut batch);
        drop(connection);
        self.directory.settle();
        self.changed.notify_one();
        let before = self.committed.fetch_add(batch.len(), Ordering::Relaxed);
        let is_crossed = before < CHECKPOINT_AFTER_OPERATIONS && before + batch.len() >= CHECKPOINT_AFTER_OPERATIONS;
        if before == 0 || is_crossed {
            // Without the thread, which ends when the store is closed, nothing needs to be done.
            let _ = self.bell.send(Signal::Work);
        }
        for job in batch {
            job.answer();
        }
    }

    /// Sets up the connection while nobody reads or writes.
    pub(super) fn prepare<T>(&self, set_up: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        // The one transaction of a store in memory must never end.
        if self.commit == Commit::Never { set_up(&self.lock()) } else { set_up(&self.pause()) }
    }

    /// Waits until something has been committed since the last time.
    pub(super) async fn committed_since(&self) {
        self.changed.notified().await;
    }

    /// Runs `op` at once, in a transaction of its own.
    pub(super) fn transact<T>(&self, op: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.commit == Commit::Never {
            let outcome = op(&self.lock());
            self.directory.settle();
            return outcome;
        }
        let connection = self.pause();
        begin(&connection)?;
        let outcome = op(&connection).and_then(|done| end(&connection).map(|()| done).map_err(Into::into));
        rollback(&connection);
        self.directory.settle();
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
        self.lined_up.notify_all();
    }

    /// Lines up an operation for the next commit. `None`: closed.
    fn line_up(&self, job: Box<dyn Job>) -> Option<()> {
        self.waiting().as_mut()?.push(job);
        self.lined_up.notify_one();
        Some(())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(|poisoned| self.recover(poisoned))
    }

    /// Waits for the connection while another thread reads or commits by it, which takes microseconds. `None`: it is paused.
    fn lock_unless_paused(&self) -> Option<MutexGuard<'_, Connection>> {
        loop {
            match self.connection.try_lock() {
                Ok(connection) => return Some(connection),
                Err(TryLockError::Poisoned(poisoned)) => return Some(self.recover(poisoned)),
                Err(TryLockError::WouldBlock) if self.is_paused.load(Ordering::SeqCst) => return None,
                Err(TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
    }

    /// Whoever panicked may have left half a write.
    fn recover<'a>(&'a self, poisoned: PoisonError<MutexGuard<'a, Connection>>) -> MutexGuard<'a, Connection> {
        self.connection.clear_poison();
        let connection = poisoned.into_inner();
        rollback(&connection);
        connection
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

/// After so many operations the log is copied into the data file.
pub(super) const CHECKPOINT_AFTER_OPERATIONS: usize = 2_000;

/// The connection that writes, while nobody reads or writes by it.
pub(super) struct Pause<'a> {
    // In this order: the connection is let go of first.
    connection: MutexGuard<'a, Connection>,
    _end: PauseEnd<'a>,
}

impl Deref for Pause<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// Ends a pause once the connection is free.
struct PauseEnd<'a>(&'a Writer);

impl Drop for PauseEnd<'_> {
    fn drop(&mut self) {
        // In this order: whoever has lined up and still sees the pause leaves the commit to the line after this one.
        self.0.is_paused.store(false, Ordering::SeqCst);
        self.0.commit();
    }
}

/// The turn to commit for all, taken even if the caller goes away: what has been lined up is never left lying.
struct CommitGuard<'a>(&'a Writer);

impl Drop for CommitGuard<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.lock_unless_paused() {
            self.0.commit_by(connection);
        }
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
