//! `IntrospectionResponse` of Authlete's API.

use serde::Serialize;

use super::scope::ScopeView;
use super::{end, resources, scopes, subject};
use crate::api::authlete::challenge::{Challenge, Scheme};
use crate::api::authlete::content::ErrorStyle;
use crate::api::authlete::details::AuthzDetailsView;
use crate::api::authlete::names;
use crate::api::authlete::property::{Pair, Property};
use crate::api::authlete::request::Introspected;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::{Client, Denial, Fault, Issuance, Org, Refusal, Scope, Timestamp, TokenStatus};
use crate::tokens::introspect::{ClientIntrospection, Verdict};
use crate::tokens::lookup::ClientAccessToken;

/// What the resource server must do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum IntrospectionAction {
    Ok,
    BadRequest,
    Unauthorized,
    Forbidden,
}

/// The answer to `/auth/introspection`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IntrospectionResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: IntrospectionAction,
    response_content: String,
    existent: bool,
    usable: bool,
    sufficient: bool,
    refreshable: bool,
    #[serde(flatten)]
    token: Option<Box<TokenView<'a>>>,
}

/// What is known of the token.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct TokenView<'a> {
    client_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias: Option<&'a str>,
    client_id_alias_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scope_details: Vec<ScopeView<'a>>,
    expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<Property<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_thumbprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_resources: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<AuthzDetailsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_attributes: Option<Vec<Pair<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_attributes: Option<Vec<Pair<'a>>>,
    grant_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    for_external_attachment: bool,
}

impl<'a> IntrospectionResponse<'a> {
    /// Makes the answer for a resource server of `org`.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_introspection(
        found: &'a ClientIntrospection,
        asked: &Introspected,
        org: &'a Org,
        style: &ErrorStyle,
    ) -> Result<Self, Fault> {
        let token = found.token.as_deref();
        let view = token.map(|token| TokenView::from_token(token, org)).transpose()?;
        let missing = asked.scopes.iter().find(|name| !token.is_some_and(|token| has_scope(token, name)));
        let Spoken { action, error, result, more } = Spoken::from_verdict(&found.verdict, asked, missing);
        let response_content = if action == IntrospectionAction::Ok {
            Challenge::new(Scheme::Bearer, error).into_text()
        } else {
            let challenge = Challenge::new(scheme(token), error).because(&result, style);
            more.iter().fold(challenge, |challenge, (name, value)| challenge.with(name, value)).into_text()
        };
        Ok(Self {
            result,
            action,
            response_content,
            existent: token.is_some(),
            usable: token.is_some_and(|token| token.status == TokenStatus::Live),
            sufficient: token.is_some() && missing.is_none(),
            refreshable: token.is_some_and(ClientAccessToken::is_refreshable),
            token: view.map(Box::new),
        })
    }

    /// The question wasn't as it should be.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Self {
        let result = ApiResult::refused(call, refusal);
        let response_content = Challenge::new(Scheme::Bearer, "invalid_request").because(&result, style).into_text();
        Self {
            result,
            action: IntrospectionAction::BadRequest,
            response_content,
            existent: false,
            usable: false,
            sufficient: false,
            refreshable: false,
            token: None,
        }
    }
}

/// A verdict in words.
struct Spoken {
    action: IntrospectionAction,
    error: &'static str,
    result: ApiResult,
    more: Vec<(&'static str, String)>,
}

impl Spoken {
    fn from_verdict(verdict: &Verdict, asked: &Introspected, missing: Option<&String>) -> Self {
        use ResultCode as C;
        let unauthorized = |code, text| Self::new(IntrospectionAction::Unauthorized, "invalid_token", ApiResult::new(code, text));
        let forbidden = |error, code, text: &str| Self::new(IntrospectionAction::Forbidden, error, ApiResult::new(code, text));
        match verdict {
            Verdict::Sufficient => {
                let result = ApiResult::new(C::INTROSPECTED, "The access token is valid.");
                Self::new(IntrospectionAction::Ok, "invalid_request", result)
            }
            Verdict::Unknown => unauthorized(C::TOKEN_UNKNOWN, "The access token does not exist."),
            Verdict::Expired { refreshable: false } => unauthorized(C::TOKEN_EXPIRED, "The access token has expired."),
            Verdict::Expired { refreshable: true } => {
                unauthorized(C::TOKEN_EXPIRED_REFRESHABLE, "The access token has expired, but can be refreshed.")
            }
            Verdict::Unproved(denial) => Self::unproved(*denial, asked.request.certificate.is_some()),
            Verdict::OtherAuthentication => Self {
                error: INSUFFICIENT,
                more: vec![("acr_values", asked.request.acr_values.join(" "))],
                ..unauthorized(C::ACR_INSUFFICIENT, "The resource owner was not authenticated in one of the required ways.")
            },
            Verdict::TooOld => Self {
                error: INSUFFICIENT,
                more: asked.request.max_age.iter().map(|age| ("max_age", age.0.to_string())).collect(),
                ..unauthorized(C::AUTHENTICATION_TOO_OLD, "The resource owner was authenticated too long ago.")
            },
            Verdict::LacksScope(scope) => {
                let name = missing.map_or(scope.as_str(), String::as_str);
                let text = format!("The access token does not cover the required scope '{name}'.");
                let spoken = forbidden("insufficient_scope", C::SCOPE_INSUFFICIENT, &text);
                Self { more: vec![("scope", asked.scopes.join(" "))], ..spoken }
            }
            Verdict::OtherSubject => {
                forbidden("invalid_request", C::SUBJECT_DIFFERS, "The access token is not associated with the required subject.")
            }
            Verdict::OtherAudience => {
                forbidden("invalid_target", C::RESOURCE_INSUFFICIENT, "The access token does not cover the required resource.")
            }
        }
    }

    fn unproved(denial: Denial, has_certificate: bool) -> Self {
        use ResultCode as C;
        let (code, error) = if denial == Denial::CertificateMismatch {
            (if has_certificate { C::CERTIFICATE_MISMATCH } else { C::CERTIFICATE_MISSING }, "invalid_token")
        } else if denial == Denial::DpopKeyMismatch {
            (C::DPOP_KEY_MISMATCH, "invalid_token")
        } else if denial == Denial::DpopHeaderMissing {
            (C::DPOP_PROOF_MISSING, "invalid_dpop_proof")
        } else if denial == Denial::DpopProofReplayed {
            (C::DPOP_PROOF_REPLAYED, "invalid_dpop_proof")
        } else {
            (C::DPOP_PROOF_INVALID, "invalid_dpop_proof")
        };
        Self::new(IntrospectionAction::Unauthorized, error, ApiResult::new(code, denial.describe()))
    }

    fn new(action: IntrospectionAction, error: &'static str, result: ApiResult) -> Self {
        Self { action, error, result, more: Vec::new() }
    }
}

/// RFC 9470 section 3.
const INSUFFICIENT: &str = "insufficient_user_authentication";

fn has_scope(token: &ClientAccessToken, name: &str) -> bool {
    token.record.scopes.iter().any(|scope| scope.as_str() == name)
}

fn scheme(token: Option<&ClientAccessToken>) -> Scheme {
    let issuance = token.and_then(|token| token.record.issuance.as_deref());
    match issuance.and_then(|issuance| issuance.confirmation.dpop_key) {
        Some(_) => Scheme::Dpop,
        None => Scheme::Bearer,
    }
}

impl<'a> TokenView<'a> {
    fn from_token(token: &'a ClientAccessToken, org: &'a Org) -> Result<Self, Fault> {
        const DOING: &str = "telling what a client's token is";
        let record = &token.record;
        let issuance: &Issuance = record.issuance.as_deref().ok_or_else(|| Fault::internal(DOING))?;
        let client: &Client = token.client.as_ref().ok_or_else(|| Fault::internal(DOING))?;
        let supported = |scope: &Scope| org.settings.oauth.supported_scopes.iter().find(|supported| supported.name == *scope);
        Ok(Self {
            client_id: client.id.as_number(),
            client_id_alias: client.settings.alias.as_deref(),
            client_id_alias_used: issuance.alias_used,
            subject: subject(record),
            scopes: scopes(&record.scopes),
            scope_details: record.scopes.iter().filter_map(supported).map(ScopeView::from_scope).collect(),
            expires_at: end(record.expires_at),
            properties: Property::list(&issuance.properties),
            certificate_thumbprint: issuance.confirmation.certificate.map(|thumbprint| thumbprint.to_string()),
            resources: resources(&record.audiences),
            access_token_resources: resources(&record.audiences),
            authorization_details: AuthzDetailsView::from_details(issuance.details.as_ref())?,
            service_attributes: Pair::list(&org.settings.oauth.attributes),
            client_attributes: Pair::list(&client.settings.attributes),
            grant_type: names::grant(issuance.grant),
            acr: issuance.acr.as_deref(),
            auth_time: issuance.auth_time.map(Timestamp::as_secs),
            for_external_attachment: issuance.for_external_attachment,
        })
    }
}
