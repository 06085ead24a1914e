//! Clients on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::{AccessTokenForm, Audience, Client, ClientSettings, GrantType, Scope};

/// A client in the words of the seed file, without its secrets and times.
#[derive(Debug, Serialize)]
pub struct ClientView<'a> {
    org: &'a str,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    kind: &'static str,
    auth_method: &'static str,
    grants: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<u32>,
    single_token_per_subject: bool,
    certificate_bound_tokens: bool,
    dpop_bound_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_subject: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_form: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
    may_exchange_tokens: bool,
    attributes: BTreeMap<&'a str, &'a str>,
    enabled: bool,
}

impl<'a> ClientView<'a> {
    /// The view of a client.
    pub fn from_client(client: &'a Client) -> Self {
        let settings = &client.settings;
        let ClientSettings { alias, name, scopes, resources, attributes, .. } = settings;
        Self {
            org: client.org.as_str(),
            id: client.id.as_number(),
            alias: alias.as_deref(),
            name: name.as_deref(),
            kind: settings.kind.as_str(),
            auth_method: settings.auth_method.as_str(),
            grants: settings.grants.iter().copied().map(GrantType::as_str).collect(),
            scopes: scopes.as_ref().map(|scopes| scopes.iter().map(Scope::as_str).collect()),
            // It was checked when it was written.
            jwks: settings.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok()),
            token_duration: settings.token_duration.map(|length| length.0),
            refresh_token_duration: settings.refresh_token_duration.map(|length| length.0),
            single_token_per_subject: settings.single_token_per_subject,
            certificate_bound_tokens: settings.certificate_bound_tokens,
            dpop_bound_tokens: settings.dpop_bound_tokens,
            certificate_subject: settings
                .certificate_subject
                .as_ref()
                .map(|subject| BTreeMap::from([(subject.kind(), subject.name().into_owned())])),
            access_token_form: settings.access_token_form.map(AccessTokenForm::as_str),
            resources: resources.as_ref().map(|resources| resources.iter().map(Audience::as_str).collect()),
            may_exchange_tokens: settings.may_exchange_tokens,
            attributes: attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            enabled: client.enabled,
        }
    }
}
