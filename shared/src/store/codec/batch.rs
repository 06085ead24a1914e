//! Batches.

use serde::{Deserialize, Serialize};

use super::{coded, decode, encode, placeholder_id, placeholder_time};
use crate::domain::{Batch, BatchKey, Fault, OrgId, Timestamp, TokenId};

/// How far a batch is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BatchState {
    /// Which entries are done, [`Batch::done`].
    pub done: Vec<u32>,
    /// What went wrong first, [`Batch::failure`].
    pub failure: Option<String>,
    /// When the batch last changed, [`Batch::updated_at`].
    pub updated_at: Timestamp,
}

/// Encodes the body of a batch: all of it but `id` and its [`BatchState`].
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_batch(batch: &Batch) -> Result<String, Fault> {
    encode(|to| BatchBody::serialize(batch, to))
}

/// Decodes the batch of this body. Its parts are in order.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_batch`] writes.
pub fn decode_batch(key: &BatchKey, body: &[u8], state: BatchState) -> Result<Batch, Fault> {
    let batch = decode(body, |from| BatchBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a batch").because(e))?;
    if batch.org != key.org {
        return Err(Fault::internal("decoding the record of a batch: it is another org's"));
    }
    let BatchState { mut done, failure, updated_at } = state;
    done.sort_unstable();
    Ok(Batch { id: key.id, done, failure, updated_at, ..batch })
}

/// Whether keeping `new` where `there` is changes nothing: it may be further since.
pub fn is_same_batch(there: &Batch, new: &Batch) -> bool {
    let begun = |batch: &Batch| (batch.id, batch.org.clone(), batch.tokens, batch.parts, batch.created_at);
    begun(there) == begun(new)
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Batch")]
struct BatchBody {
    #[serde(skip, default = "placeholder_id")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "n")]
    tokens: u32,
    #[serde(rename = "p")]
    parts: u32,
    #[serde(skip)]
    done: Vec<u32>,
    #[serde(skip)]
    failure: Option<String>,
    #[serde(rename = "i", with = "coded")]
    created_at: Timestamp,
    #[serde(skip, default = "placeholder_time")]
    updated_at: Timestamp,
}
