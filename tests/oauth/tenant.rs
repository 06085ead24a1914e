//! Two orgs below org 1, each with OAuth clients of every kind, for the scenarios of this dialect.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures::FutureExt as _;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::domain::Algorithm;
use shared::jose::jwk;
use shared::keys::signer::{LocalSigner, Signer as _};

use crate::support::{self, Answer, App, hashed};
pub(super) use crate::support::{encoded, over};

/// The issuer of all apps.
pub(super) const ISSUER: &str = "https://jeton.example";
/// 2026-11-22T12:00:00Z, when every scenario begins.
pub(super) const NOW: i64 = 1_795_348_800;
/// A resource that [`SERVER`] is the server of.
pub(super) const API: &str = "https://api.example";
/// Takes assertions for members, and gives refresh tokens for them.
pub(super) const IDP: &str = "https://idp.example";
/// Takes assertions for anybody.
pub(super) const PARTNER: &str = "https://partner.example";

/// Confidential, every grant, authenticates in the header.
pub(super) const WEB: u64 = 1;
/// Confidential, authenticates in the form, has tokens for itself only, with the scope `read`.
pub(super) const ROBOT: u64 = 2;
/// Confidential, every grant, authenticates by assertions that [`client_key`] signs.
pub(super) const KEYED: u64 = 3;
/// Public, and so its refresh tokens are replaced with each use.
pub(super) const APP: u64 = 4;
/// Disabled.
pub(super) const LOCKED: u64 = 5;
/// The resource server of [`API`], which may have tokens, too.
pub(super) const SERVER: u64 = 6;
/// May exchange tokens of others.
pub(super) const BROKER: u64 = 7;
/// Must prove a key with every token request.
pub(super) const BOUND: u64 = 8;

pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";
pub(super) const REFRESH_TOKEN: &str = "refresh_token";
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The key of [`KEYED`] and of DPoP proofs.
pub(super) fn client_key() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::Es384)
}

/// The key of [`IDP`] and [`PARTNER`].
pub(super) fn issuer_key() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::EdDsa)
}

/// A JWT of any header, signed.
pub(super) fn jwt(key: &LocalSigner, header: &Value, payload: &Value) -> String {
    let input = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = key.sign(input.as_bytes()).now_or_never().unwrap().unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Each is another one.
pub(super) fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("id-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A DPoP proof for the token endpoint by [`client_key`], with `more` laid over its claims.
pub(super) fn proof(more: Value) -> String {
    let claims = json!({"jti": fresh_id(), "htm": "POST", "htu": format!("{ISSUER}/oauth2/token"), "iat": NOW});
    let header = json!({"typ": "dpop+jwt", "alg": "ES384", "jwk": jwk::to_json(client_key().jwk())});
    jwt(&client_key(), &header, &over(claims, more))
}

/// What is said of a client's JWK thumbprint in `cnf`.
pub(super) fn client_thumbprint() -> String {
    client_key().jwk().kid.to_string()
}

/// One of the two orgs.
#[derive(Clone, Copy)]
pub(super) struct Tenant<'a> {
    pub(super) app: &'a App,
    pub(super) org: &'static str,
}

/// How a client says who it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    /// As it is registered.
    Client(u64),
    /// By this header.
    Header(&'a str),
    /// Only by what is in the form.
    Nothing,
}

impl<'a> Tenant<'a> {
    /// Makes the org 500, whose access tokens are opaque.
    pub(super) async fn opaque(app: &'a App) -> Self {
        Self::made(app, "500", json!({})).await
    }

    /// Makes the org 600, whose access tokens are JWTs.
    pub(super) async fn jwt(app: &'a App) -> Self {
        Self::made(app, "600", json!({"access_token_sign_alg": "ES256"})).await
    }

    async fn made(app: &'a App, org: &'static str, more: Value) -> Self {
        let tenant = Self::new(app, org);
        app.seed(&tenant.seed(more)).await.expect("the seed is loaded");
        tenant
    }

    /// One that was made before.
    pub(super) fn new(app: &'a App, org: &'static str) -> Self {
        Self { app, org }
    }

    /// The `client_id` of one of its clients.
    pub(super) fn id(&self, client: u64) -> u64 {
        self.org.parse::<u64>().unwrap() * 10 + client
    }

    /// The secret of one of its clients.
    pub(super) fn secret(&self, client: u64) -> String {
        format!("the secret of {client} in {}: 100% + more", self.org)
    }

    /// The one that it had before, which is still good.
    pub(super) fn older_secret(&self, client: u64) -> String {
        self.secret(client) + ", formerly"
    }

    fn seed(&self, more: Value) -> Value {
        let every = json!([CLIENT_CREDENTIALS, REFRESH_TOKEN, TOKEN_EXCHANGE, JWT_BEARER]);
        let confidential = |client: u64, more: Value| {
            let secrets = json!([hashed(&self.older_secret(client)), hashed(&self.secret(client))]);
            let whole = json!({"org": self.org, "id": self.id(client), "kind": "confidential", "grants": every, "secrets_sha256": secrets});
            over(whole, more)
        };
        let jwks = |key: &LocalSigner| json!({"keys": [jwk::to_json(key.jwk())]});
        json!({
            "orgs": [{"id": self.org, "parent": "1", "settings": over(settings(), more)}],
            "members": [
                {"org": self.org, "sub": "ann", "scopes": ["read", "write"]},
                {"org": self.org, "sub": "reader", "scopes": ["read"]},
                {"org": self.org, "sub": "gone", "enabled": false, "scopes": ["read"]},
                {"org": self.org, "sub": "auditor", "scopes": ["urn:jeton:tokens:read"]},
            ],
            "clients": [
                confidential(WEB, json!({"alias": format!("web-{}", self.org)})),
                confidential(ROBOT, json!({"auth_method": "client_secret_post", "grants": [CLIENT_CREDENTIALS], "scopes": ["read"]})),
                confidential(KEYED, json!({"auth_method": "private_key_jwt", "jwks": jwks(&client_key()), "secrets_sha256": []})),
                {"org": self.org, "id": self.id(APP), "kind": "public", "grants": [REFRESH_TOKEN, JWT_BEARER]},
                confidential(LOCKED, json!({"enabled": false})),
                confidential(SERVER, json!({"resources": [API]})),
                confidential(BROKER, json!({"may_exchange_tokens": true})),
                confidential(BOUND, json!({"dpop_bound_tokens": true})),
            ],
        })
    }

    /// Gives the org its usual settings with `more` laid over them.
    pub(super) async fn set(&self, more: Value) {
        let form = if self.org == "600" { json!({"access_token_sign_alg": "ES256"}) } else { json!({}) };
        let body = json!({"settings": over(over(settings(), form), more)});
        self.app.put(&format!("/v1/orgs/{}", self.org), &self.app.admin, body).await.ok();
    }

    /// The answer to a form, with these headers besides.
    pub(super) async fn send(&self, path: &str, by: By<'_>, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let mut form: Vec<(&str, String)> = form.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut request = Request::builder().method(Method::POST).uri(path);
        match by {
            By::Client(APP) => form.push(("client_id", self.id(APP).to_string())),
            By::Client(ROBOT) => {
                form.push(("client_id", self.id(ROBOT).to_string()));
                form.push(("client_secret", self.secret(ROBOT)));
            }
            By::Client(KEYED) => {
                form.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
                form.push(("client_assertion", self.client_assertion(json!({}))));
            }
            By::Client(client) => {
                request = request.header(header::AUTHORIZATION, basic(&self.id(client).to_string(), &self.secret(client)));
            }
            By::Header(value) => request = request.header(header::AUTHORIZATION, value),
            By::Nothing => {}
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.app.send(request.body(Bytes::from(body)).unwrap()).await
    }

    /// The answer of the token endpoint.
    pub(super) async fn token(&self, by: By<'_>, form: &[(&str, &str)]) -> Answer {
        self.send("/oauth2/token", by, form, &[]).await
    }

    /// What a client gets for itself; it must get it.
    pub(super) async fn own(&self, client: u64, form: &[(&str, &str)]) -> Value {
        let form: Vec<_> = std::iter::once(("grant_type", CLIENT_CREDENTIALS)).chain(form.iter().copied()).collect();
        self.token(By::Client(client), &form).await.ok()
    }

    /// The access token of [`Self::own`].
    pub(super) async fn own_token(&self, client: u64, form: &[(&str, &str)]) -> String {
        text(&self.own(client, form).await["access_token"])
    }

    /// What a client gets for a member's assertion, a refresh token included; it must get it.
    pub(super) async fn for_member(&self, client: u64, form: &[(&str, &str)]) -> Value {
        let assertion = self.assertion(IDP, json!({}));
        let own = [("grant_type", JWT_BEARER), ("assertion", &assertion)];
        let form: Vec<_> = own.into_iter().chain(form.iter().copied()).collect();
        self.token(By::Client(client), &form).await.ok()
    }

    /// The answer to a refresh.
    pub(super) async fn refresh(&self, client: u64, refresh_token: &str, form: &[(&str, &str)]) -> Answer {
        let own = [("grant_type", REFRESH_TOKEN), ("refresh_token", refresh_token)];
        let form: Vec<_> = own.into_iter().chain(form.iter().copied()).collect();
        self.token(By::Client(client), &form).await
    }

    /// The answer to an exchange of an access token.
    pub(super) async fn exchange(&self, client: u64, subject_token: &str, form: &[(&str, &str)]) -> Answer {
        let own = [("grant_type", TOKEN_EXCHANGE), ("subject_token", subject_token), ("subject_token_type", ACCESS_TOKEN)];
        let form: Vec<_> = own.into_iter().chain(form.iter().copied()).collect();
        self.token(By::Client(client), &form).await
    }

    /// What this client hears of a token.
    pub(super) async fn introspect(&self, client: u64, token: &str) -> Value {
        self.send("/oauth2/introspect", By::Client(client), &[("token", token)], &[]).await.ok()
    }

    /// What a member with the right to read all tokens hears of one.
    pub(super) async fn audit(&self, token: &str) -> Value {
        let bearer = format!("Bearer {}", self.app.token(self.org, "auditor", &["urn:jeton:tokens:read"]).await);
        self.send("/oauth2/introspect", By::Header(&bearer), &[("token", token)], &[]).await.ok()
    }

    /// Whether a token is alive.
    pub(super) async fn is_live(&self, token: &str) -> bool {
        self.audit(token).await["active"] == true
    }

    /// Revokes a token of this client; it must be answered so.
    pub(super) async fn revoke(&self, client: u64, token: &str) {
        let answer = self.send("/oauth2/revoke", By::Client(client), &[("token", token)], &[]).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0), "{answer:?}");
    }

    /// An assertion of [`KEYED`] about itself, with `more` laid over its claims.
    pub(super) fn client_assertion(&self, more: Value) -> String {
        let id = self.id(KEYED).to_string();
        let claims = json!({"iss": id, "sub": id, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": fresh_id()});
        jwt(&client_key(), &json!({"alg": "ES384"}), &over(claims, more))
    }

    /// An assertion about `ann`, with `more` laid over its claims.
    #[expect(clippy::unused_self, reason = "so that it reads as that of a client")]
    pub(super) fn assertion(&self, issuer: &str, more: Value) -> String {
        let claims = json!({"iss": issuer, "sub": "ann", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": fresh_id()});
        jwt(&issuer_key(), &json!({"alg": "EdDSA"}), &over(claims, more))
    }
}

fn settings() -> Value {
    let jwks = json!({"keys": [jwk::to_json(issuer_key().jwk())]});
    json!({
        "token_duration": 600,
        "supported_scopes": [{"name": "read", "default": true}, {"name": "write"}],
        "authorization_details_types": ["payment"],
        "assertion_issuers": [
            {"issuer": IDP, "jwks": jwks, "refresh_tokens": true},
            {"issuer": PARTNER, "jwks": jwks, "any_subject": true, "scopes": ["read"]},
            {"issuer": "https://former.example", "jwks": jwks, "enabled": false},
        ],
    })
}

/// The `Authorization` of RFC 6749 section 2.3.1.
pub(super) fn basic(id: &str, secret: &str) -> String {
    support::basic(&encoded(id), &encoded(secret))
}

/// A member that must be a text.
pub(super) fn text(value: &Value) -> String {
    support::text(value).to_owned()
}

/// The answer is this error of RFC 6749 section 5.2, and every error keeps to the rules for all of them.
#[track_caller]
pub(super) fn is_denied(answer: &Answer, error: &str) {
    let status = if error == "invalid_client" { 401 } else { 400 };
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), body["error"].as_str()), (status, Some(error)), "{answer:?}");
    let description = body["error_description"].as_str().unwrap();
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    assert!(description.chars().all(allowed), "{description}");
    assert_eq!(answer.headers.get("pragma").map(|value| value.to_str().unwrap()), Some("no-cache"));
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
}

/// The claims of a JWT, unverified.
pub(super) fn claims(jwt: &str) -> Value {
    part(jwt, 1)
}

/// A part of a JWT: 0 is its header, 1 its claims.
pub(super) fn part(jwt: &str, n: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(n).unwrap()).unwrap()).unwrap()
}
