//! Who may call: every call, without credentials, with those of another service, without the scope that it needs. And what a
//! service has is nothing to another.

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::domain::scope::api;

use super::tenant::{JWT, OPAQUE, Tenant, WEB, api_secret, basic, creation, encoded, renamed, text, token_request, v2};
use crate::support::{self, Answer, App, scenario};

const POST: Method = Method::POST;
const GET: Method = Method::GET;

/// Every call but those about clients, with the scope that a bearer needs for it, if it needs any.
fn calls() -> Vec<(Method, &'static str, Option<Value>, Option<&'static str>)> {
    vec![
        (
            POST,
            "auth/token",
            Some(token_request(OPAQUE, WEB, "grant_type=client_credentials", json!({}))),
            Some(api::TOKENS_CREATE),
        ),
        (POST, "auth/authorization", Some(json!({"parameters": "client_id=1001"})), Some(api::TOKENS_CREATE)),
        (POST, "auth/authorization/issue", Some(json!({"ticket": "x", "subject": "john"})), Some(api::TOKENS_CREATE)),
        (POST, "auth/authorization/fail", Some(json!({"ticket": "x", "reason": "DENIED"})), Some(api::TOKENS_CREATE)),
        (POST, "auth/authorization/ticket/info", Some(json!({"ticket": "x"})), Some(api::TOKENS_CREATE)),
        (POST, "auth/authorization/ticket/update", Some(json!({"ticket": "x"})), Some(api::TOKENS_CREATE)),
        (POST, "device/authorization", Some(json!({"parameters": "client_id=1001"})), Some(api::TOKENS_CREATE)),
        (POST, "device/verification", Some(json!({"userCode": "x"})), Some(api::TOKENS_CREATE)),
        (POST, "device/complete", Some(json!({"userCode": "x"})), Some(api::TOKENS_CREATE)),
        (
            POST,
            "backchannel/authentication",
            Some(json!({"parameters": "scope=openid", "clientId": "1001"})),
            Some(api::TOKENS_CREATE),
        ),
        (POST, "backchannel/authentication/issue", Some(json!({"ticket": "x"})), Some(api::TOKENS_CREATE)),
        (
            POST,
            "backchannel/authentication/fail",
            Some(json!({"ticket": "x", "reason": "ACCESS_DENIED"})),
            Some(api::TOKENS_CREATE),
        ),
        (POST, "backchannel/authentication/complete", Some(json!({"ticket": "x"})), Some(api::TOKENS_CREATE)),
        (POST, "client/authorization/get/list", Some(json!({"subject": "ann"})), Some(api::TOKENS_READ)),
        (GET, "client/authorization/get/list/ann", None, Some(api::TOKENS_READ)),
        (POST, "client/authorization/update/1001", Some(json!({"subject": "ann"})), Some(api::TOKENS_CREATE)),
        (POST, "client/authorization/delete/1001", Some(json!({"subject": "ann"})), Some(api::TOKENS_REVOKE)),
        (Method::DELETE, "client/authorization/delete/1001/ann", None, Some(api::TOKENS_REVOKE)),
        (POST, "client/granted_scopes/get/1001", Some(json!({"subject": "ann"})), Some(api::TOKENS_READ)),
        (GET, "client/granted_scopes/get/1001/ann", None, Some(api::TOKENS_READ)),
        (POST, "client/granted_scopes/delete/1001", Some(json!({"subject": "ann"})), Some(api::TOKENS_REVOKE)),
        (Method::DELETE, "client/granted_scopes/delete/1001/ann", None, Some(api::TOKENS_REVOKE)),
        (POST, "idtoken/reissue", Some(json!({"accessToken": "x", "refreshToken": "x"})), Some(api::TOKENS_CREATE)),
        (POST, "pushed_auth_req", Some(json!({"parameters": "client_id=1001"})), Some(api::TOKENS_CREATE)),
        (POST, "auth/token/issue", Some(json!({"ticket": "x", "subject": "john"})), Some(api::TOKENS_CREATE)),
        (POST, "auth/token/fail", Some(json!({"ticket": "x", "reason": "UNKNOWN"})), Some(api::TOKENS_CREATE)),
        (POST, "auth/token/create", Some(creation(json!({}))), Some(api::TOKENS_CREATE)),
        (POST, "auth/token/create/batch", Some(json!([creation(json!({}))])), Some(api::TOKENS_CREATE)),
        (POST, "auth/token/update", Some(json!({"accessToken": "x"})), Some(api::TOKENS_CREATE)),
        (Method::DELETE, "auth/token/delete/x", None, Some(api::TOKENS_REVOKE)),
        (POST, "auth/token/revoke", Some(json!({"subject": "john"})), Some(api::TOKENS_REVOKE)),
        (POST, "auth/revocation", Some(json!({"parameters": "token=x"})), Some(api::TOKENS_REVOKE)),
        (GET, "auth/token/get/list", None, Some(api::TOKENS_READ)),
        (GET, "auth/token/create/batch/status/00000000000000000000000000000000", None, Some(api::TOKENS_READ)),
        (POST, "auth/introspection", Some(json!({"token": "x"})), Some(api::TOKENS_READ)),
        (POST, "auth/introspection/standard", Some(json!({"parameters": "token=x"})), Some(api::TOKENS_READ)),
        (POST, "auth/userinfo", Some(json!({"token": "x"})), Some(api::TOKENS_READ)),
        (POST, "auth/userinfo/issue", Some(json!({"token": "x"})), Some(api::TOKENS_READ)),
        (GET, "service/jwks/get", None, None),
        (GET, "service/configuration", None, None),
        (POST, "service/configuration", Some(json!({})), None),
    ]
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["resultCode"]), (status, &json!(code)), "{body}");
    assert!(text(&body["resultMessage"]).starts_with(&format!("[{code}] ")), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    assert_eq!(answer.headers["content-type"], "application/json");
}

/// Any request to any path.
async fn send(app: &App, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let request =
        headers.iter().fold(Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value));
    app.send(request.body(body.into()).unwrap()).await
}

scenario! {
    async fn without_good_credentials_every_call_is_401(app) {
        let tenant = Tenant::opaque(app).await;
        let ann = format!("Bearer {}x", app.admin);
        for (method, path, body, _) in calls() {
            let text = body.as_ref().map(Value::to_string).unwrap_or_default();
            let json = ("content-type", "application/json");
            let missing = send(app, method.clone(), &tenant.path(path), &[json], text.clone()).await;
            is_refused(&missing, 401, "A001202");
            // On a path with its number a service is named by a bearer, and DPoP isn't taken.
            for wrong in [&*ann, "Bearer x", "Bearer", &basic(OPAQUE), "DPoP x", "x"] {
                is_refused(&tenant.send(method.clone(), path, wrong, body.clone()).await, 401, "A001203");
            }
            let wrong = support::basic(OPAQUE, "wrong");
            let of_none = support::basic("4711", &api_secret(OPAQUE));
            let of_other = support::basic("1", &api_secret(OPAQUE));
            for wrong in [&*wrong, &of_none, &of_other, "Basic !", "Bearer x"] {
                let answer = send(app, method.clone(), &format!("/api/{path}"), &[("authorization", wrong), json], text.clone()).await;
                is_refused(&answer, 401, "A001203");
            }
        }
        assert_eq!(tenant.list("").await.1, 0);
    }
}

scenario! {
    async fn the_message_names_the_call(app) {
        let answer = send(app, POST, "/api/100/auth/token/create", &[("content-type", "application/json")], "{}").await;
        assert_eq!(answer.json()["resultMessage"], "[A001202] /auth/token/create, Authorization header is missing.");
        let answer = send(app, Method::DELETE, "/api/auth/token/delete/x", &[], "").await;
        assert_eq!(answer.json()["resultMessage"], "[A001202] /auth/token/delete, Authorization header is missing.");
    }
}

scenario! {
    /// The right that each call needs, and no other: one member for each.
    async fn a_member_needs_the_scope_of_the_call(app) {
        let tenant = Tenant::opaque(app).await;
        let scopes = [api::TOKENS_CREATE, api::TOKENS_READ, api::TOKENS_REVOKE];
        for held in scopes {
            let name = held.rsplit(':').next().unwrap();
            app.put(&format!("/v1/orgs/{OPAQUE}/members/{name}"), &app.admin, json!({ "scopes": [held] })).await.created();
            let bearer = format!("Bearer {}", app.token(OPAQUE, name, &[held]).await);
            for (method, path, body, needed) in calls() {
                let answer = tenant.send(method, path, &bearer, body).await;
                if needed.is_none_or(|needed| needed == held) {
                    assert!(!matches!(answer.status.as_u16(), 401 | 403), "{held} {path}: {answer:?}");
                } else {
                    is_refused(&answer, 403, "A001216");
                }
            }
        }
        // Held, but not on the token.
        let narrow = format!("Bearer {}", app.token(OPAQUE, "create", &[]).await);
        is_refused(&tenant.send(POST, "auth/token/create", &narrow, Some(creation(json!({})))).await, 403, "A001216");
    }
}

scenario! {
    async fn what_is_not_there_is_404_and_a_wrong_verb_405(app) {
        let tenant = Tenant::opaque(app).await;
        for path in ["/api/", "/api/100", "/api/100/nope", "/api/100/auth/token/nope", "/api/auth/token/create/nope", "/api/100/AUTH/TOKEN", "/api/100/auth/token/delete/"] {
            is_refused(&app.get(path, &app.admin).await, 404, "A001404");
        }
        for (method, path, _, _) in calls() {
            let at = tenant.path(path);
            for wrong in ["PUT", "PATCH", "OPTIONS"] {
                let answer = send(app, Method::from_bytes(wrong.as_bytes()).unwrap(), &at, &[], "").await;
                is_refused(&answer, 405, "A001405");
                assert!(answer.headers["allow"].to_str().unwrap().contains(method.as_str()), "{path}");
            }
        }
    }
}

scenario! {
    /// v2 paths name no service, so the credentials tell.
    async fn without_a_number_in_the_path_the_credentials_tell_the_service(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        v2(app, OPAQUE, "auth/token/create", creation(json!({"accessToken": "mine"}))).await.ok();
        assert!(tenant.is_live(&json!("mine")).await && !other.is_live(&json!("mine")).await);
        v2(app, JWT, "auth/token/revoke", json!({"subject": "john"})).await.ok();
        assert!(tenant.is_live(&json!("mine")).await);
        // A mark reaches a second further, for clocks that differ.
        app.clock.advance_ms(1_001);
        // A bearer names the service in which its member is.
        let service = app.mint(JWT, "service", json!({"scopes": ["urn:jeton:tokens:create"]})).await.created();
        let created = app.post("/api/auth/token/create", service["token"].as_str(), renamed(JWT, creation(json!({})))).await.ok();
        assert!(other.is_live(&created["jwtAccessToken"]).await);
        for (method, path, body, _) in calls() {
            let request = Request::builder().method(method).uri(format!("/api/{path}")).header(header::AUTHORIZATION, basic(OPAQUE));
            let request = request.header(header::CONTENT_TYPE, "application/json");
            let answer = app.send(request.body(body.map(|body| body.to_string()).unwrap_or_default().into()).unwrap()).await;
            assert!(!matches!(answer.status.as_u16(), 401 | 403 | 405), "{path}: {answer:?}");
        }
    }
}

scenario! {
    async fn a_body_is_json_or_a_form_of_64_kib_at_most(app) {
        let tenant = Tenant::opaque(app).await;
        let bearer = format!("Bearer {}", app.admin);
        let bearer = ("authorization", &*bearer);
        let path = tenant.path("auth/introspection");
        for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=utf-16"] {
            is_refused(&send(app, POST, &path, &[bearer, ("content-type", kind)], "{}").await, 415, "A001206");
        }
        is_refused(&send(app, POST, &path, &[bearer], "{}").await, 415, "A001206");
        let json = ("content-type", "application/json");
        for bad in ["", "x", "[]", "null", "{\"token\":\"a\",\"token\":\"b\"}", "{\"token\":\"\\ud800\"}", "{}{}"] {
            is_refused(&send(app, POST, &path, &[bearer, json], bad).await, 400, "A001204");
        }
        is_refused(&send(app, POST, &path, &[bearer, json], "{\"token\":5.5}").await, 400, "A057201");
        is_refused(&send(app, POST, &path, &[bearer, json], "{\"token\":[\"s3cret\"]}").await, 400, "A057201");
        let body = |length: usize| format!("{{\"token\":\"{}\"}}", "x".repeat(length - 12));
        assert_eq!(send(app, POST, &path, &[bearer, json], body(65_536)).await.ok()["action"], "UNAUTHORIZED");
        is_refused(&send(app, POST, &path, &[bearer, json], body(65_537)).await, 413, "A001205");
        let form = ("content-type", "application/x-www-form-urlencoded");
        is_refused(&send(app, POST, &path, &[bearer, form], "token=%zz").await, 400, "A057201");
    }
}

scenario! {
    /// What a service has is nothing to another, whose administrator may try every call with it: not read, not changed, not counted.
    async fn a_service_can_do_nothing_with_what_another_has(app) {
        let (mine, theirs) = (Tenant::opaque(app).await, Tenant::jwt(app).await);
        let victim = theirs.created(json!({"accessToken": "chosen", "refreshToken": "chosen too"})).await;
        let second = theirs.created(json!({})).await;
        let ticket = theirs.ticket(json!({})).await;
        let batch = app.post(&theirs.path("auth/token/create/batch"), Some(&app.admin), renamed(JWT, json!([creation(json!({}))]))).await.ok();
        let rows = theirs.list("").await.0;
        let before = [theirs.introspect(&victim["accessToken"], json!({})).await, theirs.introspect(&second["accessToken"], json!({})).await];

        let names = [
            &victim["accessToken"], &victim["refreshToken"], &victim["jwtAccessToken"], &second["accessToken"], &second["jwtAccessToken"],
            &second["refreshToken"], &rows[0]["accessTokenHash"], &rows[0]["refreshTokenHash"], &rows[1]["accessTokenHash"], &rows[1]["refreshTokenHash"],
            &second["tokenId"],
        ];
        for name in names {
            let answer = mine.introspect(name, json!({})).await;
            assert_eq!((&answer["action"], &answer["existent"], answer.get("clientId")), (&json!("UNAUTHORIZED"), &json!(false), None));
            assert_eq!(mine.standard(name, json!({"withHiddenProperties": true})).await, json!({"active": false}));
            for by in ["accessToken", "accessTokenHash", "refreshToken", "refreshTokenHash", "tokenId"] {
                let answer = mine.post("auth/token/update", json!({by: name, "accessTokenValueUpdated": true, "scopes": []})).await;
                assert_ne!(answer["action"], "OK", "{by}");
            }
            for by in ["accessTokenIdentifier", "refreshTokenIdentifier"] {
                assert_eq!(mine.post("auth/token/revoke", json!({ by: name })).await["count"], 0, "{by}");
            }
            let deleted = app.delete(&mine.path(&format!("auth/token/delete/{}", encoded(text(name)))), &app.admin).await;
            assert_eq!(deleted.status, 404, "{name}");
            assert_ne!(mine.refresh(WEB, name, json!({})).await["action"], "OK");
            let revocation = token_request(OPAQUE, WEB, &format!("token={}", encoded(text(name))), json!({}));
            assert_eq!(mine.post("auth/revocation", revocation).await["action"], "OK");
        }
        for body in [json!({"subject": "john"}), json!({"clientIdentifier": "1001"}), json!({"clientIdentifier": "1001", "subject": "john"})] {
            assert_eq!(mine.post("auth/token/revoke", body).await["count"], 0);
        }
        assert_eq!(mine.list("").await.1, 0);
        assert_ne!(mine.post("auth/token/issue", json!({"ticket": ticket, "subject": "john"})).await["action"], "OK");
        assert_ne!(mine.post("auth/token/fail", json!({"ticket": ticket, "reason": "INVALID_TARGET"})).await["action"], "BAD_REQUEST");
        let status = format!("auth/token/create/batch/status/{}", text(&batch["requestId"]));
        assert_eq!(app.get(&mine.path(&status), &app.admin).await.status, 404);

        let after = [theirs.introspect(&victim["accessToken"], json!({})).await, theirs.introspect(&second["accessToken"], json!({})).await];
        assert_eq!((after, theirs.list("").await.0), (before, rows));
        assert_eq!(theirs.post("auth/token/issue", json!({"ticket": ticket, "subject": "john"})).await["action"], "OK");
        assert_eq!(theirs.refresh(WEB, &victim["refreshToken"], json!({})).await["action"], "OK");
    }
}

scenario! {
    /// The credentials of a service open no other one, whichever way it is named.
    async fn the_credentials_of_a_service_are_good_for_it_alone(app) {
        let (mine, theirs) = (Tenant::opaque(app).await, Tenant::jwt(app).await);
        let bearer = app.mint(OPAQUE, "service", json!({"scopes": ["urn:jeton:tokens:create", "urn:jeton:tokens:read", "urn:jeton:tokens:revoke"]})).await;
        let bearer = format!("Bearer {}", text(&bearer.created()["token"]));
        let victim = theirs.created(json!({})).await;
        for (method, path, body, _) in calls() {
            is_refused(&theirs.send(method.clone(), path, &bearer, body.clone()).await, 403, "A001216");
            // A service that isn't there is the same answer, but for the path.
            let nowhere = app_call(app, method.clone(), &format!("/api/4711/{path}"), &bearer, body.clone()).await;
            is_refused(&nowhere, 403, "A001216");
            let own = mine.send(method, path, &bearer, body).await;
            assert!(!matches!(own.status.as_u16(), 401 | 403), "{path}");
        }
        assert_eq!((theirs.list("").await.1, theirs.is_live(&victim["accessToken"]).await), (1, true));
        app.put(&format!("/v1/orgs/{JWT}"), &app.admin, json!({"enabled": false})).await.ok();
        assert_eq!(v2(app, JWT, "auth/token/create", creation(json!({}))).await.status, 401, "a service that is disabled is closed");
    }
}

async fn app_call(app: &App, method: Method, path: &str, authorization: &str, body: Option<Value>) -> Answer {
    let headers = [("authorization", authorization), ("content-type", "application/json")];
    send(app, method, path, &headers, body.map(|body| body.to_string()).unwrap_or_default()).await
}
