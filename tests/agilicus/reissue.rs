//! `POST /v1/tokens/reissue`.

use serde_json::json;

use crate::support::scenario;

scenario! {
    /// "The token will expire at the same time as the presented token."
    async fn a_reissued_token_keeps_subject_session_and_exp_and_never_has_more(app) {
        let asked = json!({"scopes": ["urn:app:read", "urn:app:write", "urn:x?"], "roles": {"shop": "owner"}, "session": "s-1", "hosts": [{"upstream_host": "a.example"}]});
        let token = app.mint("1", "ann", asked).await.created()["token"].as_str().unwrap().to_owned();
        let before = app.introspect(&token).await.ok();
        app.clock.advance_ms(5_000);
        let reissued = app.post("/v1/tokens/reissue", None, json!({"token": token, "org_id": "11"})).await.ok();
        assert_eq!(reissued["time_validity"]["duration"], 595);
        let after = app.introspect(reissued["token"].as_str().unwrap()).await.ok();
        assert_eq!((&after["org"], &after["root_org"]), (&json!("11"), &json!("1")));
        for same in ["sub", "exp", "aud", "session", "hosts", "creating_sub"] {
            assert_eq!(after[same], before[same], "{same}");
        }
        assert_eq!(after["scopes"], json!(["urn:app:read"]), "what ann holds there of what the token has");
        assert_eq!(after["roles"], json!({}), "ann is no owner there");
        assert_ne!(after["jti"], before["jti"]);
        assert_eq!(after["iat"], "2026-11-22T12:00:05Z");
        assert!(app.is_live(&token).await, "the presented token stays as it is");
    }
}

scenario! {
    async fn whatever_keeps_a_token_from_being_reissued_is_400_and_one_answer_for_every_org(app) {
        let token = app.token("11", "ann", &[]).await;
        let refuse = async |org: &str| {
            let answer = app.post("/v1/tokens/reissue", None, json!({"token": token, "org_id": org})).await;
            answer.is_error(400, "ORG_UNAVAILABLE");
            answer.body
        };
        // Above, beside and unknown: there the same name may be somebody else.
        assert_eq!(refuse("1").await, refuse("2").await);
        assert_eq!(refuse("1").await, refuse("404").await);
        let bot = app.token("1", "bot", &[]).await;
        app.post("/v1/tokens/reissue", None, json!({"token": bot, "org_id": "11"})).await.is_error(400, "ORG_UNAVAILABLE");
        app.post("/v1/tokens/reissue", None, json!({"token": "x", "org_id": "11"})).await.is_error(400, "TOKEN_INVALID");
        app.post("/v1/tokens/reissue", None, json!({"org_id": "11"})).await.is_error(400, "INVALID_REQUEST");
        app.post("/v1/tokens/reissue", None, json!({"token": token})).await.is_error(400, "INVALID_REQUEST");
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
        app.post("/v1/tokens/reissue", None, json!({"token": token, "org_id": "11"})).await.is_error(400, "TOKEN_REVOKED");
        app.clock.advance_ms(600_000);
        app.post("/v1/tokens/reissue", None, json!({"token": bot, "org_id": "1"})).await.is_error(400, "TOKEN_EXPIRED");
    }
}

scenario! {
    async fn ending_the_session_ends_the_reissued_token_in_the_other_org_too(app) {
        let token = app.mint("1", "ann", json!({"session": "s-1"})).await.created()["token"].as_str().unwrap().to_owned();
        let below = app.post("/v1/tokens/reissue", None, json!({"token": token, "org_id": "11"})).await.ok()["token"].as_str().unwrap().to_owned();
        let deeper = app.post("/v1/tokens/reissue", None, json!({"token": below, "org_id": "111"})).await.ok()["token"].as_str().unwrap().to_owned();
        app.post("/v1/tokens/revoke", None, json!({"token": deeper, "all_sessions": true})).await.is_empty();
        for token in [token, below, deeper] {
            assert!(!app.is_live(&token).await);
        }
    }
}
