//! The port that hands work over to be done in the background, and its adapters.
//!
//! `local` does the work in the same process, `sqs` hands it to SQS. What the work is, its authors know:
//! [`tokens::batch`](crate::tokens::batch) is the only one. To add a queue, implement [`Enqueue`].

use async_trait::async_trait;

use crate::domain::Fault;

#[cfg(feature = "sqlite")]
pub mod local;
#[cfg(feature = "aws")]
pub mod sqs;

/// Hands messages over: each is delivered at least once, in any order, to whoever works on them.
#[async_trait]
pub trait Enqueue: std::fmt::Debug + Send + Sync {
    /// Hands messages over, each of at most [`MAX_MESSAGE_BYTES`].
    ///
    /// # Errors
    /// [`Fault`] when the queue does not take a message. Some may have been taken, others not: handing over all of them again is
    /// safe.
    async fn enqueue(&self, messages: &[String]) -> Result<(), Fault>;
}

/// The longest message that every queue takes, in bytes: SQS has a limit of 1 MiB, of which this leaves something.
pub const MAX_MESSAGE_BYTES: usize = 200 * 1_024;
