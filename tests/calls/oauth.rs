//! All that the functions can do to which OAuth clients come straight.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::domain::Clock as _;
use shared::jose::{jwk, sha256};
use shared::keys::signer::Signer as _;
use shared::platform::SystemClock;

use super::Recorded;
use super::authlete::{assertion, create, jwt, signer};
use super::units::Units;
use crate::support::deployment::ISSUER;
use crate::support::{Answer, encoded};

/// Has each of them do it, for a client with a key whose tokens are JWTs and whose refresh tokens are replaced.
pub(super) async fn tokens(run: &mut Recorded, client: &Value) {
    let form = |parameters: &str, id: &str| Value::from(format!("{parameters}&{}", assertion(client, id)));
    let own = run.good("oauth.token", "/oauth2/token", form("grant_type=client_credentials", "oauth-token")).await;
    let token = own["access_token"].as_str().unwrap();
    let created = create(run, client, json!({})).await;
    let refresh = format!("grant_type=refresh_token&refresh_token={}", created["refreshToken"].as_str().unwrap());
    let refreshed = run.good("oauth.token", "/oauth2/token", form(&refresh, "oauth-refresh")).await;
    assert_ne!(refreshed["refresh_token"], created["refreshToken"]);

    // The answer is signed: that takes a key, too.
    run.good("oauth.introspect", "/oauth2/introspect", form(&format!("token={token}"), "oauth-introspect")).await;
    run.good("oauth.revoke", "/oauth2/revoke", form(&format!("token={token}"), "oauth-revoke")).await;
}

/// Makes a client, the form of its request for a token of its own, and that for the assertion of an issuer that the org trusts.
pub(super) async fn own_and_asserted(run: &mut Recorded) -> (Value, [String; 2]) {
    let jwks = jwk::to_json(signer().jwk());
    let settings = json!({"assertion_issuers": [{"issuer": "https://idp.example", "jwks": {"keys": [jwks]}}]});
    run.good("jeton.put_org", "/v1/orgs/1", json!({"settings": settings})).await;
    let draft = json!({"clientType": "CONFIDENTIAL", "tokenAuthMethod": "PRIVATE_KEY_JWT",
        "grantTypes": ["CLIENT_CREDENTIALS", "JWT_BEARER"], "jwks": json!({"keys": [jwks]}).to_string()});
    let client = run.good("authlete.create_client", "/api/1/client/create", draft).await["clientId"].clone();
    let now = SystemClock.now().as_secs();
    let claims = json!({"iss": "https://idp.example", "sub": "administrator", "aud": ISSUER, "exp": now + 60, "jti": "bearer"});
    let asserted = jwt(&json!({"alg": "EdDSA"}), &claims);
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    let forms = [
        format!("grant_type=client_credentials&{}", assertion(&client, "own")),
        format!("grant_type={grant}&assertion={asserted}&{}", assertion(&client, "asserted")),
    ];
    (client, forms)
}

/// Has a client go on with a token of its own to an API, and to another authorization server. Returns what each costs.
pub(super) async fn exchanges(run: &mut Recorded) -> Vec<(&'static str, Units)> {
    const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
    const TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A";
    let settings = json!({"supported_scopes": [{"name": "files.read"}], "resources": ["https://ledger.example"]});
    run.good("jeton.patch_org", "/v1/orgs/1", json!({ "settings": settings })).await;
    let client = json!({
        "kind": "confidential", "auth_method": "client_secret_post",
        "grants": ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "may_exchange_to": [
            {"resource": "https://ledger.example", "scopes": ["files.read"]},
            {"authorization_server": "https://as.partner.example", "scopes": ["files.read"]},
        ],
    });
    let client = run.good("jeton.create_client", "/v1/orgs/1/clients", client).await;
    let by = format!("client_id={}&client_secret={}", client["id"], client["secret"].as_str().unwrap());
    let own = Value::from(format!("grant_type=client_credentials&scope=files.read&{by}"));
    let token = run.good("oauth.token", "/oauth2/token", own).await["access_token"].as_str().unwrap().to_owned();
    let form = format!("grant_type={GRANT}&subject_token={token}&subject_token_type={TOKEN}access_token&{by}");
    let mut costs = Vec::new();
    for (what, more) in [
        ("exchange that goes on", "resource=https%3A%2F%2Fledger.example".to_owned()),
        (
            "grant for another authorization server",
            format!("requested_token_type={TOKEN}jwt&audience=https%3A%2F%2Fas.partner.example"),
        ),
    ] {
        let (units, _) = run.cost("oauth.token", "/oauth2/token", Value::from(format!("{form}&{more}"))).await;
        costs.push((what, units));
    }
    let none = json!({"settings": {"supported_scopes": null, "resources": null}});
    run.good("jeton.patch_org", "/v1/orgs/1", none).await;
    costs
}

/// Has a person sign in to a client that proves a key, by a login application that denies others. Returns what each step costs.
pub(super) async fn sign_in(run: &mut Recorded) -> Vec<(&'static str, Units)> {
    let resources = [format!("{ISSUER}/mcp")];
    let pages = json!({
        "login_url": "https://login.example/", "device_url": "https://login.example/device", "supported_grants": null, "resources": resources,
    });
    let login = json!({ "settings": pages });
    run.good("jeton.patch_org", "/v1/orgs/1", login).await;
    let tool =
        json!({"kind": "public", "grants": ["authorization_code", DEVICE_GRANT], "redirect_uris": ["https://tool.example/cb"]});
    let client = run.good("jeton.create_client", "/v1/orgs/1/clients", tool).await["id"].to_string();
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri=https%3A%2F%2Ftool.example%2Fcb&scope=openid&code_challenge={challenge}&code_challenge_method=S256"
    );
    let mut costs = Vec::new();
    let mut browsers = Vec::new();
    for (name, path, body) in [
        ("oauth.authorize", format!("/oauth2/authorize?{query}"), json!({})),
        ("oauth.post_authorize", "/oauth2/authorize".to_owned(), Value::from(query.clone())),
    ] {
        let (units, answer) = run.priced(name, &path, body).await;
        let location = location(&answer);
        let id = location.split_once("authorization=").unwrap_or_else(|| panic!("{location}")).1.to_owned();
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        browsers.push((id, cookie, units));
    }
    for name in ["oauth.authorize", "oauth.post_authorize"] {
        let (pushing, pushed) = run.cost("oauth.push_authorization", "/oauth2/par", Value::from(query.clone())).await;
        let reference = format!("client_id={client}&request_uri={}", pushed["request_uri"].as_str().unwrap());
        let (opening, answer) = if name == "oauth.authorize" {
            run.priced(name, &format!("/oauth2/authorize?{reference}"), json!({})).await
        } else {
            run.priced(name, "/oauth2/authorize", Value::from(reference)).await
        };
        location(&answer);
        if name == "oauth.authorize" {
            costs.extend([("sign-in: pushed request", pushing), ("sign-in: pushed request, opened", opening)]);
        }
    }
    let [(accepted, cookie, _), (denied, _, request)] = &browsers[..] else { panic!("{browsers:?}") };
    costs.push(("sign-in: request", *request));
    let (units, _) = run.cost("jeton.get_authorization", &format!("/v1/authorizations/{accepted}?subject=ann"), json!({})).await;
    costs.push(("sign-in: hand-over", units));
    run.good("jeton.deny_authorization", &format!("/v1/authorizations/{denied}/deny"), json!({})).await;
    let said = json!({"subject": "ann", "auth_time": SystemClock.now().as_secs()});
    let (units, back) = run.cost("jeton.accept_authorization", &format!("/v1/authorizations/{accepted}/accept"), said).await;
    costs.push(("sign-in: acceptance", units));
    let back = back["redirect_to"].as_str().unwrap().strip_prefix(ISSUER).unwrap().to_owned();
    let with_cookie = json!({"headers": {"cookie": cookie}});
    let (units, answer) = run.priced("oauth.continue_authorization", &back, with_cookie).await;
    costs.push(("sign-in: way back", units));
    let code = location(&answer);
    let code = code.split_once("code=").unwrap().1.split('&').next().unwrap();
    let grant = format!("grant_type=authorization_code&client_id={client}&code={code}&code_verifier={VERIFIER}");
    let headers = json!({"dpop": proof_at("/oauth2/token", "POST", None)});
    let (units, granted) = run.cost("oauth.token", "/oauth2/token", json!({"headers": headers, "form": grant})).await;
    costs.push(("a code, with a DPoP proof", units));
    let token = granted["access_token"].as_str().unwrap();
    for (name, method) in [("oauth.get_userinfo", "GET"), ("oauth.post_userinfo", "POST")] {
        let proof = proof_at("/oauth2/userinfo", method, Some(token));
        let headers = json!({"authorization": format!("DPoP {token}"), "dpop": proof});
        let (units, _) = run.cost(name, "/oauth2/userinfo", json!({ "headers": headers })).await;
        if name == "oauth.post_userinfo" {
            costs.push(("userinfo, with a DPoP proof", units));
        }
    }
    costs.extend(device(run, &client).await);
    costs.extend(logout(run, &client).await);
    // Last: what is disconnected stays dead for a second more.
    costs.extend(connected_apps(run, &client).await);
    costs
}

/// Has a stranger's client register, and a person let it in.
pub(super) async fn strangers(run: &mut Recorded) {
    let open = json!({"settings": {"open_registration": {"enabled": true}}});
    run.good("jeton.patch_org", "/v1/orgs/1", open).await;
    let said = json!({"redirect_uris": ["https://tool.example/cb"], "token_endpoint_auth_method": "none"});
    let (answers, _) = run.run_as("", "oauth.register_client", &[("/oauth2/register", said)]).await;
    let client = answers[0].created()["client_id"].as_str().unwrap().to_owned();
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri=https%3A%2F%2Ftool.example%2Fcb&scope=openid&code_challenge={challenge}&code_challenge_method=S256"
    );
    let (_, answer) = run.priced("oauth.authorize", &format!("/oauth2/authorize?{query}"), json!({})).await;
    let id = location(&answer).split_once("authorization=").unwrap().1.to_owned();
    let said = json!({"subject": "ann", "auth_time": SystemClock.now().as_secs()});
    run.good("jeton.accept_authorization", &format!("/v1/authorizations/{id}/accept"), said).await;
    known_by_document(run).await;
}

/// Has a client that nobody has registered push a request, ask for a device and in a browser, and a person let it in.
async fn known_by_document(run: &mut Recorded) {
    let url = "https://tool.example/client.json";
    let document = json!({
        "client_id": url, "redirect_uris": ["https://tool.example/cb"], "grant_types": ["authorization_code", DEVICE_GRANT],
    });
    run.deployment.web.put(url, &document);
    let allowed = json!({"settings": {"client_metadata_documents": {"enabled": true, "hosts": ["tool.example"]}}});
    run.good("jeton.patch_org", "/v1/orgs/1", allowed).await;
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    let query = format!(
        "response_type=code&client_id={}&redirect_uri=https%3A%2F%2Ftool.example%2Fcb&scope=openid&code_challenge={challenge}&code_challenge_method=S256",
        encoded(url)
    );
    run.cost("oauth.push_authorization", "/oauth2/par", Value::from(query.clone())).await;
    let form = Value::from(format!("client_id={}&scope=openid", encoded(url)));
    run.cost("oauth.authorize_device", "/oauth2/device_authorization", form).await;
    let (_, answer) = run.priced("oauth.authorize", &format!("/oauth2/authorize?{query}"), json!({})).await;
    let id = location(&answer).split_once("authorization=").unwrap().1.to_owned();
    let said = json!({"subject": "ann", "auth_time": SystemClock.now().as_secs()});
    run.good("jeton.accept_authorization", &format!("/v1/authorizations/{id}/accept"), said).await;
}

/// Has an API key made, shown, exchanged, rotated and ended. Returns what that costs.
pub(super) async fn api_key(run: &mut Recorded) -> Vec<(&'static str, Units)> {
    const ALL: &str = "/v1/orgs/1/api-keys";
    const API: &str = "https://api.example";
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    let settings = json!({"resources": [API], "default_resource": API, "supported_grants": [exchange]});
    run.good("jeton.patch_org", "/v1/orgs/1", json!({ "settings": settings })).await;
    run.good("jeton.put_member", "/v1/orgs/1/members/ann", json!({"scopes": ["urn:app:*"]})).await;
    let server = run
        .good(
            "jeton.create_client",
            "/v1/orgs/1/clients",
            json!({"kind": "confidential", "auth_method": "client_secret_post", "resources": [API]}),
        )
        .await;
    let body = json!({"name": "laptop", "owner": "ann", "scopes": ["urn:app:read"]});
    let (made, key) = run.cost("jeton.create_api_key", ALL, body).await;
    let (path, value) = (format!("{ALL}/{}", key["id"].as_str().unwrap()), key["key"].as_str().unwrap());
    let form = format!("client_id={}&client_secret={}&token={value}", server["id"], server["secret"].as_str().unwrap());
    let (first, _) = run.cost("oauth.introspect", "/oauth2/introspect", form.clone().into()).await;
    let (shown, _) = run.cost("oauth.introspect", "/oauth2/introspect", form.into()).await;
    let kind = "urn:jeton:params:oauth:token-type:api-key";
    let form = format!("grant_type={exchange}&subject_token_type={kind}&subject_token={value}");
    let (exchanged, _) = run.cost("oauth.token", "/oauth2/token", form.into()).await;
    let (rotated, _) = run.cost("jeton.rotate_api_key", &format!("{path}/rotate"), json!({})).await;
    let (ended, _) = run.cost("jeton.delete_api_key", &path, json!({})).await;
    let body = json!({"name": "desk", "owner": "ann", "scopes": ["urn:app:read"]});
    let key = run.good("jeton.create_api_key", ALL, body).await["key"].clone();
    let (leaked, _) = run.cost("jeton.report_leaked_keys", "/v1/api-keys/leaked", super::leak_report(&key)).await;
    vec![
        ("an API key is made", made),
        ("an API key is shown to its API, the first time in an hour", first),
        ("an API key is shown to its API", shown),
        ("an API key is exchanged", exchanged),
        ("an API key is rotated", rotated),
        ("an API key is ended", ended),
        ("a leaked API key is reported", leaked),
    ]
}

/// Has a client and an API key be used that have limits. Returns what it costs to take a lease, and to use one.
pub(super) async fn limits(run: &mut Recorded) -> Vec<(&'static str, Units)> {
    const API: &str = "https://api.example";
    let settings = json!({"resources": [API], "default_resource": API, "supported_grants": ["client_credentials"]});
    run.good("jeton.patch_org", "/v1/orgs/1", json!({ "settings": settings })).await;
    let body = json!({
        "kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"], "resources": [API],
        "limits": {"per_minute": 100},
    });
    let client = run.good("jeton.create_client", "/v1/orgs/1/clients", body).await;
    let by = format!("client_id={}&client_secret={}", client["id"], client["secret"].as_str().unwrap());
    let form = Value::from(format!("grant_type=client_credentials&{by}"));
    // The first use of a secret on a day is noted.
    run.good("oauth.token", "/oauth2/token", form.clone()).await;
    let tokens = run.repeated("oauth.token", "/oauth2/token", &form, 6).await;
    let body = json!({"name": "laptop", "owner": "ann", "scopes": ["urn:app:read"], "limits": {"per_minute": 100}});
    let key = run.good("jeton.create_api_key", "/v1/orgs/1/api-keys", body).await;
    let form = Value::from(format!("{by}&token={}", key["key"].as_str().unwrap()));
    run.good("oauth.introspect", "/oauth2/introspect", form.clone()).await;
    let shown = run.repeated("oauth.introspect", "/oauth2/introspect", &form, 6).await;
    // A lease is for five of a hundred.
    for uses in [&tokens, &shown] {
        let writes: Vec<_> = uses.iter().map(|units| units.writes).collect();
        let without = writes[1];
        assert_eq!(writes, [without + 1, without, without, without, without, without + 1]);
    }
    vec![
        ("client_credentials of a client with limits, with a new lease", tokens[0]),
        ("an API key with limits is shown to its API, with a new lease", shown[0]),
    ]
}

/// Has a person look at the apps that they have let in, and disconnect them. Returns what that costs.
async fn connected_apps(run: &mut Recorded, client: &str) -> Vec<(&'static str, Units)> {
    const ALL: &str = "/v1/orgs/1/subjects/ann/grants";
    let (listing, _) = run.cost("jeton.list_grants", ALL, json!({})).await;
    let (one, _) = run.cost("jeton.delete_grant", &format!("{ALL}/{client}"), json!({})).await;
    let (all, _) = run.cost("jeton.delete_grants", ALL, json!({})).await;
    let (session, _) = run.cost("jeton.end_session", "/v1/orgs/1/sessions/of-a-login-app", json!({})).await;
    vec![
        ("connected apps", listing),
        ("an app is disconnected", one),
        ("all apps are disconnected", all),
        ("a session is ended", session),
    ]
}

/// Has a client log a person out. Returns what each step costs.
async fn logout(run: &mut Recorded, client: &str) -> Vec<(&'static str, Units)> {
    let page = json!({"settings": {"logout_url": "https://login.example/logout"}});
    run.good("jeton.patch_org", "/v1/orgs/1", page).await;
    let address = json!({"post_logout_redirect_uris": ["https://tool.example/bye"]});
    run.good("jeton.patch_client", &format!("/v1/orgs/1/clients/{client}"), address).await;
    let form = format!("client_id={client}&post_logout_redirect_uri=https%3A%2F%2Ftool.example%2Fbye&state=x");
    let (request, answer) = run.priced("oauth.logout", &format!("/oauth2/logout?{form}"), json!({})).await;
    let id = location(&answer).split_once("logout=").unwrap().1.to_owned();
    let (_, answer) = run.priced("oauth.post_logout", "/oauth2/logout", Value::from(form)).await;
    location(&answer);
    let (reading, _) = run.cost("jeton.get_logout", &format!("/v1/logouts/{id}"), json!({})).await;
    let session = json!({"session": "of-another-login-app"});
    let (completion, _) = run.cost("jeton.complete_logout", &format!("/v1/logouts/{id}/complete"), session).await;
    vec![("logout: request", request), ("logout: hand-over", reading), ("logout: completion", completion)]
}

/// Has a person accept what a device asks for. Returns what each step costs.
async fn device(run: &mut Recorded, client: &str) -> Vec<(&'static str, Units)> {
    let form = Value::from(format!("client_id={client}&scope=openid"));
    let (request, asked) = run.cost("oauth.authorize_device", "/oauth2/device_authorization", form).await;
    let attempt = json!({"user_code": asked["user_code"], "attempt_by": "ann"});
    let (attempt, found) = run.cost("jeton.find_authorization", "/v1/authorizations/find", attempt).await;
    let code = asked["device_code"].as_str().unwrap();
    let form = Value::from(format!("grant_type={DEVICE_GRANT}&client_id={client}&device_code={code}"));
    let (poll, answer) = run.priced("oauth.token", "/oauth2/token", form.clone()).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let said = json!({"subject": "ann", "auth_time": SystemClock.now().as_secs()});
    let id = found["id"].as_str().unwrap();
    run.good("jeton.accept_authorization", &format!("/v1/authorizations/{id}/accept"), said).await;
    let (token, _) = run.cost("oauth.token", "/oauth2/token", form).await;
    vec![("device: request", request), ("device: attempt", attempt), ("device: poll", poll), ("device: token", token)]
}

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Where a browser is sent.
fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// A DPoP proof for an endpoint of ours, with an access token if there is one.
fn proof_at(path: &str, method: &str, token: Option<&str>) -> String {
    let now = SystemClock.now().as_secs();
    let mut claims =
        json!({"jti": format!("{method} {path} {now}"), "htm": method, "htu": format!("{ISSUER}{path}"), "iat": now});
    if let Some(token) = token {
        claims["ath"] = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())).into();
    }
    jwt(&json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk::to_json(signer().jwk())}), &claims)
}

/// Has a client register, look after its registration, and go.
pub(super) async fn registrations(run: &mut Recorded) {
    let made = run.good("oauth.register_client", "/oauth2/register", json!({})).await;
    let id = made["client_id"].as_str().unwrap();
    let (path, token) = (format!("/oauth2/register/{id}"), made["registration_access_token"].as_str().unwrap());
    for (name, body) in [
        ("oauth.get_registration", Value::Null),
        ("oauth.update_registration", json!({"client_id": id, "client_name": "Shop"})),
        ("oauth.delete_registration", Value::Null),
    ] {
        let (answers, _) = run.run_as(token, name, &[(&path, body)]).await;
        assert!(answers[0].status.is_success(), "{name}: {answers:?}");
    }
}
