//! The rules that break an SDK if they are broken: contract `authlete` section 1. Those that a unit test or an SDK's own test
//! holds as well have the same number there.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::lambda;

use super::tenant::{OPAQUE, ROBOT, Tenant, WEB, content, creation, encoded, members, text, token_request, v2};
use crate::support::{App, Mount, scenario};

scenario! {
    async fn rule_01_requests_and_answers_are_in_camel_case(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"accessTokenDuration": 60, "access_token_duration": 5})).await;
        assert_eq!(created["expiresIn"], 60);
        assert!(members(&created).iter().all(|name| name.bytes().all(|b| b.is_ascii_alphanumeric())));
    }
}

scenario! {
    /// As Java and Python send it: every member, each time.
    async fn rule_03_null_zero_and_false_are_not_given(app) {
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
    async fn rule_04_what_a_newer_sdk_adds_is_ignored(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(json!({"hairColour": {"a": [1, {"b": null}]}})).await;
        let answer = tenant.token(ROBOT, "grant_type=client_credentials&newer=1", json!({"cimdOptions": {"httpPermitted": true}, "newer": []})).await;
        assert_eq!(answer["action"], "OK");
        tenant.get("auth/token/get/list?newer=1").await;
    }
}

scenario! {
    /// `ok` in every one of these: HTTP says 200, whatever the action is.
    async fn rule_05_a_bad_outcome_is_a_200_with_its_action(app) {
        let tenant = Tenant::opaque(app).await;
        for (path, body, action) in [
            ("auth/token", json!({}), "INTERNAL_SERVER_ERROR"),
            ("auth/token", json!({"parameters": "a=b"}), "BAD_REQUEST"),
            ("auth/token", json!({"parameters": "grant_type=client_credentials", "clientId": "1"}), "INVALID_CLIENT"),
            ("auth/token/issue", json!({}), "INTERNAL_SERVER_ERROR"),
            ("auth/token/fail", json!({}), "INTERNAL_SERVER_ERROR"),
            ("auth/token/create", json!({}), "BAD_REQUEST"),
            ("auth/token/create", creation(json!({"clientId": 4_711})), "FORBIDDEN"),
            ("auth/token/update", json!({}), "BAD_REQUEST"),
            ("auth/token/update", json!({"accessToken": "x"}), "NOT_FOUND"),
            ("auth/introspection", json!({}), "BAD_REQUEST"),
            ("auth/introspection", json!({"token": "x"}), "UNAUTHORIZED"),
            ("auth/introspection/standard", json!({}), "INTERNAL_SERVER_ERROR"),
            ("auth/introspection/standard", json!({"parameters": "a=b"}), "BAD_REQUEST"),
            ("auth/revocation", json!({}), "INTERNAL_SERVER_ERROR"),
            ("auth/revocation", json!({"parameters": "token=x"}), "INVALID_CLIENT"),
        ] {
            assert_eq!(tenant.post(path, body.clone()).await["action"], action, "{path} {body}");
        }
    }
}

scenario! {
    async fn rule_06_grants_and_types_are_upper_case_constants(app) {
        let tenant = Tenant::opaque(app).await;
        let answer = tenant.token(WEB, "grant_type=client_credentials", json!({})).await;
        assert_eq!((&answer["grantType"], &answer["clientAuthMethod"]), (&json!("CLIENT_CREDENTIALS"), &json!("CLIENT_SECRET_BASIC")));
        assert_eq!(tenant.create(json!({"grantType": "client_credentials"})).await["action"], "BAD_REQUEST");
    }
}

scenario! {
    async fn rule_07_a_client_s_id_is_a_number_in_json_and_text_in_forms(app) {
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
    async fn rule_09_a_client_is_created_with_200(app) {
        let tenant = Tenant::opaque(app).await;
        assert_eq!(app.post(&tenant.path("client/create"), Some(&app.admin), json!({})).await.status, 200);
    }
}

scenario! {
    async fn rule_10_a_deletion_is_204_without_a_body(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({})).await;
        for token in [text(&created["accessToken"]), text(&created["accessToken"]), "unknown"] {
            app.delete(&tenant.path(&format!("auth/token/delete/{token}")), &app.admin).await.is_empty();
        }
    }
}

scenario! {
    async fn rule_11_every_answer_with_a_body_is_application_json(app) {
        let tenant = Tenant::opaque(app).await;
        let bearer = format!("Bearer {}", app.admin);
        let mut answers = Vec::new();
        for (method, path, authorization, body, status) in [
            (Method::POST, "auth/token/create", &*bearer, Some(creation(json!({}))), 200),
            (Method::POST, "auth/token/revoke", &bearer, Some(json!({})), 400),
            (Method::POST, "auth/token/create", "Bearer x", Some(json!({})), 401),
            (Method::GET, "nope", &bearer, None, 404),
            (Method::GET, "client/get/4711", &bearer, None, 404),
            (Method::GET, "auth/token/create", &bearer, None, 405),
        ] {
            let answer = tenant.send(method, path, authorization, body).await;
            assert_eq!(answer.status, status, "{path}");
            answers.push(answer);
        }
        answers.push(Tenant::of(app, "200").send(Method::GET, "service/jwks/get", &bearer, None).await);
        assert_eq!(answers.last().unwrap().status, 403);
        for answer in answers {
            assert_eq!(answer.headers["content-type"], "application/json");
            assert!(answer.json()["resultCode"].is_string() || answer.status == 200);
        }
    }
}

scenario! {
    async fn rule_12_authorization_details_are_an_object_with_elements(app) {
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
    async fn rule_13_properties_come_as_a_list_or_as_the_text_of_one(app) {
        let tenant = Tenant::opaque(app).await;
        for properties in [json!([{"key": "k", "value": "v"}]), json!("[{\"key\":\"k\",\"value\":\"v\"}]")] {
            let answer = tenant.token(WEB, "grant_type=client_credentials", json!({ "properties": properties })).await;
            assert_eq!(answer["properties"], json!([{"key": "k", "value": "v", "hidden": false}]), "{properties}");
            assert_eq!(content(&answer)["k"], "v");
        }
    }
}

scenario! {
    async fn rule_16_booleans_of_a_query_have_any_case(app) {
        let tenant = Tenant::opaque(app).await;
        for value in ["true", "True", "TRUE"] {
            let answer = app.get(&tenant.path(&format!("service/configuration?pretty={value}")), &app.admin).await;
            answer.ok();
            assert!(answer.body.contains(&b'\n'), "{value}");
        }
    }
}

scenario! {
    /// TypeScript encodes the token and sends an empty `cookie`; Python doesn't, and says what type its missing body has.
    async fn rule_17_a_token_in_the_path_may_be_encoded_or_not(app) {
        let tenant = Tenant::opaque(app).await;
        for (value, path) in [("a.b/c+d==", "a.b%2Fc%2Bd%3D%3D"), ("e.f/g+h==", "e.f/g+h=="), ("i~j", "i~j")] {
            tenant.created(json!({ "accessToken": value })).await;
            let request = Request::delete(tenant.path(&format!("auth/token/delete/{path}"))).header("authorization", format!("Bearer {}", app.admin));
            let request = request.header("cookie", "").header("content-type", "application/json").header("content-length", "0");
            app.send(request.body(Bytes::new()).unwrap()).await.is_empty();
            assert!(!tenant.is_live(&json!(value)).await, "{value}");
        }
    }
}

scenario! {
    async fn rule_18_the_list_takes_the_status_that_java_always_sends(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(json!({})).await;
        for (status, count) in [("ALL", 1), ("VALID", 1), ("INVALID", 0)] {
            assert_eq!(tenant.list(&format!("start=0&end=5&tokenStatus={status}")).await.1, count, "{status}");
        }
    }
}

/// A stage is the prefix that a base URL has in AWS. Whatever else stands in front of `/api` a proxy takes away.
#[tokio::test]
async fn rule_19_the_base_url_may_have_a_path() {
    let app = App::new(Mount::InProcess).await;
    Tenant::opaque(&app).await;
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/prefix/api/100/auth/token/get/list", "rawQueryString": "", "isBase64Encoded": false,
        "headers": {"authorization": format!("Bearer {}", app.admin)},
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "p", "requestId": "r-1", "routeKey": "$default", "stage": "prefix",
            "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1,
            "http": {"method": "GET", "path": "/prefix/api/100/auth/token/get/list", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a"},
        },
    });
    let answer = lambda::invoke(app.service.clone(), &event.to_string()).await.unwrap();
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&answer["statusCode"], &body["totalCount"]), (&json!(200), &json!(0)));
}

scenario! {
    async fn rule_20_response_content_is_text_for_others_to_send_on(app) {
        let tenant = Tenant::opaque(app).await;
        let answer = tenant.token(WEB, "grant_type=client_credentials&scope=unknown", json!({})).await;
        assert!(answer["responseContent"].is_string());
        // A null within the text is fine: RFC 6749 has no scope there, and the SDKs don't look.
        assert!(content(&answer)["scope"].is_null() && content(&answer).as_object().unwrap().contains_key("scope"));
        let challenge = v2(app, OPAQUE, "auth/introspection", json!({"token": encoded("x")})).await.ok();
        assert!(text(&challenge["responseContent"]).starts_with("Bearer error="));
    }
}
