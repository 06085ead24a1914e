//! `/v1/orgs/{org}`.

use serde_json::json;

use crate::support::scenario;

scenario! {
    async fn an_org_is_made_below_one_that_is_administered_then_changed_then_deleted(app) {
        let made = app.put("/v1/orgs/12", &app.admin, json!({"parent": "1", "name": "Shop", "settings": {"token_duration": 60}})).await.created();
        assert_eq!(
            made,
            json!({
                "id": "12", "parent": "1", "root": "1", "name": "Shop", "enabled": true,
                "settings": {"token_duration": 60, "max_token_duration": 86_400, "refresh_token_duration": 2_592_000, "refresh_token_rotation": true, "allow_non_expiring": false},
                "created": "2026-11-22T12:00:00Z", "updated": "2026-11-22T12:00:00Z"
            })
        );
        app.clock.advance_ms(2_000);
        let changed = app.put("/v1/orgs/12", &app.admin, json!({"enabled": false})).await.ok();
        assert_eq!((&changed["created"], &changed["updated"]), (&json!("2026-11-22T12:00:00Z"), &json!("2026-11-22T12:00:02Z")));
        assert_eq!(changed["settings"]["token_duration"], 3_600, "a PUT replaces");
        assert_eq!(app.get("/v1/orgs/12", &app.admin).await.ok(), changed);
        app.delete("/v1/orgs/12", &app.admin).await.is_empty();
        app.get("/v1/orgs/12", &app.admin).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn settings_shape_the_tokens_of_the_org(app) {
        app.put("/v1/orgs/11", &app.admin, json!({"settings": {"token_duration": 60, "max_token_duration": 120}})).await.ok();
        let default = app.mint("11", "ann", json!({"time_validity": {}})).await.created();
        assert_eq!(default["time_validity"]["duration"], 60);
        app.mint("11", "ann", json!({"time_validity": {"duration": 120}})).await.created();
        app.mint("11", "ann", json!({"time_validity": {"duration": 121}})).await.is_error(400, "INVALID_LIFETIME");
    }
}

scenario! {
    async fn what_an_org_cannot_be_is_refused(app) {
        for (path, body, status, code) in [
            ("/v1/orgs/13", json!({}), 403, "ACCESS_DENIED"),
            ("/v1/orgs/13", json!({"parent": "2"}), 403, "ACCESS_DENIED"),
            ("/v1/orgs/13", json!({"parent": "404"}), 403, "ACCESS_DENIED"),
            ("/v1/orgs/2", json!({}), 403, "ACCESS_DENIED"),
            ("/v1/orgs/111", json!({"parent": "1"}), 409, "CONFLICT"),
            ("/v1/orgs/a%23b", json!({"parent": "1"}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"token_duration": 0}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"token_duration": 86_401}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"max_token_duration": 34_560_001}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"tokn_duration": 5}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "name": ""}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "enabled": "yes"}), 400, "INVALID_REQUEST"),
        ] {
            app.put(path, &app.admin, body.clone()).await.is_error(status, code);
        }
        app.get("/v1/orgs/13", &app.admin).await.is_error(403, "ACCESS_DENIED");
        app.delete("/v1/orgs/1", &app.admin).await.is_error(409, "CONFLICT");
        app.delete("/v1/orgs/11", &app.admin).await.is_error(409, "CONFLICT");
        let ann = app.token("1", "ann", &[]).await;
        app.get("/v1/orgs/1", &ann).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn sixteen_levels_are_the_deepest(app) {
        let mut parent = "111".to_owned();
        for level in 4..=16 {
            let id = format!("l{level}");
            app.put(&format!("/v1/orgs/{id}"), &app.admin, json!({"parent": parent})).await.created();
            parent = id;
        }
        app.put("/v1/orgs/l17", &app.admin, json!({"parent": parent})).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn a_problem_names_the_field_in_the_jeton_dialect(app) {
        let answer = app.put("/v1/orgs/13", &app.admin, json!({"parent": "1", "settings": {"token_duration": "s3cret"}})).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(
            answer.json(),
            json!({"title": "Bad Request", "status": 400, "code": "INVALID_REQUEST", "field": "settings.token_duration", "detail": "settings.token_duration: must be a whole number in range."})
        );
    }
}
