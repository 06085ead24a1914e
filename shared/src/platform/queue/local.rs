//! The queue of the local server: a table of its data file, and a task that works on the messages.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Enqueue;
use crate::domain::Fault;
use crate::store::sqlite::{MessageId, SqliteStore};

/// Works on one message. After a fault that can be retried the message comes again.
pub type Work = Arc<dyn Fn(String) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync>;

/// Stores each message until it has been worked on. What was handed over is as durable as everything else in the data file.
#[derive(Debug)]
pub struct LocalQueue {
    store: Arc<SqliteStore>,
    sender: UnboundedSender<MessageId>,
}

impl LocalQueue {
    /// Opens the queue in a data file, with the messages that still wait there. The [`Worker`] is to be started by the caller.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be read.
    pub fn open(store: Arc<SqliteStore>) -> Result<(Self, Worker), Fault> {
        let (sender, receiver) = unbounded_channel();
        for id in store.waiting_messages()? {
            let _ = sender.send(id);
        }
        Ok((Self { store: Arc::clone(&store), sender }, Worker { store, receiver }))
    }
}

#[async_trait]
impl Enqueue for LocalQueue {
    async fn enqueue(&self, messages: &[String]) -> Result<(), Fault> {
        for id in self.store.put_messages(messages).await? {
            // Without a worker it waits for the next start.
            let _ = self.sender.send(id);
        }
        Ok(())
    }
}

/// Works on the messages of a [`LocalQueue`].
#[derive(Debug)]
pub struct Worker {
    store: Arc<SqliteStore>,
    receiver: UnboundedReceiver<MessageId>,
}

impl Worker {
    /// Works on one message after the other until the queue is dropped and empty. A message that fails is tried again after a
    /// delay, which doubles from 100 milliseconds to 30 seconds.
    pub async fn run(mut self, work: Work) {
        while let Some(id) = self.receiver.recv().await {
            let mut delay = FIRST_RETRY_DELAY;
            while let Err(fault) = self.work_on(id, &work).await {
                crate::telemetry::log_fault("queue", &fault);
                if !fault.can_retry() {
                    self.set_aside(id).await;
                    break;
                }
                tokio::time::sleep(delay).await;
                delay = (delay * 2).min(MAX_RETRY_DELAY);
            }
        }
    }

    /// # Errors
    /// The [`Fault`] of the work, or of the data file.
    async fn work_on(&self, id: MessageId, work: &Work) -> Result<(), Fault> {
        let Some(message) = self.store.message(id)? else { return Ok(()) };
        work(message).await?;
        self.store.delete_message(id).await
    }

    /// Keeps a message that can't be worked on for the operator, so that it doesn't hold up the others.
    async fn set_aside(&self, id: MessageId) {
        if let Err(fault) = self.store.set_message_aside(id).await {
            // It comes again after the next start.
            crate::telemetry::log_fault("queue", &fault);
        }
    }
}

const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;

    use super::*;
    use crate::platform::SystemClock;
    use crate::store::sqlite::Durability;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("jeton-queue-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn store(folder: &Path, durability: Durability) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(&folder.join("jeton.db"), durability, Arc::new(SystemClock)).unwrap())
    }

    /// Notes the messages after some failures, as which the text "never" is one that can't be retried.
    fn noting(seen: &Arc<Mutex<Vec<String>>>, failures: usize) -> Work {
        let (seen, left) = (Arc::clone(seen), Arc::new(Mutex::new(failures)));
        Arc::new(move |message| {
            let (seen, left) = (Arc::clone(&seen), Arc::clone(&left));
            Box::pin(async move {
                if message == "never" {
                    return Err(Fault::internal("a test"));
                }
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
        for durability in [Durability::Full, Durability::Normal] {
            let folder = folder(&format!("again-{durability:?}"));
            let (queue, worker) = LocalQueue::open(store(&folder, durability)).unwrap();
            queue.enqueue(&["a".to_owned(), "b".to_owned()]).await.unwrap();
            // The process ends before anyone has worked on them: a kill leaves the files as they are at that moment.
            let killed = self::folder(&format!("killed-{durability:?}"));
            for file in ["jeton.db", "jeton.db-wal"] {
                fs::copy(folder.join(file), killed.join(file)).unwrap();
            }
            drop((queue, worker));
            for folder in [folder, killed] {
                let store = store(&folder, durability);
                let (queue, worker) = LocalQueue::open(Arc::clone(&store)).unwrap();
                queue.enqueue(&["c".to_owned()]).await.unwrap();
                let seen = Arc::new(Mutex::new(Vec::new()));
                drop(queue);
                worker.run(noting(&seen, 2)).await;
                let mut seen = seen.lock().unwrap().clone();
                seen.sort_unstable();
                assert_eq!(seen, ["a", "b", "c"], "{durability:?}");
                assert_eq!(store.waiting_messages().unwrap(), []);
                drop(store);
                fs::remove_dir_all(&folder).unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_message_that_can_never_be_worked_on_is_kept_and_holds_up_no_other() {
        let folder = folder("never");
        let (queue, worker) = LocalQueue::open(store(&folder, Durability::Normal)).unwrap();
        queue.enqueue(&["never".to_owned(), "a".to_owned()]).await.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        drop(queue);
        worker.run(noting(&seen, 0)).await;
        assert_eq!(*seen.lock().unwrap(), ["a"]);
        let store = store(&folder, Durability::Normal);
        assert_eq!(store.waiting_messages().unwrap(), [], "it doesn't come again after the next start");
        drop(store);
        let file = rusqlite::Connection::open(folder.join("jeton.db")).unwrap();
        let kept: String = file.query_row("SELECT body FROM messages", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "never");
        fs::remove_dir_all(&folder).unwrap();
    }
}
