//! All that the functions of the Authlete dialect can do.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt as _;
use serde_json::{Value, json};
use shared::domain::{Algorithm, Clock as _};
use shared::jose::{jwk, sha256};
use shared::keys::signer::{LocalSigner, Signer as _};
use shared::platform::SystemClock;

use super::Recorded;
use super::units::Units;
use crate::support::deployment::ISSUER;

/// Has each of them do it, on one deployment in which nobody has done any of it yet.
pub(super) async fn everything(run: &mut Recorded) {
    let settings = json!({"access_token_sign_alg": "ES256", "supported_scopes": [{"name": "read"}], "refresh_token_kept": false,
        "supported_grants": ["password", "client_credentials", "refresh_token"]});
    run.good("jeton.put_org", "/v1/orgs/1", json!({"settings": settings})).await;
    run.good("jeton.refresh_org_secret", "/v1/orgs/1/secret", json!({})).await;
    let client = clients(run).await;
    let id = client["clientId"].clone();

    let created = create(run, &id, json!({"accessToken": "chosen", "refreshToken": "chosen too"})).await;
    let update = json!({"accessToken": created["accessToken"], "accessTokenValueUpdated": true});
    api(run, "authlete.update_token", "auth/token/update", update).await;
    token_requests(run, &client).await;
    authorizations(run, &id).await;
    introspections(run, &id).await;
    batches(run, &id).await;

    for path in ["service/jwks/get", "service/configuration"] {
        let name = if path.ends_with("get") { "authlete.get_jwks" } else { "authlete.get_configuration" };
        api(run, name, path, json!({})).await;
    }
    api(run, "authlete.post_configuration", "service/configuration", json!({})).await;
    run.good("authlete.healthcheck", "/api/lifecycle/healthcheck", json!({})).await;

    super::oauth::tokens(run, &id).await;
    revocations(run, &client).await;
    api(run, "authlete.delete_client", &format!("client/delete/{id}"), json!({})).await;
}

/// The bodies of a request for an opaque token, and of one to introspect it.
pub(super) async fn create_and_introspect(run: &mut Recorded) -> (Value, Value) {
    let client = api(run, "authlete.create_client", "client/create", json!({})).await;
    let create = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": client["clientId"]});
    let created = api(run, "authlete.create_token", "auth/token/create", create.clone()).await;
    (create, json!({"token": created["accessToken"]}))
}

async fn api(run: &mut Recorded, name: &'static str, path: &str, body: Value) -> Value {
    run.good(name, &format!("/api/1/{path}"), body).await
}

pub(super) async fn create(run: &mut Recorded, client: &Value, more: Value) -> Value {
    let mut body = json!({"grantType": "PASSWORD", "clientId": client, "subject": "john", "scopes": ["read"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let created = api(run, "authlete.create_token", "auth/token/create", body).await;
    assert_eq!(created["action"], "OK", "{created}");
    created
}

/// A client with a key, of which a subject may have one token.
async fn clients(run: &mut Recorded) -> Value {
    let draft = json!({"clientType": "CONFIDENTIAL", "clientIdAlias": "web", "tokenAuthMethod": "PRIVATE_KEY_JWT",
        "grantTypes": ["PASSWORD", "CLIENT_CREDENTIALS", "REFRESH_TOKEN"], "singleAccessTokenPerSubject": true,
        "jwks": json!({"keys": [jwk::to_json(signer().jwk())]}).to_string()});
    let client = api(run, "authlete.create_client", "client/create", draft.clone()).await;
    let id = &client["clientId"];
    api(run, "authlete.get_client", "client/get/web", json!({})).await;
    api(run, "authlete.list_clients", "client/get/list", json!({})).await;
    let mut changed = draft;
    changed["clientIdAlias"] = "web-2".into();
    api(run, "authlete.update_client", &format!("client/update/{id}"), changed).await;
    let scopes = json!({"requestableScopes": ["read"]});
    for (name, verb) in [
        ("authlete.put_requestable_scopes", "update"),
        ("authlete.update_requestable_scopes", "update"),
        ("authlete.get_requestable_scopes", "get"),
        ("authlete.delete_requestable_scopes", "delete"),
    ] {
        api(run, name, &format!("client/extension/requestable_scopes/{verb}/web-2"), scopes.clone()).await;
    }
    api(run, "authlete.update_client_lock", &format!("client/lock_flag/update/{id}"), json!({"clientLocked": false})).await;
    api(run, "authlete.refresh_client_secret", &format!("client/secret/refresh/{id}"), json!({})).await;
    let secret = json!({"clientSecret": "a-secret-of-at-least-22-characters"});
    api(run, "authlete.update_client_secret", &format!("client/secret/update/{id}"), secret).await;
    client
}

async fn token_requests(run: &mut Recorded, client: &Value) {
    let id = &client["clientId"];
    for nth in 0..2 {
        let form = format!("grant_type=password&username=u&password=p&scope=read&{}", assertion(id, &format!("password-{nth}")));
        let asked = api(run, "authlete.process_token", "auth/token", json!({"parameters": form})).await;
        assert_eq!(asked["action"], "PASSWORD", "{asked}");
        let ticket = &asked["ticket"];
        if nth == 0 {
            let reason = json!({"ticket": ticket, "reason": "INVALID_RESOURCE_OWNER_CREDENTIALS"});
            api(run, "authlete.fail_token", "auth/token/fail", reason).await;
            continue;
        }
        let issued = api(run, "authlete.issue_token", "auth/token/issue", json!({"ticket": ticket, "subject": "john"})).await;
        assert_eq!(issued["action"], "OK", "{issued}");
        let token = issued["refreshToken"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&refresh_token={token}&{}", assertion(id, "refresh"));
        let refreshed = api(run, "authlete.process_token", "auth/token", json!({"parameters": form})).await;
        assert_eq!(refreshed["action"], "OK", "{refreshed}");
    }
}

/// A client asks for a person, who agrees, and for another one, who doesn't.
async fn authorizations(run: &mut Recorded, id: &Value) {
    let grants = json!({"settings": {"supported_grants": null}});
    run.good("jeton.patch_org", "/v1/orgs/1", grants).await;
    let grants = ["AUTHORIZATION_CODE", "REFRESH_TOKEN"];
    let draft = json!({"clientType": "PUBLIC", "grantTypes": grants, "redirectUris": ["https://app.example/cb"]});
    let client = api(run, "authlete.create_client", "client/create", draft).await["clientId"].clone();
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let ask = json!({ "parameters": query });
    let asked = api(run, "authlete.process_authorization", "auth/authorization", ask.clone()).await;
    let failed = json!({"ticket": asked["ticket"], "reason": "DENIED"});
    let told = api(run, "authlete.fail_authorization", "auth/authorization/fail", failed).await;
    assert_eq!(told["action"], "LOCATION", "{told}");
    let pushed = api(run, "authlete.push_authorization", "pushed_auth_req", ask).await;
    assert_eq!(pushed["action"], "CREATED", "{pushed}");
    let opened = json!({"parameters": format!("client_id={client}&request_uri={}", pushed["requestUri"].as_str().unwrap())});
    let asked = api(run, "authlete.process_authorization", "auth/authorization", opened).await;
    let ticket = &asked["ticket"];
    let kept = json!({"ticket": ticket, "info": {"context": "kept"}});
    api(run, "authlete.update_authorization_ticket", "auth/authorization/ticket/update", kept).await;
    let seen = json!({ "ticket": ticket });
    api(run, "authlete.get_authorization_ticket", "auth/authorization/ticket/info", seen).await;
    let said = json!({"ticket": ticket, "subject": "ann"});
    let issued = api(run, "authlete.issue_authorization", "auth/authorization/issue", said).await;
    assert_eq!(issued["action"], "LOCATION", "{issued}");
    let code = issued["authorizationCode"].as_str().unwrap();
    let form = format!(
        "grant_type=authorization_code&client_id={client}&code={code}&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let granted = api(run, "authlete.process_token", "auth/token", json!({"parameters": form})).await;
    assert_eq!(granted["action"], "OK", "{granted}");
    let pair = json!({"accessToken": granted["jwtAccessToken"], "refreshToken": granted["refreshToken"]});
    let reissued = api(run, "authlete.reissue_id_token", "idtoken/reissue", pair).await;
    assert_eq!(reissued["action"], "OK", "{reissued}");
    devices(run).await;
    backchannel(run).await;
    client_authorizations(run, &client).await;
    let wants_jwt = json!({"clientType": "PUBLIC", "grantTypes": ["AUTHORIZATION_CODE"], "userInfoSignAlg": "ES256"});
    api(run, "authlete.update_client", &format!("client/update/{client}"), wants_jwt).await;
    let bound = create(run, id, json!({"scopes": ["openid"], "dpopKeyThumbprint": signer().jwk().kid.as_str()})).await;
    let token = bound["jwtAccessToken"].as_str().unwrap();
    let shown =
        json!({"token": token, "dpop": proof(token, "https://as.example/me"), "htm": "GET", "htu": "https://as.example/me"});
    let seen = api(run, "authlete.process_userinfo", "auth/userinfo", shown).await;
    assert_eq!(seen["action"], "OK", "{seen}");
    let granted = json!({ "token": granted["jwtAccessToken"] });
    let told = api(run, "authlete.issue_userinfo", "auth/userinfo/issue", granted).await;
    assert_eq!(told["action"], "JWT", "{told}");
}

/// What a person has granted is looked at, and forgotten.
async fn client_authorizations(run: &mut Recorded, client: &Value) {
    let of_ann = json!({"subject": "ann"});
    let scopes = json!({"subject": "ann", "scopes": ["openid"]});
    for (name, path, body) in [
        ("authlete.list_client_authorizations", "client/authorization/get/list/ann".to_owned(), json!({})),
        ("authlete.post_client_authorizations", "client/authorization/get/list".to_owned(), of_ann.clone()),
        ("authlete.update_client_authorization", format!("client/authorization/update/{client}"), scopes),
        ("authlete.get_granted_scopes", format!("client/granted_scopes/get/{client}/ann"), json!({})),
        ("authlete.post_get_granted_scopes", format!("client/granted_scopes/get/{client}"), of_ann.clone()),
        ("authlete.delete_granted_scopes", format!("client/granted_scopes/delete/{client}/ann"), json!({})),
        ("authlete.post_delete_granted_scopes", format!("client/granted_scopes/delete/{client}"), of_ann.clone()),
        ("authlete.delete_client_authorization", format!("client/authorization/delete/{client}/nobody"), json!({})),
        ("authlete.end_client_authorization", format!("client/authorization/delete/{client}"), json!({"subject": "nobody"})),
    ] {
        api(run, name, &path, body).await;
    }
}

/// A device asks, and somebody agrees.
async fn devices(run: &mut Recorded) {
    let page = json!({"settings": {"device_url": "https://as.example/device"}});
    run.good("jeton.patch_org", "/v1/orgs/1", page).await;
    let draft = json!({"clientType": "PUBLIC", "grantTypes": ["DEVICE_CODE"]});
    let client = api(run, "authlete.create_client", "client/create", draft).await["clientId"].clone();
    let ask = json!({"parameters": format!("client_id={client}&scope=openid")});
    let asked = api(run, "authlete.authorize_device", "device/authorization", ask).await;
    let form = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id={client}&device_code={}",
        asked["deviceCode"].as_str().unwrap()
    );
    let poll = json!({ "parameters": form });
    assert_eq!(api(run, "authlete.process_token", "auth/token", poll.clone()).await["resultCode"], "A242307");
    for (user_code, action) in [("BBBBBBBB", "NOT_EXIST"), (asked["userCode"].as_str().unwrap(), "VALID")] {
        let seen = api(run, "authlete.verify_device", "device/verification", json!({"userCode": user_code})).await;
        assert_eq!(seen["action"], action, "{seen}");
    }
    for (user_code, action) in [("BBBBBBBB", "USER_CODE_NOT_EXIST"), (asked["userCode"].as_str().unwrap(), "SUCCESS")] {
        let said = json!({"userCode": user_code, "result": "AUTHORIZED", "subject": "ann"});
        let decided = api(run, "authlete.complete_device", "device/complete", said).await;
        assert_eq!(decided["action"], action, "{decided}");
    }
    let granted = api(run, "authlete.process_token", "auth/token", poll).await;
    assert_eq!(granted["action"], "OK", "{granted}");
}

/// A client asks for somebody elsewhere, who agrees; and another time nothing comes of it. Returns what each step costs.
pub(super) async fn backchannel(run: &mut Recorded) -> Vec<(&'static str, Units)> {
    const GRANT: &str = "urn:openid:params:grant-type:ciba";
    const CALL: &str = "/api/1/backchannel/authentication";
    run.good("jeton.patch_org", "/v1/orgs/1", json!({"settings": {"supported_grants": [GRANT]}})).await;
    let draft = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CIBA"], "bcDeliveryMode": "PING", "bcNotificationEndpoint": "https://bank.example/"});
    let client = api(run, "authlete.create_client", "client/create", draft).await;
    let sent = |form: &str| json!({"parameters": form, "clientId": client["clientId"].to_string(), "clientSecret": client["clientSecret"]});
    let ask = sent("scope=openid&login_hint=zoe&client_notification_token=x");
    let (request, asked) = run.cost("authlete.process_backchannel", CALL, ask.clone()).await;
    let ticket = json!({"ticket": asked["ticket"]});
    let (issue, issued) = run.cost("authlete.issue_backchannel", &format!("{CALL}/issue"), ticket).await;
    let poll = sent(&format!("grant_type={GRANT}&auth_req_id={}", issued["authReqId"].as_str().unwrap()));
    let (pending, answer) = run.cost("authlete.process_token", "/api/1/auth/token", poll.clone()).await;
    assert_eq!(answer["resultCode"], "A200307", "{answer}");
    let said = json!({"ticket": asked["ticket"], "result": "AUTHORIZED", "subject": "zoe"});
    let (complete, decided) = run.cost("authlete.complete_backchannel", &format!("{CALL}/complete"), said).await;
    assert_eq!(decided["action"], "NOTIFICATION", "{decided}");
    let (token, granted) = run.cost("authlete.process_token", "/api/1/auth/token", poll).await;
    assert_eq!(granted["action"], "OK", "{granted}");
    let asked = api(run, "authlete.process_backchannel", "backchannel/authentication", ask).await;
    let failed = json!({"ticket": asked["ticket"], "reason": "UNKNOWN_USER_ID"});
    let failed = api(run, "authlete.fail_backchannel", "backchannel/authentication/fail", failed).await;
    assert_eq!(failed["action"], "BAD_REQUEST", "{failed}");
    run.good("jeton.patch_org", "/v1/orgs/1", json!({"settings": {"supported_grants": null}})).await;
    vec![
        ("elsewhere: request", request),
        ("elsewhere: acknowledgement", issue),
        ("elsewhere: poll", pending),
        ("elsewhere: decision", complete),
        ("elsewhere: token", token),
    ]
}

async fn introspections(run: &mut Recorded, client: &Value) {
    let bound = create(run, client, json!({"dpopKeyThumbprint": signer().jwk().kid.as_str()})).await;
    let token = bound["jwtAccessToken"].as_str().unwrap();
    let proof = proof(token, "https://api.example/x");
    let body = json!({"token": token, "dpop": proof, "htm": "GET", "htu": "https://api.example/x"});
    let seen = api(run, "authlete.introspect_token", "auth/introspection", body).await;
    assert_eq!(seen["action"], "OK", "{seen}");
    let headers = json!({"authorization": format!("DPoP {token}"), "dpop": self::proof(token, "https://api.example/y")});
    let context = json!({"domainName": "api.example", "http": {"method": "GET"}});
    let question = json!({"version": "2.0", "headers": headers, "rawPath": "/y", "requestContext": context});
    assert_eq!(run.invoke("jeton.authorizer", question).await["isAuthorized"], true);
    let body = json!({"parameters": format!("token={token}")});
    api(run, "authlete.introspect_token_standard", "auth/introspection/standard", body).await;
    for query in ["", "?subject=john"] {
        api(run, "authlete.list_tokens", &format!("auth/token/get/list{query}"), json!({})).await;
    }
}

async fn batches(run: &mut Recorded, client: &Value) {
    let batch = json!([{"grantType": "PASSWORD", "clientId": client, "subject": "jane", "accessToken": "moved"}]);
    let accepted = api(run, "authlete.create_token_batch", "auth/token/create/batch", batch).await;
    let parts = run.deployment.queue.drain();
    let parts: Vec<_> = parts.iter().map(|body| json!({"messageId": "m-1", "body": body})).collect();
    let done = run.invoke("authlete.work_on_batch", json!({"Records": parts})).await;
    assert_eq!(done, json!({"batchItemFailures": []}));
    let path = format!("auth/token/create/batch/status/{}", accepted["requestId"].as_str().unwrap());
    let status = api(run, "authlete.get_token_batch", &path, json!({})).await;
    assert_eq!(status["status"]["result"], "SUCCEEDED", "{status}");
}

async fn revocations(run: &mut Recorded, client: &Value) {
    let id = &client["clientId"];
    let token = create(run, id, json!({})).await["accessToken"].clone();
    let form = format!("token={}&{}", token.as_str().unwrap(), assertion(id, "revocation"));
    let revoked = api(run, "authlete.process_revocation", "auth/revocation", json!({"parameters": form})).await;
    assert_eq!(revoked["action"], "OK", "{revoked}");
    let token = create(run, id, json!({})).await["accessToken"].clone();
    api(run, "authlete.delete_token", &format!("auth/token/delete/{}", token.as_str().unwrap()), json!({})).await;
    for body in [json!({"accessTokenIdentifier": "unknown"}), json!({"subject": "john"}), json!({"clientIdentifier": "web-2"})] {
        api(run, "authlete.revoke_token", "auth/token/revoke", body).await;
    }
    for target in [json!({"subject": "john"}), json!({"client_id": "web-2"})] {
        run.good("jeton.create_revocation", "/v1/orgs/1/revocations", target).await;
    }
}

pub(super) fn signer() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::EdDsa)
}

pub(super) fn jwt(header: &Value, payload: &Value) -> String {
    let input = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = signer().sign(input.as_bytes()).now_or_never().unwrap().unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What a client with a key sends to prove who it is.
pub(super) fn assertion(client: &Value, id: &str) -> String {
    let (client, now) = (client.to_string(), SystemClock.now().as_secs());
    let payload = json!({"iss": client, "sub": client, "aud": ISSUER, "exp": now + 60, "jti": id});
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    format!("client_assertion_type={kind}&client_assertion={}", jwt(&json!({"alg": "EdDSA"}), &payload))
}

/// A DPoP proof of a `GET` with this token.
pub(super) fn proof(token: &str, uri: &str) -> String {
    let hash = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
    let payload = json!({"jti": "p-1", "htm": "GET", "htu": uri, "iat": SystemClock.now().as_secs(), "ath": hash});
    jwt(&json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk::to_json(signer().jwk())}), &payload)
}
