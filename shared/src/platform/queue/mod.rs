//! The ports that hand work over to be done in the background, and their adapters.
//!
//! `local` does the work in the same process, `sqs` hands it to SQS. What the work is, its authors know:
//! [`tokens::batch`](crate::tokens::batch) and [`tokens::signals`](crate::tokens::signals). To add a queue, implement [`Enqueue`]; where
//! the streams of receivers are worked on, [`WakePusher`].

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{EventStreamKey, Fault};

#[cfg(feature = "sqlite")]
pub mod local;
pub mod push_message;
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

/// Has the signals that wait in a stream pushed to its receiver.
///
/// # Contract
/// 1. At least once for each call, soon, and never twice at the same time for one stream.
/// 2. What fails is tried again, later and later, and holds up no other stream.
#[async_trait]
pub trait WakePusher: std::fmt::Debug + Send + Sync {
    /// Has the signals of a stream pushed. `cause` tells this call from others of the last five minutes, so that a repeated one isn't done
    /// twice: at most 60 letters and digits, such as the `jti` of the signal.
    ///
    /// # Errors
    /// A [`Fault`] if the queue doesn't take it. A repetition is safe.
    async fn wake(&self, stream: &EventStreamKey, cause: &str) -> Result<(), Fault>;
}

/// How signals get to receivers.
#[derive(Clone, Debug)]
pub struct Signalling {
    /// Pushes what waits in a stream.
    pub pusher: Arc<dyn WakePusher>,
    /// Whether anybody makes signals of the audit trail. Where there is none, no stream would ever tell anything.
    pub collects: bool,
}
