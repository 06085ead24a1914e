//! What the answer to a token request tells of an exchange: RFC 8693, in the words of Authlete's API.

use serde::Serialize;

use super::resources;
use crate::api::authlete::names;
use crate::api::authlete::property::Property;
use crate::domain::Timestamp;
use crate::encoding::ExposedSecret;
use crate::oauth::forwarded::{Exchange, ExchangedToken};
use crate::tokens::lookup::FoundToken;

/// A token exchange that the authorization server must decide about.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
pub(super) struct ExchangeView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    audiences: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_token_type: Option<&'static str>,
    subject_token: ExposedSecret<'a>,
    subject_token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_token_info: Option<TokenInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_token: Option<ExposedSecret<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_token_info: Option<TokenInfo<'a>>,
}

impl<'a> ExchangeView<'a> {
    pub(super) fn from_exchange(exchange: &'a Exchange) -> Self {
        let actor = exchange.actor.as_ref();
        Self {
            audiences: Some(&exchange.audiences[..]).filter(|audiences| !audiences.is_empty()),
            requested_token_type: exchange.requested.map(names::token_type),
            subject_token: ExposedSecret(&exchange.subject.token),
            subject_token_type: names::token_type(exchange.subject.kind),
            subject_token_info: TokenInfo::from_token(&exchange.subject),
            actor_token: actor.map(|actor| ExposedSecret(&actor.token)),
            actor_token_type: actor.map(|actor| names::token_type(actor.kind)),
            actor_token_info: actor.and_then(TokenInfo::from_token),
        }
    }
}

/// What is known of a token to exchange. Its scopes and authorization details are left out: the SDKs don't agree on what they are.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
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
    fn from_token(token: &'a ExchangedToken) -> Option<Self> {
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
            client_id_alias: client.settings.alias.as_deref(),
            client_id_alias_used: issuance.alias_used,
            subject: (!issuance.for_client).then(|| subject.as_str()),
            expires_at: expires_at.map_or(0, Timestamp::as_secs),
            properties: Property::list(&issuance.properties),
            resources: resources(audiences),
        })
    }
}
