//! Batches: many tokens that are made in the background.

use super::{OrgId, Seconds, Timestamp, TokenId};

/// Where a batch is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BatchKey {
    /// The org of its tokens.
    pub org: OrgId,
    /// The id of the batch, unique in its org.
    pub id: TokenId,
}

/// A batch of tokens, and how far it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    /// The id of the batch, unique in its org.
    pub id: TokenId,
    /// The org of its tokens.
    pub org: OrgId,
    /// How many tokens it asks for.
    pub tokens: u32,
    /// In how many parts they are made. All parts done: the batch is.
    pub parts: u32,
    /// The parts that are done.
    pub done: Vec<u32>,
    /// What went wrong, if anything did: its first failure. Some of its tokens may have been made.
    pub failure: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When a part last ended.
    pub updated_at: Timestamp,
}

/// How a batch stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BatchState {
    /// Parts are still to come.
    Running,
    /// All its tokens are there.
    Succeeded,
    /// At least one part of the batch failed.
    Failed,
}

impl Batch {
    /// So long from its beginning it can be asked for.
    pub const RETENTION: Seconds = Seconds(7 * 86_400);

    /// Returns the key under which the batch is stored.
    pub fn key(&self) -> BatchKey {
        BatchKey { org: self.org.clone(), id: self.id }
    }

    /// How it stands. One of which a part is missing has not succeeded.
    pub fn state(&self) -> BatchState {
        if self.failure.is_some() {
            BatchState::Failed
        } else if (0..self.parts).all(|part| self.done.contains(&part)) {
            BatchState::Succeeded
        } else {
            BatchState::Running
        }
    }
}
