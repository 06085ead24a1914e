//! The threads that look after the data file: one copies the log into it and forgets what has expired; where a commit waits for the disk,
//! another one commits.

use std::fmt;
use std::fs::File;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Row};
use tokio::sync::oneshot;

use super::Result;
use super::signal::Signal;
use super::sweep::Sweep;
use super::writer::{CHECKPOINT_AFTER_OPERATIONS, Commit, Writer};
use crate::domain::Fault;

/// The threads, as long as the store lives.
pub(super) struct Maintenance {
    bell: Sender<Signal>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Maintenance {
    /// Starts the threads. There is a `checkpointer` if there is a file.
    ///
    /// # Errors
    /// A [`Fault`] if the system has no thread to give.
    pub(super) fn start(
        writer: Arc<Writer>,
        checkpointer: Option<Checkpointer>,
        sweep: Sweep,
        (bell, bells): (Sender<Signal>, Receiver<Signal>),
    ) -> Result<Self, Fault> {
        let mut threads = Vec::new();
        if writer.commit_mode() == Commit::ByThread {
            let writer = Arc::clone(&writer);
            threads.push(spawn("commits", move || writer.commit_until_closed())?);
        }
        let mut watch = MaintenanceLoop { writer, checkpointer, checkpoint_at: None, sweep };
        threads.push(spawn("store", move || watch.run(&bells))?);
        Ok(Self { bell, threads: Mutex::new(threads) })
    }

    pub(super) async fn sweep(&self) -> Result<usize, Fault> {
        let closed = || Fault::unavailable("forgetting what has expired: the store is closed");
        let (reply, answer) = oneshot::channel();
        self.bell.send(Signal::Sweep(reply)).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Ends the threads when they have written what was handed over before.
    pub(super) fn close(&self) {
        let _ = self.bell.send(Signal::Close);
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maintenance").finish_non_exhaustive()
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.close();
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(work);
    thread.map_err(|e| Fault::internal("starting a thread of the store").because(e))
}

struct MaintenanceLoop {
    writer: Arc<Writer>,
    checkpointer: Option<Checkpointer>,
    checkpoint_at: Option<Instant>,
    sweep: Sweep,
}

impl MaintenanceLoop {
    fn run(&mut self, bells: &Receiver<Signal>) {
        loop {
            match bells.recv_timeout(self.due_in()) {
                Ok(Signal::Work) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Signal::Sweep(reply)) => {
                    let swept = self.sweep.all(&self.writer);
                    let _ = reply.send(swept.map_err(|e| e.into_fault("forgetting what has expired")));
                }
                Ok(Signal::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.checkpoint_is_due() {
                self.writer.forget_committed();
                self.checkpoint_at = None;
                warn(self.checkpoint());
            }
            if self.sweep.due_in().is_zero() {
                warn(self.sweep.step(&self.writer));
            }
        }
        self.writer.close();
        if let Some(checkpointer) = &self.checkpointer {
            let _pause = self.writer.pause();
            // What can't be copied now is copied when the file is next opened.
            warn(checkpointer.empty_log());
        }
    }

    fn due_in(&self) -> Duration {
        let checkpoint_in = self.checkpoint_at.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
        self.sweep.due_in().min(checkpoint_in)
    }

    /// The log is copied after much was written, or a little after something was.
    fn checkpoint_is_due(&mut self) -> bool {
        let committed = self.writer.committed();
        if self.checkpointer.is_none() || committed == 0 {
            return false;
        }
        let now = Instant::now();
        committed >= CHECKPOINT_AFTER_OPERATIONS || *self.checkpoint_at.get_or_insert(now + CHECKPOINT_WITHIN) <= now
    }

    /// Copies the log into the data file, while others read and write.
    fn checkpoint(&self) -> Result<()> {
        let Some(checkpointer) = &self.checkpointer else { return Ok(()) };
        let mut left = i64::MAX;
        loop {
            // What is being read isn't copied: the reads by the connection that writes share a transaction, which ends here.
            drop(self.writer.pause());
            let copy = checkpointer.copy()?;
            if copy.log_pages <= MAX_LOG_PAGES {
                return Ok(());
            }
            // Again, as long as that brings it nearer to the end, so that little is left for the pause.
            if copy.left() <= SHORT_COPY_PAGES || copy.left() >= left {
                break;
            }
            left = copy.left();
        }
        // The log begins anew only when all of it has been copied, and is on the disk: without a pause of the writer that may never be so.
        // What takes long of it comes before the pause, and what was written in that time is copied, too.
        checkpointer.sync_data_file()?;
        checkpointer.copy()?;
        let _pause = self.writer.pause();
        checkpointer.copy().map(drop)
    }
}

/// Copies the log into the data file.
pub(super) struct Checkpointer {
    connection: Connection,
    data_file: Arc<File>,
}

impl Checkpointer {
    /// Makes one of a connection of its own, and of the data file, which must stay open for longer than every connection.
    pub(super) fn new(connection: Connection, data_file: Arc<File>) -> Self {
        Self { connection, data_file }
    }

    /// Copies as much of the log as can be copied while others read and write. If that is all of it, waits until it is on the disk.
    fn copy(&self) -> Result<Copy> {
        let copied = |row: &Row<'_>| Ok(Copy { log_pages: row.get(1)?, copied_pages: row.get(2)? });
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], copied)?)
    }

    /// Copies all of the log while nobody reads or writes, and makes it empty.
    fn empty_log(&self) -> Result<()> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    /// Waits until what was copied is on the disk.
    fn sync_data_file(&self) -> Result<()> {
        let synced = self.data_file.sync_data();
        Ok(synced.map_err(|e| Fault::internal("writing the data file to the disk").because(e))?)
    }
}

/// What came of copying the log into the data file.
struct Copy {
    log_pages: i64,
    copied_pages: i64,
}

impl Copy {
    fn left(&self) -> i64 {
        self.log_pages - self.copied_pages
    }
}

fn warn(outcome: Result<()>) {
    if let Err(trouble) = outcome {
        tracing::warn!(?trouble, "the data file can't be tidied up");
    }
}

/// What was written is in the data file, and so safe from a power failure at [`Durability::Normal`](super::Durability), after so long.
const CHECKPOINT_WITHIN: Duration = Duration::from_secs(1);

/// The longest log that may grow without a pause of the writer, in pages of 4 KiB: 32 MB.
const MAX_LOG_PAGES: i64 = 8_000;

/// What a pause of the writer may copy, in pages of 4 KiB: 1 MB, a millisecond.
const SHORT_COPY_PAGES: i64 = 250;

/// The size of a thread's stack: SQLite needs little.
const STACK_BYTES: usize = 512 * 1024;
