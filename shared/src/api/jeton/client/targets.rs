//! Where a client may go on to by an exchange: RFC 8693.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::{Audience, ClientKind, Destination, ExchangeTarget, Refusal, Scope, TargetScope};
use crate::encoding::{FromText, Object};
use crate::policy::names_same_resource;

const MAX_TARGETS: usize = 50;
const MAX_SCOPES: usize = 100;
const MAX_SOURCES: usize = 20;
/// The client is read with each of its requests.
const MAX_BYTES: usize = 16_384;

/// An entry of `may_exchange_to`: where the client may go on to with a token that it was shown, and with which scopes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ExchangeTarget"))]
#[serde(deny_unknown_fields)]
pub(in crate::api::jeton) struct TargetBody {
    /// The API: one of the org's `resources`.
    resource: FromText<Audience>,
    /// The scopes that can be had there, 1 to 100 of them.
    scopes: Vec<TargetScopeBody>,
}

/// A scope that can be had at a target: its name where it goes on as it is, else an object.
#[derive(Clone, Debug)]
enum TargetScopeBody {
    Kept(FromText<Scope>),
    Led(Box<LedScope>),
}

/// A scope that can be had at a target for others.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TargetScope"))]
#[serde(deny_unknown_fields)]
struct LedScope {
    /// The scope as the target knows it.
    scope: FromText<Scope>,
    /// The scopes of which the presented token must open one, 1 to 20 of them.
    #[serde(rename = "for")]
    sources: Vec<FromText<Scope>>,
}

impl<'de> Deserialize<'de> for TargetScopeBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrMembers;

        impl<'de> Visitor<'de> for NameOrMembers {
            type Value = TargetScopeBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an object")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TargetScopeBody, E> {
                text.parse().map(FromText).map(TargetScopeBody::Kept).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<TargetScopeBody, A::Error> {
                LedScope::deserialize(MapAccessDeserializer::new(members)).map(Box::new).map(TargetScopeBody::Led)
            }
        }

        deserializer.deserialize_any(NameOrMembers)
    }
}

impl Serialize for TargetScopeBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Kept(name) => name.serialize(serializer),
            Self::Led(scope) => scope.serialize(serializer),
        }
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for TargetScopeBody {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TargetScopeOrName".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<FromText<Scope>>();
        let led = generator.subschema_for::<LedScope>();
        schemars::json_schema!({"anyOf": [name, led]})
    }
}

/// Reads the targets of a client of this kind.
pub(super) fn targets(kind: ClientKind, entries: Vec<Object<TargetBody>>) -> Result<Vec<ExchangeTarget>, Refusal> {
    if kind == ClientKind::Public && !entries.is_empty() {
        return Err(Refusal::invalid(FIELD, "must be empty for a public client: only confidential clients exchange tokens"));
    }
    if entries.len() > MAX_TARGETS {
        return Err(Refusal::invalid(FIELD, "must have at most 50 entries"));
    }
    let mut targets: Vec<ExchangeTarget> = Vec::with_capacity(entries.len());
    for (n, Object(entry)) in entries.into_iter().enumerate() {
        let target = entry.try_into_target(n)?;
        let is_there = |other: &ExchangeTarget| match (other.api(), target.api()) {
            (Some(other), Some(resource)) => names_same_resource(other, resource),
            _ => false,
        };
        if targets.iter().any(is_there) {
            return Err(Refusal::invalid(format!("{FIELD}[{n}].resource"), "must be unique"));
        }
        targets.push(target);
    }
    let names = targets.iter().flat_map(|target| &target.scopes).flat_map(|scope| scope.sources.iter().chain([&scope.name]));
    if names.map(|name| name.as_str().len()).sum::<usize>() > MAX_BYTES {
        return Err(Refusal::invalid(FIELD, "must have scopes of at most 16,384 bytes in all"));
    }
    Ok(targets)
}

const FIELD: &str = "may_exchange_to";

impl TargetBody {
    fn try_into_target(self, n: usize) -> Result<ExchangeTarget, Refusal> {
        Ok(ExchangeTarget { destination: Destination::Api(self.resource.0), scopes: scopes(self.scopes, n)? })
    }

    /// Shows a target as it was said.
    pub(in crate::api::jeton) fn from_target(target: &ExchangeTarget) -> Self {
        let scopes = target.scopes.iter().map(TargetScopeBody::from_scope).collect();
        match &target.destination {
            Destination::Api(resource) => Self { resource: FromText(resource.clone()), scopes },
        }
    }
}

impl TargetScopeBody {
    fn from_scope(scope: &TargetScope) -> Self {
        if scope.is_kept() {
            return Self::Kept(FromText(scope.name.clone()));
        }
        let sources = scope.sources.iter().cloned().map(FromText).collect();
        Self::Led(Box::new(LedScope { scope: FromText(scope.name.clone()), sources }))
    }
}

fn scopes(entries: Vec<TargetScopeBody>, n: usize) -> Result<Vec<TargetScope>, Refusal> {
    let wrong = |place: &str, rule| Err(Refusal::invalid(format!("{FIELD}[{n}].scopes{place}"), rule));
    if !(1..=MAX_SCOPES).contains(&entries.len()) {
        return wrong("", "must have 1 to 100 entries");
    }
    let mut scopes: Vec<TargetScope> = Vec::with_capacity(entries.len());
    for (at, entry) in entries.into_iter().enumerate() {
        let (scope, name_at) = match entry {
            TargetScopeBody::Kept(FromText(name)) => (TargetScope::kept(name), format!("[{at}]")),
            TargetScopeBody::Led(led) => {
                let sources = led.sources.into_iter().map(|source| source.0).collect();
                (TargetScope { name: led.scope.0, sources }, format!("[{at}].scope"))
            }
        };
        if !(1..=MAX_SOURCES).contains(&scope.sources.len()) {
            return wrong(&format!("[{at}].for"), "must have 1 to 20 entries: nothing comes from nothing");
        }
        if !is_plain(&scope.name) {
            return wrong(&name_at, RULE);
        }
        if !scope.sources.iter().all(is_plain) {
            return wrong(&format!("[{at}].for"), RULE);
        }
        if scopes.iter().any(|other| other.name == scope.name) {
            return wrong(&name_at, "must be unique");
        }
        scopes.push(scope);
    }
    Ok(scopes)
}

const RULE: &str = "must be the name of a scope: without * and ?, and none of Jeton's own (urn:jeton:)";

fn is_plain(scope: &Scope) -> bool {
    !scope.is_optional() && !scope.name().contains('*') && !scope.reaches_api()
}
