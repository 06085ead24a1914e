//! Clients of a seed file.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::{Sha256, Text, secrets};
use crate::api::jeton::jwks::Jwks;
use crate::api::jeton::settings::{Attributes, Length, Number};
use crate::domain::{
    AccessTokenForm, Audience, CertificateSubject, Client, ClientAuthMethod, ClientId, ClientKind, ClientSettings, GrantType,
    Invalid, OrgId, Refusal, Scope,
};
use crate::encoding::{FromText, present};
use crate::jose::certificate;

/// A client of a seed file.
#[derive(Debug)]
pub struct SeedClient {
    /// The org that the client belongs to.
    pub org: OrgId,
    /// The client's number, which is its `client_id`.
    pub id: ClientId,
    /// What is said of it.
    pub settings: ClientSettings,
    /// SHA-256 of its secrets.
    pub secrets: Vec<[u8; 32]>,
    /// Whether it is good for anything.
    pub enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClient {
    org: FromText<OrgId>,
    id: Number,
    #[serde(default, deserialize_with = "present")]
    alias: Option<FromText<Alias>>,
    #[serde(default, deserialize_with = "present")]
    name: Option<FromText<Text>>,
    kind: FromText<ClientKind>,
    #[serde(default, deserialize_with = "present")]
    auth_method: Option<FromText<ClientAuthMethod>>,
    #[serde(default)]
    grants: Vec<FromText<GrantType>>,
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<FromText<Scope>>>,
    #[serde(default)]
    secrets_sha256: Vec<FromText<Sha256>>,
    #[serde(default, deserialize_with = "present")]
    jwks: Option<ClientJwks>,
    #[serde(default, deserialize_with = "present")]
    token_duration: Option<Length>,
    #[serde(default, deserialize_with = "present")]
    refresh_token_duration: Option<Length>,
    #[serde(default, deserialize_with = "present")]
    single_token_per_subject: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    certificate_bound_tokens: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    may_exchange_tokens: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    dpop_bound_tokens: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    certificate_subject: Option<Subject>,
    #[serde(default, deserialize_with = "present")]
    access_token_form: Option<FromText<AccessTokenForm>>,
    #[serde(default, deserialize_with = "present")]
    resources: Option<Vec<FromText<Audience>>>,
    #[serde(default, deserialize_with = "present")]
    attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
}

impl RawClient {
    pub(super) fn try_into_client(self) -> Result<SeedClient, Refusal> {
        let kind = self.kind.0;
        let auth_method = self.auth_method.map_or(ClientAuthMethod::default_of(kind), |method| method.0);
        auth_method.suits_kind(kind).map_err(|rule| Refusal::invalid("auth_method", rule.0))?;
        let certificate_subject = self.certificate_subject.map(|subject| subject.0);
        auth_method
            .suits_certificate(certificate_subject.as_ref())
            .map_err(|rule| Refusal::invalid("certificate_subject", rule.0))?;
        let settings = ClientSettings {
            alias: self.alias.map(|alias| alias.0.0),
            name: self.name.map(|name| name.0.0),
            kind,
            auth_method,
            grants: self.grants.into_iter().map(|grant| grant.0).collect(),
            scopes: self.scopes.map(|scopes| scopes.into_iter().map(|scope| scope.0).collect()),
            jwks: self.jwks.map(|jwks| jwks.0),
            token_duration: self.token_duration.map(|length| length.0),
            refresh_token_duration: self.refresh_token_duration.map(|length| length.0),
            single_token_per_subject: self.single_token_per_subject.unwrap_or(false),
            certificate_bound_tokens: self.certificate_bound_tokens.unwrap_or(false),
            may_exchange_tokens: self.may_exchange_tokens.unwrap_or(false),
            dpop_bound_tokens: self.dpop_bound_tokens.unwrap_or(false),
            certificate_subject,
            access_token_form: self.access_token_form.map(|form| form.0),
            resources: self.resources.map(|all| all.into_iter().map(|resource| resource.0).collect()),
            attributes: self.attributes.unwrap_or_default().try_into_pairs("attributes")?,
            ..ClientSettings::new(kind)
        };
        let secrets = secrets(self.secrets_sha256)?;
        Ok(SeedClient { org: self.org.0, id: self.id.0, settings, secrets, enabled: self.enabled.unwrap_or(true) })
    }
}

/// One name, by its kind: `{"san_dns": "client.example"}`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
struct Subject(CertificateSubject);

impl TryFrom<BTreeMap<String, String>> for Subject {
    type Error = Invalid;

    fn try_from(names: BTreeMap<String, String>) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must have one of subject_dn, san_dns, san_uri, san_ip and san_email");
        match names.into_iter().collect::<Vec<_>>().as_slice() {
            [(kind, name)] => certificate::subject(kind, name).map(Self),
            _ => Err(RULE),
        }
    }
}

#[derive(Debug)]
struct Alias(String);

impl FromStr for Alias {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // So that no alias can be taken for a client's number.
        const RULE: Invalid = Invalid("must be 1 to 100 of A-Z, a-z, 0-9, ., _ and -, and not all digits");
        if Client::is_alias(text) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

/// The keys of a client, among them those of its certificates.
#[derive(Debug)]
struct ClientJwks(String);

impl<'de> Deserialize<'de> for ClientJwks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Jwks(text) = Jwks::deserialize(deserializer)?;
        certificate::thumbprints_of_set(text.as_bytes()).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}
