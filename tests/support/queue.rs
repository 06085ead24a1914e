//! Queues: one within the test, whose messages wait until they are asked for, and an SQS of its own.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shared::domain::Fault;
use shared::platform::queue::Enqueue;
use tokio::net::TcpListener;

/// Holds messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldQueue(Arc<Mutex<Vec<String>>>);

impl HeldQueue {
    /// Takes all that wait.
    pub(crate) fn drain(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Answers `SendMessage` on a port of this machine, and holds the messages. Its address.
    pub(crate) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let queue = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let queue = queue.clone();
                let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let queue = queue.clone();
                    async move {
                        assert_eq!(request.headers()["x-amz-target"], "AmazonSQS.SendMessage");
                        let body = request.into_body().collect().await?.to_bytes();
                        let message: Value = serde_json::from_slice(&body).unwrap();
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
