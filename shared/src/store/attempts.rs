//! What somebody may try only so often in a stretch of time.

use super::{CountEvents, CountedEvent};
use crate::domain::{Error, OrgId, Refusal, Seconds, Timestamp};
use crate::jose::sha256;

/// How often something may be tried, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct AttemptLimit<'a> {
    /// The org that the count belongs to.
    pub org: &'a OrgId,
    /// What is counted, as [`CountedEvent::what`].
    pub what: &'static str,
    /// Whose attempts are counted together. Only a hash of it is kept.
    pub by: &'a str,
    /// How many attempts there may be in each stretch of time.
    pub limit: u32,
    /// How long each stretch is. They follow each other since 1970.
    pub window: Seconds,
}

impl AttemptLimit<'_> {
    /// Counts an attempt. This is one write, whether it is counted or not.
    ///
    /// # Errors
    /// [`Refusal::TooManyAttempts`] if there were as many as may be, with the time until the next stretch begins. A
    /// [`Fault`](crate::domain::Fault) if the store can't be written.
    pub async fn count(&self, counts: &dyn CountEvents, now: Timestamp) -> Result<(), Error> {
        let since = now.rounded_down(self.window);
        let until = since.plus(self.window);
        let (org, hash) = (self.org.clone(), sha256(self.by.as_bytes()));
        let event = CountedEvent { org, what: self.what, hash, since, until, limit: self.limit };
        if counts.count(&event).await?.is_some() {
            return Ok(());
        }
        // Not before it begins: a part of a second counts as a whole one.
        let wait = (until.as_ms() - now.as_ms() + 999).div_euclid(1_000);
        Err(Refusal::TooManyAttempts { retry_after: Seconds(u32::try_from(wait).unwrap_or(self.window.0)) }.into())
    }
}
