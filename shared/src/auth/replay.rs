//! The guard against replays of what is good only once: DPoP proofs and assertions.

use crate::domain::{ClientId, Denial, Error};
use crate::store::{ReplayKey, ReplayStore};
use crate::telemetry::{Alarm, log_alarm};

/// A proof or an assertion that has been verified, except that it may have been used before.
///
/// Consume it last, so that a request that is refused for another reason doesn't cost its sender the proof.
#[derive(Debug)]
pub struct ReplayGuard {
    used: ReplayKey,
    replayed: Denial,
    alarming: Option<ClientId>,
}

impl ReplayGuard {
    /// Guards what is known by the key `used`, and is refused as `replayed` the second time.
    pub(crate) fn new(used: ReplayKey, replayed: Denial) -> Self {
        Self { used, replayed, alarming: None }
    }

    /// The same guard of a token that a platform has given to this client: whoever brings it again has it from somewhere else, or repeats a
    /// request.
    pub(crate) fn alarming(self, client: ClientId) -> Self {
        Self { alarming: Some(client), ..self }
    }

    /// Records that the proof or assertion was used, which decides between two requests with the same one.
    ///
    /// # Errors
    ///
    /// [`Refusal::Denied`](crate::domain::Refusal::Denied) with the denial of this guard, if it was used before.
    pub async fn consume(&self, once: &dyn ReplayStore) -> Result<(), Error> {
        if once.use_once(&self.used).await? {
            return Ok(());
        }
        if let Some(client) = self.alarming {
            log_alarm(Alarm::AssertionReplayed, &self.used.org, Some(client), None);
        }
        Err(self.replayed.into())
    }
}
