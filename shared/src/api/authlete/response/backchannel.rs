//! `BackchannelAuthenticationResponse` and the answers to the calls that follow it of Authlete's API.

use serde::Serialize;

use super::asked::{AskedView, AskerView};
use crate::api::authlete::content::{self, ErrorStyle, ToldError};
use crate::api::authlete::names;
use crate::api::authlete::request::BackchannelFailReason;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode, describe};
use crate::domain::{Denial, Fault, Org, Refusal, Seconds, Subject};
use crate::encoding::ExposedSecret;
use crate::oauth::authorization::HintType;
use crate::oauth::forwarded::backchannel::{AcknowledgedBackchannel, DecidedBackchannel, TicketedBackchannel};
use crate::oauth::forwarded::decision::PollError;

const SERVER_ERROR: &str = "server_error";

/// What the authorization server does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum BackchannelAction {
    UserIdentification,
    BadRequest,
    Unauthorized,
    InternalServerError,
}

/// The answer to a client's request for a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationResponse"))]
#[serde(rename_all = "camelCase")]
pub struct BackchannelResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: BackchannelAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_content: Option<String>,
    #[serde(flatten)]
    ticketed: Option<Box<TicketedView<'a>>>,
}

/// Who the person is, and what is asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct TicketedView<'a> {
    ticket: ExposedSecret<'a>,
    delivery_mode: &'static str,
    hint_type: &'static str,
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code: Option<ExposedSecret<'a>>,
    user_code_required: bool,
    requested_expiry: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_context: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_notification_token: Option<ExposedSecret<'a>>,
    client_auth_method: &'static str,
    #[serde(flatten)]
    asked: AskedView<'a>,
}

impl<'a> BackchannelResponse<'a> {
    /// Tells the authorization server whom to find.
    ///
    /// # Errors
    /// A [`Fault`] if what is kept as JSON isn't.
    pub fn from_ticketed(ticketed: &'a TicketedBackchannel, org: &'a Org) -> Result<Self, Fault> {
        let TicketedBackchannel { authorization, client, hint, .. } = ticketed;
        let of_hint = authorization.request.subject_hint.as_ref().filter(|_| hint.kind == HintType::IdTokenHint);
        let view = TicketedView {
            ticket: ExposedSecret(&ticketed.ticket),
            delivery_mode: names::delivery_mode(ticketed.delivery),
            hint_type: names::hint_type(hint.kind),
            hint: &hint.text,
            sub: of_hint.map(Subject::as_str),
            binding_message: ticketed.binding_message.as_deref(),
            user_code: ticketed.user_code.as_ref().map(ExposedSecret),
            user_code_required: ticketed.needs_user_code,
            requested_expiry: ticketed.requested_expiry.map_or(0, |Seconds(length)| length),
            request_context: ticketed.context.as_deref(),
            client_notification_token: ticketed.notification_token.as_ref().map(ExposedSecret),
            client_auth_method: names::auth_method(client.settings.auth_method),
            asked: AskedView::from_authorization((authorization, client), org)?,
        };
        let text =
            format_args!("The backchannel authentication request of the client (ID = {}) is good: find its person.", client.id);
        let result = ApiResult::new(ResultCode::BACKCHANNEL_TICKETED, text);
        let action = BackchannelAction::UserIdentification;
        Ok(Self { result, action, response_content: None, ticketed: Some(Box::new(view)) })
    }

    /// Tells why a client can't ask.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let (action, error) = match refusal.denial().map(Denial::error) {
            Some("invalid_client") => (BackchannelAction::Unauthorized, "invalid_client"),
            Some(error) => (BackchannelAction::BadRequest, error),
            None => (BackchannelAction::InternalServerError, SERVER_ERROR),
        };
        let result = ApiResult::refused(call, refusal);
        let response_content = Some(content::error(error, &result, style)?);
        Ok(Self { result, action, response_content, ticketed: None })
    }
}

/// Whether the client is told that its request is good.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum BackchannelIssueAction {
    Ok,
    InvalidTicket,
    InternalServerError,
}

/// The answer that has the `auth_req_id`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationIssueResponse"))]
#[serde(rename_all = "camelCase")]
pub struct BackchannelIssueResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: BackchannelIssueAction,
    response_content: String,
    #[serde(flatten)]
    acknowledged: Option<AcknowledgedView<'a>>,
}

/// What the client polls with.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct AcknowledgedView<'a> {
    auth_req_id: ExposedSecret<'a>,
    expires_in: u32,
    interval: u32,
}

impl<'a> BackchannelIssueResponse<'a> {
    /// Tells what the client polls with: OpenID Connect CIBA section 7.3.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn from_acknowledged(acknowledged: &'a AcknowledgedBackchannel) -> Result<Self, Fault> {
        #[derive(Serialize)]
        struct Content<'a> {
            auth_req_id: ExposedSecret<'a>,
            expires_in: u32,
            interval: u32,
        }

        let AcknowledgedBackchannel { auth_req_id, expires_in: Seconds(expires_in), interval: Seconds(interval) } = acknowledged;
        let (expires_in, interval) = (*expires_in, *interval);
        let content = Content { auth_req_id: ExposedSecret(auth_req_id), expires_in, interval };
        let response_content = text(&content)?;
        let view = AcknowledgedView { auth_req_id: ExposedSecret(auth_req_id), expires_in, interval };
        let result = ApiResult::new(ResultCode::BACKCHANNEL_ISSUED, "An auth_req_id was issued.");
        Ok(Self { result, action: BackchannelIssueAction::Ok, response_content, acknowledged: Some(view) })
    }

    /// Tells why there is none. Whatever it is, it isn't the client's fault.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let action = if *refusal == Refusal::TicketRejected {
            BackchannelIssueAction::InvalidTicket
        } else {
            BackchannelIssueAction::InternalServerError
        };
        let result = ApiResult::refused(call, refusal);
        let response_content = content::error(SERVER_ERROR, &result, style)?;
        Ok(Self { result, action, response_content, acknowledged: None })
    }
}

/// The status with which the client is told why nothing comes of its request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum BackchannelFailAction {
    Forbidden,
    BadRequest,
    InternalServerError,
}

/// The answer that a client gets of whose request nothing comes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationFailResponse"))]
#[serde(rename_all = "camelCase")]
pub struct BackchannelFailResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: BackchannelFailAction,
    response_content: String,
}

impl BackchannelFailResponse {
    /// Tells the reason, in the words of the authorization server as far as it has any.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn from_reason(reason: BackchannelFailReason, told: PollError, style: &ErrorStyle) -> Result<Self, Fault> {
        let (action, error, text) = error_of(reason);
        let result = ApiResult::new(ResultCode::BACKCHANNEL_FAILED, text);
        let told = ToldError {
            error,
            error_description: told.description.or_else(|| style.description(&result)),
            error_uri: told.uri.or_else(|| style.uri(&result)),
        };
        Ok(Self { result, action, response_content: told.into_text()? })
    }

    /// Tells that the reason can't be understood.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let result = ApiResult::refused(call, refusal);
        let response_content = content::error(SERVER_ERROR, &result, style)?;
        Ok(Self { result, action: BackchannelFailAction::InternalServerError, response_content })
    }
}

/// The error of a reason: OpenID Connect CIBA section 13.
const fn error_of(reason: BackchannelFailReason) -> (BackchannelFailAction, &'static str, &'static str) {
    use BackchannelFailAction as A;
    use BackchannelFailReason as R;
    match reason {
        R::ExpiredLoginHintToken => (A::BadRequest, "expired_login_hint_token", "The login_hint_token has expired."),
        R::UnknownUserId => (A::BadRequest, "unknown_user_id", "The hint names nobody who is known."),
        R::UnauthorizedClient => (A::BadRequest, "unauthorized_client", "The client may not ask for this person."),
        R::MissingUserCode => (A::BadRequest, "missing_user_code", "user_code is required for this person."),
        R::InvalidUserCode => (A::BadRequest, "invalid_user_code", "user_code is not the one of this person."),
        R::InvalidBindingMessage => (A::BadRequest, "invalid_binding_message", "binding_message can't be shown."),
        R::InvalidTarget => (A::BadRequest, "invalid_target", "The resource can't be had."),
        R::AccessDenied => (A::Forbidden, "access_denied", "The request was denied."),
        R::ServerError => (A::InternalServerError, SERVER_ERROR, "The authorization server has failed."),
    }
}

/// Whether the client is told anything now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum BackchannelCompleteAction {
    NoAction,
    Notification,
    ServerError,
}

/// The answer to a decision about what a client asks for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationCompleteResponse"))]
#[serde(rename_all = "camelCase")]
pub struct BackchannelCompleteResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: BackchannelCompleteAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_content: Option<String>,
    #[serde(flatten)]
    decided: Option<Box<DecidedView<'a>>>,
}

/// Whom to tell, and of what.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct DecidedView<'a> {
    auth_req_id: ExposedSecret<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_notification_endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_notification_token: Option<ExposedSecret<'a>>,
    #[serde(flatten)]
    asker: AskerView<'a>,
}

impl<'a> BackchannelCompleteResponse<'a> {
    /// Tells what to do once a decision is kept: to notify a client that lets itself be told, and nothing for one that polls.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written, or if what is kept as JSON isn't.
    pub fn from_decided(call: ApiCall, decided: &'a DecidedBackchannel, org: &'a Org) -> Result<Self, Fault> {
        let DecidedBackchannel { authorization, client, auth_req_id, notification, unmet } = decided;
        let result = match unmet {
            None => ApiResult::new(ResultCode::BACKCHANNEL_DECIDED, "The decision is kept."),
            Some(problem) => {
                let refusal = Refusal::AuthorizationRejected(*problem);
                let text =
                    format_args!("The request has ended, because the client demands another sign-in: {}", describe(&refusal));
                ApiResult::new(call.refused(&refusal), text)
            }
        };
        let action = match (notification, unmet) {
            (Some(_), _) => BackchannelCompleteAction::Notification,
            (None, None) => BackchannelCompleteAction::NoAction,
            (None, Some(_)) => BackchannelCompleteAction::ServerError,
        };
        let delivery = authorization.backchannel.as_ref().map(|asked| asked.delivery);
        let view = DecidedView {
            auth_req_id: ExposedSecret(auth_req_id),
            delivery_mode: delivery.map(names::delivery_mode),
            client_notification_endpoint: notification.as_ref().map(|told| told.endpoint.as_str()),
            client_notification_token: notification.as_ref().map(|told| ExposedSecret(&told.token)),
            asker: AskerView::from_authorization((authorization, client), org)?,
        };
        let response_content = notification.as_ref().map(|_| notification_of(ExposedSecret(auth_req_id))).transpose()?;
        Ok(Self { result, action, response_content, decided: Some(Box::new(view)) })
    }

    /// Tells why a decision can't be kept.
    pub fn refused(call: ApiCall, refusal: &Refusal) -> Self {
        let (result, action) = (ApiResult::refused(call, refusal), BackchannelCompleteAction::ServerError);
        Self { result, action, response_content: None, decided: None }
    }
}

/// What a client is notified of: OpenID Connect CIBA section 10.2.
fn notification_of(auth_req_id: ExposedSecret<'_>) -> Result<String, Fault> {
    #[derive(Serialize)]
    struct Content<'a> {
        auth_req_id: ExposedSecret<'a>,
    }

    text(&Content { auth_req_id })
}

fn text(content: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(content)
        .map_err(|error| Fault::internal("answering a client that asks without a browser").because(error))
}
