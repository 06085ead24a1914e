//! Clients on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::conditions::FederatedBody;
use crate::admin::clients::{NewSecret, SECRET_OVERLAP, secret_id};
use crate::api::agilicus::{Date, Rfc3339};
use crate::api::jeton::limits::LimitsBody;
use crate::api::jeton::networks::AllowedCidrs;
use crate::domain::{
    AccessTokenForm, Audience, Client, ClientId, ClientSecret, ClientSettings, ClientUrl, CredentialHash, CredentialUses,
    GrantType, RedirectUri, Refusal, Scope, Seconds, Secret, Timestamp,
};
use crate::encoding::form::Parameters;
use crate::encoding::{ExposedSecret, integer_within, present};

pub(super) mod body;
pub(super) mod targets;

pub use body::PutClient;
use targets::TargetBody;

/// A client in the words of the seed file, without its secrets and times.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "SeedClient"))]
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
    #[cfg_attr(feature = "openapi", schemars(with = "Option<super::jwks::Jwks>"))]
    jwks: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    federated: Vec<FederatedBody>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_cidrs: Option<AllowedCidrs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsBody>,
    may_exchange_to: Vec<TargetBody>,
    attributes: BTreeMap<&'a str, &'a str>,
    redirect_uris: Vec<&'a str>,
    post_logout_redirect_uris: Vec<&'a str>,
    pkce: &'static str,
    consent: &'static str,
    claims_in_id_token: bool,
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
            federated: settings.federated.iter().map(FederatedBody::from_identity).collect(),
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
            allowed_cidrs: settings.allowed_networks.clone().map(AllowedCidrs),
            limits: settings.limits.map(LimitsBody),
            may_exchange_to: settings.exchange_targets.iter().map(TargetBody::from_target).collect(),
            attributes: attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            redirect_uris: settings.redirect_uris.iter().map(RedirectUri::as_str).collect(),
            post_logout_redirect_uris: settings.post_logout_redirect_uris.iter().map(RedirectUri::as_str).collect(),
            pkce: settings.pkce.as_str(),
            consent: settings.consent.as_str(),
            claims_in_id_token: settings.claims_in_id_token,
            enabled: client.enabled,
        }
    }
}

/// A client in an answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrgClient"))]
pub struct ClientShown<'a> {
    #[serde(flatten)]
    client: ClientView<'a>,
    /// How it came to the org: `registered`, `self_registered` or `metadata_document`.
    origin: &'static str,
    /// The URL of the metadata document of a client that nobody has registered: its `client_id` for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_document: Option<&'a str>,
    /// When a client that has registered itself ends, unless a person lets it in before.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Rfc3339>,
    created: Rfc3339,
    updated: Rfc3339,
}

impl<'a> ClientShown<'a> {
    /// The view of a client.
    pub fn from_client(client: &'a Client) -> Self {
        let (created, updated) = (Rfc3339(client.created_at), Rfc3339(client.updated_at));
        let (origin, expires) = (client.origin.as_str(), client.origin.expires_at().map(Rfc3339));
        let metadata_document = client.document_url().map(ClientUrl::as_str);
        Self { client: ClientView::from_client(client), origin, metadata_document, expires, created, updated }
    }
}

/// A new client in an answer, the only one that has its secret, if it has one.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "NewOrgClient"))]
pub struct ClientCreated<'a> {
    #[serde(flatten)]
    client: ClientShown<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<ExposedSecret<'a>>,
}

impl<'a> ClientCreated<'a> {
    /// The view of a new client.
    pub fn new(client: &'a Client, secret: Option<&'a Secret<String>>) -> Self {
        Self { client: ClientShown::from_client(client), secret: secret.map(ExposedSecret) }
    }
}

/// The query of `GET /v1/orgs/{org}/clients`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ClientsPage {
    /// The `next` of the page before.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<super::settings::Number>"))]
    pub after: Option<ClientId>,
    /// 1 to 500, 100 if absent.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 500)))]
    pub limit: usize,
}

impl TryFrom<Parameters> for ClientsPage {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let page = Self { after: Self::after(&mut query)?, limit: query.number("limit", 1..=500)?.unwrap_or(100) };
        query.refuse_unknown()?;
        Ok(page)
    }
}

impl ClientsPage {
    /// Reads after which client a page begins.
    pub(super) fn after(query: &mut Parameters) -> Result<Option<ClientId>, Refusal> {
        const RULE: &str = "must be the number of a client: the next of the page before";
        let after = query.remove("after")?.map(|text| {
            let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
            number.and_then(|number| ClientId::from_number(number).ok()).ok_or(Refusal::invalid("after", RULE))
        });
        after.transpose()
    }
}

/// One page of clients.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrgClients"))]
pub struct ClientsView<'a> {
    clients: Vec<ClientShown<'a>>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl<'a> ClientsView<'a> {
    /// The clients of a page of at most `limit`.
    pub fn from_clients(clients: &'a [Client], limit: usize) -> Self {
        let next = clients.last().filter(|_| clients.len() == limit).map(|client| client.id.as_number());
        Self { clients: clients.iter().map(ClientShown::from_client).collect(), next }
    }
}

/// The body of `POST /v1/orgs/{org}/clients/{client_id}/secrets`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSecretRequest {
    /// For how long the newest secret before stays good: 0 to 2,592,000 seconds (30 days), a day if it is left out. 0: it ends at once.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<u32>", range(max = 2_592_000)))]
    previous_expires_in: Option<Overlap>,
}

impl NewSecretRequest {
    /// For how long the secret before stays good.
    pub fn overlap(&self) -> Seconds {
        self.previous_expires_in.map_or(SECRET_OVERLAP, |overlap| overlap.0)
    }
}

#[derive(Clone, Copy, Debug)]
struct Overlap(Seconds);

impl<'de> Deserialize<'de> for Overlap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const RULE: &str = "must be an integer from 0 to 2,592,000 (seconds: at most 30 days)";
        integer_within(deserializer, 0..=2_592_000, RULE).map(Seconds).map(Self)
    }
}

/// A secret of a client in an answer, without the secret itself.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrgClientSecret"))]
pub struct SecretView {
    id: String,
    /// Absent if it was made before this was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Rfc3339>,
    /// From then on it opens nothing; absent if it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Rfc3339>,
    /// The day (UTC) on which the token endpoint last issued a token for it; absent if that has never been noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Date>,
}

impl SecretView {
    fn from_secret(secret: &ClientSecret, uses: &CredentialUses) -> Self {
        let (created, expires_at) = (secret.created_at.map(Rfc3339), secret.expires_at.map(Rfc3339));
        Self {
            id: secret_id(secret),
            created,
            expires_at,
            last_used: uses.last_used(CredentialHash::from_sha256(&secret.hash)).map(Date),
        }
    }
}

/// The live secrets of a client, the newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrgClientSecrets"))]
pub struct SecretsView {
    secrets: Vec<SecretView>,
}

impl SecretsView {
    /// The live secrets of a client.
    pub fn from_client(client: &Client, uses: &CredentialUses, now: Timestamp) -> Self {
        Self { secrets: client.live_secrets(now).map(|secret| SecretView::from_secret(secret, uses)).collect() }
    }
}

/// A new secret of a client in an answer, the only one that has it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "NewOrgClientSecret"))]
pub struct SecretCreated<'a> {
    #[serde(flatten)]
    kept: SecretView,
    secret: ExposedSecret<'a>,
}

impl<'a> SecretCreated<'a> {
    /// The view of a new secret.
    pub fn from_new(new: &'a NewSecret) -> Self {
        Self { kept: SecretView::from_secret(&new.kept, &CredentialUses::default()), secret: ExposedSecret(&new.secret) }
    }
}
