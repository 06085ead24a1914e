//! JSON in and out.

use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use crate::domain::{Fault, Refusal};
use crate::encoding::{Object, strict_json, unknown_name};

/// Reads a request's body: strictly JSON (RFC 8259), no field twice, no deeper than 32. Whether unknown fields are refused is for
/// `T` to say, by `deny_unknown_fields`.
///
/// # Errors
/// [`Refusal::Invalid`], which names the field and says what it should be, and never repeats a value.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    read_as("the body", body)
}

/// Does the same as [`read`] for a document that isn't a request's body. The refusal calls it by its name.
///
/// # Errors
/// [`Refusal::Invalid`], as from [`read`].
pub fn read_as<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T, Refusal> {
    if json.is_empty() {
        return Err(Refusal::invalid("", format!("{name} must be a JSON object")));
    }
    strict_json::check(json).map_err(|problem| Refusal::invalid("", format!("{name} {problem}")))?;
    decode(&mut serde_json::Deserializer::from_slice(json))
}

/// Does the same as [`read`] for a body that is a list.
///
/// # Errors
/// [`Refusal::Invalid`], as from [`read`].
pub fn read_list<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, Refusal> {
    strict_json::check(body).map_err(|problem| Refusal::invalid("", format!("the body {problem}")))?;
    decode_any(&mut serde_json::Deserializer::from_slice(body))
}

/// Decodes an object that has no ambiguity, with the same refusals.
pub(crate) fn decode<'de, T: Deserialize<'de>>(object: impl Deserializer<'de, Error = serde_json::Error>) -> Result<T, Refusal> {
    decode_any(object).map(|Object(request)| request)
}

fn decode_any<'de, T: Deserialize<'de>>(json: impl Deserializer<'de, Error = serde_json::Error>) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let path = error.path().to_string();
        let (member, rule) = explain(error.inner());
        Refusal::invalid(join(&path, &member), rule)
    })
}

/// Writes an answer's body.
///
/// # Errors
/// A [`Fault`] if the answer can't be written.
pub fn write(answer: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(answer).map_err(|error| Fault::internal("writing the answer").because(error))
}

/// Writes an answer's body with line breaks, for people.
///
/// # Errors
/// A [`Fault`] if the answer can't be written.
pub fn write_pretty(answer: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec_pretty(answer).map_err(|error| Fault::internal("writing the answer").because(error))
}

/// What an error of serde says about a member, without the value that serde quotes: the member (if it is one that the path
/// lacks) and the rule.
pub fn explain(error: &serde_json::Error) -> (String, String) {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if let Some(member) = text.strip_prefix("missing field ") {
        return (member.trim_matches('`').to_owned(), "is required".to_owned());
    }
    if let Some(names) = text.strip_prefix("unknown field ") {
        // `x`, expected one of `a`, `b`
        let mut names = names.split('`').skip(1).step_by(2);
        return (String::new(), unknown_name("field", names.next().unwrap_or_default(), names));
    }
    if text.starts_with("invalid type: null") {
        return (String::new(), "must not be null".to_owned());
    }
    if let Some((_, expected)) = text.rsplit_once("expected ") {
        return (String::new(), format!("must be {}", expected_in_words(expected)));
    }
    // Ours, from a domain type.
    if text.starts_with("must ") {
        return (String::new(), text.to_owned());
    }
    (String::new(), "is not valid".to_owned())
}

fn join(path: &str, member: &str) -> String {
    match (path, member) {
        (".", member) => member.to_owned(),
        (path, "") => path.to_owned(),
        (path, member) => format!("{path}.{member}"),
    }
}

fn expected_in_words(expected: &str) -> &str {
    match expected {
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" | "usize" => "an integer of 0 or more",
        // Nobody gains by the limits of these: where it matters, a rule of its own follows.
        "i32" | "i64" => "an integer",
        "a sequence" => "a list",
        "a map" => "an object",
        "a boolean" => "true or false",
        "a borrowed string" => "a string",
        other if ["one of ", "`", "a ", "an "].iter().any(|article| other.starts_with(article)) => other,
        _ => "of another type",
    }
}

/// Keeps those objects of a JSON array whose `type` is wanted, as they are spelled: of `authorization_details` (RFC 9396 section 2). `None`:
/// there are none, or it is no such array.
pub fn of_types(array: &str, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Typed {
        r#type: String,
    }
    let elements: Vec<&RawValue> = serde_json::from_str(array).ok()?;
    let is_kept = |element: &&RawValue| serde_json::from_str::<Typed>(element.get()).is_ok_and(|typed| is_wanted(&typed.r#type));
    let kept: Vec<&str> = elements.into_iter().filter(is_kept).map(RawValue::get).collect();
    (!kept.is_empty()).then(|| format!("[{}]", kept.join(",")))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only read")]
        inner: Object<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only read")]
        count: u32,
        #[serde(default, deserialize_with = "crate::encoding::present")]
        #[expect(dead_code, reason = "only read")]
        org: Option<crate::encoding::FromText<crate::domain::OrgId>>,
    }

    #[test]
    fn a_refusal_names_the_member_and_the_rule_and_never_the_value() {
        for (body, field, rule) in [
            ("", "", "the body must be a JSON object"),
            ("{}", "inner", "is required"),
            (r#"{"inner":{}}"#, "inner.count", "is required"),
            (r#"{"inner":{"count":"s3cret"}}"#, "inner.count", "must be an integer from 0 to 4294967295"),
            (r#"{"inner":{"count":-1}}"#, "inner.count", "must be an integer from 0 to 4294967295"),
            (r#"{"inner":{"count":1.0}}"#, "inner.count", "must be an integer from 0 to 4294967295"),
            (r#"{"inner":["s3cret"]}"#, "inner", "must be an object"),
            (r#"{"inner":"s3cret"}"#, "inner", "must be an object"),
            (r#"{"inner":{"count":1,"org":null}}"#, "inner.org", "must not be null"),
            (r#"{"inner":{"count":1,"org":"s3cret!"}}"#, "inner.org", "must be 1 to 64 of A-Z, a-z, 0-9, _ and -"),
            ("[]", "", "must be an object"),
            (r#"{"inner":[1]}"#, "inner", "must be an object"),
            (r#"{"a":1,"\u0061":2}"#, "", "the body has a member twice"),
        ] {
            let Err(Refusal::Invalid { field: f, rule: r }) = read::<Outer>(body.as_bytes()) else { panic!("{body} was read") };
            assert_eq!((&*f, &*r), (field, rule), "{body}");
        }
    }
}
