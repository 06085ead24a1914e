//! `TokenListResponse` of Authlete's API.

use std::borrow::Cow;

use serde::Serialize;

use super::{end, scopes, subject};
use crate::api::authlete::names;
use crate::api::authlete::property::Property;
use crate::api::authlete::request::ListTokens;
use crate::domain::{Client, Family, Fault, Subject, Timestamp, TokenRecord};
use crate::tokens::list::ClientPage;
use crate::tokens::opaque;

/// A page of the records of clients.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenListResponse<'a> {
    start: usize,
    end: usize,
    total_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    access_tokens: Vec<Row<'a>>,
}

/// The client that was asked about.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Authlete's members")]
struct ClientView<'a> {
    client_id: u64,
    client_id_alias: Cow<'a, str>,
    client_id_alias_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<&'a str>,
    client_type: &'static str,
}

/// The record of an access token, without the token itself.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AccessToken"))]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    access_token_hash: String,
    access_token_expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_hash: Option<String>,
    refresh_token_expires_at: i64,
    created_at: i64,
    last_refreshed_at: i64,
    client_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    grant_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<Property<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_scopes: Option<Vec<&'a str>>,
}

impl<'a> TokenListResponse<'a> {
    /// Makes the answer of what was found.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_page(asked: &'a ListTokens, client: Option<&'a Client>, page: &'a ClientPage) -> Result<Self, Fault> {
        let view = |client: &'a Client| ClientView {
            client_id: client.id.as_number(),
            // As the calls about clients show them: one without an alias by its number.
            client_id_alias: client.settings.alias.as_deref().map_or_else(|| client.id.to_string().into(), Cow::Borrowed),
            client_id_alias_enabled: true,
            client_name: client.settings.name.as_deref(),
            client_type: names::client_type(client.settings.kind),
        };
        Ok(Self {
            start: asked.start,
            end: asked.end,
            total_count: page.total,
            client: client.map(view),
            subject: asked.subject.as_ref().map(Subject::as_str),
            access_tokens: page
                .rows
                .iter()
                .map(|(record, family)| Row::from_record(record, family.as_ref()))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl<'a> Row<'a> {
    fn from_record(record: &'a TokenRecord, family: Option<&'a Family>) -> Result<Self, Fault> {
        let (Some(issuance), Some(client)) = (record.issuance.as_deref(), record.client) else {
            return Err(Fault::internal("listing the token of a client"));
        };
        // One record is one token of which the value changes: it began with its family.
        let created_at = family.map_or(record.issued_at, |family| family.issued_at);
        Ok(Self {
            access_token_hash: opaque::identifier(&record.id),
            access_token_expires_at: end(record.expires_at),
            refresh_token_hash: family.map(|family| opaque::identifier(&family.id)),
            refresh_token_expires_at: end(family.map(|family| family.expires_at)),
            created_at: created_at.as_ms(),
            last_refreshed_at: family.and_then(|family| family.refreshed_at).map_or(0, Timestamp::as_ms),
            client_id: client.as_number(),
            subject: subject(record),
            grant_type: names::grant(issuance.grant),
            scopes: scopes(&record.scopes),
            properties: Property::list(&issuance.properties),
            refresh_token_scopes: family.and_then(|family| scopes(&family.scopes)),
        })
    }
}
