//! The bundles as Lambda runs them: real processes that ask a Runtime API for events.
//!
//! `cargo test` doesn't build another package's binaries with their features: `JETON_BUNDLES` names the folder that has them.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

/// A Runtime API for one function: hands out events one by one, and takes the answers.
struct Function {
    process: Child,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Value>,
}

impl Function {
    async fn start(bundle: &str, handler: &str, folder: &std::path::Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, queue) = mpsc::channel(1);
        let (done, answers) = mpsc::channel(1);
        tokio::spawn(runtime_api(listener, Arc::new(Mutex::new(queue)), done));
        let process = command(bundle, handler, folder).env("AWS_LAMBDA_RUNTIME_API", address.to_string()).spawn().unwrap();
        Self { process, events, answers }
    }

    async fn invoke(&mut self, event: Value) -> Value {
        self.events.send(event).await.unwrap();
        self.answers.recv().await.unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(bundle: &str, handler: &str, folder: &std::path::Path) -> Command {
    let mut command = Command::new(bundles().join(bundle));
    command
        .env("_HANDLER", handler)
        .env("JETON_ISSUER", "https://jeton.example")
        .env("JETON_DATA_DIR", folder)
        .env("AWS_LAMBDA_FUNCTION_NAME", handler)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

async fn runtime_api(listener: TcpListener, queue: Arc<Mutex<mpsc::Receiver<Value>>>, done: mpsc::Sender<Value>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (queue, done) = (queue.clone(), done.clone());
        let handler = service_fn(move |request: Request<Incoming>| {
            let (queue, done) = (queue.clone(), done.clone());
            async move {
                let path = request.uri().path().to_owned();
                if path.ends_with("/invocation/next") {
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

fn event(method: &str, path: &str, headers: &Value, body: &Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers, "isBase64Encoded": false, "body": body.to_string(),
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "p", "requestId": "r-1", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1, "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a"}
        }
    })
}

fn json_type() -> Value {
    json!({"content-type": "application/json"})
}

#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_answer_one_good_and_one_bad_event_each() {
    let folder = folder("good-and-bad");
    for (bundle, handler, method, path, good, bad) in [
        ("public", "jeton.health", "GET", "/health", 200, 404),
        ("records", "jeton.jwks", "GET", "/.well-known/jwks.json", 200, 404),
        ("records", "agilicus.introspect_token", "POST", "/v1/tokens/introspect", 400, 404),
        ("records", "agilicus.validate_token_request", "POST", "/v1/tokens/validations", 400, 404),
        ("mint", "agilicus.create_token", "POST", "/v1/tokens", 401, 404),
        ("mint", "agilicus.refresh_token", "POST", "/v1/tokens/refresh", 400, 404),
    ] {
        let mut function = Function::start(bundle, handler, &folder).await;
        let answer = function.invoke(event(method, path, &json_type(), &json!({"token": "x"}))).await;
        assert_eq!(answer["statusCode"], good, "{handler}: {answer}");
        assert_eq!(answer["isBase64Encoded"], false);
        // Another endpoint's path: this function serves one.
        let answer = function.invoke(event("GET", "/elsewhere", &json_type(), &json!({}))).await;
        assert_eq!(answer["statusCode"], bad, "{handler}: {answer}");
    }
}

#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_refuse_to_start_for_an_endpoint_that_they_do_not_have() {
    let folder = folder("unknown");
    // The bundle that may not sign doesn't have what signs.
    for (bundle, handler) in [("records", "agilicus.create_token"), ("public", "agilicus.list_tokens"), ("mint", "nonsense")] {
        let output = command(bundle, handler, &folder).env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1").output().unwrap();
        assert!(!output.status.success());
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(log.contains("this bundle has") && log.contains(handler), "{log}");
    }
    let output = command("public", "", &folder).env_remove("JETON_ISSUER").output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(log.contains("_HANDLER is not set") && log.contains("JETON_ISSUER is not set"), "{log}");
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bundles-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[expect(clippy::disallowed_methods, reason = "where the bundles are is for tests/run to say")]
fn bundles() -> PathBuf {
    std::env::var_os("JETON_BUNDLES").expect("JETON_BUNDLES names the folder of the bundles").into()
}
