//! `auth/token/create/batch` of Authlete's API.

use http::Method;
use serde_json::{Value, json};
use shared::platform::capabilities::{BatchWorker, Provides as _};
use shared::tokens::batch;

use super::tenant::{LOCKED, OPAQUE, SINGLE, Tenant, WEB, creation, text, v2};
use crate::support::{Answer, App, scenario};

async fn send(tenant: &Tenant<'_>, query: &str, items: Value) -> Answer {
    tenant.app.post(&tenant.path(&format!("auth/token/create/batch{query}")), Some(&tenant.app.admin), items).await
}

/// The id of a batch that must be taken.
async fn accepted(tenant: &Tenant<'_>, items: Value) -> String {
    let answer = send(tenant, "", items).await.ok();
    assert_eq!(
        (&answer["resultCode"], &answer["resultMessage"]),
        (&json!("A315001"), &json!("[A315001] The batch was accepted."))
    );
    text(&answer["requestId"]).to_owned()
}

async fn status(tenant: &Tenant<'_>, id: &str) -> Value {
    let answer = tenant.get(&format!("auth/token/create/batch/status/{id}")).await;
    assert_eq!(answer["resultCode"], "A317001");
    answer["status"].clone()
}

/// The first error must be this one, and nothing may come of the batch.
async fn is_refused(tenant: &Tenant<'_>, items: Value, says: &str) {
    let answer = send(tenant, "", items).await;
    let body = answer.json();
    assert_eq!(answer.status, 400, "{body}");
    assert!(text(&body["resultMessage"]).contains(says), "{body}");
    assert!(tenant.app.queue.drain().is_empty());
    assert_eq!(tenant.list("").await.1, 0);
}

fn named(name: &str) -> Value {
    creation(json!({"accessToken": format!("a-{name}"), "refreshToken": format!("r-{name}"), "subject": name}))
}

/// Works on some messages, each of them once.
async fn work(app: &App, messages: &[String]) {
    let worker: BatchWorker = app.platform.provide();
    for message in messages {
        batch::work(&worker, message).await.unwrap();
    }
}

scenario! {
    async fn a_batch_is_made_in_the_background(app) {
        let tenant = Tenant::opaque(app).await;
        let id = accepted(&tenant, json!([named("one"), named("two"), creation(json!({"grantType": "CLIENT_CREDENTIALS"}))])).await;
        let running = json!({"batchKind": "CREATE", "requestId": id, "tokenCount": 3, "createdAt": 1_795_348_800_250_i64, "modifiedAt": 1_795_348_800_250_i64});
        assert_eq!(status(&tenant, &id).await, running, "no result yet");
        assert!(!tenant.is_live(&json!("a-one")).await);
        assert_eq!(tenant.list("").await.1, 0);
        app.clock.advance_ms(5_000);
        // Each message twice: a queue may deliver so.
        app.work().await;
        let mut done = running;
        done["result"] = "SUCCEEDED".into();
        done["modifiedAt"] = json!(1_795_348_805_250_i64);
        assert_eq!(status(&tenant, &id).await, done);
        assert_eq!(tenant.list("").await.1, 3, "and each is there once");
        for name in ["one", "two"] {
            let introspected = tenant.introspect(&json!(format!("a-{name}")), json!({})).await;
            assert_eq!((&introspected["action"], &introspected["subject"], &introspected["grantType"]), (&json!("OK"), &json!(name), &json!("PASSWORD")));
            let refreshed = tenant.refresh(WEB, &json!(format!("r-{name}")), json!({})).await;
            assert_eq!(refreshed["action"], "OK");
        }
    }
}

scenario! {
    async fn a_dry_run_checks_and_keeps_nothing(app) {
        let tenant = Tenant::opaque(app).await;
        for query in ["?dryRun=true", "?dryRun=True"] {
            let answer = send(&tenant, query, json!([named("one")])).await.ok();
            assert_eq!(answer["resultMessage"], "[A315001] The batch would be accepted.");
            let missing = app.get(&tenant.path(&format!("auth/token/create/batch/status/{}", text(&answer["requestId"]))), &app.admin).await;
            assert_eq!(missing.status, 404);
            assert!(app.queue.drain().is_empty());
        }
        let wrong = send(&tenant, "?dryRun=true", json!([named("one"), {"grantType": "PASSWORD"}])).await;
        assert_eq!(wrong.status, 400);
        assert_eq!(send(&tenant, "?dryRun=perhaps", json!([named("one")])).await.status, 400);
        tenant.created(named("one")).await;
    }
}

scenario! {
    async fn what_is_wrong_is_named_with_its_place_and_nothing_is_made(app) {
        let tenant = Tenant::opaque(app).await;
        let good = || named("one");
        for (bad, says) in [
            (creation(json!({"grantType": null})), "[1].grantType"),
            (creation(json!({"grantType": "REFRESH_TOKEN"})), "[1].grantType"),
            (creation(json!({"clientId": 4_711})), "[1].clientId"),
            (creation(json!({"clientId": LOCKED})), "[1].clientId"),
            (creation(json!({"clientId": null, "clientIdentifier": "nobody"})), "[1].clientId"),
            (creation(json!({"subject": null})), "[1].subject"),
            (creation(json!({"scopes": ["unknown"]})), "[1].scopes"),
            (creation(json!({"accessTokenDuration": 86_401})), "[1]"),
            (creation(json!({"accessTokenPersistent": true})), "[1]"),
            (creation(json!({"jwtAtClaims": "[]"})), "[1].jwtAtClaims"),
            (creation(json!({"accessToken": 5})), "[1].accessToken"),
            (json!("x"), "[1]"),
        ] {
            is_refused(&tenant, json!([good(), bad, good()]), says).await;
        }
        is_refused(&tenant, json!([]), "at least one").await;
        is_refused(&tenant, good(), "list").await;
        let form = tenant.send(Method::POST, "auth/token/create/batch", &format!("Bearer {}", app.admin), None).await;
        assert_eq!(form.status, 415);
    }
}

scenario! {
    async fn a_value_that_is_taken_fails_the_batch(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(named("taken")).await;
        for (item, says) in [
            (creation(json!({"accessToken": "a-taken"})), "accessToken"),
            (creation(json!({"refreshToken": "r-taken"})), "refreshToken"),
        ] {
            app.clock.advance_ms(1);
            let fresh = format!("fresh-{says}");
            let id = accepted(&tenant, json!([item, named(&fresh)])).await;
            app.work().await;
            let failed = status(&tenant, &id).await;
            assert_eq!((&failed["result"], &failed["errorCode"]), (&json!("FAILED"), &json!("A315301")));
            assert!(text(&failed["errorDescription"]).starts_with(says), "{failed}");
            assert!(tenant.is_live(&json!(format!("a-{fresh}"))).await, "part of the tokens may be made");
        }
        let twice = accepted(&tenant, json!([named("twice"), creation(json!({"accessToken": "a-twice"}))])).await;
        app.work().await;
        assert_eq!(status(&tenant, &twice).await["result"], "FAILED");
        assert!(tenant.is_live(&json!("a-taken")).await);
    }
}

scenario! {
    async fn a_value_that_the_service_has_made_is_refused_at_once(app) {
        let tenant = Tenant::opaque(app).await;
        let made = tenant.created(json!({})).await;
        for value in [&made["accessToken"], &made["refreshToken"]] {
            for member in ["accessToken", "refreshToken"] {
                let answer = send(&tenant, "", json!([named("fine"), creation(json!({ member: value }))])).await;
                assert_eq!(answer.status, 400);
                assert!(text(&answer.json()["resultMessage"]).contains(member), "{answer:?}");
                assert!(app.queue.drain().is_empty());
            }
        }
    }
}

scenario! {
    /// Parts come in any order; until the last of them is done the batch is running.
    async fn a_large_batch_goes_in_parts(app) {
        let tenant = Tenant::opaque(app).await;
        let items: Vec<_> = (0..600).map(|n| json!({"grantType": "PASSWORD", "clientId": 1_001, "subject": format!("u{n}"), "refreshToken": format!("r{n}")})).collect();
        let id = accepted(&tenant, Value::Array(items)).await;
        let mut messages = app.queue.drain();
        assert!(messages.len() > 1, "{} messages", messages.len());
        messages.reverse();
        let (last, first) = messages.split_last().unwrap();
        work(app, first).await;
        let running = status(&tenant, &id).await;
        assert_eq!((&running["tokenCount"], running.get("result")), (&json!(600), None));
        work(app, std::slice::from_ref(last)).await;
        assert_eq!(status(&tenant, &id).await["result"], "SUCCEEDED");
        assert_eq!(tenant.list("").await.1, 600);
    }
}

scenario! {
    async fn a_batch_is_its_service_s(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let id = accepted(&tenant, json!([named("one")])).await;
        for (at, id) in [(&other, id.as_str()), (&tenant, "x"), (&tenant, &"0".repeat(32))] {
            let answer = app.get(&at.path(&format!("auth/token/create/batch/status/{id}")), &app.admin).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (404, &json!("A001404")), "{id}");
        }
        app.work().await;
        assert_eq!((tenant.list("").await.1, other.list("").await.1), (1, 0));
        let again = v2(app, OPAQUE, "auth/token/create/batch", json!([named("two")])).await.ok();
        assert_eq!(status(&tenant, text(&again["requestId"])).await["tokenCount"], 1);
    }
}

scenario! {
    async fn a_batch_ends_what_a_subject_had_where_it_may_have_one(app) {
        let tenant = Tenant::opaque(app).await;
        let before = tenant.created(json!({"clientId": SINGLE})).await;
        let marys = tenant.created(json!({"clientId": SINGLE, "subject": "mary"})).await;
        app.clock.advance_ms(1);
        accepted(&tenant, json!([creation(json!({"clientId": SINGLE, "accessToken": "next"}))])).await;
        assert!(tenant.is_live(&before["accessToken"]).await);
        app.work().await;
        assert!(!tenant.is_live(&before["accessToken"]).await);
        assert!(tenant.is_live(&marys["accessToken"]).await && tenant.is_live(&json!("next")).await);
    }
}

scenario! {
    async fn nothing_raw_waits_in_the_queue(app) {
        let tenant = Tenant::opaque(app).await;
        accepted(&tenant, json!([creation(json!({"accessToken": "s3cret-access", "refreshToken": "s3cret-refresh"}))])).await;
        let messages = app.queue.drain();
        assert_eq!(messages.len(), 1);
        assert!(!messages[0].contains("s3cret"), "{}", messages[0]);
    }
}
