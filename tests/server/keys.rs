//! The key ring of the local server: files that follow each other, while tokens go on being good.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use local::Served;
use serde_json::{Value, json};
use shared::admin::bootstrap;
use shared::api::http::Service;
use shared::domain::{Algorithm, FrozenClock, Issuer, OrgId, Schedule, Seconds, Subject, Timestamp};
use shared::platform::LocalService;
use shared::platform::capabilities::Provides as _;
use shared::platform::data_dir::DataDir;
use shared::platform::key_files::KeyFiles;
use shared::store::sqlite::{Durability, SqliteStore};

use crate::support::NOW;
use crate::support::queue::{HeldQueue, HeldStreams};

/// A server on a data folder, with the token of its administrator.
struct Started {
    service: Service,
    clock: Arc<FrozenClock>,
    admin: String,
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("jeton-ring-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

async fn start(folder: &Path, now: Timestamp) -> Started {
    let home = DataDir::open(folder).unwrap();
    let clock = Arc::new(FrozenClock::at(now));
    let store = Arc::new(SqliteStore::open(&home.file("jeton.db"), Durability::Normal, clock.clone()).unwrap());
    let schedule = Schedule { every: Seconds(90 * 86_400), lead: Schedule::SHORTEST_LEAD };
    let issuer = Issuer::parse("https://jeton.example").unwrap();
    let operations =
        KeyFiles::new(home).operations(issuer, store.clone(), clock.clone(), (&[Algorithm::Es256], schedule)).await.unwrap();
    let rotator = Some(operations.provide());
    let platform = operations.platform;
    let (org, name) = (OrgId::parse("1").unwrap(), Subject::parse("administrator").unwrap());
    let (org, member) = bootstrap::administrator(&*store, &org, &name, now).await.unwrap();
    let minted = bootstrap::token(&platform.provide(), &org, &member, Seconds::DAY).await.unwrap();
    let whole = LocalService { platform, queue: Arc::new(HeldQueue::default()), signalling: HeldStreams::default().signalling() };
    let service = Service::new(&local::catalogue(), &Served { whole, rotator }).unwrap();
    Started { service, clock, admin: minted.token.expose().clone() }
}

impl Started {
    async fn ask(&self, method: &str, path: &str, bearer: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {bearer}"));
        let request = request.header("content-type", "application/json");
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = self.service.call(request.body(body).unwrap()).await;
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    async fn rotate(&self, order: &Value) -> Vec<Value> {
        let (status, answer) = self.ask("POST", "/v1/keys/rotations", &self.admin, order).await;
        assert_eq!(status, 200, "{answer}");
        answer["keys"].as_array().unwrap().clone()
    }

    async fn published(&self) -> Vec<Value> {
        let (_, set) = self.ask("GET", "/.well-known/jwks.json", "", &Value::Null).await;
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
    }

    /// Mints a token, and returns it with the key that has signed it.
    async fn mint(&self) -> (String, Value) {
        let body = json!({"sub": "administrator", "org": "1", "audiences": ["urn:api"], "time_validity": {"duration": 7200}, "scopes": ["urn:x"]});
        let (status, minted) = self.ask("POST", "/v1/tokens", &self.admin, &body).await;
        assert_eq!(status, 201, "{minted}");
        let token = minted["token"].as_str().unwrap().to_owned();
        let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        (token, serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone())
    }

    async fn is_live(&self, token: &str) -> bool {
        self.ask("POST", "/v1/tokens/introspect", "", &json!({"token": token})).await.0 == 200
    }
}

#[tokio::test]
async fn a_rotated_key_is_published_first_and_signs_later_and_a_restart_goes_on_from_there() {
    let folder = folder("rotated");
    let server = start(&folder, NOW).await;
    let (old, first) = server.mint().await;
    let keys = server.rotate(&Value::Null).await;
    let second = keys[1]["kid"].clone();
    assert_eq!((&keys[0]["state"], &keys[1]["state"]), (&"active".into(), &"next".into()));
    assert_eq!(server.published().await, [first.clone(), second.clone()], "at once");
    assert_eq!(server.mint().await.1, first);
    drop(server);

    let later = NOW.plus(Seconds::HOUR);
    let server = start(&folder, later.minus(Seconds(1))).await;
    assert_eq!(server.mint().await.1, first, "not yet");
    server.clock.advance_ms(1_000);
    assert_eq!(server.mint().await.1, second);
    assert!(server.is_live(&old).await, "what the first has signed goes on being good");
    assert_eq!(server.published().await, [first, second]);
}

#[tokio::test]
async fn a_key_can_sign_at_once_for_a_rehearsal() {
    let server = start(&folder("rehearsal"), NOW).await;
    let keys = server.rotate(&json!({"signs_in": 0})).await;
    assert_eq!(server.mint().await.1, keys[1]["kid"]);
}

#[tokio::test]
async fn a_stolen_key_ends_with_all_that_it_has_signed() {
    let server = start(&folder("stolen"), NOW).await;
    let (token, kid) = server.mint().await;
    let keys = server.rotate(&json!({"stolen": kid})).await;
    assert_eq!(keys.iter().filter(|key| key["state"] == "active").count(), 1);
    assert!(!server.is_live(&token).await && !server.is_live(&server.admin).await);
    assert!(!server.published().await.contains(&kid));
}

#[tokio::test]
async fn only_an_administrator_of_the_first_org_rotates_and_nothing_unknown_is_taken() {
    let server = start(&folder("only"), NOW).await;
    let (poor, kid) = server.mint().await;
    for (bearer, order, status) in [
        ("", json!({}), 401),
        (&*poor, json!({}), 403),
        (&*server.admin, json!({"stollen": kid}), 400),
        (&*server.admin, json!({"signs_in": -1}), 400),
        (&*server.admin, json!({"stolen": "nobody's"}), 404),
    ] {
        let (got, answer) = server.ask("POST", "/v1/keys/rotations", bearer, &order).await;
        assert_eq!(got, status, "{answer}");
    }
    assert_eq!(server.published().await, [kid]);
}
