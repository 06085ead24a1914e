//! From a request to its endpoint, and back with an answer.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::endpoint::Handler;
use super::media_type::has_content_encoding;
use super::{CallerAddress, Dialect, Entry, MAX_BODY_BYTES, Reply, Request, Route, render};
use crate::api::dialects;
use crate::domain::{Error, Fault, Refusal, TrustedProxies};
use crate::telemetry;

/// The id of a request, for its line of log and its answer: the gateway's, or our own.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The invocation of a Lambda function that a request came in.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The id that Lambda gave it, by which the platform's own lines of log name it.
    pub id: String,
    /// How long it may take. A request that takes longer is given up and answered with 503. `None`: as long as it likes.
    pub time_left: Option<Duration>,
}

/// Marks a request whose body couldn't be decoded from what a gateway sent.
#[derive(Clone, Copy, Debug)]
pub struct UnreadableBody;

/// Stands for the endpoint of a path at which nothing is and which no dialect claims.
static NOWHERE: Route = Route::get("", "", Dialect::Jeton);

/// The endpoints of one process, bound to their platform and found by path and method.
///
/// # Examples
/// ```
/// # use bytes::Bytes;
/// # use http::{Request, StatusCode, Uri};
/// # use serde_json::{Value, json};
/// # use shared::api::http::{Answer, Dialect, Endpoint, Entry, Route, Service};
/// # use shared::domain::{Error, Fault};
/// # use shared::platform::capabilities::{Provides, Public};
/// # struct Platform;
/// # impl Provides<Public> for Platform {
/// #     fn provide(&self) -> Public { Public {} }
/// # }
/// struct Ping;
///
/// impl Endpoint for Ping {
///     const ROUTE: Route = Route::get("jeton.ping", "/ping", Dialect::Jeton);
///     type Ports = Public;
///     type Input = ();
///     type Output = Answer<200, Value>;
///
///     async fn handle(_: &Public, (): ()) -> Result<Self::Output, Error> {
///         Ok(Answer::from_body(&json!({"status": "ok"}))?)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Fault> {
/// let service = Service::new(&[Entry::for_endpoint::<Ping>()], &Platform)?;
/// let mut request = Request::new(Bytes::new());
/// *request.uri_mut() = Uri::from_static("/ping");
/// let response = service.call(request).await;
/// assert_eq!(response.status(), StatusCode::OK);
/// assert_eq!(response.body(), r#"{"status":"ok"}"#);
/// # Ok(())
/// # }
/// ```
pub struct Service {
    paths: matchit::Router<Vec<usize>>,
    endpoints: Vec<Bound>,
    observer: Option<Arc<dyn Observe>>,
    forwarding: Option<Forwarding>,
    logs_requests: bool,
}

/// How proxies before the service tell the address of a caller.
#[derive(Clone, Debug)]
pub struct Forwarding {
    /// The header to which each proxy adds the address that has connected to it, such as `X-Forwarded-For`.
    pub header: HeaderName,
    /// The proxies that are believed.
    pub proxies: TrustedProxies,
}

impl Forwarding {
    /// Finds the caller behind the proxies. `peer` has connected to the edge.
    fn caller(&self, peer: CallerAddress, headers: &HeaderMap) -> CallerAddress {
        let lines: Vec<_> = headers.get_all(&self.header).iter().map(|line| line.to_str().unwrap_or_default()).collect();
        let hops = lines.iter().flat_map(|line| line.split(','));
        CallerAddress(peer.0.and_then(|peer| self.proxies.caller(peer, hops)))
    }
}

/// Takes note of requests that have been answered, such as to count them.
pub trait Observe: fmt::Debug + Send + Sync {
    /// Takes note of one: the name of its endpoint, which is empty where there is none, the status, and how long it took.
    fn answered(&self, endpoint: &'static str, status: StatusCode, took: Duration);
}

/// An endpoint with its ports, as the router finds it.
struct Bound {
    route: Route,
    handler: Box<dyn Handler>,
    methods: Vec<Method>,
}

impl Bound {
    fn new<P>(entry: &Entry<P>, platform: &P) -> Self {
        Self { route: entry.route.clone(), handler: entry.bind(platform), methods: entry.methods().collect() }
    }

    fn takes(&self, method: &Method) -> bool {
        self.methods.contains(method)
    }

    async fn answer(&self, request: &Request<'_>) -> Reply {
        match self.handler.handle(request).await {
            Ok(reply) => reply,
            Err(Error::Refused(refusal)) => render::refusal(&self.route, &refusal),
            Err(Error::Failed(fault)) => {
                telemetry::log_fault(self.route.name, &fault);
                render::fault(&self.route, &fault)
            }
        }
    }
}

impl Service {
    /// Binds the endpoints to a platform.
    ///
    /// # Errors
    /// Two of them have the same method and path.
    pub fn new<P>(entries: &[Entry<P>], platform: &P) -> Result<Self, Fault> {
        let mut paths: Vec<(&'static str, Vec<usize>)> = Vec::new();
        let all = entries.iter().enumerate().flat_map(|(index, entry)| entry.route.paths().map(move |path| (index, path)));
        for (index, path) in all {
            match paths.iter_mut().find(|(there, _)| *there == path) {
                Some((_, there)) if there.iter().any(|&other| entries[other].route.method == entries[index].route.method) => {
                    return Err(Fault::internal("binding two endpoints to one route"));
                }
                Some((_, there)) => there.push(index),
                None => paths.push((path, vec![index])),
            }
        }
        let mut router = matchit::Router::new();
        for (path, indices) in paths {
            router.insert(pattern(path), indices).map_err(|error| Fault::internal("binding a path").because(error))?;
        }
        let endpoints = entries.iter().map(|entry| Bound::new(entry, platform)).collect();
        Ok(Self { paths: router, endpoints, observer: None, forwarding: None, logs_requests: true })
    }

    /// Tells an observer of each request.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observe>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// Writes no line of log for each request. What fails is still logged, and what alarms.
    #[must_use]
    pub fn without_request_log(self) -> Self {
        Self { logs_requests: false, ..self }
    }

    /// Believes proxies what they say of the address of a caller.
    #[must_use]
    pub fn behind(self, forwarding: Forwarding) -> Self {
        Self { forwarding: Some(forwarding), ..self }
    }

    /// The largest body in bytes that the endpoint of a request looks at: an edge need read no more than one byte beyond.
    pub fn max_body_bytes(&self, parts: &http::request::Parts) -> usize {
        let (indices, _) = self.at(parts.uri.path());
        let found = indices.iter().map(|&index| &self.endpoints[index]).find(|bound| bound.takes(&parts.method));
        found.map_or(MAX_BODY_BYTES, |bound| bound.route.max_body_bytes)
    }

    /// Answers a request, whatever it is: also a panic is answered, and the next request works. A request whose
    /// [`Invocation`] has no time left is given up and answered as one that may be repeated.
    pub async fn call(&self, request: http::Request<Bytes>) -> Response<Bytes> {
        let begun = Instant::now();
        let (mut parts, body) = request.into_parts();
        if let (Some(forwarding), Some(&peer)) = (&self.forwarding, parts.extensions.get::<CallerAddress>()) {
            let caller = forwarding.caller(peer, &parts.headers);
            parts.extensions.insert(caller);
        }
        let invocation = parts.extensions.get::<Invocation>();
        let (route, nearest, answer) = self.find(&parts, &body);
        let endpoint = route.map_or("", |route| route.name);
        let time_left = invocation.and_then(|invocation| invocation.time_left);
        let answer = async {
            let fault = match within(time_left, AssertUnwindSafe(answer).catch_unwind()).await {
                Some(Ok(reply)) => return reply,
                Some(Err(_)) => Fault::internal("handling a request: it panicked"),
                None => Fault::unavailable("answering a request before the deadline of its invocation"),
            };
            telemetry::log_fault(endpoint, &fault);
            render::fault(route.unwrap_or(nearest), &fault)
        };
        let (reply, note) = telemetry::noted(answer).await;
        let mut response = reply.into_response();
        let id = parts.extensions.get::<RequestId>().map_or("", |id| id.0.as_str());
        if let Some(id) = HeaderValue::try_from(id).ok().filter(|id| !id.is_empty()) {
            response.headers_mut().insert("x-request-id", id);
        }
        // RFC 6749 section 5.1.
        if dialects::rules(nearest.dialect).sends_pragma
            && response.headers().get(header::CACHE_CONTROL).is_some_and(|it| it == "no-store")
        {
            response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        }
        if parts.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        let took = begun.elapsed();
        if self.logs_requests {
            let line = telemetry::RequestLine {
                endpoint,
                method: parts.method.as_str(),
                status: response.status().as_u16(),
                took,
                request_id: id,
                lambda_request_id: invocation.map(|invocation| invocation.id.as_str()),
            };
            telemetry::log_request(&line, &note);
        }
        if let Some(observer) = &self.observer {
            observer.answered(endpoint, response.status(), took);
        }
        response
    }

    /// The endpoints of a path, and its parameters. It matches exactly as it was sent, but that some dialects take a slash at the end.
    fn at<'a>(&'a self, path: &'a str) -> (&'a [usize], Vec<(&'a str, &'a str)>) {
        let found = |path| self.paths.at(path).ok().map(|found| (&found.value[..], found.params.iter().collect()));
        let without_slash = || {
            let (indices, parameters) = path.strip_suffix('/').and_then(found)?;
            let ignores_it = |index: &usize| dialects::rules(self.endpoints[*index].route.dialect).ignores_trailing_slash;
            indices.iter().all(ignores_it).then_some((indices, parameters))
        };
        found(path).or_else(without_slash).unwrap_or_default()
    }

    /// The endpoint of a request, or else the one that is nearest, and its answer to come.
    fn find<'a>(
        &'a self,
        parts: &'a http::request::Parts,
        body: &'a [u8],
    ) -> (Option<&'a Route>, &'a Route, impl Future<Output = Reply> + Send + 'a) {
        let (indices, path) = self.at(parts.uri.path());
        let found = indices.iter().map(|&index| &self.endpoints[index]).find(|bound| bound.takes(&parts.method));
        let nearest = indices.first().map_or_else(|| fallback(parts.uri.path()), |&index| &self.endpoints[index].route);
        let allow = || {
            indices.iter().flat_map(|&index| &self.endpoints[index].methods).map(Method::as_str).collect::<Vec<_>>().join(", ")
        };
        let refusal = match found {
            // RFC 9112 section 3.2: whoever is in front may have looked at the other one.
            _ if parts.headers.get_all(header::HOST).iter().nth(1).is_some() => {
                Some(Refusal::invalid("Host", "must be given only once"))
            }
            Some(_) if parts.extensions.get::<UnreadableBody>().is_some() => {
                Some(Refusal::invalid("", "the body must be base64, as the event says that it is"))
            }
            Some(_) if has_content_encoding(&parts.headers) => Some(Refusal::UnsupportedContentEncoding),
            Some(bound) if body.len() > bound.route.max_body_bytes => {
                Some(Refusal::BodyTooLarge { limit: bound.route.max_body_bytes })
            }
            Some(_) => None,
            None if indices.is_empty() => Some(Refusal::NoSuchPath),
            None => Some(Refusal::MethodNotAllowed { allow: allow() }),
        };
        let request = Request { parts, body, path };
        let answer = async move {
            match (refusal, found) {
                (None, Some(bound)) => bound.answer(&request).await,
                (refusal, _) => render::refusal(nearest, &refusal.unwrap_or(Refusal::NoSuchPath)),
            }
        };
        (found.map(|bound| &bound.route), nearest, answer)
    }
}

/// Does some work for this time at most. `None`: the time was up, and the work was dropped. Without a time there is no limit.
pub(in crate::api) async fn within<T>(time: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match time {
        Some(time) => tokio::time::timeout(time, work).await.ok(),
        None => Some(work.await),
    }
}

/// Returns what stands for the endpoint of a path at which nothing is: in the dialect that claims the longest beginning of it.
fn fallback(path: &str) -> &'static Route {
    let all = Dialect::ALL.iter().filter_map(|dialect| dialects::rules(*dialect).fallback);
    let prefixes = all.flat_map(|fallback| fallback.prefixes.iter().map(move |prefix| (*prefix, &fallback.route)));
    let longest = prefixes.filter(|(prefix, _)| path.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len());
    longest.map_or(&NOWHERE, |(_, route)| route)
}

/// A path as the router has it.
fn pattern(path: &str) -> String {
    match path.strip_suffix("+}").and_then(|path| path.rsplit_once('{')) {
        Some((front, parameter)) => format!("{front}{{*{parameter}}}"),
        None => path.to_owned(),
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints.iter().map(|bound| bound.route.name)).finish()
    }
}
