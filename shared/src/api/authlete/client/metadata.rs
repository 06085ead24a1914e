//! What of a client is only kept and shown: by an allow-list, because the SDKs' enums are closed.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::api::authlete::lenient::{Number, Words};
use crate::domain::Refusal;

/// The most entries of a list.
pub(super) const MAX_LIST_ENTRIES: usize = 200;
/// The most bytes of a text, and of all that is kept of a client.
pub(super) const MAX_TEXT_BYTES: usize = 16_384;

/// What a member is.
#[derive(Clone, Copy)]
pub(super) enum MemberType {
    /// `true`: what is false is left out.
    Flag,
    /// A whole number, not 0.
    Number,
    /// One of these names.
    One(&'static [&'static str]),
    /// Some of these names.
    Some(&'static [&'static str]),
    /// A list of `TaggedValue`.
    Tagged,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
}

const JWS: &[&str] = &[
    "NONE", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "ES256K",
    "EdDSA",
];
const JWE_ALG: &[&str] = &[
    "RSA1_5",
    "RSA_OAEP",
    "RSA_OAEP_256",
    "A128KW",
    "A192KW",
    "A256KW",
    "DIR",
    "ECDH_ES",
    "ECDH_ES_A128KW",
    "ECDH_ES_A192KW",
    "ECDH_ES_A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2_HS256_A128KW",
    "PBES2_HS384_A192KW",
    "PBES2_HS512_A256KW",
];
const JWE_ENC: &[&str] = &["A128CBC_HS256", "A192CBC_HS384", "A256CBC_HS512", "A128GCM", "A192GCM", "A256GCM"];
const RESPONSES: &[&str] =
    &["NONE", "CODE", "TOKEN", "ID_TOKEN", "CODE_TOKEN", "CODE_ID_TOKEN", "ID_TOKEN_TOKEN", "CODE_ID_TOKEN_TOKEN"];

/// Nothing of it changes what a token endpoint does: a switch that would, and is unknown here, must not look as if it were on.
pub(super) const METADATA_MEMBERS: &[(&str, MemberType)] = &[
    ("applicationType", MemberType::One(&["WEB", "NATIVE"])),
    ("authTimeRequired", MemberType::Flag),
    ("authorizationDetailsTypes", MemberType::Texts),
    ("authorizationEncryptionAlg", MemberType::One(JWE_ALG)),
    ("authorizationEncryptionEnc", MemberType::One(JWE_ENC)),
    ("authorizationSignAlg", MemberType::One(JWS)),
    ("bcDeliveryMode", MemberType::Text),
    ("bcNotificationEndpoint", MemberType::Text),
    ("bcRequestSignAlg", MemberType::One(JWS)),
    ("bcUserCodeRequired", MemberType::Flag),
    ("clientNames", MemberType::Tagged),
    ("clientUri", MemberType::Text),
    ("clientUris", MemberType::Tagged),
    ("contacts", MemberType::Texts),
    ("customMetadata", MemberType::Text),
    ("defaultAcrs", MemberType::Texts),
    ("defaultMaxAge", MemberType::Number),
    ("description", MemberType::Text),
    ("descriptions", MemberType::Tagged),
    ("developer", MemberType::Text),
    ("digestAlgorithm", MemberType::Text),
    ("frontChannelRequestObjectEncryptionRequired", MemberType::Flag),
    ("idTokenEncryptionAlg", MemberType::One(JWE_ALG)),
    ("idTokenEncryptionEnc", MemberType::One(JWE_ENC)),
    ("idTokenSignAlg", MemberType::One(JWS)),
    ("jwksUri", MemberType::Text),
    ("loginUri", MemberType::Text),
    ("logoUri", MemberType::Text),
    ("logoUris", MemberType::Tagged),
    ("parRequired", MemberType::Flag),
    ("pkceRequired", MemberType::Flag),
    ("pkceS256Required", MemberType::Flag),
    ("policyUri", MemberType::Text),
    ("policyUris", MemberType::Tagged),
    ("redirectUris", MemberType::Texts),
    ("requestEncryptionAlg", MemberType::One(JWE_ALG)),
    ("requestEncryptionEnc", MemberType::One(JWE_ENC)),
    ("requestObjectEncryptionAlgMatchRequired", MemberType::Flag),
    ("requestObjectEncryptionEncMatchRequired", MemberType::Flag),
    ("requestObjectRequired", MemberType::Flag),
    ("requestSignAlg", MemberType::One(JWS)),
    ("requestUris", MemberType::Texts),
    ("responseTypes", MemberType::Some(RESPONSES)),
    ("sectorIdentifierUri", MemberType::Text),
    ("selfSignedCertificateKeyId", MemberType::Text),
    ("softwareId", MemberType::Text),
    ("softwareVersion", MemberType::Text),
    ("subjectType", MemberType::One(&["PUBLIC", "PAIRWISE"])),
    ("tokenAuthSignAlg", MemberType::One(JWS)),
    ("tosUri", MemberType::Text),
    ("tosUris", MemberType::Tagged),
    ("userInfoEncryptionAlg", MemberType::One(JWE_ALG)),
    ("userInfoEncryptionEnc", MemberType::One(JWE_ENC)),
    ("userInfoSignAlg", MemberType::One(JWS)),
];

/// What is kept of a body, as one JSON object. `None`: nothing.
pub(in crate::api) fn keep(body: &Map<String, Value>) -> Result<Option<Box<str>>, Refusal> {
    let mut kept = Map::new();
    for (name, shape) in METADATA_MEMBERS {
        let Some(value) = body.get(*name).filter(|value| !is_nothing(value)) else { continue };
        let value = shape.normalize(value).map_err(|rule| Refusal::invalid(*name, rule))?;
        if !is_nothing(&value) {
            kept.insert((*name).to_owned(), value);
        }
    }
    let text = (!kept.is_empty()).then(|| Value::Object(kept).to_string());
    if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT_BYTES) {
        return Err(Refusal::invalid("", "what is only kept of a client must be at most 16,384 bytes"));
    }
    Ok(text.map(String::into_boxed_str))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Object(_) => false,
    }
}

impl MemberType {
    /// The value in the one form in which it is kept, or what it must be.
    fn normalize(self, value: &Value) -> Result<Value, &'static str> {
        match self {
            Self::Flag => match value {
                Value::Bool(on) => Ok(Value::Bool(*on)),
                Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
                Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
                _ => Err("must be true or false"),
            },
            Self::Number => {
                let Number(number) = Number::deserialize(value).map_err(|_| "must be a whole number in range")?;
                // So that JavaScript can hold it.
                if number.unsigned_abs() < 1 << 53 { Ok(number.into()) } else { Err("must be a whole number in range") }
            }
            Self::One(names) => {
                value.as_str().filter(|name| names.contains(name)).map(Value::from).ok_or("must be one of its names")
            }
            Self::Some(names) => {
                let Words(items) = words(value)?;
                let known = items.iter().all(|name| names.contains(&name.as_str()));
                if known { Ok(items.into()) } else { Err("must be a list of its names") }
            }
            Self::Tagged => tagged(value).ok_or("must be a list of objects with tag and value"),
            Self::Text => value.as_str().map(Value::from).ok_or("must be a string"),
            Self::Texts => words(value).map(|Words(items)| items.into()),
        }
    }
}

fn words(value: &Value) -> Result<Words, &'static str> {
    Words::deserialize(value)
        .ok()
        .filter(|Words(items)| items.len() <= MAX_LIST_ENTRIES)
        .ok_or("must be a list of at most 200 strings")
}

fn tagged(value: &Value) -> Option<Value> {
    let items = value.as_array().filter(|items| items.len() <= MAX_LIST_ENTRIES)?;
    let item = |item: &Value| {
        let text = |name| item.get(name).filter(|value| !value.is_null()).map_or(Some(""), Value::as_str);
        item.as_object().and(Some(serde_json::json!({"tag": text("tag")?, "value": text("value")?})))
    };
    items.iter().filter(|item| !item.is_null()).map(item).collect::<Option<Vec<_>>>().map(Value::from)
}
