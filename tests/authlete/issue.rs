//! `auth/token/issue` and `auth/token/fail` of Authlete's API.

use serde_json::{Value, json};

use super::proofs::{TOKEN_ENDPOINT, proof};
use super::tenant::{OPAQUE, Tenant, WEB, content, is_action, is_denied, members, over, secret, text, v2};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;

async fn issue(tenant: &Tenant<'_>, ticket: &str, more: Value) -> Value {
    tenant.post("auth/token/issue", over(json!({"ticket": ticket, "subject": "john"}), more)).await
}

async fn fail(tenant: &Tenant<'_>, ticket: &str, reason: &str) -> Value {
    tenant.post("auth/token/fail", json!({"ticket": ticket, "reason": reason})).await
}

scenario! {
    async fn a_ticket_becomes_a_token_with_what_the_request_had(app) {
        let tenant = Tenant::opaque(app).await;
        let parameters = "grant_type=password&username=a&password=b&scope=write&resource=urn:a";
        let properties = json!({"properties": [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]});
        let requested = tenant.post("auth/token", by_alias(parameters, properties)).await;
        let more = json!({
            "properties": [{"key": "b", "value": "2", "hidden": true}, {"key": "c", "value": "2"}],
            "accessTokenDuration": 600, "refreshTokenDuration": 7_200,
        });
        let mut issued = issue(&tenant, text(&requested["ticket"]), more).await;
        let mut take = |name: &str| issued.as_object_mut().unwrap().remove(name).unwrap();
        let (access, refresh, said) = (take("accessToken"), take("refreshToken"), take("responseContent"));
        let said: Value = serde_json::from_str(text(&said)).unwrap();
        assert_eq!(
            said,
            json!({
                "access_token": access, "token_type": "Bearer", "expires_in": 600, "scope": "write", "refresh_token": refresh, "a": "1", "c": "2",
            })
        );
        assert_eq!(
            issued,
            json!({
                "resultCode": "A054001", "resultMessage": "[A054001] The token request (grant_type=password) was processed successfully.",
                "action": "OK", "accessTokenExpiresAt": (NOW + 600) * 1_000, "accessTokenDuration": 600,
                "refreshTokenExpiresAt": (NOW + 7_200) * 1_000, "refreshTokenDuration": 7_200, "refreshTokenScopes": ["write"],
                "clientId": WEB, "clientIdAlias": "web", "clientIdAliasUsed": true, "subject": "john", "scopes": ["write"],
                "properties": [{"key": "a", "value": "1", "hidden": false}, {"key": "b", "value": "2", "hidden": true}, {"key": "c", "value": "2", "hidden": false}],
                "accessTokenResources": ["urn:a"],
                "serviceAttributes": [{"key": "region", "value": "north"}], "clientAttributes": [{"key": "plan", "value": "free"}],
            })
        );
        let introspected = tenant.introspect(&access, json!({})).await;
        assert_eq!((&introspected["action"], &introspected["grantType"], &introspected["resources"]), (&json!("OK"), &json!("PASSWORD"), &json!(["urn:a"])));
    }
}

/// A request in which the client is named by its alias.
fn by_alias(parameters: &str, more: Value) -> Value {
    over(json!({"parameters": parameters, "clientId": "web", "clientSecret": secret(OPAQUE, WEB)}), more)
}

scenario! {
    async fn a_ticket_works_once(app) {
        let tenant = Tenant::opaque(app).await;
        let ticket = tenant.ticket(json!({})).await;
        is_action(&issue(&tenant, &ticket, json!({})).await, "OK", "A054001");
        is_denied(&issue(&tenant, &ticket, json!({})).await, "INTERNAL_SERVER_ERROR", "A055202", "server_error");
        is_denied(&fail(&tenant, &ticket, "UNKNOWN").await, "INTERNAL_SERVER_ERROR", "A066202", "server_error");
        let ticket = tenant.ticket(json!({})).await;
        is_action(&fail(&tenant, &ticket, "INVALID_TARGET").await, "BAD_REQUEST", "A067302");
        is_denied(&fail(&tenant, &ticket, "INVALID_TARGET").await, "INTERNAL_SERVER_ERROR", "A066202", "server_error");
        is_denied(&issue(&tenant, &ticket, json!({})).await, "INTERNAL_SERVER_ERROR", "A055202", "server_error");
        assert_eq!(tenant.list("").await.1, 1);
    }
}

scenario! {
    async fn a_ticket_lives_for_twenty_four_hours(app) {
        let tenant = Tenant::opaque(app).await;
        let (first, second) = (tenant.ticket(json!({})).await, tenant.ticket(json!({})).await);
        app.clock.advance_ms(86_399_000);
        let body = |ticket: &str| json!({"ticket": ticket, "subject": "john"});
        let issued = v2(app, OPAQUE, "auth/token/issue", body(&first)).await.ok();
        is_action(&issued, "OK", "A054001");
        app.clock.advance_ms(2_000);
        let late = v2(app, OPAQUE, "auth/token/issue", body(&second)).await.ok();
        is_denied(&late, "INTERNAL_SERVER_ERROR", "A055202", "server_error");
    }
}

scenario! {
    async fn a_call_that_failed_leaves_the_ticket(app) {
        let tenant = Tenant::opaque(app).await;
        let ticket = tenant.ticket(json!({})).await;
        for (more, code) in [
            (json!({"subject": null}), "A055201"),
            (json!({"subject": "a".repeat(256)}), "A055201"),
            (json!({"subject": "ü"}), "A055201"),
            (json!({"jwtAtClaims": "[]"}), "A055201"),
            (json!({"properties": [{}]}), "A055201"),
            (json!({"accessTokenDuration": 86_401}), "A055205"),
            (json!({"ticket": null}), "A055201"),
            (json!({"ticket": "x"}), "A055202"),
            (json!({"ticket": "A".repeat(43)}), "A055202"),
        ] {
            let answer = issue(&tenant, &ticket, more).await;
            is_denied(&answer, "INTERNAL_SERVER_ERROR", code, "server_error");
            assert_eq!(members(&answer), ["action", "responseContent", "resultCode", "resultMessage"]);
        }
        for (ticket, reason, code) in [(&*ticket, "BORED", "A066201"), (&ticket, "", "A066201"), ("", "UNKNOWN", "A066201"), ("x", "UNKNOWN", "A066202")] {
            is_denied(&fail(&tenant, ticket, reason).await, "INTERNAL_SERVER_ERROR", code, "server_error");
        }
        is_action(&issue(&tenant, &ticket, json!({})).await, "OK", "A054001");
    }
}

scenario! {
    async fn each_reason_has_its_error(app) {
        let tenant = Tenant::opaque(app).await;
        for (reason, action, code, error) in [
            ("INVALID_RESOURCE_OWNER_CREDENTIALS", "BAD_REQUEST", "A067301", "invalid_request"),
            ("INVALID_TARGET", "BAD_REQUEST", "A067302", "invalid_target"),
            ("UNKNOWN", "INTERNAL_SERVER_ERROR", "A067303", "server_error"),
            ("INVALID_CLIENT", "BAD_REQUEST", "A067304", "invalid_client"),
            ("UNAUTHORIZED_CLIENT", "BAD_REQUEST", "A067305", "unauthorized_client"),
            ("INVALID_SCOPE", "BAD_REQUEST", "A067306", "invalid_scope"),
        ] {
            let ticket = tenant.ticket(json!({})).await;
            let answer = fail(&tenant, &ticket, reason).await;
            is_denied(&answer, action, code, error);
            assert_eq!(members(&answer), ["action", "responseContent", "resultCode", "resultMessage"]);
        }
    }
}

scenario! {
    /// For a flow both the service and the client are asked.
    async fn a_refresh_token_comes_only_to_a_client_that_may_refresh(app) {
        let tenant = Tenant::opaque(app).await;
        let only = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["PASSWORD"]});
        let client = tenant.post("client/create", only).await;
        let request = json!({
            "parameters": "grant_type=password&username=a&password=b", "clientId": client["clientId"].to_string(), "clientSecret": client["clientSecret"],
        });
        let requested = tenant.post("auth/token", request).await;
        let issued = issue(&tenant, text(&requested["ticket"]), json!({"refreshTokenDuration": 60})).await;
        assert_eq!(issued["action"], "OK");
        for absent in ["refreshToken", "refreshTokenExpiresAt", "refreshTokenDuration", "refreshTokenScopes"] {
            assert_eq!(issued.get(absent), None);
        }
        assert_eq!(content(&issued).get("refresh_token"), None);
        tenant.set(json!({"supported_grants": ["password"]})).await;
        let ticket = tenant.ticket(json!({})).await;
        assert_eq!(issue(&tenant, &ticket, json!({})).await.get("refreshToken"), None);
    }
}

scenario! {
    async fn a_ticket_is_its_service_s_and_needs_its_client(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let ticket = tenant.ticket(json!({})).await;
        is_denied(&issue(&other, &ticket, json!({})).await, "INTERNAL_SERVER_ERROR", "A055202", "server_error");
        is_denied(&fail(&other, &ticket, "UNKNOWN").await, "INTERNAL_SERVER_ERROR", "A066202", "server_error");
        tenant.post("client/lock_flag/update/1001", json!({"clientLocked": true})).await;
        is_denied(&issue(&tenant, &ticket, json!({})).await, "INTERNAL_SERVER_ERROR", "A001215", "server_error");
        tenant.post("client/lock_flag/update/1001", json!({"clientLocked": false})).await;
        is_action(&issue(&tenant, &ticket, json!({})).await, "OK", "A054001");
        let ticket = tenant.ticket(json!({})).await;
        app.delete(&tenant.path("client/delete/1001"), &app.admin).await.is_empty();
        is_denied(&issue(&tenant, &ticket, json!({})).await, "INTERNAL_SERVER_ERROR", "A055202", "server_error");
    }
}

scenario! {
    /// A ticket keeps the key that the token request proved.
    async fn a_ticket_binds_the_token_to_the_key_of_its_request(app) {
        let tenant = Tenant::opaque(app).await;
        let ticket = tenant.ticket(json!({"dpop": proof("a", "POST", TOKEN_ENDPOINT, None)})).await;
        let issued = issue(&tenant, &ticket, json!({})).await;
        assert_eq!(content(&issued)["token_type"], "DPoP");
        is_action(&tenant.introspect(&issued["accessToken"], json!({})).await, "UNAUTHORIZED", "A065308");
        let again = json!({"dpop": proof("b", "POST", TOKEN_ENDPOINT, None)});
        assert_eq!(content(&tenant.refresh(WEB, &issued["refreshToken"], again).await)["token_type"], "DPoP");
    }
}

scenario! {
    /// Only one token of a client for each subject.
    async fn what_is_issued_ends_what_was_issued_where_a_subject_may_have_one(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"single_token_per_subject": true})).await;
        let mut tokens = Vec::new();
        for subject in ["john", "john", "mary"] {
            app.clock.advance_ms(1);
            let ticket = tenant.ticket(json!({})).await;
            tokens.push(issue(&tenant, &ticket, json!({ "subject": subject })).await);
        }
        let mut live = Vec::new();
        for token in &tokens {
            live.push(tenant.is_live(&token["accessToken"]).await);
        }
        assert_eq!(live, [false, true, true]);
        is_denied(&tenant.refresh(WEB, &tokens[0]["refreshToken"], json!({})).await, "BAD_REQUEST", "A053301", "invalid_grant");
    }
}
