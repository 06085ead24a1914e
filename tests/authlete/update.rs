//! `auth/token/update` of Authlete's API.

use serde_json::{Value, json};

use super::tenant::{APP, ROBOT, Tenant, WEB, is_action, members, over, text};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;
const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

async fn update(tenant: &Tenant<'_>, created: &Value, more: Value) -> Value {
    tenant.post("auth/token/update", over(json!({"accessToken": created["accessToken"]}), more)).await
}

/// An update that must succeed.
async fn updated(tenant: &Tenant<'_>, created: &Value, more: Value) -> Value {
    let answer = update(tenant, created, more).await;
    is_action(&answer, "OK", "A135001");
    answer
}

#[track_caller]
fn is_refused(answer: &Value, action: &str, code: &str) {
    is_action(answer, action, code);
    assert_eq!(members(answer), ["action", "resultCode", "resultMessage"], "nothing else: {answer}");
}

scenario! {
    async fn an_update_of_everything_answers_everything(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"properties": [{"key": "a", "value": "1"}], "resources": ["urn:a"]})).await;
        let more = json!({
            "accessTokenExpiresAt": (NOW + 60) * 1_000 + 789, "refreshTokenExpiresAt": (NOW + 90) * 1_000, "scopes": ["write", "brief"],
            "properties": [{"key": "b", "value": "2", "hidden": true}], "accessTokenValueUpdated": true, "dpopKeyThumbprint": THUMBPRINT,
            "authorizationDetails": {"elements": [{"type": "t"}]}, "forExternalAttachment": true,
        });
        let mut answer = updated(&tenant, &created, more).await;
        let value = answer.as_object_mut().unwrap().remove("accessToken").unwrap();
        assert_eq!(text(&value).len(), 43);
        assert_eq!(
            answer,
            json!({
                "resultCode": "A135001", "resultMessage": "[A135001] Updated the access token successfully.", "action": "OK",
                "accessTokenExpiresAt": (NOW + 60) * 1_000, "refreshTokenExpiresAt": (NOW + 90) * 1_000, "scopes": ["write", "brief"],
                "properties": [{"key": "b", "value": "2", "hidden": true}], "authorizationDetails": {"elements": [{"type": "t"}]},
                "tokenType": "DPoP", "forExternalAttachment": true, "tokenId": created["tokenId"],
            })
        );
        let introspected = tenant.introspect(&value, json!({})).await;
        assert_eq!((&introspected["scopes"], &introspected["resources"]), (&json!(["write", "brief"]), &json!(["urn:a"])));
        assert!(!tenant.is_live(&created["accessToken"]).await, "the old value is dead");
    }
}

scenario! {
    async fn an_update_of_nothing_changes_nothing(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({
            "properties": [{"key": "a", "value": "1"}], "authorizationDetails": {"elements": [{"type": "t"}]}, "forExternalAttachment": true,
        })).await;
        let before = tenant.introspect(&created["accessToken"], json!({})).await;
        // As Python and Java send it.
        let answer = updated(&tenant, &created, json!({
            "accessTokenExpiresAt": 0, "refreshTokenExpiresAt": -1, "accessTokenExpiresAtUpdatedOnScopeUpdate": false,
            "refreshTokenExpiresAtUpdatedOnScopeUpdate": false, "accessTokenPersistent": false, "accessTokenValueUpdated": false,
            "forExternalAttachment": false,
        })).await;
        let nulls = json!({"accessToken": created["accessToken"], "scopes": null, "properties": null, "certificateThumbprint": null, "authorizationDetails": null});
        assert_eq!(tenant.post("auth/token/update", nulls).await, answer);
        assert_eq!(tenant.introspect(&created["accessToken"], json!({})).await, before);
        assert_eq!((&answer["accessToken"], &answer["forExternalAttachment"]), (&created["accessToken"], &json!(true)));
    }
}

scenario! {
    async fn a_token_is_named_in_five_ways(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        let row = tenant.list("").await.0[0].clone();
        for (name, value) in [
            ("accessToken", &created["accessToken"]),
            ("accessTokenHash", &row["accessTokenHash"]),
            ("accessTokenHash", &created["accessToken"]),
            ("refreshToken", &created["refreshToken"]),
            ("refreshTokenHash", &row["refreshTokenHash"]),
            ("refreshTokenHash", &created["refreshToken"]),
            ("tokenId", &created["tokenId"]),
        ] {
            let answer = tenant.post("auth/token/update", json!({ name: value })).await;
            is_action(&answer, "OK", "A135001");
            assert_eq!((&answer["tokenId"], answer.get("accessToken").is_some()), (&created["tokenId"], name == "accessToken"), "{name}");
        }
        let wins = json!({"accessToken": "unknown", "refreshToken": created["refreshToken"]});
        is_refused(&tenant.post("auth/token/update", wins).await, "NOT_FOUND", "A136202");
        is_refused(&tenant.post("auth/token/update", json!({})).await, "BAD_REQUEST", "A136201");
        is_refused(&tenant.post("auth/token/update", json!({"tokenId": "x"})).await, "BAD_REQUEST", "A136201");
    }
}

scenario! {
    async fn what_is_unknown_revoked_or_of_another_service_is_not_found(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let (live, revoked, replaced) = (tenant.created(json!({})).await, tenant.created(json!({})).await, tenant.created(json!({})).await);
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": revoked["accessToken"]})).await;
        tenant.refresh(WEB, &replaced["refreshToken"], json!({})).await;
        let foreign = other.created(json!({})).await;
        let row = other.list("").await.0[0].clone();
        let refresh = text(&live["refreshToken"]);
        let forged = format!("{}{}", &refresh[..refresh.len() - 4], if refresh.ends_with("AAAA") { "BBBB" } else { "AAAA" });
        for named in [
            json!({"accessToken": "x"}),
            json!({"accessToken": revoked["accessToken"]}),
            json!({"refreshToken": revoked["refreshToken"]}),
            json!({"tokenId": revoked["tokenId"]}),
            json!({"accessToken": replaced["accessToken"]}),
            json!({"accessToken": foreign["accessToken"]}),
            json!({"accessToken": foreign["jwtAccessToken"]}),
            json!({"accessTokenHash": row["accessTokenHash"]}),
            json!({"refreshToken": foreign["refreshToken"]}),
            json!({"refreshTokenHash": row["refreshTokenHash"]}),
            json!({"tokenId": foreign["tokenId"]}),
            json!({"refreshToken": forged}),
        ] {
            let answer = tenant.post("auth/token/update", over(json!({"accessTokenValueUpdated": true}), named.clone())).await;
            assert_eq!(answer["resultCode"], "A136202", "{named}");
            is_refused(&answer, "NOT_FOUND", "A136202");
        }
        assert!(other.is_live(&foreign["accessToken"]).await && tenant.is_live(&live["accessToken"]).await);
    }
}

scenario! {
    async fn a_new_value_kills_the_old_one_and_keeps_all_else(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"accessToken": "chosen"})).await;
        let mut current = created.clone();
        for _ in 0..3 {
            let answer = updated(&tenant, &current, json!({"accessTokenValueUpdated": true})).await;
            assert_ne!(answer["accessToken"], current["accessToken"]);
            assert!(tenant.is_live(&answer["accessToken"]).await && !tenant.is_live(&current["accessToken"]).await);
            assert_eq!((&answer["tokenId"], &answer["accessTokenExpiresAt"]), (&created["tokenId"], &created["expiresAt"]));
            is_refused(&update(&tenant, &current, json!({})).await, "NOT_FOUND", "A136202");
            current = answer;
        }
        assert_eq!(tenant.list("").await.1, 1);
        // Found by its hash a token has a new value, too, and that is told.
        let row = tenant.list("").await.0[0].clone();
        let answer = tenant.post("auth/token/update", json!({"accessTokenHash": row["accessTokenHash"], "accessTokenValueUpdated": true})).await;
        assert!(tenant.is_live(&answer["accessToken"]).await && !tenant.is_live(&current["accessToken"]).await);
        let refreshed = tenant.refresh(WEB, &created["refreshToken"], json!({})).await;
        assert!(tenant.is_live(&refreshed["accessToken"]).await && !tenant.is_live(&answer["accessToken"]).await);
    }
}

scenario! {
    async fn the_ends_can_be_moved_both_ways(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        let ends = |access: i64, refresh: i64| json!({"accessTokenExpiresAt": (NOW + access) * 1_000, "refreshTokenExpiresAt": (NOW + refresh) * 1_000});
        let answer = updated(&tenant, &created, ends(7_200, 9_000)).await;
        assert_eq!((&answer["accessTokenExpiresAt"], &answer["refreshTokenExpiresAt"]), (&json!((NOW + 7_200) * 1_000), &json!((NOW + 9_000) * 1_000)));
        app.clock.advance_ms(7_000_000);
        assert!(tenant.is_live(&created["accessToken"]).await);
        updated(&tenant, &created, ends(7_100, 7_100)).await;
        app.clock.advance_ms(100_000);
        assert!(!tenant.is_live(&created["accessToken"]).await);
        let refused = tenant.refresh(WEB, &created["refreshToken"], json!({})).await;
        is_action(&refused, "BAD_REQUEST", "A053301");
        let late = tenant.created(json!({})).await;
        for (more, code) in [
            (json!({"accessTokenExpiresAt": (NOW + 7_100 + 86_402) * 1_000}), "A136205"),
            (json!({"refreshTokenExpiresAt": (NOW + 401 * 86_400) * 1_000}), "A136201"),
        ] {
            is_refused(&update(&tenant, &late, more).await, "BAD_REQUEST", code);
        }
        let unchanged = updated(&tenant, &late, json!({})).await;
        assert_eq!(unchanged["accessTokenExpiresAt"], late["expiresAt"]);
    }
}

scenario! {
    async fn scopes_are_replaced_and_those_that_cannot_be_had_are_dropped(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        for (scopes, expected) in [
            (json!(["write", "unknown", "write", "urn:jeton:admin"]), Some(json!(["write"]))),
            (json!(["brief", "read"]), Some(json!(["brief", "read"]))),
            (json!(null), Some(json!(["brief", "read"]))),
            (json!([]), None),
        ] {
            let answer = updated(&tenant, &created, json!({ "scopes": scopes })).await;
            assert_eq!(answer.get("scopes"), expected.as_ref(), "{scopes}");
        }
        let robots = tenant.created(json!({"clientId": ROBOT})).await;
        let answer = updated(&tenant, &robots, json!({"scopes": ["read", "write"]})).await;
        assert_eq!(answer["scopes"], json!(["read"]), "the client may not request the other one");
        let refreshed = tenant.refresh(WEB, &created["refreshToken"], json!({})).await;
        assert_eq!(refreshed["scopes"], json!(["read"]), "those of the refresh token are its own");
    }
}

scenario! {
    /// Authlete's three conditions: no end is given, the scopes change, and a new one shortens.
    async fn new_scopes_move_the_ends_only_if_they_may(app) {
        let tenant = Tenant::opaque(app).await;
        let both = json!({"accessTokenExpiresAtUpdatedOnScopeUpdate": true, "refreshTokenExpiresAtUpdatedOnScopeUpdate": true});
        for (flags, scopes, access, refresh) in [
            (json!({}), json!(["read", "brief"]), 3_600, 2_592_000),
            (both.clone(), json!(["read", "brief"]), 700, 6_100),
            (both.clone(), json!(["briefer", "brief"]), 400, 3_100),
            (both.clone(), json!(["write"]), 3_600, 2_592_000),
            (both.clone(), json!(null), 3_600, 2_592_000),
            (over(both.clone(), json!({"accessTokenExpiresAt": (NOW + 5_000) * 1_000})), json!(["brief"]), 5_000, 6_100),
            (json!({"accessTokenExpiresAtUpdatedOnScopeUpdate": true}), json!(["brief"]), 700, 2_592_000),
            (json!({"refreshTokenExpiresAtUpdatedOnScopeUpdate": true}), json!(["brief"]), 3_600, 6_100),
        ] {
            let created = tenant.created(json!({})).await;
            app.clock.advance_ms(100_000);
            let answer = updated(&tenant, &created, over(flags.clone(), json!({ "scopes": scopes }))).await;
            app.clock.advance_ms(-100_000);
            let ends = (&answer["accessTokenExpiresAt"], &answer["refreshTokenExpiresAt"]);
            assert_eq!(ends, (&json!((NOW + access) * 1_000), &json!((NOW + refresh) * 1_000)), "{flags} {scopes}");
        }
        // A scope that was there before is no new one.
        let created = tenant.created(json!({"scopes": ["brief"], "accessTokenDuration": 3_000})).await;
        let answer = updated(&tenant, &created, over(both, json!({"scopes": ["brief", "write"]}))).await;
        assert_eq!(answer["accessTokenExpiresAt"], created["expiresAt"]);
    }
}

scenario! {
    async fn properties_are_replaced_and_an_empty_list_clears_them(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"properties": [{"key": "a", "value": "1"}]})).await;
        let answer = updated(&tenant, &created, json!({"properties": [{"key": "b", "value": "2"}]})).await;
        assert_eq!(answer["properties"], json!([{"key": "b", "value": "2", "hidden": false}]));
        let refreshed = tenant.refresh(WEB, &created["refreshToken"], json!({})).await;
        assert_eq!(refreshed["properties"], answer["properties"], "the next one has them as well");
        let answer = updated(&tenant, &refreshed, json!({"properties": []})).await;
        assert_eq!(answer.get("properties"), None);
        is_refused(&update(&tenant, &refreshed, json!({"properties": [{}]})).await, "BAD_REQUEST", "A136201");
    }
}

scenario! {
    async fn a_token_becomes_persistent_where_the_org_allows_it_and_does_not_stop_by_itself(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        let ask = json!({"accessTokenPersistent": true, "accessTokenExpiresAt": (NOW + 60) * 1_000});
        is_refused(&update(&tenant, &created, ask.clone()).await, "BAD_REQUEST", "A136205");
        tenant.set(json!({"allow_non_expiring": true})).await;
        assert_eq!(updated(&tenant, &created, ask).await["accessTokenExpiresAt"], 0);
        assert_eq!(updated(&tenant, &created, json!({"accessTokenPersistent": false})).await["accessTokenExpiresAt"], 0);
        app.clock.advance_ms(23 * 3_600_000);
        assert!(tenant.is_live(&created["accessToken"]).await);
        let bounded = updated(&tenant, &created, json!({"accessTokenExpiresAt": (NOW + 86_400) * 1_000})).await;
        assert_eq!(bounded["accessTokenExpiresAt"], json!((NOW + 86_400) * 1_000));
    }
}

scenario! {
    async fn a_token_can_be_bound_anew_but_not_freed(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"clientId": APP})).await;
        let answer = updated(&tenant, &created, json!({"certificateThumbprint": THUMBPRINT})).await;
        assert_eq!(answer["tokenType"], "Bearer");
        let answer = updated(&tenant, &created, json!({"dpopKeyThumbprint": THUMBPRINT})).await;
        assert_eq!(answer["tokenType"], "DPoP");
        let standard = tenant.standard(&created["accessToken"], json!({})).await;
        assert_eq!(standard["cnf"], json!({"x5t#S256": THUMBPRINT, "jkt": THUMBPRINT}));
        assert_eq!(updated(&tenant, &created, json!({})).await["tokenType"], "DPoP");
        is_action(&tenant.refresh(APP, &created["refreshToken"], json!({})).await, "BAD_REQUEST", "A254302");
        for bad in [json!({"dpopKeyThumbprint": "x"}), json!({"certificateThumbprint": "x"}), json!({"authorizationDetails": {"elements": [{}]}})] {
            is_refused(&update(&tenant, &created, bad).await, "BAD_REQUEST", "A136201");
        }
    }
}
