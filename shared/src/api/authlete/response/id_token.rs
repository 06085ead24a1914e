//! `IDTokenReissueResponse` of Authlete's API.

use serde::Serialize;

use crate::api::authlete::content::TokenContent;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::api::oauth::token::token_type;
use crate::domain::{Fault, Refusal, Timestamp};
use crate::encoding::ExposedSecret;
use crate::oauth::forwarded::id_token::Reissued;

/// What the authorization server does with the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum ReissueAction {
    Ok,
    CallerError,
}

/// The answer with an ID token that was made anew.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "IDTokenReissueResponse"))]
#[serde(rename_all = "camelCase")]
pub struct IdTokenReissueResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: ReissueAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<ExposedSecret<'a>>,
}

impl<'a> IdTokenReissueResponse<'a> {
    /// Makes the answer for the client: its tokens with the new ID token.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn from_reissued(reissued: &'a Reissued, now: Timestamp) -> Result<Self, Fault> {
        let Reissued { id_token, access_token, record, refresh_token } = reissued;
        let properties = record.issuance.as_deref().map_or(&[][..], |issuance| &issuance.properties);
        let left = record.expires_at.map(|end| end.since(now.whole_second()));
        let token = (access_token, token_type(record));
        let content = TokenContent::new(token, left, &record.scopes, Some(refresh_token), properties);
        let content = TokenContent { id_token: Some(ExposedSecret(id_token)), ..content };
        Ok(Self {
            result: ApiResult::new(ResultCode::ID_TOKEN_REISSUED, "An ID token was issued anew."),
            action: ReissueAction::Ok,
            response_content: Some(content.text()?),
            id_token: Some(ExposedSecret(id_token)),
        })
    }

    /// Tells why there is none.
    pub fn refused(call: ApiCall, refusal: &Refusal) -> Self {
        let result = ApiResult::refused(call, refusal);
        Self { result, action: ReissueAction::CallerError, response_content: None, id_token: None }
    }
}
