//! The answer of the token endpoint: RFC 6749 section 5.1, RFC 8693 section 2.2.1, RFC 9396 section 7.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::{Fault, Seconds, TokenRecord};
use crate::jose::access_token::scope;
use crate::oauth::TokenType;
use crate::oauth::domain_grant::IssuedDomainGrant;
use crate::oauth::token_endpoint::{GrantAnswer, GrantedToken};

/// The successful answer of the token endpoint, RFC 6749 section 5.1.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AccessTokenResponse"))]
pub struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    token_type: &'static str,
    /// In seconds. Without it the token doesn't expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Vec<serde_json::Map<String, serde_json::Value>>>"))]
    authorization_details: Option<Box<RawValue>>,
    /// An ID token, where a person has granted `openid`: OpenID Connect Core section 3.1.3.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl TokenResponse {
    /// Makes the answer that tells a client of what it is granted.
    ///
    /// # Errors
    /// A [`Fault`] if the authorization details that are kept aren't JSON.
    pub fn from_answer(answer: &GrantAnswer) -> Result<Self, Fault> {
        match answer {
            GrantAnswer::Token(granted) => Self::from_granted(granted),
            GrantAnswer::ForDomain(grant) => Ok(Self::from_domain_grant(grant)),
        }
    }

    /// It is no token that could be used here: RFC 8693 section 2.2.1.
    fn from_domain_grant(grant: &IssuedDomainGrant) -> Self {
        Self {
            access_token: grant.assertion.expose().clone(),
            issued_token_type: Some(grant.token_type),
            token_type: "N_A",
            expires_in: Some(grant.expires_in.0),
            refresh_token: None,
            scope: scope(&grant.scopes),
            authorization_details: None,
            id_token: None,
        }
    }

    fn from_granted(granted: &GrantedToken) -> Result<Self, Fault> {
        let minted = &granted.minted;
        let issuance = minted.record.issuance.as_ref();
        let details = issuance.and_then(|issuance| issuance.details.as_ref());
        let details = details.map(|details| RawValue::from_string(details.as_json().to_owned())).transpose();
        Ok(Self {
            access_token: minted.token.expose().clone(),
            issued_token_type: granted.token_type.map(TokenType::as_str),
            token_type: token_type(&minted.record),
            expires_in: minted.lifetime().map(|Seconds(seconds)| seconds),
            refresh_token: minted.refresh_token.as_ref().map(|token| token.expose().clone()),
            scope: scope(&minted.record.scopes),
            id_token: granted.id_token.as_ref().map(|token| token.expose().clone()),
            authorization_details: details.map_err(|e| Fault::internal("writing authorization details").because(e))?,
        })
    }
}

/// How a token is presented: RFC 9449 section 5.
pub fn token_type(record: &TokenRecord) -> &'static str {
    let is_bound = record.issuance.as_ref().is_some_and(|issuance| issuance.confirmation.dpop_key.is_some());
    if is_bound { "DPoP" } else { "Bearer" }
}
