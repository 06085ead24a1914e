//! `PushedAuthReqResponse` of Authlete's API.

use serde::Serialize;

use crate::api::authlete::content::ErrorStyle;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::api::authlete::{content, names};
use crate::domain::{Denial, Fault, Refusal, Seconds};
use crate::oauth::forwarded::push::KeptPush;

/// What the authorization server sends its client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum PushAction {
    Created,
    BadRequest,
    Unauthorized,
    InternalServerError,
}

/// The answer to a request that was pushed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PushedAuthReqResponse"))]
#[serde(rename_all = "camelCase")]
pub struct PushedAuthorizationResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: PushAction,
    response_content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_auth_method: Option<&'static str>,
}

impl PushedAuthorizationResponse {
    /// Tells the reference to a request that is kept.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn from_kept(kept: KeptPush) -> Result<Self, Fault> {
        #[derive(Serialize)]
        struct Content<'a> {
            expires_in: u32,
            request_uri: &'a str,
        }

        let KeptPush { pushed, client, method } = kept;
        let Seconds(expires_in) = pushed.expires_in;
        let content = Content { expires_in, request_uri: &pushed.request_uri };
        let response_content =
            serde_json::to_string(&content).map_err(|e| Fault::internal("answering a pushed request").because(e))?;
        let text = format_args!("The authorization request of the client (ID = {client}) is kept.");
        Ok(Self {
            result: ApiResult::new(ResultCode::REQUEST_PUSHED, text),
            action: PushAction::Created,
            response_content,
            request_uri: Some(pushed.request_uri),
            client_auth_method: Some(names::auth_method(method)),
        })
    }

    /// Tells why a request isn't kept.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let (action, error) = match refusal.denial().map(Denial::error) {
            Some("invalid_client") => (PushAction::Unauthorized, "invalid_client"),
            Some(error) => (PushAction::BadRequest, error),
            None => (PushAction::InternalServerError, "server_error"),
        };
        let result = ApiResult::refused(call, refusal);
        let response_content = content::error(error, &result, style)?;
        Ok(Self { result, action, response_content, request_uri: None, client_auth_method: None })
    }
}
