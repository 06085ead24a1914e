//! A receiver of shared signals that others have written, as its users have it: the crate `easyssf-receiver`.
//!
//! It finds everything by itself: the endpoints by the configuration of the transmitter, its token by client credentials, its stream by the
//! management API, the keys by `jwks_uri`. It takes what the CAEP Interoperability Profile takes, which is RS256 alone.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use easyssf_receiver::config::SsfReceiverConfig;
use easyssf_receiver::event::SsfEventContext;
use easyssf_receiver::push::SsfPushHandler;
use easyssf_receiver::{BoxError, SsfReceiver};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

/// A server of its own, which ends with the test.
struct Server {
    process: Child,
    folder: PathBuf,
    url: String,
    admin: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("jeton-signals-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let program = std::env::var("JETON_BIN").expect("run by tests/run");
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--algorithm", "ES256", "--algorithm", "RS256", "--data-dir"]).arg(&folder);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut urls = lines.map_while(Result::ok).filter_map(|line| {
            let rest = line.strip_prefix("Jeton listens on ")?;
            Some(rest.split_whitespace().next()?.trim_end_matches('.').to_owned())
        });
        let url = urls.next().expect("it listens");
        let admin = std::fs::read_to_string(folder.join("admin.token")).unwrap().trim().to_owned();
        Self { process, folder, url, admin }
    }

    async fn ask(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let request = reqwest::Client::new().request(method.clone(), format!("{}{path}", self.url));
        let kind = if method == reqwest::Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let request = request.bearer_auth(&self.admin).header("content-type", kind).body(body.to_string());
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A client that may have streams, and a member of whom there is something to tell.
    async fn prepare(&self) -> Value {
        let scopes = json!([{"name": "ssf.read"}, {"name": "ssf.manage"}]);
        self.ask(reqwest::Method::PATCH, "/v1/orgs/1", json!({"settings": {"supported_scopes": scopes}})).await;
        self.ask(reqwest::Method::PUT, "/v1/orgs/1/members/ann", json!({"scopes": ["files.*"]})).await;
        let client = json!({"kind": "confidential", "grants": ["client_credentials"], "scopes": ["ssf.manage"]});
        self.ask(reqwest::Method::POST, "/v1/orgs/1/clients", client).await
    }

    /// A receiver as its users configure it.
    fn config(&self, client: &Value, more: Value) -> SsfReceiverConfig {
        let mut config = json!({
            "transmitter-issuer": self.url,
            "oauth2": {
                "token-uri": format!("{}/oauth2/token", self.url),
                "client-id": client["id"].to_string(), "client-secret": client["secret"], "scopes": ["ssf.manage"],
            },
            "stream": {"management": "receiver", "events-requested": ["CaepSessionRevoked", "RiscAccountDisabled"]},
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(config).unwrap()
    }

    /// Has all tokens of ann revoked, and ann disabled.
    async fn make_news(&self) {
        self.ask(reqwest::Method::POST, "/v1/orgs/1/revocations", json!({"subject": "ann"})).await;
        self.ask(reqwest::Method::PUT, "/v1/orgs/1/members/ann", json!({"scopes": ["files.*"], "enabled": false})).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What the receiver's handlers were called with: the claims of each token, by the names of its events.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<BTreeMap<String, Vec<Value>>>>);

impl Heard {
    fn note(&self, context: &SsfEventContext) {
        let claims = Value::Object(context.event_token().claims().clone());
        let mut heard = self.0.lock().unwrap();
        for event in context.event_types() {
            heard.entry(event.rsplit('/').next().unwrap().to_owned()).or_default().push(claims.clone());
        }
    }

    /// Waits until there is a signal of this event, and returns its claims.
    async fn first_claims(&self, event: &str, receiver: &SsfReceiver) -> Value {
        let begun = Instant::now();
        loop {
            if let Some(claims) = self.0.lock().unwrap().get(event).and_then(|all| all.first()) {
                return claims.clone();
            }
            let heard = self.0.lock().unwrap().clone();
            assert!(begun.elapsed() < PATIENCE, "{event}: {heard:?} {:?}", receiver.health().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Both news have been heard, once each, and as it should be.
    async fn is_told(&self, server: &Server, receiver: &SsfReceiver) {
        let ann = json!({"format": "iss_sub", "iss": server.url, "sub": "ann"});
        for event in ["session-revoked", "account-disabled"] {
            let claims = self.first_claims(event, receiver).await;
            assert_eq!((&claims["iss"], &claims["sub_id"]), (&json!(server.url), &ann), "{claims}");
            assert!(claims.get("exp").is_none() && claims.get("sub").is_none(), "{claims}");
        }
    }
}

fn receiver(config: SsfReceiverConfig, heard: &Heard) -> SsfReceiver {
    let heard = heard.clone();
    let note = move |context: SsfEventContext| {
        heard.note(&context);
        async { Ok::<_, BoxError>(()) }
    };
    SsfReceiver::builder(config).handler(note).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_others_polls_its_stream() {
    let server = Server::start("poll");
    let client = server.prepare().await;
    let heard = Heard::default();
    let poll = json!({"delivery-method": "poll", "poll": {"interval": "200ms", "initial-delay": "0s", "max-events": 10}});
    let receiver = receiver(server.config(&client, poll), &heard);
    receiver.start();
    registered(&receiver).await;
    server.make_news().await;
    heard.is_told(&server, &receiver).await;
    // What it has acknowledged doesn't come again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(heard.0.lock().unwrap()["session-revoked"].len(), 1);
    receiver.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_others_gets_its_stream_pushed() {
    let server = Server::start("push");
    let client = server.prepare().await;
    let heard = Heard::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/ssf/push", listener.local_addr().unwrap());
    let push = json!({"delivery-method": "push",
        "push": {"delivery-endpoint-url": endpoint, "expected-auth-header": "Bearer s3cret-of-the-receiver"}});
    let receiver = receiver(server.config(&client, push), &heard);
    let answers = Arc::new(Mutex::new(Vec::new()));
    let app = Router::new().route("/ssf/push", post(receive_push)).with_state((receiver.push_handler(), answers.clone()));
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    receiver.start();
    registered(&receiver).await;
    server.make_news().await;
    heard.is_told(&server, &receiver).await;
    let answers = answers.lock().unwrap().clone();
    assert!(answers.iter().all(|status| *status == 202), "{answers:?}");
    receiver.shutdown().await;
    serving.abort();
}

/// Hands a signal that was sent to the receiver, and answers as that says.
async fn receive_push(
    State((handler, answers)): State<(SsfPushHandler, Arc<Mutex<Vec<u16>>>)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    assert_eq!(headers["content-type"], "application/secevent+jwt");
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let answer = handler.handle(authorization, &body).await;
    answers.lock().unwrap().push(answer.status);
    (StatusCode::from_u16(answer.status).unwrap(), answer.body.unwrap_or_default())
}

/// Waits until the receiver has its stream.
async fn registered(receiver: &SsfReceiver) {
    let begun = Instant::now();
    loop {
        let health = receiver.health().await;
        if health.transmitters.iter().all(|transmitter| transmitter.stream_id.is_some()) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{health:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
