//! Clients of a seed file.

use serde::Deserialize;

use super::{Sha256, Text, secrets};
use crate::admin::clients::ClientDraft;
use crate::api::jeton::client::PutClient;
use crate::api::jeton::client::body::{Alias, ClientJwks, Subject};
use crate::api::jeton::client::targets::TargetBody;
use crate::api::jeton::conditions::FederatedBody;
use crate::api::jeton::limits::LimitsBody;
use crate::api::jeton::networks::AllowedCidrs;
use crate::api::jeton::settings::{Attributes, Length, Number};
use crate::domain::{
    AccessTokenForm, Audience, ClientAuthMethod, ClientId, ClientKind, ClientSettings, Consent, GrantType, OrgId, Pkce,
    RedirectUri, Refusal, Scope,
};
use crate::encoding::{FromText, Object, ReadOnly, present};

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
    federated: Option<Vec<FederatedBody>>,
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
    #[serde(default)]
    may_exchange_to: Vec<Object<TargetBody>>,
    #[serde(default, deserialize_with = "present")]
    allowed_cidrs: Option<AllowedCidrs>,
    #[serde(default, deserialize_with = "present")]
    limits: Option<LimitsBody>,
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
    #[serde(default)]
    redirect_uris: Vec<FromText<RedirectUri>>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<FromText<RedirectUri>>,
    #[serde(default, deserialize_with = "present")]
    pkce: Option<FromText<Pkce>>,
    #[serde(default, deserialize_with = "present")]
    consent: Option<FromText<Consent>>,
    #[serde(default, deserialize_with = "present")]
    claims_in_id_token: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
}

impl RawClient {
    pub(super) fn try_into_client(self) -> Result<SeedClient, Refusal> {
        let (FromText(org), Number(id)) = (self.org, self.id);
        let said = PutClient {
            org: None,
            id: None,
            alias: self.alias,
            name: self.name,
            kind: self.kind,
            auth_method: self.auth_method,
            grants: self.grants,
            scopes: self.scopes,
            jwks: self.jwks,
            federated: self.federated,
            token_duration: self.token_duration,
            refresh_token_duration: self.refresh_token_duration,
            single_token_per_subject: self.single_token_per_subject,
            certificate_bound_tokens: self.certificate_bound_tokens,
            may_exchange_tokens: self.may_exchange_tokens,
            allowed_cidrs: self.allowed_cidrs,
            limits: self.limits,
            may_exchange_to: self.may_exchange_to,
            dpop_bound_tokens: self.dpop_bound_tokens,
            certificate_subject: self.certificate_subject,
            access_token_form: self.access_token_form,
            resources: self.resources,
            attributes: self.attributes,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            pkce: self.pkce,
            consent: self.consent,
            claims_in_id_token: self.claims_in_id_token,
            enabled: self.enabled,
            _origin: ReadOnly,
            _metadata_document: ReadOnly,
            _expires: ReadOnly,
            _created: ReadOnly,
            _updated: ReadOnly,
        };
        let ClientDraft { settings, enabled } = said.try_into_draft(&org)?;
        let secrets = secrets(self.secrets_sha256)?;
        Ok(SeedClient { org, id, settings, secrets, enabled })
    }
}
