//! `/v1/orgs/{org}/members`.

use http::Method;
use serde_json::json;
use shared::domain::scope::api;

use crate::support::scenario;

scenario! {
    async fn a_member_is_made_shown_changed_and_deleted(app) {
        let body = json!({"kind": "group", "enabled": true, "scopes": ["urn:app:*"], "roles": {"shop": ["owner"]}, "profile": {"email": "g@example.org", "display_name": "Group"}});
        let made = app.put("/v1/orgs/1/member?sub=a%2Fb%40c", &app.admin, body).await.created();
        assert_eq!(
            made,
            json!({
                "sub": "a/b@c", "org": "1", "kind": "group", "enabled": true, "scopes": ["urn:app:*"], "roles": {"shop": ["owner"]},
                "profile": {"email": "g@example.org", "display_name": "Group"}, "created": "2026-11-22T12:00:00Z", "updated": "2026-11-22T12:00:00Z"
            })
        );
        assert_eq!(app.get("/v1/orgs/1/member?sub=a%2Fb%40c", &app.admin).await.ok(), made);
        app.clock.advance_ms(1_000);
        let changed = app.put("/v1/orgs/1/member?sub=a%2Fb%40c", &app.admin, json!({})).await.ok();
        assert_eq!((&changed["kind"], &changed["scopes"], &changed["created"]), (&json!("user"), &json!([]), &made["created"]));
        app.delete("/v1/orgs/1/member?sub=a%2Fb%40c", &app.admin).await.is_empty();
        app.get("/v1/orgs/1/member?sub=a%2Fb%40c", &app.admin).await.is_error(404, "NOT_FOUND");
        app.delete("/v1/orgs/1/member?sub=a%2Fb%40c", &app.admin).await.is_error(404, "NOT_FOUND");
    }
}

scenario! {
    /// Whatever a gateway does to paths.
    async fn the_query_names_every_member_and_no_other(app) {
        for (name, encoded) in [("ann?x", "ann%3Fx"), ("ann/x", "ann%2Fx"), ("ann%3Fx", "ann%253Fx"), ("ann%", "ann%25"), ("a+n n", "a%2Bn+n"), ("ann#", "ann%23"), ("Änn", "%C3%84nn")] {
            let path = format!("/v1/orgs/1/member?sub={encoded}");
            let made = app.put(&path, &app.admin, json!({"scopes": ["urn:app:read"]})).await.created();
            assert_eq!(made["sub"], name);
            assert_eq!(app.get(&path, &app.admin).await.ok(), made);
            assert_eq!(app.patch(&path, &app.admin, json!({"scopes": []})).await.ok()["sub"], name);
            app.delete(&path, &app.admin).await.is_empty();
            app.get(&path, &app.admin).await.is_error(404, "NOT_FOUND");
        }
        assert_eq!(app.get("/v1/orgs/1/members/ann", &app.admin).await.ok()["scopes"], json!(["urn:app:*"]));
    }
}

scenario! {
    async fn a_path_whose_escapes_a_gateway_decodes_names_no_other_member(app) {
        let ann = app.get("/v1/orgs/1/members/ann", &app.admin).await.ok();
        for path in ["/v1/orgs/1/members/ann%2Fx", "/v1/orgs/1/members/x%2Fann", "/v1/orgs/1/members/..%2Fann", "/v1/orgs/1/members/ann%252Fx"] {
            let answer = app.delete(path, &app.admin).await;
            assert!(answer.status.is_client_error(), "{path}: {answer:?}");
        }
        assert_eq!(app.get("/v1/orgs/1/members/ann", &app.admin).await.ok(), ann);
        // Whoever names it twice is safe from what is cut off.
        app.delete("/v1/orgs/1/members/ann?sub=ann%3Fx", &app.admin).await.is_error(400, "INVALID_REQUEST");
        app.delete("/v1/orgs/1/members/ann%3Fx?sub=ann%3Fx", &app.admin).await;
        assert_eq!(app.get("/v1/orgs/1/members/ann?sub=ann", &app.admin).await.ok(), ann);
    }
}

scenario! {
    async fn without_a_name_nobody_is_meant(app) {
        for path in ["/v1/orgs/1/member", "/v1/orgs/1/member?sub=", "/v1/orgs/1/member?sub=ann&sub=bot", "/v1/orgs/1/member?sub=ann&x=1", "/v1/orgs/1/member?name=ann"] {
            app.get(path, &app.admin).await.is_error(400, "INVALID_REQUEST");
            app.delete(path, &app.admin).await.is_error(400, "INVALID_REQUEST");
        }
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

scenario! {
    async fn rfc7396_a_patch_changes_one_thing_of_a_member_and_leaves_the_rest(app) {
        const PATH: &str = "/v1/orgs/1/members/ann";
        let before = app.get(PATH, &app.admin).await.ok();
        app.clock.advance_ms(2_000);
        let after = app.patch(PATH, &app.admin, json!({"profile": {"email": null, "last_name": "Ray"}, "roles": {"bank": ["clerk"]}})).await.ok();
        let mut expected = before.clone();
        expected["profile"].as_object_mut().unwrap().remove("email");
        expected["profile"]["last_name"] = json!("Ray");
        expected["roles"]["bank"] = json!(["clerk"]);
        expected["updated"] = json!("2026-11-22T12:00:02Z");
        assert_eq!(after, expected);
        assert_eq!(app.get(PATH, &app.admin).await.ok(), after);
        // All of it can be sent back, and null is the default.
        assert_eq!(app.patch(PATH, &app.admin, after.clone()).await.ok(), after);
        assert_eq!(app.patch(PATH, &app.admin, json!({"enabled": false})).await.ok()["enabled"], false);
        let reset = app.patch(PATH, &app.admin, json!({"enabled": null, "scopes": null})).await.ok();
        assert_eq!((&reset["enabled"], &reset["scopes"], &reset["roles"]), (&json!(true), &json!([]), &after["roles"]));
    }
}

scenario! {
    async fn what_a_patch_of_a_member_cannot_be_is_refused_by_name_and_changes_nothing(app) {
        const PATH: &str = "/v1/orgs/1/members/ann";
        let before = app.get(PATH, &app.admin).await.ok();
        for (patch, detail) in [
            (json!({"scope": ["a"]}), "scope: is not a known field (did you mean \"scopes\"?)."),
            (json!({"scope": null}), "scope: is not a known field (did you mean \"scopes\"?)."),
            (json!({"profile": {"emial": null}}), "profile.emial: is not a known field (did you mean \"email\"?)."),
            (json!({"scopes": ["a b"]}), "scopes[0]: must be 1 to 511 printable ASCII characters without blank, \" and \\, and without ? at the end."),
            (json!({"sub": "bob"}), "sub: can't be changed: must be left out, or be as it is."),
            (json!({"created": "2020-01-01T00:00:00Z"}), "created: can't be changed: must be left out, or be as it is."),
            (json!(["enabled"]), "Must be an object."),
        ] {
            let answer = app.patch(PATH, &app.admin, patch.clone()).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["detail"], detail, "{patch}");
        }
        assert_eq!(app.get(PATH, &app.admin).await.ok(), before);
        app.patch("/v1/orgs/1/members/nobody", &app.admin, json!({})).await.is_error(404, "NOT_FOUND");
        let reader = app.token("1", "reader", &[api::TOKENS_READ]).await;
        app.patch(PATH, &reader, json!({})).await.is_error(403, "ACCESS_DENIED");
        let clerk = app.token("1", "clerk", &[api::MEMBERS_WRITE]).await;
        app.patch(PATH, &clerk, json!({"scopes": ["*"]})).await.is_error(403, "OUTSIDE_AUTHORITY");
    }
}

scenario! {
    async fn rfc5789_2_2_a_patch_of_another_media_type_is_refused_with_the_one_that_is_taken(app) {
        for media_type in ["application/json", "application/json-patch+json", "text/plain"] {
            let request = http::Request::patch("/v1/orgs/1/members/ann").header("content-type", media_type);
            let request = request.header("authorization", format!("Bearer {}", app.admin)).body("{}".into()).unwrap();
            let answer = app.send(request).await;
            answer.is_error(415, "UNSUPPORTED_MEDIA_TYPE");
            assert_eq!(answer.headers["accept-patch"], "application/merge-patch+json");
            assert!(answer.json()["detail"].as_str().unwrap().contains("application/merge-patch+json"));
        }
    }
}

scenario! {
    async fn rfc9110_13_a_member_is_changed_only_if_it_is_as_the_caller_has_seen_it(app) {
        const PATH: &str = "/v1/orgs/1/members/ann";
        let seen = app.get(PATH, &app.admin).await.tag().to_owned();
        app.clock.advance_ms(1_000);
        let changed = app.send_if(Method::PATCH, PATH, &app.admin, &[("if-match", &seen)], Some(json!({"enabled": false}))).await;
        changed.ok();
        let now = changed.tag().to_owned();
        assert_ne!(now, seen);
        assert_eq!(app.get(PATH, &app.admin).await.tag(), now, "a GET has the tag of the change");
        for (method, body) in [(Method::PATCH, Some(json!({"enabled": true}))), (Method::PUT, Some(json!({}))), (Method::DELETE, None)] {
            let stale = app.send_if(method, PATH, &app.admin, &[("if-match", &seen)], body).await;
            stale.is_error(412, "PRECONDITION_FAILED");
        }
        assert_eq!(app.get(PATH, &app.admin).await.tag(), now, "nothing was changed");
        app.clock.advance_ms(1_000);
        let put = app.send_if(Method::PUT, PATH, &app.admin, &[("if-match", &now)], Some(json!({"kind": "group"}))).await;
        put.ok();
        assert_eq!(app.get(PATH, &app.admin).await.tag(), put.tag(), "a GET has the tag of what was put");
        app.send_if(Method::PUT, PATH, &app.admin, &[("if-none-match", "*")], Some(json!({}))).await.is_error(412, "PRECONDITION_FAILED");
        app.send_if(Method::DELETE, PATH, &app.admin, &[("if-match", put.tag())], None).await.is_empty();
        app.send_if(Method::PUT, PATH, &app.admin, &[("if-match", "*")], Some(json!({}))).await.is_error(412, "PRECONDITION_FAILED");
        app.get(PATH, &app.admin).await.is_error(404, "NOT_FOUND");
        app.send_if(Method::PUT, PATH, &app.admin, &[("if-none-match", "*")], Some(json!({}))).await.created();
        app.send_if(Method::PUT, PATH, &app.admin, &[("if-match", "*")], Some(json!({}))).await.ok();
    }
}

scenario! {
    async fn patches_at_the_same_time_do_not_lose_one_another(app) {
        const PATH: &str = "/v1/orgs/1/members/ann";
        let patches = (0..8).map(|n| {
            let app = &app;
            async move { app.patch(PATH, &app.admin, json!({"roles": {format!("app{n}"): ["user"]}})).await.ok() }
        });
        futures::future::join_all(patches).await;
        let roles = app.get(PATH, &app.admin).await.ok()["roles"].clone();
        assert!((0..8).all(|n| roles[format!("app{n}")] == json!(["user"])), "{roles}");
    }
}

scenario! {
    async fn the_root_org_keeps_an_administrator(app) {
        const SELF: &str = "/v1/orgs/1/members/administrator";
        let before = app.get(SELF, &app.admin).await.ok();
        let attempts = [
            (Method::PUT, Some(json!({}))),
            (Method::PUT, Some(json!({"scopes": ["*"], "enabled": false}))),
            (Method::PATCH, Some(json!({"scopes": ["urn:app:*"]}))),
            (Method::PATCH, Some(json!({"enabled": false}))),
            (Method::DELETE, None),
        ];
        for (method, body) in attempts.clone() {
            app.send_if(method, SELF, &app.admin, &[], body).await.is_error(409, "CONFLICT");
        }
        assert_eq!(app.get(SELF, &app.admin).await.ok(), before, "nothing was changed");
        assert!(app.is_live(&app.admin).await, "not even its tokens");
        // It may change otherwise, and have less as long as it is enough.
        app.patch(SELF, &app.admin, json!({"scopes": [api::ADMIN], "profile": {"email": "a@example.org"}})).await.ok();
        // A disabled one doesn't count, and neither does one of another org.
        app.put("/v1/orgs/1/members/second", &app.admin, json!({"scopes": ["urn:jeton:*"], "enabled": false})).await.created();
        app.put("/v1/orgs/11/members/third", &app.admin, json!({"scopes": ["*"]})).await.created();
        // In orgs below there need be none: who is above can always help.
        app.patch("/v1/orgs/11/members/third", &app.admin, json!({"enabled": false})).await.ok();
        app.patch(SELF, &app.admin, json!({"enabled": false})).await.is_error(409, "CONFLICT");
        app.patch("/v1/orgs/1/members/second", &app.admin, json!({"enabled": true})).await.ok();
        app.patch(SELF, &app.admin, json!({"enabled": false})).await.ok();
        assert!(!app.is_live(&app.admin).await);
    }
}

scenario! {
    async fn of_two_administrators_who_go_at_the_same_time_one_stays(app) {
        app.put("/v1/orgs/1/members/second", &app.admin, json!({"scopes": ["*"]})).await.created();
        let second = app.token("1", "second", &[api::ADMIN]).await;
        let (one, other) = futures::join!(
            app.patch("/v1/orgs/1/members/administrator", &app.admin, json!({"scopes": []})),
            app.delete("/v1/orgs/1/members/second", &second),
        );
        let statuses = [one.status.as_u16(), other.status.as_u16()];
        assert!(statuses == [200, 409] || statuses == [409, 204], "{statuses:?}");
        assert!(app.is_live(if one.status == 200 { &second } else { &app.admin }).await);
    }
}
