//! The rules of Authlete's API that break an SDK if they are broken. The others are held by `edge`, by unit tests of
//! `shared::api::authlete`, and by the SDKs' own tests.

use serde_json::json;

use super::tenant::{OPAQUE, ROBOT, Tenant, WEB, content, encoded, members, text, token_request, v2};
use crate::support::scenario;

scenario! {
    async fn requests_and_answers_are_in_camel_case(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"accessTokenDuration": 60, "access_token_duration": 5})).await;
        assert_eq!(created["expiresIn"], 60);
        assert!(members(&created).iter().all(|name| name.bytes().all(|b| b.is_ascii_alphanumeric())));
    }
}

scenario! {
    /// As Java and Python send it: every member, each time.
    async fn null_zero_and_false_are_not_given(app) {
        let tenant = Tenant::opaque(app).await;
        let body = json!({
            "grantType": "PASSWORD", "clientId": WEB, "clientIdentifier": null, "subject": "john", "scopes": null, "accessTokenDuration": 0,
            "refreshTokenDuration": 0, "properties": null, "clientIdAliasUsed": false, "clientEntityIdUsed": false, "accessToken": null,
            "refreshToken": null, "accessTokenPersistent": false, "certificateThumbprint": null, "dpopKeyThumbprint": null,
            "authorizationDetails": null, "resources": null, "forExternalAttachment": false, "jwtAtClaims": null, "acr": null, "authTime": 0,
            "clientEntityId": null, "sessionId": null,
        });
        assert_eq!(tenant.post("auth/token/create", body).await["expiresIn"], 3_600);
        let token = tenant.created(json!({})).await;
        let body = json!({
            "token": token["accessToken"], "scopes": null, "subject": null, "clientCertificate": null, "dpop": null, "htm": null, "htu": null,
            "resources": null, "acrValues": null, "maxAge": 0, "uri": null, "headers": null, "requestBodyContained": false,
        });
        assert_eq!(tenant.post("auth/introspection", body).await["action"], "OK");
    }
}

scenario! {
    async fn what_a_newer_sdk_adds_is_ignored(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(json!({"hairColour": {"a": [1, {"b": null}]}})).await;
        let answer = tenant.token(ROBOT, "grant_type=client_credentials&newer=1", json!({"cimdOptions": {"httpPermitted": true}, "newer": []})).await;
        assert_eq!(answer["action"], "OK");
        tenant.get("auth/token/get/list?newer=1").await;
    }
}

scenario! {
    async fn grants_and_types_are_upper_case_constants(app) {
        let tenant = Tenant::opaque(app).await;
        let answer = tenant.token(WEB, "grant_type=client_credentials", json!({})).await;
        assert_eq!((&answer["grantType"], &answer["clientAuthMethod"]), (&json!("CLIENT_CREDENTIALS"), &json!("CLIENT_SECRET_BASIC")));
        assert_eq!(tenant.create(json!({"grantType": "client_credentials"})).await["action"], "BAD_REQUEST");
    }
}

scenario! {
    async fn a_client_s_id_is_a_number_in_json_and_text_in_forms(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        assert!(created["clientId"].is_u64() && created["clientIdentifier"].is_string());
        assert!(tenant.standard(&created["accessToken"], json!({})).await["client_id"].is_string());
        for id in [json!("1001"), json!(1_001)] {
            let body = token_request(OPAQUE, WEB, "grant_type=client_credentials", json!({ "clientId": id }));
            let answer = app.post(&tenant.path("auth/token"), Some(&app.admin), body).await;
            assert_eq!(answer.status, if id.is_string() { 200 } else { 400 }, "in a token request it is text");
        }
        // The service's number is all digits, and any such org can be one.
        assert!(tenant.org.bytes().all(|b| b.is_ascii_digit()));
    }
}

scenario! {
    async fn authorization_details_are_an_object_with_elements(app) {
        let tenant = Tenant::opaque(app).await;
        let details = json!({"elements": [{
            "type": "t", "locations": ["l"], "actions": ["a"], "dataTypes": ["d"], "identifier": "i", "privileges": ["p"], "otherFields": "{\"x\":{\"y\":1}}",
        }]});
        let created = tenant.created(json!({ "authorizationDetails": details })).await;
        assert_eq!(created["authorizationDetails"], details);
        assert_eq!(tenant.introspect(&created["accessToken"], json!({})).await["authorizationDetails"], details);
    }
}

scenario! {
    async fn properties_come_as_a_list_or_as_the_text_of_one(app) {
        let tenant = Tenant::opaque(app).await;
        for properties in [json!([{"key": "k", "value": "v"}]), json!("[{\"key\":\"k\",\"value\":\"v\"}]")] {
            let answer = tenant.token(WEB, "grant_type=client_credentials", json!({ "properties": properties })).await;
            assert_eq!(answer["properties"], json!([{"key": "k", "value": "v", "hidden": false}]), "{properties}");
            assert_eq!(content(&answer)["k"], "v");
        }
    }
}

scenario! {
    async fn the_list_takes_the_status_that_java_always_sends(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(json!({})).await;
        for (status, count) in [("ALL", 1), ("VALID", 1), ("INVALID", 0)] {
            assert_eq!(tenant.list(&format!("start=0&end=5&tokenStatus={status}")).await.1, count, "{status}");
        }
    }
}

scenario! {
    async fn response_content_is_text_for_others_to_send_on(app) {
        let tenant = Tenant::opaque(app).await;
        let answer = tenant.token(WEB, "grant_type=client_credentials&scope=unknown", json!({})).await;
        assert!(answer["responseContent"].is_string());
        // A null within the text is fine: RFC 6749 has no scope there, and the SDKs don't look.
        assert!(content(&answer)["scope"].is_null() && content(&answer).as_object().unwrap().contains_key("scope"));
        let challenge = v2(app, OPAQUE, "auth/introspection", json!({"token": encoded("x")})).await.ok();
        assert!(text(&challenge["responseContent"]).starts_with("Bearer error="));
    }
}
