//! The settings of an org on the wire. Lengths of time are in seconds.

mod issuers;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

pub(super) use self::issuers::Number;
use self::issuers::{AssertionIssuerBody, issuers};
use super::{LongText, Text};
use crate::domain::{
    Algorithm, AssertionRules, Audience, ExchangeRules, GrantType, Invalid, OAuthSettings, OrgSettings, Refusal, Scope, Seconds,
    SupportedScope,
};
use crate::encoding::{FromText, Object, present};

/// An object whose members are all optional, with no others, that is written as it is read.
macro_rules! members {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$said:meta])* $member:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$said])*
            #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
            $member: Option<$type>,)*
        }
    };
}

members! {
    /// What holds in an org. Durations are in seconds; what is left out has its default.
    struct Settings {
        /// How long an access token lives where a request says nothing. Default: 3600, or `max_token_duration` if less.
        token_duration: Length,
        /// The longest that a request can ask for. Default: 86400.
        max_token_duration: Length,
        /// How long a refresh token lives. Default: 2592000.
        refresh_token_duration: Length,
        /// Whether a refresh token stays the same when it is used. Default: that of a confidential client does.
        refresh_token_kept: bool,
        /// Whether tokens may be asked for that don't expire. Default: false.
        allow_non_expiring: bool,
        /// What signs the access tokens of OAuth clients, which then are JWTs. Default: they are opaque.
        access_token_sign_alg: FromText<Algorithm>,
        /// The scopes that OAuth clients can ask for. Default: none.
        supported_scopes: Vec<Object<SupportedScopeBody>>,
        /// Which grants there are. Default: `authorization_code`, `client_credentials`, `refresh_token`, exchange, JWT bearer.
        supported_grants: Vec<FromText<GrantType>>,
        /// Whether a new refresh token ends when the one that it replaces would have. Default: true.
        refresh_token_duration_kept: bool,
        /// Whether a refresh token that stays the same lives on with each use. Default: false.
        refresh_token_duration_reset: bool,
        /// Whether a repeated refresh gets the same successor for 60 seconds. Default: true.
        refresh_token_idempotent: bool,
        /// Whether a new token of a client ends those before of the same subject. Default: false.
        single_token_per_subject: bool,
        /// Whether an access token ends with its refresh token. Default: false.
        token_expiration_linked: bool,
        /// Whether a token must have a scope. Default: false.
        scope_required: bool,
        /// Whether errors for OAuth clients come without `error_description`. Default: false.
        error_description_omitted: bool,
        /// Whether errors for OAuth clients come without `error_uri`. Default: false.
        error_uri_omitted: bool,
        /// Where the authorization server takes token requests: what DPoP proofs and assertions are for.
        token_endpoint: FromText<Endpoint>,
        /// Who may exchange tokens, and which: RFC 8693.
        token_exchange: Object<ExchangeBody>,
        /// Which assertions are taken: RFC 7523.
        jwt_grant: Object<AssertionBody>,
        /// The resources that a client can ask a token for: RFC 8707. Default: any `https` URL or URN.
        resources: Vec<FromText<Audience>>,
        /// For whom a token is where a request names nobody. Default: for the issuer.
        default_resource: FromText<Audience>,
        /// The types of `authorization_details` that there are: RFC 9396. Default: none.
        authorization_details_types: Vec<FromText<Text>>,
        /// Whether DPoP proofs at the token endpoint need a nonce of the service: RFC 9449 section 8. Default: false.
        dpop_nonce_required: bool,
        /// Whose assertions become tokens: RFC 7523. Default: none.
        assertion_issuers: Vec<Object<AssertionIssuerBody>>,
        /// Texts by name, which others keep with the org.
        attributes: Attributes,
    }
}

members! {
    struct ExchangeBody {
        by_identifiable_clients_only: bool,
        by_confidential_clients_only: bool,
        by_permitted_clients_only: bool,
        encrypted_jwt_rejected: bool,
        unsigned_jwt_rejected: bool,
    }
}

members! {
    struct AssertionBody {
        by_identifiable_clients_only: bool,
        encrypted_jwt_rejected: bool,
        unsigned_jwt_rejected: bool,
    }
}

/// One of `supported_scopes`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "SupportedScope"))]
#[serde(deny_unknown_fields)]
pub(super) struct SupportedScopeBody {
    name: FromText<Scope>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    default: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    description: Option<FromText<LongText>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    token_duration: Option<Length>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<Length>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    attributes: Option<Attributes>,
}

/// What others keep with something, by key.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(transparent)]
pub(super) struct Attributes(BTreeMap<FromText<Text>, FromText<LongText>>);

impl Attributes {
    const MAX_ATTRIBUTES: usize = 100;

    fn from_pairs(pairs: &[(String, String)]) -> Option<Self> {
        let entry = |(key, value): &(String, String)| (FromText(Text(key.clone())), FromText(LongText(value.clone())));
        (!pairs.is_empty()).then(|| Self(pairs.iter().map(entry).collect()))
    }

    pub(super) fn try_into_pairs(self, field: &'static str) -> Result<Vec<(String, String)>, Refusal> {
        if self.0.len() > Self::MAX_ATTRIBUTES {
            return Err(Refusal::invalid(field, "must have at most 100 entries"));
        }
        Ok(self.0.into_iter().map(|(key, value)| (key.0.0, value.0.0)).collect())
    }
}

/// 1 s to 400 days.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Length(pub(super) Seconds);

impl TryFrom<u32> for Length {
    type Error = Invalid;

    fn try_from(seconds: u32) -> Result<Self, Invalid> {
        if (1..=OrgSettings::MAX_LIFETIME.0).contains(&seconds) {
            Ok(Self(Seconds(seconds)))
        } else {
            Err(Invalid("must be 1 to 34,560,000 seconds (400 days)"))
        }
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0.0)
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Length {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 1, "maximum": OrgSettings::MAX_LIFETIME.0})
    }
}

/// Where token requests go: RFC 6749 section 3.2.
#[derive(Clone, Debug)]
pub(super) struct Endpoint(String);

impl FromStr for Endpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_http = |uri: http::Uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"));
        let good = text.len() <= 255 && !text.contains('#') && text.parse().is_ok_and(is_http);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid("must be an http or https URL of at most 255 bytes, without fragment"))
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Endpoint {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "uri", "maxLength": 255, "pattern": "^https?://[^#]+$"})
    }
}

impl FromStr for Algorithm {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid(
            "must be ES256, ES384, ES512, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87, PS256, PS384, PS512, RS256, RS384 or RS512",
        );
        Self::from_name(name).ok_or(RULE)
    }
}

impl Settings {
    const MAX_LIST_ENTRIES: usize = 200;

    /// The settings, with defaults for what is absent.
    pub(super) fn try_into_settings(self) -> Result<OrgSettings, Refusal> {
        let default = OrgSettings::default();
        let length = |given: Option<Length>, default: Seconds| given.map_or(default, |length| length.0);
        let max_token_duration = length(self.max_token_duration, default.max_token_duration);
        let settings = OrgSettings {
            token_duration: self.token_duration.map(|length| length.0),
            max_token_duration,
            refresh_token_duration: length(self.refresh_token_duration, default.refresh_token_duration),
            refresh_token_kept: self.refresh_token_kept,
            allow_non_expiring: self.allow_non_expiring.unwrap_or(default.allow_non_expiring),
            oauth: self.take_oauth(default.oauth)?,
        };
        if settings.token_duration.is_some_and(|length| length > settings.max_token_duration) {
            return Err(Refusal::invalid("settings.token_duration", "must not be longer than max_token_duration"));
        }
        Ok(settings)
    }

    fn take_oauth(self, default: OAuthSettings) -> Result<OAuthSettings, Refusal> {
        let supported_grants = self.supported_grants.map(|grants| grants.into_iter().map(|grant| grant.0).collect());
        let supported_grants: Vec<GrantType> = supported_grants.unwrap_or(default.supported_grants);
        if (1..supported_grants.len()).any(|n| supported_grants[..n].contains(&supported_grants[n])) {
            return Err(Refusal::invalid("settings.supported_grants", "must have each grant once"));
        }
        Ok(OAuthSettings {
            access_token_sign_alg: self.access_token_sign_alg.map(|alg| alg.0),
            supported_scopes: scopes(self.supported_scopes.unwrap_or_default())?,
            supported_grants,
            refresh_token_duration_kept: self.refresh_token_duration_kept.unwrap_or(default.refresh_token_duration_kept),
            refresh_token_duration_reset: self.refresh_token_duration_reset.unwrap_or(default.refresh_token_duration_reset),
            refresh_token_idempotent: self.refresh_token_idempotent.unwrap_or(default.refresh_token_idempotent),
            single_token_per_subject: self.single_token_per_subject.unwrap_or(default.single_token_per_subject),
            token_expiration_linked: self.token_expiration_linked.unwrap_or(default.token_expiration_linked),
            scope_required: self.scope_required.unwrap_or(default.scope_required),
            error_description_omitted: self.error_description_omitted.unwrap_or(default.error_description_omitted),
            error_uri_omitted: self.error_uri_omitted.unwrap_or(default.error_uri_omitted),
            token_endpoint: self.token_endpoint.map(|endpoint| endpoint.0.0),
            token_exchange: self.token_exchange.unwrap_or_default().0.into(),
            jwt_grant: self.jwt_grant.unwrap_or_default().0.into(),
            resources: self.resources.map(|all| all.into_iter().map(|resource| resource.0).collect()),
            default_resource: self.default_resource.map(|resource| resource.0),
            authorization_details_types: words(self.authorization_details_types),
            dpop_nonce_required: self.dpop_nonce_required.unwrap_or(false),
            assertion_issuers: issuers(self.assertion_issuers.unwrap_or_default())?,
            attributes: self.attributes.unwrap_or_default().try_into_pairs("settings.attributes")?,
        })
    }

    /// The settings of an org, all of them.
    pub(super) fn from_settings(settings: &OrgSettings) -> Self {
        let oauth = &settings.oauth;
        Self {
            token_duration: settings.token_duration.map(Length),
            max_token_duration: Some(Length(settings.max_token_duration)),
            refresh_token_duration: Some(Length(settings.refresh_token_duration)),
            refresh_token_kept: settings.refresh_token_kept,
            allow_non_expiring: Some(settings.allow_non_expiring),
            access_token_sign_alg: oauth.access_token_sign_alg.map(FromText),
            supported_scopes: Some(oauth.supported_scopes.iter().map(SupportedScopeBody::from_scope).map(Object).collect()),
            supported_grants: Some(oauth.supported_grants.iter().copied().map(FromText).collect()),
            refresh_token_duration_kept: Some(oauth.refresh_token_duration_kept),
            refresh_token_duration_reset: Some(oauth.refresh_token_duration_reset),
            refresh_token_idempotent: Some(oauth.refresh_token_idempotent),
            single_token_per_subject: Some(oauth.single_token_per_subject),
            token_expiration_linked: Some(oauth.token_expiration_linked),
            scope_required: Some(oauth.scope_required),
            error_description_omitted: Some(oauth.error_description_omitted),
            error_uri_omitted: Some(oauth.error_uri_omitted),
            token_endpoint: oauth.token_endpoint.clone().map(Endpoint).map(FromText),
            token_exchange: Some(Object(oauth.token_exchange.into())),
            jwt_grant: Some(Object(oauth.jwt_grant.into())),
            resources: oauth.resources.as_ref().map(|all| all.iter().cloned().map(FromText).collect()),
            default_resource: oauth.default_resource.clone().map(FromText),
            authorization_details_types: Some(
                oauth.authorization_details_types.iter().cloned().map(Text).map(FromText).collect(),
            ),
            dpop_nonce_required: Some(oauth.dpop_nonce_required),
            assertion_issuers: Some(oauth.assertion_issuers.iter().map(AssertionIssuerBody::from_issuer).map(Object).collect()),
            attributes: Attributes::from_pairs(&oauth.attributes),
        }
    }
}

fn scopes(entries: Vec<Object<SupportedScopeBody>>) -> Result<Vec<SupportedScope>, Refusal> {
    const FIELD: &str = "settings.supported_scopes";
    if entries.len() > Settings::MAX_LIST_ENTRIES {
        return Err(Refusal::invalid(FIELD, "must have at most 200 entries"));
    }
    let mut scopes: Vec<SupportedScope> = Vec::with_capacity(entries.len());
    for (n, Object(entry)) in entries.into_iter().enumerate() {
        let scope = entry.try_into_scope()?;
        let wrong = |rule| Refusal::invalid(format!("{FIELD}[{n}].name"), rule);
        if scope.name.is_optional() {
            return Err(wrong("must not end with ?"));
        }
        if scopes.iter().any(|other| other.name == scope.name) {
            return Err(wrong("must be there once"));
        }
        scopes.push(scope);
    }
    Ok(scopes)
}

fn words(given: Option<Vec<FromText<Text>>>) -> Vec<String> {
    given.unwrap_or_default().into_iter().map(|word| word.0.0).collect()
}

impl SupportedScopeBody {
    fn try_into_scope(self) -> Result<SupportedScope, Refusal> {
        Ok(SupportedScope {
            name: self.name.0,
            default: self.default.unwrap_or(false),
            description: self.description.map(|text| text.0.0),
            token_duration: self.token_duration.map(|length| length.0),
            refresh_token_duration: self.refresh_token_duration.map(|length| length.0),
            attributes: self.attributes.unwrap_or_default().try_into_pairs("settings.supported_scopes.attributes")?,
        })
    }

    fn from_scope(scope: &SupportedScope) -> Self {
        Self {
            name: FromText(scope.name.clone()),
            default: Some(scope.default),
            description: scope.description.clone().map(LongText).map(FromText),
            token_duration: scope.token_duration.map(Length),
            refresh_token_duration: scope.refresh_token_duration.map(Length),
            attributes: Attributes::from_pairs(&scope.attributes),
        }
    }
}

impl From<ExchangeBody> for ExchangeRules {
    fn from(body: ExchangeBody) -> Self {
        Self {
            by_identifiable_clients_only: body.by_identifiable_clients_only.unwrap_or(false),
            by_confidential_clients_only: body.by_confidential_clients_only.unwrap_or(false),
            by_permitted_clients_only: body.by_permitted_clients_only.unwrap_or(false),
            encrypted_jwt_rejected: body.encrypted_jwt_rejected.unwrap_or(false),
            unsigned_jwt_rejected: body.unsigned_jwt_rejected.unwrap_or(false),
        }
    }
}

impl From<ExchangeRules> for ExchangeBody {
    fn from(rules: ExchangeRules) -> Self {
        Self {
            by_identifiable_clients_only: Some(rules.by_identifiable_clients_only),
            by_confidential_clients_only: Some(rules.by_confidential_clients_only),
            by_permitted_clients_only: Some(rules.by_permitted_clients_only),
            encrypted_jwt_rejected: Some(rules.encrypted_jwt_rejected),
            unsigned_jwt_rejected: Some(rules.unsigned_jwt_rejected),
        }
    }
}

impl From<AssertionBody> for AssertionRules {
    fn from(body: AssertionBody) -> Self {
        Self {
            by_identifiable_clients_only: body.by_identifiable_clients_only.unwrap_or(false),
            encrypted_jwt_rejected: body.encrypted_jwt_rejected.unwrap_or(false),
            unsigned_jwt_rejected: body.unsigned_jwt_rejected.unwrap_or(false),
        }
    }
}

impl From<AssertionRules> for AssertionBody {
    fn from(rules: AssertionRules) -> Self {
        Self {
            by_identifiable_clients_only: Some(rules.by_identifiable_clients_only),
            encrypted_jwt_rejected: Some(rules.encrypted_jwt_rejected),
            unsigned_jwt_rejected: Some(rules.unsigned_jwt_rejected),
        }
    }
}

#[cfg(test)]
mod tests;
