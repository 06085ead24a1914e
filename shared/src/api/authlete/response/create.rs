//! `TokenCreateResponse` of Authlete's API.

use serde::Serialize;

use super::{end, scopes, subject, token_id, token_type};
use crate::api::authlete::details::AuthzDetailsView;
use crate::api::authlete::names;
use crate::api::authlete::property::Property;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::{Error, Fault, Refusal};
use crate::encoding::ExposedSecret;
use crate::tokens::issue::Issued;

/// What has come of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum CreateAction {
    Ok,
    BadRequest,
    Forbidden,
}

/// The answer to `/auth/token/create`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokenCreateResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: CreateAction,
    #[serde(flatten)]
    token: Option<CreatedToken<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct CreatedToken<'a> {
    access_token: ExposedSecret<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt_access_token: Option<ExposedSecret<'a>>,
    client_id: u64,
    client_identifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    grant_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    token_type: &'static str,
    expires_in: u32,
    expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<ExposedSecret<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<Property<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<AuthzDetailsView>,
    for_external_attachment: bool,
    token_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
}

impl<'a> TokenCreateResponse<'a> {
    /// Makes the answer with a token, and the name by which its client was called.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_issued(issued: &'a Issued, identifier: Option<String>) -> Result<Self, Fault> {
        let token = CreatedToken::from_issued(issued, identifier)?;
        let grant = issued.grant()?.grant.as_str();
        let text = format_args!("An access token was created successfully: {grant}, client = {}", issued.client.id);
        Ok(Self { result: ApiResult::new(ResultCode::TOKEN_CREATED, text), action: CreateAction::Ok, token: Some(token) })
    }

    /// Makes the answer without a token. For a locked client there is none.
    ///
    /// # Errors
    /// [`Refusal::ClientLocked`], which this call has no answer for.
    pub fn refused(call: ApiCall, refusal: Refusal) -> Result<Self, Error> {
        let action = match refusal {
            Refusal::ClientLocked => return Err(refusal.into()),
            Refusal::AccessDenied { .. } | Refusal::ClientUnavailable => CreateAction::Forbidden,
            Refusal::ApiKeyRejected(_)
            | Refusal::AuthorizationRejected(_)
            | Refusal::BodyTooLarge { .. }
            | Refusal::Conflict(_)
            | Refusal::CredentialsMissing
            | Refusal::CredentialsRejected(_)
            | Refusal::Invalid { .. }
            | Refusal::Denied(_)
            | Refusal::Lifetime(_)
            | Refusal::MemberUnavailable
            | Refusal::MemberUnknown
            | Refusal::FederationRejected(_)
            | Refusal::LimitReached(_)
            | Refusal::LogoutRejected(_)
            | Refusal::MethodNotAllowed { .. }
            | Refusal::NoSuchPath
            | Refusal::NotFound(_)
            | Refusal::OrgUnavailable
            | Refusal::OutsideAuthority { .. }
            | Refusal::PreconditionFailed { .. }
            | Refusal::RefreshRejected
            | Refusal::ResourceUnknown { .. }
            | Refusal::ScopeNotForKeys { .. }
            | Refusal::ScopeNotHeld(_)
            | Refusal::ScopeOutOfReach { .. }
            | Refusal::SignatureInvalid
            | Refusal::TicketRejected
            | Refusal::TooManyAttempts { .. }
            | Refusal::TokenGone
            | Refusal::TokenTooLarge { .. }
            | Refusal::TokenRejected(_)
            | Refusal::ValueTaken { .. }
            | Refusal::UnsupportedContentEncoding
            | Refusal::UnsupportedMediaType
            | Refusal::UnsupportedPatchType { .. } => CreateAction::BadRequest,
        };
        Ok(Self { result: ApiResult::refused(call, &refusal), action, token: None })
    }
}

impl<'a> CreatedToken<'a> {
    fn from_issued(issued: &'a Issued, identifier: Option<String>) -> Result<Self, Fault> {
        let (minted, issuance) = (&issued.minted, issued.grant()?);
        let record = &minted.record;
        Ok(Self {
            access_token: ExposedSecret(minted.value.as_ref().unwrap_or(&minted.token)),
            jwt_access_token: minted.is_jwt.then_some(ExposedSecret(&minted.token)),
            client_id: issued.client.id.as_number(),
            client_identifier: identifier.unwrap_or_else(|| issued.client.id.to_string()),
            subject: subject(record),
            grant_type: names::grant(issuance.grant),
            scopes: scopes(&record.scopes),
            token_type: token_type(record),
            expires_in: minted.lifetime().map_or(0, |lifetime| lifetime.0),
            expires_at: end(record.expires_at),
            refresh_token: minted.refresh_token.as_ref().map(ExposedSecret),
            refresh_token_scopes: minted.family.as_ref().and_then(|family| scopes(&family.scopes)),
            properties: Property::list(&issuance.properties),
            authorization_details: AuthzDetailsView::from_details(issuance.details.as_ref())?,
            for_external_attachment: issuance.for_external_attachment,
            token_id: token_id(record),
            session_id: record.session.as_ref().map(|session| session.id.as_str()),
        })
    }
}
