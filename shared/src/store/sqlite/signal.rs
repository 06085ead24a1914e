//! What the maintenance thread is woken for.

use tokio::sync::oneshot;

use crate::domain::Fault;

/// A message to the maintenance thread.
pub(super) enum Signal {
    /// Operations wait to be committed, or so many have been that the log must be copied into the data file.
    Work,
    /// Deletes now all that may be deleted, and answers with the number of deleted rows.
    Sweep(oneshot::Sender<Result<usize, Fault>>),
    /// Ends the thread after what was handed over before is written.
    Close,
}
