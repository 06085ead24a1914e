//! Subject identifiers as JSON (RFC 9493, OpenID Shared Signals Framework 1.0 section 3), and the hashes by which they are known again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::sha256;
use crate::domain::{Invalid, SimpleSubject, SubjectFingerprint, SubjectIdentifier};

/// Writes a subject as the JSON object that `sub_id` of a signal is.
pub fn to_json(subject: &SubjectIdentifier) -> Value {
    match subject {
        SubjectIdentifier::Simple(subject) => Value::Object(simple_to_json(subject)),
        SubjectIdentifier::Complex(members) => {
            let members = members.iter().map(|(name, subject)| (name.to_string(), Value::Object(simple_to_json(subject))));
            Value::Object(std::iter::once(("format".to_owned(), COMPLEX.into())).chain(members).collect())
        }
    }
}

/// Reads the subjects that a receiver names: one, or the several names of the format `aliases`.
///
/// # Errors
/// [`Invalid`] with the rule that the object breaks: it needs a format that is known, and exactly the members of that.
pub fn from_json(subject: &Map<String, Value>) -> Result<Vec<SubjectIdentifier>, Invalid> {
    match subject.get("format").and_then(Value::as_str) {
        Some(COMPLEX) => {
            let members = subject.iter().filter(|(name, _)| *name != "format");
            let members: Result<BTreeMap<_, _>, _> = members
                .map(|(name, member)| {
                    let is_name = name.len() <= MAX_NAME_BYTES && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                    let member = member.as_object().filter(|_| is_name).ok_or(COMPLEX_RULE)?;
                    Ok((name.as_str().into(), simple_from_json(member)?))
                })
                .collect();
            let members = members?;
            if (1..=MAX_MEMBERS).contains(&members.len()) {
                Ok(vec![SubjectIdentifier::Complex(members)])
            } else {
                Err(COMPLEX_RULE)
            }
        }
        Some("aliases") => {
            let names = subject.get("identifiers").and_then(Value::as_array).filter(|_| subject.len() == 2);
            let names = names.filter(|names| (1..=MAX_MEMBERS).contains(&names.len())).ok_or(ALIASES_RULE)?;
            let names = names.iter().map(|name| Ok(simple_from_json(name.as_object().ok_or(ALIASES_RULE)?)?.into()));
            names.collect()
        }
        _ => Ok(vec![simple_from_json(subject)?.into()]),
    }
}

/// Makes of a subject what is kept of it where a receiver doesn't want to hear of it.
pub fn fingerprint(subject: &SubjectIdentifier) -> SubjectFingerprint {
    match subject {
        SubjectIdentifier::Simple(subject) => SubjectFingerprint::Simple(hash(subject)),
        SubjectIdentifier::Complex(members) => {
            SubjectFingerprint::Complex(members.iter().map(|(name, subject)| (name.clone(), hash(subject))).collect())
        }
    }
}

fn simple_to_json(subject: &SimpleSubject) -> Map<String, Value> {
    let members = subject.members.iter().map(|(name, value)| (name.to_string(), Value::from(&**value)));
    std::iter::once(("format".to_owned(), Value::from(&*subject.format))).chain(members).collect()
}

fn simple_from_json(subject: &Map<String, Value>) -> Result<SimpleSubject, Invalid> {
    let format = subject.get("format").and_then(Value::as_str).ok_or(FORMAT_RULE)?;
    let (_, names) = FORMATS.iter().find(|(name, _)| *name == format).ok_or(FORMAT_RULE)?;
    let members = names.iter().map(|name| {
        let value = subject.get(*name).and_then(Value::as_str).filter(|value| (1..=MAX_VALUE_BYTES).contains(&value.len()));
        Ok(((*name).into(), value.ok_or(FORMAT_RULE)?.into()))
    });
    let members = members.collect::<Result<BTreeMap<_, _>, _>>()?;
    if subject.len() == members.len() + 1 { Ok(SimpleSubject { format: format.into(), members }) } else { Err(FORMAT_RULE) }
}

/// 128 bits are enough to tell subjects apart. Each part is as long as the number before it says, so no two subjects have the same text.
fn hash(subject: &SimpleSubject) -> [u8; 16] {
    let mut text = format!("{}:{}", subject.format.len(), subject.format);
    for part in subject.members.iter().flat_map(|(name, value)| [name, value]) {
        // To a String nothing fails.
        let _ = write!(text, "{}:{part}", part.len());
    }
    let mut half = [0; 16];
    half.copy_from_slice(&sha256(text.as_bytes())[..16]);
    half
}

const COMPLEX: &str = "complex";

/// The formats of simple subjects with their members.
const FORMATS: &[(&str, &[&str])] = &[
    ("account", &["uri"]),
    ("did", &["url"]),
    ("email", &["email"]),
    ("iss_sub", &["iss", "sub"]),
    ("jwt_id", &["iss", "jti"]),
    ("opaque", &["id"]),
    ("phone_number", &["phone_number"]),
    ("saml_assertion_id", &["issuer", "assertion_id"]),
    ("uri", &["uri"]),
];

const FORMAT_RULE: Invalid = Invalid(
    "must be a subject identifier (RFC 9493): format is account, aliases, complex, did, email, iss_sub, jwt_id, opaque, phone_number, \
     saml_assertion_id or uri, beside it are exactly the members of that format, each of 1 to 1000 bytes",
);
const COMPLEX_RULE: Invalid =
    Invalid("must have 1 to 8 members beside the format complex, such as user and session, each a simple subject identifier");
const ALIASES_RULE: Invalid =
    Invalid("must have identifiers beside the format aliases and nothing else: an array of 1 to 8 simple subject identifiers");

/// How many members a complex subject can have, and how many names the format `aliases`.
const MAX_MEMBERS: usize = 8;
const MAX_NAME_BYTES: usize = 32;
const MAX_VALUE_BYTES: usize = 1_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Issuer, SessionId, Subject};

    fn read(json: &Value) -> Result<Vec<SubjectIdentifier>, Invalid> {
        from_json(json.as_object().unwrap())
    }

    #[test]
    fn a_subject_survives_its_json() {
        let (issuer, ann) = (Issuer::parse("https://jeton.example").unwrap(), Subject::parse("ann").unwrap());
        let person = SimpleSubject::iss_sub(&issuer, &ann);
        let session = SimpleSubject::session(&SessionId::parse("s-1").unwrap());
        let both = SubjectIdentifier::complex([("user", person.clone()), ("session", session)]);
        let user = json!({"format": "iss_sub", "iss": "https://jeton.example", "sub": "ann"});
        let session = json!({"format": "opaque", "id": "s-1"});
        for (subject, expected) in [
            (person.into(), user.clone()),
            (both, json!({"format": "complex", "user": user.clone(), "session": session.clone()})),
        ] {
            assert_eq!(to_json(&subject), expected);
            assert_eq!(read(&expected), Ok(vec![subject]));
        }
        let several = json!({"format": "aliases", "identifiers": [user, session]});
        assert_eq!(read(&several).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_subject_identifier_is_refused() {
        let opaque = json!({"format": "opaque", "id": "1"});
        for bad in [
            json!({}),
            json!({"id": "1"}),
            json!({"format": 1, "id": "1"}),
            json!({"format": "opaque"}),
            json!({"format": "opaque", "id": ""}),
            json!({"format": "opaque", "id": 1}),
            json!({"format": "opaque", "id": "x".repeat(1_001)}),
            json!({"format": "opaque", "id": "1", "sub": "ann"}),
            json!({"format": "iss_sub", "iss": "https://jeton.example"}),
            json!({"format": "unheard-of", "id": "1"}),
            json!({"format": "complex"}),
            json!({"format": "complex", "user": "ann"}),
            json!({"format": "complex", "user": {"format": "complex", "user": opaque}}),
            json!({"format": "complex", "us-er": opaque}),
            json!({"format": "aliases", "identifiers": []}),
            json!({"format": "aliases", "identifiers": ["ann"]}),
            json!({"format": "aliases", "identifiers": [opaque], "id": "1"}),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_subject_is_known_again_by_its_fingerprint_and_no_other_is() {
        let of = |json: Value| fingerprint(&read(&json).unwrap()[0]);
        let ann = || of(json!({"format": "iss_sub", "iss": "a", "sub": "b"}));
        assert_eq!(ann(), of(json!({"sub": "b", "iss": "a", "format": "iss_sub"})));
        for other in [
            json!({"format": "iss_sub", "iss": "a", "sub": "c"}),
            json!({"format": "iss_sub", "iss": "b", "sub": "a"}),
            json!({"format": "iss_sub", "iss": "a1:b", "sub": "b"}),
            json!({"format": "jwt_id", "iss": "a", "jti": "b"}),
            json!({"format": "complex", "user": {"format": "iss_sub", "iss": "a", "sub": "b"}}),
        ] {
            assert_ne!(of(other.clone()), ann(), "{other}");
        }
        assert!(of(json!({"format": "complex", "user": {"format": "iss_sub", "iss": "a", "sub": "b"}})).is_of(&ann()));
    }
}
