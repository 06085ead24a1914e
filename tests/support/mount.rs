//! Seven ways to the same service.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shared::api::http::{CallerAddress, ClientCertificate, Forwarding, Service};
use shared::api::lambda;
use shared::domain::TrustedProxies;
use tokio::net::{TcpListener, TcpStream};

use super::described;

/// How a request gets to the service.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mount {
    /// As a function call.
    InProcess,
    /// As a function call, and all is kept in DynamoDB.
    DynamoDb,
    /// As an event of an HTTP API, payload 2.0: path decoded, header names in lower case, body as text.
    HttpApi,
    /// As an event of a REST API, payload 1.0: header names in title case, twice, body in base64, `null` for what isn't there.
    RestApi,
    /// As an event of a function URL: payload 2.0, path as it was sent, body in base64.
    FunctionUrl,
    /// As an event of a load balancer that keeps several headers of one name: query still encoded, body as text.
    Alb,
    /// Over a socket, to the local server.
    Http,
}

/// Where the server behind a proxy finds a client's certificate: RFC 9440.
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What has connected to a gateway, or in its place calls the service as a function.
const PEER: &str = "192.0.2.1";

/// Whoever connects to a mount is a proxy that is trusted: scenarios say by `X-Forwarded-For` from where a request comes.
pub(crate) fn forwarding() -> Forwarding {
    let proxies = [PEER, "127.0.0.1"].map(|peer| format!("{peer}/32").parse().expect("a network"));
    Forwarding { header: X_FORWARDED_FOR, proxies: TrustedProxies::from_networks(proxies) }
}

/// A service behind a mount.
pub(crate) enum Target {
    Direct(Arc<Service>),
    /// An HTTP API has what none of its routes leads to answered by a function of its own.
    Event {
        service: Arc<Service>,
        unrouted: Arc<Service>,
        mount: Mount,
    },
    Socket(std::net::SocketAddr),
}

impl Target {
    pub(crate) async fn new(mount: Mount, service: Arc<Service>, unrouted: Service) -> Self {
        match mount {
            Mount::InProcess | Mount::DynamoDb => Self::Direct(service),
            Mount::HttpApi | Mount::RestApi | Mount::FunctionUrl | Mount::Alb => {
                Self::Event { service, unrouted: Arc::new(unrouted), mount }
            }
            Mount::Http => {
                let edge = local::Edge { certificate_header: Some(CLIENT_CERT), ..local::Edge::default() };
                Self::Socket(listen(service, edge).await)
            }
        }
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        match self {
            Self::Direct(service) => {
                let mut request = request;
                request.extensions_mut().insert(CallerAddress(Some(PEER.parse().expect("an address"))));
                service.call(request).await
            }
            Self::Event { service, unrouted, mount } => {
                let request = forwarded(request);
                let mut service = service;
                let event = match mount {
                    Mount::RestApi => rest_api(&request),
                    Mount::FunctionUrl => payload_2(&request, request.uri().path(), "id.lambda-url.us-east-1.on.aws", true),
                    Mount::Alb => load_balancer(&request),
                    Mount::InProcess | Mount::DynamoDb | Mount::HttpApi | Mount::Http => {
                        let Some(path) = decoded_twice(request.uri().path()) else { return gateway_refuses() };
                        if !described::has_route(request.method(), &path) {
                            service = unrouted;
                        }
                        payload_2(&request, &path, "id.execute-api.us-east-1.amazonaws.com", false)
                    }
                };
                let answer = lambda::invoke(service.clone(), &event.to_string()).await.expect("an event is answered");
                response(&answer)
            }
            Self::Socket(address) => over_http(*address, request).await,
        }
    }
}

/// Starts the local server at a port that is free.
pub(crate) async fn listen(service: Arc<Service>, edge: local::Edge) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(local::serve(listener, service, edge, std::future::pending()));
    address
}

/// What an HTTP API makes of a path, as captured from a live one: it decodes it, cuts it at a question mark, and decodes it again.
/// `None`: it answers by itself, because a percent sign is left that begins no escape.
pub(crate) fn decoded_twice(path: &str) -> Option<String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let once = decode(path);
    let escapes = |rest: &str| rest.get(..2).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    once.split('%').skip(1).all(escapes).then(|| decode(once.split('?').next().unwrap_or_default()))
}

fn gateway_refuses() -> Response<Bytes> {
    Response::builder().status(400).body(Bytes::from_static(br#"{"message":"Bad Request"}"#)).expect("an answer")
}

/// The request with its peer at the end of `X-Forwarded-For`, where gateways and load balancers add it.
fn forwarded(mut request: Request<Bytes>) -> Request<Bytes> {
    let before = request.headers().get(X_FORWARDED_FOR).map(|hops| hops.to_str().expect("addresses").to_owned());
    let hops = before.map_or_else(|| PEER.to_owned(), |before| format!("{before}, {PEER}"));
    request.headers_mut().insert(X_FORWARDED_FOR, HeaderValue::try_from(hops).expect("addresses"));
    request
}

/// An event of an HTTP API or a function URL.
fn payload_2(request: &Request<Bytes>, path: &str, domain: &str, base64: bool) -> Value {
    let query = request.uri().query().unwrap_or_default();
    let method = request.method().as_str();
    let body = match (request.body().is_empty(), base64 || std::str::from_utf8(request.body()).is_err()) {
        (true, _) => Value::Null,
        (false, true) => STANDARD.encode(request.body()).into(),
        (false, false) => String::from_utf8_lossy(request.body()).into(),
    };
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined(request.headers()),
        "requestContext": {
            "accountId": "123456789012", "apiId": "api-id", "domainName": domain, "domainPrefix": "id",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": PEER, "userAgent": "agent"},
            "requestId": "request-1", "routeKey": "$default", "stage": "$default", "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1_795_348_800_000_i64
        },
        "isBase64Encoded": body.is_string() && (base64 || std::str::from_utf8(request.body()).is_err()),
    });
    if !body.is_null() {
        event["body"] = body;
    }
    let cookies = request.headers().get_all(COOKIE).iter().flat_map(|value| value.to_str().expect("a cookie").split("; "));
    let cookies: Vec<_> = cookies.collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if let Some(certificate) = verified_certificate(request) {
        event["requestContext"]["authentication"] = certificate;
    }
    event
}

/// What API Gateway says of a TLS connection.
fn verified_certificate(request: &Request<Bytes>) -> Option<Value> {
    let ClientCertificate(pem) = request.extensions().get()?;
    let validity = json!({"notBefore": "Nov  1 00:00:00 2026 GMT", "notAfter": "Dec  1 00:00:00 2026 GMT"});
    Some(json!({"clientCert": {
        "clientCertPem": pem, "issuerDN": "CN=ca", "serialNumber": "1", "subjectDN": "CN=whatever it is", "validity": validity,
    }}))
}

fn rest_api(request: &Request<Bytes>) -> Value {
    let mut headers = BTreeMap::new();
    let mut multi: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.insert(title_case(name), value.clone());
        multi.entry(title_case(name)).or_default().push(value);
    }
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // A REST API hands over decoded parameters.
    for pair in request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        query.entry(decoded(name)).or_default().push(decoded(value));
    }
    let single: BTreeMap<_, _> = query.iter().filter_map(|(name, values)| Some((name, values.last()?))).collect();
    let none_if_empty = |value: Value, empty: bool| if empty { Value::Null } else { value };
    let mut identity = json!({"sourceIp": PEER, "userAgent": "agent"});
    if let Some(mut certificate) = verified_certificate(request) {
        identity["clientCert"] = certificate["clientCert"].take();
    }
    json!({
        "resource": "/{proxy+}",
        "path": request.uri().path(),
        "httpMethod": request.method().as_str(),
        "headers": none_if_empty(json!(headers), headers.is_empty()),
        "multiValueHeaders": none_if_empty(json!(multi), multi.is_empty()),
        "queryStringParameters": none_if_empty(json!(single), query.is_empty()),
        "multiValueQueryStringParameters": none_if_empty(json!(query), query.is_empty()),
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "domainName": "id.execute-api.us-east-1.amazonaws.com", "httpMethod": request.method().as_str(),
            "identity": identity, "path": format!("/prod{}", request.uri().path()), "protocol": "HTTP/1.1",
            "requestId": "request-1", "resourcePath": "/{proxy+}", "stage": "prod", "requestTimeEpoch": 1_795_348_800_000_i64
        },
        "body": none_if_empty(STANDARD.encode(request.body()).into(), request.body().is_empty()),
        "isBase64Encoded": !request.body().is_empty(),
    })
}

fn load_balancer(request: &Request<Bytes>) -> Value {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers() {
        headers.entry(name.to_string()).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    headers.insert("x-amzn-trace-id".to_owned(), vec!["Root=1-67891233-abcdef012345678912345678".to_owned()]);
    let mut query: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pair in request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        query.entry(name).or_default().push(value);
    }
    let body = std::str::from_utf8(request.body());
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/jeton/1"}},
        "httpMethod": request.method().as_str(),
        "path": request.uri().path(),
        "multiValueQueryStringParameters": query,
        "multiValueHeaders": headers,
        "body": body.map_or_else(|_| STANDARD.encode(request.body()), str::to_owned),
        "isBase64Encoded": body.is_err(),
    })
}

/// Several headers of one name become one, as an HTTP API has it, and cookies stand elsewhere.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.to_string())
            .and_modify(|there| *there = format!("{there},{value}"))
            .or_insert_with(|| value.into_owned());
    }
    joined
}

fn title_case(name: &HeaderName) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.as_str().split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Decoded leniently, as a gateway does.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn response(answer: &Value) -> Response<Bytes> {
    let body = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"] == true { STANDARD.decode(body).expect("base64") } else { body.as_bytes().to_vec() };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = u16::try_from(answer["statusCode"].as_u64().expect("a status")).unwrap().try_into().unwrap();
    let single =
        answer["headers"].as_object().into_iter().flatten().map(|(name, value)| (name, value.as_str().expect("a value")));
    let multi = answer["multiValueHeaders"].as_object().into_iter().flatten();
    let multi = multi.flat_map(|(name, values)| {
        values.as_array().into_iter().flatten().map(move |value| (name, value.as_str().expect("a value")))
    });
    // Payload 2.0 has them beside the headers.
    let cookies = answer["cookies"].as_array().into_iter().flatten().map(|value| value.as_str().expect("a cookie"));
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, HeaderValue::try_from(cookie).unwrap());
    }
    for (name, value) in single.chain(multi) {
        response.headers_mut().insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    response
}

/// Sends a request on a connection of its own.
pub(crate) async fn over_http(address: std::net::SocketAddr, request: Request<Bytes>) -> Response<Bytes> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    if let Some(ClientCertificate(pem)) = parts.extensions.get() {
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        parts.headers.insert(CLIENT_CERT, HeaderValue::from_str(&format!(":{base64}:")).unwrap());
    }
    parts.headers.entry("host").or_insert(HeaderValue::from_str(&address.to_string()).unwrap());
    let response = sender.send_request(Request::from_parts(parts, Full::new(body))).await.expect("an answer");
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.expect("a body").to_bytes())
}
