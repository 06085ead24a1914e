//! `TokenIssueResponse` and `TokenFailResponse` of Authlete's API.

use serde::Serialize;

use super::IssuedToken;
use crate::api::authlete::content;
use crate::api::authlete::content::ErrorStyle;
use crate::api::authlete::request::FailReason;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::{Fault, Org, Refusal};
use crate::tokens::issue::Issued;

const SERVER_ERROR: &str = "server_error";

/// What has come of a ticket.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum IssueAction {
    Ok,
    InternalServerError,
}

/// The answer to the word that lets a token be issued.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokenIssueResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: IssueAction,
    #[serde(flatten)]
    body: IssueBody<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged)]
enum IssueBody<'a> {
    Issued(Box<IssuedToken<'a>>),
    #[serde(rename_all = "camelCase")]
    Error {
        response_content: String,
    },
}

impl<'a> TokenIssueResponse<'a> {
    /// Makes the answer with a token for a client of `org`.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_issued(issued: &'a Issued, org: &'a Org) -> Result<Self, Fault> {
        let text = format_args!("The token request (grant_type={}) was processed successfully.", issued.grant()?.grant.as_str());
        let body = IssueBody::Issued(Box::new(IssuedToken::from_issued(issued, org, issued.grant()?.alias_used, (None, None))?));
        Ok(Self { result: ApiResult::new(ResultCode::ISSUED, text), action: IssueAction::Ok, body })
    }

    /// Makes the answer without a token. To the OAuth client every refusal is the authorization server's fault.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let result = ApiResult::refused(call, refusal);
        let body = IssueBody::Error { response_content: content::error(SERVER_ERROR, &result, style)? };
        Ok(Self { result, action: IssueAction::InternalServerError, body })
    }
}

/// What the authorization server sends its OAuth client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum FailAction {
    BadRequest,
    InternalServerError,
}

/// The answer to the word that lets none be issued.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenFailResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: FailAction,
    response_content: String,
}

impl TokenFailResponse {
    /// Makes the answer that the ticket is spent, for this reason.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn from_reason(reason: FailReason, style: &ErrorStyle) -> Result<Self, Fault> {
        use FailReason as R;
        let (code, error, text) = match reason {
            // Not `invalid_grant`: Authlete has it so.
            R::InvalidResourceOwnerCredentials => (
                ResultCode::FAIL_CREDENTIALS,
                "invalid_request",
                "The credentials (username & password) passed to the token endpoint are invalid.",
            ),
            R::InvalidTarget => (ResultCode::FAIL_TARGET, "invalid_target", "The requested resource is not acceptable."),
            R::Unknown => (ResultCode::FAIL_UNKNOWN, SERVER_ERROR, "The authorization server gave no reason."),
            R::InvalidClient => (ResultCode::FAIL_CLIENT, "invalid_client", "The client could not be authenticated."),
            R::UnauthorizedClient => (ResultCode::FAIL_UNAUTHORIZED, "unauthorized_client", "The client may not use this grant."),
            R::InvalidScope => (ResultCode::FAIL_SCOPE, "invalid_scope", "The requested scope is not acceptable."),
        };
        let action = if reason == R::Unknown { FailAction::InternalServerError } else { FailAction::BadRequest };
        let result = ApiResult::new(code, text);
        Ok(Self { response_content: content::error(error, &result, style)?, result, action })
    }

    /// Makes the answer that the ticket can't be spent.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let result = ApiResult::refused(call, refusal);
        let response_content = content::error(SERVER_ERROR, &result, style)?;
        Ok(Self { result, action: FailAction::InternalServerError, response_content })
    }
}
