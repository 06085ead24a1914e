//! What an org says of exchanges that go on (RFC 8693), and of what they take along (RFC 9396).

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::Text;
use crate::domain::{AuthorizationDetailsType, ChainLimit};
use crate::encoding::{FromText, integer_within, present};

/// A number of actors, 1 to 8.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActorCount(pub(super) ChainLimit);

impl<'de> Deserialize<'de> for ActorCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const RULE: &str = "must be an integer from 1 to 8 (actors)";
        let actors = integer_within(deserializer, 1..=u32::from(ChainLimit::MAX), RULE)?;
        ChainLimit::from_number(actors).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for ActorCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0.as_number())
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for ActorCount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ActorCount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 1, "maximum": ChainLimit::MAX})
    }
}

/// An entry of `authorization_details_types`: the name of the type, or an object with what becomes of such details.
#[derive(Clone, Debug)]
pub(in crate::api::jeton) enum DetailsTypeBody {
    Name(FromText<Text>),
    Described(DescribedDetailsType),
}

/// A type of authorization details with what becomes of them: RFC 9396 section 2.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationDetailsType"))]
#[serde(deny_unknown_fields)]
pub(in crate::api::jeton) struct DescribedDetailsType {
    /// The name of the type: 1 to 100 characters.
    #[serde(rename = "type")]
    name: FromText<Text>,
    /// Whether an exchange may take them on to another API. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    goes_on: Option<bool>,
}

impl DetailsTypeBody {
    pub(super) fn into_details_type(self) -> AuthorizationDetailsType {
        match self {
            Self::Name(name) => AuthorizationDetailsType::named(name.0.0),
            Self::Described(DescribedDetailsType { name, goes_on }) => {
                AuthorizationDetailsType { name: name.0.0, goes_on: goes_on.unwrap_or(false) }
            }
        }
    }

    /// Shows a type as its name where nothing else is said of it.
    pub(in crate::api::jeton) fn from_details_type(of: &AuthorizationDetailsType) -> Self {
        let name = FromText(Text(of.name.clone()));
        if of.goes_on { Self::Described(DescribedDetailsType { name, goes_on: Some(true) }) } else { Self::Name(name) }
    }
}

impl<'de> Deserialize<'de> for DetailsTypeBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrMembers;

        impl<'de> Visitor<'de> for NameOrMembers {
            type Value = DetailsTypeBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an object")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<DetailsTypeBody, E> {
                text.parse().map(FromText).map(DetailsTypeBody::Name).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<DetailsTypeBody, A::Error> {
                DescribedDetailsType::deserialize(MapAccessDeserializer::new(members)).map(DetailsTypeBody::Described)
            }
        }

        deserializer.deserialize_any(NameOrMembers)
    }
}

impl Serialize for DetailsTypeBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => name.serialize(serializer),
            Self::Described(described) => described.serialize(serializer),
        }
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for DetailsTypeBody {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DetailsType".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let described = generator.subschema_for::<DescribedDetailsType>();
        schemars::json_schema!({"anyOf": [crate::api::openapi::schema_impls::plain(100), described]})
    }
}
