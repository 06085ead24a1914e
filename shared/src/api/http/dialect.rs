//! What a dialect states about itself, so that the code that all dialects share asks and never compares names.

use http::{HeaderName, HeaderValue, StatusCode};

use super::{Reply, Route};
use crate::domain::Refusal;

/// A response header: its name and its value.
pub(in crate::api) type Header = (HeaderName, HeaderValue);

/// The rules of one dialect. Each dialect states its own in `api/<dialect>/errors.rs`; the table
/// [`dialects`](crate::api::dialects) finds them.
pub(in crate::api) struct DialectRules {
    /// Renders a refusal, to which the caller adds the headers.
    pub refusal: fn(&Route, &Explanation<'_>) -> Reply,
    /// Renders a failure of ours, of which only a fixed code and message are told.
    pub fault: fn(&Route, StatusCode, code: &'static str, message: &'static str) -> Reply,
    /// The `WWW-Authenticate` of a refusal, where it has one: RFC 9110 section 11.6.1.
    pub challenge: fn(&Route, &Refusal) -> Option<Header>,
    /// Which paths are answered in this dialect although no endpoint is there. `None`: no such path.
    pub fallback: Option<&'static Fallback>,
    /// Whether an endpoint that reads no query refuses to be sent one. Bodies and queries that are read say for themselves which
    /// names they know.
    pub is_strict: bool,
    /// Whether a path also matches with a slash at its end.
    pub ignores_trailing_slash: bool,
    /// Whether `Cache-Control: no-store` is accompanied by `Pragma: no-cache`, as RFC 6749 section 5.1 wants it.
    pub sends_pragma: bool,
    /// What the OpenAPI document says of the dialect.
    #[cfg(feature = "openapi")]
    pub description: crate::api::openapi::DialectDescription,
}

/// The paths at which a dialect answers that nothing is there.
pub(in crate::api) struct Fallback {
    /// What these paths begin with. Of all dialects the longest one that fits decides.
    pub prefixes: &'static [&'static str],
    /// Stands for the endpoint that is not there.
    pub route: Route,
}

/// A refusal with the status, code and message that a dialect may use as they are.
pub(in crate::api) struct Explanation<'a> {
    /// The refusal, for dialects that have words of their own for it.
    pub refusal: &'a Refusal,
    /// The status of dialects that have no rule of their own for this refusal.
    pub status: StatusCode,
    /// A stable code in capitals, such as `TOKEN_EXPIRED`.
    pub code: &'static str,
    /// What is wrong and what to do, for a developer.
    pub message: &'a str,
}
