//! Proofs and assertions: what is good once.

use crate::domain::{Denial, Error};
use crate::store::{ReplayKey, ReplayStore};

/// A proof or an assertion that is good, and may have been used.
///
/// Use it up last, so that what else is wrong with a request costs none.
#[derive(Debug)]
pub struct ReplayGuard {
    used: ReplayKey,
    replayed: Denial,
}

impl ReplayGuard {
    /// Of something that is refused as `replayed` the second time.
    pub(crate) fn new(used: ReplayKey, replayed: Denial) -> Self {
        Self { used, replayed }
    }

    /// Uses it up; an error, if it was before.
    pub async fn consume(&self, once: &dyn ReplayStore) -> Result<(), Error> {
        if once.use_once(&self.used).await? { Ok(()) } else { Err(self.replayed.into()) }
    }
}
