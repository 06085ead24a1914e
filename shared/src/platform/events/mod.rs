//! Events for others: the port that publishes them, and its adapters.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::domain::{Fault, Timestamp};

#[cfg(feature = "aws")]
pub mod eventbridge;
mod lines;

pub use lines::Lines;

/// Something that has happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// The same whenever it is told of: by it a consumer knows that it has it already.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What, in a word.
    pub action: &'static str,
    /// All of it, as a JSON object.
    pub detail: String,
}

/// Takes events to where others can find them, each at least once.
#[async_trait]
pub trait Publish: std::fmt::Debug + Send + Sync {
    /// Publishes events, in any number. Those that an error doesn't name have been published.
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished>;
}

/// What wasn't published.
#[derive(Debug)]
pub struct Unpublished {
    /// Which events, by their position.
    pub positions: BTreeSet<usize>,
    /// Why.
    pub fault: Fault,
}
