//! `Client`, and the calls about clients: `/client/…` of Authlete's API.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::lenient::{Number, Words, flag, present};
use super::names;
use super::request::range;
use crate::admin::clients::{ChosenSecret, ClientUpdate};
use crate::domain::client_metadata::MAX_METADATA_ENTRIES;
use crate::domain::{
    Audience, CertificateSubject, Client, ClientAuthMethod, ClientKind, ClientMetadata, ClientRef, ClientSettings, DeliveryMode,
    GrantType, Invalid, MetadataValue, Refusal, Scope, Seconds,
};
use crate::encoding::form::Parameters;
use crate::encoding::{Object, SecretText, json};
use crate::jose::{certificate, jwk};

mod metadata;
#[cfg(feature = "openapi")]
mod metadata_schema;
mod view;

pub(in crate::api::authlete) use view::developer;
pub use view::{ClientListView, ClientSummary, ClientView, LockView, RequestableScopesView, SecretView};

/// The body of `client/create` and `client/update`. What the server assigns is ignored in it: number, id, secret, times, lock.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct ClientBody(Map<String, Value>);

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase", default)]
struct Members {
    #[serde(deserialize_with = "present")]
    client_id: Option<Number>,
    #[serde(deserialize_with = "present")]
    client_id_alias: Option<String>,
    #[serde(deserialize_with = "present")]
    client_name: Option<String>,
    #[serde(deserialize_with = "present")]
    client_type: Option<String>,
    #[serde(deserialize_with = "present")]
    token_auth_method: Option<String>,
    #[serde(deserialize_with = "present")]
    grant_types: Option<Words>,
    #[serde(deserialize_with = "present")]
    jwks: Option<String>,
    #[serde(deserialize_with = "present")]
    attributes: Option<Vec<Option<Object<Pair>>>>,
    #[serde(deserialize_with = "present")]
    extension: Option<Object<Extension>>,
    #[serde(deserialize_with = "flag")]
    single_access_token_per_subject: bool,
    #[serde(deserialize_with = "flag")]
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(deserialize_with = "flag")]
    dpop_required: bool,
    #[serde(deserialize_with = "present")]
    tls_client_auth_subject_dn: Option<String>,
    #[serde(deserialize_with = "present")]
    tls_client_auth_san_dns: Option<String>,
    #[serde(deserialize_with = "present")]
    tls_client_auth_san_uri: Option<String>,
    #[serde(deserialize_with = "present")]
    tls_client_auth_san_ip: Option<String>,
    #[serde(deserialize_with = "present")]
    tls_client_auth_san_email: Option<String>,
    #[serde(deserialize_with = "present")]
    jeton: Option<Object<JetonOnly>>,
}

/// What Authlete's API has no word for.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(default)]
struct JetonOnly {
    #[serde(deserialize_with = "present")]
    access_token_form: Option<String>,
    #[serde(deserialize_with = "present")]
    resources: Option<Words>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(default)]
struct Pair {
    #[serde(deserialize_with = "present")]
    key: Option<String>,
    #[serde(deserialize_with = "present")]
    value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase", default)]
struct Extension {
    #[serde(deserialize_with = "flag")]
    requestable_scopes_enabled: bool,
    #[serde(deserialize_with = "present")]
    requestable_scopes: Option<Words>,
    #[serde(deserialize_with = "present")]
    access_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    refresh_token_duration: Option<Number>,
    #[serde(deserialize_with = "flag")]
    token_exchange_permitted: bool,
}

impl ClientBody {
    /// Reads what is said of the client that the path names. What was answered about it can be
    /// sent back, whether it still has the client's number or not.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the name of the member that breaks a rule.
    pub fn into_update_of(mut self, named: &ClientRef) -> Result<ClientUpdate, Refusal> {
        if let ClientRef::Id(id) = named {
            self.0.insert("clientId".to_owned(), id.as_number().into());
        }
        self.try_into()
    }
}

impl TryFrom<ClientBody> for ClientUpdate {
    type Error = Refusal;

    fn try_from(ClientBody(body): ClientBody) -> Result<Self, Refusal> {
        let (redirect_uris, metadata) = metadata::read(&body)?;
        let members: Members = json::decode(Value::Object(body))?;
        let kind = match members.client_type.as_deref() {
            None | Some("PUBLIC") => ClientKind::Public,
            Some("CONFIDENTIAL") => ClientKind::Confidential,
            Some(_) => return Err(Refusal::invalid("clientType", "must be PUBLIC or CONFIDENTIAL")),
        };
        let auth_method = match &members.token_auth_method {
            Some(name) => named("tokenAuthMethod", names::auth_method_of(name))?,
            None => ClientAuthMethod::default_of(kind),
        };
        named("tokenAuthMethod", auth_method.suits_kind(kind))?;
        let certificate_subject = certificate_subject([
            ("tlsClientAuthSubjectDn", "subject_dn", members.tls_client_auth_subject_dn),
            ("tlsClientAuthSanDns", "san_dns", members.tls_client_auth_san_dns),
            ("tlsClientAuthSanUri", "san_uri", members.tls_client_auth_san_uri),
            ("tlsClientAuthSanIp", "san_ip", members.tls_client_auth_san_ip),
            ("tlsClientAuthSanEmail", "san_email", members.tls_client_auth_san_email),
        ])?;
        named("tlsClientAuthSubjectDn", auth_method.suits_certificate(certificate_subject.as_ref()))?;
        let grants = grants(members.grant_types)?;
        ensure_can_be_asked_for(kind, &grants, &metadata)?;
        let Object(extension) = members.extension.unwrap_or_default();
        let keeps_extensions = members.jeton.is_none();
        let Object(only) = members.jeton.unwrap_or_default();
        let settings = ClientSettings {
            alias: alias(members.client_id_alias, members.client_id)?,
            name: members.client_name.map(name).transpose()?,
            kind,
            auth_method,
            grants,
            scopes: scopes(extension.requestable_scopes_enabled, extension.requestable_scopes)?,
            jwks: members.jwks.map(key_set).transpose()?,
            token_duration: duration("extension.accessTokenDuration", extension.access_token_duration)?,
            refresh_token_duration: duration("extension.refreshTokenDuration", extension.refresh_token_duration)?,
            single_token_per_subject: members.single_access_token_per_subject,
            certificate_bound_tokens: members.tls_client_certificate_bound_access_tokens,
            may_exchange_tokens: extension.token_exchange_permitted,
            dpop_bound_tokens: members.dpop_required,
            certificate_subject,
            access_token_form: only.access_token_form.map(|name| named("jeton.access_token_form", name.parse())).transpose()?,
            resources: only.resources.map(resources).transpose()?,
            attributes: attributes(members.attributes.unwrap_or_default())?,
            redirect_uris,
            metadata,
            ..ClientSettings::new(kind)
        };
        Ok(Self { settings, keeps_extensions })
    }
}

/// Reads the alias. A client without one is shown with its number in this place, which may come back.
fn alias(text: Option<String>, own: Option<Number>) -> Result<Option<String>, Refusal> {
    const RULE: &str = "must be 1 to 100 of A-Z, a-z, 0-9, ., _ and -, and not all digits but for the client's own number";
    match text {
        Some(text) if own.is_some_and(|Number(own)| own.to_string() == text) => Ok(None),
        Some(text) if Client::is_alias(&text) => Ok(Some(text)),
        Some(_) => Err(Refusal::invalid("clientIdAlias", RULE)),
        None => Ok(None),
    }
}

/// A name for people.
pub(in crate::api) fn name(text: String) -> Result<String, Refusal> {
    let good = text.chars().count() <= 100 && !text.chars().any(char::is_control);
    if good { Ok(text) } else { Err(Refusal::invalid("clientName", "must be at most 100 characters without control characters")) }
}

fn grants(names: Option<Words>) -> Result<Vec<GrantType>, Refusal> {
    let Some(Words(names)) = names else { return Ok(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]) };
    let mut grants = Vec::new();
    for name in names {
        let grant = named("grantTypes", names::grant_of(&name))?;
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(grants)
}

/// Checks what a client must have that asks for people without a browser: OpenID Connect CIBA sections 4 and 7.1.
fn ensure_can_be_asked_for(kind: ClientKind, grants: &[GrantType], metadata: &ClientMetadata) -> Result<(), Refusal> {
    const MODE: &str = "backchannel_token_delivery_mode";
    if grants.contains(&GrantType::Ciba) && kind == ClientKind::Public {
        return Err(Refusal::invalid("grantTypes", "must not have CIBA for a client that is PUBLIC"));
    }
    let endpoint = match metadata.get("backchannel_client_notification_endpoint") {
        Some(MetadataValue::Text(url)) => Some(url),
        Some(_) | None => None,
    };
    let is_told = metadata.get(MODE).is_some_and(|mode| *mode != MetadataValue::Text(DeliveryMode::Poll.as_str().to_owned()));
    match endpoint {
        Some(url) if !url.starts_with("https://") => Err(Refusal::invalid("bcNotificationEndpoint", "must be an https URL")),
        None if is_told => Err(Refusal::invalid("bcNotificationEndpoint", "is required with the bcDeliveryMode PING or PUSH")),
        None | Some(_) => Ok(()),
    }
}

fn scopes(enabled: bool, names: Option<Words>) -> Result<Option<Vec<Scope>>, Refusal> {
    enabled.then(|| named_scopes("extension.requestableScopes", names.unwrap_or_default())).transpose()
}

fn named_scopes(field: &'static str, Words(names): Words) -> Result<Vec<Scope>, Refusal> {
    if names.len() > MAX_METADATA_ENTRIES {
        return Err(Refusal::invalid(field, "must have at most 200 entries"));
    }
    let scopes = names.iter().map(|name| match named(field, Scope::parse(name)) {
        Ok(scope) if scope.is_optional() => Err(Refusal::invalid(field, "must not end with ?")),
        other => other,
    });
    scopes.collect()
}

/// The most bytes of a client's key set.
const MAX_KEY_SET_BYTES: usize = 16_384;

/// The text of a JWK Set of public keys for signatures.
pub(in crate::api) fn key_set(text: String) -> Result<String, Refusal> {
    if text.len() > MAX_KEY_SET_BYTES {
        return Err(Refusal::invalid("jwks", "must be at most 16,384 bytes"));
    }
    named("jwks", jwk::set_from_json(text.as_bytes()))?;
    named("jwks", certificate::thumbprints_of_set(text.as_bytes()))?;
    Ok(text)
}

/// The name that the client's certificate must have, of those by member and kind: RFC 8705 section 2.1.2.
fn certificate_subject(all: [(&'static str, &str, Option<String>); 5]) -> Result<Option<CertificateSubject>, Refusal> {
    let mut found = None;
    for (field, kind, name) in all {
        match name {
            Some(_) if found.is_some() => {
                return Err(Refusal::invalid(field, "must not be combined with another certificate name"));
            }
            Some(name) => found = Some(named(field, certificate::subject(kind, &name))?),
            None => {}
        }
    }
    Ok(found)
}

fn resources(Words(names): Words) -> Result<Vec<Audience>, Refusal> {
    const FIELD: &str = "jeton.resources";
    if names.len() > MAX_METADATA_ENTRIES {
        return Err(Refusal::invalid(FIELD, "must have at most 200 entries"));
    }
    names.iter().map(|name| named(FIELD, Audience::parse(name))).collect()
}

fn duration(field: &'static str, seconds: Option<Number>) -> Result<Option<Seconds>, Refusal> {
    let Some(Number(seconds)) = seconds.filter(|Number(seconds)| *seconds > 0) else { return Ok(None) };
    let seconds =
        u32::try_from(seconds).map_err(|_| Refusal::invalid(field, "must be a number of seconds that fits into 32 bits"))?;
    Ok(Some(Seconds(seconds)))
}

fn attributes(pairs: Vec<Option<Object<Pair>>>) -> Result<Vec<(String, String)>, Refusal> {
    if pairs.len() > MAX_METADATA_ENTRIES {
        return Err(Refusal::invalid("attributes", "must have at most 200 entries"));
    }
    let pair = |(n, Object(Pair { key, value })): (usize, Object<Pair>)| {
        let key = key.ok_or_else(|| Refusal::invalid(format!("attributes[{n}].key"), "is required"))?;
        Ok((key, value.unwrap_or_default()))
    };
    pairs.into_iter().flatten().enumerate().map(pair).collect()
}

fn named<T>(field: &'static str, result: Result<T, Invalid>) -> Result<T, Refusal> {
    result.map_err(|Invalid(rule)| Refusal::invalid(field, rule))
}

/// The query of `client/get/list`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ListClients {
    /// The parameter `developer`: only clients of this developer.
    pub developer: Option<String>,
    /// The parameter `start`: index of the first row, from 0.
    pub start: usize,
    /// The parameter `end`: index after the last row.
    pub end: usize,
}

impl TryFrom<Parameters> for ListClients {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        const MAX_PAGE_ROWS: usize = 1_000;
        let (start, end) = range(&mut query, MAX_PAGE_ROWS)?;
        Ok(Self { developer: query.remove("developer")?, start, end })
    }
}

impl ListClients {
    /// Whether a client is asked for.
    pub fn wants(&self, client: &Client) -> bool {
        self.developer.is_none() || view::developer(client) == self.developer.as_deref()
    }
}

/// The body of `client/secret/update`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientSecretUpdateRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateSecret {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    client_secret: Option<SecretText>,
}

impl UpdateSecret {
    /// Turns the body into the secret that it names.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the secret is missing or can't be one.
    pub fn try_into_secret(self) -> Result<ChosenSecret, Refusal> {
        const FIELD: &str = "clientSecret";
        let SecretText(secret) = self.client_secret.ok_or_else(|| Refusal::invalid(FIELD, "is required"))?;
        named(FIELD, ChosenSecret::new(secret))
    }
}

/// The body of `client/extension/requestable_scopes/update`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "RequestableScopesRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct RequestableScopes {
    #[serde(deserialize_with = "present")]
    requestable_scopes: Option<Words>,
}

impl RequestableScopes {
    /// Turns the body into the scopes that it names. `None`: the client may request every scope.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if one of them can't be a scope, or there are too many.
    pub fn try_into_scopes(self) -> Result<Option<Vec<Scope>>, Refusal> {
        self.requestable_scopes.map(|names| named_scopes("requestableScopes", names)).transpose()
    }
}

/// The body of `client/lock_flag/update`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientFlagUpdateRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateLock {
    /// Whether it shall be locked.
    #[serde(deserialize_with = "flag")]
    pub client_locked: bool,
}

#[cfg(test)]
mod tests;
