//! `DeviceAuthorizationResponse`, `DeviceVerificationResponse` and `DeviceCompleteResponse` of Authlete's API.

use serde::Serialize;

use super::asked::AskedView;
use crate::api::authlete::content::{self, ErrorStyle};
use crate::api::authlete::names;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::{Denial, Fault, Org, Refusal, Seconds};
use crate::encoding::ExposedSecret;
use crate::oauth::forwarded::device::{Completion, KeptDevice, Verified};

/// What the authorization server sends the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum DeviceAction {
    Ok,
    BadRequest,
    Unauthorized,
    InternalServerError,
}

/// The answer to a device that asks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DeviceAuthorizationProcessResponse"))]
#[serde(rename_all = "camelCase")]
pub struct DeviceAuthorizationResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: DeviceAction,
    response_content: String,
    #[serde(flatten)]
    begun: Option<Box<BegunView<'a>>>,
}

/// What the device shows and polls with.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct BegunView<'a> {
    device_code: ExposedSecret<'a>,
    user_code: &'a str,
    verification_uri: &'a str,
    verification_uri_complete: &'a str,
    expires_in: u32,
    interval: u32,
    client_auth_method: &'static str,
    #[serde(flatten)]
    asked: AskedView<'a>,
}

impl<'a> DeviceAuthorizationResponse<'a> {
    /// Tells what the device shows and polls with: RFC 8628 section 3.2.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written, or if what is kept as JSON isn't.
    pub fn from_kept(kept: &'a KeptDevice, org: &'a Org) -> Result<Self, Fault> {
        #[derive(Serialize)]
        struct Content<'a> {
            device_code: ExposedSecret<'a>,
            user_code: &'a str,
            verification_uri: &'a str,
            verification_uri_complete: &'a str,
            expires_in: u32,
            interval: u32,
        }

        let KeptDevice { told, seen } = kept;
        let (Seconds(expires_in), Seconds(interval)) = (told.expires_in, told.interval);
        let view = BegunView {
            device_code: ExposedSecret(&told.device_code),
            user_code: told.user_code.letters(),
            verification_uri: &told.verification_uri,
            verification_uri_complete: &told.verification_uri_complete,
            expires_in,
            interval,
            client_auth_method: names::auth_method(seen.client.settings.auth_method),
            asked: AskedView::from_authorization((&seen.authorization, &seen.client), org)?,
        };
        let content = Content {
            device_code: ExposedSecret(&told.device_code),
            user_code: view.user_code,
            verification_uri: view.verification_uri,
            verification_uri_complete: view.verification_uri_complete,
            expires_in,
            interval,
        };
        let response_content = serde_json::to_string(&content).map_err(|e| Fault::internal("answering a device").because(e))?;
        let text = format_args!("A device code was issued to the client (ID = {}).", seen.client.id);
        let result = ApiResult::new(ResultCode::DEVICE_BEGUN, text);
        Ok(Self { result, action: DeviceAction::Ok, response_content, begun: Some(Box::new(view)) })
    }

    /// Tells why a device can't ask. Where the service has no page for devices, it isn't the device's fault.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let of_client = refusal.denial().filter(|denial| *denial != Denial::DeviceUnavailable);
        let (action, error) = match of_client.map(Denial::error) {
            Some("invalid_client") => (DeviceAction::Unauthorized, "invalid_client"),
            Some(error) => (DeviceAction::BadRequest, error),
            None => (DeviceAction::InternalServerError, "server_error"),
        };
        let result = ApiResult::refused(call, refusal);
        let response_content = content::error(error, &result, style)?;
        Ok(Self { result, action, response_content, begun: None })
    }
}

/// Whether somebody has typed the code of something that waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum VerificationAction {
    Valid,
    Expired,
    NotExist,
}

/// What a user code stands for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceVerificationResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: VerificationAction,
    #[serde(flatten)]
    waits: Option<Box<WaitingView<'a>>>,
}

/// What the page must show.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct WaitingView<'a> {
    expires_at: i64,
    #[serde(flatten)]
    asked: AskedView<'a>,
}

impl<'a> DeviceVerificationResponse<'a> {
    /// Tells what a code stands for.
    ///
    /// # Errors
    /// A [`Fault`] if what is kept as JSON isn't.
    pub fn from_verified(verified: &'a Verified, org: &'a Org) -> Result<Self, Fault> {
        let not = |code, text, action| Self { result: ApiResult::new(code, text), action, waits: None };
        Ok(match verified {
            Verified::Waits(seen) => {
                let expires_at = seen.authorization.expires_at.as_ms();
                let view =
                    WaitingView { expires_at, asked: AskedView::from_authorization((&seen.authorization, &seen.client), org)? };
                let result = ApiResult::new(ResultCode::USER_CODE_VALID, "The user code is valid.");
                Self { result, action: VerificationAction::Valid, waits: Some(Box::new(view)) }
            }
            Verified::Expired => not(ResultCode::USER_CODE_EXPIRED, "The user code is over.", VerificationAction::Expired),
            Verified::Unknown => not(ResultCode::USER_CODE_UNKNOWN, UNKNOWN, VerificationAction::NotExist),
        })
    }
}

const UNKNOWN: &str = "The user code stands for nothing that waits: it is unknown, or was decided before.";

/// What has come of a decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum CompletionAction {
    Success,
    InvalidRequest,
    UserCodeExpired,
    UserCodeNotExist,
}

/// The answer to a decision about what a device asks for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeviceCompleteResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: CompletionAction,
}

impl DeviceCompleteResponse {
    /// Tells what has come of a decision that could be understood.
    pub fn from_completion(completion: Completion) -> Self {
        let (code, text, action) = match completion {
            Completion::Done => (ResultCode::DEVICE_DECIDED, "The decision is kept.", CompletionAction::Success),
            Completion::Expired => (ResultCode::DECISION_TOO_LATE, "The user code is over.", CompletionAction::UserCodeExpired),
            Completion::Unknown => (ResultCode::DECISION_UNKNOWN, UNKNOWN, CompletionAction::UserCodeNotExist),
        };
        Self { result: ApiResult::new(code, text), action }
    }

    /// Tells why a decision can't be understood. It can be made again.
    pub fn refused(call: ApiCall, refusal: &Refusal) -> Self {
        Self { result: ApiResult::refused(call, refusal), action: CompletionAction::InvalidRequest }
    }
}
