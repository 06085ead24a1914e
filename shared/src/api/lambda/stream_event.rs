//! What Lambda hands over from a stream of DynamoDB, and how it wants to know what failed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::Refusal;
use crate::encoding::json;

/// Some records of a stream, in their order. Each is read by itself, so that one that can't be read fails alone.
#[derive(Debug, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Box<RawValue>>,
}

/// A record as it was handed over, and what Lambda calls it.
#[derive(Clone, Debug)]
pub struct StreamRecord<'a> {
    /// The sequence number of the record in its shard.
    pub number: String,
    /// The record, as JSON.
    pub json: &'a str,
}

impl Batch {
    /// Returns the records. One without a number spoils the whole event, because nobody could be told that it failed.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if a record is malformed.
    pub fn records(&self) -> Result<Vec<StreamRecord<'_>>, Refusal> {
        self.records.iter().map(|json| read(json.get())).collect()
    }
}

fn read(json: &str) -> Result<StreamRecord<'_>, Refusal> {
    let numbered: Numbered = json::read_as("a record", json.as_bytes())?;
    Ok(StreamRecord { number: numbered.dynamodb.number, json })
}

#[derive(Deserialize)]
struct Numbered {
    dynamodb: Number,
}

#[derive(Deserialize)]
struct Number {
    #[serde(rename = "SequenceNumber")]
    number: String,
}

/// What failed: Lambda hands over the first of these and all that follows it once more.
#[derive(Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    batch_item_failures: Vec<Failed>,
}

#[derive(Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    item_identifier: String,
}

impl FromIterator<String> for Failures {
    fn from_iter<T: IntoIterator<Item = String>>(numbers: T) -> Self {
        let failed = numbers.into_iter().map(|item_identifier| Failed { item_identifier });
        Self { batch_item_failures: failed.collect() }
    }
}
