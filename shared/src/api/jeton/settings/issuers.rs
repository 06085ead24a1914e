//! Whose assertions an org takes: RFC 7523 section 2.1.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::conditions::{ConditionsBody, IssuerName};
use super::super::networks::AllowedCidrs;
use crate::domain::{AssertionIssuer, ClientId, Invalid, IssuerKeys, Refusal, Scope, Seconds};
use crate::encoding::{FromText, Object, integer_within, present};
use crate::jose::jwk;
use crate::keys::remote::Origin;

/// An entry of `assertion_issuers`: an issuer whose JWTs the org takes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AssertionIssuer"))]
#[serde(deny_unknown_fields)]
pub(in crate::api::jeton) struct AssertionIssuerBody {
    /// The `iss` of its assertions, of at most 255 characters; or a SPIFFE trust domain, `spiffe://` and its name.
    issuer: FromText<IssuerName>,
    /// Its public keys: a JWK Set (RFC 7517 section 5). One of `jwks`, `jwks_uri` and `discovery` must be there.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    jwks: Option<IssuerJwks>,
    /// The `https` URL of its JWK Set, of at most 255 bytes.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<FromText<Location>>,
    /// Whether its discovery document says where its keys are: `issuer` and `/.well-known/openid-configuration`. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    discovery: Option<bool>,
    /// The audiences that its assertions may be for, each of 1 to 1,000 characters: 1 to 10. Left out: the issuer of the service alone.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    audiences: Option<Vec<FromText<Audience>>>,
    /// The longest time from `iat` to `exp` of its assertions: 60 to 86,400 seconds. Default: 300.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    longest_life: Option<Life>,
    /// How long ago `iat` may be, which then must be there: 60 to 86,400 seconds. Left out: as `longest_life`, where there is an `iat`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    longest_age: Option<Life>,
    /// Whether an assertion is taken again until it expires, by whoever has it. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    reusable: Option<bool>,
    /// What each of its assertions must say, by claim: a value, or a list of 1 to 20 of which one must match.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    claims: Option<ConditionsBody>,
    /// The scopes that its assertions can open. Left out: all that the org supports.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<FromText<Scope>>>,
    /// The numbers of the clients that may present its assertions. Left out: all that have the grant.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    clients: Option<Vec<Number>>,
    /// Whether the `sub` of its assertions need not be a member of the org. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    any_subject: Option<bool>,
    /// Whether its assertions also get a refresh token. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    refresh_tokens: Option<bool>,
    /// Whether its JWTs and ID tokens can be exchanged: `subject_token` of RFC 8693. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    subject_tokens: Option<bool>,
    /// Whether its identity assertion grants (ID-JAG) are taken. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    id_jag: Option<bool>,
    /// The networks from which its assertions may be presented, in CIDR notation. Left out: from anywhere.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allowed_cidrs: Option<AllowedCidrs>,
    /// Whether its assertions are taken at all. Default: true.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

/// The keys of an issuer: a JWK Set (RFC 7517 section 5), or the bundle of a SPIFFE trust domain, as an object.
#[derive(Clone, Debug)]
struct IssuerJwks(String);

impl IssuerJwks {
    /// Checks that the keys can be used. Those of a bundle say nothing of their algorithms, and others stand between them.
    fn ensure_usable(&self, is_bundle: bool) -> Result<(), Invalid> {
        if !is_bundle {
            return jwk::set_from_json(self.0.as_bytes()).map(drop);
        }
        let keys = jwk::svid_keys_from_json(self.0.as_bytes())?;
        let is_empty = keys.iter().next().is_none();
        if is_empty { Err(Invalid("must have a key with a kid and the use jwt-svid")) } else { Ok(()) }
    }
}

impl<'de> Deserialize<'de> for IssuerJwks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::Object(Map::deserialize(deserializer)?).to_string()))
    }
}

impl Serialize for IssuerJwks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for IssuerJwks {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "JwkSet".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        super::super::jwks::Jwks::json_schema(generator)
    }
}

/// Whom an assertion may be for.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Audience(String);

/// Audiences of others: who sees a token that was made for one of them must not be able to use it here.
const AUDIENCES_OF_OTHERS: &[&str] = &[
    "sts.amazonaws.com",
    "sts.amazonaws.com.cn",
    "api://AzureADTokenExchange",
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
];
/// The same, with all that begin with them.
const PLACES_OF_OTHERS: &[&str] = &["https://iam.googleapis.com/", "//iam.googleapis.com/", "https://github.com/"];

impl FromStr for Audience {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !(1..=1_000).contains(&text.chars().count()) || text.chars().any(char::is_control) {
            return Err(Invalid("must be 1 to 1,000 characters without control characters"));
        }
        if AUDIENCES_OF_OTHERS.contains(&text) || PLACES_OF_OTHERS.iter().any(|place| text.starts_with(place)) {
            return Err(Invalid(
                "must not be the audience of somebody else: ask the platform for a token whose aud is the issuer of the service",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Audience {
    fn text_schema() -> schemars::Schema {
        crate::api::openapi::schema_impls::plain(1_000)
    }
}

/// 60 s to a day.
#[derive(Clone, Copy, Debug)]
struct Life(Seconds);

impl<'de> Deserialize<'de> for Life {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const RULE: &str = "must be an integer from 60 to 86,400 (seconds: at most a day)";
        integer_within(deserializer, 60..=AssertionIssuer::MAX_LONGEST_LIFE.0, RULE).map(Seconds).map(Self)
    }
}

impl Serialize for Life {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0.0)
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Life {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LongestLife".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 60, "maximum": AssertionIssuer::MAX_LONGEST_LIFE.0})
    }
}

/// Where a key set is.
#[derive(Clone, Debug)]
struct Location(String);

impl FromStr for Location {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be an https URL of at most 255 bytes, without fragment");
        if text.len() <= 255 && Origin::from_url(text).is_some() { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Location {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "uri", "maxLength": 255, "pattern": "^https?://[^#]+$"})
    }
}

/// The number of a client.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u64")]
pub(in crate::api::jeton) struct Number(pub(in crate::api::jeton) ClientId);

impl TryFrom<u64> for Number {
    type Error = Invalid;

    fn try_from(number: u64) -> Result<Self, Invalid> {
        ClientId::from_number(number).map(Self)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.as_number())
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClientNumber".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 1})
    }
}

const FIELD: &str = "settings.assertion_issuers";
const MAX_ISSUERS: usize = 50;
const MAX_LIST_ENTRIES: usize = 200;
const MAX_AUDIENCES: usize = 10;
/// All issuers of an org are one record, which every assertion reads.
const MAX_KEY_SET_BYTES: usize = 65_536;

/// The issuers of an org.
pub(super) fn issuers(entries: Vec<Object<AssertionIssuerBody>>) -> Result<Vec<AssertionIssuer>, Refusal> {
    if entries.len() > MAX_ISSUERS {
        return Err(Refusal::invalid(FIELD, "must have at most 50 entries"));
    }
    let mut issuers: Vec<AssertionIssuer> = Vec::with_capacity(entries.len());
    for (n, Object(entry)) in entries.into_iter().enumerate() {
        let issuer = entry.try_into_issuer(n)?;
        if issuers.iter().any(|other| other.issuer == issuer.issuer) {
            return Err(Refusal::invalid(format!("{FIELD}[{n}].issuer"), "must be unique"));
        }
        issuers.push(issuer);
    }
    let keys = issuers.iter().map(|issuer| match &issuer.keys {
        IssuerKeys::Inline(jwks) => jwks.len(),
        IssuerKeys::At(_) | IssuerKeys::Discovery => 0,
    });
    if keys.sum::<usize>() > MAX_KEY_SET_BYTES {
        return Err(Refusal::invalid(FIELD, "must have keys of at most 65,536 bytes in all"));
    }
    Ok(issuers)
}

impl AssertionIssuerBody {
    fn try_into_issuer(self, n: usize) -> Result<AssertionIssuer, Refusal> {
        let wrong = |member: &str, rule| Err(Refusal::invalid(format!("{FIELD}[{n}]{member}"), rule));
        let name = self.issuer.0.0;
        let keys = match (self.jwks, self.jwks_uri, self.discovery.unwrap_or(false)) {
            (Some(set), None, false) => {
                let checked = set.ensure_usable(name.starts_with(AssertionIssuer::SPIFFE_SCHEME));
                checked.map_err(|Invalid(rule)| Refusal::invalid(format!("{FIELD}[{n}].jwks"), rule))?;
                IssuerKeys::Inline(set.0.into())
            }
            (None, Some(FromText(Location(url))), false) => IssuerKeys::At(url),
            (None, None, true) if name.starts_with(AssertionIssuer::SPIFFE_SCHEME) => {
                return wrong(".discovery", "must be false for a SPIFFE trust domain: jwks_uri is the URL of its bundle");
            }
            (None, None, true) if Origin::from_url(&AssertionIssuer::discovery_url(&name)).is_none() => {
                return wrong(".discovery", "needs an issuer that is an https URL");
            }
            (None, None, true) => IssuerKeys::Discovery,
            _ => return wrong("", "must have one of jwks, jwks_uri and discovery"),
        };
        let audiences: Option<Vec<String>> = self.audiences.map(|all| all.into_iter().map(|audience| audience.0.0).collect());
        if audiences.as_ref().is_some_and(|audiences| !(1..=MAX_AUDIENCES).contains(&audiences.len())) {
            return wrong(".audiences", "must have 1 to 10 entries");
        }
        let claims = self.claims.map(|claims| claims.try_into_conditions(&format!("{FIELD}[{n}].claims"), None)).transpose()?;
        let scopes: Option<Vec<Scope>> = self.scopes.map(|scopes| scopes.into_iter().map(|scope| scope.0).collect());
        let clients: Option<Vec<ClientId>> = self.clients.map(|clients| clients.into_iter().map(|client| client.0).collect());
        if scopes.iter().flatten().any(Scope::is_optional) {
            return wrong(".scopes", "must not end with ?");
        }
        if scopes.as_ref().is_some_and(|scopes| scopes.len() > MAX_LIST_ENTRIES) {
            return wrong(".scopes", "must have at most 200 entries");
        }
        if clients.as_ref().is_some_and(|clients| clients.len() > MAX_LIST_ENTRIES) {
            return wrong(".clients", "must have at most 200 entries");
        }
        let issuer = AssertionIssuer {
            audiences,
            longest_life: self.longest_life.map_or(AssertionIssuer::DEFAULT_LONGEST_LIFE, |life| life.0),
            longest_age: self.longest_age.map(|age| age.0),
            reusable: self.reusable.unwrap_or(false),
            claims: claims.unwrap_or_default(),
            scopes,
            clients,
            any_subject: self.any_subject.unwrap_or(false),
            refresh_tokens: self.refresh_tokens.unwrap_or(false),
            subject_tokens: self.subject_tokens.unwrap_or(false),
            id_jag: self.id_jag.unwrap_or(false),
            allowed_networks: self.allowed_cidrs.map(|cidrs| cidrs.0),
            enabled: self.enabled.unwrap_or(true),
            ..AssertionIssuer::new(name, keys)
        };
        issuer.ensure_strangers_are_kept_out(&format!("{FIELD}[{n}].claims"))?;
        Ok(issuer)
    }

    pub(super) fn from_issuer(issuer: &AssertionIssuer) -> Self {
        let (jwks, jwks_uri, discovery) = match &issuer.keys {
            IssuerKeys::Inline(set) => (Some(IssuerJwks(set.to_string())), None, None),
            IssuerKeys::At(url) => (None, Some(FromText(Location(url.clone()))), None),
            IssuerKeys::Discovery => (None, None, Some(true)),
        };
        Self {
            issuer: FromText(IssuerName(issuer.issuer.clone())),
            jwks,
            jwks_uri,
            discovery,
            audiences: issuer.audiences.as_ref().map(|all| all.iter().cloned().map(Audience).map(FromText).collect()),
            longest_life: Some(Life(issuer.longest_life)),
            longest_age: issuer.longest_age.map(Life),
            reusable: Some(issuer.reusable),
            claims: ConditionsBody::from_conditions(&issuer.claims),
            scopes: issuer.scopes.as_ref().map(|scopes| scopes.iter().cloned().map(FromText).collect()),
            clients: issuer.clients.as_ref().map(|clients| clients.iter().copied().map(Number).collect()),
            any_subject: Some(issuer.any_subject),
            refresh_tokens: Some(issuer.refresh_tokens),
            subject_tokens: Some(issuer.subject_tokens),
            id_jag: Some(issuer.id_jag),
            allowed_cidrs: issuer.allowed_networks.clone().map(AllowedCidrs),
            enabled: Some(issuer.enabled),
        }
    }
}
