//! What comes before a call of Authlete's API is understood, on every mount.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use shared::api::lambda;

use crate::support::{Answer, App, Mount, basic, scenario};

/// A request with these headers.
async fn send(app: &App, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.send(request.body(Bytes::from(body.to_owned())).unwrap()).await
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Status and result code of an error, of which the SDKs look at nothing else.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["resultCode"]), (status, &json!(code)), "{body}");
    assert!(body["resultMessage"].as_str().unwrap().starts_with(&format!("[{code}] ")), "{body}");
}

/// The number of a new client.
async fn client(app: &App) -> u64 {
    let made = app.post("/api/1/client/create", Some(&app.admin), json!({"clientType": "CONFIDENTIAL"})).await.ok();
    made["clientId"].as_u64().unwrap()
}

async fn create(app: &App, more: Value) -> Value {
    let mut request = json!({"grantType": "PASSWORD", "clientId": client(app).await, "subject": "ann"});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post("/api/1/auth/token/create", Some(&app.admin), request).await.ok()
}

async fn is_alive(app: &App, token: &str) -> bool {
    let seen = app.post("/api/1/auth/introspection", Some(&app.admin), json!({ "token": token })).await.ok();
    seen["action"] == "OK"
}

scenario! {
    async fn what_was_understood_is_answered_with_200(app) {
        for (path, body, action) in [
            ("auth/token/create", json!({}), "BAD_REQUEST"),
            ("auth/token/create", json!({"grantType": "PASSWORD", "clientId": 5, "subject": "ann"}), "FORBIDDEN"),
            ("auth/token", json!({}), "INTERNAL_SERVER_ERROR"),
            ("auth/token", json!({"parameters": "x=y"}), "BAD_REQUEST"),
            ("auth/token", json!({"parameters": "grant_type=client_credentials&client_id=5"}), "INVALID_CLIENT"),
            ("auth/token/issue", json!({"ticket": "x", "subject": "ann"}), "INTERNAL_SERVER_ERROR"),
            ("auth/token/fail", json!({"ticket": "x", "reason": "UNKNOWN"}), "INTERNAL_SERVER_ERROR"),
            ("auth/token/update", json!({"accessToken": "x"}), "NOT_FOUND"),
            ("auth/token/update", json!({}), "BAD_REQUEST"),
            ("auth/introspection", json!({}), "BAD_REQUEST"),
            ("auth/introspection", json!({"token": "x"}), "UNAUTHORIZED"),
            ("auth/introspection/standard", json!({"parameters": "x=y"}), "BAD_REQUEST"),
            ("auth/introspection/standard", json!({"parameters": "token=x"}), "OK"),
            ("auth/revocation", json!({"parameters": "token=x&client_id=5"}), "INVALID_CLIENT"),
        ] {
            let answer = app.post(&format!("/api/1/{path}"), Some(&app.admin), body.clone()).await.ok();
            assert_eq!(answer["action"], action, "{path} {body}: {answer}");
        }
    }
}

scenario! {
    async fn a_client_is_made_with_200(app) {
        let answer = app.post("/api/1/client/create", Some(&app.admin), json!({})).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

scenario! {
    async fn a_token_is_deleted_with_204_and_no_body(app) {
        let token = create(app, json!({})).await["accessToken"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            app.delete(&format!("/api/1/auth/token/delete/{token}"), &app.admin).await.is_empty();
            assert!(!is_alive(app, &token).await);
        }
    }
}

scenario! {
    async fn every_body_is_json_and_says_so(app) {
        let admin = bearer(&app.admin);
        let (good, none): (&[_], &[_]) = (&[("authorization", &*admin), ("content-type", "application/json")], &[]);
        for (method, path, headers, body, status) in [
            (Method::POST, "/api/1/auth/token/create", good, "{}", 200),
            (Method::POST, "/api/1/auth/token/create", good, "{", 400),
            (Method::POST, "/api/1/auth/token/revoke", good, "{}", 400),
            (Method::POST, "/api/1/auth/token/create", none, "{}", 401),
            (Method::GET, "/api/2/auth/token/get/list", good, "", 403),
            (Method::GET, "/api/1/client/get/5", good, "", 404),
            (Method::GET, "/api/1/nowhere", good, "", 404),
            (Method::PUT, "/api/1/auth/token", good, "{}", 405),
            (Method::POST, "/api/1/auth/token", &good[..1], "{}", 415),
        ] {
            let answer = send(app, method, path, headers, body).await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {answer:?}");
            assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json", "{path}");
            assert!(answer.json()["resultCode"].is_string(), "{path}");
        }
    }
}

scenario! {
    async fn booleans_of_a_query_are_spelled_as_python_does(app) {
        for spelling in ["true", "True"] {
            let pretty = app.get(&format!("/api/1/service/jwks/get?pretty={spelling}"), &app.admin).await;
            assert!(pretty.body.contains(&b'\n') && pretty.json()["keys"].is_array(), "{spelling}");
            let private = app.get(&format!("/api/1/service/jwks/get?includePrivateKeys={spelling}"), &app.admin).await;
            is_refused(&private, 400, "A149201");
        }
        assert!(!app.get("/api/1/service/jwks/get?pretty=False", &app.admin).await.body.contains(&b'\n'));
    }
}

scenario! {
    async fn what_the_sdks_send_besides_does_no_harm(app) {
        let admin = bearer(&app.admin);
        let headers = [("authorization", &*admin), ("cookie", ""), ("content-type", "application/json"), ("content-length", "0")];
        assert_eq!(send(app, Method::GET, "/api/1/auth/token/get/list", &headers, "").await.ok()["totalCount"], 0);
        for (value, encoded) in [("1/v+al=ue==", "1%2Fv%2Bal%3Due%3D%3D"), ("2/v+al=ue==", "2/v%2Bal=ue=="), ("3/v+al=ue==", "3/v+al=ue=="), ("4 ü#", "4%20%C3%BC%23")] {
            create(app, json!({"accessToken": value})).await;
            assert!(is_alive(app, value).await, "{encoded}");
            send(app, Method::DELETE, &format!("/api/1/auth/token/delete/{encoded}"), &headers, "").await.is_empty();
            assert!(!is_alive(app, value).await, "{encoded}");
        }
    }
}

scenario! {
    /// An HTTP API cuts a path at a question mark, and decodes what follows a percent sign: it would name another token.
    async fn a_value_that_a_path_cannot_name_is_not_taken(app) {
        create(app, json!({"accessToken": "a"})).await;
        for value in ["a?b", "a%2Fb", "50%"] {
            let body = json!({"accessToken": value, "clientId": 26_478_243_745_571_u64, "grantType": "CLIENT_CREDENTIALS"});
            let answer = app.post("/api/1/auth/token/create", Some(&app.admin), body).await;
            assert!(String::from_utf8_lossy(&answer.body).contains("'accessToken' must not contain ? or %"), "{answer:?}");
        }
        assert!(is_alive(app, "a").await);
    }
}

/// An HTTP API puts its stage before the path, as a base URL has it.
#[tokio::test]
async fn the_base_url_may_have_a_path() {
    let app = App::new(Mount::InProcess).await;
    let path = "/prod/api/1/auth/token/get/list";
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "isBase64Encoded": false,
        "headers": {"authorization": bearer(&app.admin)},
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "p", "requestId": "r", "routeKey": "$default",
            "stage": "prod", "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1,
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a"}
        }
    });
    let answer = lambda::invoke(app.service.clone(), &event.to_string()).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

scenario! {
    async fn version_3_has_the_service_in_its_paths_and_version_2_in_its_credentials(app) {
        let made = app.post("/v1/orgs/1/secret", Some(&app.admin), json!({})).await.ok();
        let (secret, admin) = (made["secret"].as_str().unwrap(), bearer(&app.admin));
        let list = async |path: &str, credentials: &str| {
            send(app, Method::GET, &format!("{path}/auth/token/get/list"), &[("authorization", credentials)], "").await
        };
        for (path, credentials) in [("/api/1", &admin), ("/api/11", &admin), ("/api", &admin), ("/api", &basic("1", secret))] {
            assert_eq!(list(path, credentials).await.ok()["totalCount"], 0, "{path}");
        }
        is_refused(&list("/api/1", &basic("1", secret)).await, 401, "A001203");
        for wrong in [basic("1", "x"), basic("2", secret), basic("nowhere", secret), format!("DPoP {}", app.admin), bearer("x")] {
            let answer = list("/api", &wrong).await;
            is_refused(&answer, 401, "A001203");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().ends_with(", Basic realm=\"jeton\""), "{answer:?}");
        }
        // One answer for an org that is somebody else's, and for none.
        for foreign in ["/api/2", "/api/404"] {
            is_refused(&list(foreign, &admin).await, 403, "A001216");
        }
    }
}

scenario! {
    async fn a_bearer_needs_the_scope_of_the_call(app) {
        let reader = app.token("1", "reader", &["urn:jeton:tokens:read"]).await;
        app.get("/api/1/auth/token/get/list", &reader).await.ok();
        app.post("/api/1/auth/introspection", Some(&reader), json!({"token": "x"})).await.ok();
        app.get("/api/1/service/configuration", &reader).await.ok();
        for path in ["auth/token", "auth/token/create", "auth/token/issue", "auth/token/fail", "auth/token/update", "auth/token/revoke", "auth/revocation", "client/create"] {
            is_refused(&app.post(&format!("/api/1/{path}"), Some(&reader), json!({})).await, 403, "A001216");
        }
        is_refused(&app.delete("/api/1/auth/token/delete/x", &reader).await, 403, "A001216");
        is_refused(&app.get("/api/1/client/get/list", &reader).await, 403, "A001216");
    }
}

scenario! {
    async fn a_slash_at_the_end_of_a_path_does_not_count(app) {
        for path in ["/api/1/auth/token/get/list/", "/api/auth/token/get/list/", "/api/1/client/get/list/"] {
            assert_eq!(app.get(path, &app.admin).await.ok()["totalCount"], 0, "{path}");
        }
        is_refused(&app.get("/api/1/auth/token/get/list//", &app.admin).await, 404, "A001404");
    }
}

scenario! {
    async fn a_body_may_be_a_form(app) {
        let (id, admin) = (client(app).await, bearer(&app.admin));
        let headers = [("authorization", &*admin), ("content-type", "application/x-www-form-urlencoded")];
        let form = format!("grantType=PASSWORD&clientId={id}&subject=ann%20lee&accessTokenDuration=60&properties=x");
        let made = send(app, Method::POST, "/api/1/auth/token/create", &headers, &form).await.ok();
        assert_eq!((&made["action"], &made["subject"], &made["expiresIn"]), (&json!("OK"), &json!("ann lee"), &json!(60)), "{made}");
        let twice = send(app, Method::POST, "/api/1/auth/token/create", &headers, "subject=a&subject=b").await;
        is_refused(&twice, 400, "A110201");
    }
}

/// Whether it is there, anybody may ask, in two words.
#[tokio::test]
async fn the_healthcheck_needs_nothing() {
    let app = App::new(Mount::InProcess).await;
    let answer = send(&app, Method::GET, "/api/lifecycle/healthcheck?extended=", &[], "").await;
    assert_eq!(
        (answer.status, &answer.body[..], &answer.headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &b"OK"[..], &"text/plain".parse().unwrap())
    );
}
