//! The edge that AWS Lambda calls: events of HTTP APIs (v2), REST APIs (v1) and function URLs become requests.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt as _, service_fn};

use crate::http::{RequestId, Service};

/// Serves invocations until the function is shut down: one at a time, or as many as a managed instance lets in.
pub(super) async fn run(service: Arc<Service>) -> Result<(), lambda_http::Error> {
    lambda_http::run_concurrent(service_fn(move |event| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(answer(&service, event).await) }
    }))
    .await
}

/// One event in, one answer out, both as JSON, exactly as the runtime has them: for tests.
#[cfg(any(test, feature = "testing"))]
pub async fn invoke(service: Arc<Service>, event: &str) -> Result<serde_json::Value, serde_json::Error> {
    use lambda_http::Service as _;
    let mut adapter = lambda_http::Adapter::from(service_fn(move |event| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(answer(&service, event).await) }
    }));
    let event = lambda_http::LambdaEvent::new(serde_json::from_str(event)?, lambda_http::Context::default());
    match adapter.call(event).await {
        Ok(response) => serde_json::to_value(response),
        Err(never) => match never {},
    }
}

async fn answer(service: &Service, event: lambda_http::Request) -> Response<Body> {
    let path = path(&event).to_owned();
    let id = request_id(&event).map(RequestId);
    let (mut parts, body) = event.into_parts();
    let body = match body {
        Body::Text(text) => text.into(),
        Body::Binary(bytes) => bytes.into(),
        // Empty: there are no other kinds of body.
        _ => Bytes::new(),
    };
    if let Some(uri) = with_path(&parts.uri, &path) {
        parts.uri = uri;
    }
    parts.extensions.clear();
    if let Some(id) = id {
        parts.extensions.insert(id);
    }
    service.call(http::Request::from_parts(parts, body)).await.map(|body| match std::str::from_utf8(&body) {
        Ok("") => Body::Empty,
        // As text, not base64: all our answers are JSON.
        Ok(text) => Body::Text(text.to_owned()),
        Err(_) => Body::Binary(body.into()),
    })
}

/// The path as the caller sent it, without the stage: our routes don't know in which stage they are deployed.
fn path(event: &lambda_http::Request) -> &str {
    let path = event.raw_http_path();
    let stage = match event.request_context_ref() {
        // Only these events have the stage in their path.
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
        _ => None,
    };
    let below_stage = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage)).filter(|rest| rest.starts_with('/'));
    below_stage.unwrap_or(path)
}

fn request_id(event: &lambda_http::Request) -> Option<String> {
    match event.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => context.request_id.clone(),
        RequestContext::ApiGatewayV2(context) => context.request_id.clone(),
        _ => None,
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    target.parse().ok()
}
