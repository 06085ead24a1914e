//! How many tokens a client is given: `limits`.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use super::tenant::{ASSERTION_TYPE, By, CLIENT_CREDENTIALS, KEYED, NOW, REFRESH_TOKEN, ROBOT, Tenant, WEB, is_denied, text};
use crate::support::{Answer, App, Mount, Watched, race, scenario};

/// Gives a client these limits.
async fn limit(tenant: &Tenant<'_>, client: u64, limits: Value) -> Answer {
    let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(client));
    tenant.app.patch(&path, &tenant.app.admin, json!({ "limits": limits })).await
}

async fn own(tenant: &Tenant<'_>, client: u64) -> Answer {
    tenant.token(By::Client(client), &[("grant_type", CLIENT_CREDENTIALS)]).await
}

/// A limit is reached, which lasts so many seconds.
#[track_caller]
fn is_over(answer: &Answer, limit: &str, seconds: &str) {
    let description = format!("The client's limit of {limit} is reached.");
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.json(), json!({"error": "temporarily_unavailable", "error_description": description}));
    assert_eq!(answer.headers["retry-after"], seconds);
    assert_eq!(answer.headers["cache-control"], "no-store");
}

scenario! {
    async fn a_client_gets_as_many_tokens_as_its_limits_allow_in_a_minute_and_a_day(app) {
        let tenant = Tenant::opaque(app).await;
        let shown = limit(&tenant, WEB, json!({"per_minute": 3, "per_day": 5})).await.ok();
        assert_eq!(shown["limits"], json!({"per_minute": 3, "per_day": 5}));
        // The scenario begins with the minute.
        app.clock.advance_ms(18_500);
        for _ in 0..3 {
            own(&tenant, WEB).await.ok();
        }
        for _ in 0..3 {
            is_over(&own(&tenant, WEB).await, "3 tokens a minute", "42");
        }
        own(&tenant, ROBOT).await.ok();
        app.clock.advance_ms(41_000);
        is_over(&own(&tenant, WEB).await, "3 tokens a minute", "1");
        app.clock.advance_ms(1_000);
        for _ in 0..2 {
            own(&tenant, WEB).await.ok();
        }
        // Begun at noon, a minute ago.
        is_over(&own(&tenant, WEB).await, "5 tokens a day", "43140");
        app.clock.advance_ms(43_140_000);
        own(&tenant, WEB).await.ok();
        limit(&tenant, WEB, Value::Null).await.ok();
        for _ in 0..9 {
            own(&tenant, WEB).await.ok();
        }
    }
}

scenario! {
    async fn every_grant_counts_and_what_is_no_token_does_not(app) {
        let tenant = Tenant::opaque(app).await;
        let first = tenant.for_member(WEB, &[]).await;
        limit(&tenant, WEB, json!({"per_minute": 2})).await.ok();
        let refresh = text(&first["refresh_token"]);
        let refresh = [("grant_type", REFRESH_TOKEN), ("refresh_token", &*refresh)];
        tenant.token(By::Client(WEB), &refresh).await.ok();
        own(&tenant, WEB).await.ok();
        is_over(&tenant.token(By::Client(WEB), &refresh).await, "2 tokens a minute", "60");
        // A client that has used up its tokens may still ask about them, and give them back.
        let token = text(&first["access_token"]);
        for path in ["/oauth2/introspect", "/oauth2/revoke"] {
            assert_eq!(tenant.send(path, By::Client(WEB), &[("token", &token)], &[]).await.status, 200, "{path}");
        }
        let stranger = [("grant_type", CLIENT_CREDENTIALS), ("client_id", &*tenant.id(WEB).to_string()), ("client_secret", "x")];
        is_denied(&tenant.token(By::Nothing, &stranger).await, "invalid_client");
    }
}

scenario! {
    async fn a_refused_request_costs_nothing_of_the_limit(app) {
        let tenant = Tenant::opaque(app).await;
        limit(&tenant, WEB, json!({"per_minute": 1, "per_day": 2})).await.ok();
        let form = [("grant_type", CLIENT_CREDENTIALS), ("scope", "nope")];
        for _ in 0..3 {
            is_denied(&tenant.token(By::Client(WEB), &form).await, "invalid_scope");
            is_denied(&tenant.token(By::Client(WEB), &[("grant_type", "password")]).await, "unsupported_grant_type");
        }
        own(&tenant, WEB).await.ok();
        is_over(&own(&tenant, WEB).await, "1 token a minute", "60");
        app.clock.advance_ms(60_000);
        own(&tenant, WEB).await.ok();
    }
}

scenario! {
    async fn a_request_above_the_limit_uses_up_no_assertion(app) {
        let tenant = Tenant::opaque(app).await;
        limit(&tenant, KEYED, json!({"per_minute": 1})).await.ok();
        own(&tenant, KEYED).await.ok();
        let assertion = tenant.client_assertion(json!({"exp": NOW + 200}));
        let form = [("grant_type", CLIENT_CREDENTIALS), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &*assertion)];
        is_over(&tenant.token(By::Nothing, &form).await, "1 token a minute", "60");
        app.clock.advance_ms(60_000);
        tenant.token(By::Nothing, &form).await.ok();
        app.clock.advance_ms(60_000);
        is_denied(&tenant.token(By::Nothing, &form).await, "invalid_client");
    }
}

scenario! {
    async fn another_limit_counts_from_the_next_token_on(app) {
        let tenant = Tenant::opaque(app).await;
        limit(&tenant, WEB, json!({"per_minute": 1})).await.ok();
        own(&tenant, WEB).await.ok();
        is_over(&own(&tenant, WEB).await, "1 token a minute", "60");
        limit(&tenant, WEB, json!({"per_minute": 2})).await.ok();
        own(&tenant, WEB).await.ok();
        is_over(&own(&tenant, WEB).await, "2 tokens a minute", "60");
        let kept = limit(&tenant, WEB, json!({"per_day": 2})).await.ok();
        assert_eq!(kept["limits"], json!({"per_minute": 2, "per_day": 2}), "a patch says what changes");
        limit(&tenant, WEB, json!({"per_minute": null})).await.ok();
        for _ in 0..2 {
            own(&tenant, WEB).await.ok();
        }
        is_over(&own(&tenant, WEB).await, "2 tokens a day", "43200");
    }
}

scenario! {
    async fn limits_that_are_none_are_refused_with_field_range_and_unit(app) {
        let tenant = Tenant::opaque(app).await;
        for (limits, field, rule) in [
            (json!({}), "limits", "must have per_minute, per_day or both"),
            (json!({"per_minute": null}), "limits", "must have per_minute, per_day or both"),
            (json!({"per_minute": 0}), "limits.per_minute", "must be an integer from 1 to 100,000 (a minute)"),
            (json!({"per_minute": 100_001}), "limits.per_minute", "must be an integer from 1 to 100,000 (a minute)"),
            (json!({"per_day": 10_000_001}), "limits.per_day", "must be an integer from 1 to 10,000,000 (a day)"),
            (json!({"per_day": -1}), "limits.per_day", "must be an integer from 1 to 10,000,000 (a day)"),
            (json!({"per_day": 1.5}), "limits.per_day", "must be an integer from 1 to 10,000,000 (a day)"),
            (json!({"per_day": "5"}), "limits.per_day", "must be an integer from 1 to 10,000,000 (a day)"),
            (json!({"per_hour": 5}), "limits.per_hour", "is not a known"),
            (json!([5, 5]), "limits", "must be an object"),
            (json!(5), "limits", "must be an object"),
        ] {
            let answer = limit(&tenant, WEB, limits.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (400, &json!(field)), "{limits}: {answer:?}");
            assert!(text(&answer.json()["detail"]).contains(rule), "{limits}: {answer:?}");
        }
        let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(WEB));
        assert!(app.get(&path, &app.admin).await.ok().get("limits").is_none(), "nothing was stored");
        // What a PUT leaves out is none.
        limit(&tenant, WEB, json!({"per_day": 10_000_000, "per_minute": 100_000})).await.ok();
        let whole = app.put(&path, &app.admin, json!({"kind": "confidential"})).await.ok();
        assert!(whole.get("limits").is_none(), "{whole}");
    }
}

scenario! {
    async fn a_seed_file_sets_limits_and_authletes_api_keeps_them(app) {
        Tenant::opaque(app).await;
        let seed = json!({"clients": [{"org": "500", "id": 5_099, "kind": "confidential", "limits": {"per_minute": 7}}]});
        app.seed(&seed).await.unwrap();
        let path = "/v1/orgs/500/clients/5099";
        assert_eq!(app.get(path, &app.admin).await.ok()["limits"], json!({"per_minute": 7}));
        let body = json!({"clientName": "Shop", "clientType": "CONFIDENTIAL"});
        app.post("/api/500/client/update/5099", Some(&app.admin), body).await.ok();
        let kept = app.get(path, &app.admin).await.ok();
        assert_eq!((&kept["name"], &kept["limits"]), (&json!("Shop"), &json!({"per_minute": 7})));
    }
}

race! {
    async fn of_many_requests_at_once_no_more_get_a_token_than_the_limit_allows(app) {
        const AT_ONCE: usize = 64;
        let tenant = Tenant::opaque(app).await;
        for (per_minute, granted) in [(1, 1), (20, 20), (40, 40), (59, 59), (1_000, 64)] {
            limit(&tenant, WEB, json!({ "per_minute": per_minute })).await.ok();
            let tasks = (0..AT_ONCE).map(|_| {
                let app = Arc::clone(app);
                tokio::spawn(async move { own(&Tenant::new(&app, "500"), WEB).await })
            });
            let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
            let of_status = |status: u16| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
            assert_eq!((of_status(200), of_status(429)), (granted, AT_ONCE - granted), "{per_minute}: {answers:?}");
            app.clock.advance_ms(60_000);
        }
    }
}

#[tokio::test]
async fn a_lease_is_one_write_and_a_store_that_fails_lets_nobody_pass() {
    const COUNT: &str = "count_many";
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    let tenant = Tenant::opaque(&app).await;
    limit(&tenant, WEB, json!({"per_minute": 60})).await.ok();
    watched.calls();
    let mut leases = Vec::new();
    for _ in 0..61 {
        let answer = own(&tenant, WEB).await;
        leases.push((answer.status.as_u16(), watched.calls().iter().filter(|call| **call == COUNT).count()));
    }
    let (refused, given) = leases.split_last().unwrap();
    assert!(given.iter().enumerate().all(|(n, lease)| *lease == (200, usize::from(n % 3 == 0))), "{leases:?}");
    assert_eq!(*refused, (429, 1), "the store says that there are no more");
    assert_eq!(own(&tenant, WEB).await.status, 429);
    assert!(!watched.calls().contains(&COUNT), "that is remembered");
    app.clock.advance_ms(60_000);
    own(&tenant, WEB).await.ok();
    let before = watched.calls();
    let at_lease = before.iter().position(|call| *call == COUNT).unwrap();
    app.clock.advance_ms(60_000);
    watched.fail_in(at_lease, false);
    let answer = own(&tenant, WEB).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("temporarily_unavailable")));
    assert!(answer.headers.contains_key("retry-after"));
    own(&tenant, WEB).await.ok();
}
