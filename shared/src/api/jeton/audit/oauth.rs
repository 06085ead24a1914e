//! What there is to be told of OAuth: how a client got a token, and what the settings are.

use serde::{Deserialize, Serialize};

use super::audiences;
use crate::domain::{
    Algorithm, AssertionIssuer, AssertionRules, Audience, AuthorizationDetails, ExchangeRules, GrantType, Issuance, IssuerKeys,
    OAuthSettings, OrgSettings, Scope, SupportedScope, Thumbprint, Timestamp,
};
use crate::jose::sha256;

/// How an OAuth client got a token. Of what was attached to it only the names, for the values may be about people.
#[derive(Serialize)]
pub(super) struct IssuanceFacts<'a> {
    grant: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    for_client: bool,
    #[serde(skip_serializing_if = "is_false")]
    alias_used: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    /// In seconds, as in a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "is_false")]
    for_external_attachment: bool,
    #[serde(skip_serializing_if = "is_false")]
    of_member: bool,
    /// The current one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actors: Vec<&'a str>,
    /// The tokens that it came of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ancestors: Vec<String>,
}

pub(super) fn of_issuance(issuance: &Issuance) -> IssuanceFacts<'_> {
    // All of them are named, so that a new one can't be forgotten here.
    let Issuance {
        grant,
        for_client,
        alias_used,
        properties,
        confirmation,
        details,
        acr,
        auth_time,
        for_external_attachment,
        of_member,
        actors,
        ancestors,
    } = issuance;
    IssuanceFacts {
        grant: grant.as_str(),
        for_client: *for_client,
        alias_used: *alias_used,
        properties: properties.iter().map(|property| property.key.as_str()).collect(),
        certificate: confirmation.certificate.map(|thumbprint| thumbprint.to_string()),
        dpop_key: confirmation.dpop_key.map(|thumbprint| thumbprint.to_string()),
        authorization_types: details.as_ref().map(types).unwrap_or_default(),
        acr: acr.as_deref(),
        auth_time: auth_time.map(Timestamp::as_secs),
        for_external_attachment: *for_external_attachment,
        of_member: *of_member,
        actors: actors.iter().map(|actor| actor.subject.as_str()).collect(),
        ancestors: ancestors.iter().map(|ancestor| ancestor.id.to_string()).collect(),
    }
}

/// RFC 9396 section 2: what all of them have.
fn types(details: &AuthorizationDetails) -> Vec<String> {
    #[derive(Deserialize)]
    struct Detail {
        r#type: String,
    }
    let details: Vec<Detail> = serde_json::from_str(details.as_json()).unwrap_or_default();
    details.into_iter().map(|detail| detail.r#type).collect()
}

/// Settings of an org, named as its administrators name them.
#[derive(Serialize)]
pub(super) struct SettingsFacts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token_duration: Option<u32>,
    max_token_duration: u32,
    refresh_token_duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_kept: Option<bool>,
    allow_non_expiring: bool,
    #[serde(flatten)]
    oauth: OAuthFacts<'a>,
}

#[derive(Serialize)]
struct OAuthFacts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_sign_alg: Option<&'static str>,
    supported_scopes: Vec<ScopeFacts<'a>>,
    supported_grants: Vec<&'static str>,
    refresh_token_duration_kept: bool,
    refresh_token_duration_reset: bool,
    refresh_token_idempotent: bool,
    single_token_per_subject: bool,
    token_expiration_linked: bool,
    scope_required: bool,
    error_description_omitted: bool,
    error_uri_omitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<&'a str>,
    token_exchange: ExchangeFacts,
    jwt_grant: AssertionFacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_resource: Option<&'a str>,
    dpop_nonce_required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_details_types: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assertion_issuers: Vec<IssuerFacts<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<&'a str>,
}

#[derive(Serialize)]
struct ScopeFacts<'a> {
    name: &'a str,
    default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<&'a str>,
}

#[derive(Serialize)]
struct ExchangeFacts {
    by_identifiable_clients_only: bool,
    by_confidential_clients_only: bool,
    by_permitted_clients_only: bool,
    encrypted_jwt_rejected: bool,
    unsigned_jwt_rejected: bool,
}

#[derive(Serialize)]
struct AssertionFacts {
    by_identifiable_clients_only: bool,
    encrypted_jwt_rejected: bool,
    unsigned_jwt_rejected: bool,
}

#[derive(Serialize)]
struct IssuerFacts<'a> {
    issuer: &'a str,
    /// By which it can be told that its keys are others now.
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clients: Option<Vec<u64>>,
    any_subject: bool,
    refresh_tokens: bool,
    enabled: bool,
}

pub(super) fn of_settings(settings: &OrgSettings) -> SettingsFacts<'_> {
    SettingsFacts {
        token_duration: settings.token_duration.map(|length| length.0),
        max_token_duration: settings.max_token_duration.0,
        refresh_token_duration: settings.refresh_token_duration.0,
        refresh_token_kept: settings.refresh_token_kept,
        allow_non_expiring: settings.allow_non_expiring,
        oauth: of_oauth(&settings.oauth),
    }
}

fn of_oauth(settings: &OAuthSettings) -> OAuthFacts<'_> {
    OAuthFacts {
        access_token_sign_alg: settings.access_token_sign_alg.map(Algorithm::name),
        supported_scopes: settings.supported_scopes.iter().map(of_scope).collect(),
        supported_grants: grants(&settings.supported_grants),
        refresh_token_duration_kept: settings.refresh_token_duration_kept,
        refresh_token_duration_reset: settings.refresh_token_duration_reset,
        refresh_token_idempotent: settings.refresh_token_idempotent,
        single_token_per_subject: settings.single_token_per_subject,
        token_expiration_linked: settings.token_expiration_linked,
        scope_required: settings.scope_required,
        error_description_omitted: settings.error_description_omitted,
        error_uri_omitted: settings.error_uri_omitted,
        token_endpoint: settings.token_endpoint.as_deref(),
        token_exchange: of_exchange(settings.token_exchange),
        jwt_grant: of_assertions(settings.jwt_grant),
        resources: settings.resources.as_deref().map(audiences),
        default_resource: settings.default_resource.as_ref().map(Audience::as_str),
        dpop_nonce_required: settings.dpop_nonce_required,
        authorization_details_types: settings.authorization_details_types.iter().map(String::as_str).collect(),
        assertion_issuers: settings.assertion_issuers.iter().map(of_issuer).collect(),
        attributes: names(&settings.attributes),
    }
}

fn of_scope(scope: &SupportedScope) -> ScopeFacts<'_> {
    ScopeFacts {
        name: Scope::as_str(&scope.name),
        default: scope.default,
        token_duration: scope.token_duration.map(|length| length.0),
        refresh_token_duration: scope.refresh_token_duration.map(|length| length.0),
        attributes: names(&scope.attributes),
    }
}

fn of_exchange(rules: ExchangeRules) -> ExchangeFacts {
    ExchangeFacts {
        by_identifiable_clients_only: rules.by_identifiable_clients_only,
        by_confidential_clients_only: rules.by_confidential_clients_only,
        by_permitted_clients_only: rules.by_permitted_clients_only,
        encrypted_jwt_rejected: rules.encrypted_jwt_rejected,
        unsigned_jwt_rejected: rules.unsigned_jwt_rejected,
    }
}

fn of_assertions(rules: AssertionRules) -> AssertionFacts {
    AssertionFacts {
        by_identifiable_clients_only: rules.by_identifiable_clients_only,
        encrypted_jwt_rejected: rules.encrypted_jwt_rejected,
        unsigned_jwt_rejected: rules.unsigned_jwt_rejected,
    }
}

fn of_issuer(issuer: &AssertionIssuer) -> IssuerFacts<'_> {
    let (jwks_sha256, jwks_uri) = match &issuer.keys {
        IssuerKeys::Inline(set) => (Some(Thumbprint(sha256(set.as_bytes())).to_string()), None),
        IssuerKeys::At(url) => (None, Some(url.as_str())),
    };
    IssuerFacts {
        issuer: &issuer.issuer,
        jwks_sha256,
        jwks_uri,
        scopes: issuer.scopes.as_ref().map(|scopes| scopes.iter().map(Scope::as_str).collect()),
        clients: issuer.clients.as_ref().map(|clients| clients.iter().map(|client| client.as_number()).collect()),
        any_subject: issuer.any_subject,
        refresh_tokens: issuer.refresh_tokens,
        enabled: issuer.enabled,
    }
}

pub(super) fn grants(grants: &[GrantType]) -> Vec<&'static str> {
    grants.iter().map(|grant| grant.as_str()).collect()
}

/// What something is kept under. The values are others'.
pub(super) fn names(attributes: &[(String, String)]) -> Vec<&str> {
    attributes.iter().map(|(name, _)| name.as_str()).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}
