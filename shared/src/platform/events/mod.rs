//! Events for other systems: a port that publishes them, and its adapters for a log, for EventBridge, and for what makes signals of them.
//!
//! What an event says about a change is decided by `api/jeton`, which writes the audit trail. To add a place for events,
//! implement [`Publish`] and put it in the list that `aws::platform::for_auditing` makes.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::domain::{Fault, Timestamp};

#[cfg(feature = "aws")]
pub mod eventbridge;
mod lines;
mod signals;

pub use lines::Lines;
pub use signals::SignalEvents;

/// An entry of the audit trail: one change that the store has committed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// An id that stays the same when the event is published again, so that consumers can drop duplicates.
    pub id: String,
    /// When the change was made, to the millisecond.
    pub at: Timestamp,
    /// What was done, such as `token.minted`.
    pub action: &'static str,
    /// The whole event as the text of a JSON object.
    pub detail: String,
}

/// Publishes events where other systems can read them, each at least once.
#[async_trait]
pub trait Publish: std::fmt::Debug + Send + Sync {
    /// Publishes events, any number of them.
    ///
    /// # Errors
    ///
    /// [`Unpublished`] names the events that failed. All others have been published.
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished>;
}

/// Some events were not published.
#[derive(Debug)]
pub struct Unpublished {
    /// The positions of these events in the slice that was to be published, counted from 0.
    pub positions: BTreeSet<usize>,
    /// Why the first of them failed.
    pub fault: Fault,
}
