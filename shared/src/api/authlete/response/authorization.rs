//! `AuthorizationResponse`, `AuthorizationIssueResponse` and `AuthorizationFailResponse` of Authlete's API.
//!
//! An error goes to the client's redirect URI only once that is known to be the client's. Else the authorization server shows it itself.

use serde::Serialize;

use super::resources;
use super::scope::ScopeView;
use crate::api::authlete::client::ClientSummary;
use crate::api::authlete::content::{self, ErrorStyle};
use crate::api::authlete::details::AuthzDetailsView;
use crate::api::authlete::property::Pair;
use crate::api::authlete::request::AuthorizationFailReason;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::api::oauth::authorization::form_document;
use crate::domain::{
    AuthorizationProblem, AuthorizationRequest, Denial, Fault, Issuer, Org, Prompt, Refusal, ResponseMode, Seconds,
};
use crate::encoding::ExposedSecret;
use crate::oauth::authorization::ClientAnswer;
use crate::oauth::forwarded::authorization::{Decided, DeniedRequest, Ticketed};
use crate::oauth::person_claims;

/// What the authorization server must do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum AuthorizationAction {
    Interaction,
    NoInteraction,
    Location,
    Form,
    BadRequest,
    InternalServerError,
}

/// The answer to an authorization request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: AuthorizationAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias_used: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ServiceSummary<'a>>,
    #[serde(flatten)]
    request: Option<Box<RequestView<'a>>>,
}

/// What an authorization server is told of its own service.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ServiceSummary"))]
#[serde(rename_all = "camelCase")]
struct ServiceSummary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<u64>,
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Vec<Pair<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    supported_scopes: Vec<ScopeView<'a>>,
}

/// What the authorization server must show or check.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct RequestView<'a> {
    ticket: ExposedSecret<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<ScopeView<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims_at_user_info: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_claims: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info_claims: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    claims_locales: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ui_locales: &'a [String],
    display: &'static str,
    max_age: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    acrs: &'a [String],
    acr_essential: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prompts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<AuthzDetailsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
}

impl<'a> AuthorizationResponse<'a> {
    /// Makes the answer to a good request: with the ticket, and with what the authorization server must show or check.
    ///
    /// # Errors
    /// A [`Fault`] if what is kept as JSON isn't.
    pub fn from_ticketed(ticketed: &'a Ticketed, org: &'a Org, issuer: &'a Issuer) -> Result<Self, Fault> {
        let request = &ticketed.authorization.request;
        let is_silent = request.prompts.contains(&Prompt::None);
        let is_openid = request.scopes.iter().any(|scope| scope.as_str() == "openid");
        let text = format_args!(
            "A ticket was issued for the authorization request from the client (ID = {}). [response_type=code, openid={is_openid}]",
            ticketed.client.id
        );
        Ok(Self {
            result: ApiResult::new(ResultCode::AUTHORIZATION_TICKETED, text),
            action: if is_silent { AuthorizationAction::NoInteraction } else { AuthorizationAction::Interaction },
            response_content: None,
            client: Some(ClientSummary::from_client(&ticketed.client)),
            client_id_alias_used: Some(ticketed.authorization.alias_used()),
            service: Some(ServiceSummary::from_org(org, issuer)),
            request: Some(Box::new(RequestView::from_ticketed(ticketed, org)?)),
        })
    }

    /// Makes the answer to a bad request: for the client if it may get it, else for the person.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn denied(call: ApiCall, denied: &DeniedRequest, org: &'a Org, issuer: &'a Issuer) -> Result<Self, Fault> {
        let style = ErrorStyle::for_org(org, issuer);
        let result = ApiResult::refused(call, &Refusal::Denied(denied.denial));
        let error = error_of(denied.denial);
        let (action, response_content) = match &denied.answer {
            Some(answer) => {
                let ToClient { action, response_content } = ToClient::error(answer, error, &result, None, &style);
                (action, response_content)
            }
            None => (AuthorizationAction::BadRequest, content::error(error, &result, &style)?),
        };
        let client = denied.client.as_ref();
        Ok(Self {
            result,
            action,
            response_content: Some(response_content),
            client: client.map(|(client, _)| ClientSummary::from_client(client)),
            client_id_alias_used: client.map(|(_, alias_used)| *alias_used),
            service: client.map(|_| ServiceSummary::from_org(org, issuer)),
            request: None,
        })
    }

    /// Makes the answer to a call that can't be understood. Without parameters it is the request that is bad.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let result = ApiResult::refused(call, refusal);
        let lacks_parameters = matches!(refusal, Refusal::Invalid { field, .. } if field == "parameters");
        let (action, error) = if lacks_parameters {
            (AuthorizationAction::BadRequest, "invalid_request")
        } else {
            (AuthorizationAction::InternalServerError, SERVER_ERROR)
        };
        Ok(Self {
            response_content: Some(content::error(error, &result, style)?),
            result,
            action,
            client: None,
            client_id_alias_used: None,
            service: None,
            request: None,
        })
    }
}

const SERVER_ERROR: &str = "server_error";

/// The error for the client. At the token endpoint an unknown client hasn't authenticated, here it may not ask (RFC 6749 section
/// 4.1.2.1).
fn error_of(denial: Denial) -> &'static str {
    if denial == Denial::ClientIdMissing {
        "invalid_request"
    } else if denial == Denial::ClientUnknown {
        "unauthorized_client"
    } else {
        denial.error()
    }
}

impl<'a> ServiceSummary<'a> {
    fn from_org(org: &'a Org, issuer: &'a Issuer) -> Self {
        let settings = &org.settings.oauth;
        Self {
            api_key: org.id.as_str().parse().ok(),
            issuer: issuer.as_str(),
            attributes: Pair::list(&settings.attributes),
            supported_scopes: settings.supported_scopes.iter().map(ScopeView::from_scope).collect(),
        }
    }
}

impl<'a> RequestView<'a> {
    fn from_ticketed(ticketed: &'a Ticketed, org: &'a Org) -> Result<Self, Fault> {
        let request = &ticketed.authorization.request;
        let requested = person_claims::read_claims(request.claims.as_ref())?;
        let claims = request.claims.as_ref();
        let text = |name: &str| requested.get(name).map(ToString::to_string);
        let purpose = request.purpose.as_deref().filter(|text| (3..=300).contains(&text.chars().count()));
        Ok(Self {
            ticket: ExposedSecret(&ticketed.ticket),
            scopes: request.scopes.iter().map(|scope| ScopeView::named(scope, org)).collect(),
            claims: person_claims::names(claims, &request.scopes, "id_token")?,
            claims_at_user_info: person_claims::names(claims, &request.scopes, "userinfo")?,
            id_token_claims: text("id_token"),
            user_info_claims: text("userinfo"),
            claims_locales: &request.claims_locales,
            ui_locales: &request.ui_locales,
            display: display(request),
            max_age: request.max_age.map_or(0, |Seconds(seconds)| seconds.min(MAX_INT)),
            acrs: &request.acr_values,
            acr_essential: !request.acr_required.is_empty(),
            subject: request.subject_hint.as_ref().map(crate::domain::Subject::as_str),
            login_hint: request.login_hint.as_deref(),
            prompts: request.prompts.iter().map(|prompt| prompt.as_str().to_ascii_uppercase()).collect(),
            resources: resources(&request.resources),
            authorization_details: AuthzDetailsView::from_details(request.details.as_ref())?,
            purpose,
        })
    }
}

/// The largest `int` of Java.
const MAX_INT: u32 = 2_147_483_647;

/// What the pages should look like: one of the four of OpenID Connect Core section 3.1.2.1, because the SDKs know no other.
fn display(request: &AuthorizationRequest) -> &'static str {
    match request.display.as_deref() {
        Some("popup") => "POPUP",
        Some("touch") => "TOUCH",
        Some("wap") => "WAP",
        Some(_) | None => "PAGE",
    }
}

/// An answer that the browser takes to the client.
struct ToClient {
    action: AuthorizationAction,
    response_content: String,
}

impl ToClient {
    fn new(answer: &ClientAnswer) -> Self {
        match answer.response_mode {
            ResponseMode::Query => Self { action: AuthorizationAction::Location, response_content: answer.location() },
            ResponseMode::FormPost => Self { action: AuthorizationAction::Form, response_content: form_document(answer) },
        }
    }

    /// An answer with an error before what it has.
    fn error(
        answer: &ClientAnswer,
        error: &'static str,
        result: &ApiResult,
        description: Option<String>,
        style: &ErrorStyle,
    ) -> Self {
        let description = description.or_else(|| style.description(result).map(|text| in_redirect(&text)));
        let told = [("error", Some(error.to_owned())), ("error_description", description), ("error_uri", style.uri(result))];
        let told = told.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let parameters = told.chain(answer.parameters.iter().cloned()).collect();
        Self::new(&ClientAnswer { redirect_uri: answer.redirect_uri.clone(), response_mode: answer.response_mode, parameters })
    }
}

/// RFC 6749 section 4.1.2.1 has no quotes and backslashes in descriptions.
fn in_redirect(text: &str) -> String {
    text.replace(['"', '\\'], "'")
}

/// The answer to the decision that a person has agreed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationIssueResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: AuthorizationAction,
    response_content: String,
    #[serde(flatten)]
    issued: Option<IssuedCode<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_info: Option<TicketContext<'a>>,
}

/// A code, and the tokens that come with a code: there are none.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct IssuedCode<'a> {
    authorization_code: ExposedSecret<'a>,
    access_token_duration: u32,
    access_token_expires_at: i64,
}

/// What an authorization server keeps with a ticket.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationTicketInfo"))]
pub(super) struct TicketContext<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<&'a str>,
}

impl<'a> AuthorizationIssueResponse<'a> {
    /// Makes the answer with the code, or with what the client demanded and didn't get.
    pub fn from_decided(decided: &'a Decided, style: &ErrorStyle) -> Self {
        let ticket_info = decided.context.as_deref().map(|context| TicketContext { context: Some(context) });
        match &decided.code {
            Ok(code) => {
                let ToClient { action, response_content } = ToClient::new(&decided.answer);
                let text = "The authorization request was processed successfully.";
                let result = ApiResult::new(ResultCode::AUTHORIZATION_ISSUED, text);
                let issued =
                    IssuedCode { authorization_code: ExposedSecret(code), access_token_duration: 0, access_token_expires_at: 0 };
                Self { result, action, response_content, issued: Some(issued), ticket_info }
            }
            Err(problem) => {
                let (code, error, text) = unmet(*problem);
                let result = ApiResult::new(code, text);
                let ToClient { action, response_content } = ToClient::error(&decided.answer, error, &result, None, style);
                Self { result, action, response_content, issued: None, ticket_info }
            }
        }
    }

    /// Makes the answer that there is no code. A ticket that isn't good means that the person took too long.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let (result, action, response_content) = refused(call, refusal, style)?;
        Ok(Self { result, action, response_content, issued: None, ticket_info: None })
    }
}

/// What the client is told of a sign-in that isn't what it demands.
const fn unmet(problem: AuthorizationProblem) -> (ResultCode, &'static str, &'static str) {
    use AuthorizationFailReason as R;
    use ResultCode as C;
    let (code, reason) = match problem {
        AuthorizationProblem::AcrNotMet => (C::ISSUE_ACR_NOT_MET, R::AcrNotSatisfied),
        AuthorizationProblem::SubjectMismatch => (C::ISSUE_SUBJECT_DIFFERS, R::DifferentSubject),
        AuthorizationProblem::AuthenticationTooOld => (C::ISSUE_SIGN_IN_TOO_OLD, R::ExceedsMaxAge),
        AuthorizationProblem::NotFound
        | AuthorizationProblem::Expired
        | AuthorizationProblem::Decided
        | AuthorizationProblem::ConsentRequired
        | AuthorizationProblem::ClaimsTooLarge => (C::DENIED_UNKNOWN, R::Unknown),
    };
    let (_, error, text) = told(reason);
    (code, error, text)
}

fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<(ApiResult, AuthorizationAction, String), Fault> {
    let result = ApiResult::refused(call, refusal);
    let (action, error) = if *refusal == Refusal::TicketRejected {
        (AuthorizationAction::BadRequest, "invalid_request")
    } else {
        (AuthorizationAction::InternalServerError, SERVER_ERROR)
    };
    let response_content = content::error(error, &result, style)?;
    Ok((result, action, response_content))
}

/// The answer to the decision that nothing comes of a request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationFailResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: AuthorizationAction,
    response_content: String,
}

impl AuthorizationFailResponse {
    /// Makes the answer for the client: why nothing comes of its request.
    pub fn from_answer(
        answer: &ClientAnswer,
        reason: AuthorizationFailReason,
        description: Option<String>,
        style: &ErrorStyle,
    ) -> Self {
        let (code, error, text) = told(reason);
        let result = ApiResult::new(code, text);
        let ToClient { action, response_content } = ToClient::error(answer, error, &result, description, style);
        Self { result, action, response_content }
    }

    /// Makes the answer that the ticket can't be used for this.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let (result, action, response_content) = refused(call, refusal, style)?;
        Ok(Self { result, action, response_content })
    }
}

/// What the client is told for each reason.
const fn told(reason: AuthorizationFailReason) -> (ResultCode, &'static str, &'static str) {
    use AuthorizationFailReason as R;
    use ResultCode as C;
    const LOGIN_REQUIRED: &str = "login_required";
    match reason {
        R::Unknown => (C::DENIED_UNKNOWN, SERVER_ERROR, "The authorization server gave no reason."),
        R::NotLoggedIn => (C::DENIED_NOT_LOGGED_IN, LOGIN_REQUIRED, "The person is not signed in."),
        R::MaxAgeNotSupported => {
            (C::DENIED_MAX_AGE_UNSUPPORTED, LOGIN_REQUIRED, "The time of the sign-in is not known, so max_age can't be met.")
        }
        R::ExceedsMaxAge => {
            (C::DENIED_MAX_AGE, LOGIN_REQUIRED, "The person must sign in again: the sign-in is older than the request allows.")
        }
        R::DifferentSubject => {
            (C::DENIED_OTHER_SUBJECT, LOGIN_REQUIRED, "Another person is signed in than the one who is asked for.")
        }
        R::AcrNotSatisfied => {
            (C::DENIED_ACR, "unmet_authentication_requirements", "The person was not authenticated in a way that is asked for.")
        }
        R::Denied => (C::DENIED, "access_denied", "The person has denied the request."),
        R::ServerError => (C::DENIED_SERVER_ERROR, SERVER_ERROR, "The authorization server has failed."),
        R::NotAuthenticated => (C::DENIED_NOT_AUTHENTICATED, LOGIN_REQUIRED, "The person could not be authenticated."),
        R::AccountSelectionRequired => {
            (C::DENIED_ACCOUNT_SELECTION, "account_selection_required", "The person must choose an account.")
        }
        R::ConsentRequired => (C::DENIED_CONSENT, "consent_required", "The person must be asked for consent."),
        R::InteractionRequired => (C::DENIED_INTERACTION, "interaction_required", "A page must be shown to the person."),
        R::InvalidTarget => (C::DENIED_TARGET, "invalid_target", "The requested resource is not acceptable."),
        R::InvalidScope => (C::DENIED_SCOPE, "invalid_scope", "The requested scope is not acceptable."),
        R::UnauthorizedClient => (C::DENIED_CLIENT, "unauthorized_client", "The client may not ask for this."),
        R::TemporarilyUnavailable => {
            (C::DENIED_UNAVAILABLE, "temporarily_unavailable", "The authorization server can't serve now. Try again later.")
        }
    }
}

/// What an authorization server must do with an answer about a ticket.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum TicketAction {
    Ok,
    NotFound,
    CallerError,
}

/// The answer to a question about a ticket.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationTicketInfoResponse"))]
pub struct TicketInfoResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: TicketAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<TicketContext<'a>>,
}

impl<'a> TicketInfoResponse<'a> {
    /// Tells what is kept with a ticket that is good.
    pub fn from_context(context: Option<&'a str>) -> Self {
        let result = ApiResult::new(ResultCode::TICKET_INFO, "The ticket was found.");
        Self { result, action: TicketAction::Ok, info: Some(TicketContext { context }) }
    }

    /// Makes the answer that there is nothing to tell.
    pub fn refused(call: ApiCall, refusal: &Refusal) -> Self {
        let (result, action) = about_ticket(call, refusal, ResultCode::TICKET_INFO_NOT_FOUND);
        Self { result, action, info: None }
    }
}

/// The answer to a change of what is kept with a ticket. It doesn't repeat that: the SDKs don't agree on its type.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationTicketUpdateResponse"))]
pub struct TicketUpdateResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: TicketAction,
}

impl TicketUpdateResponse {
    /// Makes the answer that it was changed.
    pub fn updated() -> Self {
        let result = ApiResult::new(ResultCode::TICKET_UPDATED, "The ticket was updated.");
        Self { result, action: TicketAction::Ok }
    }

    /// Makes the answer that nothing was changed.
    pub fn refused(call: ApiCall, refusal: &Refusal) -> Self {
        let (result, action) = about_ticket(call, refusal, ResultCode::TICKET_UPDATE_NOT_FOUND);
        Self { result, action }
    }
}

fn about_ticket(call: ApiCall, refusal: &Refusal, not_found: ResultCode) -> (ApiResult, TicketAction) {
    if *refusal == Refusal::TicketRejected {
        (
            ApiResult::new(not_found, "The service has no such ticket: it is unknown, expired or has been used."),
            TicketAction::NotFound,
        )
    } else {
        (ApiResult::refused(call, refusal), TicketAction::CallerError)
    }
}
