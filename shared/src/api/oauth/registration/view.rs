//! What a client is told of its registration: RFC 7591 section 3.2.1, RFC 7592 section 3.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::metadata;
use crate::domain::{Client, ClientAuthMethod, Fault, Issuer, Org, Scope};
use crate::oauth::registration::{PATH, Registered};

/// The client information response.
#[derive(Serialize)]
#[serde(transparent)]
pub struct ClientInformation(Map<String, Value>);

impl ClientInformation {
    /// Shows all that a client knows of itself, with the token that it has presented or that it gets. A secret is shown once.
    ///
    /// # Errors
    /// A [`Fault`] if the keys that are kept aren't JSON.
    pub fn from_registered(registered: &Registered, issuer: &Issuer) -> Result<Self, Fault> {
        let Registered { service, client, token, secret } = registered;
        let mut members = metadata::members(client);
        let place = format!("{}{PATH}/{}", issuer.as_str().trim_end_matches('/'), client.id);
        let always = [
            ("client_id", json!(client.id.to_string())),
            ("client_id_issued_at", json!(client.created_at.as_secs())),
            ("registration_access_token", json!(token.expose())),
            ("registration_client_uri", json!(place)),
            ("token_endpoint_auth_method", json!(client.settings.auth_method.as_str())),
            ("grant_types", client.settings.grants.iter().map(|grant| grant.as_str()).collect()),
            ("tls_client_certificate_bound_access_tokens", json!(client.settings.certificate_bound_tokens)),
            ("dpop_bound_access_tokens", json!(client.settings.dpop_bound_tokens)),
        ];
        let scope = Some(scope(service.org(), client)).filter(|scope| !scope.is_empty());
        let sometimes = [
            ("client_secret".to_owned(), secret.as_ref().map(|secret| json!(secret.expose()))),
            ("client_secret_expires_at".to_owned(), secret.as_ref().map(|_| json!(0))),
            ("client_name".to_owned(), client.settings.name.as_ref().map(|name| json!(name))),
            ("scope".to_owned(), scope.map(Value::String)),
            ("jwks".to_owned(), client.settings.jwks.as_deref().map(key_set).transpose()?),
        ];
        members.extend(always.map(|(name, value)| (name.to_owned(), value)));
        members.extend(sometimes.into_iter().filter_map(|(name, value)| Some((name, value?))));
        // Without the method nobody looks at it, and a registration with it would be refused.
        let subject = client
            .settings
            .certificate_subject
            .as_ref()
            .filter(|_| client.settings.auth_method == ClientAuthMethod::TlsClientAuth);
        if let Some(subject) = subject {
            members.insert(format!("tls_client_auth_{}", subject.kind()), json!(subject.name()));
        }
        Ok(Self(members))
    }
}

/// The scopes that it may ask for. Others may have left it all that there are.
fn scope(org: &Org, client: &Client) -> String {
    let all = org.settings.oauth.supported_scopes.iter().map(|scope| &scope.name).filter(|scope| !scope.reaches_api());
    let names: Vec<&str> = match &client.settings.scopes {
        Some(scopes) => scopes.iter().map(Scope::as_str).collect(),
        None => all.map(Scope::as_str).collect(),
    };
    names.join(" ")
}

fn key_set(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::internal("reading the keys of a client").because(error))
}

impl fmt::Debug for ClientInformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
