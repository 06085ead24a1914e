//! Proofs and assertions: what is good once.

use crate::domain::{Denial, Error};
use crate::store::{UseOnce, Used};

/// A proof or an assertion that is good, and may have been used.
///
/// Use it up last, so that what else is wrong with a request costs none.
#[derive(Debug)]
pub struct SingleUse {
    used: Used,
    replayed: Denial,
}

impl SingleUse {
    /// Of something that is refused as `replayed` the second time.
    pub(crate) fn new(used: Used, replayed: Denial) -> Self {
        Self { used, replayed }
    }

    /// Uses it up; an error, if it was before.
    pub async fn use_up(&self, once: &dyn UseOnce) -> Result<(), Error> {
        if once.use_once(&self.used).await? { Ok(()) } else { Err(self.replayed.into()) }
    }
}
