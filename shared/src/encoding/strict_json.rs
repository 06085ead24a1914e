//! JSON that has one meaning only: what two parsers could read differently is refused.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// How many objects and arrays may be nested.
pub const MAX_DEPTH: usize = 32;

/// What is wrong with a document. Never shows any of it but, in a path, the names of members.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Flaw {
    /// An object names a member twice, be it in two spellings. RFC 8259 section 4 leaves open which one counts.
    #[error("has a member twice")]
    DuplicateMember,
    /// A member is missing or not of the type that is asked for.
    #[error("has a member that is missing or of another type")]
    Mismatch {
        /// Where: `token_validity.end`; a dot for the document itself.
        path: String,
    },
    /// Something else than an object.
    #[error("must be an object")]
    NotAnObject,
    /// Not JSON, not UTF-8, or more than one value.
    #[error("must be JSON")]
    Syntax,
    /// More than [`MAX_DEPTH`] levels.
    #[error("is nested too deeply")]
    TooDeep,
}

/// Checks that `bytes` are one JSON value without ambiguity. Builds nothing, and takes time linear in its length.
///
/// # Errors
/// The first [`Flaw`] that is found.
pub fn check(bytes: &[u8]) -> Result<(), Flaw> {
    let mut flaw = Flaw::Syntax;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let checked = Checked { depth: 0, flaw: &mut flaw }.deserialize(&mut json).and_then(|()| json.end());
    checked.map_err(|_| flaw)
}

/// Decodes an object that has no ambiguity.
///
/// A struct derived with serde also takes an array for an object. Here that is refused for the document itself,
/// not for structs inside of it.
///
/// # Errors
/// The first [`Flaw`] that is found.
pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Flaw> {
    check(bytes)?;
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Flaw::NotAnObject);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut json).map_err(|error| Flaw::Mismatch { path: error.path().to_string() })
}

/// A value at some depth. When it refuses something other than syntax it leaves the reason in `flaw`.
struct Checked<'a> {
    depth: usize,
    flaw: &'a mut Flaw,
}

impl Checked<'_> {
    fn inner(&mut self) -> Checked<'_> {
        Checked { depth: self.depth + 1, flaw: self.flaw }
    }

    fn refuse<E: serde::de::Error>(&mut self, flaw: Flaw) -> E {
        *self.flaw = flaw;
        E::custom("")
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(Flaw::TooDeep));
        }
        let mut names = HashSet::new();
        while let Some(Name(name)) = map.next_key()? {
            if !names.insert(name) {
                return Err(self.refuse(Flaw::DuplicateMember));
            }
            map.next_value_seed(self.inner())?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(Flaw::TooDeep));
        }
        while list.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }
}

/// The name of a member with its escapes decoded, borrowed where it has none.
#[derive(Eq, Hash, PartialEq)]
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        json.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8259_4_a_name_is_unique_in_its_object() {
        for (json, expected) in [
            (r#"{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}"#, Ok(())),
            (r#"{"a":1,"A":2}"#, Ok(())),
            (r#"{"a":1,"a":1}"#, Err(Flaw::DuplicateMember)),
            (r#"{"sub":1,"\u0073ub":2}"#, Err(Flaw::DuplicateMember)),
            (r#"{"":1,"":2}"#, Err(Flaw::DuplicateMember)),
            (r#"[{"x":{"a":1,"b":2,"a":3}}]"#, Err(Flaw::DuplicateMember)),
        ] {
            assert_eq!(check(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn thirty_two_levels_are_the_limit() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
            assert_eq!(check(nested(MAX_DEPTH + 1).as_bytes()), Err(Flaw::TooDeep));
            assert_eq!(check(open.repeat(100_000).as_bytes()), Err(Flaw::TooDeep));
        }
    }

    #[test]
    fn only_one_value_of_json_in_utf8_is_syntax() {
        for bad in [
            &b""[..],
            b"{} {}",
            b"{}\0",
            b"{\"a\":1,}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xc3\x28\"}",
            b"{\"a\":\"\xc0\xaf\"}",
            b"\"\\ud800\"",
            b"{\0\"a\0",
            b"NaN",
            b"{'a':1}",
        ] {
            assert_eq!(check(bad), Err(Flaw::Syntax), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn a_flaw_tells_where_but_not_what() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only its shape matters")]
        struct Inner {
            end: u64,
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only its shape matters")]
        struct Outer {
            validity: Vec<Inner>,
        }
        let flaw = decode::<Outer>(br#"{"validity":[{"end":1},{"end":"hunter2"}]}"#).unwrap_err();
        assert_eq!(flaw, Flaw::Mismatch { path: "validity[1].end".into() });
        assert_eq!(flaw.to_string(), "has a member that is missing or of another type");
        assert_eq!(decode::<Outer>(b"[[]]").unwrap_err(), Flaw::NotAnObject);
        assert_eq!(decode::<Outer>(b"{}").unwrap_err(), Flaw::Mismatch { path: ".".into() });
    }
}
