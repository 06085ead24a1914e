//! `POST /v1/orgs/{org}/revocations` of all that the bearer of a token had made.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::domain::scope::api;

use crate::support::{Answer, App, Mount, Watched, over, scenario, text};

/// A token of an administrator that leaked, with its jti.
async fn leaked(app: &App) -> (String, String) {
    let token = app.token("1", "administrator", &[api::ADMIN]).await;
    let jti = text(&app.introspect(&token).await.ok()["jti"]).to_owned();
    (token, jti)
}

/// Revokes what the bearer of a token had made.
async fn revoke_made(app: &App, org: &str, more: Value) -> Answer {
    app.post(&format!("/v1/orgs/{org}/revocations"), Some(&app.admin), more).await
}

scenario! {
    async fn a_leaked_token_ends_with_all_that_its_bearer_had_made_in_its_org_and_below_and_nothing_else_does(app) {
        let before = app.token("1", "ann", &[]).await;
        let (bearer, jti) = leaked(app).await;
        app.clock.advance_ms(1_000);
        let mut made = Vec::new();
        for (org, sub) in [("1", "ann"), ("11", "ann"), ("111", "ann")] {
            made.push(app.mint_as(&bearer, org, sub, json!({"create_refresh_token": true})).await.created());
        }
        let client = app.post("/v1/orgs/1/clients", Some(&app.admin), json!({"kind": "confidential", "grants": ["client_credentials"]}));
        let client = client.await.created();
        let body = over(json!({"grantType": "CLIENT_CREDENTIALS", "clientId": client["id"]}), json!({}));
        let of_client = app.post("/api/1/auth/token/create", Some(&bearer), body).await.ok();
        let of_another = app.token("11", "ann", &[]).await;
        let done = revoke_made(app, "1", json!({"created_by": jti})).await.ok();
        assert_eq!(done, json!({"revoked_before": "2026-11-22T12:00:01Z"}));
        assert!(!app.is_live(&bearer).await, "it makes no more");
        for made in &made {
            assert!(!app.is_live(text(&made["token"])).await);
            let refresh = json!({"token": made["refresh_token"]});
            app.post("/v1/tokens/refresh", None, refresh).await.is_error(400, "REFRESH_TOKEN_INVALID");
        }
        let question = json!({"token": of_client["accessToken"]});
        assert_ne!(app.post("/api/1/auth/introspection", Some(&app.admin), question).await.ok()["action"], "OK");
        assert!(app.is_live(&before).await && app.is_live(&of_another).await);
        let shown = app.get(&format!("/v1/tokens?created_by={jti}&limit=1"), &app.admin).await.ok();
        let shown = app.get(&format!("/v1/tokens/{}", text(&shown["tokens"][0]["jti"])), &app.admin).await.ok();
        assert_eq!((&shown["revocation"]["by"], &shown["revocation"]["revoked_by"]["org"]), (&json!("token"), &json!("1")));
        assert_eq!(revoke_made(app, "1", json!({"created_by": jti})).await.ok(), done, "a repetition is a success");
    }
}

scenario! {
    async fn a_token_that_is_not_there_or_not_in_the_org_is_404_and_no_typo_widens_the_revocation(app) {
        let (bearer, jti) = leaked(app).await;
        let made = app.mint_as(&bearer, "11", "ann", json!({})).await.created();
        let unknown = format!("{}0000000000000000", &jti[..16]);
        for (org, id) in [("1", &unknown), ("111", &jti)] {
            revoke_made(app, org, json!({"created_by": id})).await.is_error(404, "NOT_FOUND");
        }
        for bad in [
            json!({"created_by": "x"}), json!({"created_by": null}), json!({"created_by": jti, "subject": "ann"}),
            json!({"created_by": jti, "session": "s-1"}), json!({"created_by": jti, "client_id": "1"}),
            json!({"subject": "ann", "after": format!("1.{jti}")}), json!({"after": format!("1.{jti}")}),
            json!({"created_by": jti, "after": "x"}), json!({"created_by": jti, "after": jti}),
            json!({"created_by": jti, "after": format!("404.{jti}")}), json!({"created_by": jti, "after": format!("2.{jti}")}),
        ] {
            revoke_made(app, "1", bad).await.is_error(400, "INVALID_REQUEST");
        }
        let clerk = app.token("1", "ann", &[]).await;
        app.post("/v1/orgs/1/revocations", Some(&clerk), json!({"created_by": jti})).await.is_error(403, "ACCESS_DENIED");
        revoke_made(app, "2", json!({"created_by": jti})).await.is_error(403, "ACCESS_DENIED");
        assert!(app.is_live(&bearer).await && app.is_live(text(&made["token"])).await);
    }
}

scenario! {
    /// Its record goes some time after its end, too, and what it made may last longer.
    async fn what_a_token_made_in_an_org_is_revoked_there_where_the_token_itself_is_not_on_record(app) {
        let (bearer, jti) = leaked(app).await;
        let here = app.mint_as(&bearer, "1", "ann", json!({})).await.created();
        let below = app.mint_as(&bearer, "11", "ann", json!({})).await.created();
        revoke_made(app, "11", json!({"created_by": jti})).await.ok();
        assert!(!app.is_live(text(&below["token"])).await);
        assert!(app.is_live(text(&here["token"])).await && app.is_live(&bearer).await);
    }
}

/// A page of the listing has one token and takes two seconds.
async fn crowded() -> (App, Arc<Watched>) {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    watched.shorten_pages(1);
    (app, watched)
}

#[tokio::test]
async fn a_revocation_that_takes_too_long_says_where_to_go_on_and_comes_to_an_end() {
    let (app, watched) = crowded().await;
    let (bearer, jti) = leaked(&app).await;
    let mut made = Vec::new();
    for org in ["1", "1", "1", "1", "1", "11", "11", "111"] {
        app.clock.advance_ms(1);
        made.push(app.mint_as(&bearer, org, "ann", json!({})).await.created()["token"].clone());
    }
    watched.slow_down(app.clock.clone(), 2_000);
    let mut body = json!({"created_by": jti});
    let mut lives = Vec::new();
    loop {
        let done = revoke_made(&app, "1", body.clone()).await.ok();
        assert!(!app.is_live(&bearer).await, "it is the first to end");
        let mut live = 0;
        for token in &made {
            live += usize::from(app.is_live(text(token)).await);
        }
        lives.push(live);
        assert!(lives.len() < 9, "{lives:?}");
        match done.get("next") {
            Some(next) => body["after"] = next.clone(),
            None => break,
        }
    }
    assert_eq!((lives[0], lives.last()), (5, Some(&0)), "three pages a call");
    assert!(lives.is_sorted_by(|before, now| before > now || *now == 0), "each call gets on: {lives:?}");
}
