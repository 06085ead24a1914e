//! The thread that keeps the data file: it commits where that waits for the disk, folds the log, forgets what has expired.

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Result;
use super::signal::Signal;
use super::sweep::Sweep;
use super::writer::{CHECKPOINT_AFTER_PAGES, Writer};
use crate::domain::Fault;

/// The thread, as long as the store lives.
pub(super) struct Maintenance {
    bell: Sender<Signal>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Maintenance {
    /// Starts the thread. `fold` is the connection that copies the log into the data file, if there is a file.
    ///
    /// # Errors
    /// [`Fault`] when the system has no thread to give.
    pub(super) fn start(
        writer: Arc<Writer>,
        fold: Option<Connection>,
        sweep: Sweep,
        (bell, bells): (Sender<Signal>, Receiver<Signal>),
    ) -> Result<Self, Fault> {
        let mut watch = MaintenanceLoop { writer, fold, checkpoint_at: None, sweep };
        let thread = thread::Builder::new().name("store".into()).stack_size(STACK).spawn(move || watch.run(&bells));
        let thread = thread.map_err(|e| Fault::internal("starting the thread of the store").because(e))?;
        Ok(Self { bell, thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn sweep(&self) -> Result<usize, Fault> {
        let closed = || Fault::unavailable("forgetting what has expired: the store is closed");
        let (reply, answer) = oneshot::channel();
        self.bell.send(Signal::Sweep(reply)).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Ends the thread when it has written what was handed over before.
    pub(super) fn close(&self) {
        let _ = self.bell.send(Signal::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.close();
    }
}

struct MaintenanceLoop {
    writer: Arc<Writer>,
    fold: Option<Connection>,
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
            self.writer.commit();
            if self.fold_is_due() {
                self.writer.forget_committed();
                self.checkpoint_at = None;
                warn(self.checkpoint());
            }
            if self.sweep.due_in().is_zero() {
                warn(self.sweep.step(&self.writer));
            }
        }
        self.writer.close();
        if let Some(fold) = &self.fold {
            let _pause = self.writer.pause();
            // What can't be folded now is folded when the file is next opened.
            warn(fold.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(Into::into));
        }
    }

    fn due_in(&self) -> Duration {
        let checkpoint_in = self.checkpoint_at.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
        self.sweep.due_in().min(checkpoint_in)
    }

    /// The log is folded after much was written, or a little after something was.
    fn fold_is_due(&mut self) -> bool {
        let committed = self.writer.committed();
        if self.fold.is_none() || committed == 0 {
            return false;
        }
        let now = Instant::now();
        committed >= CHECKPOINT_AFTER_PAGES || *self.checkpoint_at.get_or_insert(now + FOLD_WITHIN) <= now
    }

    /// Copies the log into the data file, while others read and write.
    fn checkpoint(&self) -> Result<()> {
        let Some(fold) = &self.fold else { return Ok(()) };
        let copy = || fold.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
        // What is being read isn't copied.
        drop(self.writer.pause());
        if copy()? > MAX_LOG_PAGES {
            // The log begins anew only when all of it has been copied: without a pause of the writer that may never be so.
            let _pause = self.writer.pause();
            copy()?;
        }
        Ok(())
    }
}

fn warn(outcome: Result<()>) {
    if let Err(trouble) = outcome {
        tracing::warn!(?trouble, "the data file can't be tidied up");
    }
}

/// What was written is in the data file, and so safe from a power failure at [`Durability::Normal`](super::Durability), after so long.
const FOLD_WITHIN: Duration = Duration::from_secs(1);

/// The longest log that may grow without a pause of the writer, in pages of 4 KiB: 32 MB.
const MAX_LOG_PAGES: i64 = 8_000;

/// The size of the thread's stack, in bytes: SQLite needs little.
const STACK: usize = 512 * 1024;
