//! The answer to a pushed authorization request: RFC 9126 section 2.2.

use serde::Serialize;

use crate::domain::Seconds;
use crate::oauth::authorization::push::PushedRequest;

/// What a client sends a browser with, instead of its request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PushedAuthorizationResponse"))]
pub struct PushResponse {
    /// The reference to the request, which is good once.
    request_uri: String,
    /// For how many seconds a browser may come with it.
    expires_in: u32,
}

impl From<PushedRequest> for PushResponse {
    fn from(pushed: PushedRequest) -> Self {
        let Seconds(expires_in) = pushed.expires_in;
        Self { request_uri: pushed.request_uri, expires_in }
    }
}
