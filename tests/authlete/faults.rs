//! The store fails, call by call; and how many calls each operation of this dialect makes.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::platform::capabilities::{BatchWorker, Provides as _};
use shared::tokens::batch;

use super::sign_in::{CALLBACK, NOW, SHOP, SignIn, VERIFIER};
use super::tenant::{APP, OPAQUE, SINGLE, Tenant, WEB, creation, encoded, secret, text, token_request};
use crate::support::{Answer, App, Mount, Watched, hashed};

/// A service, with what its calls are about.
struct Service {
    app: App,
    watched: Arc<Watched>,
    /// Of a public client, whose refresh token is replaced.
    created: Value,
    ticket: String,
    batch: String,
    /// What a client asks of a person, the ticket of such a request, and the code of another one.
    query: String,
    pushed: String,
    /// What a device has got that waits for its decision.
    device: Value,
    /// The ticket of a client that asks for somebody elsewhere, and one whose request is acknowledged, with what is polled with.
    asked_elsewhere: Value,
    waiting_elsewhere: (Value, Value),
    person: String,
    code: String,
    /// An access token of a person, and the refresh token with it.
    of_person: Value,
    refresh_of_person: Value,
}

impl Service {
    async fn new() -> Self {
        let mut watched = None;
        let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
        let watched = watched.unwrap();
        let tenant = Tenant::opaque(&app).await;
        let created = tenant.created(json!({"clientId": APP})).await;
        let ticket = tenant.ticket(json!({})).await;
        let path = tenant.path("auth/token/create/batch");
        let batch = app.post(&path, Some(&app.admin), json!([creation(json!({"accessToken": "of a batch"}))])).await.ok();
        let batch = text(&batch["requestId"]).to_owned();
        let sign_in = SignIn::at(tenant).await;
        let (query, person) = (sign_in.query(SHOP, &[]), sign_in.ticket(SHOP, &[]).await);
        let code = sign_in.code(SHOP, &[], json!({})).await;
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        let (of_person, refresh_of_person) = (granted["accessToken"].clone(), granted["refreshToken"].clone());
        let pushed = sign_in.pushed(SHOP, &[]).await;
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        let grants =
            ["authorization_code", "client_credentials", "refresh_token", "password", exchange, DEVICE_GRANT, CIBA_GRANT];
        tenant.set(json!({"device_url": "https://as.example.org/device", "supported_grants": grants})).await;
        let seed = json!({"clients": [{"org": OPAQUE, "id": TV, "kind": "public", "grants": [DEVICE_GRANT]}]});
        app.seed(&seed).await.expect("the seed is loaded");
        let device = tenant.post("device/authorization", json!({"parameters": format!("client_id={TV}")})).await;
        let till = json!({"org": OPAQUE, "id": TILL, "kind": "confidential", "grants": [CIBA_GRANT], "secrets_sha256": [hashed(&secret(OPAQUE, TILL))]});
        app.seed(&json!({"clients": [till]})).await.expect("the seed is loaded");
        let polls = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CIBA"], "bcDeliveryMode": "POLL"});
        tenant.post(&format!("client/update/{TILL}"), polls).await;
        let asked_elsewhere = tenant.post("backchannel/authentication", elsewhere()).await["ticket"].clone();
        let waiting = tenant.post("backchannel/authentication", elsewhere()).await["ticket"].clone();
        let issued = tenant.post("backchannel/authentication/issue", json!({ "ticket": waiting })).await;
        let waiting_elsewhere = (waiting, issued["authReqId"].clone());
        watched.calls();
        watched.calls();
        Self {
            app,
            watched,
            created,
            ticket,
            batch,
            query,
            pushed,
            device,
            asked_elsewhere,
            waiting_elsewhere,
            person,
            code,
            of_person,
            refresh_of_person,
        }
    }

    async fn perform(&self, operation: &str) -> Answer {
        let Self { created, ticket, query, person, code, .. } = self;
        let (access, refresh) = (text(&created["accessToken"]), text(&created["refreshToken"]));
        let token =
            |client: u64, parameters: &str| ("auth/token".to_owned(), token_request(OPAQUE, client, parameters, json!({})));
        let exchange =
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type";
        let (path, body) = match operation {
            "client_credentials" => token(WEB, "grant_type=client_credentials"),
            "password" => token(WEB, "grant_type=password&username=john&password=x"),
            "refresh" => token(APP, &format!("grant_type=refresh_token&refresh_token={refresh}")),
            "refresh_attaching" => {
                let more = json!({"properties": [{"key": "k", "value": "v"}]});
                let parameters = format!("grant_type=refresh_token&refresh_token={refresh}");
                ("auth/token".into(), token_request(OPAQUE, APP, &parameters, more))
            }
            "exchange" => token(WEB, &format!("{exchange}:refresh_token&subject_token={refresh}")),
            "issue" => ("auth/token/issue".into(), json!({"ticket": ticket, "subject": "john"})),
            "authorization" => ("auth/authorization".into(), json!({ "parameters": query })),
            "authorized_clients" => ("client/authorization/get/list".into(), json!({"subject": "ann"})),
            "authorization_update" => ("client/authorization/update/1011".into(), json!({"subject": "ann", "scopes": ["read"]})),
            "authorization_delete" => ("client/authorization/delete/1011".into(), json!({"subject": "ann"})),
            "granted_scopes" => ("client/granted_scopes/get/1011".into(), json!({"subject": "ann"})),
            "granted_scopes_delete" => ("client/granted_scopes/delete/1011".into(), json!({"subject": "ann"})),
            "reissue" => {
                let pair = json!({"accessToken": self.of_person, "refreshToken": self.refresh_of_person});
                ("idtoken/reissue".into(), pair)
            }
            "push" => {
                let client = json!({"parameters": query, "clientId": SHOP.to_string(), "clientSecret": secret(OPAQUE, SHOP)});
                ("pushed_auth_req".into(), client)
            }
            "authorization_pushed" => {
                let parameters = format!("client_id={SHOP}&request_uri={}", self.pushed);
                ("auth/authorization".into(), json!({ "parameters": parameters }))
            }
            "authorization_issue" => {
                ("auth/authorization/issue".into(), json!({"ticket": person, "subject": "ann", "authTime": NOW}))
            }
            "authorization_fail" => ("auth/authorization/fail".into(), json!({"ticket": person, "reason": "DENIED"})),
            "ticket_info" => ("auth/authorization/ticket/info".into(), json!({ "ticket": person })),
            "ticket_update" => ("auth/authorization/ticket/update".into(), json!({"ticket": person, "info": "x"})),
            "userinfo" => ("auth/userinfo".into(), json!({ "token": self.of_person })),
            "userinfo_issue" => ("auth/userinfo/issue".into(), json!({"token": self.of_person, "claims": "{}"})),
            "code" => {
                let form = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
                let form = format!("{form}&redirect_uri={}", encoded(CALLBACK));
                let client = json!({"parameters": form, "clientId": SHOP.to_string(), "clientSecret": secret(OPAQUE, SHOP)});
                ("auth/token".into(), client)
            }
            "fail" => ("auth/token/fail".into(), json!({"ticket": ticket, "reason": "INVALID_TARGET"})),
            "create" => ("auth/token/create".into(), creation(json!({}))),
            "create_by_alias" => ("auth/token/create".into(), creation(json!({"clientId": null, "clientIdentifier": "web"}))),
            "create_chosen" => ("auth/token/create".into(), creation(json!({"accessToken": "a", "refreshToken": "b"}))),
            "create_single" => ("auth/token/create".into(), creation(json!({"clientId": SINGLE}))),
            "batch" => ("auth/token/create/batch".into(), json!([creation(json!({}))])),
            "update" => ("auth/token/update".into(), json!({"accessToken": access, "scopes": ["write"]})),
            "update_value" => ("auth/token/update".into(), json!({"refreshToken": refresh, "accessTokenValueUpdated": true})),
            "revoke" => ("auth/token/revoke".into(), json!({"accessTokenIdentifier": access})),
            "revoke_refresh" => ("auth/token/revoke".into(), json!({"refreshTokenIdentifier": refresh})),
            "revoke_all" => ("auth/token/revoke".into(), json!({"clientIdentifier": "1002", "subject": "john"})),
            "revocation" => ("auth/revocation".into(), token_request(OPAQUE, APP, &format!("token={access}"), json!({}))),
            "introspect" => ("auth/introspection".into(), json!({"token": access})),
            "standard" => ("auth/introspection/standard".into(), json!({"parameters": format!("token={access}")})),
            "configuration" => ("service/configuration".into(), json!({})),
            "client_create" => ("client/create".into(), json!({})),
            "client_update" => ("client/update/1001".into(), json!({})),
            "client_secret" => ("client/secret/update/1001".into(), json!({"clientSecret": "a-secret-of_my-own-choice"})),
            "scopes_update" => ("client/extension/requestable_scopes/update/1001".into(), json!({"requestableScopes": ["read"]})),
            "client_lock" => ("client/lock_flag/update/1001".into(), json!({"clientLocked": true})),
            "delete" => return self.send(Method::DELETE, &format!("auth/token/delete/{access}")).await,
            "client_delete" => return self.send(Method::DELETE, "client/delete/1001").await,
            "status" => return self.send(Method::GET, &format!("auth/token/create/batch/status/{}", self.batch)).await,
            "client_secret_refresh" => return self.send(Method::GET, "client/secret/refresh/1001").await,
            other => match self.of_polling_client(other) {
                Some(call) => call,
                None => return self.send(Method::GET, other).await,
            },
        };
        let app = &self.app;
        app.post(&format!("/api/{OPAQUE}/{path}"), Some(&app.admin), body).await
    }

    /// The calls about what a client asks for that polls.
    fn of_polling_client(&self, operation: &str) -> Option<(String, Value)> {
        Some(match operation {
            "device" => ("device/authorization".into(), json!({"parameters": format!("client_id={TV}")})),
            "device_verification" => ("device/verification".into(), json!({"userCode": self.device["userCode"]})),
            "device_complete" => {
                let said = json!({"userCode": self.device["userCode"], "result": "AUTHORIZED", "subject": "ann"});
                ("device/complete".into(), said)
            }
            "device_poll" => {
                let code = text(&self.device["deviceCode"]);
                let form = format!("grant_type={DEVICE_GRANT}&client_id={TV}&device_code={code}");
                ("auth/token".into(), json!({ "parameters": form }))
            }
            "elsewhere" => ("backchannel/authentication".into(), elsewhere()),
            "elsewhere_issue" => ("backchannel/authentication/issue".into(), json!({ "ticket": self.asked_elsewhere })),
            "elsewhere_fail" => {
                let said = json!({"ticket": self.asked_elsewhere, "reason": "UNKNOWN_USER_ID"});
                ("backchannel/authentication/fail".into(), said)
            }
            "elsewhere_complete" => {
                let said = json!({"ticket": self.waiting_elsewhere.0, "result": "AUTHORIZED", "subject": "ann"});
                ("backchannel/authentication/complete".into(), said)
            }
            "elsewhere_poll" => {
                let form = format!("grant_type={CIBA_GRANT}&auth_req_id={}", text(&self.waiting_elsewhere.1));
                let client = json!({"parameters": form, "clientId": TILL.to_string(), "clientSecret": secret(OPAQUE, TILL)});
                ("auth/token".into(), client)
            }
            _ => return None,
        })
    }

    async fn send(&self, method: Method, path: &str) -> Answer {
        let app = &self.app;
        Tenant::new(app, OPAQUE).send(method, path, &format!("Bearer {}", app.admin), None).await
    }
}

/// A client with devices, and its grant.
const TV: u64 = 1_021;
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A client that asks for people elsewhere, its grant, and what it asks.
const TILL: u64 = 1_031;
const CIBA_GRANT: &str = "urn:openid:params:grant-type:ciba";

fn elsewhere() -> Value {
    let form = "scope=openid&login_hint=ann";
    json!({"parameters": form, "clientId": TILL.to_string(), "clientSecret": secret(OPAQUE, TILL)})
}

/// Every call of the Authlete dialect once, or twice where it goes different ways.
const CALLS: [&str; 61] = [
    "client_credentials",
    "password",
    "refresh",
    "refresh_attaching",
    "exchange",
    "issue",
    "fail",
    "authorization",
    "push",
    "authorization_pushed",
    "reissue",
    "authorized_clients",
    "authorization_update",
    "authorization_delete",
    "granted_scopes",
    "granted_scopes_delete",
    "device",
    "device_verification",
    "device_complete",
    "device_poll",
    "elsewhere",
    "elsewhere_issue",
    "elsewhere_fail",
    "elsewhere_complete",
    "elsewhere_poll",
    "authorization_issue",
    "authorization_fail",
    "ticket_info",
    "ticket_update",
    "code",
    "userinfo",
    "userinfo_issue",
    "create",
    "create_by_alias",
    "create_chosen",
    "create_single",
    "batch",
    "status",
    "update",
    "update_value",
    "revoke",
    "revoke_refresh",
    "revoke_all",
    "revocation",
    "delete",
    "introspect",
    "standard",
    "configuration",
    "service/configuration",
    "service/jwks/get",
    "auth/token/get/list",
    "client_create",
    "client_update",
    "client_secret",
    "client_secret_refresh",
    "client_lock",
    "scopes_update",
    "client/extension/requestable_scopes/get/1001",
    "client_delete",
    "client/get/1001",
    "client/get/list",
];

/// A bad outcome is a 2xx, too: so the repetition must have the same one as a call without a fault.
#[tokio::test]
async fn whichever_call_fails_the_answer_is_503_and_the_repetition_succeeds() {
    for call in CALLS {
        let good = Service::new().await.perform(call).await;
        let action = good.json_or_null()["action"].clone();
        for after in [false, true] {
            for count in 0.. {
                let service = Service::new().await;
                service.watched.fail_in(count, after);
                let answer = service.perform(call).await;
                if !service.watched.recover() {
                    assert!(count > 0 && answer.status == good.status, "{call} makes no call that can fail");
                    break;
                }
                let body = answer.json();
                assert_eq!(
                    (answer.status, &body["resultCode"]),
                    (StatusCode::SERVICE_UNAVAILABLE, &json!("A001101")),
                    "{call} {count}"
                );
                assert!(answer.headers["retry-after"] == "1" && !body.to_string().contains("s3cret"), "{call} {count}");
                let again = service.perform(call).await;
                let body = again.json_or_null();
                // What is good once only, and did happen: who asked must ask the list.
                let used = match call {
                    "issue" => body["resultCode"] == "A055202",
                    "fail" => body["resultCode"] == "A066202",
                    "device_complete" => body["resultCode"] == "A240301",
                    "elsewhere_issue" => body["resultCode"] == "A181201",
                    "elsewhere_complete" => body["resultCode"] == "A186202",
                    "authorization_pushed" => body["resultCode"] == "A008303",
                    "authorization_issue" => body["resultCode"] == "A041202",
                    "authorization_fail" => body["resultCode"] == "A061202",
                    "code" => body["resultCode"] == "A050305",
                    "create_chosen" => body["resultCode"] == "A110204",
                    "client_delete" => again.status == 404,
                    _ => false,
                };
                let same = (again.status, &body["action"]) == (good.status, &action);
                assert!(same || after && used, "{call} {count} after={after}: {again:?}");
            }
        }
    }
}

/// A part of a batch that fails comes again; whatever had happened by then, each token is made once.
#[tokio::test]
async fn whichever_call_of_the_work_fails_it_is_done_once_in_the_end() {
    for after in [false, true] {
        for count in 0.. {
            let service = Service::new().await;
            let app = &service.app;
            let message = app.queue.drain().pop().unwrap();
            let worker: BatchWorker = app.platform.provide();
            service.watched.fail_in(count, after);
            let first = batch::work(&worker, &message).await;
            if !service.watched.recover() {
                assert!(count > 0 && first.is_ok());
                break;
            }
            assert!(first.is_err_and(|fault| fault.can_retry()), "{count}");
            batch::work(&worker, &message).await.unwrap();
            let status = service.perform("status").await.ok();
            assert_eq!(status["status"]["result"], "SUCCEEDED", "{count} after={after}");
            let tenant = Tenant::new(app, OPAQUE);
            assert!(tenant.is_live(&json!("of a batch")).await);
            assert_eq!(tenant.list("subject=john").await.1, 2);
        }
    }
}

/// Once a revocation is answered 2xx nothing is alive, whatever failed before.
#[tokio::test]
async fn nothing_of_a_client_is_alive_after_a_2xx_revocation() {
    for call in ["revoke", "revoke_refresh", "revoke_all", "revocation", "delete"] {
        for (count, after) in (0..5).flat_map(|count| [(count, false), (count, true)]) {
            let service = Service::new().await;
            service.watched.fail_in(count, after);
            let first = service.perform(call).await;
            service.watched.recover();
            if !first.status.is_success() {
                assert!(service.perform(call).await.status.is_success());
            }
            let tenant = Tenant::new(&service.app, OPAQUE);
            assert!(!tenant.is_live(&service.created["accessToken"]).await, "{call} {count}");
            assert_eq!(
                tenant.refresh(APP, &service.created["refreshToken"], json!({})).await["action"],
                "BAD_REQUEST",
                "{call} {count}"
            );
        }
    }
}

/// What is planned for the calls of a service: two reads where a token is found by its value, one where a client is named.
#[tokio::test]
async fn each_call_makes_as_many_calls_of_the_store_as_planned() {
    for (call, calls) in [
        ("client_credentials", &["read", "record"][..]),
        ("password", &["read", "put_ticket"]),
        ("refresh", &["read", "read", "rotate", "record"]),
        ("refresh_attaching", &["read", "read", "amend", "rotate", "record"]),
        ("issue", &["read", "read", "record"]),
        ("fail", &["read", "spend_ticket"]),
        ("authorization", &["read", "put_authorization"]),
        ("push", &["read", "put_authorization"]),
        ("authorized_clients", &["read", "list", "read", "person_grants", "read"]),
        ("authorization_update", &["read", "list", "read", "read", "amend"]),
        ("authorization_delete", &["read", "read", "mark", "list", "read", "end_person_grant"]),
        ("granted_scopes", &["read", "read"]),
        ("granted_scopes_delete", &["read", "end_person_grant"]),
        ("device", &["read", "assign_user_code", "put_authorization"]),
        ("device_verification", &["read", "read"]),
        ("device_complete", &["read", "read", "update_authorization"]),
        ("device_poll", &["read", "update_authorization"]),
        ("elsewhere", &["read", "put_authorization"]),
        ("elsewhere_issue", &["read", "read", "update_authorization"]),
        ("elsewhere_fail", &["read", "update_authorization"]),
        ("elsewhere_complete", &["read", "read", "update_authorization"]),
        ("elsewhere_poll", &["read", "update_authorization"]),
        ("authorization_pushed", &["read", "update_authorization"]),
        ("authorization_issue", &["read", "read", "update_authorization"]),
        ("authorization_fail", &["read", "update_authorization"]),
        ("ticket_info", &["read"]),
        ("ticket_update", &["read", "update_authorization"]),
        ("code", &["read", "read", "record"]),
        ("userinfo", &["read", "read"]),
        ("userinfo_issue", &["read", "read"]),
        ("create", &["read", "record"]),
        ("create_by_alias", &["read", "read", "read", "record"]),
        ("create_chosen", &["read", "record"]),
        ("create_single", &["read", "record", "mark"]),
        ("batch", &["read", "read", "read", "put_batch"]),
        ("status", &["read", "batch"]),
        ("update", &["read", "read", "amend"]),
        ("revoke", &["read", "read", "revoke"]),
        ("revoke_refresh", &["read", "read", "revoke_family"]),
        ("revoke_all", &["read", "read", "mark", "list", "read"]),
        ("revocation", &["read", "read", "revoke"]),
        ("delete", &["read", "read", "revoke"]),
        ("introspect", &["read", "read"]),
        ("standard", &["read", "read"]),
        ("service/configuration", &["read"]),
        ("service/jwks/get", &["read"]),
        ("auth/token/get/list", &["read", "list", "read"]),
    ] {
        let service = Service::new().await;
        service.perform(call).await;
        assert_eq!(service.watched.calls(), calls, "{call}");
    }
}
