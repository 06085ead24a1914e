//! The one thread that writes, many operations to a commit.

use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::sweep::Sweep;
use super::{Outcome, Shared, Trouble};
use crate::domain::Fault;

/// Hands operations to the thread. In memory they run on the calling task, and the thread only sweeps.
pub(super) struct Writer {
    inline: Option<Arc<Shared>>,
    messages: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// A writer with a connection of its own.
    pub(super) fn with_own(connection: Connection, sweep: Sweep) -> Result<Self, Fault> {
        Self::start(None, move |messages| {
            Thread { messages, sweep }.run(&connection);
            // What can't be folded now is folded when the file is opened again.
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        })
    }

    /// A writer that shares the only connection with the readers.
    pub(super) fn with_shared(shared: Arc<Shared>, sweep: Sweep) -> Result<Self, Fault> {
        Self::start(Some(Arc::clone(&shared)), move |messages| Thread { messages, sweep }.run(&*shared))
    }

    fn start(inline: Option<Arc<Shared>>, run: impl FnOnce(Receiver<Message>) + Send + 'static) -> Result<Self, Fault> {
        let (messages, inbox) = mpsc::channel();
        let thread = thread::Builder::new().name("store-writer".into()).stack_size(STACK).spawn(move || run(inbox));
        let thread = thread.map_err(|e| Fault::internal("starting the writer").because(e))?;
        Ok(Self { inline, messages, thread: Mutex::new(Some(thread)) })
    }

    /// Runs `op` within a transaction and returns when it is committed. It may run twice, but takes effect once.
    pub(super) async fn write<T, F>(&self, doing: &'static str, op: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Outcome<T> + Send + 'static,
    {
        if let Some(shared) = &self.inline {
            return alone(&shared.first(), op).map_err(|e| e.into_fault(doing));
        }
        let (reply, answer) = oneshot::channel();
        self.send(Message::Job(Box::new(Task { doing, op, outcome: None, reply })), answer).await
    }

    /// Forgets what may be forgotten.
    pub(super) async fn sweep(&self) -> Result<usize, Fault> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Sweep(reply), answer).await
    }

    /// Ends the thread when it has written what was handed to it before.
    pub(super) fn close(&self) {
        let _ = self.messages.send(Message::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    async fn send<T>(&self, message: Message, answer: oneshot::Receiver<Result<T, Fault>>) -> Result<T, Fault> {
        let closed = || Fault::unavailable("writing: the store is closed");
        self.messages.send(message).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

enum Message {
    Job(Box<dyn Job>),
    Sweep(oneshot::Sender<Result<usize, Fault>>),
    Close,
}

/// An operation on its way through the thread.
trait Job: Send {
    /// Runs it within an open transaction. `false`: it failed, and what it did must be undone.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells the caller what came out, or that the commit failed.
    fn answer(self: Box<Self>, failure: Option<&rusqlite::Error>);
}

struct Task<T, F> {
    doing: &'static str,
    op: F,
    outcome: Option<Outcome<T>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send, F: Fn(&Connection) -> Outcome<T> + Send> Job for Task<T, F> {
    fn run(&mut self, connection: &Connection) -> bool {
        self.outcome.insert((self.op)(connection)).is_ok()
    }

    fn answer(self: Box<Self>, failure: Option<&rusqlite::Error>) {
        let outcome = match (self.outcome, failure) {
            (Some(Err(trouble)), _) => Err(trouble.into_fault(self.doing)),
            (Some(Ok(value)), None) => Ok(value),
            (Some(Ok(_)) | None, Some(failure)) => {
                Err(Fault::unavailable("committing to the data file").because(failure.to_string()))
            }
            (None, None) => Err(Fault::internal(self.doing)),
        };
        // Whoever has gone away doesn't want to know.
        let _ = self.reply.send(outcome);
    }
}

/// How the thread gets at the connection: it is its own, or it locks the one that all share.
trait Access {
    fn with<T>(&self, run: impl FnOnce(&Connection) -> T) -> T;
}

impl Access for Connection {
    fn with<T>(&self, run: impl FnOnce(&Connection) -> T) -> T {
        run(self)
    }
}

impl Access for Shared {
    fn with<T>(&self, run: impl FnOnce(&Connection) -> T) -> T {
        run(&self.first())
    }
}

struct Thread {
    messages: Receiver<Message>,
    sweep: Sweep,
}

impl Thread {
    fn run(mut self, access: &impl Access) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut open = true;
        while open {
            open = match self.messages.recv_timeout(self.sweep.due_in()) {
                Ok(first) => self.collect(first, &mut batch, access),
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => false,
            };
            if !batch.is_empty() {
                access.with(|c| commit(c, &mut batch));
            }
            if self.sweep.due_in().is_zero() {
                access.with(|c| self.sweep.step(c));
            }
        }
    }

    /// Adds all that is waiting to `batch`, up to a limit. Whether more may come.
    fn collect(&mut self, first: Message, batch: &mut Vec<Box<dyn Job>>, access: &impl Access) -> bool {
        let mut next = Ok(first);
        loop {
            match next {
                Ok(Message::Job(job)) => batch.push(job),
                Ok(Message::Sweep(reply)) => {
                    let swept = access.with(|c| self.sweep.all(c));
                    let _ = reply.send(swept.map_err(|e| e.into_fault("forgetting what has expired")));
                }
                Err(TryRecvError::Empty) => return true,
                Ok(Message::Close) | Err(TryRecvError::Disconnected) => return false,
            }
            if batch.len() == BATCH {
                return true;
            }
            next = self.messages.try_recv();
        }
    }
}

/// Runs all of `batch` in one transaction, and answers. If one fails each gets a transaction of its own.
fn commit(connection: &Connection, batch: &mut Vec<Box<dyn Job>>) {
    if let Err(failure) = begin(connection) {
        return answer(batch, Some(&failure));
    }
    if batch.iter_mut().all(|job| job.run(connection)) {
        let committed = end(connection);
        return answer(batch, committed.as_ref().err());
    }
    rollback(connection);
    for mut job in batch.drain(..) {
        let failure = begin(connection).err();
        if failure.is_some() {
            job.answer(failure.as_ref());
        } else if job.run(connection) {
            let committed = end(connection);
            job.answer(committed.as_ref().err());
        } else {
            rollback(connection);
            job.answer(None);
        }
    }
}

fn answer(batch: &mut Vec<Box<dyn Job>>, failure: Option<&rusqlite::Error>) {
    batch.drain(..).for_each(|job| job.answer(failure));
}

/// Runs `op` in a transaction of its own.
pub(super) fn alone<T>(connection: &Connection, op: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    begin(connection)?;
    match op(connection) {
        Ok(value) => end(connection).map(|()| value).map_err(Trouble::Sqlite),
        Err(trouble) => {
            rollback(connection);
            Err(trouble)
        }
    }
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    if !connection.is_autocommit() {
        // Left open by a panic.
        rollback(connection);
    }
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

fn end(connection: &Connection) -> rusqlite::Result<()> {
    let committed = connection.prepare_cached("COMMIT")?.execute([]).map(drop);
    if committed.is_err() {
        rollback(connection);
    }
    committed
}

fn rollback(connection: &Connection) {
    // After some errors SQLite has rolled back by itself; then there is nothing to undo, and this fails.
    let _ = connection.execute_batch("ROLLBACK");
}

/// Most operations in one commit: what makes the last wait for the first, in milliseconds, stays small.
const BATCH: usize = 256;

/// SQLite needs little.
const STACK: usize = 512 * 1024;
