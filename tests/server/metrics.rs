//! `--metrics`: what there is to count, without a secret and without a label that grows.

use std::path::PathBuf;
use std::sync::Arc;

use http::{Method, Request, StatusCode};
use local::metrics::{Metrics, serve};
use serde_json::json;
use shared::api::http::Service;
use shared::platform::events::{Event, Publish as _};
use tokio::net::TcpListener;

use super::local_service;
use crate::support::{App, Mount, NOW, over_http};

#[tokio::test]
async fn requests_are_counted_by_endpoint_and_status_and_nothing_tells_who_asked() {
    let app = App::new(Mount::InProcess).await;
    let metrics = Arc::new(Metrics::new(PathBuf::from("/nonexistent")));
    let service = local_service(&app).observed_by(metrics.clone());
    let token = app.token("1", "ann", &[]).await;
    for (body, path) in [
        (json!({"token": token}), "/v1/tokens/introspect"),
        (json!({"token": "s3cret"}), "/v1/tokens/introspect"),
        (json!({}), "/s3cret/nobody-here"),
    ] {
        call(&service, path, &body.to_string()).await;
    }
    let text = metrics.as_text().unwrap();
    for line in [
        r#"jeton_requests_total{endpoint="agilicus.introspect_token",status="200"} 1"#,
        r#"jeton_requests_total{endpoint="none",status="404"} 1"#,
        r#"jeton_request_duration_seconds_count{endpoint="agilicus.introspect_token"} 2"#,
        "jeton_store_bytes 0",
        "jeton_build_info{version=",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("s3cret") && !text.contains("ann") && !text.contains(&token), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn audit_events_are_counted_by_their_action() {
    let metrics = Metrics::new(PathBuf::new());
    let event = |action| Event { id: "1".to_owned(), at: NOW, action, detail: r#"{"jti":"s3cret"}"#.to_owned() };
    metrics.publish(&[event("token.minted"), event("token.minted"), event("token.revoked")]).await.unwrap();
    let text = metrics.as_text().unwrap();
    assert!(text.contains(r#"jeton_events_total{action="token.minted"} 2"#), "{text}");
    assert!(text.contains(r#"jeton_events_total{action="token.revoked"} 1"#) && !text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn they_have_a_listener_of_their_own_that_answers_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, Arc::new(Metrics::new(PathBuf::new()))));
    for (method, path, status) in [
        (Method::GET, "/metrics", 200),
        (Method::POST, "/metrics", 405),
        (Method::GET, "/v1/tokens", 404),
        (Method::GET, "/", 404),
    ] {
        let request = Request::builder().method(method).uri(path).body(bytes::Bytes::new()).unwrap();
        let answer = over_http(address, request).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let is_text =
            answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text; version=1.0.0");
        assert_eq!(is_text, status == 200);
    }
}

async fn call(service: &Service, path: &str, body: &str) -> StatusCode {
    let request = Request::post(path).header("content-type", "application/json").body(body.to_owned().into()).unwrap();
    service.call(request).await.status()
}
