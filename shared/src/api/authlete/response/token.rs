//! `TokenResponse` of Authlete's API.

use serde::Serialize;

use super::exchange::ExchangeView;
use super::{IssuedToken, resources, scopes};
use crate::api::authlete::content::{ErrorStyle, ToldError};
use crate::api::authlete::property::Pair;
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::api::authlete::{content, names};
use crate::auth::client::AuthenticatedClient;
use crate::domain::{ClientRef, Denial, Fault, GrantType, Org, Refusal, Secret};
use crate::encoding::ExposedSecret;
use crate::oauth::forwarded::decision::PollError;
use crate::oauth::forwarded::{Asked, EndedPolling, Outcome, TokenRequest};

/// What the answer to a token request needs of that, whatever comes of it.
#[derive(Clone, Debug, Default)]
pub struct Requested {
    grant: Option<GrantType>,
    alias_used: bool,
    refresh_token: Option<Secret<String>>,
}

impl Requested {
    /// Takes from a request what its answer repeats, if the request could be read.
    pub fn from_request(request: Option<&TokenRequest>) -> Self {
        let Some(TokenRequest { form, credentials, .. }) = request else { return Self::default() };
        Self {
            grant: form.grant(),
            alias_used: matches!(credentials.client(), Some(ClientRef::Alias(_))),
            refresh_token: form.refresh_token().cloned(),
        }
    }
}

/// What the authorization server must do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum TokenAction {
    Ok,
    Password,
    TokenExchange,
    JwtBearer,
    InvalidClient,
    BadRequest,
    InternalServerError,
}

/// The answer to a token request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: TokenAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_auth_method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
    #[serde(flatten)]
    body: Body<'a>,
}

/// What is said with it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged)]
enum Body<'a> {
    #[serde(rename_all = "camelCase")]
    Issued {
        #[serde(flatten)]
        token: Box<IssuedToken<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        previous_refresh_token_used: Option<bool>,
    },
    Password {
        ticket: ExposedSecret<'a>,
        username: &'a str,
        password: ExposedSecret<'a>,
        #[serde(flatten)]
        asker: Asker<'a>,
    },
    Exchange {
        #[serde(flatten)]
        exchange: Box<ExchangeView<'a>>,
        #[serde(flatten)]
        asker: Asker<'a>,
    },
    Assertion {
        assertion: ExposedSecret<'a>,
        #[serde(flatten)]
        asker: Asker<'a>,
    },
    #[serde(rename_all = "camelCase")]
    Error { response_content: String },
}

/// Who asks, and for what.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
struct Asker<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias_used: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_attributes: Option<Vec<Pair<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_attributes: Option<Vec<Pair<'a>>>,
}

impl<'a> Asker<'a> {
    fn from_asked(asked: &'a Asked, org: &'a Org) -> Self {
        let client = asked.client.as_ref().map(AuthenticatedClient::client);
        Self {
            client_id: client.map(|client| client.id.as_number()),
            client_id_alias: client.and_then(|client| client.settings.alias.as_deref()),
            client_id_alias_used: asked.client.as_ref().map(AuthenticatedClient::alias_used),
            scopes: scopes(&asked.scopes),
            service_attributes: Pair::list(&org.settings.oauth.attributes),
            client_attributes: client.and_then(|client| Pair::list(&client.settings.attributes)),
        }
    }
}

impl<'a> TokenResponse<'a> {
    /// Makes the answer to a good request to `org`.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_outcome(outcome: &'a Outcome, request: &'a Requested, org: &'a Org) -> Result<Self, Fault> {
        use ResultCode as C;
        let grant = request.grant.ok_or_else(|| Fault::internal("telling by which grant a token was issued"))?;
        let (action, code, text) = match outcome {
            Outcome::Issued { .. } => {
                let code = match grant {
                    GrantType::AuthorizationCode => C::TOKEN_CODE,
                    GrantType::Ciba => C::TOKEN_CIBA,
                    GrantType::DeviceCode => C::TOKEN_DEVICE,
                    GrantType::RefreshToken => C::TOKEN_REFRESHED,
                    GrantType::ClientCredentials
                    | GrantType::Implicit
                    | GrantType::Password
                    | GrantType::TokenExchange
                    | GrantType::JwtBearer
                    | GrantType::PreAuthorizedCode => C::TOKEN_CLIENT_CREDENTIALS,
                };
                (TokenAction::Ok, code, "was processed successfully")
            }
            Outcome::Password { .. } => {
                (TokenAction::Password, C::TOKEN_PASSWORD, "is valid: check the resource owner's credentials")
            }
            Outcome::TokenExchange { .. } => {
                (TokenAction::TokenExchange, C::TOKEN_EXCHANGE_ACCEPTED, "is valid: decide about the exchange")
            }
            Outcome::JwtBearer { .. } => {
                (TokenAction::JwtBearer, C::TOKEN_ASSERTION_ACCEPTED, "is valid: verify the assertion's signature")
            }
        };
        let (method, requested) = match outcome {
            Outcome::Issued { issued, resources, .. } => (Some(issued.client.settings.auth_method), resources),
            Outcome::Password { asked, .. } | Outcome::TokenExchange { asked, .. } | Outcome::JwtBearer { asked, .. } => {
                (asked.client.as_ref().map(AuthenticatedClient::method), &asked.resources)
            }
        };
        Ok(Self {
            result: ApiResult::new(code, format_args!("The token request (grant_type={}) {text}.", grant.as_str())),
            action,
            grant_type: Some(names::grant(grant)),
            client_auth_method: method.map(names::auth_method),
            resources: resources(requested),
            body: Body::from_outcome(outcome, request, org)?,
        })
    }

    /// Makes the answer to a bad request. The OAuth client is told what it did wrong; anything else is the authorization server's
    /// fault.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, request: &Requested, style: &ErrorStyle) -> Result<Self, Fault> {
        let grant = request.grant;
        let (action, error) = match refusal.denial().map(Denial::error) {
            Some("invalid_client") => (TokenAction::InvalidClient, "invalid_client"),
            Some(error) => (TokenAction::BadRequest, error),
            None => (TokenAction::InternalServerError, "server_error"),
        };
        let result = ApiResult::refused(call, refusal);
        let body = Body::Error { response_content: content::error(error, &result, style)? };
        Ok(Self { result, action, grant_type: grant.map(names::grant), client_auth_method: None, resources: None, body })
    }
}

impl TokenResponse<'_> {
    /// Makes the answer to a client that polls in vain: with what the authorization server has said of it.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn ended(call: ApiCall, ended: EndedPolling, request: &Requested, style: &ErrorStyle) -> Result<Self, Fault> {
        let EndedPolling { denial, error: PollError { description, uri } } = ended;
        let result = ApiResult::refused(call, &Refusal::Denied(denial));
        let told = ToldError {
            error: denial.error(),
            error_description: description.or_else(|| style.description(&result)),
            error_uri: uri.or_else(|| style.uri(&result)),
        };
        let body = Body::Error { response_content: told.into_text()? };
        let (action, grant) = (TokenAction::BadRequest, request.grant);
        Ok(Self { result, action, grant_type: grant.map(names::grant), client_auth_method: None, resources: None, body })
    }
}

impl<'a> Body<'a> {
    fn from_outcome(outcome: &'a Outcome, request: &'a Requested, org: &'a Org) -> Result<Self, Fault> {
        let is_refresh = request.grant == Some(GrantType::RefreshToken);
        Ok(match outcome {
            Outcome::Issued { issued, id_token, previous_refresh_token_used, .. } => Self::Issued {
                token: Box::new(IssuedToken::from_issued(
                    issued,
                    org,
                    request.alias_used,
                    (request.refresh_token.as_ref(), id_token.as_ref()),
                )?),
                previous_refresh_token_used: is_refresh.then_some(*previous_refresh_token_used),
            },
            Outcome::Password { ticket, username, password, asked } => Self::Password {
                ticket: ExposedSecret(ticket),
                username,
                password: ExposedSecret(password),
                asker: Asker::from_asked(asked, org),
            },
            Outcome::TokenExchange { exchange, asked } => {
                Self::Exchange { exchange: Box::new(ExchangeView::from_exchange(exchange)), asker: Asker::from_asked(asked, org) }
            }
            Outcome::JwtBearer { assertion, asked } => {
                Self::Assertion { assertion: ExposedSecret(assertion), asker: Asker::from_asked(asked, org) }
            }
        })
    }
}
