//! Members that become domain types while they are read, so that an error knows where it is.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::domain::Secret;

/// A JSON string that is parsed into `T`. Its error is the rule that `T` breaks, never the value.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FromText<T>(pub T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for FromText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<T>(PhantomData<T>);

        impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
            type Value = FromText<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<FromText<T>, E> {
                text.parse().map(FromText).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text(PhantomData))
    }
}

impl<T: fmt::Display> Serialize for FromText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A JSON object. A derived struct alone would also take an array with its members in order.
#[derive(Clone, Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Reads an integer within `range`. `rule` says what it must be, with range and unit, whatever is wrong with what was sent.
///
/// # Errors
/// The deserializer's error, with `rule` in it. It begins with `must be an integer`.
pub fn integer_within<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<u32>,
    rule: &'static str,
) -> Result<u32, D::Error> {
    struct Integer(RangeInclusive<u32>, &'static str);

    impl Visitor<'_> for Integer {
        type Value = u32;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.1.trim_start_matches("must be "))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
            u32::try_from(number).ok().filter(|number| self.0.contains(number)).ok_or_else(|| E::custom(self.1))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
            u64::try_from(number).map_err(|_| E::custom(self.1)).and_then(|number| self.visit_u64(number))
        }
    }

    deserializer.deserialize_u32(Integer(range, rule))
}

/// A token in a request: kept like the secret that it is.
#[derive(Clone, Debug)]
pub struct SecretText(pub Secret<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::new).map(Self)
    }
}

/// A secret in the one answer that hands it over.
#[derive(Clone, Copy, Debug)]
pub struct ExposedSecret<'a>(pub &'a Secret<String>);

impl Serialize for ExposedSecret<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// A field of an answer that a request may send back and that changes nothing, so that what was read can be edited and written.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOnly;

impl<'de> Deserialize<'de> for ReadOnly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Reads an optional field: absent is `None`, and `null` is refused, because no field of our own requests is nullable.
/// Use with `#[serde(default, deserialize_with = "present")]`.
///
/// # Errors
/// The deserializer's error, also for `null`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
