//! What a token was made from, and what ends with it.

use serde_json::{Value, json};
use shared::domain::scope::api;

use crate::support::{Answer, App, scenario};

fn token(answer: &Value) -> String {
    answer["token"].as_str().unwrap().to_owned()
}

/// What a member mints for itself with its token.
async fn child(app: &App, parent: &str, more: Value) -> String {
    token(&app.mint_as(parent, "1", "ann", more).await.created())
}

async fn reissued(app: &App, parent: &str, org: &str) -> String {
    token(&app.post("/v1/tokens/reissue", None, json!({"token": parent, "org_id": org})).await.ok())
}

async fn refresh(app: &App, refresh_token: &Value) -> Answer {
    app.post("/v1/tokens/refresh", None, json!({"token": refresh_token})).await
}

async fn revoke(app: &App, token: &str) {
    app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
}

async fn row(app: &App, token: &str) -> Value {
    let jti = app.introspect(token).await.ok()["jti"].as_str().unwrap().to_owned();
    app.get(&format!("/v1/tokens/{jti}"), &app.admin).await.ok()
}

scenario! {
    async fn what_is_minted_for_oneself_and_what_is_reissued_dies_with_the_token_that_was_presented(app) {
        let a = app.token("1", "ann", &["urn:app:read"]).await;
        let b = child(app, &a, json!({})).await;
        let with_refresh = app.mint_as(&b, "1", "ann", json!({"create_refresh_token": true})).await.created();
        let c = token(&with_refresh);
        let refreshed = refresh(app, &with_refresh["refresh_token"]).await.created();
        let (below, here) = (reissued(app, &b, "11").await, reissued(app, &b, "1").await);
        let deepest = reissued(app, &below, "111").await;
        let of_b = [c, token(&refreshed), below, here, deepest];
        for token in &of_b {
            assert!(app.is_live(token).await);
        }
        let rows = [row(app, &of_b[0]).await, row(app, &of_b[2]).await];
        revoke(app, &of_b[4]).await;
        assert!(app.is_live(&of_b[2]).await && app.is_live(&b).await, "it ends nothing that it comes of");
        revoke(app, &b).await;
        for token in &of_b {
            app.introspect(token).await.is_error(410, "TOKEN_REVOKED");
            assert!(!app.is_live(token).await);
        }
        for refresh_token in [&with_refresh["refresh_token"], &refreshed["refresh_token"]] {
            refresh(app, refresh_token).await.is_error(400, "REFRESH_TOKEN_INVALID");
            app.post("/v1/tokens/introspect", None, json!({"token": refresh_token})).await.is_error(410, "TOKEN_REVOKED");
        }
        for before in rows {
            let path = format!("/v1/tokens/{}", before["jti"].as_str().unwrap());
            let shown = app.get(&path, &app.admin).await.ok();
            assert_eq!((&before["revoked"], &shown["revoked"]), (&json!(false), &json!(true)));
            assert_eq!((&shown["revocation"]["by"], shown["revocation"]["at"].is_string()), (&json!("ancestor"), true));
        }
        let revoked = app.get("/v1/tokens?sub=ann&revoked=true", &app.admin).await.ok();
        assert_eq!(revoked["tokens"].as_array().unwrap().len(), 4, "b, c, what c was refreshed to, and what was reissued here");
        assert!(app.is_live(&a).await);
        let another = child(app, &a, json!({})).await;
        revoke(app, &a).await;
        assert!(!app.is_live(&another).await);
    }
}

scenario! {
    /// Whoever stole an administrator's token can't outlive it by minting another for itself.
    async fn an_administrator_s_own_tokens_die_with_the_one_that_it_presented_and_those_of_others_live(app) {
        let boss = app.token("1", "minter", &[api::TOKENS_CREATE]).await;
        let own = token(&app.mint_as(&boss, "1", "minter", json!({"scopes": [api::TOKENS_CREATE], "session": "s-2"})).await.created());
        let of_ann = token(&app.mint_as(&own, "1", "ann", json!({"inherit_session": false})).await.created());
        revoke(app, &boss).await;
        assert!(!app.is_live(&own).await);
        assert!(app.is_live(&of_ann).await);
        let made = row(app, &of_ann).await["created_by"].clone();
        let listed = app.get(&format!("/v1/tokens?created_by={}", made.as_str().unwrap()), &app.admin).await.ok();
        let subjects: Vec<_> = listed["tokens"].as_array().unwrap().iter().map(|row| (&row["sub"], &row["created_by"])).collect();
        assert_eq!(subjects, [(&json!("ann"), &made)]);
        for nobodys in ["x", "0000000000000000000000000000000a"] {
            assert_eq!(app.get(&format!("/v1/tokens?created_by={nobodys}"), &app.admin).await.ok()["tokens"], json!([]));
        }
    }
}

scenario! {
    async fn a_token_says_what_made_it_and_so_does_what_it_is_refreshed_to(app) {
        let first = app.mint("1", "ann", json!({"create_refresh_token": true})).await.created();
        let parent = row(app, &token(&first)).await;
        let mint = app.get("/v1/tokens/introspect_self", &app.admin).await.ok()["jti"].clone();
        assert_eq!(parent["created_by"], mint);
        let made = child(app, &token(&first), json!({})).await;
        assert_eq!(row(app, &made).await["created_by"], parent["jti"]);
        assert_eq!(row(app, &reissued(app, &token(&first), "11").await).await["created_by"], parent["jti"]);
        let refreshed = refresh(app, &first["refresh_token"]).await.created();
        assert_eq!(row(app, &token(&refreshed)).await["created_by"], mint);
        assert!(app.introspect(&made).await.ok().get("created_by").is_none(), "whoever is shown a token learns of no other");
    }
}

scenario! {
    /// RFC 9700 section 4.14.2: reuse ends the family, and what was minted by its access tokens.
    async fn a_family_that_ends_ends_what_its_access_tokens_have_made(app) {
        let first = app.mint("1", "ann", json!({"create_refresh_token": true})).await.created();
        let second = refresh(app, &first["refresh_token"]).await.created();
        let made = [child(app, &token(&first), json!({})).await, reissued(app, &token(&second), "11").await];
        app.clock.advance_ms(60_001);
        refresh(app, &first["refresh_token"]).await.is_error(400, "REFRESH_TOKEN_INVALID");
        for token in made {
            assert!(!app.is_live(&token).await);
        }
    }
}

scenario! {
    async fn what_ends_all_of_a_member_or_disables_it_ends_what_was_reissued_to_orgs_below(app) {
        let a = app.token("1", "ann", &[]).await;
        let below = reissued(app, &a, "11").await;
        let member = "/v1/orgs/1/members/ann";
        app.patch(member, &app.admin, json!({"enabled": false})).await.ok();
        assert!(!app.is_live(&below).await);
        app.patch(member, &app.admin, json!({"enabled": true})).await.ok();
        assert!(app.is_live(&below).await);
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
        assert!(!app.is_live(&below).await);
    }
}

scenario! {
    async fn only_an_administrator_leaves_its_session_which_ends_what_it_mints_for_itself_all_the_same(app) {
        let within = token(&app.mint("1", "ann", json!({"session": "s-1"})).await.created());
        let refused = app.mint_as(&within, "1", "ann", json!({"inherit_session": false})).await;
        refused.is_error(400, "INVALID_REQUEST");
        let said = refused.json()["error_message"].as_str().unwrap().to_owned();
        assert!(said.starts_with("inherit_session: ") && said.contains(api::TOKENS_CREATE), "{said}");
        // The SDK's command line always sends it: without a session there is nothing to leave.
        let without = app.token("1", "ann", &[]).await;
        child(app, &without, json!({"inherit_session": false})).await;
        let session = json!({"session": "s-1", "scopes": [api::TOKENS_CREATE]});
        let boss = token(&app.mint("1", "minter", session).await.created());
        let left = app.mint_as(&boss, "1", "minter", json!({"inherit_session": false})).await.created();
        assert!(left.get("session").is_none());
        let of_ann = token(&app.mint_as(&boss, "1", "ann", json!({"inherit_session": false})).await.created());
        app.post("/v1/tokens/revoke", None, json!({"token": within, "all_sessions": true})).await.is_empty();
        assert!(!app.is_live(&token(&left)).await && app.is_live(&of_ann).await);
    }
}

scenario! {
    async fn a_token_comes_of_eight_others_at_most(app) {
        let mut all = vec![app.token("1", "ann", &[]).await];
        for depth in 0..8 {
            let last = all.last().unwrap();
            all.push(if depth % 2 == 0 { child(app, last, json!({})).await } else { reissued(app, last, "1").await });
        }
        let last = all.last().unwrap();
        assert!(app.is_live(last).await);
        for refused in [
            app.mint_as(last, "1", "ann", json!({})).await,
            app.post("/v1/tokens/reissue", None, json!({"token": last, "org_id": "1"})).await,
        ] {
            refused.is_error(400, "INVALID_REQUEST");
            assert!(refused.json()["error_message"].as_str().unwrap().contains("8 others"), "{refused:?}");
        }
        revoke(app, &all[0]).await;
        for token in &all {
            assert!(!app.is_live(token).await);
        }
    }
}
