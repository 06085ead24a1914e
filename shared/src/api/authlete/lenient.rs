//! What the SDKs send where they have nothing to say, and values in all their spellings.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Map, Value};

use crate::domain::Refusal;
use crate::encoding::form::Parameters;
use crate::encoding::json;

/// Reads an optional field, for which `null`, `0`, `false` and `""` mean nothing.
/// Use with `#[serde(default, deserialize_with = "present")]`.
///
/// # Errors
/// The deserializer's error if the value is of another type.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Given(PhantomData))
}

/// Reads a switch, which is on or means nothing. Use with `#[serde(default, deserialize_with = "flag")]`.
///
/// # Errors
/// The deserializer's error if the value is no switch.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    present::<Flag, D>(deserializer).map(|flag| flag.is_some_and(|Flag(on)| on))
}

struct Given<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Given<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        value.then(|| T::deserialize(value.into_deserializer())).transpose()
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        (value != 0).then(|| T::deserialize(value.into_deserializer())).transpose()
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        (value != 0).then(|| T::deserialize(value.into_deserializer())).transpose()
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        (value != 0.0).then(|| T::deserialize(value.into_deserializer())).transpose()
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        (!text.is_empty()).then(|| T::deserialize(text.into_deserializer())).transpose()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(list)).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Some)
    }
}

/// A whole number, or the text of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Number(pub i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;

        impl Visitor<'_> for Whole {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                i64::try_from(value).map(Number).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let number = text.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
                number.map(Number).ok_or_else(|| E::invalid_value(Unexpected::Str(""), &self))
            }
        }

        deserializer.deserialize_any(Whole)
    }
}

/// `true` and `false`, or their text in any case: Python writes `True`.
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Switch;

        impl Visitor<'_> for Switch {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<Flag, E> {
                Ok(Flag(on))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Flag, E> {
                match text {
                    _ if text.eq_ignore_ascii_case("true") => Ok(Flag(true)),
                    _ if text.eq_ignore_ascii_case("false") => Ok(Flag(false)),
                    _ => Err(E::invalid_value(Unexpected::Str(""), &self)),
                }
            }
        }

        deserializer.deserialize_any(Switch)
    }
}

/// A list of strings. As one string, which is how a form has it, the words of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Words, E> {
                Ok(Words(text.split_ascii_whitespace().map(str::to_owned).collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element::<Option<String>>()? {
                    words.extend(word.filter(|word| !word.is_empty()));
                }
                Ok(Words(words))
            }
        }

        deserializer.deserialize_any(List)
    }
}

/// Members that a form can't spell.
const NOT_IN_FORMS: &[&str] = &["authorizationDetails", "properties"];

/// Reads a body that is a form, as if each parameter were a member and its value a string. A repeated one is a list.
///
/// # Errors
/// [`Refusal::Invalid`] if the body is no form, or if a member is malformed.
pub fn read_form<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let form = std::str::from_utf8(body).map_err(|_| Refusal::invalid("", "the body must be form-encoded UTF-8"))?;
    let parameters = Parameters::read_up_to(body.len(), form)?.into_values();
    let members = parameters.filter(|(name, _)| !NOT_IN_FORMS.contains(&name.as_str()));
    let members: Map<String, Value> = members
        .map(|(name, mut values)| match (values.pop(), values.is_empty()) {
            (Some(value), true) => (name, Value::String(value)),
            (last, _) => (name, values.into_iter().chain(last).map(Value::String).collect()),
        })
        .collect();
    json::decode(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", default)]
    struct Request {
        #[serde(deserialize_with = "present")]
        client_id: Option<Number>,
        #[serde(deserialize_with = "present")]
        subject: Option<String>,
        #[serde(deserialize_with = "present")]
        scopes: Option<Words>,
        #[serde(deserialize_with = "flag")]
        persistent: bool,
        #[serde(deserialize_with = "present")]
        properties: Option<Vec<String>>,
    }

    fn read(body: &str) -> Request {
        json::read(body.as_bytes()).unwrap_or_else(|refusal| panic!("{body}: {refusal:?}"))
    }

    fn words(list: &[&str]) -> Words {
        Words(list.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn null_zero_false_and_the_empty_string_are_nothing_in_any_member() {
        for nothing in ["null", "0", "0.0", "false", "\"\""] {
            let body = ["clientId", "subject", "scopes", "persistent", "properties"].map(|name| format!("\"{name}\":{nothing}"));
            assert_eq!(read(&format!("{{{}}}", body.join(","))), Request::default(), "{nothing}");
        }
        assert_eq!(read("{}"), Request::default());
    }

    #[test]
    fn unknown_members_are_ignored() {
        assert_eq!(read(r#"{"newer":{"a":[null]},"subject":"ann"}"#).subject.as_deref(), Some("ann"));
    }

    #[test]
    fn a_number_may_be_a_string() {
        assert_eq!(read(r#"{"clientId":26478243745571}"#).client_id, Some(Number(26_478_243_745_571)));
        assert_eq!(read(r#"{"clientId":"26478243745571"}"#).client_id, Some(Number(26_478_243_745_571)));
        assert_eq!(read(r#"{"clientId":"-5"}"#).client_id, Some(Number(-5)));
        for bad in ["1.5", "\"1.5\"", "\"+1\"", "\"x\"", "true", "[1]", "18446744073709551615"] {
            let refusal = json::read::<Request>(format!("{{\"clientId\":{bad}}}").as_bytes()).unwrap_err();
            assert_eq!(refusal, Refusal::invalid("clientId", "must be a whole number"), "{bad}");
        }
    }

    #[test]
    fn booleans_have_any_case() {
        for on in ["true", "\"true\"", "\"True\""] {
            assert!(read(&format!("{{\"persistent\":{on}}}")).persistent, "{on}");
        }
        assert!(!read(r#"{"persistent":"False"}"#).persistent);
        assert!(json::read::<Request>(br#"{"persistent":"yes"}"#).is_err());
    }

    #[test]
    fn a_list_in_json_has_items_and_one_in_a_form_has_words() {
        assert_eq!(read(r#"{"scopes":["a b","c",null,""]}"#).scopes, Some(words(&["a b", "c"])));
        assert_eq!(read(r#"{"scopes":[]}"#).scopes, Some(words(&[])));
        let form = |text: &str| read_form::<Request>(text.as_bytes()).unwrap();
        assert_eq!(
            form("scopes=a+b&subject=ann%20lee&clientId=5&persistent=True&properties=x&newer=1"),
            Request {
                client_id: Some(Number(5)),
                subject: Some("ann lee".into()),
                scopes: Some(words(&["a", "b"])),
                persistent: true,
                properties: None,
            }
        );
        assert_eq!(form("scopes=a&scopes=b").scopes, Some(words(&["a", "b"])));
        assert_eq!(form("scopes=&subject="), Request::default());
        assert!(read_form::<Request>(b"subject=a&subject=b").is_err(), "a parameter that is no list stands once");
        assert!(read_form::<Request>(b"subject=%zz").is_err() && read_form::<Request>(b"subject=\xff").is_err());
    }

    #[test]
    fn a_refusal_names_the_member_and_never_the_value() {
        let Refusal::Invalid { field, rule } = json::read::<Request>(br#"{"subject":["s3cret"]}"#).unwrap_err() else { panic!() };
        assert_eq!((&*field, &*rule), ("subject", "must be a string"));
    }
}
