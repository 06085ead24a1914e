//! How the words of the domain are spelled in a body: `#[serde(with = "coded")]` for all of them.
//!
//! The domain knows no serde, and going through strings would cost an allocation for each name in each record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::domain::{
    AccessTokenForm, Algorithm, AllowedNetworks, ApiKeyKind, App, Audience, AuthorizationDetails, CertificateSubject,
    ClientAuthMethod, ClientDocumentHost, ClientId, ClientKind, ClientUrl, DeliveryMode, EventUri, ExtraClaims, HostPermissions,
    Invalid, Label, Limits, LoginUrl, MemberKind, OrgId, Role, Scope, ScopePattern, SealedSecret, Seconds, SessionId,
    StatusListId, StreamStatus, Subject, Thumbprint, Timestamp, TokenId,
};

/// What `#[serde(with = "coded")]` calls to write.
pub(super) fn serialize<T: Coded, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.encode(to)
}

/// What `#[serde(with = "coded")]` calls to read.
pub(super) fn deserialize<'de, T: Coded, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::decode(from)
}

/// Something with a spelling in a body.
pub(super) trait Coded: Sized {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// Carries a borrowed value into serde.
pub(super) struct Write<'a, T>(pub(super) &'a T);

impl<T: Coded> Serialize for Write<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.encode(to)
    }
}

/// Carries a value out of serde.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Read<T>(pub(super) T);

impl<'de, T: Coded> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::decode(from).map(Self)
    }
}

impl<T: Coded> Coded for Option<T> {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Write).serialize(to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<Read<T>>::deserialize(from)?.map(|value| value.0))
    }
}

impl<T: Coded> Coded for Vec<T> {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(Write))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::<Read<T>>::deserialize(from)?.into_iter().map(|value| value.0).collect())
    }
}

impl<T: Coded + Ord> Coded for BTreeSet<T> {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(Write))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(BTreeSet::<Read<T>>::deserialize(from)?.into_iter().map(|value| value.0).collect())
    }
}

impl<K: Coded + Ord, V: Coded> Coded for BTreeMap<K, V> {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter().map(|(key, value)| (Write(key), Write(value))))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<Read<K>, Read<V>>::deserialize(from)?.into_iter().map(|(key, value)| (key.0, value.0)).collect())
    }
}

/// Parses a text without keeping a copy of it.
struct Text<T, F>(F, PhantomData<T>);

impl<T, F: Fn(&str) -> Result<T, Invalid>> Visitor<'_> for Text<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// Reads a text as what `parse` makes of it.
pub(super) fn parse_text<'de, T, D: Deserializer<'de>>(
    from: D,
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<T, D::Error> {
    from.deserialize_str(Text(parse, PhantomData))
}

macro_rules! names {
    ($($name:ty),*) => {
        $(impl Coded for $name {
            fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }

            fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(Text(str::parse, PhantomData))
            }
        })*
    };
}

names!(
    AccessTokenForm,
    Algorithm,
    ApiKeyKind,
    App,
    Audience,
    ClientAuthMethod,
    ClientDocumentHost,
    ClientKind,
    ClientUrl,
    DeliveryMode,
    EventUri,
    Label,
    LoginUrl,
    MemberKind,
    OrgId,
    Role,
    Scope,
    ScopePattern,
    SessionId,
    StreamStatus,
    Subject
);

/// Spells records as their bodies do: said beside the bodies, where `coded` is in scope.
macro_rules! records {
    ($($record:ty as $body:ident),* $(,)?) => {
        $(impl coded::Coded for $record {
            fn encode<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $body::serialize(self, to)
            }

            fn decode<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $body::deserialize(from)
            }
        })*
    };
}

pub(super) use records;

impl<T: Coded> Coded for Box<T> {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        T::encode(self, to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::decode(from).map(Self::new)
    }
}

impl Coded for TokenId {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(Self::parse, PhantomData))
    }
}

impl Coded for StatusListId {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(Self::parse, PhantomData))
    }
}

impl Coded for ClientId {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.as_number())
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_number(u64::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl Coded for Timestamp {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(self.as_ms())
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        i64::deserialize(from).map(Self::from_ms)
    }
}

impl Coded for Seconds {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(self.0)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u32::deserialize(from).map(Self)
    }
}

impl<const N: usize> Coded for [u8; N] {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(self))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let parse = |text: &str| {
            let bytes = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or(Invalid("must be base64url of so many bytes"))
        };
        from.deserialize_str(Text(parse, PhantomData))
    }
}

impl Coded for SealedSecret {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(self.as_bytes()))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let parse = |text: &str| BASE64.decode(text).map(Self::from_bytes).map_err(|_| Invalid("must be base64url"));
        from.deserialize_str(Text(parse, PhantomData))
    }
}

impl Coded for Thumbprint {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.encode(to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Coded::decode(from).map(Self)
    }
}

/// JSON that is kept as it is: within a text it would be escaped, and a third longer.
macro_rules! json {
    ($($json:ty),*) => {
        $(impl Coded for $json {
            fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let json: &RawValue = serde_json::from_str(self.as_json()).map_err(serde::ser::Error::custom)?;
                json.serialize(to)
            }

            fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Ok(Self::from_json(Box::<RawValue>::deserialize(from)?.get().to_owned()))
            }
        })*
    };
}

json!(AuthorizationDetails, ExtraClaims, HostPermissions);

impl Coded for CertificateSubject {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}:{}", self.kind(), self.name()))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let parse = |text: &str| {
            let (kind, name) = text.split_once(':').ok_or(Invalid("must be a kind of name and a name"))?;
            Self::new(kind, name)
        };
        from.deserialize_str(Text(parse, PhantomData))
    }
}

impl Coded for AllowedNetworks {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(|network| network.to_string()))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let networks: Result<Vec<_>, _> = Vec::<String>::deserialize(from)?.iter().map(|network| network.parse()).collect();
        Self::from_networks(networks.map_err(de::Error::custom)?).ok_or_else(|| de::Error::custom("must be 1 to 20 networks"))
    }
}

/// As a pair: in a minute, in a day.
impl Coded for Limits {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.per_minute(), self.per_day()).serialize(to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (per_minute, per_day) = Deserialize::deserialize(from)?;
        Self::new(per_minute, per_day).ok_or_else(|| de::Error::custom("must be limits in their ranges"))
    }
}
