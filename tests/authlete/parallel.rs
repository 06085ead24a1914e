//! Many at the same time: what decides is one write, in either store.

use std::sync::Arc;

use serde_json::{Value, json};

use super::tenant::{APP, OPAQUE, Tenant, WEB, is_action};
use crate::support::{App, race};

/// What `count` calls of the service 100 at the same time have answered.
async fn at_once<F: Future<Output = Value> + Send + 'static>(
    app: &Arc<App>,
    count: usize,
    call: impl Fn(Arc<App>, usize) -> F,
) -> Vec<Value> {
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(call(app.clone(), n))).collect();
    futures::future::try_join_all(tasks).await.unwrap()
}

/// How many of the answers have this action.
fn count(answers: &[Value], action: &str) -> usize {
    answers.iter().filter(|answer| answer["action"] == action).count()
}

race! {
    async fn of_sixty_four_issues_on_one_ticket_one_succeeds(app) {
        let tenant = Tenant::opaque(app).await;
        for round in 1..=3 {
            let ticket = tenant.ticket(json!({})).await;
            let answers = at_once(app, 64, |app, _| {
                let body = json!({"ticket": ticket, "subject": "john"});
                async move { Tenant::new(&app, OPAQUE).post("auth/token/issue", body).await }
            }).await;
            assert_eq!((count(&answers, "OK"), count(&answers, "INTERNAL_SERVER_ERROR")), (1, 63));
            assert!(answers.iter().all(|answer| answer["action"] == "OK" || answer["resultCode"] == "A055202"));
            assert_eq!(tenant.list("").await.1, round, "and one token is made");
        }
    }
}

race! {
    async fn issue_and_fail_do_not_both_get_the_ticket(app) {
        let tenant = Tenant::opaque(app).await;
        for _ in 0..10 {
            let ticket = tenant.ticket(json!({})).await;
            let before = tenant.list("").await.1;
            let answers = at_once(app, 2, |app, n| {
                let body = json!({"ticket": ticket, "subject": "john", "reason": "INVALID_TARGET"});
                let path = ["auth/token/issue", "auth/token/fail"][n];
                async move { Tenant::new(&app, OPAQUE).post(path, body).await }
            }).await;
            let (issued, failed) = (answers[0]["action"] == "OK", answers[1]["action"] == "BAD_REQUEST");
            assert!(issued != failed, "{answers:?}");
            assert_eq!(tenant.list("").await.1, before + u64::from(issued));
        }
    }
}

race! {
    async fn refreshes_with_one_token_make_one_generation(app) {
        let tenant = Tenant::opaque(app).await;
        let mut token = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        for round in 1..=3 {
            let answers = at_once(app, 32, |app, _| {
                let token = token.clone();
                async move { Tenant::new(&app, OPAQUE).refresh(APP, &token, json!({})).await }
            }).await;
            assert_eq!(count(&answers, "OK"), 32, "{answers:?}");
            assert!(answers.iter().all(|answer| answer["refreshToken"] == answers[0]["refreshToken"]));
            let mut live = 0;
            for answer in &answers {
                live += usize::from(tenant.is_live(&answer["accessToken"]).await);
            }
            assert_eq!(live, 1, "of all access tokens the newest");
            token = answers[0]["refreshToken"].clone();
            assert!(token.as_str().unwrap().contains(&format!(".{round}.")), "generation {round}");
            assert_eq!(tenant.list("").await.1, 1);
        }
    }
}

race! {
    /// What the authorization server attaches goes into the family first, which is another write.
    async fn refreshes_that_attach_the_same_all_succeed_as_well(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        let answers = at_once(app, 32, |app, _| {
            let token = token.clone();
            async move { Tenant::new(&app, OPAQUE).refresh(APP, &token, json!({"properties": [{"key": "k", "value": "v"}]})).await }
        }).await;
        assert_eq!(count(&answers, "OK"), 32, "{answers:?}");
        assert!(answers.iter().all(|answer| answer["refreshToken"] == answers[0]["refreshToken"]));
        let next = tenant.refresh(APP, &answers[0]["refreshToken"], json!({})).await;
        assert_eq!(next["properties"], json!([{"key": "k", "value": "v", "hidden": false}]));
    }
}

race! {
    async fn a_value_is_given_to_one_token_only(app) {
        let tenant = Tenant::opaque(app).await;
        for member in ["accessToken", "refreshToken"] {
            let answers = at_once(app, 16, |app, n| {
                let more = json!({member: "chosen", "subject": format!("u{n}")});
                async move { Tenant::new(&app, OPAQUE).create(more).await }
            }).await;
            assert_eq!((count(&answers, "OK"), count(&answers, "BAD_REQUEST")), (1, 15), "{member}");
            tenant.post("auth/token/revoke", json!({"clientIdentifier": "1001"})).await;
            app.clock.advance_ms(2_000);
            // The value of one that is over is not free again: so another name for the other kind.
            if member == "accessToken" {
                is_action(&tenant.create(json!({"accessToken": "chosen"})).await, "BAD_REQUEST", "A110204");
                break;
            }
        }
        let answers = at_once(app, 16, |app, n| {
            let more = json!({"refreshToken": "chosen too", "subject": format!("u{n}")});
            async move { Tenant::new(&app, OPAQUE).create(more).await }
        }).await;
        assert_eq!((count(&answers, "OK"), count(&answers, "BAD_REQUEST")), (1, 15));
        assert_eq!(tenant.list("").await.1, 1);
    }
}

race! {
    /// Whoever comes first: once a revocation is answered nothing is alive.
    async fn a_refresh_that_races_with_a_revocation_leaves_nothing_alive(app) {
        let tenant = Tenant::opaque(app).await;
        for round in 0..12 {
            let created = tenant.created(json!({"clientId": APP})).await;
            let answers = at_once(app, 2, |app, n| {
                let created = created.clone();
                async move {
                    let tenant = Tenant::new(&app, OPAQUE);
                    let revocation = match round % 3 {
                        0 => json!({"accessTokenIdentifier": created["accessToken"]}),
                        1 => json!({"refreshTokenIdentifier": created["refreshToken"]}),
                        _ => json!({"clientIdentifier": "1002", "subject": "john"}),
                    };
                    if n == 0 { tenant.refresh(APP, &created["refreshToken"], json!({})).await } else { tenant.post("auth/token/revoke", revocation).await }
                }
            }).await;
            // A value that the refresh had replaced by then was unknown to the revocation, which says so.
            if answers[1]["count"] == 0 {
                tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": answers[0]["accessToken"]})).await;
            }
            for token in [&created, &answers[0]] {
                if token.get("accessToken").is_some() {
                    assert!(!tenant.is_live(&token["accessToken"]).await, "round {round}: {answers:?}");
                    is_action(&tenant.refresh(APP, &token["refreshToken"], json!({})).await, "BAD_REQUEST", "A053301");
                }
            }
            app.clock.advance_ms(2_000);
        }
    }
}

race! {
    async fn updates_at_once_leave_one_value_that_lives(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        let answers = at_once(app, 16, |app, _| {
            let body = json!({"tokenId": created["tokenId"], "accessTokenValueUpdated": true});
            async move { app.post("/api/100/auth/token/update", Some(&app.admin), body).await.json() }
        }).await;
        let mut live = 0;
        for answer in answers.iter().filter(|answer| answer["action"] == "OK") {
            live += usize::from(tenant.is_live(&answer["accessToken"]).await);
        }
        assert_eq!((live, tenant.is_live(&created["accessToken"]).await), (1, false));
        assert!(count(&answers, "OK") >= 1);
        assert!(tenant.refresh(WEB, &created["refreshToken"], json!({})).await["action"] == "OK");
    }
}
