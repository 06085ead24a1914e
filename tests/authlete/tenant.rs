//! Two services below org 1, each with clients of every kind, for the scenarios of this dialect.

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};

use crate::support::{self, Answer, App, hashed};
pub(super) use crate::support::{encoded, over, text};

/// The service whose access tokens are opaque.
pub(super) const OPAQUE: &str = "100";
/// The service whose access tokens are JWTs. Its clients are the same with other secrets, and with numbers of their own, because no two
/// clients have the same: 2,001 for 1,001. Scenarios call them what they call those of the other service: [`renamed`].
pub(super) const JWT: &str = "200";

/// Confidential, may use every grant, authenticates in the header, is also called `web`.
pub(super) const WEB: u64 = 1_001;
/// Public, and so its refresh tokens are replaced with each use.
pub(super) const APP: u64 = 1_002;
/// Confidential, authenticates in the form, may only have tokens for itself, with the scope `read`.
pub(super) const ROBOT: u64 = 1_003;
/// Locked.
pub(super) const LOCKED: u64 = 1_004;
/// Its tokens live for 1,200 s and 12,000 s at most.
pub(super) const BRIEF: u64 = 1_005;
/// A subject has one token of it at most.
pub(super) const SINGLE: u64 = 1_006;

/// The API secret of a service.
pub(super) fn api_secret(org: &str) -> String {
    format!("the API secret of {org}")
}

/// The secret of a confidential client.
pub(super) fn secret(org: &str, client: u64) -> String {
    format!("the secret of {client} in {org}")
}

/// What all services here are like, until a scenario says otherwise.
fn settings(org: &str) -> Value {
    let mut settings = json!({
        "token_endpoint": "https://as.example.org/token",
        "supported_scopes": [
            {"name": "read", "default": true, "description": "Read"},
            {"name": "write"},
            {"name": "brief", "token_duration": 600, "refresh_token_duration": 6_000, "attributes": {"colour": "red"}},
            {"name": "briefer", "token_duration": 300, "refresh_token_duration": 3_000},
        ],
        "supported_grants": [
            "authorization_code", "client_credentials", "refresh_token", "password",
            "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "attributes": {"region": "north"},
    });
    if org == JWT {
        settings["access_token_sign_alg"] = json!("ES256");
    }
    settings
}

fn seed_of(org: &str) -> Value {
    let every = json!([
        "authorization_code",
        "client_credentials",
        "refresh_token",
        "password",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]);
    let confidential = |id: u64, more: Value| {
        let client = json!({"org": org, "id": number(org, id), "kind": "confidential", "grants": every, "secrets_sha256": [hashed(&secret(org, id))]});
        over(client, more)
    };
    json!({
        "orgs": [{"id": org, "parent": "1", "settings": settings(org), "secrets_sha256": [hashed(&api_secret(org))]}],
        "members": [{"org": org, "sub": "service", "kind": "service_account", "scopes": ["urn:jeton:*"]}],
        "clients": [
            confidential(WEB, json!({"alias": "web", "name": "Web", "attributes": {"plan": "free"}})),
            {"org": org, "id": number(org, APP), "kind": "public", "grants": ["authorization_code", "refresh_token", "password"]},
            confidential(ROBOT, json!({"auth_method": "client_secret_post", "grants": ["client_credentials"], "scopes": ["read"]})),
            confidential(LOCKED, json!({"enabled": false})),
            confidential(BRIEF, json!({"token_duration": 1_200, "refresh_token_duration": 12_000, "may_exchange_tokens": true})),
            confidential(SINGLE, json!({"single_token_per_subject": true})),
        ],
    })
}

/// The number that a client of this name has in an org.
pub(super) fn number(org: &str, client: u64) -> u64 {
    if org == JWT { client + 1_000 } else { client }
}

/// A request in which clients are called by the numbers that they have in this org.
pub(super) fn renamed(org: &str, body: Value) -> Value {
    if org == JWT { with_numbers(body, WEB, number(org, WEB)) } else { body }
}

fn named_back(org: &str, body: Value) -> Value {
    if org == JWT { with_numbers(body, number(org, WEB), WEB) } else { body }
}

fn path_renamed(org: &str, path: &str) -> String {
    (WEB..=SINGLE).fold(path.to_owned(), |path, client| path.replace(&client.to_string(), &number(org, client).to_string()))
}

/// With the numbers from `new` on in the place of those from `old` on, where they stand for clients.
fn with_numbers(value: Value, old: u64, new: u64) -> Value {
    let pairs = || (0..=SINGLE - WEB).map(|nth| (old + nth, new + nth));
    match value {
        Value::Number(number) => {
            let found = pairs().find(|(old, _)| number.as_u64() == Some(*old));
            found.map_or(Value::Number(number), |(_, new)| new.into())
        }
        Value::String(text) => {
            let whole = pairs().find(|(old, _)| *text == old.to_string()).map(|(_, new)| new.to_string());
            let in_form =
                |text: String, (old, new): (u64, u64)| text.replace(&format!("client_id={old}"), &format!("client_id={new}"));
            Value::String(whole.unwrap_or_else(|| pairs().fold(text, in_form)))
        }
        Value::Array(items) => items.into_iter().map(|item| with_numbers(item, old, new)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (name, with_numbers(member, old, new)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other @ (Value::Null | Value::Bool(_)) => other,
    }
}

/// A service, as the administrator of org 1 calls it.
#[derive(Clone, Copy)]
pub(super) struct Tenant<'a> {
    pub(super) app: &'a App,
    pub(super) org: &'static str,
}

impl<'a> Tenant<'a> {
    /// Makes the service 100.
    pub(super) async fn opaque(app: &'a App) -> Self {
        Self::made(app, OPAQUE).await
    }

    /// Makes the service 200.
    pub(super) async fn jwt(app: &'a App) -> Self {
        Self::made(app, JWT).await
    }

    async fn made(app: &'a App, org: &'static str) -> Self {
        app.seed(&seed_of(org)).await.expect("the seed is loaded");
        Self::new(app, org)
    }

    /// One that was made before.
    pub(super) fn new(app: &'a App, org: &'static str) -> Self {
        Self { app, org }
    }

    /// Gives it the usual settings with some others; those that are `null` it doesn't get.
    pub(super) async fn set(&self, some: Value) {
        let all = over(settings(self.org), some);
        self.app.put(&format!("/v1/orgs/{}", self.org), &self.app.admin, json!({ "settings": all })).await.ok();
    }

    /// The full path of a call.
    pub(super) fn path(&self, path: &str) -> String {
        format!("/api/{}/{path}", self.org)
    }

    /// A `POST` that is understood, whatever comes of it.
    pub(super) async fn post(&self, path: &str, body: Value) -> Value {
        let body = renamed(self.org, body);
        let answer = self.app.post(&self.path(&path_renamed(self.org, path)), Some(&self.app.admin), body).await;
        named_back(self.org, answer.ok())
    }

    /// A `GET` that is understood.
    pub(super) async fn get(&self, path: &str) -> Value {
        named_back(self.org, self.app.get(&self.path(&path_renamed(self.org, path)), &self.app.admin).await.ok())
    }

    /// Any request, with any `Authorization`.
    pub(super) async fn send(&self, method: Method, path: &str, authorization: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(self.path(path)).header(header::AUTHORIZATION, authorization);
        let (request, body) = match body {
            Some(body) => {
                let body = renamed(self.org, body);
                (request.header(header::CONTENT_TYPE, "application/json"), Bytes::from(body.to_string()))
            }
            None => (request, Bytes::new()),
        };
        self.app.send(request.body(body).expect("a request")).await
    }

    /// The answer to a creation, for `john` by the client `WEB` unless `more` says otherwise.
    pub(super) async fn create(&self, more: Value) -> Value {
        self.post("auth/token/create", creation(more)).await
    }

    /// A token that must be created.
    pub(super) async fn created(&self, more: Value) -> Value {
        let created = self.create(more).await;
        assert_eq!(created["action"], "OK", "{created}");
        created
    }

    /// The answer to a token request of a client that authenticates as it must; `more` is what the authorization server adds.
    pub(super) async fn token(&self, client: u64, parameters: &str, more: Value) -> Value {
        self.post("auth/token", token_request(self.org, client, parameters, more)).await
    }

    /// The answer to a refresh.
    pub(super) async fn refresh(&self, client: u64, refresh_token: &Value, more: Value) -> Value {
        let parameters = format!("grant_type=refresh_token&refresh_token={}", text(refresh_token));
        self.token(client, &parameters, more).await
    }

    /// A ticket of the client `WEB` for `john`.
    pub(super) async fn ticket(&self, more: Value) -> String {
        let answer = self.token(WEB, "grant_type=password&username=john&password=s3cret", more).await;
        assert_eq!(answer["action"], "PASSWORD", "{answer}");
        text(&answer["ticket"]).to_owned()
    }

    /// The answer to an introspection.
    pub(super) async fn introspect(&self, token: &Value, more: Value) -> Value {
        let asked = more.as_object().expect("an object").clone();
        let request = std::iter::once(("token".to_owned(), token.clone())).chain(asked).collect();
        self.post("auth/introspection", Value::Object(request)).await
    }

    /// Whether an access token is alive, about which both introspections must agree.
    pub(super) async fn is_live(&self, token: &Value) -> bool {
        let introspected = self.introspect(token, json!({})).await;
        let standard = self.standard(token, json!({})).await;
        assert_eq!(introspected["usable"], standard["active"], "the introspections disagree");
        assert_eq!(introspected["usable"] == true, introspected["action"] == "OK", "{introspected}");
        introspected["usable"] == true
    }

    /// What RFC 7662 tells of a token.
    pub(super) async fn standard(&self, token: &Value, more: Value) -> Value {
        let request = over(json!({ "parameters": format!("token={}", encoded(text(token))) }), more);
        let answer = self.post("auth/introspection/standard", request).await;
        assert_eq!(answer["action"], "OK", "{answer}");
        content(&answer)
    }

    /// Some rows of the list, with how many there are.
    pub(super) async fn list(&self, query: &str) -> (Vec<Value>, u64) {
        let listed = self.get(&format!("auth/token/get/list?{query}")).await;
        let rows = listed.get("accessTokens").and_then(Value::as_array).cloned().unwrap_or_default();
        (rows, listed["totalCount"].as_u64().unwrap())
    }
}

/// A `TokenCreateRequest` with `more` laid over it; what is `null` there is left out.
pub(super) fn creation(more: Value) -> Value {
    over(json!({"grantType": "PASSWORD", "clientId": WEB, "subject": "john", "scopes": ["read"]}), more)
}

/// A `TokenRequest` of a client that authenticates as it must.
pub(super) fn token_request(org: &str, client: u64, parameters: &str, more: Value) -> Value {
    let request = match client {
        APP => json!({"parameters": format!("{parameters}&client_id={client}")}),
        ROBOT => {
            let secret = encoded(&secret(org, client));
            json!({"parameters": format!("{parameters}&client_id={client}&client_secret={secret}")})
        }
        _ => json!({"parameters": parameters, "clientId": client.to_string(), "clientSecret": secret(org, client)}),
    };
    over(request, more)
}

/// `responseContent`, read. It is text that has JSON in it.
#[track_caller]
pub(super) fn content(answer: &Value) -> Value {
    serde_json::from_str(text(&answer["responseContent"])).expect("JSON")
}

/// It has this action and this code.
#[track_caller]
pub(super) fn is_action(answer: &Value, action: &str, code: &str) {
    assert_eq!((&answer["action"], &answer["resultCode"]), (&json!(action), &json!(code)), "{answer}");
    assert!(text(&answer["resultMessage"]).starts_with(&format!("[{code}] ")), "{answer}");
}

/// It has this action and code, and this error for the OAuth client.
#[track_caller]
pub(super) fn is_denied(answer: &Value, action: &str, code: &str, error: &str) {
    is_action(answer, action, code);
    let content = content(answer);
    assert_eq!(content["error"], error, "{answer}");
    assert_eq!(content["error_description"], answer["resultMessage"], "{answer}");
    assert_eq!(content["error_uri"], format!("https://jeton.example/errors/{code}"), "{answer}");
}

/// The names of its members.
pub(super) fn members(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// `Authorization` by a service's API secret.
pub(super) fn basic(org: &str) -> String {
    support::basic(org, &api_secret(org))
}

/// A `POST` to a path without a service's number, by an API secret.
pub(super) async fn v2(app: &App, org: &str, path: &str, body: Value) -> Answer {
    let request = Request::post(format!("/api/{path}")).header(header::AUTHORIZATION, basic(org));
    let body = renamed(org, body);
    let request = request.header(header::CONTENT_TYPE, "application/json").body(Bytes::from(body.to_string()));
    app.send(request.expect("a request")).await
}
