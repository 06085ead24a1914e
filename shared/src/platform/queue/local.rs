//! A queue within the process: a folder with a file for each message, and a task that works on them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Enqueue;
use crate::domain::{Entropy, Fault, Timestamp, TokenId};

/// Works on one message. It will come again after a fault.
pub type Work = Arc<dyn Fn(String) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync>;

/// Keeps each message in a file until it has been worked on, so that none is lost with the process.
pub struct LocalQueue {
    folder: PathBuf,
    entropy: Arc<dyn Entropy>,
    bell: UnboundedSender<PathBuf>,
}

impl LocalQueue {
    /// A queue in this folder, which only its owner can read, and what is still waiting there from before. Who is to work on the
    /// messages is said [later](Waiting::work).
    pub fn open(folder: &Path, entropy: Arc<dyn Entropy>) -> Result<(Self, Waiting), Fault> {
        let failed = |error| fault("opening the queue", folder, &error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let (bell, bells) = unbounded_channel();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                let _ = bell.send(path);
            }
        }
        Ok((Self { folder: folder.to_owned(), entropy, bell }, Waiting { bells }))
    }

    fn keep(&self, message: &str) -> Result<PathBuf, Fault> {
        let name = TokenId::generate(Timestamp::from_ms(0), None, &*self.entropy)?;
        let (path, fresh) = (self.folder.join(format!("{name}.{ENDING}")), self.folder.join(format!("{name}.new")));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).and_then(|mut file| {
            file.write_all(message.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        });
        written.map_err(|error| fault("writing a message", &path, &error)).map(|()| path)
    }
}

impl std::fmt::Debug for LocalQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalQueue").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[async_trait]
impl Enqueue for LocalQueue {
    async fn enqueue(&self, messages: &[String]) -> Result<(), Fault> {
        for message in messages {
            let path = self.keep(message)?;
            // Without a worker it waits for the next start.
            let _ = self.bell.send(path);
        }
        Ok(())
    }
}

/// The messages that wait.
#[derive(Debug)]
pub struct Waiting {
    bells: UnboundedReceiver<PathBuf>,
}

impl Waiting {
    /// Works on one message after the other, as long as the queue is there. One that fails comes again, later and later.
    pub async fn work(mut self, work: Work) {
        while let Some(path) = self.bells.recv().await {
            let mut pause = Duration::from_millis(100);
            loop {
                match one(&path, &work).await {
                    Ok(()) => break,
                    Err(fault) if fault.can_retry() => {
                        crate::telemetry::log_fault("queue", &fault);
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(MAX_RETRY_DELAY);
                    }
                    // It is kept for who looks after it, and doesn't hold up the others.
                    Err(fault) => {
                        crate::telemetry::log_fault("queue", &fault);
                        let _ = fs::rename(&path, path.with_extension("failed"));
                        break;
                    }
                }
            }
        }
    }
}

async fn one(path: &Path, work: &Work) -> Result<(), Fault> {
    let message = match fs::read_to_string(path) {
        Ok(message) => message,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fault("reading a message", path, &error)),
    };
    work(message).await?;
    fs::remove_file(path).map_err(|error| fault("removing a message", path, &error))
}

const ENDING: &str = "message";
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

fn fault(doing: &'static str, path: &Path, error: &io::Error) -> Fault {
    Fault::internal(doing).because(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::Seeded;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("jeton-queue-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn noting(seen: &Arc<Mutex<Vec<String>>>, failures: usize) -> Work {
        let (seen, left) = (Arc::clone(seen), Arc::new(Mutex::new(failures)));
        Arc::new(move |message| {
            let (seen, left) = (Arc::clone(&seen), Arc::clone(&left));
            Box::pin(async move {
                let mut left = left.lock().unwrap();
                if *left > 0 {
                    *left -= 1;
                    return Err(Fault::unavailable("a test"));
                }
                seen.lock().unwrap().push(message);
                Ok(())
            })
        })
    }

    #[tokio::test]
    async fn a_message_that_fails_comes_again_and_none_is_lost_with_the_process() {
        let folder = folder("again");
        let (queue, waiting) = LocalQueue::open(&folder, Arc::new(Seeded::new(1))).unwrap();
        queue.enqueue(&["a".to_owned(), "b".to_owned()]).await.unwrap();
        // The process ends before anyone has worked on them.
        drop((queue, waiting));
        let (queue, waiting) = LocalQueue::open(&folder, Arc::new(Seeded::new(2))).unwrap();
        queue.enqueue(&["c".to_owned()]).await.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        drop(queue);
        waiting.work(noting(&seen, 2)).await;
        let mut seen = seen.lock().unwrap().clone();
        seen.sort_unstable();
        assert_eq!(seen, ["a", "b", "c"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(&folder).unwrap();
    }
}
