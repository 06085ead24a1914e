//! `TokenResponse`, `TokenIssueResponse` and `TokenFailResponse`: contract `authlete` sections 5.2 to 5.4.

use serde::Serialize;

use super::IssuedToken;
use super::{resources, scopes};
use crate::client_token::FoundToken;
use crate::domain::{Fault, GrantType, Org, Refusal, Secret};
use crate::issue::Issued;
use crate::token_request::{Asked, Exchange, ExchangedToken, Outcome};
use crate::wire::HandedOver;
use crate::wire::authlete::content::{self, Style};
use crate::wire::authlete::names;
use crate::wire::authlete::property::{Pair, Property};
use crate::wire::authlete::request::FailReason;
use crate::wire::authlete::result::{ApiResult, Call, ResultCode};

/// What the authorization server must do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the contract's")]
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
        ticket: HandedOver<'a>,
        username: &'a str,
        password: HandedOver<'a>,
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
        assertion: HandedOver<'a>,
        #[serde(flatten)]
        asker: Asker<'a>,
    },
    #[serde(rename_all = "camelCase")]
    Error { response_content: String },
}

/// Who asks, and for what.
#[derive(Debug, Serialize)]
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
    fn of(asked: &'a Asked, org: &'a Org) -> Self {
        let client = asked.client.as_ref().map(crate::client_auth::AuthenticatedClient::client);
        Self {
            client_id: client.map(|client| client.id.as_number()),
            client_id_alias: client.and_then(|client| client.alias.as_deref()),
            client_id_alias_used: asked.client.as_ref().map(crate::client_auth::AuthenticatedClient::alias_used),
            scopes: scopes(&asked.scopes),
            service_attributes: Pair::list(&org.settings.oauth.attributes),
            client_attributes: client.and_then(|client| Pair::list(&client.attributes)),
        }
    }
}

/// A token exchange that the authorization server must decide about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExchangeView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    audiences: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_token_type: Option<&'static str>,
    subject_token: HandedOver<'a>,
    subject_token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_token_info: Option<TokenInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_token: Option<HandedOver<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_token_info: Option<TokenInfo<'a>>,
}

impl<'a> ExchangeView<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        let actor = exchange.actor.as_ref();
        Self {
            audiences: Some(&exchange.audiences[..]).filter(|audiences| !audiences.is_empty()),
            requested_token_type: exchange.requested.map(names::token_type),
            subject_token: HandedOver(&exchange.subject.token),
            subject_token_type: names::token_type(exchange.subject.kind),
            subject_token_info: TokenInfo::of(&exchange.subject),
            actor_token: actor.map(|actor| HandedOver(&actor.token)),
            actor_token_type: actor.map(|actor| names::token_type(actor.kind)),
            actor_token_info: actor.and_then(TokenInfo::of),
        }
    }
}

/// What is known of a token to exchange. Its scopes and authorization details are left out: the SDKs don't agree on what they are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenInfo<'a> {
    client_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias: Option<&'a str>,
    client_id_alias_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<Property<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
}

impl<'a> TokenInfo<'a> {
    fn of(token: &'a ExchangedToken) -> Option<Self> {
        let (client, subject, expires_at, issuance, audiences) = match token.found.as_ref()? {
            FoundToken::Access(token) => {
                let record = &token.record;
                (token.client.as_ref()?, &record.subject, record.expires_at, record.issuance.as_ref()?, &record.audiences)
            }
            FoundToken::Refresh(found) => {
                let family = &found.family;
                (found.client.as_ref()?, &family.subject, Some(family.expires_at), family.issuance.as_ref()?, &family.audiences)
            }
        };
        Some(Self {
            client_id: client.id.as_number(),
            client_id_alias: client.alias.as_deref(),
            client_id_alias_used: issuance.alias_used,
            subject: (!issuance.for_client).then(|| subject.as_str()),
            expires_at: expires_at.map_or(0, crate::domain::Timestamp::as_secs),
            properties: Property::list(&issuance.properties),
            resources: resources(audiences),
        })
    }
}

impl<'a> TokenResponse<'a> {
    /// Of a request by `grant` to `org` that is good. `presented` is the refresh token that came with it.
    pub fn of(
        outcome: &'a Outcome,
        grant: GrantType,
        org: &'a Org,
        presented: Option<&'a Secret<String>>,
    ) -> Result<Self, Fault> {
        let processed = "was processed successfully";
        let (action, code, text) = match outcome {
            Outcome::Issued { .. } if grant == GrantType::RefreshToken => {
                (TokenAction::Ok, ResultCode::TOKEN_REFRESHED, processed)
            }
            Outcome::Issued { .. } => (TokenAction::Ok, ResultCode::TOKEN_CLIENT_CREDENTIALS, processed),
            Outcome::Password { .. } => {
                (TokenAction::Password, ResultCode::TOKEN_PASSWORD, "is valid: check the resource owner's credentials")
            }
            Outcome::TokenExchange { .. } => {
                (TokenAction::TokenExchange, ResultCode::TOKEN_EXCHANGE_ACCEPTED, "is valid: decide about the exchange")
            }
            Outcome::JwtBearer { .. } => {
                (TokenAction::JwtBearer, ResultCode::TOKEN_ASSERTION_ACCEPTED, "is valid: verify the assertion's signature")
            }
        };
        let asked = match outcome {
            Outcome::Issued { .. } => None,
            Outcome::Password { asked, .. } | Outcome::TokenExchange { asked, .. } | Outcome::JwtBearer { asked, .. } => {
                Some(asked)
            }
        };
        let method = match (outcome, asked) {
            (Outcome::Issued { issued, .. }, _) => Some(issued.client.auth_method),
            (_, asked) => asked.and_then(|asked| asked.client.as_ref()).map(crate::client_auth::AuthenticatedClient::method),
        };
        let requested = match outcome {
            Outcome::Issued { resources, .. } => resources,
            Outcome::Password { asked, .. } | Outcome::TokenExchange { asked, .. } | Outcome::JwtBearer { asked, .. } => {
                &asked.resources
            }
        };
        Ok(Self {
            result: ApiResult::new(code, format_args!("The token request (grant_type={}) {text}.", grant.as_str())),
            action,
            grant_type: Some(names::grant(grant)),
            client_auth_method: method.map(names::auth_method),
            resources: resources(requested),
            body: Body::of(outcome, grant, org, presented)?,
        })
    }

    /// Of one that isn't. What an OAuth client did wrong it is told; anything else is the fault of the authorization server.
    pub fn refused(call: Call, refusal: &Refusal, grant: Option<GrantType>, style: &Style) -> Result<Self, Fault> {
        let (action, error) = match refusal {
            Refusal::Denied(denial) => match denial.error() {
                "invalid_client" => (TokenAction::InvalidClient, "invalid_client"),
                error => (TokenAction::BadRequest, error),
            },
            _ => (TokenAction::InternalServerError, SERVER_ERROR),
        };
        let result = ApiResult::refused(call, refusal);
        let body = Body::Error { response_content: content::error(error, &result, style)? };
        Ok(Self { result, action, grant_type: grant.map(names::grant), client_auth_method: None, resources: None, body })
    }
}

const SERVER_ERROR: &str = "server_error";

impl<'a> Body<'a> {
    fn of(outcome: &'a Outcome, grant: GrantType, org: &'a Org, presented: Option<&'a Secret<String>>) -> Result<Self, Fault> {
        Ok(match outcome {
            Outcome::Issued { issued, previous_refresh_token_used, .. } => Self::Issued {
                token: Box::new(IssuedToken::of(issued, org, presented)?),
                previous_refresh_token_used: (grant == GrantType::RefreshToken).then_some(*previous_refresh_token_used),
            },
            Outcome::Password { ticket, username, password, asked } => Self::Password {
                ticket: HandedOver(ticket),
                username,
                password: HandedOver(password),
                asker: Asker::of(asked, org),
            },
            Outcome::TokenExchange { exchange, asked } => {
                Self::Exchange { exchange: Box::new(ExchangeView::of(exchange)), asker: Asker::of(asked, org) }
            }
            Outcome::JwtBearer { assertion, asked } => {
                Self::Assertion { assertion: HandedOver(assertion), asker: Asker::of(asked, org) }
            }
        })
    }
}

/// What has come of a ticket.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum IssueAction {
    Ok,
    InternalServerError,
}

/// The answer to the word that lets a token be issued.
#[derive(Debug, Serialize)]
pub struct TokenIssueResponse<'a> {
    #[serde(flatten)]
    result: ApiResult,
    action: IssueAction,
    #[serde(flatten)]
    body: IssueBody<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum IssueBody<'a> {
    Issued(Box<IssuedToken<'a>>),
    #[serde(rename_all = "camelCase")]
    Error {
        response_content: String,
    },
}

impl<'a> TokenIssueResponse<'a> {
    /// A token for a client of `org`.
    pub fn of(issued: &'a Issued, org: &'a Org) -> Result<Self, Fault> {
        let text = format_args!("The token request (grant_type={}) was processed successfully.", issued.grant()?.grant.as_str());
        let body = IssueBody::Issued(Box::new(IssuedToken::of(issued, org, None)?));
        Ok(Self { result: ApiResult::new(ResultCode::ISSUED, text), action: IssueAction::Ok, body })
    }

    /// None. To the OAuth client all of it is the authorization server's fault.
    pub fn refused(call: Call, refusal: &Refusal, style: &Style) -> Result<Self, Fault> {
        let result = ApiResult::refused(call, refusal);
        let body = IssueBody::Error { response_content: content::error(SERVER_ERROR, &result, style)? };
        Ok(Self { result, action: IssueAction::InternalServerError, body })
    }
}

/// What the authorization server sends its OAuth client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum FailAction {
    BadRequest,
    InternalServerError,
}

/// The answer to the word that lets none be issued.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenFailResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: FailAction,
    response_content: String,
}

impl TokenFailResponse {
    /// The ticket is spent, for this reason.
    pub fn of(reason: FailReason, style: &Style) -> Result<Self, Fault> {
        use FailReason as R;
        let (code, error, text) = match reason {
            // Not `invalid_grant`: contract section 5.4 has it so.
            R::InvalidResourceOwnerCredentials => (
                ResultCode::FAIL_CREDENTIALS,
                "invalid_request",
                "The credentials (username & password) passed to the token endpoint are invalid.",
            ),
            R::InvalidTarget => (ResultCode::FAIL_TARGET, "invalid_target", "The requested resource is not acceptable."),
            R::Unknown => (ResultCode::FAIL_UNKNOWN, SERVER_ERROR, "The authorization server gave no reason."),
            R::InvalidClient => (ResultCode::FAIL_CLIENT, "invalid_client", "The client could not be authenticated."),
            R::UnauthorizedClient => (ResultCode::FAIL_UNAUTHORIZED, "unauthorized_client", "The client may not use this grant."),
            R::InvalidScope => (ResultCode::FAIL_SCOPE, "invalid_scope", "The requested scope is not acceptable."),
        };
        let action = if reason == R::Unknown { FailAction::InternalServerError } else { FailAction::BadRequest };
        let result = ApiResult::new(code, text);
        Ok(Self { response_content: content::error(error, &result, style)?, result, action })
    }

    /// It can't be spent.
    pub fn refused(call: Call, refusal: &Refusal, style: &Style) -> Result<Self, Fault> {
        let result = ApiResult::refused(call, refusal);
        let response_content = content::error(SERVER_ERROR, &result, style)?;
        Ok(Self { result, action: FailAction::InternalServerError, response_content })
    }
}
