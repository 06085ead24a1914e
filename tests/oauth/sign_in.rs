//! A person signs in: what a client, a browser and a login application do, step by step, for the scenarios of the authorization code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::jose::sha256;

use super::tenant::{By, NOW, Tenant, basic, text};
use crate::support::{Answer, App, encoded, hashed, over};

/// Confidential, authenticates in the header, may refresh, and is the team's own.
pub(super) const SHOP: u64 = 11;
/// Public, on a person's machine or at a fixed address, may refresh.
pub(super) const TOOL: u64 = 12;
/// Confidential, sends no `code_challenge`, and has no refresh tokens.
pub(super) const OLD: u64 = 13;
/// Has no redirect URI.
pub(super) const NOWHERE: u64 = 14;

/// Where [`SHOP`] and [`OLD`] take answers.
pub(super) const CALLBACK: &str = "https://shop.example/cb?tenant=1";
/// Where people go who have logged out of [`SHOP`].
pub(super) const GOODBYE: &str = "https://shop.example/bye?tenant=1";
/// Where [`TOOL`] takes answers, on whatever port.
pub(super) const LOOPBACK: &str = "http://127.0.0.1/cb";
/// The page of the login application.
pub(super) const LOGIN: &str = "https://login.example/sign-in?theme=dark";
/// A `code_verifier` of RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A tenant whose people can sign in.
pub(super) struct SignIn<'a> {
    pub(super) tenant: Tenant<'a>,
    app: &'a App,
}

/// A request that waits for the login application.
pub(super) struct Begun {
    /// The id of the authorization.
    pub(super) id: String,
    /// The cookie of the browser, as it sends it.
    pub(super) cookie: String,
}

impl<'a> SignIn<'a> {
    /// Lets people sign in to the clients of a tenant.
    pub(super) async fn at(app: &'a App, tenant: Tenant<'a>, settings: Value) -> Self {
        let redirects = json!([CALLBACK, "https://shop.example/other"]);
        let goodbye = json!([GOODBYE, "http://127.0.0.1:7000/bye"]);
        let code = json!(["authorization_code", "refresh_token"]);
        let client = |client: u64, more: Value| over(json!({"org": tenant.org, "id": tenant.id(client), "grants": code}), more);
        let confidential = |number: u64, more: Value| {
            let whole =
                json!({"kind": "confidential", "redirect_uris": redirects, "secrets_sha256": [hashed(&tenant.secret(number))]});
            client(number, over(whole, more))
        };
        let public = json!({"kind": "public", "redirect_uris": [LOOPBACK, "com.example.tool:/cb"]});
        let seed = json!({"clients": [
            confidential(SHOP, json!({"name": "Shop", "consent": "implied", "post_logout_redirect_uris": goodbye})),
            client(TOOL, public),
            confidential(OLD, json!({"pkce": "optional", "grants": ["authorization_code"], "claims_in_id_token": true})),
            confidential(NOWHERE, json!({"redirect_uris": []})),
        ]});
        app.seed(&seed).await.expect("the seed is loaded");
        let sign_in = Self::known(app, tenant);
        sign_in.set(settings).await;
        sign_in
    }

    /// One that was made before.
    pub(super) fn known(app: &'a App, tenant: Tenant<'a>) -> Self {
        Self { tenant, app }
    }

    /// An org with opaque access tokens, and its usual settings.
    pub(super) async fn opaque(app: &'a App) -> Self {
        Self::at(app, Tenant::opaque(app).await, json!({})).await
    }

    /// An org whose access tokens are JWTs, and its usual settings.
    pub(super) async fn jwt(app: &'a App) -> Self {
        Self::at(app, Tenant::jwt(app).await, json!({})).await
    }

    /// Gives the org its usual settings with `more` laid over them.
    pub(super) async fn set(&self, more: Value) {
        self.tenant.set(over(json!({"login_url": LOGIN}), more)).await;
    }

    /// Changes a client through Authlete's API, which knows all that a client can register.
    pub(super) async fn update_by_authlete(&self, client: u64, changes: Value) {
        let (org, id) = (self.tenant.org, self.tenant.id(client));
        let known = self.app.get(&format!("/api/{org}/client/get/{id}"), &self.app.admin).await.ok();
        self.app.post(&format!("/api/{org}/client/update/{id}"), Some(&self.app.admin), over(known, changes)).await.ok();
    }

    /// The parameters of a good request of a client, with `more` in place of those of the same name; an empty value leaves one out.
    pub(super) fn query(&self, client: u64, more: &[(&str, &str)]) -> String {
        let id = self.tenant.id(client).to_string();
        let challenge = if client == OLD { String::new() } else { challenge(VERIFIER) };
        let method = if client == OLD { "" } else { "S256" };
        let redirect_uri = if client == TOOL { "http://127.0.0.1:52011/cb" } else { CALLBACK };
        let usual = [
            ("response_type", "code"),
            ("client_id", &id),
            ("redirect_uri", redirect_uri),
            ("scope", "openid read"),
            ("state", "s 1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", method),
        ];
        let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let all = usual.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty());
        all.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
    }

    /// The answer to an authorization request of a browser with this cookie, if it has one.
    pub(super) async fn authorize(&self, query: &str, cookie: &str) -> Answer {
        self.browse(&format!("/oauth2/authorize?{query}"), cookie).await
    }

    /// The answer to a browser at this address of ours.
    pub(super) async fn browse(&self, target: &str, cookie: &str) -> Answer {
        let request = Request::builder().method(Method::GET).uri(target.trim_start_matches("https://jeton.example"));
        let request = if cookie.is_empty() { request } else { request.header(header::COOKIE, cookie) };
        self.app.send(request.body(Bytes::new()).unwrap()).await
    }

    /// Begins a sign-in, which must be sent to the login application.
    pub(super) async fn begin(&self, client: u64, more: &[(&str, &str)]) -> Begun {
        let answer = self.authorize(&self.query(client, more), "").await;
        let location = location(&answer);
        let id = location.strip_prefix(&format!("{LOGIN}&authorization=")).unwrap_or_else(|| panic!("{location}"));
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Begun { id: id.to_owned(), cookie }
    }

    /// The answer to the login application, which authenticates by the org's API secret where `bearer` is empty.
    pub(super) async fn hand_over(&self, method: Method, target: &str, body: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", self.login_app().await);
        let request = Request::builder().method(method).uri(format!("/v1/authorizations/{target}"));
        let request = request.header(header::AUTHORIZATION, bearer).header(header::CONTENT_TYPE, "application/json");
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.app.send(request.body(body).unwrap()).await
    }

    /// The token of the login application.
    pub(super) async fn login_app(&self) -> String {
        let path = format!("/v1/orgs/{}/members/login-app", self.tenant.org);
        let scopes = json!({"scopes": ["urn:jeton:authorizations:decide"]});
        let put = self.app.put(&path, &self.app.admin, scopes).await;
        assert!(put.status.is_success(), "{put:?}");
        self.app.token(self.tenant.org, "login-app", &["urn:jeton:authorizations:decide"]).await
    }

    /// What the login application says of `ann`, who has just signed in, with `more` laid over it.
    pub(super) async fn try_accept(&self, id: &str, more: Value) -> Answer {
        let said = over(json!({"subject": "ann", "auth_time": NOW}), more);
        self.hand_over(Method::POST, &format!("{id}/accept"), Some(said)).await
    }

    /// Where the browser is sent once the login application has accepted; it must be taken.
    pub(super) async fn accept(&self, begun: &Begun, more: Value) -> String {
        text(&self.try_accept(&begun.id, more).await.ok()["redirect_to"])
    }

    /// The code that comes of a sign-in.
    pub(super) async fn code(&self, client: u64, more: &[(&str, &str)], said: Value) -> String {
        let begun = self.begin(client, more).await;
        let redirect_to = self.accept(&begun, said).await;
        parameter(&location(&self.browse(&redirect_to, &begun.cookie).await), "code").expect("a code")
    }

    /// The answer to a redemption by a client, with `more` in place of parameters of the same name; an empty value leaves one out.
    pub(super) async fn redeem(&self, client: u64, code: &str, more: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let id = self.tenant.id(client).to_string();
        let verifier = if client == OLD { "" } else { VERIFIER };
        let redirect_uri = if client == TOOL { "http://127.0.0.1:52011/cb" } else { CALLBACK };
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
            ("client_id", if client == TOOL { &id } else { "" }),
        ];
        let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let form: Vec<_> = usual.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty()).collect();
        let authorization = basic(&id, &self.tenant.secret(client));
        let by = if client == TOOL { By::Nothing } else { By::Header(&authorization) };
        self.tenant.send("/oauth2/token", by, &form, headers).await
    }

    /// What a client gets for a sign-in; it must get it.
    pub(super) async fn tokens(&self, client: u64, more: &[(&str, &str)], said: Value) -> Value {
        let code = self.code(client, more, said).await;
        self.redeem(client, &code, &[], &[]).await.ok()
    }

    /// The answer of the userinfo endpoint to the bearer of a token.
    pub(super) async fn userinfo(&self, token: &str) -> Answer {
        self.app.get("/oauth2/userinfo", token).await
    }
}

/// The `code_challenge` of a verifier: RFC 7636 section 4.2.
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
}

/// Where a browser is sent, which must be by a 303.
#[track_caller]
pub(super) fn location(answer: &Answer) -> String {
    assert_eq!(answer.status.as_u16(), 303, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// A parameter in the query of an address, decoded.
pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url::Url::parse(url).unwrap();
    let mut values = query.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let value = values.next();
    assert_eq!(values.next(), None, "{name} is there once: {url}");
    value
}

/// The answer sends this error to the client, with its `state` and `iss`.
#[track_caller]
pub(super) fn is_told(answer: &Answer, error: &str) {
    let location = location(answer);
    let told = ["error", "state", "iss", "code"].map(|name| parameter(&location, name));
    let expected = [Some(error), Some("s 1"), Some("https://jeton.example"), None];
    assert_eq!(told.each_ref().map(Option::as_deref), expected, "{location}");
    assert!(location.starts_with(&format!("{CALLBACK}&error=")), "{location}");
}

/// The answer is a page for the person, which sends nobody anywhere and repeats nothing.
#[track_caller]
pub(super) fn is_page(answer: &Answer, error: &str) {
    assert_eq!(answer.status.as_u16(), 400, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("set-cookie"));
    let text = std::str::from_utf8(&answer.body).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        matches!(lines[..], [first, second] if first == format!("error: {error}") && second.starts_with("description: ")),
        "{text}"
    );
}
