//! Conditions on the claims of assertions, and the identities of clients at the platforms that make them.

use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::coded::{self, Coded, parse_text};
use crate::domain::{AllowedNetworks, ClaimCondition, ClaimName, ClaimPattern, FederatedIdentity, TextPattern};

coded::records!(ClaimCondition as ConditionBody, FederatedIdentity as IdentityBody);

#[derive(Deserialize, Serialize)]
#[serde(remote = "ClaimCondition")]
struct ConditionBody {
    #[serde(rename = "n", with = "coded")]
    claim: ClaimName,
    #[serde(rename = "v", with = "coded")]
    values: Vec<ClaimPattern>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "FederatedIdentity")]
struct IdentityBody {
    #[serde(rename = "i")]
    issuer: String,
    #[serde(rename = "s", with = "coded")]
    subject: TextPattern,
    #[serde(rename = "m", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ClaimCondition>,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    allowed_networks: Option<AllowedNetworks>,
}

impl Coded for ClaimName {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_text(from, str::parse)
    }
}

impl Coded for TextPattern {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_text(from, str::parse)
    }
}

/// Each as JSON has it: a text, an integer or a boolean.
impl Coded for ClaimPattern {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.encode(to),
            Self::Integer(number) => to.serialize_i64(*number),
            Self::Flag(flag) => to.serialize_bool(*flag),
        }
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Value;

        impl Visitor<'_> for Value {
            type Value = ClaimPattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, an integer or a boolean")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ClaimPattern, E> {
                text.parse().map(ClaimPattern::Text).map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<ClaimPattern, E> {
                Ok(ClaimPattern::Integer(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<ClaimPattern, E> {
                i64::try_from(number).map(ClaimPattern::Integer).map_err(E::custom)
            }

            fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<ClaimPattern, E> {
                Ok(ClaimPattern::Flag(flag))
            }
        }

        from.deserialize_any(Value).map_err(D::Error::custom)
    }
}
