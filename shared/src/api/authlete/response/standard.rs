//! `StandardIntrospectionResponse` of Authlete's API.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::token_type;
use crate::api::authlete::content;
use crate::api::authlete::content::{ErrorStyle, scope};
use crate::api::authlete::result::{ApiCall, ApiResult, ResultCode};
use crate::domain::{Audience, ClientId, Confirmation, Fault, Issuance, Issuer, MayAct, Refusal, Scope, Subject, Timestamp};
use crate::jose::access_token::may_act;
use crate::tokens::lookup::FoundToken;

/// What the authorization server sends the resource server.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum StandardIntrospectionAction {
    Ok,
    BadRequest,
    InternalServerError,
}

/// The answer to `/auth/introspection/standard`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StandardIntrospectionResponse {
    #[serde(flatten)]
    result: ApiResult,
    action: StandardIntrospectionAction,
    response_content: String,
}

impl StandardIntrospectionResponse {
    /// Makes the answer of RFC 7662 about a token. If the token isn't active, it says nothing else.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_token(found: Option<&FoundToken>, issuer: &Issuer, with_hidden: bool) -> Result<Self, Fault> {
        let claims = match found {
            Some(found) => active(found, issuer, with_hidden)?,
            None => Map::from_iter([("active".to_owned(), Value::Bool(false))]),
        };
        let kind = match found {
            Some(FoundToken::Access(_)) => "type=access_token, active=true",
            Some(FoundToken::Refresh(_)) => "type=refresh_token, active=true",
            None => "active=false",
        };
        let text = format_args!("Introspection was performed successfully ({kind}).");
        Ok(Self {
            result: ApiResult::new(ResultCode::INTROSPECTED_STANDARD, text),
            action: StandardIntrospectionAction::Ok,
            response_content: Value::Object(claims).to_string(),
        })
    }

    /// Makes the answer to a request that isn't as it should be.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn refused(call: ApiCall, refusal: &Refusal, style: &ErrorStyle) -> Result<Self, Fault> {
        let (action, error) = match refusal.denial() {
            Some(denial) => (StandardIntrospectionAction::BadRequest, denial.error()),
            None => (StandardIntrospectionAction::InternalServerError, "server_error"),
        };
        let result = ApiResult::refused(call, refusal);
        Ok(Self { response_content: content::error(error, &result, style)?, result, action })
    }
}

/// What an access token and a refresh token have in common.
struct Facts<'a> {
    issuance: &'a Issuance,
    subject: &'a Subject,
    client: Option<ClientId>,
    scopes: &'a [Scope],
    audiences: &'a [Audience],
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// `None`: it is a refresh token.
    token_type: Option<&'static str>,
}

fn facts(found: &FoundToken) -> Option<Facts<'_>> {
    Some(match found {
        FoundToken::Access(token) => Facts {
            issuance: token.record.issuance.as_deref()?,
            subject: &token.record.subject,
            client: token.record.client,
            scopes: &token.record.scopes,
            audiences: &token.record.audiences,
            issued_at: token.record.issued_at,
            expires_at: token.record.expires_at,
            token_type: Some(token_type(&token.record)),
        },
        FoundToken::Refresh(found) => Facts {
            issuance: found.family.issuance.as_deref()?,
            subject: &found.family.subject,
            client: found.family.client,
            scopes: &found.family.scopes,
            audiences: &found.family.audiences,
            issued_at: found.family.issued_at,
            expires_at: Some(found.family.expires_at),
            token_type: None,
        },
    })
}

/// Returns the claims of RFC 7662 section 2.2, and the properties that are attached, which never replace a claim.
///
/// # Errors
/// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
pub fn active(found: &FoundToken, issuer: &Issuer, with_hidden: bool) -> Result<Map<String, Value>, Fault> {
    let facts = facts(found).ok_or_else(|| Fault::internal("introspecting the token of a client"))?;
    let issuance = facts.issuance;
    let mut claims = Map::new();
    let mut say = |name: &str, value: Option<Value>| claims.extend(value.map(|value| (name.to_owned(), value)));
    say("active", Some(true.into()));
    say("iss", Some(issuer.as_str().into()));
    say("sub", (!issuance.for_client).then(|| facts.subject.as_str().into()));
    say("client_id", issuance.client_name(facts.client).map(|name| name.to_string().into()));
    say("scope", (!facts.scopes.is_empty()).then(|| scope(facts.scopes).into()));
    say("aud", (!facts.audiences.is_empty()).then(|| facts.audiences.iter().map(Audience::as_str).collect()));
    say("token_type", facts.token_type.map(Value::from));
    // RFC 7662 has no word for it, and who asks must not take it for an access token.
    say("token_use", facts.token_type.is_none().then(|| "refresh_token".into()));
    say("iat", Some(facts.issued_at.as_secs().into()));
    say("exp", facts.expires_at.map(|end| end.as_secs().into()));
    say("cnf", confirmation(&issuance.confirmation));
    say("may_act", may_act_of(found).map(may_act));
    say("acr", issuance.acr.as_deref().map(Value::from));
    say("auth_time", issuance.auth_time.map(|at| at.as_secs().into()));
    if let Some(details) = &issuance.details {
        let details = serde_json::from_str(details.as_json());
        let broken = |error| Fault::internal("reading authorization details").because(error);
        say("authorization_details", Some(details.map_err(broken)?));
    }
    for property in issuance.properties.iter().filter(|property| (with_hidden || !property.hidden) && !is_standard(&property.key))
    {
        claims.insert(property.key.clone(), property.value.as_str().into());
    }
    Ok(claims)
}

fn may_act_of(found: &FoundToken) -> Option<&MayAct> {
    match found {
        FoundToken::Access(token) => token.record.may_act.as_deref(),
        FoundToken::Refresh(_) => None,
    }
}

/// The names that RFC 7662 and those that extend it have given away.
fn is_standard(name: &str) -> bool {
    const STANDARD: &[&str] = &[
        "act",
        "active",
        "scope",
        "client_id",
        "username",
        "token_type",
        "token_use",
        "exp",
        "iat",
        "nbf",
        "sub",
        "aud",
        "iss",
        "jti",
        "may_act",
        "cnf",
        "acr",
        "auth_time",
    ];
    STANDARD.contains(&name) || name == "authorization_details"
}

/// `cnf`: RFC 8705 section 3.2, RFC 9449 section 6.2.
fn confirmation(confirmation: &Confirmation) -> Option<Value> {
    let certificate = confirmation.certificate.map(|thumbprint| ("x5t#S256".to_owned(), json!(thumbprint.to_string())));
    let dpop_key = confirmation.dpop_key.map(|thumbprint| ("jkt".to_owned(), json!(thumbprint.to_string())));
    let members: Map<String, Value> = certificate.into_iter().chain(dpop_key).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}
