//! What Lambda hands over from a queue of SQS. What failed is told as for a [stream](super::stream_event::Failures).

use serde::Deserialize;

/// Some messages of a queue.
#[derive(Debug, Deserialize)]
pub struct Messages {
    /// The messages, in no order.
    #[serde(rename = "Records")]
    pub messages: Vec<Message>,
}

/// A message of the queue.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// What SQS calls it.
    #[serde(rename = "messageId")]
    pub id: String,
    /// What was handed over.
    pub body: String,
}
