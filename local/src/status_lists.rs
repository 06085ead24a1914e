//! The status lists of the local server: what functions make of the streams in AWS, made of what the data file notes.

use std::sync::Arc;
use std::time::Duration;

use shared::domain::{Clock, Fault, Seconds};
use shared::platform::capabilities::StatusPublisher;
use shared::store::sqlite::SqliteStore;
use shared::tokens::status_list::{publish, renew};
use tokio::time::Instant;

/// How often is looked whether anything was revoked. What was is gathered meanwhile: one version of a list for many.
const POLL: Duration = Duration::from_secs(1);
/// After a failure it is tried again after so long.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// How often all lists are signed anew, and all tokens weighed.
const ROUND: Duration = Duration::from_hours(1);
/// A request that has looked before a commit has recorded its token so much later.
const SETTLING: Seconds = Seconds(1);

/// Publishes what the store commits.
#[derive(Clone, Debug)]
pub struct StatusLists {
    store: Arc<SqliteStore>,
    ports: StatusPublisher,
}

impl StatusLists {
    /// Begins to note what may have revoked tokens. That costs nothing as long as no token is in a list.
    ///
    /// # Errors
    /// A [`Fault`] if the store can't be written.
    pub fn begin(store: Arc<SqliteStore>, clock: Arc<dyn Clock>, ports: StatusPublisher) -> Result<Self, Fault> {
        store.keep_revocations(clock)?;
        Ok(Self { store, ports })
    }

    /// Publishes what was committed, and goes on until the task is aborted. It begins with a round: lists may have ended while nobody was
    /// there to sign them.
    pub async fn follow(self) {
        let mut round_at = Instant::now();
        loop {
            let outcome = if round_at <= Instant::now() {
                let renewed = renew(&self.ports).await;
                if renewed.is_ok() {
                    round_at = Instant::now() + ROUND;
                }
                renewed.map(|()| true)
            } else {
                self.publish_some().await
            };
            match outcome {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => tokio::time::sleep(POLL).await,
                Err(fault) => {
                    tracing::error!(target: "jeton::fault", cause = ?fault, "the status lists have to wait");
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            }
        }
    }

    /// Publishes the changes that have waited longest. Whether there were any.
    async fn publish_some(&self) -> Result<bool, Fault> {
        let waiting = self.store.unlisted_revocations()?;
        let Some(last) = waiting.last() else { return Ok(false) };
        publish(&self.ports, waiting.iter().map(|change| &*change.record), SETTLING).await?;
        self.store.forget_listed(last.id).await?;
        Ok(true)
    }
}
