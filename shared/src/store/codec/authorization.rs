//! Authorizations, and what is kept of how a person signed in.
//!
//! Unlike other bodies, that of an authorization is written anew with each step.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::coded::Coded;
use super::{coded, decode, encode, is_false, placeholder_id, placeholder_time};
use crate::domain::{
    Acknowledgement, Approval, Audience, Authorization, AuthorizationDetails, AuthorizationError, AuthorizationKey,
    AuthorizationRequest, AuthorizationState, BackchannelRequest, ClientId, DeliveryMode, DeviceRequest, ExtraClaims, Fault,
    ForwardedRequest, ForwardedSignIn, OrgId, Polling, Prompt, Property, ResponseMode, Scope, SealedSecret, Seconds, SessionId,
    SignIn, Subject, Thumbprint, Timestamp, TokenId,
};

/// Encodes the body of an authorization: all of it but `id`, `expires_at` and `revision`.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_authorization(authorization: &Authorization) -> Result<String, Fault> {
    encode(|to| AuthorizationBody::serialize(authorization, to))
}

/// Decodes the authorization of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_authorization`] writes.
pub fn decode_authorization(
    key: &AuthorizationKey,
    body: &[u8],
    expires_at: Timestamp,
    revision: u32,
) -> Result<Authorization, Fault> {
    let authorization = decode(body, |from| AuthorizationBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of an authorization").because(e))?;
    if authorization.org != key.org {
        return Err(Fault::internal("decoding the record of an authorization: it is another org's"));
    }
    Ok(Authorization { id: key.id, expires_at, revision, ..authorization })
}

/// Whether keeping `new` where `there` is changes nothing: the steps that it has taken since don't make it another.
pub fn is_same_authorization(there: &Authorization, new: &Authorization) -> bool {
    if there.revision <= new.revision {
        return there == new;
    }
    let Authorization { expires_at, state, revision, browser, device, backchannel, forwarded, .. } = new.clone();
    // A step may have noted the browser, but none replaces it.
    let browser = browser.and(there.browser);
    // Each poll of a device changes these.
    let device = there.device.clone().zip(device).map(|(there, device)| {
        let Polling { interval, polled_at, poll, .. } = device.polling;
        let polling = Polling { interval, polled_at, poll, ..there.polling.clone() };
        Box::new(DeviceRequest { polling, ..*there })
    });
    // It is acknowledged by a step.
    let backchannel = there.backchannel.clone().zip(backchannel).map(|(there, backchannel)| {
        let BackchannelRequest { acknowledgement, .. } = *backchannel;
        Box::new(BackchannelRequest { acknowledgement, ..*there })
    });
    // What is kept with a ticket begins and changes with steps.
    Authorization { browser, device, backchannel, forwarded, expires_at, state, revision, ..there.clone() } == *new
}

coded::records!(
    Acknowledgement as AcknowledgementBody,
    Approval as ApprovalBody,
    AuthorizationError as AuthorizationErrorBody,
    AuthorizationRequest as AuthorizationRequestBody,
    AuthorizationState as AuthorizationStateBody,
    BackchannelRequest as BackchannelRequestBody,
    ForwardedRequest as ForwardedRequestBody,
    ForwardedSignIn as ForwardedSignInBody,
    Polling as PollingBody,
    Prompt as PromptBody,
    ResponseMode as ResponseModeBody,
    SignIn as SignInBody,
);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Authorization")]
struct AuthorizationBody {
    #[serde(skip, default = "placeholder_id")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "c", with = "coded")]
    client: ClientId,
    #[serde(rename = "n")]
    client_name: String,
    #[serde(rename = "q", with = "coded")]
    request: AuthorizationRequest,
    #[serde(rename = "b", with = "coded", default, skip_serializing_if = "Option::is_none")]
    browser: Option<[u8; 32]>,
    #[serde(rename = "v", with = "coded", default, skip_serializing_if = "Option::is_none")]
    device: Option<Box<DeviceRequest>>,
    #[serde(rename = "k", with = "coded", default, skip_serializing_if = "Option::is_none")]
    backchannel: Option<Box<BackchannelRequest>>,
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    forwarded: Option<ForwardedRequest>,
    #[serde(rename = "i", with = "coded")]
    created_at: Timestamp,
    #[serde(skip, default = "placeholder_time")]
    expires_at: Timestamp,
    #[serde(rename = "s", with = "coded")]
    state: AuthorizationState,
    #[serde(skip)]
    revision: u32,
}

impl Coded for DeviceRequest {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        DeviceRequestBody::from_request(self.clone()).serialize(to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        DeviceRequestBody::deserialize(from).map(DeviceRequestBody::into_request)
    }
}

/// A device with its polls in one object.
#[derive(Deserialize, Serialize)]
struct DeviceRequestBody {
    #[serde(rename = "c", with = "coded")]
    code: [u8; 32],
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(rename = "i", with = "coded")]
    interval: Seconds,
    #[serde(rename = "p", with = "coded", default, skip_serializing_if = "Option::is_none")]
    polled_at: Option<Timestamp>,
    #[serde(rename = "n", with = "coded", default, skip_serializing_if = "Option::is_none")]
    poll: Option<TokenId>,
}

impl DeviceRequestBody {
    fn from_request(DeviceRequest { address, user_agent, polling }: DeviceRequest) -> Self {
        let Polling { code, interval, polled_at, poll } = polling;
        Self { code, address, user_agent, interval, polled_at, poll }
    }

    fn into_request(self) -> DeviceRequest {
        let Self { code, address, user_agent, interval, polled_at, poll } = self;
        DeviceRequest { address, user_agent, polling: Polling { code, interval, polled_at, poll } }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "BackchannelRequest")]
struct BackchannelRequestBody {
    #[serde(rename = "m", with = "coded")]
    delivery: DeliveryMode,
    #[serde(rename = "e", with = "coded", default, skip_serializing_if = "Option::is_none")]
    requested_expiry: Option<Seconds>,
    #[serde(rename = "t", with = "coded", default, skip_serializing_if = "Option::is_none")]
    notification_token: Option<SealedSecret>,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Option::is_none")]
    acknowledgement: Option<Acknowledgement>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Acknowledgement")]
struct AcknowledgementBody {
    #[serde(rename = "r", with = "coded")]
    auth_req_id: SealedSecret,
    #[serde(rename = "p", with = "coded")]
    polling: Polling,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Polling")]
struct PollingBody {
    #[serde(rename = "c", with = "coded")]
    code: [u8; 32],
    #[serde(rename = "i", with = "coded")]
    interval: Seconds,
    #[serde(rename = "p", with = "coded", default, skip_serializing_if = "Option::is_none")]
    polled_at: Option<Timestamp>,
    #[serde(rename = "n", with = "coded", default, skip_serializing_if = "Option::is_none")]
    poll: Option<TokenId>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "ForwardedRequest")]
struct ForwardedRequestBody {
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AuthorizationRequest")]
struct AuthorizationRequestBody {
    #[serde(rename = "u")]
    redirect_uri: String,
    #[serde(rename = "m", with = "coded", default, skip_serializing_if = "is_query")]
    response_mode: ResponseMode,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Audience>,
    #[serde(rename = "d", with = "coded", default, skip_serializing_if = "Option::is_none")]
    details: Option<AuthorizationDetails>,
    #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Option::is_none")]
    code_challenge: Option<Thumbprint>,
    #[serde(rename = "j", with = "coded", default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Thumbprint>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(rename = "p", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    prompts: Vec<Prompt>,
    #[serde(rename = "ma", with = "coded", default, skip_serializing_if = "Option::is_none")]
    max_age: Option<Seconds>,
    #[serde(rename = "t", with = "coded", default, skip_serializing_if = "Option::is_none")]
    authenticated_after: Option<Timestamp>,
    #[serde(rename = "i", with = "coded", default, skip_serializing_if = "Option::is_none")]
    subject_hint: Option<Subject>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    login_hint: Option<String>,
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    acr_values: Vec<String>,
    #[serde(rename = "rr", default, skip_serializing_if = "Vec::is_empty")]
    acr_required: Vec<String>,
    #[serde(rename = "ul", default, skip_serializing_if = "Vec::is_empty")]
    ui_locales: Vec<String>,
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    #[serde(rename = "cl", default, skip_serializing_if = "Vec::is_empty")]
    claims_locales: Vec<String>,
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(rename = "k", with = "coded", default, skip_serializing_if = "Option::is_none")]
    claims: Option<ExtraClaims>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "ResponseMode")]
enum ResponseModeBody {
    #[serde(rename = "q")]
    Query,
    #[serde(rename = "f")]
    FormPost,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_query(mode: &ResponseMode) -> bool {
    *mode == ResponseMode::Query
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Prompt")]
enum PromptBody {
    #[serde(rename = "n")]
    None,
    #[serde(rename = "l")]
    Login,
    #[serde(rename = "c")]
    Consent,
    #[serde(rename = "s")]
    SelectAccount,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AuthorizationState")]
enum AuthorizationStateBody {
    #[serde(rename = "u")]
    Pushed,
    #[serde(rename = "p")]
    Pending,
    #[serde(rename = "a")]
    Accepted {
        #[serde(rename = "w", with = "coded")]
        approval: Box<Approval>,
        #[serde(rename = "v", with = "coded")]
        verifier: [u8; 32],
    },
    #[serde(rename = "d")]
    Denied {
        #[serde(rename = "e", with = "coded")]
        error: AuthorizationError,
        #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
        error_uri: Option<String>,
        #[serde(rename = "v", with = "coded")]
        verifier: [u8; 32],
    },
    #[serde(rename = "x")]
    Failed {
        #[serde(rename = "d", with = "coded")]
        decision: TokenId,
        #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
        error_uri: Option<String>,
    },
    #[serde(rename = "i")]
    Issued {
        #[serde(rename = "w", with = "coded")]
        approval: Box<Approval>,
        #[serde(rename = "c", with = "coded")]
        code: [u8; 32],
    },
    #[serde(rename = "r")]
    Redeemed {
        #[serde(rename = "c", with = "coded")]
        code: [u8; 32],
        #[serde(rename = "t", with = "coded")]
        token: TokenId,
        #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
        family: Option<TokenId>,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Approval")]
struct ApprovalBody {
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Audience>,
    #[serde(rename = "d", with = "coded", default, skip_serializing_if = "Option::is_none")]
    details: Option<AuthorizationDetails>,
    #[serde(rename = "t", with = "coded", default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<Timestamp>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(rename = "k", with = "coded", default, skip_serializing_if = "Option::is_none")]
    claims: Option<ExtraClaims>,
    #[serde(rename = "ki", with = "coded", default, skip_serializing_if = "Option::is_none")]
    id_token_claims: Option<ExtraClaims>,
    #[serde(rename = "ka", with = "coded", default, skip_serializing_if = "Option::is_none")]
    access_token_claims: Option<ExtraClaims>,
    #[serde(rename = "g", default, skip_serializing_if = "is_false")]
    forget: bool,
    #[serde(rename = "l", with = "coded", default, skip_serializing_if = "Option::is_none")]
    token_duration: Option<Seconds>,
    #[serde(rename = "lr", with = "coded", default, skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<Seconds>,
    #[serde(rename = "p", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    forwarded: Option<Box<ForwardedSignIn>>,
    #[serde(rename = "w", with = "coded")]
    decided_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AuthorizationError")]
enum AuthorizationErrorBody {
    #[serde(rename = "ad")]
    AccessDenied,
    #[serde(rename = "lr")]
    LoginRequired,
    #[serde(rename = "cr")]
    ConsentRequired,
    #[serde(rename = "ir")]
    InteractionRequired,
    #[serde(rename = "as")]
    AccountSelectionRequired,
    #[serde(rename = "ua")]
    UnmetAuthenticationRequirements,
    #[serde(rename = "is")]
    InvalidScope,
    #[serde(rename = "it")]
    InvalidTarget,
    #[serde(rename = "tu")]
    TemporarilyUnavailable,
    #[serde(rename = "se")]
    ServerError,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "SignIn")]
struct SignInBody {
    #[serde(rename = "a")]
    audience: String,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Audience>,
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(rename = "q", with = "coded", default, skip_serializing_if = "Option::is_none")]
    requested: Option<ExtraClaims>,
    #[serde(rename = "k", with = "coded", default, skip_serializing_if = "Option::is_none")]
    claims: Option<ExtraClaims>,
    #[serde(rename = "ki", with = "coded", default, skip_serializing_if = "Option::is_none")]
    id_token_claims: Option<ExtraClaims>,
    #[serde(rename = "ka", with = "coded", default, skip_serializing_if = "Option::is_none")]
    access_token_claims: Option<ExtraClaims>,
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    forwarded: Option<Box<ForwardedSignIn>>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "ForwardedSignIn")]
struct ForwardedSignInBody {
    #[serde(rename = "s", with = "coded", default, skip_serializing_if = "Option::is_none")]
    told_subject: Option<Subject>,
    #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Option::is_none")]
    id_token_header: Option<ExtraClaims>,
    #[serde(rename = "l", default, skip_serializing_if = "is_false")]
    has_audience_list: bool,
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    consented_claims: Vec<String>,
}
