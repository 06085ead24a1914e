//! The audit trail of the local server: the same events as in AWS, as lines of JSON in a file.
//!
//! The store notes each change in the transaction that makes it; they are told after the commit, in order, and forgotten when the
//! lines are written. So each is told at least once, whatever happens in between, and always under the same id.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shared::api::jeton::publish_audit::audit;
use shared::domain::{Clock, Fault};
use shared::platform::capabilities::Auditor;
use shared::platform::events::{Lines, Publish};
use shared::store::ReadChanges as _;
use shared::store::sqlite::{Changes, SqliteStore};

/// So long what was committed is gathered before it is told: one write for many.
const GATHERING: Duration = Duration::from_millis(20);
/// After a failure, such as a full disk, it is tried again after so long.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Tells what the store commits.
#[derive(Clone, Debug)]
pub struct Trail {
    store: Arc<SqliteStore>,
    file: PathBuf,
    is_synced: bool,
    ports: Auditor,
}

impl Trail {
    /// Begins to note what the store commits, to tell it in a file and in other places. Beside the file: whether a line must
    /// survive a power failure before its change is forgotten.
    ///
    /// # Errors
    /// A [`Fault`] if the file or the store can't be written.
    pub fn begin(
        store: Arc<SqliteStore>,
        clock: Arc<dyn Clock>,
        (file, is_synced): (PathBuf, bool),
        others: Vec<Arc<dyn Publish>>,
    ) -> Result<Self, Fault> {
        let lines = AuditFile::open(&file).map_err(|e| Fault::internal("opening the audit file").because(e))?;
        store.keep_changes(clock)?;
        let publish = std::iter::once(Arc::new(Lines::to(lines)) as Arc<dyn Publish>).chain(others).collect();
        Ok(Self { store, file, is_synced, ports: Auditor { changes: Arc::new(Changes), publish } })
    }

    /// Tells what has been committed, and goes on until the task is aborted.
    pub async fn follow(self) {
        loop {
            match self.tell_some().await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => {
                    self.store.committed().await;
                    tokio::time::sleep(GATHERING).await;
                }
                Err(fault) => {
                    tracing::error!(target: "jeton::fault", cause = ?fault, "the audit trail has to wait");
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            }
        }
    }

    /// Tells all that waits. What can't be told now is told after the next start.
    pub async fn finish(&self) {
        while matches!(self.tell_some().await, Ok(true)) {}
    }

    /// Tells the changes that have waited longest. Whether there were any.
    async fn tell_some(&self) -> Result<bool, Fault> {
        let untold = self.store.untold()?;
        let failed = audit(&self.ports, untold.iter().map(|change| &*change.record)).await;
        // What can't be read is in the log, and would hold up all others for ever.
        let unwritten = failed.into_iter().find(|n| untold.get(*n).is_some_and(|change| Changes.change(&change.record).is_ok()));
        let told = &untold[..unwritten.unwrap_or(untold.len())];
        if let Some(last) = told.last() {
            if self.is_synced {
                File::open(&self.file)
                    .and_then(|file| file.sync_data())
                    .map_err(|e| Fault::unavailable("syncing the audit file").because(e))?;
            }
            self.store.forget_told(last.id).await?;
        }
        if unwritten.is_some() { Err(Fault::unavailable("writing the audit file")) } else { Ok(!untold.is_empty()) }
    }
}

/// A file that is only appended to. When it has been moved away, as logrotate does it, a new one is begun with the next line.
#[derive(Debug)]
struct AuditFile {
    path: PathBuf,
    file: File,
}

impl AuditFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file })
    }
}

impl Write for AuditFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mine = self.file.metadata()?;
        let is_there = std::fs::metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino()));
        if !is_there {
            *self = Self::open(&self.path)?;
        }
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
