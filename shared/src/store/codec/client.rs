//! OAuth clients.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::coded::Coded;
use super::exchange_target::TargetBody;
use super::{coded, decode, encode, grants, is_false};
use crate::domain::{
    AccessTokenForm, AllowedNetworks, Audience, CertificateSubject, Client, ClientAuthMethod, ClientId, ClientKind,
    ClientMetadata, ClientOrigin, ClientSecret, ClientSettings, ClientUrl, Consent, Fault, FederatedIdentity, GrantType, Limits,
    MetadataMember, MetadataValue, OrgId, Pkce, RedirectUri, Scope, Seconds, Timestamp,
};

/// Encodes the body of a client: all of it but `created_at`.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_client(client: &Client) -> Result<String, Fault> {
    encode(|to| ClientBody::from_client(client.clone()).serialize(to))
}

/// Decodes the client of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_client`] writes.
pub fn decode_client(body: &[u8], created_at: Timestamp) -> Result<Client, Fault> {
    let body = decode(body, |from| ClientBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a client").because(e))?;
    Ok(body.into_client(created_at))
}

#[derive(Deserialize, Serialize)]
struct ClientBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "c", with = "coded")]
    id: ClientId,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "k", with = "coded")]
    kind: ClientKind,
    /// None: what its kind uses where nothing is said.
    #[serde(rename = "m", with = "coded", default, skip_serializing_if = "Option::is_none")]
    auth_method: Option<ClientAuthMethod>,
    #[serde(rename = "g", with = "grants", default, skip_serializing_if = "Vec::is_empty")]
    grants: Vec<GrantType>,
    #[serde(rename = "s", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    /// Whether all scopes are its: where nothing is said of either, none are.
    #[serde(rename = "z", default, skip_serializing_if = "is_false")]
    has_all_scopes: bool,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<[u8; 32]>,
    /// When each of the secrets was made and when it ends, in ms. Left out, as in the records from before there was this: neither
    /// is known, and none ends.
    #[serde(rename = "xt", default, skip_serializing_if = "Vec::is_empty")]
    secret_times: Vec<(Option<i64>, Option<i64>)>,
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    jwks: Option<String>,
    #[serde(rename = "fi", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    federated: Vec<FederatedIdentity>,
    #[serde(rename = "d", with = "coded", default, skip_serializing_if = "Option::is_none")]
    token_duration: Option<Seconds>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<Seconds>,
    #[serde(rename = "q", default, skip_serializing_if = "is_false")]
    single_token_per_subject: bool,
    #[serde(rename = "t", default, skip_serializing_if = "is_false")]
    may_exchange_tokens: bool,
    #[serde(rename = "et", default, skip_serializing_if = "Vec::is_empty")]
    exchange_targets: Vec<TargetBody>,
    #[serde(rename = "y", default, skip_serializing_if = "is_false")]
    certificate_bound_tokens: bool,
    #[serde(rename = "dp", default, skip_serializing_if = "is_false")]
    dpop_bound_tokens: bool,
    #[serde(rename = "cs", with = "coded", default, skip_serializing_if = "Option::is_none")]
    certificate_subject: Option<CertificateSubject>,
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    access_token_form: Option<AccessTokenForm>,
    #[serde(rename = "rs", with = "coded", default, skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<Audience>>,
    #[serde(rename = "an", with = "coded", default, skip_serializing_if = "Option::is_none")]
    allowed_networks: Option<AllowedNetworks>,
    #[serde(rename = "li", with = "coded", default, skip_serializing_if = "Option::is_none")]
    limits: Option<Limits>,
    #[serde(rename = "rt", with = "coded", default, skip_serializing_if = "Option::is_none")]
    registration_token: Option<[u8; 32]>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<(String, String)>,
    #[serde(rename = "ru", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    redirect_uris: Vec<RedirectUri>,
    #[serde(rename = "pu", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    post_logout_redirect_uris: Vec<RedirectUri>,
    #[serde(rename = "pk", default, skip_serializing_if = "is_false")]
    pkce_optional: bool,
    #[serde(rename = "ci", default, skip_serializing_if = "is_false")]
    consent_implied: bool,
    #[serde(rename = "ct", default, skip_serializing_if = "is_false")]
    claims_in_id_token: bool,
    #[serde(rename = "b", with = "coded", default, skip_serializing_if = "ClientMetadata::is_empty")]
    metadata: ClientMetadata,
    /// When it ends, if it has registered itself where strangers can. An administrator's client has no such end.
    #[serde(rename = "se", with = "coded", default, skip_serializing_if = "Option::is_none")]
    self_registered_until: Option<Timestamp>,
    /// The URL of its metadata document, if it is known by that.
    #[serde(rename = "du", with = "coded", default, skip_serializing_if = "Option::is_none")]
    document_url: Option<ClientUrl>,
    #[serde(rename = "e")]
    enabled: bool,
    #[serde(rename = "u", with = "coded")]
    updated_at: Timestamp,
}

impl ClientBody {
    fn from_client(client: Client) -> Self {
        let settings = client.settings;
        let is_said = settings.auth_method != ClientAuthMethod::default_of(settings.kind);
        Self {
            org: client.org,
            id: client.id,
            alias: settings.alias,
            name: settings.name,
            kind: settings.kind,
            auth_method: is_said.then_some(settings.auth_method),
            grants: settings.grants,
            has_all_scopes: settings.scopes.is_none(),
            scopes: settings.scopes.unwrap_or_default(),
            secrets: client.secrets.iter().map(|secret| secret.hash).collect(),
            secret_times: secret_times(&client.secrets),
            jwks: settings.jwks,
            federated: settings.federated,
            token_duration: settings.token_duration,
            refresh_token_duration: settings.refresh_token_duration,
            single_token_per_subject: settings.single_token_per_subject,
            may_exchange_tokens: settings.may_exchange_tokens,
            exchange_targets: settings.exchange_targets.into_iter().map(TargetBody::from_target).collect(),
            certificate_bound_tokens: settings.certificate_bound_tokens,
            dpop_bound_tokens: settings.dpop_bound_tokens,
            certificate_subject: settings.certificate_subject,
            access_token_form: settings.access_token_form,
            resources: settings.resources,
            allowed_networks: settings.allowed_networks,
            limits: settings.limits,
            registration_token: client.registration_token,
            attributes: settings.attributes,
            redirect_uris: settings.redirect_uris,
            post_logout_redirect_uris: settings.post_logout_redirect_uris,
            pkce_optional: settings.pkce == Pkce::Optional,
            consent_implied: settings.consent == Consent::Implied,
            claims_in_id_token: settings.claims_in_id_token,
            metadata: settings.metadata,
            self_registered_until: client.origin.expires_at(),
            document_url: match client.origin {
                ClientOrigin::Registered | ClientOrigin::SelfRegistered { .. } => None,
                ClientOrigin::MetadataDocument { url } => Some(url),
            },
            enabled: client.enabled,
            updated_at: client.updated_at,
        }
    }

    fn into_client(self, created_at: Timestamp) -> Client {
        let settings = ClientSettings {
            alias: self.alias,
            name: self.name,
            kind: self.kind,
            auth_method: self.auth_method.unwrap_or(ClientAuthMethod::default_of(self.kind)),
            grants: self.grants,
            scopes: Some(self.scopes).filter(|_| !self.has_all_scopes),
            jwks: self.jwks,
            federated: self.federated,
            token_duration: self.token_duration,
            refresh_token_duration: self.refresh_token_duration,
            single_token_per_subject: self.single_token_per_subject,
            may_exchange_tokens: self.may_exchange_tokens,
            exchange_targets: self.exchange_targets.into_iter().filter_map(TargetBody::into_target).collect(),
            certificate_bound_tokens: self.certificate_bound_tokens,
            dpop_bound_tokens: self.dpop_bound_tokens,
            certificate_subject: self.certificate_subject,
            access_token_form: self.access_token_form,
            resources: self.resources,
            allowed_networks: self.allowed_networks,
            limits: self.limits,
            attributes: self.attributes,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            pkce: if self.pkce_optional { Pkce::Optional } else { Pkce::Required },
            consent: if self.consent_implied { Consent::Implied } else { Consent::Required },
            claims_in_id_token: self.claims_in_id_token,
            metadata: self.metadata,
        };
        Client {
            org: self.org,
            id: self.id,
            settings,
            secrets: secrets(&self.secrets, &self.secret_times),
            registration_token: self.registration_token,
            origin: match (self.document_url, self.self_registered_until) {
                (Some(url), _) => ClientOrigin::MetadataDocument { url },
                (None, Some(expires_at)) => ClientOrigin::SelfRegistered { expires_at },
                (None, None) => ClientOrigin::Registered,
            },
            enabled: self.enabled,
            created_at,
            updated_at: self.updated_at,
        }
    }
}

fn secret_times(secrets: &[ClientSecret]) -> Vec<(Option<i64>, Option<i64>)> {
    if secrets.iter().all(|secret| secret.created_at.is_none() && secret.expires_at.is_none()) {
        return Vec::new();
    }
    secrets.iter().map(|secret| (secret.created_at.map(Timestamp::as_ms), secret.expires_at.map(Timestamp::as_ms))).collect()
}

fn secrets(hashes: &[[u8; 32]], times: &[(Option<i64>, Option<i64>)]) -> Vec<ClientSecret> {
    let times = times.iter().copied().chain(std::iter::repeat((None, None)));
    let moment = |ms: Option<i64>| ms.map(Timestamp::from_ms);
    let secret = |(hash, (created_at, expires_at)): (&[u8; 32], _)| ClientSecret {
        hash: *hash,
        created_at: moment(created_at),
        expires_at: moment(expires_at),
    };
    hashes.iter().zip(times).map(secret).collect()
}

impl Coded for RedirectUri {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::from_administrator)
    }
}

/// The value of a member, as JSON has it: the languages of a localized one as pairs.
#[derive(Deserialize, Serialize)]
#[serde(remote = "MetadataValue", untagged)]
enum ValueBody {
    Flag(bool),
    Number(i64),
    Text(String),
    Texts(Vec<String>),
    Localized(Vec<(String, String)>),
}

impl Coded for MetadataValue {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        ValueBody::serialize(self, to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ValueBody::deserialize(from)
    }
}

impl Coded for ClientMetadata {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter().map(|(member, value)| (member.name, coded::Write(value))))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

/// Reads the members that the table of metadata has. Others are of a newer version, and are ignored.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = ClientMetadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metadata of a client")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<ClientMetadata, A::Error> {
        let mut metadata = ClientMetadata::default();
        while let Some(name) = members.next_key::<String>()? {
            let Some(member) = MetadataMember::named(&name) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let coded::Read(value) = members.next_value()?;
            if !member.value_type.matches(&value) {
                return Err(A::Error::custom("a member of the metadata has another type"));
            }
            metadata.insert(member, value);
        }
        Ok(metadata)
    }
}
