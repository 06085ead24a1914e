//! Where a client may go on to by an exchange: RFC 8693.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api::jeton::settings::Length;
use crate::domain::{
    Audience, AuthorizationServer, ClientKind, Destination, DomainGrantType, ExchangeTarget, GrantSubject, Refusal, Scope,
    TargetScope,
};
use crate::encoding::{FromText, Object, present};
use crate::policy::names_same_resource;

const MAX_TARGETS: usize = 50;
const MAX_SCOPES: usize = 100;
const MAX_SOURCES: usize = 20;
const MAX_RESOURCES: usize = 20;
/// The client is read with each of its requests.
const MAX_BYTES: usize = 16_384;

/// An entry of `may_exchange_to`: where the client may go on to with a token that it was shown, and with which scopes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ExchangeTarget"))]
#[serde(deny_unknown_fields)]
pub(in crate::api::jeton) struct TargetBody {
    /// The API: one of the org's `resources`. Left out: it is an authorization server.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    resource: Option<FromText<Audience>>,
    /// The issuer identifier of another authorization server, which gets grants: their `aud`, letter by letter. Left out: it is an API.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    authorization_server: Option<FromText<Audience>>,
    /// The scopes that can be had there, 1 to 100 of them.
    scopes: Vec<TargetScopeBody>,
    /// What the authorization server takes: `jwt` or `id-jag`. Default: `jwt`.
    #[serde(default, deserialize_with = "present", rename = "type", skip_serializing_if = "Option::is_none")]
    grant_type: Option<FromText<DomainGrantType>>,
    /// What the client is called at the authorization server: 1 to 255 characters. Required for `id-jag`, and only there.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    client_id: Option<FromText<Audience>>,
    /// The APIs behind the authorization server that the client may ask for, 1 to 20 of them. Required for `id-jag`, and only there.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<FromText<Audience>>>,
    /// How the authorization server is told of whom a grant is: `sub`, `email` (of the member's profile) or `pairwise`. Default: `sub`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    subject: Option<FromText<GrantSubject>>,
    /// How long a grant is good: 10 to 300 seconds (default 60), for `id-jag` 60 to 300 (default 300).
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    duration: Option<Length>,
    /// Whether the authorization server is told who acts for the subject. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    actors: Option<bool>,
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
        let is_there = |other: &ExchangeTarget| match (&other.destination, &target.destination) {
            (Destination::Api(other), Destination::Api(resource)) => names_same_resource(other, resource),
            (Destination::Server(other), Destination::Server(server)) => {
                (&other.issuer, other.grant_type) == (&server.issuer, server.grant_type)
            }
            (Destination::Api(_), Destination::Server(_)) | (Destination::Server(_), Destination::Api(_)) => false,
        };
        if targets.iter().any(is_there) {
            let (member, rule) = match target.destination {
                Destination::Api(_) => ("resource", "must be unique"),
                Destination::Server(_) => ("authorization_server", "must be unique, together with type"),
            };
            return Err(Refusal::invalid(format!("{FIELD}[{n}].{member}"), rule));
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
    fn try_into_target(mut self, n: usize) -> Result<ExchangeTarget, Refusal> {
        let wrong = |member: &str, rule| Err(Refusal::invalid(format!("{FIELD}[{n}]{member}"), rule));
        let scopes = scopes(std::mem::take(&mut self.scopes), n)?;
        let destination = match (&self.resource, &self.authorization_server) {
            (Some(FromText(resource)), None) => {
                if let Some(member) = self.first_of_server() {
                    return wrong(member, "must stand beside authorization_server, not beside resource");
                }
                Destination::Api(resource.clone())
            }
            (None, Some(FromText(issuer))) => {
                let issuer = issuer.clone();
                Destination::Server(Box::new(self.try_into_server(issuer, n)?))
            }
            (Some(_), Some(_)) | (None, None) => return wrong("", "must have either resource or authorization_server"),
        };
        Ok(ExchangeTarget { destination, scopes })
    }

    /// The first member that says something of an authorization server.
    fn first_of_server(&self) -> Option<&'static str> {
        [
            (".type", self.grant_type.is_some()),
            (".client_id", self.client_id.is_some()),
            (".resources", self.resources.is_some()),
            (".subject", self.subject.is_some()),
            (".duration", self.duration.is_some()),
            (".actors", self.actors.is_some()),
        ]
        .into_iter()
        .find_map(|(member, is_there)| is_there.then_some(member))
    }

    fn try_into_server(self, issuer: Audience, n: usize) -> Result<AuthorizationServer, Refusal> {
        let wrong = |member: &str, rule| Err(Refusal::invalid(format!("{FIELD}[{n}].{member}"), rule));
        let grant_type = self.grant_type.map_or(DomainGrantType::Jwt, |kind| kind.0);
        let duration = self.duration.map_or(grant_type.usual_duration(), |length| length.0);
        let resources: Vec<_> = self.resources.into_iter().flatten().map(|resource| resource.0).collect();
        match grant_type {
            DomainGrantType::Jwt => {
                if self.client_id.is_some() {
                    return wrong("client_id", "must be left out for a jwt, which names no client");
                }
                if !resources.is_empty() {
                    return wrong("resources", "must be left out for a jwt, which names no API");
                }
                if !(10..=300).contains(&duration.0) {
                    return wrong("duration", "must be an integer from 10 to 300 (seconds)");
                }
            }
            DomainGrantType::IdJag => {
                if self.client_id.is_none() {
                    return wrong("client_id", "is required for id-jag: what the client is called at the authorization server");
                }
                if !(1..=MAX_RESOURCES).contains(&resources.len()) {
                    return wrong("resources", "must have 1 to 20 entries for id-jag");
                }
                if !(60..=300).contains(&duration.0) {
                    return wrong("duration", "must be an integer from 60 to 300 (seconds)");
                }
            }
        }
        Ok(AuthorizationServer {
            issuer,
            grant_type,
            client_id: self.client_id.map(|name| name.0.as_str().to_owned()),
            resources,
            subject: self.subject.map_or(GrantSubject::Sub, |subject| subject.0),
            duration,
            actors: self.actors.unwrap_or(false),
        })
    }

    /// Shows a target as it was said.
    pub(in crate::api::jeton) fn from_target(target: &ExchangeTarget) -> Self {
        let scopes = target.scopes.iter().map(TargetScopeBody::from_scope).collect();
        match &target.destination {
            Destination::Api(resource) => Self::of_api(resource, scopes),
            Destination::Server(server) => Self::of_server(server, scopes),
        }
    }

    fn of_api(resource: &Audience, scopes: Vec<TargetScopeBody>) -> Self {
        Self {
            resource: Some(FromText(resource.clone())),
            authorization_server: None,
            scopes,
            grant_type: None,
            client_id: None,
            resources: None,
            subject: None,
            duration: None,
            actors: None,
        }
    }

    fn of_server(server: &AuthorizationServer, scopes: Vec<TargetScopeBody>) -> Self {
        let resources: Vec<_> = server.resources.iter().cloned().map(FromText).collect();
        Self {
            resource: None,
            authorization_server: Some(FromText(server.issuer.clone())),
            scopes,
            grant_type: Some(FromText(server.grant_type)),
            client_id: server.client_id.as_deref().and_then(|name| Audience::parse(name).ok()).map(FromText),
            resources: (!resources.is_empty()).then_some(resources),
            subject: Some(FromText(server.subject)),
            duration: Some(Length(server.duration)),
            actors: Some(server.actors),
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
