//! What an endpoint is.

use std::fmt;

use futures::future::BoxFuture;
use http::Method;

use super::{FromRequest, IntoReply, Reply, Request, render};
use crate::domain::Error;
use crate::platform::capabilities::{Access, Capability, Provides};

/// One method on one path: a type in a room of its own, deployed as one function.
pub trait Endpoint: Send + Sync + 'static {
    /// Its name, method, path and dialect.
    const ROUTE: Route;
    /// What it can reach, and so which bundle it is in and what its role grants.
    type Ports: Capability;
    /// What it takes, decoded and refused at the edge.
    type Input: FromRequest + Send;
    /// What it answers when it succeeds.
    type Output: IntoReply;

    /// Does it.
    fn handle(ports: &Self::Ports, input: Self::Input) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// Where an endpoint is found.
#[derive(Clone, Debug)]
pub struct Route {
    /// Folder and file of its room, `Handler` of its function and `operationId`: `agilicus.create_token`.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces, as API Gateway has them: one that ends in a plus takes the rest of the path.
    pub path: &'static str,
    /// Another path of the same endpoint.
    pub also: Option<&'static str>,
    /// How its errors are spelled.
    pub dialect: Dialect,
    /// The statuses of refusals that are its own, and not of what it takes.
    pub refusals: &'static [u16],
}

impl Route {
    /// A `DELETE`.
    pub const fn delete(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::DELETE, name, path, dialect)
    }

    /// A `GET`.
    pub const fn get(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::GET, name, path, dialect)
    }

    /// A `POST`.
    pub const fn post(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::POST, name, path, dialect)
    }

    /// A `PUT`.
    pub const fn put(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::PUT, name, path, dialect)
    }

    const fn new(method: Method, name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self { name, method, path, also: None, dialect, refusals: &[] }
    }

    /// The same, found at another path, too.
    #[must_use]
    pub const fn and_at(mut self, path: &'static str) -> Self {
        self.also = Some(path);
        self
    }

    /// The same, which can refuse with these statuses.
    #[must_use]
    pub const fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refusals = statuses;
        self
    }

    /// Its paths.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.path).chain(self.also)
    }
}

/// How requests and errors are spelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// The Agilicus Tokens API: errors are an `ErrorMessage`.
    Agilicus,
    /// Authlete's token API: errors are a `Result`, and a slash at the end of a path doesn't count.
    Authlete,
    /// Jeton's own API: errors are problem details, RFC 9457.
    Jeton,
    /// OAuth 2: errors are as in RFC 6749 section 5.2.
    OAuth,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agilicus, Self::Authlete, Self::Jeton, Self::OAuth];

    /// Its name, which is that of its rooms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agilicus => "agilicus",
            Self::Authlete => "authlete",
            Self::Jeton => "jeton",
            Self::OAuth => "oauth",
        }
    }
}

/// An endpoint without its type: a row of the catalogue, for platforms that provide what it needs.
pub struct Entry<P> {
    /// Where it is found.
    pub route: Route,
    /// What it can reach, by name.
    pub capability: &'static str,
    /// What its role must grant.
    pub access: Access,
    bind: fn(&P) -> Box<dyn Handler>,
    #[cfg(feature = "openapi")]
    pub(in crate::api) describe: fn(&mut crate::api::openapi::Operation<'_>),
}

impl<P> Entry<P> {
    /// The row of `E`.
    pub fn for_endpoint<E: Endpoint>() -> Self
    where
        P: Provides<E::Ports>,
    {
        Self {
            route: E::ROUTE,
            capability: E::Ports::NAME,
            access: E::Ports::ACCESS,
            bind: |platform| Box::new(Bound::<E>(platform.provide())),
            #[cfg(feature = "openapi")]
            describe: |operation| {
                use crate::api::openapi::Describe as _;
                E::Input::describe(operation);
                E::Output::describe(operation);
            },
        }
    }

    /// The endpoint, ready to be called on this platform.
    pub(in crate::api) fn bind(&self, platform: &P) -> Box<dyn Handler> {
        (self.bind)(platform)
    }
}

impl<P> fmt::Debug for Entry<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("route", &self.route)
            .field("capability", &self.capability)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// An endpoint with its ports.
pub(in crate::api) trait Handler: Send + Sync {
    /// Answers a request: whatever happens, there is an answer.
    fn answer<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Reply>;
}

struct Bound<E: Endpoint>(E::Ports);

impl<E: Endpoint> Handler for Bound<E> {
    fn answer<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let outcome = match E::Input::from_request(request) {
                Ok(input) => E::handle(&self.0, input).await,
                Err(refusal) => Err(refusal.into()),
            };
            match outcome {
                Ok(output) => output.into_reply(),
                Err(Error::Refused(refusal)) => render::refusal(&E::ROUTE, &refusal),
                Err(Error::Failed(fault)) => {
                    crate::telemetry::log_fault(E::ROUTE.name, &fault);
                    render::fault(&E::ROUTE, &fault)
                }
            }
        })
    }
}
