//! The exact bytes of one answer for each action of each call, and for each code that it comes with: `golden/authlete_actions.txt`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};
use shared::api::authlete::request::{AuthorizationFailReason, BackchannelFailReason};

use super::proofs::X5T;
use super::sign_in::{CALLBACK, CLOSED, NOW, SHOP, SignIn, VERIFIER};
use super::tenant::{APP, LOCKED, Tenant, WEB, creation, encoded, over, secret, text, token_request};
use crate::golden::hold_text;
use crate::support::{App, Mount, hashed};

/// The answers so far, as text.
struct Book<'a> {
    tenant: Tenant<'a>,
    text: String,
    seen: BTreeSet<String>,
}

impl<'a> Book<'a> {
    fn new(tenant: Tenant<'a>) -> Self {
        Self { tenant, text: String::new(), seen: BTreeSet::new() }
    }

    /// Sends a request, and notes its answer if there is none yet from this call with this action and code.
    async fn note(&mut self, what: &str, method: Method, path: &str, body: Option<Value>) -> Value {
        let bearer = format!("Bearer {}", self.tenant.app.admin);
        let answer = self.tenant.send(method.clone(), path, &bearer, body).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let call: Vec<_> = path
            .split(['?', '/'])
            .filter(|part| part.len() < 40 && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            .collect();
        let key = format!("{method} {} {} {}", call.join("/"), body["action"], body["resultCode"]);
        if self.seen.insert(key) {
            let bytes = without_signature(&String::from_utf8_lossy(&answer.body));
            writeln!(self.text, "{method} {}: {what}\n  {}\n  {bytes}", call.join("/"), answer.status.as_u16()).unwrap();
        }
        body
    }

    async fn post(&mut self, what: &str, path: &str, body: Value) -> Value {
        self.note(what, Method::POST, path, Some(body)).await
    }

    async fn get(&mut self, what: &str, path: &str) -> Value {
        self.note(what, Method::GET, path, None).await
    }

    async fn token(&mut self, what: &str, client: u64, parameters: &str, more: Value) -> Value {
        self.post(what, "auth/token", token_request(self.tenant.org, client, parameters, more)).await
    }
}

/// A signature by ES256 is another one each time.
fn without_signature(body: &str) -> String {
    /// `{"alg":"ES256",`
    const HEADER: &str = "eyJhbGciOiJFUzI1NiIs";
    let mut parts = body.split(HEADER);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (jwt, rest) = part.split_at(part.find(['"', '\\']).unwrap_or(part.len()));
        let unsigned = jwt.rsplit_once('.').map_or(jwt, |(front, _)| front);
        write!(text, "{HEADER}{unsigned}.<signature>{rest}").unwrap();
    }
    text
}

#[tokio::test]
async fn every_action_of_every_call() {
    let app = App::new(Mount::InProcess).await;
    let mut book = Book::new(Tenant::opaque(&app).await);
    let tokens = token_requests(&mut book).await;
    tickets(&mut book).await;
    authorizations(&mut book).await;
    creations(&mut book).await;
    updates(&mut book, &tokens).await;
    introspections(&mut book, &tokens).await;
    revocations(&mut book).await;
    lists(&mut book).await;
    batches(&mut book).await;
    clients(&mut book).await;
    services(&mut book).await;
    devices(&mut book).await;
    backchannel(&mut book).await;
    client_authorizations(&mut book).await;
    book.tenant = Tenant::jwt(&app).await;
    book.seen.clear();
    book.post("a JWT", "auth/token/create", creation(json!({}))).await;
    book.token("a JWT", WEB, "grant_type=client_credentials", json!({})).await;
    // Only what stands in `responseContent` may be null, and that is text.
    for line in book.text.lines().filter(|line| line.starts_with("  {")) {
        assert!(!has_null(&serde_json::from_str(line).unwrap()), "{line}");
    }
    hold_text("authlete_actions.txt", &book.text);
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The first token of a client for itself, and one for `john` that can be refreshed.
async fn token_requests(book: &mut Book<'_>) -> [Value; 2] {
    let own = book.token("client_credentials", WEB, "grant_type=client_credentials&scope=read&resource=urn:a", json!({})).await;
    let more = json!({"properties": [{"key": "shown", "value": "1"}, {"key": "kept", "value": "2", "hidden": true}]});
    let password = book.token("password", WEB, "grant_type=password&username=john&password=pw&scope=unknown", json!({})).await;
    let requested = book.token("password", WEB, "grant_type=password&username=john&password=pw&scope=read+write", more).await;
    book.post("without scopes", "auth/token/issue", json!({"ticket": password["ticket"], "subject": "john"})).await;
    let issued = book.post("issue", "auth/token/issue", json!({"ticket": requested["ticket"], "subject": "john"})).await;
    let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&issued["refreshToken"]));
    let refreshed = book.token("refresh", WEB, &refresh, json!({})).await;
    for (what, client, parameters) in [
        ("malformed", WEB, "grant_type=%zz"),
        ("no grant", WEB, "a=b"),
        ("unsupported grant", WEB, "grant_type=urn:openid:params:grant-type:ciba"),
        ("code", WEB, "grant_type=authorization_code&code=x"),
        ("may not use the grant", APP, "grant_type=client_credentials"),
        ("locked", LOCKED, "grant_type=client_credentials"),
        ("no user name", WEB, "grant_type=password"),
        ("no password", WEB, "grant_type=password&username=john"),
        ("no refresh token", WEB, "grant_type=refresh_token"),
        ("unknown refresh token", WEB, "grant_type=refresh_token&refresh_token=x"),
        ("wrong scope", WEB, "grant_type=client_credentials&scope=%22"),
        ("wrong resource", WEB, "grant_type=client_credentials&resource=x"),
    ] {
        book.token(what, client, parameters, json!({})).await;
    }
    book.token("too wide", WEB, &format!("{refresh}&scope=brief"), json!({})).await;
    book.token("wrong proof", WEB, "grant_type=client_credentials", json!({"dpop": "x"})).await;
    book.token("wrong value of the server", WEB, "grant_type=client_credentials", json!({"jwtAtClaims": "x"})).await;
    book.post("nothing", "auth/token", json!({})).await;
    for (what, credentials) in [
        ("wrong secret", json!({"clientId": "1001", "clientSecret": "x"})),
        ("nobody", json!({})),
        ("two names", json!({"clientId": "1002", "parameters": "grant_type=password&client_id=1001"})),
        ("two methods", json!({"clientId": "1001", "clientSecret": "x", "parameters": "grant_type=password&client_assertion=x"})),
        ("wrong assertion", json!({"clientId": "1001", "parameters": "grant_type=password&client_assertion=x"})),
    ] {
        let mut body = json!({"parameters": "grant_type=client_credentials"});
        body.as_object_mut().unwrap().extend(credentials.as_object().unwrap().clone());
        book.post(what, "auth/token", body).await;
    }
    let token = text(&own["accessToken"]);
    let exchange = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:access_token";
    book.token("exchange", WEB, &format!("{exchange}&subject_token={token}"), json!({})).await;
    book.token("unknown token", WEB, &format!("{exchange}&subject_token=x"), json!({})).await;
    book.token("no token", WEB, exchange, json!({})).await;
    let assertion = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwic3ViIjoiam9obiIsImF1ZCI6Imh0dHBzOi8vamV0b24uZXhhbXBsZSIsImV4cCI6MTc5NTM0OTgwMH0.";
    let bearer = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
    book.token("assertion", WEB, &format!("{bearer}&assertion={assertion}"), json!({})).await;
    book.token("no assertion", WEB, bearer, json!({})).await;
    book.token("wrong assertion", WEB, &format!("{bearer}&assertion=x"), json!({})).await;
    [own, refreshed]
}

async fn tickets(book: &mut Book<'_>) {
    for reason in [
        "INVALID_RESOURCE_OWNER_CREDENTIALS",
        "INVALID_TARGET",
        "UNKNOWN",
        "INVALID_CLIENT",
        "UNAUTHORIZED_CLIENT",
        "INVALID_SCOPE",
        "BORED",
    ] {
        let ticket = book.tenant.ticket(json!({})).await;
        book.post(reason, "auth/token/fail", json!({"ticket": ticket, "reason": reason})).await;
    }
    book.post("unknown ticket", "auth/token/fail", json!({"ticket": "x", "reason": "UNKNOWN"})).await;
    book.post("unknown ticket", "auth/token/issue", json!({"ticket": "x", "subject": "john"})).await;
    book.post("no subject", "auth/token/issue", json!({"ticket": "x"})).await;
    let ticket = book.tenant.ticket(json!({})).await;
    book.post("too long", "auth/token/issue", json!({"ticket": ticket, "subject": "john", "accessTokenDuration": 100_000})).await;
}

/// What the calls tell that are about a client and a person.
async fn client_authorizations(book: &mut Book<'_>) {
    let subject = json!({"subject": "jane"});
    book.tenant.created(json!({"clientId": WEB, "subject": "jane"})).await;
    book.get("one", "client/authorization/get/list/jane?subject=jane").await;
    book.get("another in the query", "client/authorization/get/list/jane?subject=john").await;
    book.post("one", "client/authorization/get/list", subject.clone()).await;
    book.post("nobody", "client/authorization/get/list", json!({})).await;
    book.post("changed", "client/authorization/update/1001", json!({"subject": "jane", "scopes": ["read"]})).await;
    book.post("unknown", "client/authorization/update/4711", subject.clone()).await;
    book.get("nothing", "client/granted_scopes/get/1001/jane").await;
    book.get("something", "client/granted_scopes/get/1011/john").await;
    book.post("something", "client/granted_scopes/get/1011", json!({"subject": "john"})).await;
    book.post("forgotten", "client/granted_scopes/delete/1011", json!({"subject": "john"})).await;
    book.note("forgotten", Method::DELETE, "client/granted_scopes/delete/1011/john", None).await;
    book.note("ended", Method::DELETE, "client/authorization/delete/1001/jane", None).await;
    book.post("ended", "client/authorization/delete/1001", subject).await;
}

/// Each action of the calls about devices, and each code that a device is told.
async fn devices(book: &mut Book<'_>) {
    const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
    const PAGE: &str = "https://as.example.org/device";
    let seed = json!({"clients": [{"org": "100", "id": 1_021, "kind": "public", "name": "Telly", "grants": [GRANT]}]});
    book.tenant.app.seed(&seed).await.expect("the seed is loaded");
    let ask = json!({"parameters": "client_id=1021&scope=openid+read"});
    book.tenant.set(json!({"supported_grants": [GRANT]})).await;
    book.post("no page", "device/authorization", ask.clone()).await;
    book.tenant.set(json!({"supported_grants": [GRANT], "device_url": PAGE})).await;
    for (what, body) in [
        ("nothing", json!({})),
        ("malformed", json!({"parameters": "%zz"})),
        ("unknown client", json!({"parameters": "client_id=4711"})),
        ("wrong scope", json!({"parameters": "client_id=1021&scope=%22"})),
    ] {
        book.post(what, "device/authorization", body).await;
    }
    let said = |asked: &Value, result: &str| json!({"userCode": asked["userCode"], "result": result, "subject": "john"});
    let poll = |asked: &Value| {
        let code = text(&asked["deviceCode"]);
        json!({"parameters": format!("grant_type={GRANT}&client_id=1021&device_code={code}")})
    };
    for (what, result) in [("agreed", "AUTHORIZED"), ("denied", "ACCESS_DENIED"), ("failed", "TRANSACTION_FAILED")] {
        let asked = book.post("good", "device/authorization", ask.clone()).await;
        book.post("waits", "auth/token", poll(&asked)).await;
        book.post("too soon", "auth/token", poll(&asked)).await;
        book.post("there", "device/verification", json!({"userCode": asked["userCode"]})).await;
        book.post("not understood", "device/complete", said(&asked, "BORED")).await;
        book.post(what, "device/complete", said(&asked, result)).await;
        book.post("decided", "device/complete", said(&asked, result)).await;
        book.post(what, "auth/token", poll(&asked)).await;
        book.post("used", "auth/token", poll(&asked)).await;
    }
    book.post("no code", "auth/token", json!({"parameters": format!("grant_type={GRANT}&client_id=1021")})).await;
    book.post("unknown", "device/verification", json!({"userCode": "x"})).await;
    let late = book.tenant.post("device/authorization", ask).await;
    book.tenant.app.clock.advance_ms(600_000);
    book.post("over", "device/verification", json!({"userCode": late["userCode"]})).await;
    book.post("over", "device/complete", said(&late, "AUTHORIZED")).await;
    book.tenant.set(json!({})).await;
}

/// Each action of the calls about people who are elsewhere, and each code that a client which polls is told.
async fn backchannel(book: &mut Book<'_>) {
    const GRANT: &str = "urn:openid:params:grant-type:ciba";
    const CALL: &str = "backchannel/authentication";
    let hashes: Vec<_> = [1_031, 1_032].iter().map(|id| hashed(&secret("100", *id))).collect();
    let client = |id: u64, hash: &str| json!({"org": "100", "id": id, "kind": "confidential", "grants": [GRANT], "secrets_sha256": [hash]});
    let seed = json!({"clients": [client(1_031, &hashes[0]), client(1_032, &hashes[1])]});
    book.tenant.app.seed(&seed).await.expect("the seed is loaded");
    book.tenant.set(json!({"supported_grants": [GRANT]})).await;
    let sent = |id: u64, form: &str| json!({"parameters": form, "clientId": id.to_string(), "clientSecret": secret("100", id)});
    book.post("no delivery mode", CALL, sent(1_031, "scope=openid&login_hint=john")).await;
    for (id, registered) in [
        (1_031, json!({"bcDeliveryMode": "POLL"})),
        (1_032, json!({"bcDeliveryMode": "PING", "bcNotificationEndpoint": "https://bank.example/notified"})),
    ] {
        let body = over(json!({"clientType": "CONFIDENTIAL", "clientName": "Till", "grantTypes": ["CIBA"]}), registered);
        book.tenant.post(&format!("client/update/{id}"), body).await;
    }
    for (what, body) in [
        ("nothing", json!({})),
        ("malformed", sent(1_031, "%zz")),
        ("wrong secret", over(sent(1_031, "scope=openid&login_hint=john"), json!({"clientSecret": "x"}))),
        ("nobody", sent(1_031, "scope=openid")),
        ("no openid", sent(1_031, "scope=read&login_hint=john")),
        ("long message", sent(1_031, &format!("scope=openid&login_hint=john&binding_message={}", "a".repeat(101)))),
        ("no token to notify with", sent(1_032, "scope=openid&login_hint=john")),
    ] {
        book.post(what, CALL, body).await;
    }
    let ask = sent(1_031, "scope=openid+read&login_hint=john&binding_message=W4SCT&user_code=1234&requested_expiry=120");
    let pinged = sent(1_032, "scope=openid&login_hint=john&client_notification_token=8d67dc78-7faa");
    let said = |asked: &Value, result: &str| json!({"ticket": asked["ticket"], "result": result, "subject": "john"});
    let poll = |issued: &Value| sent(1_031, &format!("grant_type={GRANT}&auth_req_id={}", text(&issued["authReqId"])));
    for (what, result) in [("agreed", "AUTHORIZED"), ("denied", "ACCESS_DENIED"), ("failed", "TRANSACTION_FAILED")] {
        let asked = book.post("good", CALL, ask.clone()).await;
        book.post("not acknowledged", &format!("{CALL}/complete"), said(&asked, result)).await;
        let issued = book.post("good", &format!("{CALL}/issue"), json!({"ticket": asked["ticket"]})).await;
        book.post("again", &format!("{CALL}/issue"), json!({"ticket": asked["ticket"]})).await;
        book.post("waits", "auth/token", poll(&issued)).await;
        book.post("too soon", "auth/token", poll(&issued)).await;
        book.post("not understood", &format!("{CALL}/complete"), said(&asked, "BORED")).await;
        book.post(what, &format!("{CALL}/complete"), said(&asked, result)).await;
        book.post(what, "auth/token", poll(&issued)).await;
        book.post("used", "auth/token", poll(&issued)).await;
    }
    book.post("no ticket", &format!("{CALL}/issue"), json!({})).await;
    book.post("no auth_req_id", "auth/token", sent(1_031, &format!("grant_type={GRANT}"))).await;
    let asked = book.post("good", CALL, pinged).await;
    book.tenant.post(&format!("{CALL}/issue"), json!({"ticket": asked["ticket"]})).await;
    book.post("agreed, and the client is told", &format!("{CALL}/complete"), said(&asked, "AUTHORIZED")).await;
    for reason in BackchannelFailReason::NAMES {
        book.post(reason, &format!("{CALL}/fail"), json!({"ticket": "x", "reason": reason})).await;
    }
    book.post("no reason", &format!("{CALL}/fail"), json!({"ticket": "x"})).await;
    let late = book.tenant.post(CALL, ask).await;
    let late = book.tenant.post(&format!("{CALL}/issue"), json!({"ticket": late["ticket"]})).await;
    book.tenant.app.clock.advance_ms(600_000);
    book.post("over", "auth/token", poll(&late)).await;
    book.tenant.set(json!({})).await;
}

/// Each action of the call that keeps a pushed request, and some of its codes.
async fn pushes(book: &mut Book<'_>, sign_in: &SignIn<'_>) {
    let push = |more: &[(&str, &str)], said: Value| {
        let body = json!({"parameters": sign_in.query(SHOP, more), "clientId": "1011", "clientSecret": secret("100", SHOP)});
        over(body, said)
    };
    let pushed = book.post("good", "pushed_auth_req", push(&[], json!({}))).await;
    for (what, more, said) in [
        ("nothing", &[][..], json!({"parameters": null})),
        ("malformed", &[], json!({"parameters": "%zz"})),
        ("wrong secret", &[], json!({"clientSecret": "x"})),
        ("another redirect URI", &[("redirect_uri", "https://evil.example/")], json!({})),
        ("a reference", &[("request_uri", "x")], json!({})),
        ("another response_type", &[("response_type", "token")], json!({})),
        ("a proof to nowhere", &[], json!({"dpop": "x"})),
        ("wrong proof", &[], json!({"dpop": "x", "htu": "https://as.example/par"})),
    ] {
        book.post(what, "pushed_auth_req", push(more, said)).await;
    }
    let opened = json!({"parameters": format!("client_id=1011&request_uri={}", text(&pushed["requestUri"]))});
    book.post("pushed", "auth/authorization", opened.clone()).await;
    book.post("used", "auth/authorization", opened).await;
}

/// Each action of the calls about people, and each code of the endpoint itself.
async fn authorizations(book: &mut Book<'_>) {
    let sign_in = SignIn::at(book.tenant).await;
    let ask = |more: &[(&str, &str)]| json!({"parameters": sign_in.query(SHOP, more), "context": "kept"});
    let asked = book.post("good", "auth/authorization", ask(&[("nonce", "n-1")])).await;
    book.post("silent", "auth/authorization", ask(&[("prompt", "none")])).await;
    for (what, more) in [
        ("no redirect URI", &[("redirect_uri", "")][..]),
        ("another redirect URI", &[("redirect_uri", "https://evil.example/")]),
        ("no client", &[("client_id", "")]),
        ("unknown client", &[("client_id", "4711")]),
        ("request_uri", &[("request_uri", "x")]),
        ("malformed", &[("client_id", "1"), ("client_id", "2")]),
        ("no response_type", &[("response_type", "")]),
        ("another response_type", &[("response_type", "token")]),
        ("another response_mode", &[("response_mode", "x")]),
        ("by a form", &[("prompt", "x"), ("response_mode", "form_post")]),
        ("request", &[("request", "x")]),
        ("no challenge", &[("code_challenge", ""), ("code_challenge_method", "")]),
        ("plain", &[("code_challenge_method", "plain")]),
        ("prompt", &[("prompt", "none login")]),
        ("max_age", &[("max_age", "x")]),
        ("silent, with a new sign-in", &[("max_age", "0"), ("prompt", "none")]),
        ("claims", &[("claims", "x")]),
        ("hint", &[("id_token_hint", "x")]),
        ("scope", &[("scope", "\"")]),
        ("resource", &[("resource", "x")]),
        ("details", &[("authorization_details", "x")]),
    ] {
        book.post(what, "auth/authorization", ask(more)).await;
    }
    book.post("nothing", "auth/authorization", json!({})).await;
    pushes(book, &sign_in).await;
    book.post("long context", "auth/authorization", json!({"parameters": "a=b", "context": "c".repeat(16_385)})).await;
    let locked = json!({"parameters": sign_in.query(CLOSED, &[])});
    book.post("locked", "auth/authorization", locked).await;

    let (info, update) = ("auth/authorization/ticket/info", "auth/authorization/ticket/update");
    book.post("there", info, json!({"ticket": asked["ticket"]})).await;
    book.post("unknown", info, json!({"ticket": "x"})).await;
    book.post("none", info, json!({})).await;
    book.post("there", update, json!({"ticket": asked["ticket"], "info": {"context": "other"}})).await;
    book.post("unknown", update, json!({"ticket": "x"})).await;
    book.post("none", update, json!({})).await;

    let issue = "auth/authorization/issue";
    let said =
        |ticket: &Value, more: Value| over(json!({"ticket": ticket, "subject": "john", "authTime": NOW, "acr": "1"}), more);
    book.post("no subject", issue, said(&asked["ticket"], json!({"subject": null}))).await;
    let issued = book.post("agreed", issue, said(&asked["ticket"], json!({"claims": "{\"email\":\"john@example.com\"}"}))).await;
    book.post("used", issue, said(&asked["ticket"], json!({}))).await;
    let acr = r#"{"id_token":{"acr":{"essential":true,"value":"2"}}}"#;
    let sub = r#"{"id_token":{"sub":{"value":"mary"}}}"#;
    for (what, more) in [
        ("by a form", &[("response_mode", "form_post")][..]),
        ("another acr", &[("claims", acr)]),
        ("another subject", &[("claims", sub)]),
        ("too old", &[("prompt", "login")]),
    ] {
        let ticket = book.tenant.post("auth/authorization", ask(more)).await["ticket"].clone();
        book.post(what, issue, said(&ticket, json!({"authTime": NOW - 1}))).await;
    }
    for reason in AuthorizationFailReason::NAMES {
        let ticket = sign_in.ticket(SHOP, &[]).await;
        book.post(reason, "auth/authorization/fail", json!({"ticket": ticket, "reason": reason})).await;
    }
    book.post("unknown reason", "auth/authorization/fail", json!({"ticket": "x", "reason": "BORED"})).await;
    book.post("unknown ticket", "auth/authorization/fail", json!({"ticket": "x", "reason": "DENIED"})).await;
    book.post("no ticket", "auth/authorization/fail", json!({"reason": "DENIED"})).await;

    let code = text(&issued["authorizationCode"]);
    let redeem = |more: &[(&str, &str)]| {
        let usual = [("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let all = usual.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty());
        let form: Vec<_> = all.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let parameters = format!("grant_type=authorization_code&{}", form.join("&"));
        json!({"parameters": parameters, "clientId": "1011", "clientSecret": secret("100", SHOP)})
    };
    for (what, more) in [
        ("no code", &[("code", "")][..]),
        ("another redirect URI", &[("redirect_uri", "https://shop.example/other")]),
        ("no verifier", &[("code_verifier", "")]),
        ("short verifier", &[("code_verifier", "x")]),
        ("wrong verifier", &[("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong")]),
        ("code", &[]),
    ] {
        book.post(what, "auth/token", redeem(more)).await;
    }
    let without = sign_in.tokens(SHOP, &[("scope", "read")], json!({})).await["accessToken"].clone();
    let granted = sign_in.tokens(SHOP, &[("scope", "openid email")], json!({"consentedClaims": ["email"]})).await;
    for (what, token) in
        [("good", &granted["accessToken"]), ("unknown", &json!("x")), ("none", &json!(null)), ("without openid", &without)]
    {
        book.post(what, "auth/userinfo", json!({ "token": token })).await;
        book.post(what, "auth/userinfo/issue", json!({"token": token, "claims": "{\"email\":\"ann@example.com\"}"})).await;
    }
    for (what, refresh) in [("good", &granted["refreshToken"]), ("another pair", &json!("x"))] {
        let pair = json!({"accessToken": granted["accessToken"], "refreshToken": refresh});
        book.post(what, "idtoken/reissue", pair).await;
    }
    let claims = json!({"token": granted["accessToken"], "claims": "x"});
    book.post("wrong claims", "auth/userinfo/issue", claims).await;
}

async fn creations(book: &mut Book<'_>) {
    book.post("for a user", "auth/token/create", creation(json!({
        "grantType": "AUTHORIZATION_CODE", "clientIdentifier": "web", "scopes": ["read", "write"], "resources": ["urn:a"], "sessionId": "s-1",
        "accessToken": "mine", "properties": [{"key": "k", "value": "v"}], "forExternalAttachment": true,
        "authorizationDetails": {"elements": [{"type": "t", "otherFields": "{\"sum\":5}"}]},
    }))).await;
    for (what, more) in [
        ("no grant", json!({"grantType": null})),
        ("unknown client", json!({"clientId": 4_711})),
        ("taken", json!({"accessToken": "mine"})),
        ("too long", json!({"accessTokenDuration": 100_000})),
        ("locked", json!({"clientId": LOCKED})),
    ] {
        book.post(what, "auth/token/create", creation(more)).await;
    }
}

async fn updates(book: &mut Book<'_>, [_, johns]: &[Value; 2]) {
    let token = &johns["accessToken"];
    book.post("some", "auth/token/update", json!({"accessToken": token, "scopes": ["read"], "properties": []})).await;
    book.post("unknown", "auth/token/update", json!({"accessToken": "x"})).await;
    book.post("of none", "auth/token/update", json!({})).await;
    book.post("too long", "auth/token/update", json!({"accessToken": token, "accessTokenPersistent": true})).await;
}

async fn introspections(book: &mut Book<'_>, [own, johns]: &[Value; 2]) {
    let (token, of_john) = (&own["accessToken"], &johns["accessToken"]);
    let short = book.tenant.created(json!({"accessTokenDuration": 1})).await;
    let alone = book.tenant.created(json!({"accessTokenDuration": 1, "grantType": "IMPLICIT"})).await;
    let by_key = book.tenant.created(json!({"dpopKeyThumbprint": X5T})).await;
    let by_certificate = book.tenant.created(json!({"certificateThumbprint": X5T})).await;
    book.tenant.app.clock.advance_ms(1_000);
    for (what, ask) in [
        ("good", json!({"token": of_john, "scopes": ["read"]})),
        ("no token", json!({})),
        ("unknown", json!({"token": "x"})),
        ("expired", json!({"token": alone["accessToken"]})),
        ("expired, refreshable", json!({"token": short["accessToken"]})),
        ("no certificate", json!({"token": by_certificate["accessToken"]})),
        ("no proof", json!({"token": by_key["accessToken"]})),
        ("wrong proof", json!({"token": by_key["accessToken"], "dpop": "x"})),
        ("acr", json!({"token": token, "acrValues": ["gold"]})),
        ("max_age", json!({"token": token, "maxAge": 5})),
        ("scope", json!({"token": token, "scopes": ["write"]})),
        ("subject", json!({"token": token, "subject": "mary"})),
        ("resource", json!({"token": token, "resources": ["urn:b"]})),
    ] {
        book.post(what, "auth/introspection", ask).await;
    }
    for (what, ask) in [
        ("good", json!({"parameters": format!("token={}", text(of_john))})),
        ("nothing", json!({})),
        ("no token", json!({"parameters": "a=b"})),
        ("malformed", json!({"parameters": "token=%zz"})),
    ] {
        book.post(what, "auth/introspection/standard", ask).await;
    }
}

async fn revocations(book: &mut Book<'_>) {
    let (first, second) = (book.tenant.created(json!({})).await, book.tenant.created(json!({})).await);
    let of = |client: u64, parameters: &str| token_request("100", client, parameters, json!({}));
    let value = format!("token={}", text(&first["accessToken"]));
    book.post("another client's", "auth/revocation", of(APP, &value)).await;
    book.post("done", "auth/revocation", of(WEB, &value)).await;
    book.post("no token", "auth/revocation", of(WEB, "a=b")).await;
    book.post("malformed", "auth/revocation", of(WEB, "token=%zz")).await;
    book.post("wrong secret", "auth/revocation", json!({"parameters": "token=x", "clientId": "1001", "clientSecret": "x"})).await;
    book.post("nothing", "auth/revocation", json!({})).await;
    book.post("one", "auth/token/revoke", json!({"accessTokenIdentifier": second["accessToken"]})).await;
    book.post("none", "auth/token/revoke", json!({})).await;
    book.note("any", Method::DELETE, &format!("auth/token/delete/{}", encoded(text(&second["accessToken"]))), None).await;
}

async fn lists(book: &mut Book<'_>) {
    book.get("of one client for one subject", "auth/token/get/list?clientIdentifier=web&subject=john&end=2").await;
    book.get("wrong range", "auth/token/get/list?start=x").await;
}

async fn batches(book: &mut Book<'_>) {
    let accepted = book.post("good", "auth/token/create/batch", json!([creation(json!({}))])).await;
    book.post("a bad one", "auth/token/create/batch", json!([creation(json!({"subject": null}))])).await;
    let path = format!("auth/token/create/batch/status/{}", text(&accepted["requestId"]));
    book.get("running", &path).await;
    book.tenant.app.work().await;
    book.seen.clear();
    book.get("done", &path).await;
    let failed = book.post("taken", "auth/token/create/batch", json!([creation(json!({"accessToken": "mine"}))])).await;
    book.tenant.app.work().await;
    book.seen.clear();
    book.get("failed", &format!("auth/token/create/batch/status/{}", text(&failed["requestId"]))).await;
    book.get("unknown", &format!("auth/token/create/batch/status/{}", "0".repeat(32))).await;
}

async fn clients(book: &mut Book<'_>) {
    let machine = json!({"clientName": "Machine", "clientType": "CONFIDENTIAL", "grantTypes": ["CLIENT_CREDENTIALS"], "clientIdAlias": "machine"});
    let made = book.post("new", "client/create", machine.clone()).await;
    let id = &made["clientId"];
    book.post("alias taken", "client/create", machine.clone()).await;
    book.post("wrong type", "client/create", json!({"clientType": "x"})).await;
    book.get("there", &format!("client/get/{id}")).await;
    book.get("unknown", "client/get/4711").await;
    book.get("first two", "client/get/list?end=2").await;
    book.post("changed", &format!("client/update/{id}"), json!({"clientType": "CONFIDENTIAL", "clientName": "Engine"})).await;
    book.post("unknown", "client/update/4711", json!({})).await;
    book.post("locked", "client/update/1004", json!({})).await;
    book.get("new secret", &format!("client/secret/refresh/{id}")).await;
    let chosen = json!({"clientSecret": "a-secret-of-my-own-choice"});
    book.post("chosen secret", &format!("client/secret/update/{id}"), chosen).await;
    book.post("short secret", &format!("client/secret/update/{id}"), json!({"clientSecret": "short"})).await;
    book.post("locked", &format!("client/lock_flag/update/{id}"), json!({"clientLocked": true})).await;
    let limits = "client/extension/requestable_scopes";
    let unlocked = json!({"clientLocked": false});
    book.tenant.post(&format!("client/lock_flag/update/{id}"), unlocked).await;
    let some = json!({"requestableScopes": ["read", "unknown"]});
    book.note("some", Method::PUT, &format!("{limits}/update/{id}"), Some(some.clone())).await;
    book.post("some", &format!("{limits}/update/{id}"), some).await;
    book.get("some", &format!("{limits}/get/{id}")).await;
    book.post("wrong", &format!("{limits}/update/{id}"), json!({"requestableScopes": ["\""]})).await;
    book.note("every", Method::DELETE, &format!("{limits}/delete/{id}"), None).await;
    book.note("gone", Method::DELETE, &format!("client/delete/{id}"), None).await;
    book.note("gone before", Method::DELETE, &format!("client/delete/{id}"), None).await;
}

async fn services(book: &mut Book<'_>) {
    book.get("plain", "service/configuration").await;
    book.post("wrong patch", "service/configuration", json!({"patch": "x"})).await;
    book.get("private keys", "service/jwks/get?includePrivateKeys=true").await;
}
