//! `POST /v1/tokens/validations`.

use serde_json::json;

use crate::support::{ask, scenario};

scenario! {
    async fn a_good_request_is_echoed_as_it_was_sent_without_what_nobody_knows(app) {
        let request = json!({
            "sub": "ann", "org": "1", "audiences": ["urn:api"], "time_validity": {"duration": 600}, "roles": {"shop": "owner"},
            "hosts": [{"upstream_host": "a.example"}], "token_validity": {"start": "2026-11-22T12:00:00", "end": "2026-11-22T12:05:00+00:00"},
            "session": "s-1", "scopes": ["urn:app:read", "urn:x?"], "inherit_session": false, "create_refresh_token": true, "get_user": true
        });
        let mut sent = request.clone();
        sent["unknown"] = json!("member");
        assert_eq!(app.post("/v1/tokens/validations", None, sent).await.ok(), request);
        assert_eq!(app.get("/v1/tokens?sub=ann", &app.admin).await.ok()["tokens"], json!([]), "nothing was minted");
        let least = json!({"sub": "ann", "org": "1", "audiences": [], "time_validity": {}});
        assert_eq!(app.post("/v1/tokens/validations", None, least.clone()).await.ok(), least);
    }
}

scenario! {
    /// The same verdict as create.
    async fn its_verdict_is_that_of_create(app) {
        for (org, sub, more) in [
            ("1", "ann", json!({"scopes": ["urn:app:read"]})),
            ("1", "ann", json!({"scopes": ["urn:other"]})),
            ("1", "ann", json!({"scopes": ["urn:other?"]})),
            ("1", "bot", json!({"scopes": ["urn:app:write"]})),
            ("1", "nobody", json!({})),
            ("1", "gone", json!({})),
            ("11", "ann", json!({"scopes": ["urn:app:read"]})),
            ("11", "bot", json!({})),
            ("1", "ann", json!({"time_validity": {"duration": 0}})),
            ("1", "ann", json!({"time_validity": {"duration": 100_000}})),
            ("1", "ann", json!({"token_validity": {"does_not_expire": true}})),
            ("1", "ann", json!({"audiences": null})),
            ("1", "ann", json!({"sub": 5})),
        ] {
            let validated = app.post("/v1/tokens/validations", None, ask(org, sub, more.clone())).await;
            let created = app.mint(org, sub, more.clone()).await;
            assert_eq!(validated.status.is_success(), created.status.is_success(), "{more}");
            if !validated.status.is_success() {
                assert_eq!(validated.error(), created.error(), "{more}");
            }
        }
        app.post("/v1/tokens/validations", None, ask("404", "ann", json!({}))).await.is_error(403, "MEMBER_UNAVAILABLE");
    }
}
