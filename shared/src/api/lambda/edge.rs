//! Events of HTTP APIs and function URLs (payload 2.0), REST APIs (1.0) and load balancers become requests.
//!
//! `lambda_http` reads the events, tells them apart, and writes answers in the form of each. Targets, headers and bodies, which it
//! would parse with an `expect` or spell in another way, are taken out before: they reach the service as the caller sent them.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Response, Uri};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, Service as _, service_fn};
use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::deadline::time_left;
use super::gateway::{NOT_IN_TARGET, Peer, encoded_path, path_as_sent};
use crate::api::http::{CallerAddress, ClientCertificate, Invocation, RequestId, Service, UnreadableBody};
use crate::domain::Clock;
use crate::platform::SystemClock;

/// Serves invocations until the function is shut down: one at a time, or as many as a managed instance lets in.
pub(super) async fn run(service: Arc<Service>) -> Result<(), lambda_http::Error> {
    lambda_http::lambda_runtime::run_concurrent(service_fn(move |event| serve(Arc::clone(&service), event, &SystemClock))).await
}

/// Answers one event, both as JSON exactly as the runtime has them. For tests.
///
/// # Errors
/// The error of `serde_json` if the event isn't one of a gateway.
#[cfg(any(test, feature = "testing"))]
pub async fn invoke(service: Arc<Service>, event: &str) -> Result<serde_json::Value, serde_json::Error> {
    let event = LambdaEvent::new(serde_json::from_str::<Event>(event)?, lambda_http::Context::default());
    match serve(service, event, &SystemClock).await {
        Ok(answer) => serde_json::to_value(answer),
        Err(never) => match never {},
    }
}

async fn serve(
    service: Arc<Service>,
    event: LambdaEvent<Event>,
    clock: &'static dyn Clock,
) -> Result<impl Serialize + Send + 'static, Infallible> {
    let Event { mut request, certificate } = event.payload;
    let envelope = Envelope { certificate, ..Envelope::from_event(&mut request) };
    let invocation = Invocation { id: event.context.request_id.clone(), time_left: time_left(&event.context, clock) };
    let event = LambdaEvent::new(request, event.context);
    let answer = move |request: lambda_http::Request| {
        let (service, envelope, invocation) = (Arc::clone(&service), envelope.clone(), invocation.clone());
        async move { Ok::<_, Infallible>(answer(&service, envelope, invocation, request).await) }
    };
    Adapter::from(service_fn(answer)).call(event).await
}

async fn answer(service: &Service, envelope: Envelope, invocation: Invocation, request: lambda_http::Request) -> Response<Body> {
    let (mut parts, _) = request.into_parts();
    parts.uri = envelope.uri();
    parts.headers.extend(envelope.headers);
    parts.extensions.clear();
    parts.extensions.insert(invocation);
    if let Some(id) = envelope.id {
        parts.extensions.insert(RequestId(id));
    }
    parts.extensions.insert(CallerAddress(envelope.address));
    if let Some(certificate) = envelope.certificate {
        parts.extensions.insert(ClientCertificate(certificate));
    }
    let body = envelope.body.unwrap_or_else(|| {
        parts.extensions.insert(UnreadableBody);
        Bytes::new()
    });
    service.call(http::Request::from_parts(parts, body)).await.map(|body| match std::str::from_utf8(&body) {
        Ok("") => Body::Empty,
        // As text, not base64: all our answers are JSON.
        Ok(text) => Body::Text(text.to_owned()),
        Err(_) => Body::Binary(body.into()),
    })
}

/// An event, and the certificate of the client's TLS connection, which API Gateway has verified. `lambda_http` knows of none in
/// events of REST APIs.
struct Event {
    request: LambdaRequest,
    certificate: Option<String>,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let request = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        // Hardly any event has one: the others are read once.
        let certificate = raw.get().contains("\"clientCertPem\"").then(|| serde_json::from_str::<Connection>(raw.get()));
        let certificate = certificate.transpose().map_err(D::Error::custom)?.and_then(Connection::certificate);
        Ok(Self { request, certificate })
    }
}

/// What an event says of the client's TLS connection: in `identity` of payload 1.0, in `authentication` of payload 2.0.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Connection {
    request_context: Context,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    identity: Option<Peer>,
    authentication: Option<Peer>,
}

impl Connection {
    fn certificate(self) -> Option<String> {
        let Context { identity, authentication } = self.request_context;
        authentication.or(identity)?.certificate().map(str::to_owned)
    }
}

/// What is taken out of an event.
#[derive(Clone, Default)]
struct Envelope {
    path: String,
    query: String,
    headers: HeaderMap,
    body: Option<Bytes>,
    id: Option<String>,
    /// Who has connected to the gateway.
    address: Option<IpAddr>,
    certificate: Option<String>,
}

/// Reads an address, if it is one.
fn address(text: Option<&str>) -> Option<IpAddr> {
    text?.trim().parse().ok()
}

impl Envelope {
    /// Takes it out of an event.
    fn from_event(event: &mut LambdaRequest) -> Self {
        match event {
            LambdaRequest::ApiGatewayV2(event) => {
                let path = event.raw_path.take().unwrap_or_default();
                let context = &mut event.request_context;
                let domain = context.domain_name.take();
                Self {
                    path: path_as_sent(without_stage(&path, context.stage.as_deref()), domain.as_deref()),
                    query: event.raw_query_string.take().unwrap_or_default(),
                    headers: std::mem::take(&mut event.headers),
                    body: body(event.body.take(), event.is_base64_encoded),
                    id: context.request_id.clone(),
                    address: address(context.http.source_ip.as_deref()),
                    certificate: None,
                }
            }
            LambdaRequest::ApiGatewayV1(event) => {
                event.request_context.domain_name = None;
                let single = std::mem::take(&mut event.query_string_parameters);
                let multi = std::mem::take(&mut event.multi_value_query_string_parameters);
                Self {
                    path: event.path.take().unwrap_or_default(),
                    // It has been decoded.
                    query: if multi.is_empty() { single } else { multi }.to_query_string(),
                    headers: all_values(&mut event.headers, &mut event.multi_value_headers),
                    body: body(event.body.take(), event.is_base64_encoded),
                    id: event.request_context.request_id.clone(),
                    address: address(event.request_context.identity.source_ip.as_deref()),
                    certificate: None,
                }
            }
            LambdaRequest::Alb(event) => {
                let single = std::mem::take(&mut event.query_string_parameters);
                let multi = std::mem::take(&mut event.multi_value_query_string_parameters);
                let headers = all_values(&mut event.headers, &mut event.multi_value_headers);
                let query = if multi.is_empty() { single } else { multi };
                let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
                let forwarded = forwarded.and_then(|value| value.to_str().ok()).map(str::to_owned);
                Self {
                    path: event.path.take().unwrap_or_default(),
                    // It is still encoded.
                    query: query.join("&"),
                    // A load balancer numbers its requests for tracing only.
                    id: headers.get("x-amzn-trace-id").and_then(|id| id.to_str().ok()).map(str::to_owned),
                    // The load balancer adds it behind what the request had there.
                    address: address(forwarded.as_deref().and_then(|all| all.rsplit(',').next())),
                    headers,
                    body: body(event.body.take(), event.is_base64_encoded),
                    certificate: None,
                }
            }
            // There are no others: only these features of `lambda_http` are on.
            _ => Self::default(),
        }
    }

    /// The target. Gateways pass on what no target may have in it, which is encoded here.
    fn uri(&self) -> Uri {
        let path = encoded_path(&self.path);
        let query = utf8_percent_encode(&self.query, NOT_IN_TARGET);
        let target = if self.query.is_empty() { path } else { format!("{path}?{query}") };
        let uri = target.starts_with('/').then(|| Uri::builder().path_and_query(target).build());
        // Nothing is at this one.
        uri.and_then(Result::ok).unwrap_or_else(|| Uri::from_static("/"))
    }
}

/// The body of an event. `None`: it claims to be base64 and isn't.
fn body(text: Option<String>, is_base64: bool) -> Option<Bytes> {
    let text = text.unwrap_or_default();
    if is_base64 { STANDARD.decode(&text).ok().map(Bytes::from) } else { Some(text.into_bytes().into()) }
}

/// Returns all headers. Of several with one name the single ones have only one.
fn all_values(single: &mut HeaderMap, multi: &mut HeaderMap) -> HeaderMap {
    let (single, multi) = (std::mem::take(single), std::mem::take(multi));
    if multi.is_empty() { single } else { multi }
}

/// The path without the stage, which only these events have in it: our routes don't know in which stage they are deployed.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let below = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage)).filter(|rest| rest.starts_with('/'));
    below.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::http::{Answer, Dialect, Endpoint, Entry, Route};
    use crate::domain::{Error, FrozenClock, Timestamp};
    use crate::platform::capabilities::{Provides, Public};
    use crate::telemetry::testing::Log;

    struct Nothing;

    impl Provides<Public> for Nothing {
        fn provide(&self) -> Public {
            Public {}
        }
    }

    /// An endpoint of each dialect that never answers.
    macro_rules! endless {
        ($name:ident, $dialect:ident, $path:literal) => {
            struct $name;

            impl Endpoint for $name {
                const ROUTE: Route = Route::get(concat!("test.", stringify!($name)), $path, Dialect::$dialect);
                type Ports = Public;
                type Input = ();
                type Output = Answer<200, Value>;

                async fn handle(_: &Public, (): ()) -> Result<Self::Output, Error> {
                    std::future::pending().await
                }
            }
        };
    }

    endless!(Agilicus, Agilicus, "/agilicus");
    endless!(Authlete, Authlete, "/authlete");
    endless!(Jeton, Jeton, "/jeton");
    endless!(OAuth, OAuth, "/oauth");

    /// On managed instances nothing else would end it.
    #[tokio::test]
    async fn a_request_that_is_not_answered_by_the_deadline_is_503_in_its_dialect_and_logged_once() {
        let log = Log::new();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let entries = [
            Entry::for_endpoint::<Agilicus>(),
            Entry::for_endpoint::<Authlete>(),
            Entry::for_endpoint::<Jeton>(),
            Entry::for_endpoint::<OAuth>(),
        ];
        let service = Arc::new(Service::new(&entries, &Nothing).unwrap());
        let clock: &'static FrozenClock = Box::leak(Box::new(FrozenClock::at(Timestamp::from_ms(1_795_348_800_000))));
        for path in ["/agilicus", "/authlete", "/jeton", "/oauth"] {
            let event = json!({
                "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {},
                "isBase64Encoded": false,
                "requestContext": {
                    "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "p", "requestId": "r-1",
                    "routeKey": "$default", "stage": "$default", "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1,
                    "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a"},
                },
            });
            let mut context = lambda_http::Context::default();
            context.deadline = 1_795_348_800_260;
            let event = LambdaEvent::new(serde_json::from_str(&event.to_string()).unwrap(), context);
            let answer = serve(Arc::clone(&service), event, clock).await.map(serde_json::to_value).unwrap().unwrap();
            assert_eq!(answer["statusCode"], 503, "{answer}");
            assert_eq!(answer["headers"]["retry-after"], "1", "{answer}");
            let body = answer["body"].as_str().unwrap();
            assert!(body.contains("The service is temporarily unavailable. Try again in a second."), "{answer}");
            let log = log.drain();
            let faults: Vec<_> = log.lines().filter(|line| line.contains("jeton::fault")).collect();
            assert!(faults.len() == 1 && faults[0].contains("before the deadline of its invocation"), "{log}");
            let lines: Vec<_> = log.lines().filter(|line| line.contains("jeton::request")).collect();
            assert!(lines.len() == 1 && lines[0].contains("status=503") && lines[0].contains("error=\"UNAVAILABLE\""), "{log}");
        }
    }

    #[test]
    fn a_body_that_claims_to_be_base64_and_is_not_is_none() {
        let read = |text: &str, is_base64| body(Some(text.to_owned()), is_base64);
        assert_eq!(read("e30=", true).as_deref(), Some(&b"{}"[..]));
        assert_eq!(read("e30=", false).as_deref(), Some(&b"e30="[..]));
        assert_eq!(body(None, true).as_deref(), Some(&b""[..]));
        for bad in ["%%%", "e30", "grant_type=x", "e30=\n"] {
            assert_eq!(read(bad, true), None, "{bad:?}");
        }
    }
}
