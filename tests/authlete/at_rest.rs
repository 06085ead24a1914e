//! What the service keeps and what it logs: hashes, and never what opens anything.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use super::proofs::{TOKEN_ENDPOINT, proof};
use super::tenant::{
    APP, JWT, OPAQUE, ROBOT, Tenant, WEB, api_secret, basic, creation, encoded, renamed, secret, text, token_request, v2,
};
use crate::support::{App, log};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("jeton-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// All bytes of all its files.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(&self.0).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Calls all of the dialect, with good values and with bad ones. Returns whatever would open something.
async fn everything(app: &App) -> Vec<String> {
    let mut secrets: Vec<String> =
        vec![app.admin.clone(), "the chosen access token".into(), "the chosen refresh token".into(), "pass w0rd".into()];
    for org in [OPAQUE, JWT] {
        let tenant = if org == JWT { Tenant::jwt(app).await } else { Tenant::opaque(app).await };
        secrets.extend([api_secret(org), secret(org, WEB), secret(org, ROBOT)]);
        let mut answers = tokens(&tenant).await;
        answers.extend(clients(&tenant).await);
        answers.extend(elsewhere(&tenant).await);
        answers.push(v2(app, org, "auth/introspection", json!({"token": "the unknown token"})).await.ok());
        tenant.send(Method::GET, "service/configuration", &basic("the wrong secret"), None).await;
        for answer in answers {
            for name in [
                "accessToken",
                "jwtAccessToken",
                "refreshToken",
                "ticket",
                "clientSecret",
                "newClientSecret",
                "dpop",
                "assertion",
                "authReqId",
                "clientNotificationToken",
                "userCode",
            ] {
                secrets.extend(answer.get(name).and_then(Value::as_str).map(str::to_owned));
            }
        }
    }
    secrets.push("the unknown token".to_owned());
    secrets
}

async fn tokens(tenant: &Tenant<'_>) -> Vec<Value> {
    let mut answers =
        vec![tenant.created(json!({"accessToken": "the chosen access token", "refreshToken": "the chosen refresh token"})).await];
    answers.push(tenant.created(json!({"clientId": APP})).await);
    let refresh = answers[1]["refreshToken"].clone();
    answers.push(tenant.refresh(APP, &refresh, json!({})).await);
    answers.push(tenant.refresh(APP, &refresh, json!({"properties": [{"key": "a", "value": "b"}]})).await);
    let shown = proof(tenant.org, "POST", TOKEN_ENDPOINT, None);
    answers.push(tenant.token(ROBOT, "grant_type=client_credentials", json!({ "dpop": shown })).await);
    answers.push(json!({ "dpop": shown }));
    let ticket = tenant.ticket(json!({})).await;
    tenant.post("auth/token/fail", json!({"ticket": ticket, "reason": "UNKNOWN"})).await;
    answers.push(
        tenant.token(WEB, &format!("grant_type=password&username=john&password={}", encoded("pass w0rd")), json!({})).await,
    );
    answers.push(tenant.post("auth/token/issue", json!({"ticket": answers.last().unwrap()["ticket"], "subject": "john"})).await);
    answers.push(
        tenant
            .token(WEB, "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=the.wrong.assertion", json!({}))
            .await,
    );
    answers.push(json!({"assertion": "the.wrong.assertion"}));
    let token = &answers[1]["accessToken"];
    let exchange = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:access_token";
    tenant.token(WEB, &format!("{exchange}&subject_token={}", text(token)), json!({})).await;
    tenant.introspect(token, json!({})).await;
    tenant.standard(token, json!({})).await;
    tenant.list("").await;
    answers
        .push(tenant.post("auth/token/update", json!({"tokenId": answers[0]["tokenId"], "accessTokenValueUpdated": true})).await);
    let batch = json!([creation(json!({"clientId": APP, "accessToken": "the chosen access token of a batch"}))]);
    tenant.app.post(&tenant.path("auth/token/create/batch"), Some(&tenant.app.admin), renamed(tenant.org, batch)).await.ok();
    tenant.app.work().await;
    answers.push(json!({"accessToken": "the chosen access token of a batch"}));
    let revoked = &answers[2];
    tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": revoked["accessToken"]})).await;
    tenant
        .app
        .delete(&tenant.path(&format!("auth/token/delete/{}", encoded(text(&revoked["refreshToken"])))), &tenant.app.admin)
        .await;
    let revocation = token_request(tenant.org, WEB, "token=the+chosen+refresh+token", json!({}));
    tenant.post("auth/revocation", revocation).await;
    answers
}

async fn clients(tenant: &Tenant<'_>) -> Vec<Value> {
    let made = tenant.post("client/create", json!({"clientType": "CONFIDENTIAL"})).await;
    let id = &made["clientId"];
    let refreshed = tenant.get(&format!("client/secret/refresh/{id}")).await;
    let chosen = "the-secret-that-a-caller-has-chosen";
    let updated = tenant.post(&format!("client/secret/update/{id}"), json!({ "clientSecret": chosen })).await;
    tenant
        .post(
            "auth/token",
            json!({"parameters": "grant_type=password", "clientId": id.to_string(), "clientSecret": "the wrong secret"}),
        )
        .await;
    vec![made, refreshed, updated, json!({"clientSecret": "the wrong secret"})]
}

/// A client asks for somebody elsewhere, with what it lets itself be told by, and polls.
async fn elsewhere(tenant: &Tenant<'_>) -> Vec<Value> {
    let made = json!({
        "clientType": "CONFIDENTIAL", "grantTypes": ["CIBA"], "bcDeliveryMode": "PING", "bcNotificationEndpoint": "https://bank.example/",
    });
    let client = tenant.post("client/create", made).await;
    tenant.set(json!({"supported_grants": ["client_credentials", "urn:openid:params:grant-type:ciba"]})).await;
    let sent = |form: &str| json!({"parameters": form, "clientId": client["clientId"].to_string(), "clientSecret": client["clientSecret"]});
    let form = "scope=openid&login_hint=ann&user_code=a-code-of-Ann-alone&client_notification_token=the-token-for-notifications-of-a-bank";
    let asked = tenant.post("backchannel/authentication", sent(form)).await;
    let issued = tenant.post("backchannel/authentication/issue", json!({"ticket": asked["ticket"]})).await;
    let poll = sent(&format!("grant_type=urn:openid:params:grant-type:ciba&auth_req_id={}", text(&issued["authReqId"])));
    tenant.post("auth/token", poll.clone()).await;
    let said = json!({"ticket": asked["ticket"], "result": "AUTHORIZED", "subject": "ann"});
    let decided = tenant.post("backchannel/authentication/complete", said).await;
    assert_eq!(decided["clientNotificationToken"], asked["clientNotificationToken"]);
    let granted = tenant.post("auth/token", poll).await;
    assert_eq!(granted["action"], "OK", "{granted}");
    tenant.post("backchannel/authentication/fail", json!({"ticket": asked["ticket"], "reason": "ACCESS_DENIED"})).await;
    tenant.set(json!({})).await;
    vec![client, asked, issued, granted]
}

/// What of a secret must be nowhere: all of it, its last part, and what base64url hides.
fn forms(secret: &str) -> Vec<String> {
    let last = secret.rsplit('.').next().unwrap_or(secret);
    let mut forms = vec![secret.to_owned()];
    if last.len() >= 40 {
        forms.push(last.to_owned());
        forms.extend(URL_SAFE_NO_PAD.decode(last).map(|bytes| latin(&bytes)));
    }
    forms
}

/// Bytes as text of as many characters, in which the standard library searches fast.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[tokio::test]
async fn nothing_that_opens_anything_is_kept_or_logged() {
    let folder = Folder::new("at-rest");
    log::begin();
    let app = App::on_file(Path::new(&folder.0.join("data.sqlite"))).await;
    let secrets = everything(&app).await;
    let (kept, logged) = (latin(&folder.bytes()), latin(&log::of_all()));
    // Both have what they should have.
    assert!(kept.contains("john"));
    assert!(logged.contains("authlete.create_token"), "{logged}");
    assert!(secrets.len() > 40, "{}", secrets.len());
    for secret in &secrets {
        for form in forms(secret) {
            assert!(!kept.contains(&form), "{secret} is in the data file");
            assert!(!logged.contains(&form), "{secret} is in the log");
        }
    }
}
