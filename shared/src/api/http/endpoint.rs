//! The trait of endpoints, and their row in the catalogue.

use std::fmt;

use futures::future::BoxFuture;
use http::Method;

use super::{FromRequest, IntoReply, Reply, Request, Route};
use crate::api::dialects;
use crate::domain::{Error, Refusal};
use crate::encoding::form::Parameters;
use crate::platform::capabilities::{AwsAccess, Capability, Provides};

/// One method on one path: a type in a room of its own, deployed as one function.
///
/// # Examples
/// ```
/// use serde_json::{Value, json};
/// use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Route};
/// use shared::auth::bearer::authenticate;
/// use shared::domain::Error;
/// use shared::platform::capabilities::Reader;
/// use shared::store::RecordKeys;
///
/// /// Tells the bearer of a live token who it is.
/// struct WhoAmI;
///
/// impl Endpoint for WhoAmI {
///     const ROUTE: Route = Route::get("jeton.who_am_i", "/who-am-i", Dialect::Jeton);
///     type Ports = Reader;
///     type Input = Bearer;
///     type Output = Answer<200, Value>;
///
///     async fn handle(ports: &Reader, bearer: Bearer) -> Result<Self::Output, Error> {
///         let (caller, _) = authenticate(ports, bearer.token(), RecordKeys::default()).await?;
///         Ok(Answer::from_body(&json!({"org": caller.org().as_str(), "sub": caller.subject().as_str()}))?)
///     }
/// }
/// ```
pub trait Endpoint: Send + Sync + 'static {
    /// The name, method, path and dialect of the endpoint.
    const ROUTE: Route;
    /// What it can reach, and so which bundle it is in and what its role grants.
    type Ports: Capability;
    /// What it takes, decoded and refused at the edge.
    type Input: FromRequest + Send;
    /// The answer of a request that succeeds.
    type Output: IntoReply;

    /// Handles one request, which is decoded already.
    ///
    /// # Errors
    /// A refusal (the caller's mistake, which the dialect of the route renders) or a fault (ours, logged and never shown).
    fn handle(ports: &Self::Ports, input: Self::Input) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// An endpoint without its type: a row of the catalogue, for platforms that provide what it needs.
pub struct Entry<P> {
    /// Where the endpoint is found, and in which dialect it speaks.
    pub route: Route,
    /// The name of the capability, which is what the endpoint can reach.
    pub capability: &'static str,
    /// The AWS actions that the role of its function must grant.
    pub access: AwsAccess,
    bind: fn(&P) -> Box<dyn Handler>,
    #[cfg(feature = "openapi")]
    pub(in crate::api) describe: fn(&mut crate::api::openapi::Operation<'_>),
}

impl<P> Entry<P> {
    /// Returns the row of the endpoint `E` in the catalogue.
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

    /// Returns the row of an endpoint that another function has: where it is, without its code.
    ///
    /// Whoever asks for it here is told that nothing is there, but with another method, which methods there are.
    pub fn elsewhere<E: Endpoint>() -> Self {
        Self {
            route: E::ROUTE,
            capability: E::Ports::NAME,
            access: E::Ports::ACCESS,
            bind: |_| Box::new(Elsewhere),
            #[cfg(feature = "openapi")]
            describe: |_| {},
        }
    }

    /// Returns the methods that the endpoint takes: its own, and `HEAD` where it answers `GET` and only reads.
    ///
    /// `HEAD` is answered as `GET`, without the body (RFC 9110 section 9.3.2). Where a `GET` could change something, as Authlete's
    /// `/client/secret/refresh` does, it isn't taken.
    pub fn methods(&self) -> impl Iterator<Item = Method> + use<P> {
        let takes_head = self.route.method == Method::GET && self.access.only_reads();
        std::iter::once(self.route.method.clone()).chain(takes_head.then_some(Method::HEAD))
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

/// An endpoint that has been given its ports.
pub(in crate::api) trait Handler: Send + Sync {
    /// Decodes a request, handles it and encodes what succeeded.
    ///
    /// # Errors
    /// A refusal or a fault, not yet in the words of a dialect: [`Service`](super::Service) renders it.
    fn handle<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Reply, Error>>;
}

struct Bound<E: Endpoint>(E::Ports);

/// Stands for the code of an endpoint that another function has.
struct Elsewhere;

impl Handler for Elsewhere {
    fn handle<'a>(&'a self, _: &'a Request<'a>) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(std::future::ready(Err(Refusal::NoSuchPath.into())))
    }
}

impl<E: Endpoint> Handler for Bound<E> {
    fn handle<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let input = E::Input::from_request(request)?;
            if !E::Input::ACCEPTS_QUERY && dialects::rules(E::ROUTE.dialect).is_strict {
                Parameters::read(request.parts.uri.query().unwrap_or_default())?.refuse_unknown()?;
            }
            Ok(E::handle(&self.0, input).await?.into_reply())
        })
    }
}
