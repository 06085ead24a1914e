//! The store fails, call by call; and how many calls each operation makes.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::batch;
use shared::ports::{BatchWorker, Provides as _};

use crate::authlete::tenant::{APP, OPAQUE, SINGLE, Tenant, WEB, creation, text, token_request};
use crate::support::{Answer, App, Mount, Watched};

struct Setup {
    app: App,
    watched: Arc<Watched>,
    token: Value,
    refresh_token: Value,
}

async fn setup() -> Setup {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| {
        let store = Arc::new(Watched::new(store));
        watched = Some(store.clone());
        store
    })
    .await;
    let minted =
        app.mint("1", "ann", json!({"create_refresh_token": true, "session": "s-1", "scopes": ["urn:app:read"]})).await.created();
    let watched = watched.unwrap();
    watched.calls();
    Setup { app, watched, token: minted["token"].clone(), refresh_token: minted["refresh_token"].clone() }
}

/// Every operation once, by name.
const OPERATIONS: [&str; 15] = [
    "create",
    "list",
    "introspect",
    "introspect_self",
    "sub_orgs",
    "reissue",
    "refresh",
    "revoke",
    "revoke_session",
    "bulk_revoke",
    "validate",
    "put_org",
    "put_member",
    "list_members",
    "delete_member",
];

async fn perform(setup: &Setup, operation: &str) -> Answer {
    let Setup { app, token, refresh_token, .. } = setup;
    let admin = &app.admin;
    match operation {
        "create" => app.mint("1", "ann", json!({"create_refresh_token": true})).await,
        "list" => app.get("/v1/tokens", admin).await,
        "introspect" => app.introspect(token.as_str().unwrap()).await,
        "introspect_self" => app.get("/v1/tokens/introspect_self", admin).await,
        "sub_orgs" => app.post("/v1/tokens/introspect_all_sub_orgs", None, json!({"token": token})).await,
        "reissue" => app.post("/v1/tokens/reissue", None, json!({"token": token, "org_id": "11"})).await,
        "refresh" => app.post("/v1/tokens/refresh", None, json!({"token": refresh_token})).await,
        "revoke" => app.post("/v1/tokens/revoke", None, json!({"token": token})).await,
        "revoke_session" => app.post("/v1/tokens/revoke", None, json!({"token": token, "all_sessions": true})).await,
        "bulk_revoke" => app.post("/v1/tokens/bulk_revoke", Some(admin), json!({"user_id": "ann"})).await,
        "validate" => app.post("/v1/tokens/validations", None, crate::support::ask("1", "ann", json!({}))).await,
        "put_org" => app.put("/v1/orgs/12", admin, json!({"parent": "1"})).await,
        "put_member" => app.put("/v1/orgs/1/members/new", admin, json!({})).await,
        "list_members" => app.get("/v1/orgs/1/members", admin).await,
        "delete_member" => app.delete("/v1/orgs/1/members/ann", admin).await,
        other => unreachable!("{other}"),
    }
}

/// P2, I1, I5: a fault is 503 with a fixed body, never a 2xx, never an "unknown"; and the repetition completes it.
#[tokio::test]
async fn whichever_call_fails_the_answer_is_503_and_the_repetition_succeeds() {
    for operation in OPERATIONS {
        for after in [false, true] {
            for count in 0.. {
                let setup = setup().await;
                setup.watched.fail_in(count, after);
                let answer = perform(&setup, operation).await;
                if !setup.watched.recover() {
                    assert!(count > 0 && answer.status.is_success(), "{operation} makes no call that can fail");
                    break;
                }
                answer.is_error(503, "UNAVAILABLE");
                assert_eq!(answer.headers["retry-after"], "1", "{operation} {count}");
                assert!(!String::from_utf8_lossy(&answer.body).contains("s3cret"), "{operation} {count}");
                let again = perform(&setup, operation).await;
                // A deletion that did happen finds nothing the second time.
                let gone = operation == "delete_member" && after && again.status == 404;
                assert!(again.status.is_success() || gone, "{operation} {count} after={after}: {again:?}");
            }
        }
    }
}

/// A revocation that was answered 503 may have happened; one that was answered 2xx has.
#[tokio::test]
async fn nothing_is_alive_after_a_2xx_revocation_whatever_failed_before() {
    for operation in ["revoke", "revoke_session", "bulk_revoke", "delete_member"] {
        for count in 0..6 {
            let setup = setup().await;
            setup.watched.fail_in(count, false);
            let first = perform(&setup, operation).await;
            setup.watched.recover();
            if !first.status.is_success() {
                perform(&setup, operation).await;
            }
            assert!(!setup.app.is_live(setup.token.as_str().unwrap()).await, "{operation} {count}");
            setup
                .app
                .post("/v1/tokens/refresh", None, json!({"token": setup.refresh_token}))
                .await
                .is_error(400, "REFRESH_TOKEN_INVALID");
        }
    }
}

/// F20, F32: the answer to a refresh is lost, wherever; the retry gets the successor and the family lives.
#[tokio::test]
async fn a_lost_answer_to_a_refresh_logs_nobody_out() {
    for count in 0..6 {
        let setup = setup().await;
        setup.watched.fail_in(count, true);
        perform(&setup, "refresh").await;
        setup.watched.recover();
        let retried = perform(&setup, "refresh").await.created();
        let next = setup.app.post("/v1/tokens/refresh", None, json!({"token": retried["refresh_token"]})).await.created();
        assert!(setup.app.is_live(next["token"].as_str().unwrap()).await, "{count}");
    }
}

/// A token is handed over only when its record is committed.
#[tokio::test]
async fn a_mint_whose_record_fails_hands_over_nothing() {
    let setup = setup().await;
    setup.watched.fail_in(1, false);
    let answer = perform(&setup, "create").await;
    assert!(setup.watched.recover());
    answer.is_error(503, "UNAVAILABLE");
    assert!(answer.json().get("token").is_none());
}

/// A panic is answered like any fault, whichever way the request came, and leaves the process usable.
#[tokio::test]
async fn a_panic_is_a_500_in_the_dialect_and_the_next_request_works() {
    for mount in [Mount::InProcess, Mount::HttpApi, Mount::RestApi, Mount::FunctionUrl, Mount::Alb, Mount::Http] {
        let mut watched = None;
        let app = App::with_store(mount, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
        for path in ["/v1/tokens/introspect_self", "/v1/orgs/1"] {
            watched.as_ref().unwrap().panic_next();
            let answer = app.get(path, &app.admin).await;
            answer.is_error(500, "INTERNAL_ERROR");
            assert!(!String::from_utf8_lossy(&answer.body).contains("s3cret"), "{mount:?}");
            app.get(path, &app.admin).await.ok();
        }
    }
}

/// Design section 5: what one operation costs when warm. Signing isn't a call of the store.
#[tokio::test]
async fn each_operation_makes_as_many_calls_as_planned() {
    for (operation, calls) in [
        ("create", &["read", "record"][..]),
        ("introspect", &["read"]),
        ("introspect_self", &["read"]),
        ("validate", &["read"]),
        ("reissue", &["read", "read", "record"]),
        ("revoke", &["read", "revoke"]),
        ("revoke_session", &["read", "revoke", "mark"]),
        // Whose family it is stands in the family, so there are two reads before the one write that decides.
        ("refresh", &["read", "read", "rotate", "record"]),
        ("list", &["read", "list", "read"]),
    ] {
        let setup = setup().await;
        perform(&setup, operation).await;
        assert_eq!(setup.watched.calls(), calls, "{operation}");
    }
}

/// A service of the Authlete dialect, with what its calls are about.
struct Service {
    setup: Setup,
    /// Of a public client, whose refresh token is replaced.
    created: Value,
    ticket: String,
    batch: String,
}

impl Service {
    async fn new() -> Self {
        let setup = setup().await;
        let tenant = Tenant::opaque(&setup.app).await;
        let created = tenant.created(json!({"clientId": APP})).await;
        let ticket = tenant.ticket(json!({})).await;
        let path = tenant.path("auth/token/create/batch");
        let batch =
            setup.app.post(&path, Some(&setup.app.admin), json!([creation(json!({"accessToken": "of a batch"}))])).await.ok();
        let batch = text(&batch["requestId"]).to_owned();
        setup.watched.calls();
        Self { setup, created, ticket, batch }
    }

    async fn perform(&self, operation: &str) -> Answer {
        let Self { created, ticket, .. } = self;
        let (access, refresh) = (text(&created["accessToken"]), text(&created["refreshToken"]));
        let token =
            |client: u64, parameters: &str| ("auth/token".to_owned(), token_request(OPAQUE, client, parameters, json!({})));
        let exchange =
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type";
        let (path, body) = match operation {
            "client_credentials" => token(WEB, "grant_type=client_credentials"),
            "password" => token(WEB, "grant_type=password&username=john&password=x"),
            "refresh" => token(APP, &format!("grant_type=refresh_token&refresh_token={refresh}")),
            "exchange" => token(WEB, &format!("{exchange}:refresh_token&subject_token={refresh}")),
            "issue" => ("auth/token/issue".into(), json!({"ticket": ticket, "subject": "john"})),
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
            "client_secret" => {
                ("client/secret/update/1001".into(), json!({"clientSecret": "a secret-of_my-own-choice".replace(' ', "-")}))
            }
            "client_lock" => ("client/lock_flag/update/1001".into(), json!({"clientLocked": true})),
            "delete" => return self.send(Method::DELETE, &format!("auth/token/delete/{access}")).await,
            "client_delete" => return self.send(Method::DELETE, "client/delete/1001").await,
            "status" => return self.send(Method::GET, &format!("auth/token/create/batch/status/{}", self.batch)).await,
            "client_secret_refresh" => return self.send(Method::GET, "client/secret/refresh/1001").await,
            other => return self.send(Method::GET, other).await,
        };
        let app = &self.setup.app;
        app.post(&format!("/api/{OPAQUE}/{path}"), Some(&app.admin), body).await
    }

    async fn send(&self, method: Method, path: &str) -> Answer {
        let app = &self.setup.app;
        Tenant::of(app, OPAQUE).send(method, path, &format!("Bearer {}", app.admin), None).await
    }
}

/// Every call of the Authlete dialect once, or twice where it goes different ways.
const CALLS: [&str; 33] = [
    "client_credentials",
    "password",
    "refresh",
    "exchange",
    "issue",
    "fail",
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
    "client_delete",
    "client/get/1001",
    "client/get/list",
];

/// The same in the other dialect, where a bad outcome is a 2xx, too: so it must be the same one as without a fault.
#[tokio::test]
async fn whichever_call_fails_for_a_service_the_answer_is_503_and_the_repetition_succeeds() {
    for call in CALLS {
        let good = Service::new().await.perform(call).await;
        let action = good.json_or_null()["action"].clone();
        for after in [false, true] {
            for count in 0.. {
                let service = Service::new().await;
                service.setup.watched.fail_in(count, after);
                let answer = service.perform(call).await;
                if !service.setup.watched.recover() {
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
            let app = &service.setup.app;
            let message = app.queue.take().pop().unwrap();
            let worker: BatchWorker = app.platform.provide();
            service.setup.watched.fail_in(count, after);
            let first = batch::work(&worker, &message).await;
            if !service.setup.watched.recover() {
                assert!(count > 0 && first.is_ok());
                break;
            }
            assert!(first.is_err_and(|fault| fault.can_retry()), "{count}");
            batch::work(&worker, &message).await.unwrap();
            let status = service.perform("status").await.ok();
            assert_eq!(status["status"]["result"], "SUCCEEDED", "{count} after={after}");
            let tenant = Tenant::of(app, OPAQUE);
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
            service.setup.watched.fail_in(count, after);
            let first = service.perform(call).await;
            service.setup.watched.recover();
            if !first.status.is_success() {
                assert!(service.perform(call).await.status.is_success());
            }
            let tenant = Tenant::of(&service.setup.app, OPAQUE);
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
async fn each_call_of_a_service_makes_as_many_calls_as_planned() {
    for (call, calls) in [
        ("client_credentials", &["read", "record"][..]),
        ("password", &["read", "put_ticket"]),
        ("refresh", &["read", "read", "rotate", "record"]),
        ("issue", &["read", "read", "record"]),
        ("fail", &["read", "spend_ticket"]),
        ("create", &["read", "record"]),
        ("create_by_alias", &["read", "read", "record"]),
        ("create_chosen", &["read", "record"]),
        ("create_single", &["read", "record", "mark"]),
        ("batch", &["read", "read", "put_batch"]),
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
        assert_eq!(service.setup.watched.calls(), calls, "{call}");
    }
}
