//! Whose assertions an org takes: RFC 7523 section 2.1.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::super::jwks::Jwks;
use crate::domain::{AssertionIssuer, ClientId, Invalid, IssuerKeys, Refusal, Scope};
use crate::encoding::{FromText, Object, present};
use crate::keys::remote::Origin;

/// An entry of `assertion_issuers`: an issuer whose JWTs the org takes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AssertionIssuer"))]
#[serde(deny_unknown_fields)]
pub(in crate::api::jeton) struct AssertionIssuerBody {
    /// The `iss` of its assertions, of at most 255 characters.
    issuer: FromText<Name>,
    /// Its public keys: a JWK Set (RFC 7517 section 5). Left out: they are at `jwks_uri`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    jwks: Option<Jwks>,
    /// The `https` URL of its JWK Set, of at most 255 bytes. Left out: the keys are in `jwks`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<FromText<Location>>,
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
    /// Whether its assertions are taken at all. Default: true.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

/// The `iss` of assertions.
#[derive(Clone, Debug)]
struct Name(String);

impl FromStr for Name {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 255 characters without control characters");
        let is_name = (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if is_name { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Name {
    fn text_schema() -> schemars::Schema {
        crate::api::openapi::schema_impls::plain(255)
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
/// All issuers of an org are one record, which every assertion reads.
const MAX_KEY_SET_BYTES: usize = 65_536;

/// Issuers of which everybody can have a token, each with all below it.
const OPEN_TO_STRANGERS: &[&str] = &[
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
    "https://accounts.google.com",
    "accounts.google.com",
    "https://app.terraform.io",
    "https://agent.buildkite.com",
    "https://oidc.vercel.com",
    "https://api.bitbucket.org",
    "https://oidc.fly.io",
    "https://login.microsoftonline.com/common",
    "https://login.microsoftonline.com/organizations",
    "https://login.microsoftonline.com/consumers",
    "https://sts.windows.net/common",
];

fn is_open_to_strangers(issuer: &str) -> bool {
    let is_it = |open: &&str| issuer.strip_prefix(*open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    OPEN_TO_STRANGERS.iter().any(is_it)
}

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
        IssuerKeys::At(_) => 0,
    });
    if keys.sum::<usize>() > MAX_KEY_SET_BYTES {
        return Err(Refusal::invalid(FIELD, "must have keys of at most 65,536 bytes in all"));
    }
    Ok(issuers)
}

impl AssertionIssuerBody {
    fn try_into_issuer(self, n: usize) -> Result<AssertionIssuer, Refusal> {
        let wrong = |member: &str, rule| Err(Refusal::invalid(format!("{FIELD}[{n}]{member}"), rule));
        let keys = match (self.jwks, self.jwks_uri) {
            (Some(Jwks(set)), None) => IssuerKeys::Inline(set.into()),
            (None, Some(FromText(Location(url)))) => IssuerKeys::At(url),
            _ => return wrong("", "must have either jwks or jwks_uri"),
        };
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
        if self.any_subject == Some(true) && is_open_to_strangers(&self.issuer.0.0) {
            return wrong(
                ".any_subject",
                "must be false for an issuer of which strangers can have tokens: make its subjects members",
            );
        }
        Ok(AssertionIssuer {
            issuer: self.issuer.0.0,
            keys,
            scopes,
            clients,
            any_subject: self.any_subject.unwrap_or(false),
            refresh_tokens: self.refresh_tokens.unwrap_or(false),
            enabled: self.enabled.unwrap_or(true),
        })
    }

    pub(super) fn from_issuer(issuer: &AssertionIssuer) -> Self {
        let (jwks, jwks_uri) = match &issuer.keys {
            IssuerKeys::Inline(set) => (Some(Jwks(set.to_string())), None),
            IssuerKeys::At(url) => (None, Some(FromText(Location(url.clone())))),
        };
        Self {
            issuer: FromText(Name(issuer.issuer.clone())),
            jwks,
            jwks_uri,
            scopes: issuer.scopes.as_ref().map(|scopes| scopes.iter().cloned().map(FromText).collect()),
            clients: issuer.clients.as_ref().map(|clients| clients.iter().copied().map(Number).collect()),
            any_subject: Some(issuer.any_subject),
            refresh_tokens: Some(issuer.refresh_tokens),
            enabled: Some(issuer.enabled),
        }
    }
}
