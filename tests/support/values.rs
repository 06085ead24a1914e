//! What requests are made of and answers are read by, in every dialect.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shared::jose::sha256;

/// An object with others laid over it; what is `null` there is left out.
#[expect(clippy::needless_pass_by_value, reason = "a literal at every call")]
pub(crate) fn over(mut object: Value, more: Value) -> Value {
    let members = object.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    members.retain(|_, value| !value.is_null());
    object
}

/// A value that is text.
#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// As a form or a path has it.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// `Authorization` by a name and a secret as they are: RFC 7617.
pub(crate) fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))
}

/// A secret as a seed has it.
pub(crate) fn hashed(secret: &str) -> String {
    sha256(secret.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a text takes it");
        hex
    })
}
