//! Key sets on the wire.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::domain::{Invalid, Refusal};
use crate::encoding::form::Parameters;
use crate::jose::jwk;

/// The query of the published key set. Parameters that it doesn't know are ignored: they only tell caches apart.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct KeySetQuery {
    /// `AKP`: the ML-DSA keys as well.
    pub kty: Option<MoreKeys>,
}

/// The types of keys that are published only to who asks for them.
#[derive(Clone, Copy, Debug)]
pub enum MoreKeys {
    /// Keys of ML-DSA: RFC 9964.
    Akp,
}

// As one value of a list: generators of clients can't read a choice of one.
#[cfg(feature = "openapi")]
impl schemars::JsonSchema for MoreKeys {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MoreKeys".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "enum": ["AKP"]})
    }
}

impl std::str::FromStr for MoreKeys {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "AKP" { Ok(Self::Akp) } else { Err(Invalid("must be AKP, or be left out")) }
    }
}

impl TryFrom<Parameters> for KeySetQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        Ok(Self { kty: query.parse("kty")? })
    }
}

/// A JWK Set of public signature keys (RFC 7517 section 5), as an object.
#[derive(Clone, Debug)]
pub(super) struct Jwks(pub(super) String);

impl<'de> Deserialize<'de> for Jwks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Value::Object(Map::deserialize(deserializer)?).to_string();
        jwk::set_from_json(text.as_bytes()).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

impl Serialize for Jwks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Jwks {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "JwkSet".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
            "required": ["keys"],
        })
    }
}
