//! Leaked API keys: `POST /v1/api-keys/leaked`.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use shared::api::http::Service;
use shared::domain::{ApiKeyKind, ApiKeyValue, Seeded};
use shared::keys::remote::SecretScanners;
use shared::keys::remote::web::FetchFailure;
use shared::platform::LocalService;

use crate::support::{Answer, App, Mount, Watched, log, scanner, scenario, text};

const PATH: &str = "/v1/api-keys/leaked";
const KEYS: &str = "/v1/orgs/1/api-keys";
const API: &str = "https://api.example";
const SEEN: &str = "https://code.example/acme/shop/blob/main/.env";
const MIB: usize = 1 << 20;

/// Makes a key of ann's.
pub(crate) async fn key(app: &App) -> Value {
    let settings = json!({"resources": [API], "default_resource": API});
    app.put("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
    app.post(KEYS, Some(&app.admin), json!({"name": "laptop", "owner": "ann", "scopes": ["urn:app:read"]})).await.created()
}

async fn shown(app: &App, key: &Value) -> Value {
    app.get(&format!("{KEYS}/{}", text(&key["id"])), &app.admin).await.ok()
}

fn found(token: &str) -> Value {
    json!({"token": token, "type": "jeton_api_key", "url": SEEN, "source": "commit"})
}

fn verdict(token: &str, label: &str) -> Value {
    let hash = shared::jose::sha256(token.as_bytes()).iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    json!({"token_hash": hash, "token_type": "jeton_api_key", "label": label})
}

/// A key that nobody has made.
fn unknown() -> String {
    ApiKeyValue::draw(ApiKeyKind::Personal, &Seeded::new(77)).unwrap().expose().to_owned()
}

async fn send(app: &App, body: impl Into<Bytes>, headers: &[(&str, &str)]) -> Answer {
    let request = Request::post(PATH).header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.send(request.body(body.into()).unwrap()).await
}

/// Sends a body with its signature.
async fn report(app: &App, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let signature = scanner::signature(&body);
    let headers = [("Github-Public-Key-Identifier", scanner::KEY), ("Github-Public-Key-Signature", &signature)];
    send(app, body, &headers).await
}

/// Reports what was found at [`SEEN`], in a commit.
pub(crate) async fn report_all(app: &App, tokens: &[&str]) -> Answer {
    let all: Value = tokens.iter().map(|token| found(token)).collect();
    report(app, all.to_string()).await
}

scenario! {
    async fn a_reported_key_is_dead_in_both_its_values_and_the_reporter_learns_which_were_keys(app) {
        let (made, other) = (key(app).await, key(app).await);
        let first = text(&made["key"]);
        let rotated = app.post(&format!("{KEYS}/{}/rotate", text(&made["id"])), Some(&app.admin), json!({})).await.created();
        let (second, nobodys) = (text(&rotated["key"]), unknown());
        let typo = format!("{}{}", &first[..43], if first.ends_with('0') { '1' } else { '0' });
        let tokens = [first, "ghp_x", &typo, &nobodys, "", first];
        let answer = report_all(app, &tokens).await;
        let labels = ["true_positive", "false_positive", "false_positive", "false_positive", "false_positive", "true_positive"];
        let expected: Value = tokens.iter().zip(labels).map(|(token, label)| verdict(token, label)).collect();
        assert_eq!(answer.ok(), expected, "one for each, in their order");
        for dead in [first, second] {
            assert_eq!(app.introspect(dead).await.status, StatusCode::GONE);
        }
        app.introspect(text(&other["key"])).await.ok();
        let told = shown(app, &made).await;
        assert_eq!((&told["status"], &told["revoked_reason"]), (&json!("revoked"), &json!("leaked")));
        // The same again, and the other value, change nothing more.
        app.clock.advance_ms(5_000);
        assert_eq!(report_all(app, &tokens).await.ok(), expected);
        assert_eq!(report_all(app, &[second]).await.ok(), json!([verdict(second, "true_positive")]));
        assert_eq!(shown(app, &made).await, told);
    }
}

scenario! {
    async fn nothing_is_looked_up_without_the_signature_of_the_bytes_as_they_were_sent(app) {
        let made = key(app).await;
        let body = json!([found(text(&made["key"]))]).to_string();
        let (good, of_another) = (scanner::signature(body.as_bytes()), scanner::signature(b"[]"));
        let (id, signature) = ("github-public-key-identifier", "github-public-key-signature");
        let headers: [&[(&str, &str)]; 9] = [
            &[], &[(id, scanner::KEY)], &[(signature, &good)], &[(id, "k-2"), (signature, &good)], &[(id, ""), (signature, &good)],
            &[(id, scanner::KEY), (signature, &of_another)], &[(id, scanner::KEY), (signature, "x")],
            &[(id, scanner::KEY), (signature, &good), (signature, &good)], &[(id, scanner::KEY), (signature, &good[..good.len() - 4])],
        ];
        for headers in headers {
            send(app, body.clone(), headers).await.is_error(401, "SIGNATURE_INVALID");
        }
        let with_blank = format!("{body} ");
        send(app, with_blank, &[(id, scanner::KEY), (signature, &good)]).await.is_error(401, "SIGNATURE_INVALID");
        let bearer = format!("Bearer {}", app.admin);
        send(app, body.clone(), &[("authorization", &bearer)]).await.is_error(401, "SIGNATURE_INVALID");
        app.introspect(text(&made["key"])).await.ok();
        send(app, body, &[(id, scanner::KEY), (signature, &good)]).await.ok();
        assert_eq!(app.introspect(text(&made["key"])).await.status, StatusCode::GONE);
    }
}

scenario! {
    async fn a_report_has_up_to_two_thousand_secrets_in_a_mebibyte(app) {
        let many = |count: usize| (0..count).map(|n| found(&format!("no key {n}"))).collect::<Value>();
        assert_eq!(report(app, many(2_000).to_string()).await.ok().as_array().unwrap().len(), 2_000);
        for bad in ["[]", "{}", "", "[1]", "x"] {
            report(app, bad).await.is_error(400, "INVALID_REQUEST");
        }
        report(app, many(2_001).to_string()).await.is_error(400, "INVALID_REQUEST");
        for (bad, field) in [
            (json!([found("a"), {"type": "x"}]), "[1].token"), (json!([{"token": "x"}]), "[0].type"),
            (json!([{"token": 1, "type": "x"}]), "[0].token"), (json!([{"token": "x", "type": "x", "url": null}]), "[0].url"),
        ] {
            let answer = report(app, bad.to_string()).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field);
        }
        let with_more = json!([{"token": "x", "type": "jeton_api_key", "url": "", "commit": "0a", "count": 1}]);
        assert_eq!(report(app, with_more.to_string()).await.ok(), json!([verdict("x", "false_positive")]));
        let short = json!([found("x")]).to_string();
        let padded = |bytes: usize| format!("{short}{}", " ".repeat(bytes - short.len()));
        report(app, padded(MIB)).await.ok();
        report(app, padded(MIB + 1)).await.is_error(413, "BODY_TOO_LARGE");
    }
}

scenario! {
    async fn a_value_that_was_replaced_and_is_over_is_a_key_but_ends_none(app) {
        let made = key(app).await;
        let path = format!("{KEYS}/{}/rotate", text(&made["id"]));
        let rotated = app.post(&path, Some(&app.admin), json!({"previous_expires_in": 60})).await.created();
        app.clock.advance_ms(60_000);
        let old = text(&made["key"]);
        assert_eq!(report_all(app, &[old]).await.ok(), json!([verdict(old, "true_positive")]));
        app.introspect(text(&rotated["key"])).await.ok();
        assert_eq!(shown(app, &made).await["status"], "active");
        // One that has ended, or was revoked for another reason, stays what it was.
        app.delete(&format!("{KEYS}/{}", text(&made["id"])), &app.admin).await.is_empty();
        let new = text(&rotated["key"]);
        assert_eq!(report_all(app, &[new]).await.ok(), json!([verdict(new, "true_positive")]));
        assert_eq!(shown(app, &made).await["revoked_reason"], "administrator");
    }
}

#[tokio::test]
async fn a_deployment_that_names_no_scanner_has_no_such_path() {
    let app = App::new(Mount::InProcess).await;
    let mut platform = app.platform.clone();
    platform.records = platform.records.hearing_from(SecretScanners::none());
    let whole = LocalService { platform, queue: Arc::new(app.queue.clone()), signalling: app.streams.signalling() };
    let service = Service::new(&functions::catalogue(), &whole).unwrap();
    let body = json!([found("x")]).to_string();
    let request = Request::post(PATH).header("content-type", "application/json");
    let request = request.header("github-public-key-identifier", scanner::KEY);
    let request = request.header("github-public-key-signature", scanner::signature(body.as_bytes()));
    let answer = Answer::from(service.call(request.body(body.into()).unwrap()).await);
    answer.is_error(404, "NO_SUCH_PATH");
}

#[tokio::test]
async fn unknown_keys_have_the_scanners_keys_read_at_most_every_30_s_and_those_that_cannot_be_read_are_our_fault() {
    let app = App::new(Mount::InProcess).await;
    app.web.fail(scanner::KEYS, FetchFailure::Unreachable);
    report_all(&app, &["x"]).await.is_error(503, "UNAVAILABLE");
    app.web.put(scanner::KEYS, &scanner::published());
    report_all(&app, &["x"]).await.is_error(503, "UNAVAILABLE");
    app.clock.advance_ms(5_000);
    report_all(&app, &["x"]).await.ok();
    app.web.asked();
    let with_key = async |id: &str| {
        let signature = scanner::signature(b"[]");
        send(&app, "[]", &[("github-public-key-identifier", id), ("github-public-key-signature", &signature)]).await
    };
    for n in 0..50 {
        with_key(&format!("k-{}", n + 2)).await.is_error(401, "SIGNATURE_INVALID");
    }
    assert_eq!(app.web.asked().len(), 1);
    report_all(&app, &["x"]).await.ok();
    assert_eq!(app.web.asked().len(), 0);
}

#[tokio::test]
async fn what_fails_midway_is_done_when_the_report_comes_again() {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    let keys = [key(&app).await, key(&app).await, key(&app).await];
    let tokens: Vec<_> = keys.iter().map(|key| text(&key["key"])).collect();
    let expected: Value = tokens.iter().map(|token| verdict(token, "true_positive")).collect();
    for (count, after) in [(0, false), (4, false), (7, false), (7, true)] {
        watched.fail_in(count, after);
        let answer = report_all(&app, &tokens).await;
        if !watched.recover() {
            // All were ended by an earlier round.
            assert_eq!(answer.ok(), expected);
            continue;
        }
        answer.is_error(503, "UNAVAILABLE");
    }
    assert_eq!(report_all(&app, &tokens).await.ok(), expected);
    for key in &keys {
        assert_eq!(shown(&app, key).await["revoked_reason"], "leaked");
    }
}

#[tokio::test]
async fn a_leaked_key_is_an_alarm_once_and_no_line_of_the_log_has_it() {
    let app = App::new(Mount::InProcess).await;
    let made = key(&app).await;
    log::begin();
    for _ in 0..2 {
        report_all(&app, &[text(&made["key"]), &unknown()]).await.ok();
    }
    let lines = log::drain();
    let alarms: Vec<_> = lines.lines().filter(|line| line.contains("jeton::alarm")).collect();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    for part in ["KeyLeaked", "org=1 ", text(&made["id"])] {
        assert!(alarms[0].contains(part), "{} has no {part}", alarms[0]);
    }
    assert!(!lines.contains(&text(&made["key"])[12..]));
}

/// Checks that an event tells of a leaked key whose it was, and where it was found, and nothing of the key.
pub(crate) fn is_told(event: &Value, key: &Value) {
    assert_eq!((&event["action"], &event["org"], &event["subject"]), (&json!("api_key.leaked"), &json!("1"), &json!("ann")));
    assert_eq!(event["api_key"], key["id"]);
    assert_eq!(
        (&event["reason"], &event["url"], &event["source"]),
        (&json!("leaked"), &json!(SEEN), &json!("commit")),
        "{event}"
    );
    assert_eq!(event["name"], "laptop");
    assert!(!event.to_string().contains(&text(&key["key"])[12..]));
}
