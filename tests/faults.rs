//! The store fails, call by call; and how many calls each operation makes.

use std::sync::Arc;

use serde_json::{Value, json};

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

/// A fault is 503 with a fixed body, never a 2xx, never an "unknown"; and the repetition completes it.
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

/// The answer to a refresh is lost, wherever; the retry gets the successor and the family lives.
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

/// What one operation costs when warm. Signing isn't a call of the store.
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
        ("list", &["read", "list", "api_keys", "read"]),
    ] {
        let setup = setup().await;
        perform(&setup, operation).await;
        assert_eq!(setup.watched.calls(), calls, "{operation}");
    }
}
