//! Web pages of other origins: the CORS protocol of the Fetch standard.

use http::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, HeaderName, VARY,
};
use local::Edge;
use local::cors::{ALLOWED_HEADERS, ALLOWED_METHODS, Cors, EXPOSED_HEADERS, MAX_AGE_SECONDS};
use serde_json::{Value, json};

use super::Server;
use crate::support::template::Template;

const APP: &str = "https://app.example";
const OTHER: &str = "http://localhost:5173";
const DOCUMENTS: [&str; 7] = [
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource/mcp",
    "/oauth2/resource-metadata/1?resource=https://mcp.example/mcp",
    "/.well-known/openid-configuration",
    "/openapi.json",
    "/v1/tokens/jwsk",
];

async fn server(origins: &[&str]) -> Server {
    let origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    Server::start(Edge { cors: Cors::new(origins), ..Edge::default() }).await
}

async fn preflight(server: &Server, path: &str, origin: &str) -> Response<bytes::Bytes> {
    let asked = [("access-control-request-method", "POST"), ("access-control-request-headers", "dpop")];
    server.send("OPTIONS", path, &[&[("origin", origin)][..], &asked].concat()).await
}

fn header(response: &Response<bytes::Bytes>, name: HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_preflight_of_a_page_that_is_allowed_is_answered_and_no_other() {
    let server = server(&[APP, OTHER]).await;
    for origin in [APP, OTHER] {
        let answer = preflight(&server, "/oauth2/revoke", origin).await;
        assert_eq!((answer.status().as_u16(), answer.body().len()), (204, 0));
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
            (ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
            (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
            (ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS),
            (VARY, "origin"),
        ] {
            assert_eq!(header(&answer, name), Some(value));
        }
    }
    for origin in ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null", ""] {
        let answer = preflight(&server, "/oauth2/revoke", origin).await;
        assert_eq!((answer.status().as_u16(), header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN)), (405, None), "{origin}");
        assert_eq!(header(&answer, VARY), Some("origin"));
    }
    let plain = server.send("OPTIONS", "/oauth2/revoke", &[("origin", APP)]).await;
    assert_eq!(plain.status(), 405, "no preflight");
}

#[tokio::test]
async fn a_page_that_is_allowed_reads_answers_and_errors_alike() {
    let server = server(&[APP]).await;
    for (method, path, status) in
        [("GET", "/health", 200), ("GET", "/v1/orgs/1", 401), ("GET", "/nope", 404), ("PATCH", "/health", 405)]
    {
        let answer = server.send(method, path, &[("origin", APP)]).await;
        assert_eq!((answer.status().as_u16(), header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN)), (status, Some(APP)), "{path}");
        assert_eq!(
            (header(&answer, ACCESS_CONTROL_EXPOSE_HEADERS), header(&answer, VARY)),
            (Some(EXPOSED_HEADERS), Some("origin"))
        );
        let other = server.send(method, path, &[("origin", OTHER)]).await;
        assert_eq!((other.status().as_u16(), header(&other, ACCESS_CONTROL_ALLOW_ORIGIN)), (status, None), "{path}");
        assert_eq!(header(&other, VARY), Some("origin"), "a cache must not give it to the page that is allowed");
    }
}

#[tokio::test]
async fn public_documents_are_for_pages_of_any_origin_whatever_is_allowed() {
    for origins in [&[][..], &[APP]] {
        let server = server(origins).await;
        for path in DOCUMENTS {
            let answer = server.send("GET", path, &[("origin", OTHER)]).await;
            assert_eq!((answer.status().as_u16(), header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN)), (200, Some("*")), "{path}");
            assert_eq!((header(&answer, ACCESS_CONTROL_EXPOSE_HEADERS), header(&answer, VARY)), (Some(EXPOSED_HEADERS), None));
            let answer = preflight(&server, path, OTHER).await;
            assert_eq!((answer.status().as_u16(), header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN)), (204, Some("*")), "{path}");
        }
        assert_eq!(preflight(&server, "/oauth2/token", OTHER).await.status(), 405);
    }
}

#[tokio::test]
async fn an_asterisk_allows_the_pages_of_all_origins() {
    let server = server(&["*"]).await;
    for origin in [APP, "null"] {
        let answer = server.send("GET", "/v1/orgs/1", &[("origin", origin)]).await;
        assert_eq!((header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN), header(&answer, VARY)), (Some("*"), None));
        assert_eq!(preflight(&server, "/oauth2/token", origin).await.status(), 204);
    }
}

#[tokio::test]
async fn without_an_option_nothing_is_said_of_origins() {
    let server = server(&[]).await;
    let answer = server.send("GET", "/health", &[("origin", APP)]).await;
    assert_eq!((header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN), header(&answer, VARY)), (None, None));
}

#[test]
fn the_gateway_has_the_same_lists() {
    let template = Template::load();
    let configured = template.at("/Resources/Api/Properties/Body/x-amazon-apigateway-cors/Fn::If/1");
    let list = |text: &str| text.split(", ").map(Value::from).collect::<Vec<_>>();
    assert_eq!(configured["allowMethods"], json!(list(ALLOWED_METHODS)));
    assert_eq!(configured["allowHeaders"], json!(list(ALLOWED_HEADERS)));
    assert_eq!(configured["exposeHeaders"], json!(list(EXPOSED_HEADERS)));
    assert_eq!(configured["maxAge"].to_string(), MAX_AGE_SECONDS);
}
