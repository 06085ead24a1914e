//! `GET` and `DELETE /v1/tokens/{jti}`.

use serde_json::{Value, json};
use shared::domain::scope::api;

use crate::support::{App, scenario};

/// A token of ann with its path: in this org, with all of this.
async fn minted(app: &App, org: &str, more: Value) -> (String, String) {
    let token = app.mint(org, "ann", more).await.created()["token"].as_str().unwrap().to_owned();
    let jti = app.introspect(&token).await.ok()["jti"].as_str().unwrap().to_owned();
    (token, format!("/v1/tokens/{jti}"))
}

scenario! {
    async fn a_token_is_shown_as_its_row_of_the_list(app) {
        for org in ["1", "11"] {
            // Ids of one millisecond have no order.
            app.clock.advance_ms(1);
            let (_, path) = minted(app, org, json!({"session": "s-1", "scopes": ["urn:app:read"]})).await;
            let shown = app.get(&path, &app.admin).await.ok();
            assert_eq!(shown, app.get(&format!("/v1/tokens?org={org}&limit=1"), &app.admin).await.ok()["tokens"][0]);
            assert_eq!(shown, app.get(&format!("{path}?org={org}"), &app.admin).await.ok());
            assert_eq!((&shown["revoked"], shown.get("revocation")), (&json!(false), None));
        }
    }
}

scenario! {
    async fn a_deleted_token_is_dead_at_once_with_its_refresh_token_and_others_live(app) {
        for org in ["1", "11"] {
            let (other, _) = minted(app, org, json!({})).await;
            let with_refresh = app.mint(org, "ann", json!({"create_refresh_token": true})).await.created();
            let token = with_refresh["token"].as_str().unwrap();
            let jti = app.introspect(token).await.ok()["jti"].as_str().unwrap().to_owned();
            let path = format!("/v1/tokens/{jti}");
            app.clock.advance_ms(1_000);
            app.delete(&path, &app.admin).await.is_empty();
            assert!(!app.is_live(token).await && app.is_live(&other).await);
            app.post("/v1/tokens/refresh", None, json!({"token": with_refresh["refresh_token"]})).await.is_error(400, "REFRESH_TOKEN_INVALID");
            let shown = app.get(&path, &app.admin).await.ok();
            assert_eq!(shown["revoked"], true);
            assert_eq!(shown["revocation"], json!({"by": "token", "at": shown["updated"]}));
            app.delete(&path, &app.admin).await.is_empty();
        }
    }
}

scenario! {
    async fn what_has_revoked_a_token_is_said(app) {
        let (_, member) = minted(app, "1", json!({})).await;
        app.clock.advance_ms(1_001);
        let (_, session) = minted(app, "1", json!({"session": "s-1"})).await;
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann", "session_id": "s-1"})).await.ok();
        assert_eq!(app.get(&session, &app.admin).await.ok()["revocation"]["by"], "session");
        assert_eq!(app.get(&member, &app.admin).await.ok()["revoked"], false);
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
        let shown = app.get(&member, &app.admin).await.ok();
        assert_eq!((&shown["revocation"]["by"], shown["revocation"]["at"].is_string()), (&json!("member"), true));
    }
}

scenario! {
    async fn whoever_may_not_see_a_token_is_told_that_there_is_none(app) {
        let (token, path) = minted(app, "1", json!({})).await;
        let (below, path_below) = minted(app, "11", json!({})).await;
        let bot = app.token("1", "bot", &[]).await;
        for (bearer, path) in [(&bot, &path), (&bot, &path_below), (&token, &path_below), (&below, &path)] {
            app.get(path, bearer).await.is_error(404, "NOT_FOUND");
            app.delete(path, bearer).await.is_error(404, "NOT_FOUND");
        }
        let reader = app.token("1", "reader", &[api::TOKENS_READ]).await;
        app.get(&path_below, &reader).await.ok();
        app.delete(&path_below, &reader).await.is_error(404, "NOT_FOUND");
        for unknown in ["/v1/tokens/x", "/v1/tokens/garbage.of.dots", &format!("{path}?org=2"), &format!("{path}?org=404")] {
            app.get(unknown, &app.admin).await.is_error(404, "NOT_FOUND");
            app.delete(unknown, &app.admin).await.is_error(404, "NOT_FOUND");
        }
        app.delete(&format!("{path}?orgs=1"), &app.admin).await.is_error(400, "INVALID_REQUEST");
        assert!(app.is_live(&token).await && app.is_live(&below).await);
        app.get(&path, &token).await.ok();
        app.delete(&path, &token).await.is_empty();
        assert!(!app.is_live(&token).await, "everyone may end its own token");
    }
}
