//! The adapter of the port for Amazon SQS.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata as _, SdkError};
use futures::future::try_join_all;

use super::Enqueue;
use crate::domain::Fault;

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
        sent.map(drop).map_err(|error| {
            // SQS says what it refuses for good; everything else may pass.
            let is_refused = matches!(&error, SdkError::ServiceError(answer) if answer.raw().status().as_u16() == 400)
                && !matches!(error.code(), Some("RequestThrottled" | "ThrottlingException" | "KmsThrottled"));
            let fault = if is_refused { Fault::internal(DOING) } else { Fault::unavailable(DOING) };
            fault.because(error)
        })
    }
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
