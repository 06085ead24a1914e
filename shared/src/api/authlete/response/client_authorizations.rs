//! `ClientAuthorizationGetListResponse`, `GrantedScopesGetResponse` and the results of changes, of Authlete's API.

use serde::Serialize;

use crate::api::authlete::client::ClientSummary;
use crate::api::authlete::request::AuthorizedClientsPage;
use crate::api::authlete::result::{ApiResult, ResultCode};
use crate::domain::{Client, Org, PersonGrant, Scope, Subject, Timestamp};
use crate::oauth::forwarded::client_authorizations::AuthorizedClients;
use crate::tokens::revoke::Counted;

/// The clients that a person has let in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientAuthorizationGetListResponse"))]
#[serde(rename_all = "camelCase")]
pub struct ClientAuthorizationListResponse<'a> {
    start: usize,
    end: usize,
    total_count: usize,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clients: Vec<ClientSummary>,
}

impl<'a> ClientAuthorizationListResponse<'a> {
    /// What was found of what was asked for.
    pub fn from_found(asked: &'a AuthorizedClientsPage, found: &AuthorizedClients) -> Self {
        Self {
            start: asked.start,
            end: asked.end,
            total_count: found.total,
            subject: asked.subject.as_str(),
            developer: asked.developer.as_deref(),
            clients: found.clients.iter().map(|client| ClientSummary::from_client(client)).collect(),
        }
    }
}

/// What has come of a change of what a client has for a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientAuthorizationResponse"))]
#[serde(transparent)]
pub struct ClientAuthorizationResponse(ApiResult);

impl ClientAuthorizationResponse {
    /// Tells how many tokens have other scopes now.
    pub fn updated(count: usize, client: &Client, org: &Org) -> Self {
        let text = format_args!("Updated {count} access token(s) {}.", issued_to(client, org));
        Self(ApiResult::new(ResultCode::CLIENT_AUTHORIZATION_UPDATED, text))
    }

    /// Tells how many tokens have ended, as far as they were counted.
    pub fn deleted(Counted { tokens, is_whole }: Counted, client: &Client, org: &Org) -> Self {
        let at_least = if is_whole { "" } else { "at least " };
        let text = format_args!("Deleted {at_least}{tokens} access token(s) {}.", issued_to(client, org));
        Self(ApiResult::new(ResultCode::CLIENT_AUTHORIZATION_DELETED, text))
    }

    /// Tells that what a person had granted is forgotten.
    pub fn forgotten(client: &Client, org: &Org) -> Self {
        let text = format_args!(
            "The granted scopes of the client (ID = {}) of the service (API Key = {}) are forgotten.",
            client.id, org.id
        );
        Self(ApiResult::new(ResultCode::GRANTED_SCOPES_DELETED, text))
    }
}

fn issued_to(client: &Client, org: &Org) -> String {
    format!("issued to the client (ID = {}) of the service (API Key = {})", client.id, org.id)
}

/// What a person has granted to a client.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "GrantedScopesGetResponse"))]
#[serde(rename_all = "camelCase")]
pub struct GrantedScopesResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    service_api_key: Option<u64>,
    client_id: u64,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_granted_scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_granted_scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<i64>,
}

impl<'a> GrantedScopesResponse<'a> {
    /// Shows what was granted: nothing of it if nothing was.
    pub fn from_grant(grant: Option<&'a PersonGrant>, client: &Client, (subject, org): (&'a Subject, &Org)) -> Self {
        let names = |scopes: &'a std::collections::BTreeSet<Scope>| scopes.iter().map(Scope::as_str).collect();
        Self {
            service_api_key: org.id.as_str().parse().ok(),
            client_id: client.id.as_number(),
            subject: subject.as_str(),
            latest_granted_scopes: grant.map(|grant| names(&grant.latest)),
            merged_granted_scopes: grant.map(|grant| names(&grant.granted.scopes)),
            modified_at: grant.map(|grant| Timestamp::as_ms(grant.granted_at)),
        }
    }
}
