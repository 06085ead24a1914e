//! `POST /v1/tokens/revoke`.

use serde_json::json;

use crate::support::scenario;

scenario! {
    async fn a_revoked_token_is_dead_everywhere_at_once(app) {
        let token = app.mint("1", "administrator", json!({"scopes": ["urn:jeton:admin"]})).await.created()["token"].as_str().unwrap().to_owned();
        assert!(app.is_live(&token).await);
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
        app.introspect(&token).await.is_error(410, "TOKEN_REVOKED");
        app.get("/v1/tokens", &token).await.is_error(401, "TOKEN_REVOKED");
        app.mint_as(&token, "1", "ann", json!({})).await.is_error(401, "TOKEN_REVOKED");
        app.post("/v1/tokens/bulk_revoke", Some(&token), json!({"user_id": "ann"})).await.is_error(401, "TOKEN_REVOKED");
        app.get("/v1/orgs/1", &token).await.is_error(401, "TOKEN_REVOKED");
        let rows = app.get("/v1/tokens?revoked=True", &app.admin).await.ok();
        assert_eq!(rows["tokens"].as_array().unwrap().len(), 1);
        assert_eq!(rows["tokens"][0]["revoked"], true);
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
    }
}

scenario! {
    async fn only_a_genuine_token_can_be_revoked(app) {
        let token = app.token("1", "ann", &[]).await;
        let unsigned = token.rsplit_once('.').unwrap().0.to_owned() + ".";
        app.post("/v1/tokens/revoke", None, json!({"token": unsigned})).await.is_error(400, "TOKEN_INVALID");
        app.post("/v1/tokens/revoke", None, json!({"token": "x"})).await.is_error(400, "TOKEN_INVALID");
        app.post("/v1/tokens/revoke", None, json!({})).await.is_error(400, "INVALID_REQUEST");
        app.post("/v1/tokens/revoke", None, json!({"token": ""})).await.is_error(400, "INVALID_REQUEST");
        assert!(app.is_live(&token).await);
        app.clock.advance_ms(600_000);
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
    }
}

scenario! {
    async fn revoking_one_leaves_the_others_and_all_sessions_takes_the_whole_chain(app) {
        let first = app.mint("1", "administrator", json!({"session": "s-1", "scopes": ["urn:jeton:admin"]})).await.created()["token"].as_str().unwrap().to_owned();
        let chained = app.mint_as(&first, "1", "ann", json!({})).await.created()["token"].as_str().unwrap().to_owned();
        let apart = app.mint_as(&first, "1", "ann", json!({"inherit_session": false})).await.created()["token"].as_str().unwrap().to_owned();
        let third = app.mint_as(&first, "1", "bot", json!({})).await.created()["token"].as_str().unwrap().to_owned();
        app.post("/v1/tokens/revoke", None, json!({"token": third})).await.is_empty();
        assert!(app.is_live(&first).await && app.is_live(&chained).await);
        app.post("/v1/tokens/revoke", None, json!({"token": third, "all_sessions": true})).await.is_empty();
        assert!(!app.is_live(&first).await && !app.is_live(&chained).await);
        assert!(app.is_live(&apart).await, "it is in no session");
        let listed = app.get("/v1/tokens?session=s-1&revoked=false", &app.admin).await.ok();
        assert_eq!(listed["tokens"], json!([]));
        // A session that begins anew is a new one, once the clocks can't differ about it.
        app.clock.advance_ms(1_001);
        let again = app.mint("1", "ann", json!({"session": "s-1"})).await.created()["token"].as_str().unwrap().to_owned();
        assert!(app.is_live(&again).await);
    }
}

scenario! {
    async fn a_sessionless_token_takes_only_itself(app) {
        let (one, two) = (app.token("1", "ann", &[]).await, app.token("1", "ann", &[]).await);
        app.post("/v1/tokens/revoke", None, json!({"token": one, "all_sessions": true})).await.is_empty();
        assert!(!app.is_live(&one).await && app.is_live(&two).await);
    }
}

scenario! {
    async fn an_expired_token_ends_its_session_too_while_it_is_known(app) {
        let short = json!({"session": "s-1", "time_validity": {"duration": 60}});
        let expired = app.mint("1", "ann", short).await.created()["token"].as_str().unwrap().to_owned();
        let other = app.mint("1", "bot", json!({"session": "s-1"})).await.created()["token"].as_str().unwrap().to_owned();
        app.clock.advance_ms(61_000);
        app.post("/v1/tokens/revoke", None, json!({"token": expired})).await.is_empty();
        assert!(app.is_live(&other).await);
        app.post("/v1/tokens/revoke", None, json!({"token": expired, "all_sessions": true})).await.is_empty();
        assert!(!app.is_live(&other).await);
    }
}
