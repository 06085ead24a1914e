//! The APIs that clients of an org get tokens for: RFC 8707, and what their metadata says (RFC 9728).

use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::Text;
use crate::domain::redirect_uri::is_web_page;
use crate::domain::scope::openid;
use crate::domain::{Audience, Invalid, OAuthSettings, ProtectedResource, Refusal, Scope};
use crate::encoding::{FromText, present};

/// An entry of `resources`: the URI of an API, or an object with what its metadata says of it.
#[derive(Clone, Debug)]
pub(super) enum ResourceBody {
    Uri(FromText<Audience>),
    Described(Box<DescribedResource>),
}

/// An API with what its metadata says of it: RFC 9728 section 2.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ProtectedResource"))]
#[serde(deny_unknown_fields)]
pub(super) struct DescribedResource {
    /// The URI by which requests name it: `https`, or `http` on the loopback interface, without fragment.
    resource: FromText<Audience>,
    /// Its name for people: 1 to 100 characters.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<FromText<Text>>,
    /// The scopes that its clients need, of those that the org supports. Left out: the org's default scopes.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<FromText<Scope>>>,
    /// The `https` or `http` URL of a page for developers, of at most 512 bytes.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    documentation: Option<FromText<Documentation>>,
    /// Whether it takes only tokens that are bound to a DPoP key. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    dpop_required: Option<bool>,
}

impl<'de> Deserialize<'de> for ResourceBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UriOrMembers;

        impl<'de> Visitor<'de> for UriOrMembers {
            type Value = ResourceBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an object")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ResourceBody, E> {
                text.parse().map(FromText).map(ResourceBody::Uri).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ResourceBody, A::Error> {
                DescribedResource::deserialize(MapAccessDeserializer::new(members)).map(Box::new).map(ResourceBody::Described)
            }
        }

        deserializer.deserialize_any(UriOrMembers)
    }
}

impl Serialize for ResourceBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Uri(uri) => uri.serialize(serializer),
            Self::Described(resource) => resource.serialize(serializer),
        }
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for ResourceBody {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Resource".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let described = generator.subschema_for::<DescribedResource>();
        schemars::json_schema!({"anyOf": [crate::api::openapi::schema_impls::plain(255), described]})
    }
}

/// The URL of a page for developers.
#[derive(Clone, Debug)]
struct Documentation(String);

impl FromStr for Documentation {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be an https or http URL of at most 512 bytes");
        if text.len() <= 512 && is_web_page(text) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

impl fmt::Display for Documentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Documentation {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "uri", "maxLength": 512, "pattern": "^https?://"})
    }
}

/// Reads the resources of an org.
pub(super) fn resources(entries: Vec<ResourceBody>, field: &'static str) -> Result<Vec<ProtectedResource>, Refusal> {
    let mut resources: Vec<ProtectedResource> = Vec::with_capacity(entries.len());
    for (n, entry) in entries.into_iter().enumerate() {
        let resource = match entry {
            ResourceBody::Uri(FromText(uri)) => ProtectedResource::from_uri(uri),
            ResourceBody::Described(described) => {
                let resource = described.into_resource();
                let is_described = resource.ensure_describable();
                is_described.map_err(|Invalid(rule)| Refusal::invalid(format!("{field}[{n}].resource"), rule))?;
                resource
            }
        };
        if resources.iter().any(|other| other.uri == resource.uri) {
            return Err(Refusal::invalid(format!("{field}[{n}]"), "must be unique"));
        }
        resources.push(resource);
    }
    Ok(resources)
}

/// Checks that clients can get the scopes that resources and strangers are given: one that the org doesn't have would be refused to all.
pub(super) fn ensure_scopes_are_supported(settings: &OAuthSettings) -> Result<(), Refusal> {
    let is_supported = |scope: &Scope| {
        openid::ALL.contains(&scope.as_str()) || settings.supported_scopes.iter().any(|supported| supported.name == *scope)
    };
    for (n, resource) in settings.resources.iter().flatten().enumerate() {
        if !resource.scopes.iter().flatten().all(is_supported) {
            return Err(Refusal::invalid(format!("settings.resources[{n}].scopes"), "must be among supported_scopes"));
        }
    }
    if !settings.strangers_scopes.iter().flatten().all(is_supported) {
        return Err(Refusal::invalid("settings.strangers_scopes", "must be among supported_scopes"));
    }
    Ok(())
}

impl DescribedResource {
    fn into_resource(self) -> ProtectedResource {
        ProtectedResource {
            uri: self.resource.0,
            name: self.name.map(|name| name.0.0),
            scopes: self.scopes.map(|scopes| scopes.into_iter().map(|scope| scope.0).collect()),
            documentation: self.documentation.map(|url| url.0.0),
            dpop_required: self.dpop_required.unwrap_or(false),
        }
    }
}

impl ResourceBody {
    /// Shows a resource as its URI where nothing else is known of it.
    pub(super) fn from_resource(resource: &ProtectedResource) -> Self {
        if resource.is_only_uri() {
            return Self::Uri(FromText(resource.uri.clone()));
        }
        Self::Described(Box::new(DescribedResource {
            resource: FromText(resource.uri.clone()),
            name: resource.name.clone().map(Text).map(FromText),
            scopes: resource.scopes.as_ref().map(|scopes| scopes.iter().cloned().map(FromText).collect()),
            documentation: resource.documentation.clone().map(Documentation).map(FromText),
            dpop_required: Some(resource.dpop_required),
        }))
    }
}
