//! From a request to its endpoint, and back with an answer.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderValue, Method, Response};

use super::endpoint::Handler;
use super::{Dialect, Entry, Reply, Request, Route, render};
use crate::domain::{Fault, Refusal};
use crate::telemetry;

/// The largest body that is looked at, in bytes.
pub const MOST_BODY: usize = 65_536;

/// The id of a request, for its line of log and its answer: the gateway's, or our own.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Some endpoints, ready to be called.
pub struct Service {
    paths: matchit::Router<Vec<usize>>,
    endpoints: Vec<(Route, Box<dyn Handler>)>,
}

impl Service {
    /// Binds the endpoints to a platform.
    ///
    /// # Errors
    /// Two of them have the same method and path.
    pub fn new<P>(entries: &[Entry<P>], platform: &P) -> Result<Self, Fault> {
        let mut paths: Vec<(&'static str, Vec<usize>)> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match paths.iter_mut().find(|(path, _)| *path == entry.route.path) {
                Some((_, there)) if there.iter().any(|&other| entries[other].route.method == entry.route.method) => {
                    return Err(Fault::internal("binding two endpoints to one route"));
                }
                Some((_, there)) => there.push(index),
                None => paths.push((entry.route.path, vec![index])),
            }
        }
        let mut router = matchit::Router::new();
        for (path, indices) in paths {
            router.insert(path, indices).map_err(|error| Fault::internal("binding a path").because(error))?;
        }
        let endpoints = entries.iter().map(|entry| (entry.route.clone(), entry.bind(platform))).collect();
        Ok(Self { paths: router, endpoints })
    }

    /// Answers a request, whatever it is: also a panic is answered, and the next request works.
    pub async fn call(&self, request: http::Request<Bytes>) -> Response<Bytes> {
        let begun = Instant::now();
        let (parts, body) = request.into_parts();
        let (route, answer) = self.find(&parts, &body);
        let (reply, note) = telemetry::noted(AssertUnwindSafe(answer).catch_unwind()).await;
        let endpoint = route.map_or("", |route| route.name);
        let reply = reply.unwrap_or_else(|_| {
            let fault = Fault::internal("handling a request: it panicked");
            telemetry::log_fault(endpoint, &fault);
            render::fault(route.map_or(Dialect::Jeton, |route| route.dialect), &fault)
        });
        let mut response = reply.into_response();
        let id = parts.extensions.get::<RequestId>().map_or("", |id| id.0.as_str());
        if let Some(id) = HeaderValue::try_from(id).ok().filter(|id| !id.is_empty()) {
            response.headers_mut().insert("x-request-id", id);
        }
        if parts.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        telemetry::log_request(endpoint, parts.method.as_str(), response.status().as_u16(), begun.elapsed(), id, &note);
        response
    }

    /// The endpoint of a path that matches exactly as it was sent, and its answer to come.
    fn find<'a>(
        &'a self,
        parts: &'a http::request::Parts,
        body: &'a [u8],
    ) -> (Option<&'a Route>, impl Future<Output = Reply> + Send + 'a) {
        let matched = self.paths.at(parts.uri.path()).ok();
        let indices = matched.as_ref().map(|matched| &matched.value[..]).unwrap_or_default();
        let found = indices.iter().map(|&index| &self.endpoints[index]).find(|(route, _)| route.method == parts.method);
        let dialect = indices.first().map_or(Dialect::Jeton, |&index| self.endpoints[index].0.dialect);
        let allow = || indices.iter().map(|&index| self.endpoints[index].0.method.as_str()).collect::<Vec<_>>().join(", ");
        let refusal = match found {
            Some(_) if body.len() > MOST_BODY => Some(Refusal::BodyTooLarge { limit: MOST_BODY }),
            Some(_) => None,
            None if indices.is_empty() => Some(Refusal::NoSuchPath),
            None => Some(Refusal::MethodNotAllowed { allow: allow() }),
        };
        let path = matched.map(|matched| matched.params.iter().collect()).unwrap_or_default();
        let request = Request { parts, body, path };
        let answer = async move {
            match (refusal, found) {
                (None, Some((_, handler))) => handler.answer(&request).await,
                (refusal, _) => render::refusal(dialect, &refusal.unwrap_or(Refusal::NoSuchPath)),
            }
        };
        (found.map(|(route, _)| route), answer)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints.iter().map(|(route, _)| route.name)).finish()
    }
}
