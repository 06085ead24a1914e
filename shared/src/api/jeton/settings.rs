//! The settings of an org on the wire. Lengths of time are in seconds.

mod api_keys;
pub(super) mod exchange;
mod issuers;
mod resources;
mod strangers;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::api_keys::ApiKeysBody;
use self::exchange::{ActorCount, DetailsTypeBody};
pub(super) use self::issuers::Number;
use self::issuers::{AssertionIssuerBody, issuers};
use self::resources::{ResourceBody, ensure_scopes_are_supported, resources};
use self::strangers::{ClientMetadataDocumentsBody, OpenRegistrationBody};
use super::{LongText, Text};
use crate::domain::{
    Algorithm, ApiKeyRules, AssertionIssuer, AssertionRules, AssertionSettings, Audience, AuthorizationDetailsType, ChainLimit,
    ClientDocumentRules, DeliveryMode, ExchangeRules, GrantType, Invalid, LoginUrl, OAuthSettings, OpenRegistration, OrgSettings,
    ProtectedResource, Refusal, Scope, Seconds, SupportedScope, org_settings,
};
use crate::encoding::{FromText, Object, integer_within, present};

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

/// How a setting of this type is written in JSON. What is absent has its default, so no setting is required.
trait SettingValue: Sized {
    /// The value of the member.
    type Body;

    /// Reads a value that is there. `field` is where it is, for the refusal.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what the body's own type can't rule out, such as a value that is there twice.
    fn try_from_body(body: Self::Body, field: &'static str) -> Result<Self, Refusal>;

    /// The value to show. `None`: the member is left out.
    fn to_body(&self) -> Option<Self::Body>;

    /// Reads a value if it is there; `default` stands for what is absent.
    ///
    /// # Errors
    /// Those of [`SettingValue::try_from_body`].
    fn try_from_member(body: Option<Self::Body>, default: Self, field: &'static str) -> Result<Self, Refusal> {
        body.map_or(Ok(default), |body| Self::try_from_body(body, field))
    }
}

/// Makes the body of the settings from their table, with its conversions.
macro_rules! settings_body {
    (
        { $($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)* }
        oauth { $($(#[$oauth_doc:meta])* $oauth_name:ident: $oauth_type:ty = $oauth_default:expr;)* }
        assertions { $($(#[$assertion_doc:meta])* $assertion_name:ident: $assertion_type:ty = $assertion_default:expr;)* }
    ) => {
        members! {
            /// What holds in an org. Durations are in seconds; what is left out has its default.
            struct Settings {
                $($(#[$doc])* $name: <$type as SettingValue>::Body,)*
                $($(#[$oauth_doc])* $oauth_name: <$oauth_type as SettingValue>::Body,)*
                $($(#[$assertion_doc])* $assertion_name: <$assertion_type as SettingValue>::Body,)*
            }
        }

        impl Settings {
            /// Reads each setting by itself, with its default where it is absent.
            fn try_into_each(self) -> Result<(OrgSettings, AssertionSettings), Refusal> {
                let OrgSettings { $($name,)* oauth } = OrgSettings::default();
                let assertions = AssertionSettings::default();
                let settings = OrgSettings {
                    $($name: SettingValue::try_from_member(self.$name, $name, concat!("settings.", stringify!($name)))?,)*
                    oauth: OAuthSettings {
                        $($oauth_name: SettingValue::try_from_member(
                            self.$oauth_name,
                            oauth.$oauth_name,
                            concat!("settings.", stringify!($oauth_name)),
                        )?,)*
                    },
                };
                let assertions = AssertionSettings {
                    $($assertion_name: SettingValue::try_from_member(
                        self.$assertion_name,
                        assertions.$assertion_name,
                        concat!("settings.", stringify!($assertion_name)),
                    )?,)*
                };
                Ok((settings, assertions))
            }

            /// The settings of an org, all of them.
            pub(super) fn from_settings(settings: &OrgSettings, assertions: &AssertionSettings) -> Self {
                Self {
                    $($name: settings.$name.to_body(),)*
                    $($oauth_name: settings.oauth.$oauth_name.to_body(),)*
                    $($assertion_name: assertions.$assertion_name.to_body(),)*
                }
            }
        }
    };
}

org_settings!(settings_body);

members! {
    /// Who may exchange tokens, and which: RFC 8693.
    struct ExchangeBody {
        /// Whether a client must name itself. Default: false.
        by_identifiable_clients_only: bool,
        /// Whether a client must be confidential. Default: false.
        by_confidential_clients_only: bool,
        /// Whether a client must have a permit of its own, `may_exchange_tokens`. Default: false.
        by_permitted_clients_only: bool,
        /// Whether encrypted JWTs are refused. Default: false.
        encrypted_jwt_rejected: bool,
        /// Whether JWTs without a signature are refused. Default: false.
        unsigned_jwt_rejected: bool,
    }
}

members! {
    /// Which assertions are taken for a grant: RFC 7523 section 2.1.
    struct AssertionBody {
        /// Whether a client must name itself. Default: false.
        by_identifiable_clients_only: bool,
        /// Whether encrypted assertions are refused. Default: false.
        encrypted_jwt_rejected: bool,
        /// Whether assertions without a signature are refused. Default: false.
        unsigned_jwt_rejected: bool,
    }
}

/// An entry of `supported_scopes`: a scope with its lifetimes and attributes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "SupportedScope"))]
#[serde(deny_unknown_fields)]
pub(super) struct SupportedScopeBody {
    /// The scope, as token requests name it.
    name: FromText<Scope>,
    /// Whether a token request that names no scope gets it. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    default: Option<bool>,
    /// What the scope stands for, for people.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    description: Option<FromText<LongText>>,
    /// The longest lifetime of access tokens with it, in seconds. Left out: it sets no limit.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    token_duration: Option<Length>,
    /// The longest lifetime of refresh tokens with it, in seconds. Left out: it sets no limit.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<Length>,
    /// Texts by name, which the service keeps and does not use.
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Length(pub(super) Seconds);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const RULE: &str = "must be an integer from 1 to 34,560,000 (seconds: at most 400 days)";
        integer_within(deserializer, 1..=OrgSettings::MAX_LIFETIME.0, RULE).map(Seconds).map(Self)
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

impl Settings {
    const MAX_LIST_ENTRIES: usize = 200;

    /// The settings, with defaults for what is absent.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a setting that can't be as it is, or not beside another one.
    pub(super) fn try_into_settings(self) -> Result<(OrgSettings, AssertionSettings), Refusal> {
        let (settings, assertions) = self.try_into_each()?;
        if settings.token_duration.is_some_and(|length| length > settings.max_token_duration) {
            return Err(Refusal::invalid("settings.token_duration", "must not be longer than max_token_duration"));
        }
        let OAuthSettings { authorization_duration, code_duration, pushed_request_duration, .. } = &settings.oauth;
        let OAuthSettings { device_code_duration, device_poll_interval, id_token_duration, .. } = &settings.oauth;
        let OAuthSettings { ciba_request_duration, ciba_poll_interval, .. } = &settings.oauth;
        for (length, range, field, rule) in [
            (
                settings.refresh_token_retry_seconds,
                1..=3_600,
                "settings.refresh_token_retry_seconds",
                "must be an integer from 1 to 3,600 (seconds)",
            ),
            (
                *authorization_duration,
                60..=3_600,
                "settings.authorization_duration",
                "must be an integer from 60 to 3,600 (seconds)",
            ),
            (*code_duration, 10..=600, "settings.code_duration", "must be an integer from 10 to 600 (seconds)"),
            (*pushed_request_duration, 5..=600, "settings.pushed_request_duration", "must be an integer from 5 to 600 (seconds)"),
            (*device_code_duration, 60..=1_800, "settings.device_code_duration", "must be an integer from 60 to 1,800 (seconds)"),
            (*device_poll_interval, 1..=60, "settings.device_poll_interval", "must be an integer from 1 to 60 (seconds)"),
            (
                *ciba_request_duration,
                60..=1_800,
                "settings.ciba_request_duration",
                "must be an integer from 60 to 1,800 (seconds)",
            ),
            (*ciba_poll_interval, 1..=60, "settings.ciba_poll_interval", "must be an integer from 1 to 60 (seconds)"),
            (*id_token_duration, 60..=86_400, "settings.id_token_duration", "must be an integer from 60 to 86,400 (seconds)"),
        ] {
            if !range.contains(&length.0) {
                return Err(Refusal::invalid(field, rule));
            }
        }
        ensure_scopes_are_supported(&settings.oauth)?;
        Ok((settings, assertions))
    }
}

impl SettingValue for bool {
    type Body = Self;

    fn try_from_body(body: Self, _: &'static str) -> Result<Self, Refusal> {
        Ok(body)
    }

    fn to_body(&self) -> Option<Self> {
        Some(*self)
    }
}

impl SettingValue for Seconds {
    type Body = Length;

    fn try_from_body(body: Length, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0)
    }

    fn to_body(&self) -> Option<Length> {
        Some(Length(*self))
    }
}

/// `None` is what the member's absence means.
impl<T: SettingValue> SettingValue for Option<T> {
    type Body = T::Body;

    fn try_from_body(body: T::Body, field: &'static str) -> Result<Self, Refusal> {
        T::try_from_body(body, field).map(Some)
    }

    fn to_body(&self) -> Option<T::Body> {
        self.as_ref().and_then(T::to_body)
    }
}

impl SettingValue for Algorithm {
    type Body = FromText<Self>;

    fn try_from_body(body: FromText<Self>, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0)
    }

    fn to_body(&self) -> Option<FromText<Self>> {
        Some(FromText(*self))
    }
}

/// The one text by itself among the settings is the token endpoint.
impl SettingValue for String {
    type Body = FromText<Endpoint>;

    fn try_from_body(body: FromText<Endpoint>, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0.0)
    }

    fn to_body(&self) -> Option<FromText<Endpoint>> {
        Some(FromText(Endpoint(self.clone())))
    }
}

impl SettingValue for LoginUrl {
    type Body = FromText<Self>;

    fn try_from_body(body: FromText<Self>, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0)
    }

    fn to_body(&self) -> Option<FromText<Self>> {
        Some(FromText(self.clone()))
    }
}

impl SettingValue for Audience {
    type Body = FromText<Self>;

    fn try_from_body(body: FromText<Self>, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0)
    }

    fn to_body(&self) -> Option<FromText<Self>> {
        Some(FromText(self.clone()))
    }
}

impl SettingValue for Vec<ProtectedResource> {
    type Body = Vec<ResourceBody>;

    fn try_from_body(body: Self::Body, field: &'static str) -> Result<Self, Refusal> {
        resources(body, field)
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(self.iter().map(ResourceBody::from_resource).collect())
    }
}

impl SettingValue for ClientDocumentRules {
    type Body = Object<ClientMetadataDocumentsBody>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0.into())
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(Object(self.clone().into()))
    }
}

impl SettingValue for ApiKeyRules {
    type Body = Object<ApiKeysBody>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        body.0.try_into_rules()
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(Object(ApiKeysBody::from_rules(*self)))
    }
}

impl SettingValue for OpenRegistration {
    type Body = Object<OpenRegistrationBody>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0.into())
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(Object(self.clone().into()))
    }
}

impl SettingValue for Vec<Scope> {
    type Body = Vec<FromText<Scope>>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.into_iter().map(|scope| scope.0).collect())
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(self.iter().cloned().map(FromText).collect())
    }
}

impl SettingValue for Vec<GrantType> {
    type Body = Vec<FromText<GrantType>>;

    fn try_from_body(body: Self::Body, field: &'static str) -> Result<Self, Refusal> {
        let grants: Self = body.into_iter().map(|grant| grant.0).collect();
        if (1..grants.len()).any(|n| grants[..n].contains(&grants[n])) {
            return Err(Refusal::invalid(field, "must have each grant once"));
        }
        Ok(grants)
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(self.iter().copied().map(FromText).collect())
    }
}

impl SettingValue for Vec<DeliveryMode> {
    type Body = Vec<FromText<DeliveryMode>>;

    fn try_from_body(body: Self::Body, field: &'static str) -> Result<Self, Refusal> {
        let modes: Self = body.into_iter().map(|mode| mode.0).collect();
        if !modes.iter().all(|mode| mode.is_served()) {
            return Err(Refusal::invalid(field, "must be of poll and ping: push is not served"));
        }
        if (1..modes.len()).any(|n| modes[..n].contains(&modes[n])) {
            return Err(Refusal::invalid(field, "must have each mode once"));
        }
        Ok(modes)
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(self.iter().copied().map(FromText).collect())
    }
}

impl SettingValue for Vec<SupportedScope> {
    type Body = Vec<Object<SupportedScopeBody>>;

    fn try_from_body(body: Self::Body, field: &'static str) -> Result<Self, Refusal> {
        scopes(body, field)
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(self.iter().map(SupportedScopeBody::from_scope).map(Object).collect())
    }
}

impl SettingValue for Vec<AuthorizationDetailsType> {
    type Body = Vec<DetailsTypeBody>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.into_iter().map(DetailsTypeBody::into_details_type).collect())
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(self.iter().map(DetailsTypeBody::from_details_type).collect())
    }
}

impl SettingValue for ChainLimit {
    type Body = ActorCount;

    fn try_from_body(body: ActorCount, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0)
    }

    fn to_body(&self) -> Option<ActorCount> {
        Some(ActorCount(*self))
    }
}

impl SettingValue for ExchangeRules {
    type Body = Object<ExchangeBody>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0.into())
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(Object((*self).into()))
    }
}

impl SettingValue for AssertionRules {
    type Body = Object<AssertionBody>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        Ok(body.0.into())
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(Object((*self).into()))
    }
}

impl SettingValue for Vec<AssertionIssuer> {
    type Body = Vec<Object<AssertionIssuerBody>>;

    fn try_from_body(body: Self::Body, _: &'static str) -> Result<Self, Refusal> {
        issuers(body)
    }

    fn to_body(&self) -> Option<Self::Body> {
        Some(self.iter().map(AssertionIssuerBody::from_issuer).map(Object).collect())
    }
}

impl SettingValue for Vec<(String, String)> {
    type Body = Attributes;

    fn try_from_body(body: Attributes, field: &'static str) -> Result<Self, Refusal> {
        body.try_into_pairs(field)
    }

    fn to_body(&self) -> Option<Attributes> {
        Attributes::from_pairs(self)
    }
}

fn scopes(entries: Vec<Object<SupportedScopeBody>>, field: &'static str) -> Result<Vec<SupportedScope>, Refusal> {
    if entries.len() > Settings::MAX_LIST_ENTRIES {
        return Err(Refusal::invalid(field, "must have at most 200 entries"));
    }
    let mut scopes: Vec<SupportedScope> = Vec::with_capacity(entries.len());
    for (n, Object(entry)) in entries.into_iter().enumerate() {
        let scope = entry.try_into_scope()?;
        let wrong = |rule| Refusal::invalid(format!("{field}[{n}].name"), rule);
        if scope.name.is_optional() {
            return Err(wrong("must not end with ?"));
        }
        if scopes.iter().any(|other| other.name == scope.name) {
            return Err(wrong("must be unique"));
        }
        scopes.push(scope);
    }
    Ok(scopes)
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
