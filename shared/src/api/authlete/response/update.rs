//! `TokenUpdateResponse` of Authlete's API.

use serde::Serialize;

use super::{end, scopes, token_id, token_type};
use crate::api::authlete::details::AuthzDetailsView;
use crate::api::authlete::property::Property;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::{Fault, Refusal};
use crate::encoding::ExposedSecret;
use crate::tokens::lookup::TokenRef;
use crate::tokens::update::Updated;

/// What has come of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum UpdateAction {
    Ok,
    BadRequest,
    NotFound,
}

/// The answer to `/auth/token/update`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokenUpdateResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: UpdateAction,
    #[serde(flatten)]
    token: Option<UpdatedToken<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct UpdatedToken<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<ExposedSecret<'a>>,
    access_token_expires_at: i64,
    refresh_token_expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<Property<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<AuthzDetailsView>,
    token_type: &'static str,
    for_external_attachment: bool,
    token_id: String,
}

impl<'a> TokenUpdateResponse<'a> {
    /// Shows a token as it is now. Its value is known if it is new, or if the token was named by it.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_updated(updated: &'a Updated, named: &'a TokenRef) -> Result<Self, Fault> {
        let record = &updated.record;
        let issuance = record.issuance.as_deref().ok_or_else(|| Fault::internal("telling what a token is now"))?;
        let given = match named {
            TokenRef::Access(text) => Some(text),
            TokenRef::Refresh(_) | TokenRef::Identifier(_) | TokenRef::Id(_) => None,
        };
        let token = UpdatedToken {
            access_token: updated.value.as_ref().or(given).map(ExposedSecret),
            access_token_expires_at: end(record.expires_at),
            refresh_token_expires_at: end(updated.family.as_ref().map(|family| family.expires_at)),
            scopes: scopes(&record.scopes),
            properties: Property::list(&issuance.properties),
            authorization_details: AuthzDetailsView::from_details(issuance.details.as_ref())?,
            token_type: token_type(record),
            for_external_attachment: issuance.for_external_attachment,
            token_id: token_id(record),
        };
        let result = ApiResult::new(ResultCode::TOKEN_UPDATED, "Updated the access token successfully.");
        Ok(Self { result, action: UpdateAction::Ok, token: Some(token) })
    }

    /// Tells why nothing was changed.
    pub fn refused(call: ApiCall, refusal: &Refusal) -> Self {
        let (action, result) = if let Refusal::NotFound(what) = refusal {
            let text = format_args!("There is no such {what}.");
            (UpdateAction::NotFound, ApiResult::new(ResultCode::TOKEN_TO_UPDATE_UNKNOWN, text))
        } else {
            (UpdateAction::BadRequest, ApiResult::refused(call, refusal))
        };
        Self { result, action, token: None }
    }
}
