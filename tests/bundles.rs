//! The bundles as Lambda runs them: real processes that ask a Runtime API for events.
//!
//! `cargo test` doesn't build another package's binaries with their features: `JETON_BUNDLES` names the folder that has them.

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
use shared::domain::SigningMode;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, mpsc};

use crate::support::deployment::Deployment;

/// A Runtime API for one function: hands out events one by one, and takes the answers.
struct Function {
    process: Child,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Value>,
    ready: Arc<Notify>,
}

impl Function {
    async fn start(bundle: &str, handler: &str, environment: &[(&str, String)]) -> Self {
        Self::start_with_log(bundle, handler, environment, Stdio::null()).await
    }

    async fn start_with_log(bundle: &str, handler: &str, environment: &[(&str, String)], log: Stdio) -> Self {
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

    async fn invoke(&mut self, event: Value) -> Value {
        self.events.send(event).await.unwrap();
        self.answers.recv().await.unwrap()
    }

    /// The body of its answer to a request, which must have this status.
    async fn request(&mut self, status: u16, (method, path): (&str, &str), bearer: &str, body: &Value) -> Value {
        let mut headers = json_type();
        headers["authorization"] = format!("Bearer {bearer}").into();
        let answer = self.invoke(event(method, path, &headers, body)).await;
        assert_eq!(answer["statusCode"], status, "{path}: {answer}");
        answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
    }

    /// What it has written to its log, of which that must be the end.
    fn into_log(mut self) -> String {
        let mut log = String::new();
        self.process.kill().unwrap();
        self.process.stdout.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }

    /// CPU that it has taken when it asks for its first event, and the most memory that it has had by then, in kB.
    async fn cost_of_start(&self) -> (Duration, u64) {
        self.ready.notified().await;
        let proc = PathBuf::from(format!("/proc/{}", self.process.id()));
        let threads = std::fs::read_dir(proc.join("task")).unwrap();
        let nanoseconds = threads.map(|thread| {
            let times = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap_or_default();
            times.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default()
        });
        let status = std::fs::read_to_string(proc.join("status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        (Duration::from_nanos(nanoseconds.sum()), peak.trim().trim_end_matches(" kB").parse().unwrap_or_default())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(bundle: &str, handler: &str, environment: &[(&str, String)]) -> Command {
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

async fn runtime_api(
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

/// Each function with one event that it can answer, and what it answers.
const FUNCTIONS: [(&str, &str, &str, &str, u16); 7] = [
    ("public", "jeton.health", "GET", "/health", 200),
    ("records", "jeton.jwks", "GET", "/.well-known/jwks.json", 200),
    ("records", "agilicus.introspect_token", "POST", "/v1/tokens/introspect", 400),
    ("records", "agilicus.validate_token_request", "POST", "/v1/tokens/validations", 400),
    ("records", "agilicus.list_tokens", "GET", "/v1/tokens", 401),
    ("mint", "agilicus.create_token", "POST", "/v1/tokens", 401),
    ("mint", "agilicus.refresh_token", "POST", "/v1/tokens/refresh", 400),
];

/// A deployment as `jeton.bootstrap` leaves it, by a process of its own: its environment, and the administrator's token.
async fn bootstrapped(mode: SigningMode) -> (Deployment, Vec<(&'static str, String)>, String) {
    let deployment = Deployment::new(mode, true).await;
    let environment = deployment.environment();
    let mut bootstrap = Function::start("operate", "jeton.bootstrap", &environment).await;
    let token = bootstrap.invoke(json!({})).await["token"].as_str().unwrap().to_owned();
    let again = bootstrap.invoke(json!({})).await;
    assert_eq!(again["errorType"], "CONFLICT", "{again}");
    assert!(bootstrap.invoke(json!({"again": true, "duration": 60})).await["token"].is_string());
    (deployment, environment, token)
}

#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_answer_one_good_and_one_bad_event_each() {
    let (_deployment, environment, _) = bootstrapped(SigningMode::Kms).await;
    for (bundle, handler, method, path, status) in FUNCTIONS {
        let mut function = Function::start(bundle, handler, &environment).await;
        let answer = function.invoke(event(method, path, &json_type(), &json!({"token": "x"}))).await;
        assert_eq!(answer["statusCode"], status, "{handler}: {answer}");
        assert_eq!(answer["isBase64Encoded"], false);
        // Another endpoint's path: this function serves one.
        let answer = function.invoke(event("GET", "/elsewhere", &json_type(), &json!({}))).await;
        assert_eq!(answer["statusCode"], 404, "{handler}: {answer}");
    }
}

#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_mint_introspect_revoke_and_rotate_on_the_same_tables_each_in_a_process_of_its_own() {
    for mode in [SigningMode::Kms, SigningMode::Envelope] {
        let (_deployment, environment, admin) = bootstrapped(mode).await;
        let start = async |bundle, handler| Function::start(bundle, handler, &environment).await;
        let mut mint = start("mint", "agilicus.create_token").await;
        let mut introspect = start("records", "agilicus.introspect_token").await;
        let mut revoke = start("records", "agilicus.revoke_token").await;
        let mut rotate = start("operate", "jeton.rotate_keys").await;
        let ask = crate::support::ask("1", "administrator", json!({}));
        let minted = mint.request(201, ("POST", "/v1/tokens"), &admin, &ask).await;
        let token = json!({"token": minted["token"]});
        introspect.request(200, ("POST", "/v1/tokens/introspect"), "", &token).await;
        let keys = rotate.invoke(json!({"now": true})).await;
        assert_eq!(keys["keys"].as_array().unwrap().iter().map(|key| &key["state"]).collect::<Vec<_>>(), ["active", "next"]);
        let mut jwks = start("records", "jeton.jwks").await;
        let published = jwks.request(200, ("GET", "/.well-known/jwks.json"), "", &json!({})).await;
        assert_eq!(published["keys"].as_array().unwrap().len(), 2, "the next key is published before it signs");
        introspect.request(200, ("POST", "/v1/tokens/introspect"), "", &token).await;
        revoke.request(204, ("POST", "/v1/tokens/revoke"), "", &token).await;
        introspect.request(410, ("POST", "/v1/tokens/introspect"), "", &token).await;
    }
}

#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_answer_a_gateway_that_asks_for_an_authorization() {
    let (_deployment, environment, admin) = bootstrapped(SigningMode::Envelope).await;
    let arn = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/prod/GET/pets";
    let simple =
        |bearer: &str| json!({"version": "2.0", "type": "REQUEST", "headers": {"authorization": format!("Bearer {bearer}")}});
    let token = |bearer: &str| json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": format!("Bearer {bearer}")});
    let mut authorizer = Function::start("records", "jeton.authorizer", &environment).await;
    let answer = authorizer.invoke(simple(&admin)).await;
    assert_eq!((&answer["isAuthorized"], &answer["context"]["sub"]), (&json!(true), &json!("administrator")), "{answer}");
    assert_eq!(authorizer.invoke(simple("x")).await["isAuthorized"], false);
    assert_eq!(authorizer.invoke(token(&admin)).await["policyDocument"]["Statement"][0]["Effect"], "Allow");
    let unauthorized = json!({"errorType": "Unauthorized", "errorMessage": "Unauthorized"});
    assert_eq!(authorizer.invoke(token("x")).await, unauthorized);
    let wrong = authorizer.invoke(json!({"version": 2})).await;
    assert_eq!(wrong, json!({"errorType": "INVALID_REQUEST", "errorMessage": "version: must be a string."}));

    let demanding = |name: &'static str, value: &str| [&environment[..], &[(name, value.to_owned())]].concat();
    let mut authorizer =
        Function::start("records", "jeton.authorizer", &demanding("JETON_REQUIRED_SCOPES", "urn:jeton:admin urn:else")).await;
    assert_eq!(authorizer.invoke(token(&admin)).await["policyDocument"]["Statement"][0]["Effect"], "Deny");
    let mut authorizer = Function::start("records", "jeton.authorizer", &demanding("JETON_REQUIRED_AUDIENCE", "urn:else")).await;
    assert_eq!(authorizer.invoke(token(&admin)).await, unauthorized);
    let mut authorizer =
        Function::start("records", "jeton.authorizer", &demanding("AWS_ENDPOINT_URL", "http://127.0.0.1:1")).await;
    assert_eq!(authorizer.invoke(token(&admin)).await["errorType"], "UNAVAILABLE");
}

#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_tell_of_commits_in_their_log_and_on_the_bus() {
    let keys = |sk: &str| json!({"pk": {"S": "1#0"}, "sk": {"S": sk}});
    let record = |number: &str, sk: &str| {
        json!({"eventID": format!("event-{number}"), "eventName": "INSERT", "dynamodb": {
            "ApproximateCreationDateTime": 1.795_348_8E9, "Keys": keys(sk), "SequenceNumber": number,
            "NewImage": {"pk": {"S": "1#0"}, "sk": {"S": sk}, "n": {"N": "1795348800250"}}
        }})
    };
    let batch = json!({"Records": [record("1", "v#m#ann"), record("2", "unheard#of"), record("3", "v#o")]});
    let issuer = [("JETON_ISSUER", "https://jeton.example".to_owned())];
    let mut audit = Function::start_with_log("operate", "jeton.audit", &issuer, Stdio::piped()).await;
    assert_eq!(audit.invoke(batch.clone()).await, json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));
    let log = audit.into_log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<_> = lines.filter(|line| line["target"] == "jeton::audit").collect();
    let event = json!({
        "target": "jeton::audit", "id": "event-1", "time": 1_795_348_800_250_i64, "action": "tokens.revoked", "org": "1",
        "set": "member", "subject": "ann", "not_before": 1_795_348_800_250_i64
    });
    assert_eq!((told.len(), &told[0]), (2, &event), "{log}");

    // A bus that can't be reached has taken nothing.
    let (_deployment, mut environment, _) = bootstrapped(SigningMode::Envelope).await;
    environment
        .extend([("JETON_EVENT_BUS", "bus".to_owned()), ("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:1".to_owned())]);
    let mut audit = Function::start("operate", "jeton.audit", &environment).await;
    let all = ["1", "2", "3"].map(|number| json!({"itemIdentifier": number}));
    assert_eq!(audit.invoke(batch).await, json!({ "batchItemFailures": all }));
}

/// What isn't linked can't be called, whatever goes wrong. The SDK names each operation in the requests that it builds.
#[test]
#[ignore = "needs JETON_BUNDLES"]
fn bundles_have_no_call_of_aws_in_them_that_their_privilege_lacks() {
    const DYNAMODB: &str = "DynamoDB_20120810.";
    const KEY_MAKING: [&str; 3] =
        ["TrentService.CreateKey", "TrentService.ScheduleKeyDeletion", "TrentService.GenerateDataKeyPairWithoutPlaintext"];
    for (bundle, has, lacks) in [
        ("public", &[][..], &[&["TrentService.", DYNAMODB, "AWSEvents."][..]][..]),
        ("records", &[DYNAMODB], &[&["TrentService.", "AWSEvents."]]),
        ("mint", &[DYNAMODB, "TrentService.Sign", "TrentService.Decrypt"], &[&["AWSEvents."], &KEY_MAKING]),
        ("operate", &[DYNAMODB, "TrentService.Sign", "TrentService.CreateKey", "AWSEvents.PutEvents"], &[]),
    ] {
        let binary = std::fs::read(bundles().join(bundle)).unwrap();
        let binary = String::from_utf8_lossy(&binary);
        for call in has {
            assert!(binary.contains(call), "{bundle} can't call {call}");
        }
        for call in lacks.iter().copied().flatten() {
            assert!(!binary.contains(call), "{bundle} can call {call}");
        }
    }
}

/// P24, F36: functions start before there is anything, or while nothing answers, say 503, and go on when there is.
#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_start_also_when_nothing_answers() {
    let deployment = Deployment::new(SigningMode::Kms, true).await;
    let environment = deployment.environment();
    let mut early = Function::start("records", "jeton.jwks", &environment).await;
    early.request(503, ("GET", "/.well-known/jwks.json"), "", &json!({})).await;
    let mut bootstrap = Function::start("operate", "jeton.bootstrap", &environment).await;
    assert!(bootstrap.invoke(json!({})).await["token"].is_string());
    early.request(200, ("GET", "/.well-known/jwks.json"), "", &json!({})).await;

    let nowhere = |name: &str| name.starts_with("AWS_ENDPOINT_URL");
    let dark: Vec<_> = environment
        .iter()
        .map(|(name, value)| (*name, if nowhere(name) { "http://127.0.0.1:1".to_owned() } else { value.clone() }))
        .collect();
    let mut mint = Function::start("mint", "agilicus.create_token", &dark).await;
    let ask = crate::support::ask("1", "administrator", json!({}));
    mint.request(503, ("POST", "/v1/tokens"), "eyJ", &ask).await;
}

#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_refuse_to_start_for_an_endpoint_that_they_do_not_have() {
    let environment = Deployment::new(SigningMode::Kms, true).await.environment();
    // The bundle that may not sign doesn't have what signs.
    for (bundle, handler) in [("records", "agilicus.create_token"), ("public", "agilicus.list_tokens"), ("mint", "nonsense")] {
        let log = failed_start(&mut command(bundle, handler, &environment));
        assert!(log.contains("this bundle has") && log.contains(handler), "{log}");
    }
    let log = failed_start(command("public", "", &environment).env_remove("JETON_ISSUER"));
    assert!(log.contains("_HANDLER is not set") && log.contains("JETON_ISSUER is not set"), "{log}");
    for (bundle, handler, missing) in [
        ("records", "jeton.jwks", "JETON_TOKENS_TABLE"),
        ("mint", "agilicus.create_token", "JETON_ENVELOPE_KEY"),
        ("operate", "jeton.rotate_keys", "JETON_KEY_ALIAS"),
    ] {
        let log = failed_start(command(bundle, handler, &environment).env_remove(missing));
        assert!(log.contains(&format!("{missing} is not set")), "{log}");
    }
}

fn failed_start(command: &mut Command) -> String {
    let output = command.env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1").output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Design section 7: printed beside the targets, which are for the profile `lambda`.
#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_tell_what_a_cold_start_costs() {
    let (_deployment, environment, _) = bootstrapped(SigningMode::Envelope).await;
    println!("bundle    CPU until ready   peak memory   binary");
    for (bundle, handler, target) in [
        ("public", "jeton.health", "3 ms"),
        ("records", "agilicus.introspect_token", "8 ms"),
        ("mint", "agilicus.create_token", "8 ms"),
    ] {
        let mut best = (Duration::MAX, 0);
        for _ in 0..5 {
            best = best.min(Function::start(bundle, handler, &environment).await.cost_of_start().await);
        }
        let binary = std::fs::metadata(bundles().join(bundle)).unwrap().len();
        let (cpu, peak) = best;
        let (megabytes, whole_ms) = (peak / 1_024, cpu.as_secs_f64() * 1_000.0);
        println!("{bundle:<8} {whole_ms:>7.1} ms [{target}] {megabytes:>7} MB {:>12} kB", binary / 1_024);
        assert!(peak > 0 && cpu > Duration::ZERO);
    }
}

#[expect(clippy::disallowed_methods, reason = "where the bundles are is for tests/run to say")]
fn bundles() -> PathBuf {
    std::env::var_os("JETON_BUNDLES").expect("JETON_BUNDLES names the folder of the bundles").into()
}
