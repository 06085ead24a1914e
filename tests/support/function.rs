//! A function as Lambda runs it: a real process that asks a Runtime API for events.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::time::timeout;

/// A Runtime API for one function: hands out events one by one, and takes the answers.
pub(crate) struct Function {
    process: Child,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Value>,
    ready: Arc<Notify>,
}

impl Function {
    pub(crate) async fn start(bundle: &str, handler: &str, environment: &[(&str, String)]) -> Self {
        Self::start_with_log(bundle, handler, environment, Stdio::null()).await
    }

    pub(crate) async fn start_with_log(bundle: &str, handler: &str, environment: &[(&str, String)], log: Stdio) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, queue) = mpsc::channel(1);
        let (done, answers) = mpsc::channel(1);
        let ready = Arc::new(Notify::new());
        tokio::spawn(runtime_api(listener, Arc::new(Mutex::new(queue)), done, ready.clone()));
        let mut command = command(bundle, handler, environment);
        let process = command.env("AWS_LAMBDA_RUNTIME_API", address.to_string()).stdout(log).spawn().unwrap();
        Self { process, events, answers, ready }
    }

    /// What it answers to an event. A function that ends instead, or that says nothing for a minute, fails the test.
    pub(crate) async fn invoke(&mut self, event: Value) -> Value {
        const LOOKS: u32 = 600;
        self.events.send(event).await.unwrap();
        for _ in 0..LOOKS {
            if let Ok(answer) = timeout(Duration::from_millis(100), self.answers.recv()).await {
                return answer.unwrap();
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "the function ended without an answer: {ended:?}");
        }
        panic!("the function said nothing for a minute");
    }

    /// The body of its answer to a request, which must have this status.
    pub(crate) async fn request(&mut self, status: u16, (method, path): (&str, &str), bearer: &str, body: &Value) -> Value {
        let mut headers = json_type();
        headers["authorization"] = format!("Bearer {bearer}").into();
        let answer = self.invoke(event(method, path, &headers, body)).await;
        assert_eq!(answer["statusCode"], status, "{path}: {answer}");
        answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
    }

    /// What it has written to its log, of which that must be the end.
    pub(crate) fn into_log(mut self) -> String {
        let mut log = String::new();
        self.process.kill().unwrap();
        self.process.stdout.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }

    /// Waits until it asks for its first event.
    pub(crate) async fn ready(&self) {
        timeout(Duration::from_mins(1), self.ready.notified()).await.expect("the function asks for events within a minute");
    }

    /// CPU that it has taken.
    pub(crate) fn cpu(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let nanoseconds = threads.map(|thread| {
            let times = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap_or_default();
            times.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// The most memory that it has had, in kB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn command(bundle: &str, handler: &str, environment: &[(&str, String)]) -> Command {
    let mut command = Command::new(bundles().join(bundle));
    command
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .env("_HANDLER", handler)
        .env("AWS_LAMBDA_FUNCTION_NAME", handler)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

pub(crate) async fn runtime_api(
    listener: TcpListener,
    queue: Arc<Mutex<mpsc::Receiver<Value>>>,
    done: mpsc::Sender<Value>,
    ready: Arc<Notify>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (queue, done, ready) = (queue.clone(), done.clone(), ready.clone());
        let handler = service_fn(move |request: Request<Incoming>| {
            let (queue, done, ready) = (queue.clone(), done.clone(), ready.clone());
            async move {
                let path = request.uri().path().to_owned();
                if path.ends_with("/invocation/next") {
                    ready.notify_one();
                    let event = queue.lock().await.recv().await.unwrap_or_default();
                    let response = Response::builder()
                        .header("lambda-runtime-aws-request-id", "request-1")
                        .header("lambda-runtime-deadline-ms", "9999999999999");
                    return response
                        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
                        .body(Full::new(Bytes::from(event.to_string())));
                }
                let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                if path.ends_with("/response") || path.ends_with("/error") {
                    let _ = done.send(serde_json::from_slice(&body).unwrap_or_default()).await;
                }
                Response::builder().status(202).body(Full::default())
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler));
    }
}

pub(crate) fn event(method: &str, path: &str, headers: &Value, body: &Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers, "isBase64Encoded": false, "body": body.to_string(),
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "p", "requestId": "r-1", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1, "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a"}
        }
    })
}

pub(crate) fn json_type() -> Value {
    json!({"content-type": "application/json"})
}

#[expect(clippy::disallowed_methods, reason = "where the bundles are is for tests/run to say")]
pub(crate) fn bundles() -> PathBuf {
    std::env::var_os("JETON_BUNDLES").expect("JETON_BUNDLES names the folder of the bundles").into()
}
