//! The bundles as Lambda runs them.
//!
//! `cargo test` doesn't build another package's binaries with their features: `JETON_BUNDLES` names the folder that has them.

use std::convert::Infallible;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shared::domain::SigningMode;
use tokio::net::TcpListener;

use crate::support::deployment::Deployment;
use crate::support::function::{Function, bundles, command, event, json_type};

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
    assert_eq!(audit.invoke(batch.clone()).await, json!({"batchItemFailures": []}));
    let log = audit.into_log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let untold: Vec<_> = lines.clone().filter(|line| line["target"] == "jeton::fault").collect();
    assert_eq!((untold.len(), &untold[0]["event_id"]), (1, &json!("event-2")), "{log}");
    assert!(untold[0]["keys"].as_str().unwrap().contains("unheard#of"), "{log}");
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
    let all = ["1", "3"].map(|number| json!({"itemIdentifier": number}));
    assert_eq!(audit.invoke(batch).await, json!({ "batchItemFailures": all }));
}

/// Without keys in the environment: they are at an endpoint, as on managed instances.
#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_count_requests_in_their_log_and_take_credentials_from_an_endpoint() {
    let (_deployment, mut environment, admin) = bootstrapped(SigningMode::Kms).await;
    environment.retain(|(name, _)| !["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].contains(name));
    let without = command("records", "agilicus.list_tokens", &environment).output().unwrap();
    assert!(String::from_utf8_lossy(&without.stdout).contains("AWS_ACCESS_KEY_ID is not set"), "{without:?}");
    environment.extend([
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials_endpoint().await),
        ("JETON_ENDPOINT_METRICS", "org".to_owned()),
        ("JETON_METRICS_NAMESPACE", "Jeton/prod".to_owned()),
    ]);
    let mut list = Function::start_with_log("records", "agilicus.list_tokens", &environment, Stdio::piped()).await;
    list.request(200, ("GET", "/v1/tokens"), &admin, &json!({})).await;
    list.request(401, ("GET", "/v1/tokens"), "s3cret", &json!({})).await;
    let log = list.into_log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<_> = lines.filter(|line| line["target"] == "jeton::request").collect();
    let counted = |line: &Value| {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let names = directive["Metrics"].as_array().unwrap().iter().map(|metric| metric["Name"].as_str().unwrap().to_owned());
        (directive["Namespace"].clone(), directive["Dimensions"].clone(), names.collect::<Vec<_>>())
    };
    assert_eq!(lines.len(), 2, "{log}");
    let by_both = json!([["endpoint"], ["endpoint", "org"]]);
    assert_eq!(counted(&lines[0]), (json!("Jeton/prod"), by_both, vec!["Duration".to_owned()]), "{log}");
    let refused = vec!["Duration".to_owned(), "ClientErrors".to_owned()];
    assert_eq!(counted(&lines[1]), (json!("Jeton/prod"), json!([["endpoint"]]), refused), "{log}");
    for line in lines {
        assert_eq!((&line["request_id"], &line["lambda_request_id"]), (&json!("r-1"), &json!("request-1")), "{log}");
        assert_eq!(line["endpoint"], "agilicus.list_tokens");
    }
    assert!(!log.contains("s3cret") && !log.contains(&admin) && !log.contains("hunter"), "{log}");
}

/// An endpoint of credentials for an hour. Returns its address.
async fn credentials_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|_: Request<Incoming>| async {
                let end = "9999-01-01T00:00:00Z";
                let body = json!({"AccessKeyId": "id", "SecretAccessKey": "hunter2", "Token": "hunter3", "Expiration": end});
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body.to_string()))))
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    format!("http://{address}/credentials")
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

/// Functions start before there is anything, or while nothing answers, say 503, and go on when there is.
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

/// Printed beside the targets, which are for the profile `lambda`.
#[tokio::test]
#[ignore = "needs JETON_BUNDLES"]
async fn bundles_tell_what_they_cost() {
    const REQUESTS: u32 = 300;
    let (_deployment, environment, admin) = bootstrapped(SigningMode::Envelope).await;
    let ask = crate::support::ask("1", "administrator", json!({}));
    let token = json!({"token": admin});
    println!("bundle     CPU until ready     CPU a request     peak memory        binary");
    for (bundle, handler, path, body, status, targets) in [
        ("public", "jeton.health", "/health", &token, 200, ("3 ms", "")),
        ("records", "agilicus.introspect_token", "/v1/tokens/introspect", &token, 200, ("8 ms", "")),
        ("mint", "agilicus.create_token", "/v1/tokens", &ask, 201, ("8 ms", "150 µs")),
    ] {
        let mut start = Duration::MAX;
        for _ in 0..5 {
            let function = Function::start(bundle, handler, &environment).await;
            function.ready().await;
            start = start.min(function.cpu());
        }
        let mut function = Function::start(bundle, handler, &environment).await;
        let method = if bundle == "public" { "GET" } else { "POST" };
        function.request(status, (method, path), &admin, body).await;
        let before = function.cpu();
        for _ in 0..REQUESTS {
            function.request(status, (method, path), &admin, body).await;
        }
        let (each, peak) = (function.cpu().saturating_sub(before) / REQUESTS, function.peak_memory());
        let binary = std::fs::metadata(bundles().join(bundle)).unwrap().len();
        let (start_ms, each_us) = (start.as_secs_f64() * 1_000.0, each.as_secs_f64() * 1_000_000.0);
        let (start_target, each_target) = targets;
        println!(
            "{bundle:<8} {start_ms:>7.1} ms [{start_target}] {each_us:>9.0} µs [{each_target:>6}] {:>9} MB {:>12} kB",
            peak / 1_024,
            binary / 1_024
        );
        assert!(peak > 0 && start > Duration::ZERO && each > Duration::ZERO);
    }
}
