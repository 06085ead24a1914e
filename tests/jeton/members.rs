//! `/v1/orgs/{org}/members`.

use serde_json::json;
use shared::domain::scope::api;

use crate::support::scenario;

scenario! {
    async fn a_member_is_made_shown_changed_and_deleted(app) {
        let body = json!({"kind": "group", "enabled": true, "scopes": ["urn:app:*"], "roles": {"shop": ["owner"]}, "profile": {"email": "g@example.org", "display_name": "Group"}});
        let made = app.put("/v1/orgs/1/members/a%2Fb%40c", &app.admin, body).await.created();
        assert_eq!(
            made,
            json!({
                "sub": "a/b@c", "org": "1", "kind": "group", "enabled": true, "scopes": ["urn:app:*"], "roles": {"shop": ["owner"]},
                "profile": {"email": "g@example.org", "display_name": "Group"}, "created": "2026-11-22T12:00:00Z", "updated": "2026-11-22T12:00:00Z"
            })
        );
        assert_eq!(app.get("/v1/orgs/1/members/a%2Fb%40c", &app.admin).await.ok(), made);
        app.clock.advance_ms(1_000);
        let changed = app.put("/v1/orgs/1/members/a%2Fb%40c", &app.admin, json!({})).await.ok();
        assert_eq!((&changed["kind"], &changed["scopes"], &changed["created"]), (&json!("user"), &json!([]), &made["created"]));
        app.delete("/v1/orgs/1/members/a%2Fb%40c", &app.admin).await.is_empty();
        app.get("/v1/orgs/1/members/a%2Fb%40c", &app.admin).await.is_error(404, "NOT_FOUND");
        app.delete("/v1/orgs/1/members/a%2Fb%40c", &app.admin).await.is_error(404, "NOT_FOUND");
    }
}

scenario! {
    async fn members_are_listed_by_name_a_page_at_a_time(app) {
        let mut seen = Vec::new();
        let mut path = "/v1/orgs/1/members?limit=4".to_owned();
        loop {
            let page = app.get(&path, &app.admin).await.ok();
            seen.extend(page["members"].as_array().unwrap().iter().map(|member| member["sub"].as_str().unwrap().to_owned()));
            let Some(next) = page.get("next").and_then(|next| next.as_str()) else { break };
            path = format!("/v1/orgs/1/members?limit=4&after={next}");
        }
        assert_eq!(seen, ["administrator", "ann", "bot", "clerk", "gone", "minter", "reader", "revoker", "team"]);
        app.get("/v1/orgs/1/members?limit=0", &app.admin).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn deleting_a_member_kills_its_tokens_for_good(app) {
        let token = app.token("1", "ann", &[]).await;
        app.delete("/v1/orgs/1/members/ann", &app.admin).await.is_empty();
        assert!(!app.is_live(&token).await);
        app.put("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:app:*"]})).await.created();
        assert!(!app.is_live(&token).await, "they stay dead when a member of that name comes again");
    }
}

scenario! {
    async fn a_clerk_cannot_make_or_unmake_an_administrator(app) {
        let clerk = app.token("1", "clerk", &[api::MEMBERS_WRITE]).await;
        app.put("/v1/orgs/1/members/new", &clerk, json!({"scopes": ["urn:app:*"]})).await.created();
        app.put("/v1/orgs/1/members/new", &clerk, json!({"scopes": [api::MEMBERS_WRITE]})).await.ok();
        for scopes in [json!([api::ADMIN]), json!(["urn:jeton:*"]), json!(["*"]), json!([api::TOKENS_CREATE])] {
            app.put("/v1/orgs/1/members/clerk", &clerk, json!({"scopes": scopes})).await.is_error(403, "OUTSIDE_AUTHORITY");
        }
        app.put("/v1/orgs/1/members/administrator", &clerk, json!({"enabled": false})).await.is_error(403, "OUTSIDE_AUTHORITY");
        app.delete("/v1/orgs/1/members/administrator", &clerk).await.is_error(403, "OUTSIDE_AUTHORITY");
        app.put("/v1/orgs/2/members/x", &clerk, json!({})).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn a_member_sees_itself_and_needs_a_right_to_see_others(app) {
        let ann = app.token("1", "ann", &[]).await;
        assert_eq!(app.get("/v1/orgs/1/members/ann", &ann).await.ok()["sub"], "ann");
        app.get("/v1/orgs/1/members/bot", &ann).await.is_error(403, "ACCESS_DENIED");
        app.get("/v1/orgs/1/members", &ann).await.is_error(403, "ACCESS_DENIED");
        app.get("/v1/orgs/2/members/ann", &ann).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn what_a_member_cannot_be_is_refused_by_name(app) {
        for (body, field) in [
            (json!({"kind": "robot"}), "kind"),
            (json!({"enabled": 1}), "enabled"),
            (json!({"scopes": ["a b"]}), "scopes[0]"),
            (json!({"scopes": ["a?"]}), "scopes[0]"),
            (json!({"scopes": vec!["a"; 201]}), "scopes"),
            (json!({"roles": {"shop": "owner"}}), "roles.shop"),
            (json!({"profile": {"email": "x".repeat(101)}}), "profile.email"),
            (json!({"profile": {"emial": "x"}}), "profile.emial"),
            (json!({"profile": null}), "profile"),
        ] {
            let answer = app.put("/v1/orgs/1/members/x", &app.admin, body.clone()).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        app.get("/v1/orgs/1/members/x", &app.admin).await.is_error(404, "NOT_FOUND");
    }
}
