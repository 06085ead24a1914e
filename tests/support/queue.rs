//! Queues: one within the test, whose messages wait until they are asked for, and an SQS of its own.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shared::domain::{EventStreamKey, Fault};
use shared::platform::queue::{Enqueue, Signalling, WakePusher};
use tokio::net::TcpListener;

/// Holds messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldQueue(Arc<Mutex<Vec<String>>>);

impl HeldQueue {
    /// Takes all that wait.
    pub(crate) fn drain(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Answers `SendMessage` on a port of this machine, and holds the messages, those of the queue of streams in `pushes`. Its address.
    pub(crate) async fn serve(&self, pushes: &Self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let queues = (self.clone(), pushes.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let queues = queues.clone();
                let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let (batches, pushes) = queues.clone();
                    async move {
                        assert_eq!(request.headers()["x-amz-target"], "AmazonSQS.SendMessage");
                        let body = request.into_body().collect().await?.to_bytes();
                        let message: Value = serde_json::from_slice(&body).unwrap();
                        let is_push = message["QueueUrl"].as_str().unwrap().strip_suffix(".fifo").is_some();
                        // SQS refuses a message of such a queue without these, and those of another with them.
                        for name in ["MessageGroupId", "MessageDeduplicationId"] {
                            assert_eq!(message[name].as_str().is_some_and(|name| (1..=128).contains(&name.len())), is_push);
                        }
                        let queue = if is_push { &pushes } else { &batches };
                        queue.0.lock().unwrap().push(message["MessageBody"].as_str().unwrap().to_owned());
                        let answer = json!({"MessageId": "m-1", "MD5OfMessageBody": ""}).to_string();
                        Ok::<_, hyper::Error>(http::Response::new(Full::new(Bytes::from(answer))))
                    }
                });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        address
    }
}

#[async_trait]
impl Enqueue for HeldQueue {
    async fn enqueue(&self, messages: &[String]) -> Result<(), Fault> {
        self.0.lock().unwrap().extend_from_slice(messages);
        Ok(())
    }
}

/// Holds the streams whose signals are to be pushed, each with what it was named for.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldStreams(Arc<Mutex<Vec<(EventStreamKey, String)>>>);

impl HeldStreams {
    /// Takes all that wait.
    pub(crate) fn drain(&self) -> Vec<(EventStreamKey, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// How signals get to receivers where somebody makes them.
    pub(crate) fn signalling(&self) -> Signalling {
        Signalling { pusher: Arc::new(self.clone()), collects: true }
    }
}

#[async_trait]
impl WakePusher for HeldStreams {
    async fn wake(&self, stream: &EventStreamKey, cause: &str) -> Result<(), Fault> {
        self.0.lock().unwrap().push((stream.clone(), cause.to_owned()));
        Ok(())
    }
}
