//! What of a client is only kept and shown: by an allow-list, because the SDKs' enums are closed.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::api::authlete::lenient::{Number, Words};
use crate::domain::Refusal;

/// The most entries of a list.
pub(super) const MOST: usize = 200;
/// The most bytes of a text, and of all that is kept of a client.
pub(super) const LONGEST: usize = 16_384;

/// What a member is.
#[derive(Clone, Copy)]
pub(super) enum Shape {
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
pub(super) const KEPT: &[(&str, Shape)] = &[
    ("applicationType", Shape::One(&["WEB", "NATIVE"])),
    ("authTimeRequired", Shape::Flag),
    ("authorizationDetailsTypes", Shape::Texts),
    ("authorizationEncryptionAlg", Shape::One(JWE_ALG)),
    ("authorizationEncryptionEnc", Shape::One(JWE_ENC)),
    ("authorizationSignAlg", Shape::One(JWS)),
    ("bcDeliveryMode", Shape::Text),
    ("bcNotificationEndpoint", Shape::Text),
    ("bcRequestSignAlg", Shape::One(JWS)),
    ("bcUserCodeRequired", Shape::Flag),
    ("clientNames", Shape::Tagged),
    ("clientUri", Shape::Text),
    ("clientUris", Shape::Tagged),
    ("contacts", Shape::Texts),
    ("customMetadata", Shape::Text),
    ("defaultAcrs", Shape::Texts),
    ("defaultMaxAge", Shape::Number),
    ("description", Shape::Text),
    ("descriptions", Shape::Tagged),
    ("developer", Shape::Text),
    ("digestAlgorithm", Shape::Text),
    ("frontChannelRequestObjectEncryptionRequired", Shape::Flag),
    ("idTokenEncryptionAlg", Shape::One(JWE_ALG)),
    ("idTokenEncryptionEnc", Shape::One(JWE_ENC)),
    ("idTokenSignAlg", Shape::One(JWS)),
    ("jwksUri", Shape::Text),
    ("loginUri", Shape::Text),
    ("logoUri", Shape::Text),
    ("logoUris", Shape::Tagged),
    ("parRequired", Shape::Flag),
    ("pkceRequired", Shape::Flag),
    ("pkceS256Required", Shape::Flag),
    ("policyUri", Shape::Text),
    ("policyUris", Shape::Tagged),
    ("redirectUris", Shape::Texts),
    ("requestEncryptionAlg", Shape::One(JWE_ALG)),
    ("requestEncryptionEnc", Shape::One(JWE_ENC)),
    ("requestObjectEncryptionAlgMatchRequired", Shape::Flag),
    ("requestObjectEncryptionEncMatchRequired", Shape::Flag),
    ("requestObjectRequired", Shape::Flag),
    ("requestSignAlg", Shape::One(JWS)),
    ("requestUris", Shape::Texts),
    ("responseTypes", Shape::Some(RESPONSES)),
    ("sectorIdentifierUri", Shape::Text),
    ("selfSignedCertificateKeyId", Shape::Text),
    ("softwareId", Shape::Text),
    ("softwareVersion", Shape::Text),
    ("subjectType", Shape::One(&["PUBLIC", "PAIRWISE"])),
    ("tokenAuthSignAlg", Shape::One(JWS)),
    ("tosUri", Shape::Text),
    ("tosUris", Shape::Tagged),
    ("userInfoEncryptionAlg", Shape::One(JWE_ALG)),
    ("userInfoEncryptionEnc", Shape::One(JWE_ENC)),
    ("userInfoSignAlg", Shape::One(JWS)),
];

/// What is kept of a body, as one JSON object. `None`: nothing.
pub(in crate::api) fn keep(body: &Map<String, Value>) -> Result<Option<Box<str>>, Refusal> {
    let mut kept = Map::new();
    for (name, shape) in KEPT {
        let Some(value) = body.get(*name).filter(|value| !is_nothing(value)) else { continue };
        let value = shape.of(value).map_err(|rule| Refusal::invalid(*name, rule))?;
        if !is_nothing(&value) {
            kept.insert((*name).to_owned(), value);
        }
    }
    let text = (!kept.is_empty()).then(|| Value::Object(kept).to_string());
    if text.as_ref().is_some_and(|text| text.len() > LONGEST) {
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

impl Shape {
    /// The value in the one form in which it is kept, or what it must be.
    fn of(self, value: &Value) -> Result<Value, &'static str> {
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
    Words::deserialize(value).ok().filter(|Words(items)| items.len() <= MOST).ok_or("must be a list of at most 200 strings")
}

fn tagged(value: &Value) -> Option<Value> {
    let items = value.as_array().filter(|items| items.len() <= MOST)?;
    let item = |item: &Value| {
        let text = |name| item.get(name).filter(|value| !value.is_null()).map_or(Some(""), Value::as_str);
        item.as_object().and(Some(serde_json::json!({"tag": text("tag")?, "value": text("value")?})))
    };
    items.iter().filter(|item| !item.is_null()).map(item).collect::<Option<Vec<_>>>().map(Value::from)
}
