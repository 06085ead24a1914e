//! People sign in at an authorization server that stands on a service: what it sends for a client, step by step.

use http::{Method, Request, header};
use serde_json::{Value, json};

use super::tenant::{Tenant, api_secret, encoded, is_action, number, over, secret, text};
use crate::support::{self, hashed};

/// Confidential, is also called `shop`, and may refresh.
pub(super) const SHOP: u64 = 1_011;
/// Public, on a person's machine, and may refresh.
pub(super) const TOOL: u64 = 1_012;
/// Confidential, sends no `code_challenge`, has no refresh tokens, and may request the scope `read` alone.
pub(super) const OLD: u64 = 1_013;
/// Locked.
pub(super) const CLOSED: u64 = 1_014;

/// Where [`SHOP`] and [`OLD`] take answers.
pub(super) const CALLBACK: &str = "https://shop.example/cb?tenant=1";
/// A `code_verifier` of RFC 7636 appendix B, with its challenge.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The time of the frozen clock, in seconds.
pub(super) const NOW: i64 = 1_795_348_800;

/// A service whose clients can ask for people.
pub(super) struct SignIn<'a> {
    pub(super) tenant: Tenant<'a>,
}

impl<'a> SignIn<'a> {
    pub(super) async fn at(tenant: Tenant<'a>) -> Self {
        let org = tenant.org;
        let client = |client: u64, more: Value| {
            let usual = json!({
                "org": org, "id": number(org, client), "kind": "confidential",
                "grants": ["authorization_code", "refresh_token"], "redirect_uris": [CALLBACK, "https://shop.example/other"],
                "secrets_sha256": [hashed(&secret(org, client))],
            });
            over(usual, more)
        };
        let public =
            json!({"kind": "public", "redirect_uris": ["http://127.0.0.1/cb", "com.example.tool:/cb"], "secrets_sha256": null});
        let old = json!({"grants": ["authorization_code"], "pkce": "optional", "scopes": ["read"]});
        let seed = json!({"clients": [
            client(SHOP, json!({"alias": "shop", "name": "Shop", "consent": "implied"})),
            client(TOOL, public),
            client(OLD, old),
            client(CLOSED, json!({"enabled": false})),
        ]});
        tenant.app.seed(&seed).await.expect("the seed is loaded");
        Self { tenant }
    }

    /// A service with opaque access tokens.
    pub(super) async fn opaque(app: &'a support::App) -> Self {
        Self::at(Tenant::opaque(app).await).await
    }

    /// A service whose access tokens are JWTs.
    pub(super) async fn jwt(app: &'a support::App) -> Self {
        Self::at(Tenant::jwt(app).await).await
    }

    /// The number of a client in this service.
    pub(super) fn id(&self, client: u64) -> u64 {
        number(self.tenant.org, client)
    }

    /// The parameters of a good request of a client, with `more` in place of those of the same name; an empty value leaves one out.
    pub(super) fn query(&self, client: u64, more: &[(&str, &str)]) -> String {
        let id = self.id(client).to_string();
        let has_challenge = client != OLD;
        let usual = [
            ("response_type", "code"),
            ("client_id", &id),
            ("redirect_uri", if client == TOOL { "http://127.0.0.1:52011/cb" } else { CALLBACK }),
            ("scope", "openid read"),
            ("state", "s 1"),
            ("code_challenge", if has_challenge { CHALLENGE } else { "" }),
            ("code_challenge_method", if has_challenge { "S256" } else { "" }),
        ];
        let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let all = usual.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty());
        all.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
    }

    /// The answer to an authorization request of a client.
    pub(super) async fn ask(&self, client: u64, more: &[(&str, &str)]) -> Value {
        self.tenant.post("auth/authorization", json!({"parameters": self.query(client, more)})).await
    }

    /// The answer to a request that a client pushes, authenticated as it must.
    pub(super) async fn push(&self, client: u64, more: &[(&str, &str)], said: Value) -> Value {
        let parameters = self.query(client, more);
        let body = if client == TOOL {
            json!({ "parameters": parameters })
        } else {
            json!({"parameters": parameters, "clientId": self.id(client).to_string(), "clientSecret": secret(self.tenant.org, client)})
        };
        self.tenant.post("pushed_auth_req", over(body, said)).await
    }

    /// The reference to a good request that a client has pushed.
    pub(super) async fn pushed(&self, client: u64, more: &[(&str, &str)]) -> String {
        let answer = self.push(client, more, json!({})).await;
        is_action(&answer, "CREATED", "A245001");
        text(&answer["requestUri"]).to_owned()
    }

    /// The answer where a browser brings a reference.
    pub(super) async fn open(&self, client: u64, request_uri: &str, beside: &str) -> Value {
        let parameters = format!("client_id={}&request_uri={}{beside}", self.id(client), encoded(request_uri));
        self.tenant.post("auth/authorization", json!({ "parameters": parameters })).await
    }

    /// The ticket of a good request.
    pub(super) async fn ticket(&self, client: u64, more: &[(&str, &str)]) -> String {
        let answer = self.ask(client, more).await;
        is_action(&answer, "INTERACTION", "A004001");
        text(&answer["ticket"]).to_owned()
    }

    /// The answer to what is said of `ann`, who has just signed in, with `more` laid over it.
    pub(super) async fn issue(&self, ticket: &str, more: Value) -> Value {
        let said = over(json!({"ticket": ticket, "subject": "ann", "authTime": NOW}), more);
        self.tenant.post("auth/authorization/issue", said).await
    }

    /// The answer where nothing shall come of it.
    pub(super) async fn fail(&self, ticket: &str, reason: &str) -> Value {
        self.tenant.post("auth/authorization/fail", json!({"ticket": ticket, "reason": reason})).await
    }

    /// The code that comes of a sign-in.
    pub(super) async fn code(&self, client: u64, more: &[(&str, &str)], said: Value) -> String {
        let ticket = self.ticket(client, more).await;
        let issued = self.issue(&ticket, said).await;
        is_action(&issued, "LOCATION", "A040001");
        let code = text(&issued["authorizationCode"]).to_owned();
        assert_eq!(parameter(text(&issued["responseContent"]), "code").as_deref(), Some(&*code));
        code
    }

    /// The answer to a redemption by a client, with `more` in place of parameters of the same name, and `said` by the server.
    pub(super) async fn redeem(&self, client: u64, code: &str, more: &[(&str, &str)], said: Value) -> Value {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", if client == TOOL { "http://127.0.0.1:52011/cb" } else { CALLBACK }),
            ("code_verifier", if client == OLD { "" } else { VERIFIER }),
        ];
        let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let all = usual.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty());
        let form = all.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        self.token(client, &form, said).await
    }

    /// The answer to a token request of a client that authenticates as it must.
    pub(super) async fn token(&self, client: u64, form: &str, said: Value) -> Value {
        let id = self.id(client);
        let body = if client == TOOL {
            json!({"parameters": format!("{form}&client_id={id}")})
        } else {
            json!({"parameters": form, "clientId": id.to_string(), "clientSecret": secret(self.tenant.org, client)})
        };
        self.tenant.post("auth/token", over(body, said)).await
    }

    /// What a client gets for a sign-in; it must get it.
    pub(super) async fn tokens(&self, client: u64, more: &[(&str, &str)], said: Value) -> Value {
        let code = self.code(client, more, said).await;
        let granted = self.redeem(client, &code, &[], json!({})).await;
        is_action(&granted, "OK", "A050001");
        granted
    }

    /// The answer to a redemption at Jeton's own token endpoint, by a confidential client.
    pub(super) async fn redeem_at_own_door(&self, client: u64, code: &str) -> support::Answer {
        let authorization = support::basic(&self.id(client).to_string(), &secret(self.tenant.org, client));
        let form = format!(
            "grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={VERIFIER}",
            encoded(code),
            encoded(CALLBACK)
        );
        let request = Request::builder().method(Method::POST).uri("/oauth2/token").header(header::AUTHORIZATION, authorization);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.tenant.app.send(request.body(form.into()).unwrap()).await
    }

    /// The code of a sign-in at Jeton's own door, which the login application authenticates to by the API secret.
    pub(super) async fn code_of_own_door(&self, client: u64, said: Value) -> String {
        const LOGIN: &str = "https://login.example/sign-in";
        self.tenant.set(json!({"login_url": LOGIN})).await;
        let get = |target: String, cookie: String| async move {
            let request = Request::builder().method(Method::GET).uri(target);
            let request = if cookie.is_empty() { request } else { request.header(header::COOKIE, cookie) };
            self.tenant.app.send(request.body(bytes::Bytes::new()).unwrap()).await
        };
        let begun = get(format!("/oauth2/authorize?{}", self.query(client, &[])), String::new()).await;
        let location = begun.headers["location"].to_str().unwrap().to_owned();
        let id = parameter(&location, "authorization").unwrap_or_else(|| panic!("{location}"));
        let cookie = begun.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let said = over(json!({"subject": "ann", "auth_time": NOW}), said);
        let request = Request::builder().method(Method::POST).uri(format!("/v1/authorizations/{id}/accept"));
        let request = request.header(header::AUTHORIZATION, support::basic(self.tenant.org, &api_secret(self.tenant.org)));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(said.to_string().into()).unwrap();
        let accepted = self.tenant.app.send(request).await.ok();
        let back = text(&accepted["redirect_to"]).trim_start_matches("https://jeton.example").to_owned();
        let answer = get(back, cookie).await;
        parameter(answer.headers["location"].to_str().unwrap(), "code").expect("a code")
    }
}

/// A parameter in the query of an address, decoded.
pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url::Url::parse(url).unwrap();
    let mut values = query.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let value = values.next();
    assert_eq!(values.next(), None, "{name} is there once: {url}");
    value
}

/// The client is told of this error by a redirect, with its `state` and `iss`; the answer has no ticket.
#[track_caller]
pub(super) fn is_told(answer: &Value, code: &str, error: &str) {
    is_action(answer, "LOCATION", code);
    let location = text(&answer["responseContent"]);
    let told = ["error", "state", "iss", "code"].map(|name| parameter(location, name));
    let expected = [Some(error), Some("s 1"), Some("https://jeton.example"), None];
    assert_eq!(told.each_ref().map(Option::as_deref), expected, "{location}");
    assert!(location.starts_with(&format!("{CALLBACK}&error=")), "{location}");
    assert_eq!(parameter(location, "error_uri"), Some(format!("https://jeton.example/errors/{code}")));
    assert!(answer.get("ticket").is_none() && answer.get("authorizationCode").is_none(), "{answer}");
}

/// The claims of a JWT.
pub(super) fn claims(token: &Value) -> Value {
    part(token, 1)
}

/// The header of a JWT.
pub(super) fn token_header(token: &Value) -> Value {
    part(token, 0)
}

fn part(token: &Value, nth: usize) -> Value {
    use base64::Engine as _;
    let part = text(token).split('.').nth(nth).expect("a JWT");
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
