//! The adapter of the port for Amazon SQS.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sqs::operation::send_message::SendMessageError;
use futures::future::try_join_all;

use super::push_message::PushMessage;
use super::{Enqueue, WakePusher};
use crate::domain::{EventStreamKey, Fault};

/// Hands messages over to SQS: Lambda invokes a function with them, and again when that fails.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// Creates the adapter for the queue of this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    async fn send(&self, message: &str) -> Result<(), Fault> {
        let sent = self.client.send_message().queue_url(&self.url).message_body(message).send().await;
        sent.map(drop).map_err(not_sent)
    }
}

/// What SQS doesn't take: it says what it refuses for good; everything else may pass.
fn not_sent(error: SdkError<SendMessageError, HttpResponse>) -> Fault {
    let is_refused = matches!(&error, SdkError::ServiceError(answer) if answer.raw().status().as_u16() == 400)
        && !matches!(error.code(), Some("RequestThrottled" | "ThrottlingException" | "KmsThrottled"));
    let fault = if is_refused { Fault::internal(DOING) } else { Fault::unavailable(DOING) };
    fault.because(error)
}

const DOING: &str = "handing a message over to SQS";

#[async_trait]
impl Enqueue for SqsQueue {
    async fn enqueue(&self, messages: &[String]) -> Result<(), Fault> {
        for some in messages.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|message| self.send(message))).await?;
        }
        Ok(())
    }
}

const AT_ONCE: usize = 8;

/// Has streams worked on by a function that a FIFO queue invokes: of one stream it delivers one message after the other, so a receiver
/// that is down holds up its own stream and no other.
#[derive(Clone, Debug)]
pub struct SqsPushQueue {
    client: Client,
    url: String,
}

impl SqsPushQueue {
    /// Creates the adapter for the queue of this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl WakePusher for SqsPushQueue {
    async fn wake(&self, stream: &EventStreamKey, cause: &str) -> Result<(), Fault> {
        let message = PushMessage::from_stream(stream).to_json()?;
        let message = self.client.send_message().queue_url(&self.url).message_body(message);
        // Streams have random ids. A group and what is dropped as a repetition have names of at most 128 characters.
        let (stream, repetition) = (stream.id.to_string(), format!("{}.{cause}", stream.id));
        let sent = message.message_group_id(stream).message_deduplication_id(repetition).send().await;
        sent.map(drop).map_err(not_sent)
    }
}
