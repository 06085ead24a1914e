//! `GET` and `DELETE /v1/tokens/{jti}`.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use shared::domain::scope::api;

use crate::support::{Answer, App, basic, over, scenario, text};

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
            let admin = app.get("/v1/tokens/introspect_self", &app.admin).await.ok();
            let by = json!({"org": "1", "sub": admin["sub"], "jti": admin["jti"]});
            assert_eq!(shown["revocation"], json!({"by": "token", "at": shown["updated"], "revoked_by": by}));
            app.delete(&path, &app.admin).await.is_empty();
        }
    }
}

scenario! {
    async fn who_has_revoked_a_token_is_said_where_it_was_one_by_one(app) {
        let shop = json!({"kind": "confidential", "grants": ["client_credentials", "password"]});
        let shop = app.post("/v1/orgs/1/clients", Some(&app.admin), shop).await.created();
        let (token, path) = minted(app, "1", json!({})).await;
        let own = app.introspect(&token).await.ok();
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
        let by = app.get(&path, &app.admin).await.ok()["revocation"]["revoked_by"].clone();
        assert_eq!(by, json!({"org": "1", "sub": "ann", "jti": own["jti"]}), "whoever had it");
        let (deleted, revoked) = (of_client(app, &shop, Some("john")).await, of_client(app, &shop, Some("john")).await);
        let secret = app.post("/v1/orgs/1/secret", Some(&app.admin), json!({})).await.ok()["secret"].as_str().unwrap().to_owned();
        let request = Request::delete(format!("/api/auth/token/delete/{deleted}")).header("authorization", basic("1", &secret));
        app.send(request.body(Bytes::new()).unwrap()).await.is_empty();
        let id = shop["id"].to_string();
        let request = Request::post("/oauth2/revoke").header("authorization", basic(&id, text(&shop["secret"])));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(format!("token={revoked}").into());
        assert_eq!(app.send(request.unwrap()).await.status, 200);
        let rows = app.get("/v1/tokens?sub=john", &app.admin).await.ok();
        let mut parties = Vec::new();
        for row in rows["tokens"].as_array().unwrap() {
            let shown = app.get(&format!("/v1/tokens/{}", row["jti"].as_str().unwrap()), &app.admin).await.ok();
            parties.push(shown["revocation"]["revoked_by"].clone());
        }
        parties.sort_by_key(|party| party.to_string().len());
        assert_eq!(parties, [json!({"org": "1"}), json!({"org": "1", "client_id": id})], "the org by its secret, and the client");
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

/// Revokes everything of a target in an org.
async fn revoke_all(app: &App, org: &str, target: Value) -> Answer {
    app.post(&format!("/v1/orgs/{org}/revocations"), Some(&app.admin), target).await
}

/// The access token that a client of org 1 gets for a person, or for itself.
async fn of_client(app: &App, client: &Value, subject: Option<&str>) -> String {
    let grant = if subject.is_some() { "PASSWORD" } else { "CLIENT_CREDENTIALS" };
    let body = json!({"grantType": grant, "clientId": client["id"], "subject": subject});
    let created = app.post("/api/1/auth/token/create", Some(&app.admin), over(body, json!({}))).await.ok();
    text(&created["accessToken"]).to_owned()
}

async fn is_active(app: &App, token: &str) -> bool {
    app.post("/api/1/auth/introspection", Some(&app.admin), json!({"token": token})).await.ok()["action"] == "OK"
}

scenario! {
    async fn everything_of_a_member_an_end_user_a_client_or_a_session_is_revoked_by_one_call(app) {
        let body = json!({"alias": "shop", "kind": "confidential", "grants": ["client_credentials", "password"]});
        let shop = app.post("/v1/orgs/1/clients", Some(&app.admin), body).await.created();
        let (of_ann, _) = minted(app, "1", json!({"session": "s-1"})).await;
        let (of_john, of_jane) = (of_client(app, &shop, Some("john")).await, of_client(app, &shop, Some("jane")).await);
        let of_shop = of_client(app, &shop, None).await;
        app.clock.advance_ms(1_001);
        let revoked = revoke_all(app, "1", json!({"subject": "john"})).await.ok();
        assert_eq!(revoked, json!({"revoked_before": "2026-11-22T12:00:01Z"}));
        assert!(!is_active(app, &of_john).await && is_active(app, &of_jane).await && is_active(app, &of_shop).await);
        assert_eq!(revoke_all(app, "1", json!({"client_id": "shop", "subject": "jane"})).await.ok(), revoked);
        assert!(!is_active(app, &of_jane).await && is_active(app, &of_shop).await);
        assert_eq!(revoke_all(app, "1", json!({"client_id": shop["id"].to_string()})).await.ok(), revoked);
        assert!(!is_active(app, &of_shop).await && app.is_live(&of_ann).await);
        assert_eq!(revoke_all(app, "1", json!({"session": "s-1"})).await.ok(), revoked);
        assert!(!app.is_live(&of_ann).await);
        for target in [json!({"subject": "ann"}), json!({"subject": "john"}), json!({"session": "s-1"})] {
            assert_eq!(revoke_all(app, "1", target).await.ok(), revoked, "a repetition is a success");
        }
    }
}

scenario! {
    async fn a_revocation_of_nothing_is_no_success_and_no_typo_widens_one(app) {
        let (of_ann, _) = minted(app, "1", json!({"session": "s-1"})).await;
        app.clock.advance_ms(1_001);
        for target in [
            json!({"subject": "nobody"}), json!({"session": "s-2"}), json!({"client_id": "nobody"}), json!({"client_id": "4711"}),
            json!({"client_id": "nobody", "subject": "ann"}),
        ] {
            revoke_all(app, "1", target.clone()).await.is_error(404, "NOT_FOUND");
        }
        for target in [
            json!({}), json!({"sub": "ann"}), json!({"subject": "ann", "sesion": "s-1"}), json!({"subject": "ann", "session": "s-1"}),
            json!({"subject": ["ann"]}), json!({"subject": null}),
        ] {
            revoke_all(app, "1", target.clone()).await.is_error(400, "INVALID_REQUEST");
        }
        let clerk = app.token("1", "ann", &[]).await;
        app.post("/v1/orgs/1/revocations", Some(&clerk), json!({"subject": "ann"})).await.is_error(403, "ACCESS_DENIED");
        assert!(app.is_live(&of_ann).await);
    }
}
