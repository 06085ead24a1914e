//! Orgs.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::coded::{self, Coded};
use super::{decode, encode, grants, is_false, is_usual_retry_window, placeholder_time, retry_window};
use crate::domain::{
    Algorithm, AllowedNetworks, ApiKeyRules, AssertionIssuer, AssertionRules, AssertionSettings, Audience,
    AuthorizationDetailsType, ChainLimit, ClaimCondition, ClientDocumentHost, ClientDocumentRules, ClientId, DeliveryMode,
    ExchangeRules, Fault, GrantType, IssuerKeys, LoginUrl, OAuthSettings, OpenRegistration, Org, OrgId, OrgSettings,
    ProtectedResource, Scope, Seconds, SupportedScope, Timestamp,
};

/// Encodes the body of an org: all of it but `created_at`.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_org(org: &Org) -> Result<String, Fault> {
    encode(|to| OrgBody::serialize(org, to))
}

/// Decodes the org of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_org`] writes.
pub fn decode_org(body: &[u8], created_at: Timestamp) -> Result<Org, Fault> {
    let org = decode(body, |from| OrgBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of an org").because(e))?;
    Ok(Org { created_at, ..org })
}

/// How many bytes an org takes as an item of DynamoDB at most, in any store: as if it had both of its API secrets and many sub-orgs.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn org_item_bytes(org: &Org) -> Result<usize, Fault> {
    const NAMES: usize = "pkskbhkt".len();
    const SORT_KEY: usize = "o".len();
    /// The largest number: how many sub-orgs there are, and when the org was made.
    const NUMBER: usize = 21;
    let body = encode_org(&Org { secrets: vec![[0; 32]; 2], ..org.clone() })?;
    // As a text, with something between each two.
    let ancestors: usize = org.ancestors.iter().map(|id| id.as_str().len() + 1).sum();
    Ok(NAMES + org.id.as_str().len() + SORT_KEY + body.len() + ancestors + 2 * NUMBER)
}

/// Encodes the settings of an org that only assertions need.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_assertion_settings(settings: &AssertionSettings) -> Result<String, Fault> {
    encode(|to| AssertionSettingsBody::serialize(settings, to))
}

/// Decodes the settings of an org that only assertions need.
///
/// # Errors
/// A [`Fault`] if the body is not one of them.
pub fn decode_assertion_settings(body: &[u8]) -> Result<AssertionSettings, Fault> {
    decode(body, |from| AssertionSettingsBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the settings of an org for assertions").because(e))
}

coded::records!(AssertionIssuer as AssertionIssuerBody, OAuthSettings as OAuthBody, SupportedScope as SupportedScopeBody);

impl Coded for OrgSettings {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        SettingsBody::from_settings(self.clone()).serialize(to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        SettingsBody::deserialize(from).map(SettingsBody::into_settings)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Org")]
struct OrgBody {
    #[serde(rename = "i", with = "coded")]
    id: OrgId,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    ancestors: Vec<OrgId>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "e")]
    enabled: bool,
    #[serde(rename = "s", with = "coded")]
    settings: OrgSettings,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<[u8; 32]>,
    #[serde(rename = "y")]
    ever_non_expiring: bool,
    #[serde(skip, default = "placeholder_time")]
    created_at: Timestamp,
    #[serde(rename = "u", with = "coded")]
    updated_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
struct SettingsBody {
    #[serde(rename = "d", with = "coded", default, skip_serializing_if = "Option::is_none")]
    token_duration: Option<Seconds>,
    #[serde(rename = "m", with = "coded")]
    max_token_duration: Seconds,
    #[serde(rename = "r", with = "coded")]
    refresh_token_duration: Seconds,
    /// Whether a use replaces a refresh token of a public client.
    #[serde(rename = "t")]
    rotates: bool,
    /// Whether it does so, whatever the client.
    #[serde(rename = "v", default, skip_serializing_if = "is_false")]
    always_rotates: bool,
    #[serde(rename = "w", with = "coded", default = "retry_window", skip_serializing_if = "is_usual_retry_window")]
    refresh_token_retry_seconds: Seconds,
    #[serde(rename = "x")]
    allow_non_expiring: bool,
    #[serde(rename = "l", default, skip_serializing_if = "is_false")]
    status_list: bool,
    #[serde(rename = "k", with = "ApiKeyRulesBody", default, skip_serializing_if = "is_usual")]
    api_keys: ApiKeyRules,
    #[serde(rename = "o", with = "coded", default, skip_serializing_if = "is_usual")]
    oauth: OAuthSettings,
}

impl SettingsBody {
    pub(super) fn from_settings(settings: OrgSettings) -> Self {
        Self {
            token_duration: settings.token_duration,
            max_token_duration: settings.max_token_duration,
            refresh_token_duration: settings.refresh_token_duration,
            rotates: settings.refresh_token_kept != Some(true),
            always_rotates: settings.refresh_token_kept == Some(false),
            refresh_token_retry_seconds: settings.refresh_token_retry_seconds,
            allow_non_expiring: settings.allow_non_expiring,
            status_list: settings.status_list,
            api_keys: settings.api_keys,
            oauth: settings.oauth,
        }
    }

    pub(super) fn into_settings(self) -> OrgSettings {
        OrgSettings {
            token_duration: self.token_duration,
            max_token_duration: self.max_token_duration,
            refresh_token_duration: self.refresh_token_duration,
            refresh_token_kept: match self {
                Self { rotates: false, .. } => Some(true),
                Self { always_rotates: true, .. } => Some(false),
                _ => None,
            },
            refresh_token_retry_seconds: self.refresh_token_retry_seconds,
            allow_non_expiring: self.allow_non_expiring,
            status_list: self.status_list,
            api_keys: self.api_keys,
            oauth: self.oauth,
        }
    }
}

/// What has its default is left out: an org is read with every request, and most have said little.
#[derive(Deserialize, Serialize)]
#[serde(remote = "OAuthSettings")]
struct OAuthBody {
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Option::is_none")]
    access_token_sign_alg: Option<Algorithm>,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    supported_scopes: Vec<SupportedScope>,
    #[serde(rename = "g", with = "grants", default = "GrantType::supported_by_default", skip_serializing_if = "are_usual")]
    supported_grants: Vec<GrantType>,
    #[serde(rename = "k", default = "yes", skip_serializing_if = "is_true")]
    refresh_token_duration_kept: bool,
    #[serde(rename = "r", default, skip_serializing_if = "is_false")]
    refresh_token_duration_reset: bool,
    #[serde(rename = "i", default = "yes", skip_serializing_if = "is_true")]
    refresh_token_idempotent: bool,
    #[serde(rename = "s", default, skip_serializing_if = "is_false")]
    single_token_per_subject: bool,
    #[serde(rename = "l", default, skip_serializing_if = "is_false")]
    token_expiration_linked: bool,
    #[serde(rename = "q", default, skip_serializing_if = "is_false")]
    scope_required: bool,
    #[serde(rename = "d", default, skip_serializing_if = "is_false")]
    error_description_omitted: bool,
    #[serde(rename = "u", default, skip_serializing_if = "is_false")]
    error_uri_omitted: bool,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<String>,
    #[serde(rename = "x", with = "ExchangeBody", default, skip_serializing_if = "is_usual")]
    token_exchange: ExchangeRules,
    #[serde(rename = "j", with = "AssertionBody", default, skip_serializing_if = "is_usual")]
    jwt_grant: AssertionRules,
    #[serde(rename = "rs", with = "coded", default, skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<ProtectedResource>>,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    default_resource: Option<Audience>,
    // `b` was the list of the issuers of assertions, which have a body of their own now. An org that still has them here must not be
    // read as one without any: no list is a bool.
    #[serde(rename = "n", alias = "b", default, skip_serializing_if = "is_false")]
    dpop_nonce_required: bool,
    #[serde(rename = "dt", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    authorization_details_types: Vec<AuthorizationDetailsType>,
    #[serde(rename = "ec", with = "coded", default = "chain_limit", skip_serializing_if = "is_usual_chain_limit")]
    exchange_chain_limit: ChainLimit,
    #[serde(rename = "lu", with = "coded", default, skip_serializing_if = "Option::is_none")]
    login_url: Option<LoginUrl>,
    #[serde(rename = "ad", with = "coded", default = "authorization_duration", skip_serializing_if = "is_usual_authorization")]
    authorization_duration: Seconds,
    #[serde(rename = "cd", with = "coded", default = "code_duration", skip_serializing_if = "is_usual_code")]
    code_duration: Seconds,
    #[serde(rename = "pd", with = "coded", default = "pushed_request_duration", skip_serializing_if = "is_usual_pushed_request")]
    pushed_request_duration: Seconds,
    #[serde(rename = "pr", default, skip_serializing_if = "is_false")]
    pushed_requests_required: bool,
    #[serde(rename = "du", with = "coded", default, skip_serializing_if = "Option::is_none")]
    device_url: Option<LoginUrl>,
    #[serde(rename = "dd", with = "coded", default = "device_code_duration", skip_serializing_if = "is_usual_device_code")]
    device_code_duration: Seconds,
    #[serde(rename = "di", with = "coded", default = "device_poll_interval", skip_serializing_if = "is_usual_device_poll")]
    device_poll_interval: Seconds,
    #[serde(rename = "bm", with = "coded", default = "ciba_delivery_modes", skip_serializing_if = "are_usual_ciba_modes")]
    ciba_delivery_modes: Vec<DeliveryMode>,
    #[serde(rename = "bd", with = "coded", default = "ciba_request_duration", skip_serializing_if = "is_usual_ciba_request")]
    ciba_request_duration: Seconds,
    #[serde(rename = "bi", with = "coded", default = "ciba_poll_interval", skip_serializing_if = "is_usual_ciba_poll")]
    ciba_poll_interval: Seconds,
    #[serde(rename = "bu", default, skip_serializing_if = "is_false")]
    ciba_user_code: bool,
    #[serde(rename = "lo", with = "coded", default, skip_serializing_if = "Option::is_none")]
    logout_url: Option<LoginUrl>,
    #[serde(rename = "eu", with = "coded", default, skip_serializing_if = "Option::is_none")]
    error_url: Option<LoginUrl>,
    #[serde(rename = "id", with = "coded", default = "id_token_duration", skip_serializing_if = "is_usual_id_token")]
    id_token_duration: Seconds,
    #[serde(rename = "ia", with = "coded", default, skip_serializing_if = "Option::is_none")]
    id_token_sign_alg: Option<Algorithm>,
    #[serde(rename = "ro", default, skip_serializing_if = "is_false")]
    refresh_needs_offline_access: bool,
    #[serde(rename = "or", with = "OpenRegistrationBody", default, skip_serializing_if = "is_usual")]
    open_registration: OpenRegistration,
    #[serde(rename = "cm", with = "ClientDocumentRulesBody", default, skip_serializing_if = "is_usual")]
    client_metadata_documents: ClientDocumentRules,
    #[serde(rename = "ss", with = "coded", default, skip_serializing_if = "Option::is_none")]
    strangers_scopes: Option<Vec<Scope>>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<(String, String)>,
}

fn chain_limit() -> ChainLimit {
    ChainLimit::DEFAULT
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_chain_limit(limit: &ChainLimit) -> bool {
    *limit == ChainLimit::DEFAULT
}

fn authorization_duration() -> Seconds {
    OAuthSettings::default().authorization_duration
}

fn code_duration() -> Seconds {
    OAuthSettings::default().code_duration
}

fn pushed_request_duration() -> Seconds {
    OAuthSettings::default().pushed_request_duration
}

fn device_code_duration() -> Seconds {
    OAuthSettings::default().device_code_duration
}

fn device_poll_interval() -> Seconds {
    OAuthSettings::default().device_poll_interval
}

fn ciba_delivery_modes() -> Vec<DeliveryMode> {
    OAuthSettings::default().ciba_delivery_modes
}

fn ciba_request_duration() -> Seconds {
    OAuthSettings::default().ciba_request_duration
}

fn ciba_poll_interval() -> Seconds {
    OAuthSettings::default().ciba_poll_interval
}

fn id_token_duration() -> Seconds {
    OAuthSettings::default().id_token_duration
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_authorization(duration: &Seconds) -> bool {
    *duration == authorization_duration()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_code(duration: &Seconds) -> bool {
    *duration == code_duration()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_pushed_request(duration: &Seconds) -> bool {
    *duration == pushed_request_duration()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_device_code(duration: &Seconds) -> bool {
    *duration == device_code_duration()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_device_poll(interval: &Seconds) -> bool {
    *interval == device_poll_interval()
}

fn are_usual_ciba_modes(modes: &[DeliveryMode]) -> bool {
    modes == ciba_delivery_modes()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_ciba_request(duration: &Seconds) -> bool {
    *duration == ciba_request_duration()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_ciba_poll(interval: &Seconds) -> bool {
    *interval == ciba_poll_interval()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_id_token(duration: &Seconds) -> bool {
    *duration == id_token_duration()
}

fn is_usual<T: Default + PartialEq>(setting: &T) -> bool {
    *setting == T::default()
}

fn are_usual(grants: &[GrantType]) -> bool {
    grants == GrantType::supported_by_default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_true(flag: &bool) -> bool {
    *flag
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "SupportedScope")]
struct SupportedScopeBody {
    #[serde(rename = "z", with = "coded")]
    name: Scope,
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    default: bool,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "d", with = "coded", default, skip_serializing_if = "Option::is_none")]
    token_duration: Option<Seconds>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<Seconds>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<(String, String)>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "ApiKeyRules")]
struct ApiKeyRulesBody {
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    self_service: bool,
    #[serde(rename = "d", with = "coded")]
    duration: Seconds,
    #[serde(rename = "m", with = "coded")]
    max_duration: Seconds,
    #[serde(rename = "o")]
    max_per_owner: u32,
    #[serde(rename = "n", default, skip_serializing_if = "is_false")]
    require_cidrs: bool,
    #[serde(rename = "j", with = "coded")]
    jwt_duration: Seconds,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "OpenRegistration")]
struct OpenRegistrationBody {
    #[serde(rename = "e")]
    enabled: bool,
    #[serde(rename = "u", with = "coded")]
    unused_duration: Seconds,
    #[serde(rename = "d", with = "coded")]
    duration: Seconds,
    #[serde(rename = "h")]
    most_per_hour: u32,
    #[serde(rename = "a")]
    most_per_address: u32,
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    schemes: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "ClientDocumentRules")]
struct ClientDocumentRulesBody {
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    enabled: bool,
    #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<ClientDocumentHost>,
}

/// A resource of which more is known than its URI. The others are stored as that text alone.
#[derive(Deserialize, Serialize)]
#[serde(remote = "ProtectedResource")]
struct ResourceBody {
    #[serde(rename = "u", with = "coded")]
    uri: Audience,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<Scope>>,
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    documentation: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "is_false")]
    dpop_required: bool,
}

impl Coded for ProtectedResource {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.is_only_uri() { self.uri.encode(to) } else { ResourceBody::serialize(self, to) }
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct UriOrMembers;

        impl<'de> Visitor<'de> for UriOrMembers {
            type Value = ProtectedResource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an object")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ProtectedResource, E> {
                text.parse().map(ProtectedResource::from_uri).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ProtectedResource, A::Error> {
                ResourceBody::deserialize(MapAccessDeserializer::new(members)).map_err(A::Error::custom)
            }
        }

        from.deserialize_any(UriOrMembers)
    }
}

/// A type of authorization details of which more is known than its name. The others are stored as that text alone.
#[derive(Deserialize, Serialize)]
#[serde(remote = "AuthorizationDetailsType")]
struct DetailsTypeBody {
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "g", default, skip_serializing_if = "is_false")]
    goes_on: bool,
}

impl Coded for AuthorizationDetailsType {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.goes_on { DetailsTypeBody::serialize(self, to) } else { to.serialize_str(&self.name) }
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct NameOrMembers;

        impl<'de> Visitor<'de> for NameOrMembers {
            type Value = AuthorizationDetailsType;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an object")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AuthorizationDetailsType, E> {
                Ok(AuthorizationDetailsType::named(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<AuthorizationDetailsType, A::Error> {
                DetailsTypeBody::deserialize(MapAccessDeserializer::new(members)).map_err(A::Error::custom)
            }
        }

        from.deserialize_any(NameOrMembers)
    }
}

impl Coded for ChainLimit {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(self.as_number())
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_number(u32::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "ExchangeRules")]
struct ExchangeBody {
    #[serde(rename = "i", default, skip_serializing_if = "is_false")]
    by_identifiable_clients_only: bool,
    #[serde(rename = "c", default, skip_serializing_if = "is_false")]
    by_confidential_clients_only: bool,
    #[serde(rename = "p", default, skip_serializing_if = "is_false")]
    by_permitted_clients_only: bool,
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    encrypted_jwt_rejected: bool,
    #[serde(rename = "u", default, skip_serializing_if = "is_false")]
    unsigned_jwt_rejected: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AssertionRules")]
struct AssertionBody {
    #[serde(rename = "i", default, skip_serializing_if = "is_false")]
    by_identifiable_clients_only: bool,
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    encrypted_jwt_rejected: bool,
    #[serde(rename = "u", default, skip_serializing_if = "is_false")]
    unsigned_jwt_rejected: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AssertionSettings")]
struct AssertionSettingsBody {
    #[serde(rename = "b", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    assertion_issuers: Vec<AssertionIssuer>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AssertionIssuer")]
struct AssertionIssuerBody {
    #[serde(rename = "i")]
    issuer: String,
    #[serde(rename = "k", with = "IssuerKeysBody")]
    keys: IssuerKeys,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    audiences: Option<Vec<String>>,
    #[serde(rename = "l", with = "coded", default = "longest_life", skip_serializing_if = "is_usual_life")]
    longest_life: Seconds,
    #[serde(rename = "g", with = "coded", default, skip_serializing_if = "Option::is_none")]
    longest_age: Option<Seconds>,
    #[serde(rename = "u", default, skip_serializing_if = "is_false")]
    reusable: bool,
    #[serde(rename = "m", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ClaimCondition>,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<Scope>>,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    clients: Option<Vec<ClientId>>,
    #[serde(rename = "s", default, skip_serializing_if = "is_false")]
    any_subject: bool,
    #[serde(rename = "r", default, skip_serializing_if = "is_false")]
    refresh_tokens: bool,
    #[serde(rename = "t", default, skip_serializing_if = "is_false")]
    subject_tokens: bool,
    #[serde(rename = "j", default, skip_serializing_if = "is_false")]
    id_jag: bool,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    allowed_networks: Option<AllowedNetworks>,
    #[serde(rename = "e")]
    enabled: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "IssuerKeys")]
enum IssuerKeysBody {
    #[serde(rename = "j")]
    Inline(Box<str>),
    #[serde(rename = "u")]
    At(String),
    #[serde(rename = "d")]
    Discovery,
}

fn longest_life() -> Seconds {
    AssertionIssuer::DEFAULT_LONGEST_LIFE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_life(life: &Seconds) -> bool {
    *life == longest_life()
}
