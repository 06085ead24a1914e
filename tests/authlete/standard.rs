//! `auth/introspection/standard` (RFC 7662) and `auth/revocation` (RFC 7009) of Authlete's API.

use serde_json::{Value, json};

use super::tenant::{
    APP, BRIEF, LOCKED, ROBOT, Tenant, WEB, content, encoded, is_action, is_denied, secret, text, token_request,
};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;
const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

scenario! {
    async fn an_active_token_is_told_as_rfc_7662_has_it(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({
            "scopes": ["read", "write"], "resources": ["urn:a"], "acr": "gold", "authTime": NOW - 60, "certificateThumbprint": THUMBPRINT,
            "authorizationDetails": {"elements": [{"type": "t", "dataTypes": ["d"]}]},
            "properties": [{"key": "shown", "value": "1"}, {"key": "kept", "value": "2", "hidden": true}, {"key": "sub", "value": "forged"},
                {"key": "token_use", "value": "forged"}],
        })).await;
        let ask = json!({"parameters": format!("token={}", text(&created["accessToken"]))});
        let answer = tenant.post("auth/introspection/standard", ask).await;
        is_action(&answer, "OK", "A145001");
        assert_eq!(answer["resultMessage"], "[A145001] Introspection was performed successfully (type=access_token, active=true).");
        let expected = json!({
            "active": true, "iss": "https://jeton.example", "sub": "john", "client_id": "1001", "scope": "read write", "aud": ["urn:a"],
            "token_type": "Bearer", "iat": NOW, "exp": NOW + 3_600, "acr": "gold", "auth_time": NOW - 60, "cnf": {"x5t#S256": THUMBPRINT},
            "authorization_details": [{"type": "t", "datatypes": ["d"]}], "shown": "1",
        });
        assert_eq!(content(&answer), expected);
        let with_hidden = tenant.standard(&created["accessToken"], json!({"withHiddenProperties": true})).await;
        assert_eq!((&with_hidden["kept"], &with_hidden["sub"]), (&json!("2"), &json!("john")));
        let refresh = tenant.post("auth/introspection/standard", json!({"parameters": format!("token={}", text(&created["refreshToken"]))})).await;
        assert_eq!(refresh["resultMessage"], "[A145001] Introspection was performed successfully (type=refresh_token, active=true).");
        assert_eq!((&content(&refresh)["exp"], content(&refresh).get("token_type")), (&json!(NOW + 2_592_000), None));
        assert_eq!(content(&refresh)["token_use"], "refresh_token", "what is attached replaces no claim");
        let own = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS", "scopes": null})).await;
        let least = tenant.standard(&own["accessToken"], json!({})).await;
        let expected = json!({
            "active": true, "iss": "https://jeton.example", "client_id": "1001", "token_type": "Bearer", "iat": NOW, "exp": NOW + 3_600,
        });
        assert_eq!(least, expected);
    }
}

scenario! {
    async fn what_is_not_active_is_told_by_one_word(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let create = async |more: Value| tenant.created(more).await;
        let (live, revoked) = (create(json!({})).await, create(json!({})).await);
        let short = create(json!({"accessTokenDuration": 1, "refreshTokenDuration": 1})).await;
        let replaced = create(json!({"clientId": APP})).await;
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": revoked["accessToken"]})).await;
        let second = tenant.refresh(APP, &replaced["refreshToken"], json!({})).await;
        let third = tenant.refresh(APP, &second["refreshToken"], json!({})).await;
        let theirs = other.created(json!({})).await;
        let row = tenant.list("").await.0[0].clone();
        app.clock.advance_ms(1_000);
        for token in [
            &json!("x"), &revoked["accessToken"], &revoked["refreshToken"], &short["accessToken"], &short["refreshToken"],
            &replaced["accessToken"], &replaced["refreshToken"], &theirs["accessToken"], &theirs["jwtAccessToken"], &theirs["refreshToken"],
            &row["accessTokenHash"], &row["refreshTokenHash"], &json!(app.admin),
        ] {
            let answer = tenant.post("auth/introspection/standard", json!({"parameters": format!("token={}", text(token))})).await;
            is_action(&answer, "OK", "A145001");
            assert_eq!(answer["resultMessage"], "[A145001] Introspection was performed successfully (active=false).");
            assert_eq!(answer["responseContent"], "{\"active\":false}");
        }
        for token in [&live["accessToken"], &live["refreshToken"], &third["accessToken"], &third["refreshToken"]] {
            assert_eq!(tenant.standard(token, json!({})).await["active"], true);
        }
    }
}

scenario! {
    /// It is active as long as it is good for a repetition, and no longer.
    async fn a_refresh_token_that_was_just_replaced_is_active_only_where_it_may_be_repeated(app) {
        let tenant = Tenant::opaque(app).await;
        let create = async || tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        let first = create().await;
        tenant.refresh(APP, &first, json!({})).await;
        app.clock.advance_ms(60_000);
        assert_eq!(tenant.standard(&first, json!({})).await["active"], true);
        app.clock.advance_ms(1);
        assert_eq!(tenant.standard(&first, json!({})).await, json!({"active": false}));
        tenant.set(json!({"refresh_token_idempotent": false})).await;
        let once = create().await;
        tenant.refresh(APP, &once, json!({})).await;
        assert_eq!(tenant.standard(&once, json!({})).await, json!({"active": false}));
    }
}

scenario! {
    async fn a_hint_and_who_asks_are_taken_into_account(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"resources": ["urn:a"]})).await;
        for token in ["accessToken", "refreshToken"] {
            for hint in ["access_token", "refresh_token", "pigeon"] {
                let parameters = format!("token_type_hint={hint}&token={}", text(&created[token]));
                let answer = tenant.post("auth/introspection/standard", json!({ "parameters": parameters })).await;
                assert_eq!(content(&answer)["active"], true, "{token} {hint}");
            }
        }
        for (server, active) in [("urn:a", true), ("urn:b", false)] {
            let answer = tenant.standard(&created["accessToken"], json!({ "rsUri": server })).await;
            assert_eq!(answer["active"], active, "{server}");
        }
        for (ask, action, code, error) in [
            (json!({}), "INTERNAL_SERVER_ERROR", "A144201", "server_error"),
            (json!({"parameters": "x=y"}), "BAD_REQUEST", "A144305", "invalid_request"),
            (json!({"parameters": "token=%zz"}), "BAD_REQUEST", "A144301", "invalid_request"),
            (json!({"parameters": "token=a&token=b"}), "BAD_REQUEST", "A144301", "invalid_request"),
        ] {
            is_denied(&tenant.post("auth/introspection/standard", ask).await, action, code, error);
        }
    }
}

/// The answer to a revocation by a client that authenticates as it must.
async fn revoke(tenant: &Tenant<'_>, client: u64, token: &Value, more: &str) -> Value {
    let parameters = format!("token={}{more}", encoded(text(token)));
    tenant.post("auth/revocation", token_request(tenant.org, client, &parameters, json!({}))).await
}

scenario! {
    async fn a_client_revokes_its_tokens_in_pairs(app) {
        let tenant = Tenant::opaque(app).await;
        let other = tenant.created(json!({})).await;
        for (client, hint) in [(WEB, ""), (WEB, "&token_type_hint=refresh_token"), (APP, "&token_type_hint=access_token"), (APP, "&token_type_hint=x")] {
            for which in ["accessToken", "refreshToken"] {
                let created = tenant.created(json!({ "clientId": client })).await;
                let answer = revoke(&tenant, client, &created[which], hint).await;
                let expected = json!({"resultCode": "A113001", "resultMessage": "[A113001] The token has been revoked successfully.", "action": "OK"});
                assert_eq!(answer, expected, "{client} {which} {hint}");
                assert!(!tenant.is_live(&created["accessToken"]).await);
                assert_eq!(tenant.standard(&created["refreshToken"], json!({})).await["active"], false);
                assert_eq!(revoke(&tenant, client, &created[which], hint).await, expected, "again");
            }
        }
        assert!(tenant.is_live(&other["accessToken"]).await);
        assert_eq!(revoke(&tenant, WEB, &json!("unknown"), "").await["action"], "OK");
        let jwts = Tenant::jwt(app).await;
        let created = jwts.created(json!({})).await;
        revoke(&jwts, WEB, &created["jwtAccessToken"], "").await;
        assert!(!jwts.is_live(&created["accessToken"]).await);
    }
}

scenario! {
    async fn the_token_of_another_client_or_service_stays(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let (mine, theirs) = (tenant.created(json!({})).await, other.created(json!({})).await);
        for token in [&mine["accessToken"], &mine["refreshToken"]] {
            is_denied(&revoke(&tenant, BRIEF, token, "").await, "BAD_REQUEST", "A112306", "invalid_request");
        }
        for token in [&theirs["accessToken"], &theirs["jwtAccessToken"], &theirs["refreshToken"]] {
            assert_eq!(revoke(&tenant, WEB, token, "").await["action"], "OK", "to be unknown is as good as revoked");
        }
        assert!(tenant.is_live(&mine["accessToken"]).await && other.is_live(&theirs["accessToken"]).await);
        // Whose value it was is nobody's any more, and what the list shows names nothing here.
        let replaced = tenant.created(json!({"clientId": APP})).await;
        let next = tenant.refresh(APP, &replaced["refreshToken"], json!({})).await;
        revoke(&tenant, APP, &replaced["accessToken"], "").await;
        let row = tenant.list("clientIdentifier=1002").await.0[0].clone();
        revoke(&tenant, APP, &row["accessTokenHash"], "").await;
        revoke(&tenant, APP, &row["refreshTokenHash"], "&token_type_hint=refresh_token").await;
        assert!(tenant.is_live(&next["accessToken"]).await);
    }
}

scenario! {
    async fn a_client_must_authenticate_to_revoke(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        let parameters = format!("token={}", text(&created["accessToken"]));
        let ask = async |more: Value| {
            let mut request = json!({ "parameters": parameters });
            request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            tenant.post("auth/revocation", request).await
        };
        for (more, code) in [
            (json!({"clientId": "1001", "clientSecret": "wrong"}), "A112310"),
            (json!({"clientId": "4711", "clientSecret": "x"}), "A112310"),
            (json!({"clientId": "1001"}), "A112310"),
            (json!({}), "A112311"),
            (json!({"clientId": LOCKED.to_string(), "clientSecret": secret(tenant.org, LOCKED)}), "A112312"),
        ] {
            is_denied(&ask(more).await, "INVALID_CLIENT", code, "invalid_client");
        }
        assert!(tenant.is_live(&created["accessToken"]).await);
        for (body, action, code, error) in [
            (json!({}), "INTERNAL_SERVER_ERROR", "A112201", "server_error"),
            (token_request(tenant.org, WEB, "a=b", json!({})), "BAD_REQUEST", "A112305", "invalid_request"),
            (token_request(tenant.org, ROBOT, "token=%zz", json!({})), "BAD_REQUEST", "A112301", "invalid_request"),
        ] {
            is_denied(&tenant.post("auth/revocation", body).await, action, code, error);
        }
    }
}

scenario! {
    /// RFC 7009 section 2.3.
    async fn a_callback_is_called_and_nothing_else_can_be(app) {
        let tenant = Tenant::opaque(app).await;
        let answer = revoke(&tenant, WEB, &json!("unknown"), "&callback=package.done_1").await;
        assert_eq!((&answer["action"], &answer["responseContent"]), (&json!("OK"), &json!("package.done_1();")));
        for bad in ["alert(1)//", "a b", "a;b", "%3Cscript%3E"] {
            let answer = revoke(&tenant, WEB, &json!("unknown"), &format!("&callback={bad}")).await;
            is_denied(&answer, "BAD_REQUEST", "A112301", "invalid_request");
        }
    }
}
