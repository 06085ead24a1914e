//! `TokenRevokeResponse` and `RevocationResponse` of Authlete's API.

use serde::Serialize;

use crate::api::authlete::content;
use crate::api::authlete::content::ErrorStyle;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::{Denial, Fault, Refusal};
use crate::tokens::revoke::Counted;

/// How many records were revoked.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokenRevokeResponse {
    #[serde(flatten)]
    result: ApiResult,
    count: u64,
}

impl TokenRevokeResponse {
    /// Tells how many tokens were revoked, as far as they were counted.
    pub fn from_counted(counted: Counted) -> Self {
        let Counted { tokens: count, is_whole } = counted;
        let text = format!("Revoked {}{count} access token(s).", if is_whole { "" } else { "at least " });
        Self { result: ApiResult::without_bracket(ResultCode::TOKEN_REVOKED, text), count }
    }
}

/// What the authorization server sends its OAuth client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum RevocationAction {
    Ok,
    InvalidClient,
    BadRequest,
    InternalServerError,
}

/// The answer to a client's revocation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RevocationResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: RevocationAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_content: Option<String>,
}

impl RevocationResponse {
    /// The token is dead. `callback` is the function that the client wants called: RFC 7009 section 2.3.
    pub fn done(callback: Option<&str>) -> Self {
        Self {
            result: ApiResult::new(ResultCode::REVOCATION_DONE, "The token has been revoked successfully."),
            action: RevocationAction::Ok,
            response_content: callback.map(|function| format!("{function}();")),
        }
    }

    /// Tells why nothing was revoked.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let (action, error) = match refusal.denial().map(Denial::error) {
            Some("invalid_client") => (RevocationAction::InvalidClient, "invalid_client"),
            Some(error) => (RevocationAction::BadRequest, error),
            None => (RevocationAction::InternalServerError, "server_error"),
        };
        let result = ApiResult::refused(call, refusal);
        let response_content = Some(content::error(error, &result, style)?);
        Ok(Self { result, action, response_content })
    }
}
