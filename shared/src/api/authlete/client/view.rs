//! Clients in answers.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{ListClients, metadata};
use crate::admin::clients::ClientPage;
use crate::api::authlete::names;
use crate::api::authlete::property::Pair;
use crate::api::authlete::result::{ApiResult, ResultCode};
use crate::domain::{Audience, Client, ClientSettings, MetadataValue, Scope, Secret};

/// A client as Authlete's API shows it: its `Client`.
#[derive(Serialize)]
#[serde(transparent)]
pub struct ClientView(Map<String, Value>);

impl ClientView {
    /// Shows all that is known of a client. Nobody knows its secrets any more.
    pub fn from_client(client: &Client) -> Self {
        let mut members = metadata::members(client);
        members.entry("applicationType").or_insert_with(|| "WEB".into());
        members.entry("responseTypes").or_insert_with(|| json!(["CODE"]));
        let settings = &client.settings;
        let own_name = client.id.to_string();
        let always = [
            ("clientId", json!(client.id.as_number())),
            ("clientIdAlias", json!(settings.alias.as_ref().unwrap_or(&own_name))),
            ("clientIdAliasEnabled", json!(true)),
            ("clientType", json!(names::client_type(settings.kind))),
            ("tokenAuthMethod", json!(names::auth_method(settings.auth_method))),
            ("grantTypes", settings.grants.iter().map(|grant| names::grant(*grant)).collect()),
            ("extension", extension(settings)),
            ("singleAccessTokenPerSubject", json!(settings.single_token_per_subject)),
            ("tlsClientCertificateBoundAccessTokens", json!(settings.certificate_bound_tokens)),
            ("locked", json!(!client.enabled)),
            ("createdAt", json!(client.created_at.as_ms())),
            ("modifiedAt", json!(client.updated_at.as_ms())),
        ];
        let sometimes = [
            ("clientName", settings.name.clone().map(Value::String)),
            ("jwks", settings.jwks.clone().map(Value::String)),
            ("attributes", Pair::list(&settings.attributes).map(|pairs| json!(pairs))),
            ("dpopRequired", settings.dpop_bound_tokens.then_some(Value::Bool(true))),
            ("jeton", jeton_only(settings)),
        ];
        if let Some(subject) = &settings.certificate_subject {
            members.insert(names::certificate_subject(subject).to_owned(), json!(subject.name()));
        }
        members.extend(always.map(|(name, value)| (name.to_owned(), value)));
        members.extend(sometimes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Self(members)
    }

    /// Adds the secret that was just made.
    #[must_use]
    pub fn with_secret(mut self, secret: &Secret<String>) -> Self {
        self.0.insert("clientSecret".to_owned(), json!(secret.expose()));
        self
    }
}

/// What an authorization server may show people of a client, and what its SDKs read of it where a client is only mentioned.
#[derive(Serialize)]
#[serde(transparent)]
pub struct ClientSummary(Map<String, Value>);

impl ClientSummary {
    /// The members that there can be.
    pub(super) const MEMBERS: &[&str] = &[
        "clientId",
        "clientIdAlias",
        "clientIdAliasEnabled",
        "clientType",
        "clientName",
        "clientNames",
        "description",
        "descriptions",
        "clientUri",
        "clientUris",
        "logoUri",
        "logoUris",
        "policyUri",
        "policyUris",
        "tosUri",
        "tosUris",
        "applicationType",
        "developer",
        "redirectUris",
        "responseTypes",
        "grantTypes",
        "attributes",
    ];

    /// Shows a client without its keys, its secrets and how it authenticates.
    pub fn from_client(client: &Client) -> Self {
        let ClientView(members) = ClientView::from_client(client);
        Self(members.into_iter().filter(|(name, _)| Self::MEMBERS.contains(&name.as_str())).collect())
    }
}

impl std::fmt::Debug for ClientSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl std::fmt::Debug for ClientView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What Authlete's API has no word for. `None`: there is nothing of it.
fn jeton_only(settings: &ClientSettings) -> Option<Value> {
    let form = settings.access_token_form.map(|form| ("access_token_form".to_owned(), json!(form.as_str())));
    let resources = settings.resources.as_ref().map(|resources| resources.iter().map(Audience::as_str).collect::<Value>());
    let members: Map<_, _> = form.into_iter().chain(resources.map(|all| ("resources".to_owned(), all))).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// Returns `developer`, the name of whom the client belongs to.
pub(in crate::api::authlete) fn developer(client: &Client) -> Option<&str> {
    match client.settings.metadata.get("developer")? {
        MetadataValue::Text(name) => Some(name),
        MetadataValue::Flag(_) | MetadataValue::Number(_) | MetadataValue::Texts(_) | MetadataValue::Localized(_) => None,
    }
}

fn extension(settings: &ClientSettings) -> Value {
    let mut extension = Map::new();
    let mut put = |name: &str, value: Value| extension.insert(name.to_owned(), value);
    put("requestableScopesEnabled", json!(settings.scopes.is_some()));
    put("tokenExchangePermitted", json!(settings.may_exchange_tokens));
    if let Some(scopes) = &settings.scopes {
        put("requestableScopes", scopes.iter().map(Scope::as_str).collect());
    }
    if let Some(duration) = settings.token_duration {
        put("accessTokenDuration", json!(duration.0));
    }
    if let Some(duration) = settings.refresh_token_duration {
        put("refreshTokenDuration", json!(duration.0));
    }
    Value::Object(extension)
}

/// A page of clients: `ClientListResponse` of Authlete's API.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientListResponse"))]
#[serde(rename_all = "camelCase")]
pub struct ClientListView<'a> {
    start: usize,
    end: usize,
    total_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<&'a str>,
    clients: Vec<ClientView>,
}

impl<'a> ClientListView<'a> {
    /// What was found of what was asked for.
    pub fn from_page(asked: &'a ListClients, page: &ClientPage) -> Self {
        Self {
            start: asked.start,
            end: asked.end,
            total_count: page.total,
            developer: asked.developer.as_deref(),
            clients: page.clients.iter().map(ClientView::from_client).collect(),
        }
    }
}

/// `ClientSecretRefreshResponse` and `ClientSecretUpdateResponse`. The secret before is not known any more.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientSecretResponse"))]
#[serde(rename_all = "camelCase")]
pub struct SecretView<'a> {
    #[serde(flatten)]
    result: ApiResult,
    new_client_secret: &'a str,
}

impl<'a> SecretView<'a> {
    /// The service has made a new secret.
    pub fn refreshed(secret: &'a Secret<String>) -> Self {
        let result = ApiResult::new(ResultCode::CLIENT_SECRET_REFRESHED, "The client secret has been refreshed.");
        Self { result, new_client_secret: secret.expose() }
    }

    /// The caller has chosen it.
    pub fn updated(secret: &'a Secret<String>) -> Self {
        let result = ApiResult::new(ResultCode::CLIENT_SECRET_UPDATED, "The client secret has been updated.");
        Self { result, new_client_secret: secret.expose() }
    }
}

impl std::fmt::Debug for SecretView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretView").field("result", &self.result).finish_non_exhaustive()
    }
}

/// The answer to `client/lock_flag/update`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientFlagUpdateResponse"))]
#[serde(transparent)]
pub struct LockView(ApiResult);

impl LockView {
    /// The client is now locked, or isn't.
    pub fn from_client(client: &Client) -> Self {
        let state = if client.enabled { "unlocked" } else { "locked" };
        Self(ApiResult::new(ResultCode::CLIENT_LOCK_UPDATED, format!("The client (ID = {}) is {state}.", client.id)))
    }
}

/// Which scopes a client may request: `RequestableScopes` of Authlete's API.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "RequestableScopesResponse"))]
#[serde(rename_all = "camelCase")]
pub struct RequestableScopesView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    requestable_scopes: Option<Vec<&'a str>>,
}

impl<'a> RequestableScopesView<'a> {
    /// Shows the scopes, if they are limited.
    pub fn from_client(client: &'a Client) -> Self {
        let scopes = client.settings.scopes.as_ref();
        Self { requestable_scopes: scopes.map(|scopes| scopes.iter().map(Scope::as_str).collect()) }
    }
}
