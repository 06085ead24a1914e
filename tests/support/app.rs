//! The service with a clock that stands still, entropy that repeats itself, and keys that everybody knows.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use shared::admin::bootstrap;
use shared::api::http::Service;
use shared::api::jeton::load_seed::{self, Loaded, NotLoaded, SeedMode};
use shared::api::jeton::seed::Seed;
use shared::domain::{Algorithm, Clock as _, FrozenClock, Issuer, OrgId, Seconds, Secret, Seeded, Subject, Timestamp};
use shared::keys::remote::web::WebDocuments;
use shared::keys::remote::{Origins, Receivers};
use shared::keys::signer::{HmacDeriver, LocalSigner, Signer};
use shared::platform::capabilities::{BatchWorker, Provides as _};
use shared::platform::{LocalService, Platform, PlatformParts};
use shared::store::Store;
use shared::store::sqlite::{Durability, SqliteStore};
use shared::tokens::batch;

use super::described;
use super::mount::{self, Mount, Target};
use super::queue::{HeldQueue, HeldStreams};
use super::receiver::Receiver;
use super::template::UNROUTED;
use super::values::over;
use super::web::{Web, key_sets, scanners};

/// 2026-11-22T12:00:00.250Z
pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_795_348_800_250);

/// Orgs: 1 with 11 and 111 below it, and 2, which is foreign. Members of 1: ann (a person with profile and scopes), bot (a
/// service account), team (a group), gone (disabled), minter, reader, revoker and clerk (with one API scope each).
const DIRECTORY: &str = r#"{
  "orgs": [
    {"id": "1", "name": "Root"},
    {"id": "11", "parent": "1"},
    {"id": "111", "parent": "11", "settings": {"allow_non_expiring": true, "refresh_token_kept": true}},
    {"id": "2", "name": "Foreign"}
  ],
  "members": [
    {"org": "1", "sub": "ann", "scopes": ["urn:app:*"], "roles": {"shop": ["owner", "editor"]},
     "profile": {"email": "ann@example.org", "first_name": "Ann", "last_name": "Lee", "display_name": "Ann", "external_id": "x-1"}},
    {"org": "1", "sub": "bot", "kind": "service_account", "scopes": ["urn:app:read"]},
    {"org": "1", "sub": "team", "kind": "group", "scopes": []},
    {"org": "1", "sub": "gone", "enabled": false, "scopes": ["urn:app:*"]},
    {"org": "1", "sub": "minter", "kind": "service_account", "scopes": ["urn:jeton:tokens:create", "urn:app:*"]},
    {"org": "1", "sub": "reader", "scopes": ["urn:jeton:tokens:read"]},
    {"org": "1", "sub": "revoker", "scopes": ["urn:jeton:tokens:revoke"]},
    {"org": "1", "sub": "clerk", "scopes": ["urn:jeton:members:write"]},
    {"org": "11", "sub": "ann", "scopes": ["urn:app:read"], "roles": {"shop": ["editor"]}},
    {"org": "111", "sub": "ann", "scopes": ["urn:app:*"]},
    {"org": "2", "sub": "ann", "scopes": ["urn:app:*", "urn:jeton:admin"]},
    {"org": "2", "sub": "administrator", "scopes": ["*"]}
  ]
}"#;

/// What the function of an HTTP API that gets the requests of no route has: itself, and where all others are.
fn unrouted(platform: &LocalService) -> Service {
    let mut entries = functions::catalogue();
    entries.retain(|entry| entry.route.name == UNROUTED);
    entries.extend(functions::elsewhere().into_iter().filter(|entry| entry.route.name != UNROUTED));
    Service::new(&entries, platform).expect("a service").behind(mount::forwarding())
}

/// The service behind a mount.
pub(crate) struct App {
    target: Target,
    /// What is behind the mount.
    pub(crate) service: Arc<Service>,
    /// What that stands on.
    pub(crate) platform: Platform,
    /// What it has handed over to be done in the background.
    pub(crate) queue: HeldQueue,
    /// The streams whose signals are to be pushed.
    pub(crate) streams: HeldStreams,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) store: Arc<dyn Store>,
    /// What clients have on the web.
    pub(crate) web: Arc<Web>,
    /// Whoever receives signals.
    pub(crate) receiver: Arc<Receiver>,
    /// Of the administrator of org 1, with `urn:jeton:admin`.
    pub(crate) admin: String,
}

impl App {
    /// On a store in memory, or the one that the mount names.
    pub(crate) async fn new(mount: Mount) -> Self {
        Self::with_store(mount, |store| store).await
    }

    /// On such a store, wrapped into another once it has its directory.
    pub(crate) async fn with_store(mount: Mount, wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let clock = Arc::new(FrozenClock::at(NOW));
        let store: Arc<dyn Store> = if matches!(mount, Mount::DynamoDb) {
            super::dynamodb::empty_store().await
        } else {
            Arc::new(SqliteStore::in_memory(clock.clone()).expect("a store"))
        };
        Self::on(mount, clock, store, &[Algorithm::Es256], wrap).await
    }

    /// On a store in memory, with keys of these algorithms, of which the first is the preferred one.
    pub(crate) async fn signed_by(mount: Mount, algorithms: &[Algorithm]) -> Self {
        let clock = Arc::new(FrozenClock::at(NOW));
        let store = Arc::new(SqliteStore::in_memory(clock.clone()).expect("a store"));
        Self::on(mount, clock, store, algorithms, |store| store).await
    }

    /// As a function call, on a store in memory that has what a seed says, with keys whose signatures are the same every time.
    pub(crate) async fn seeded(seed: &str) -> Self {
        let clock = Arc::new(FrozenClock::at(NOW));
        let store = Arc::new(SqliteStore::in_memory(clock.clone()).expect("a store"));
        Self::assemble(Mount::InProcess, clock, store, (seed, &[Algorithm::EdDsa]), |store| store).await
    }

    /// As a function call, on a data file.
    pub(crate) async fn on_file(path: &Path) -> Self {
        let clock = Arc::new(FrozenClock::at(NOW));
        let store = SqliteStore::open(path, Durability::Full, clock.clone()).expect("a data file");
        Self::on(Mount::InProcess, clock, Arc::new(store), &[Algorithm::Es256], |store| store).await
    }

    /// As a function call, on this store.
    pub(crate) async fn kept_in(store: Arc<dyn Store>) -> Self {
        Self::on(Mount::InProcess, Arc::new(FrozenClock::at(NOW)), store, &[Algorithm::Es256], |store| store).await
    }

    /// As a function call, on this store, which has the same clock.
    pub(crate) async fn kept_in_at(store: Arc<dyn Store>, clock: Arc<FrozenClock>) -> Self {
        Self::on(Mount::InProcess, clock, store, &[Algorithm::Es256], |store| store).await
    }

    async fn on(
        mount: Mount,
        clock: Arc<FrozenClock>,
        store: Arc<dyn Store>,
        algorithms: &[Algorithm],
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        Self::assemble(mount, clock, store, (DIRECTORY, algorithms), wrap).await
    }

    async fn assemble(
        mount: Mount,
        clock: Arc<FrozenClock>,
        store: Arc<dyn Store>,
        (seed, algorithms): (&str, &[Algorithm]),
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let signers = algorithms.iter().map(|alg| Arc::new(LocalSigner::for_tests(*alg)) as Arc<dyn Signer>);
        let seeded = store.clone();
        let store = wrap(store);
        let mut platform = Platform::new(PlatformParts {
            clock: clock.clone(),
            entropy: Arc::new(Seeded::new(1)),
            issuer: Issuer::parse("https://jeton.example").expect("an issuer"),
            store: store.clone(),
            signers: signers.collect(),
            deriver: Arc::new(HmacDeriver::new(&Secret::new([7; 32]))),
        })
        .expect("a platform");
        let web = Arc::new(Web::default());
        let documents = WebDocuments::new(web.clone(), clock.clone());
        let open_org = Some(OrgId::parse("1").expect("an id"));
        let records = platform.records.reading(key_sets(&web)).opening(open_org);
        let receiver = Arc::new(Receiver::default());
        let records = records.with_web_documents(documents).hearing_from(scanners(&web));
        platform.records = records.pushing_to(Receivers::new(Arc::default(), false, receiver.clone()));
        load(&*seeded, &platform, seed, NOW).await.expect("the seed is loaded");
        let name = Subject::parse("administrator").expect("a name");
        let root = OrgId::parse("1").expect("an id");
        let (org, member) = bootstrap::administrator(&*store, &root, &name, NOW).await.expect("an administrator");
        let minted = bootstrap::token(&platform.provide(), &org, &member, Seconds::DAY).await.expect("a token");
        let (queue, streams) = (HeldQueue::default(), HeldStreams::default());
        let signalling = streams.signalling();
        let whole = LocalService { platform: platform.clone(), queue: Arc::new(queue.clone()), signalling };
        let service = Service::new(&functions::catalogue(), &whole).expect("a service");
        let service = Arc::new(service.behind(mount::forwarding()));
        let target = Target::new(mount, service.clone(), unrouted(&whole)).await;
        Self { target, service, platform, queue, streams, clock, store, web, receiver, admin: minted.token.expose().clone() }
    }

    /// Loads a seed, which overwrites what is there.
    pub(crate) async fn seed(&self, seed: &Value) -> Result<Loaded, NotLoaded> {
        load(&*self.store, &self.platform, &seed.to_string(), self.clock.now()).await
    }

    /// Does what was handed over, all of it twice: a queue may deliver so.
    pub(crate) async fn work(&self) {
        let worker: BatchWorker = self.platform.provide();
        for message in self.queue.drain() {
            for _ in 0..2 {
                batch::work(&worker, &message).await.expect("the work is done");
            }
        }
    }

    /// Sends a request as it is. Every answer keeps to the rules that all answers keep to.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Answer {
        let (path, method) = (request.uri().path().to_owned(), request.method().clone());
        let is_patched =
            request.uri().query().is_some_and(|query| query.contains("patch=")) || path.ends_with("/service/configuration");
        let answer = Answer::from(self.target.send(request).await);
        // A JSON Patch makes of a document whatever it likes.
        if !is_patched {
            described::check(&method, &path, &answer);
        }
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().expect("text").to_owned());
        let kept = match &*path {
            "/.well-known/jwks.json"
            | "/v1/tokens/jwsk"
            | "/v1/api-keys/pattern"
            | "/.well-known/oauth-authorization-server"
            | "/.well-known/ssf-configuration"
            | "/.well-known/openid-configuration" => "public, max-age=300",
            path if path.starts_with("/.well-known/oauth-protected-resource")
                || path.starts_with("/oauth2/resource-metadata/") =>
            {
                "public, max-age=300"
            }
            path if path.starts_with("/status/") => "public, max-age=30",
            "/openapi.json" => "public, max-age=3600",
            _ => "no-store",
        };
        let is_found = matches!(answer.status, StatusCode::OK | StatusCode::NOT_MODIFIED);
        assert_eq!(header("cache-control").as_deref(), Some(if is_found { kept } else { "no-store" }), "{path}");
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert!(header("server").is_none());
        assert!(header("access-control-allow-origin").is_none());
        if answer.status == StatusCode::UNAUTHORIZED {
            assert!(header("www-authenticate").is_some_and(|challenge| {
                ["Bearer ", "Basic ", "Github-Public-Key-Signature "].iter().any(|scheme| challenge.starts_with(scheme))
            }));
        }
        answer
    }

    /// A `POST` of JSON, with a bearer or without.
    pub(crate) async fn post(&self, path: &str, bearer: Option<&str>, body: Value) -> Answer {
        self.call(Method::POST, path, bearer, Some(body)).await
    }

    /// A `GET`.
    pub(crate) async fn get(&self, path: &str, bearer: &str) -> Answer {
        self.call(Method::GET, path, Some(bearer), None).await
    }

    /// A `PUT` of JSON.
    pub(crate) async fn put(&self, path: &str, bearer: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(bearer), Some(body)).await
    }

    /// A `PATCH` by a merge patch.
    pub(crate) async fn patch(&self, path: &str, bearer: &str, changes: Value) -> Answer {
        self.send_if(Method::PATCH, path, bearer, &[], Some(changes)).await
    }

    /// A request with conditions, such as `("if-match", tag)`. A `PATCH` is a merge patch.
    pub(crate) async fn send_if(
        &self,
        method: Method,
        path: &str,
        bearer: &str,
        conditions: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let media_type = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let mut request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        for (name, value) in conditions {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.send(request.body(body).expect("a request")).await
    }

    /// A `DELETE`.
    pub(crate) async fn delete(&self, path: &str, bearer: &str) -> Answer {
        self.call(Method::DELETE, path, Some(bearer), None).await
    }

    async fn call(&self, method: Method, path: &str, bearer: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.send(request.body(body).expect("a request")).await
    }

    /// Mints for a member of an org, as the administrator: `more` is laid over the request.
    pub(crate) async fn mint(&self, org: &str, sub: &str, more: Value) -> Answer {
        self.mint_as(&self.admin, org, sub, more).await
    }

    /// Mints as any bearer.
    pub(crate) async fn mint_as(&self, bearer: &str, org: &str, sub: &str, more: Value) -> Answer {
        self.post("/v1/tokens", Some(bearer), ask(org, sub, more)).await
    }

    /// The token of a member with these scopes, as the administrator mints it.
    pub(crate) async fn token(&self, org: &str, sub: &str, scopes: &[&str]) -> String {
        self.mint(org, sub, json!({ "scopes": scopes })).await.created()["token"].as_str().expect("a token").to_owned()
    }

    /// Introspects.
    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        self.post("/v1/tokens/introspect", None, json!({ "token": token })).await
    }

    /// Whether a token is alive, which introspection and its use as a bearer must agree about.
    pub(crate) async fn is_live(&self, token: &str) -> bool {
        let introspected = self.introspect(token).await.status == StatusCode::OK;
        let used = self.get("/v1/tokens/introspect_self", token).await.status == StatusCode::OK;
        assert_eq!(introspected, used, "introspection and use disagree");
        introspected
    }
}

/// A `CreateTokenRequest` with `more` laid over it; what is `null` there is left out.
pub(crate) fn ask(org: &str, sub: &str, more: Value) -> Value {
    over(json!({ "sub": sub, "org": org, "audiences": ["urn:api"], "time_validity": { "duration": 600 } }), more)
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body }
    }
}

impl Answer {
    /// The entity tag of the answer, which must have one.
    pub(crate) fn tag(&self) -> &str {
        self.headers[header::ETAG].to_str().expect("text")
    }

    /// Its body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        let media_type = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(matches!(media_type, "application/json" | "application/problem+json"), "{media_type:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Its body, and `null` for none.
    pub(crate) fn json_or_null(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Its body, if its status is 200.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        self.with(StatusCode::OK)
    }

    /// Its body, if its status is 201.
    #[track_caller]
    pub(crate) fn created(&self) -> Value {
        self.with(StatusCode::CREATED)
    }

    /// It is 204 without a body.
    #[track_caller]
    pub(crate) fn is_empty(&self) {
        assert_eq!((self.status, &self.body[..]), (StatusCode::NO_CONTENT, &b""[..]), "{self:?}");
    }

    /// Status and code of an error.
    pub(crate) fn error(&self) -> (u16, String) {
        let body = self.json();
        let code = body.get("error_code").or(body.get("code")).and_then(Value::as_str).unwrap_or_default();
        (self.status.as_u16(), code.to_owned())
    }

    /// It is this error.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: &str) {
        assert_eq!(self.error(), (status, code.to_owned()), "{self:?}");
    }

    /// The same request must be sent again in a second.
    #[track_caller]
    pub(crate) fn must_wait(&self) {
        let after = self.headers.get(http::header::RETRY_AFTER).map(|value| value.to_str().expect("text"));
        assert_eq!((self.status.as_u16(), after), (503, Some("1")), "{}", String::from_utf8_lossy(&self.body));
    }

    #[track_caller]
    fn with(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        assert!(!contains_null(&body), "a null: {body}");
        body
    }
}

async fn load(store: &dyn Store, platform: &Platform, seed: &str, now: Timestamp) -> Result<Loaded, NotLoaded> {
    let keys = platform.records.reader.keys.now().await.expect("the keys");
    let seed = Seed::read(seed).expect("a seed");
    load_seed::load(store, &keys, &Origins::default(), (seed, &SeedMode::Overwrite), now).await
}

/// The strict SDK takes no `null` anywhere.
fn contains_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(contains_null),
        Value::Object(members) => members.values().any(contains_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
