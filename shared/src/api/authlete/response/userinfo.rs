//! `UserInfoResponse` and `UserInfoIssueResponse` of Authlete's API.

use serde::Serialize;

use super::scopes;
use crate::api::authlete::challenge::{Challenge, Scheme};
use crate::api::authlete::content::ErrorStyle;
use crate::api::authlete::property::{Pair, Property};
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::scope::openid;
use crate::domain::{Client, Denial, Fault, Issuance, Org, Refusal, Secret};
use crate::encoding::ExposedSecret;
use crate::oauth::forwarded::userinfo::{PersonToken, UserinfoAnswer, UserinfoProblem};
use crate::oauth::person_claims;

/// What the authorization server must do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum UserinfoAction {
    Ok,
    BadRequest,
    Unauthorized,
    Forbidden,
}

/// The answer to a userinfo request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "UserinfoProcessResponse"))]
#[serde(rename_all = "camelCase")]
pub struct UserinfoResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: UserinfoAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_content: Option<String>,
    #[serde(flatten)]
    person: Option<Box<PersonView<'a>>>,
}

/// What a token may know of its person, and what it is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct PersonView<'a> {
    token: ExposedSecret<'a>,
    client_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias: Option<&'a str>,
    client_id_alias_used: bool,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info_claims: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    consented_claims: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<Property<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_attributes: Option<Vec<Pair<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_attributes: Option<Vec<Pair<'a>>>,
}

impl<'a> UserinfoResponse<'a> {
    /// Tells what a token may know.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_person(person: &'a PersonToken, shown: &'a Secret<String>, org: &'a Org) -> Result<Self, Fault> {
        const DOING: &str = "telling what a token may know";
        let token = person.token();
        let issuance: &Issuance = token.record.issuance.as_deref().ok_or_else(|| Fault::internal(DOING))?;
        let client: &Client = token.client.as_ref().ok_or_else(|| Fault::internal(DOING))?;
        let sign_in = person.sign_in();
        let requested = sign_in.and_then(|sign_in| sign_in.requested.as_ref());
        let forwarded = sign_in.and_then(|sign_in| sign_in.forwarded.as_deref());
        let view = PersonView {
            token: ExposedSecret(shown),
            client_id: client.id.as_number(),
            client_id_alias: client.settings.alias.as_deref(),
            client_id_alias_used: issuance.alias_used,
            subject: token.record.subject.as_str(),
            scopes: scopes(&token.record.scopes),
            claims: person_claims::names(requested, &token.record.scopes, "userinfo")?,
            user_info_claims: person_claims::read_claims(requested)?.get("userinfo").map(ToString::to_string),
            consented_claims: forwarded.map_or(&[], |forwarded| &forwarded.consented_claims),
            properties: Property::list(&issuance.properties),
            service_attributes: Pair::list(&org.settings.oauth.attributes),
            client_attributes: Pair::list(&client.settings.attributes),
        };
        let result = ApiResult::new(ResultCode::USERINFO, "The access token is valid for the userinfo endpoint.");
        Ok(Self { result, action: UserinfoAction::Ok, response_content: None, person: Some(Box::new(view)) })
    }

    /// Tells why a token opens nothing.
    pub fn refused(problem: UserinfoProblem, style: &ErrorStyle) -> Self {
        let Said { action, result, response_content } = Said::of_token(problem, style);
        Self { result, action, response_content: Some(response_content), person: None }
    }

    /// Makes the answer to a call that lacks something.
    pub fn lacking(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Self {
        let result = ApiResult::refused(call, refusal);
        let response_content = Challenge::new(Scheme::Bearer, "invalid_request").because(&result, style).into_text();
        Self { result, action: UserinfoAction::BadRequest, response_content: Some(response_content), person: None }
    }
}

/// Why a token opens nothing, in words.
struct Said {
    action: UserinfoAction,
    result: ApiResult,
    response_content: String,
}

impl Said {
    fn of_token(problem: UserinfoProblem, style: &ErrorStyle) -> Self {
        use ResultCode as C;
        const INVALID_TOKEN: &str = "invalid_token";
        let unauthorized =
            |scheme, error, code, text: &str| (UserinfoAction::Unauthorized, scheme, error, ApiResult::new(code, text));
        let (action, scheme, error, result) = match problem {
            UserinfoProblem::Unknown => {
                unauthorized(Scheme::Bearer, INVALID_TOKEN, C::USERINFO_UNKNOWN, "The access token does not exist.")
            }
            UserinfoProblem::Expired => {
                unauthorized(Scheme::Bearer, INVALID_TOKEN, C::USERINFO_EXPIRED, "The access token has expired.")
            }
            UserinfoProblem::WithoutPerson => {
                unauthorized(Scheme::Bearer, INVALID_TOKEN, C::USERINFO_WITHOUT_PERSON, "The access token is of no person.")
            }
            UserinfoProblem::Unproved(denial) => {
                let (scheme, error, code) = unproved(denial);
                unauthorized(scheme, error, code, denial.describe())
            }
            UserinfoProblem::LacksOpenid => {
                let result = ApiResult::new(C::USERINFO_LACKS_OPENID, "The access token does not cover the scope 'openid'.");
                (UserinfoAction::Forbidden, Scheme::Bearer, "insufficient_scope", result)
            }
        };
        let challenge = Challenge::new(scheme, error).because(&result, style);
        let challenge = match problem {
            UserinfoProblem::LacksOpenid => challenge.with("scope", openid::OPENID),
            UserinfoProblem::Unknown
            | UserinfoProblem::Expired
            | UserinfoProblem::WithoutPerson
            | UserinfoProblem::Unproved(_) => challenge,
        };
        Self { action, result, response_content: challenge.into_text() }
    }
}

/// What is said of a key that wasn't proved: RFC 9449 section 7.1, RFC 8705 section 3.
fn unproved(denial: Denial) -> (Scheme, &'static str, ResultCode) {
    use ResultCode as C;
    if denial == Denial::CertificateMismatch {
        (Scheme::Bearer, "invalid_token", C::USERINFO_CERTIFICATE_MISMATCH)
    } else if denial == Denial::DpopKeyMismatch {
        (Scheme::Dpop, "invalid_token", C::USERINFO_DPOP_KEY_MISMATCH)
    } else if denial == Denial::DpopHeaderMissing {
        (Scheme::Dpop, "invalid_dpop_proof", C::USERINFO_DPOP_PROOF_MISSING)
    } else {
        (Scheme::Dpop, "invalid_dpop_proof", C::USERINFO_DPOP_PROOF_INVALID)
    }
}

/// What the authorization server sends its client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum UserinfoIssueAction {
    Json,
    Jwt,
    BadRequest,
    Unauthorized,
    Forbidden,
    InternalServerError,
}

/// The answer with what a client is told of a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserinfoIssueResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: UserinfoIssueAction,
    response_content: String,
}

impl UserinfoIssueResponse {
    /// Tells what to send on.
    pub fn from_answer(answer: UserinfoAnswer) -> Self {
        let (action, response_content) = match answer {
            UserinfoAnswer::Json(text) => (UserinfoIssueAction::Json, text),
            UserinfoAnswer::Jwt(text) => (UserinfoIssueAction::Jwt, text),
        };
        let result = ApiResult::new(ResultCode::USERINFO_ISSUED, "The userinfo response was made.");
        Self { result, action, response_content }
    }

    /// Tells why a token opens nothing: it may have died since the call before.
    pub fn refused(problem: UserinfoProblem, style: &ErrorStyle) -> Self {
        let Said { action, result, response_content } = Said::of_token(problem, style);
        let action = match action {
            UserinfoAction::Forbidden => UserinfoIssueAction::Forbidden,
            UserinfoAction::Ok | UserinfoAction::BadRequest | UserinfoAction::Unauthorized => UserinfoIssueAction::Unauthorized,
        };
        Self { result, action, response_content }
    }

    /// Makes the answer to a call that can't be understood. Without a token it is the client's request that lacks it.
    pub fn lacking(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Self {
        let lacks_token = matches!(refusal, Refusal::Invalid { field, .. } if field == "token");
        let (action, error) = if lacks_token {
            (UserinfoIssueAction::BadRequest, "invalid_request")
        } else {
            (UserinfoIssueAction::InternalServerError, "server_error")
        };
        let result = ApiResult::refused(call, refusal);
        let response_content = Challenge::new(Scheme::Bearer, error).because(&result, style).into_text();
        Self { result, action, response_content }
    }
}
