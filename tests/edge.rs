//! What the edge refuses, on every mount.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::json;

use crate::support::deployment::Instance;
use crate::support::{Answer, App, Mount, decoded_twice, on_every_mount, scenario};

async fn raw(app: &App, content_type: Option<&str>, body: impl Into<Bytes>) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri("/v1/tokens/introspect");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    app.send(request.body(body.into()).unwrap()).await
}

scenario! {
    async fn a_path_matches_exactly_as_it_was_sent(app) {
        for path in ["/", "/nope", "//v1/tokens", "/v1/tokens/", "/v1/./tokens", "/v1/x/../tokens", "/V1/Tokens", "/v1/tokens;a=b"] {
            app.get(path, &app.admin).await.is_error(404, "NO_SUCH_PATH");
        }
    }
}

mod a_path_that_arrives_encoded_is_not_another_s {
    use super::*;

    async fn scenario(app: &App) {
        for path in ["/v1/%74okens", "/v1/tokens%2Frevoke", "/v1/tokens%3Fx"] {
            app.get(path, &app.admin).await.is_error(404, "NO_SUCH_PATH");
        }
    }

    // All but an HTTP API, which decodes it.
    on_every_mount!(scenario: in_process InProcess, rest_api_v1 RestApi, function_url FunctionUrl, load_balancer Alb, http Http);
}

/// As captured from a live HTTP API.
#[test]
fn the_mount_of_http_apis_does_to_paths_what_they_do() {
    for (sent, arrives) in [
        ("/plain", Some("/plain")),
        ("/space%20value", Some("/space value")),
        ("/question%3Fvalue", Some("/question")),
        ("/percent%25done", None),
        ("/hash%23value", Some("/hash#value")),
        ("/slash%2Fvalue", Some("/slash/value")),
        ("/unicode-%CE%BB", Some("/unicode-\u{3bb}")),
        ("/literal%252Fvalue", Some("/literal/value")),
        ("/literal%253Fvalue", Some("/literal?value")),
        ("/literal%2525value", Some("/literal%value")),
    ] {
        assert_eq!(decoded_twice(sent).as_deref(), arrives, "{sent}");
    }
}

scenario! {
    async fn a_wrong_verb_is_405_with_allow_and_changes_nothing(app) {
        for (path, allow) in [
            ("/v1/tokens", "GET, HEAD, POST"),
            ("/v1/tokens/revoke", "POST"),
            ("/v1/tokens/introspect_self", "GET, HEAD"),
            ("/v1/tokens/x", "GET, HEAD, DELETE"),
            ("/.well-known/jwks.json", "GET, HEAD"),
            ("/api/1/client/secret/refresh/1", "GET"),
        ] {
            let without_head = (!allow.contains("HEAD")).then_some("HEAD");
            for method in ["PATCH", "OPTIONS", "TRACE", "FOO"].into_iter().chain(without_head) {
                let request = Request::builder().method(method).uri(path).header("x-http-method-override", "DELETE").body(Bytes::new()).unwrap();
                let answer = app.send(request).await;
                assert_eq!((answer.status, answer.headers["allow"].to_str().unwrap()), (StatusCode::METHOD_NOT_ALLOWED, allow), "{method} {path}");
                assert_eq!(answer.body.is_empty(), method == "HEAD");
            }
        }
    }
}

/// There, another function than the path's refuses it, and knows where all are.
#[tokio::test]
async fn an_http_api_refuses_a_wrong_verb_as_the_local_server_does() {
    let (local, deployed) = (App::new(Mount::InProcess).await, App::new(Mount::HttpApi).await);
    let paths: BTreeSet<_> = functions::catalogue::<Instance>().iter().flat_map(|entry| entry.route.paths()).collect();
    assert!(paths.len() > 80, "{}", paths.len());
    for path in paths {
        let path: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
        for method in ["PATCH", "OPTIONS", "TRACE", "HEAD"] {
            let request = || Request::builder().method(method).uri(path.join("/")).body(Bytes::new()).unwrap();
            let (wanted, answer) = (local.send(request()).await, deployed.send(request()).await);
            let told = |answer: &Answer| ["allow", "content-type"].map(|name| answer.headers.get(name).cloned());
            assert_eq!((answer.status, told(&answer)), (wanted.status, told(&wanted)), "{method} {path:?}");
        }
    }
}

scenario! {
    async fn rfc9110_9_3_2_head_is_answered_as_get_without_the_body(app) {
        let listed = format!("/v1/tokens?sub={}", "administrator");
        for path in ["/.well-known/jwks.json", "/health", "/v1/tokens/introspect_self", "/v1/orgs/1", &listed, "/v1/orgs/404"] {
            let send = async |method: Method| {
                let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", app.admin));
                app.send(request.body(Bytes::new()).unwrap()).await
            };
            let (get, head) = (send(Method::GET).await, send(Method::HEAD).await);
            assert_eq!((head.status, &head.body[..]), (get.status, &b""[..]), "{path}");
            for (name, value) in get.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "content-length")) {
                assert_eq!(head.headers.get(name), Some(value), "{path}");
            }
            let length = head.headers.get("content-length").map(|length| length.to_str().unwrap().to_owned());
            assert!(length.is_none_or(|length| length == get.body.len().to_string()), "{path}");
        }
    }
}

scenario! {
    async fn a_body_of_64_kib_is_read_and_one_byte_more_is_413(app) {
        let body = |length: usize| {
            let empty = r#"{"token":"x","pad":""}"#.len();
            format!(r#"{{"token":"x","pad":"{}"}}"#, "x".repeat(length - empty))
        };
        raw(app, Some("application/json"), body(65_536)).await.is_error(400, "TOKEN_INVALID");
        raw(app, Some("application/json"), body(65_537)).await.is_error(413, "BODY_TOO_LARGE");
    }
}

scenario! {
    async fn only_json_in_utf8_is_taken(app) {
        for bad in [None, Some("text/plain"), Some("application/xml"), Some("application/x-www-form-urlencoded"), Some("application/json; charset=utf-16"), Some("application/jsonp")] {
            raw(app, bad, r#"{"token":"x"}"#).await.is_error(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        for good in ["application/json", "APPLICATION/JSON; charset=UTF-8", "application/json;charset=\"utf-8\"", "application/json; x=y"] {
            raw(app, Some(good), r#"{"token":"x"}"#).await.is_error(400, "TOKEN_INVALID");
        }
    }
}

scenario! {
    async fn a_body_that_is_not_one_unambiguous_object_is_400(app) {
        let deep = format!("{{\"token\":\"x\",\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        let open = "[".repeat(60_000);
        for body in [
            "", "null", "[]", "\"x\"", "true", "{", "{\"token\":\"x\"} {}", "{\"token\":\"x\"}\0", "{\"token\":\"x\",\"token\":\"x\"}",
            "{\"token\":\"x\",\"\\u0074oken\":\"y\"}", "{\"token\":\"x\",\"a\":{\"b\":1,\"b\":2}}", "{\"token\":\"\\ud800\"}", "\u{feff}{\"token\":\"x\"}",
            "{\"Token\":\"x\"}", "{\"token\":5}", "{\"token\":null}", "{\"token\":[\"x\"]}", &deep, &open,
        ] {
            raw(app, Some("application/json"), body.to_owned()).await.is_error(400, "INVALID_REQUEST");
        }
        raw(app, Some("application/json"), &b"{\"token\":\"\xc3\x28\"}"[..]).await.is_error(400, "INVALID_REQUEST");
        raw(app, Some("application/json"), &b"{\"token\":\"\xc0\xaf\"}"[..]).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    /// RFC 9110 section 8.4. A compressed body is not inflated: a few bytes could become more than fit into memory.
    async fn a_body_with_a_content_encoding_is_415_on_every_endpoint(app) {
        let send = async |path: &str, encoding: &str| {
            let request = Request::builder().method(Method::POST).uri(path).header("content-encoding", encoding);
            app.send(request.header("content-type", "application/json").body(r#"{"token":"x"}"#.into()).unwrap()).await
        };
        for path in ["/v1/tokens/introspect", "/v1/tokens", "/oauth2/token", "/oauth2/introspect", "/api/1/auth/token", "/api/1/auth/introspection", "/oauth2/register"] {
            for encoding in ["gzip", "br", "deflate", "identity, gzip", "x"] {
                let answer = send(path, encoding).await;
                assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {encoding} {answer:?}");
                assert!(String::from_utf8_lossy(&answer.body).contains("Content-Encoding"), "{answer:?}");
            }
        }
        send("/v1/tokens/introspect", "Identity").await.is_error(400, "TOKEN_INVALID");
    }
}

scenario! {
    async fn a_nul_in_a_parameter_is_400_whether_it_is_known_or_not(app) {
        for path in ["/v1/tokens?sub=a%00", "/v1/tokens/introspect_self?x=%00", "/v1/orgs/1/members?a%00=1", "/v1/orgs/1%00", "/api/1/auth/token/get/list?x=%00"] {
            assert_eq!(app.get(path, &app.admin).await.status, StatusCode::BAD_REQUEST, "{path}");
        }
        for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
            let request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/x-www-form-urlencoded");
            let answer = app.send(request.body("x=%00".into()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {answer:?}");
        }
    }
}

scenario! {
    async fn the_scheme_of_the_bearer_has_any_case_and_there_is_one_header(app) {
        let get = |value: String| Request::builder().uri("/v1/tokens/introspect_self").header("authorization", value);
        for good in ["bearer", "BEARER", "Bearer "] {
            app.send(get(format!("{good} {}", app.admin)).body(Bytes::new()).unwrap()).await.ok();
        }
        for bad in ["Basic", "DPoP", ""] {
            app.send(get(format!("{bad} {}", app.admin)).body(Bytes::new()).unwrap()).await.is_error(401, "TOKEN_MISSING");
        }
        let twice = format!("{}, Bearer {}", app.admin, app.admin);
        app.send(get(format!("Bearer {twice}")).body(Bytes::new()).unwrap()).await.is_error(401, "TOKEN_INVALID");
        let query = Request::builder().uri(format!("/v1/tokens/introspect_self?access_token={}", app.admin)).body(Bytes::new()).unwrap();
        app.send(query).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    /// What comes in never comes out: not a value, be it a secret or a script.
    async fn no_refusal_echoes_a_value(app) {
        let canary = "<script>s3cret</script>";
        for body in [
            json!({"token": canary}),
            json!({"token": {"a": canary}}),
            json!({"token": [canary]}),
            json!({"token": "x", "introspect_options": canary}),
            json!({"token": "x", "introspect_options": {"target_org_info": {"target_orgs": [canary]}}}),
        ] {
            let answer = app.post("/v1/tokens/introspect", None, body).await;
            assert!(answer.status.is_client_error() && !String::from_utf8_lossy(&answer.body).contains("s3cret"), "{answer:?}");
        }
        for path in [format!("/{canary}"), format!("/v1/tokens?limit={canary}"), format!("/v1/tokens?exp_from={canary}"), format!("/v1/orgs/{canary}")] {
            let path = path.replace('<', "%3C").replace('>', "%3E");
            let answer = app.get(&path, &app.admin).await;
            assert!(answer.status.is_client_error() && !String::from_utf8_lossy(&answer.body).contains("s3cret"), "{answer:?}");
        }
    }
}

/// RFC 9112 section 3.2: whoever is in front may have looked at the other one.
#[tokio::test]
async fn two_hosts_are_400() {
    for mount in [Mount::InProcess, Mount::Http] {
        let app = App::new(mount).await;
        for (hosts, status) in [(&["a.example"][..], 200), (&["a.example", "b.example"], 400), (&["a.example", "a.example"], 400)]
        {
            let request = Request::builder().uri("/v1/tokens").header("authorization", format!("Bearer {}", app.admin));
            let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
            assert_eq!(app.send(request.body(Bytes::new()).unwrap()).await.status, status, "{hosts:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_could_not_be_decoded_is_400() {
    let app = App::new(Mount::InProcess).await;
    for path in ["/v1/tokens/introspect", "/oauth2/token"] {
        let request = Request::builder().method(Method::POST).uri(path).extension(shared::api::http::UnreadableBody);
        let answer = app.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(String::from_utf8_lossy(&answer.body).contains("base64"), "{answer:?}");
    }
}

/// JSONTestSuite's refused files as bodies. Its accepted ones are no requests either, but never a 5xx.
#[tokio::test]
#[ignore = "needs JETON_VECTORS"]
async fn vectors_of_jsontestsuite_as_bodies() {
    let folder = crate::vectors::folder().join("json-test-suite/test_parsing");
    let app = App::new(Mount::InProcess).await;
    let mut refused = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let answer = raw(&app, Some("application/json"), std::fs::read(file.path()).unwrap()).await;
        assert!(answer.status.is_client_error(), "{:?}: {answer:?}", file.file_name());
        refused += u32::from(file.file_name().to_string_lossy().starts_with("n_"));
    }
    assert_eq!(refused, 188);
}
