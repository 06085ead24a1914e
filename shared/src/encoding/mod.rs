//! Strict JSON, forms, and helpers for the fields of requests and answers. Knows no dialect.

mod fields;
pub mod form;
pub mod json;
mod schema;
pub mod strict_json;

pub use fields::{ExposedSecret, FromText, Object, SecretText, present};
#[cfg(feature = "openapi")]
pub(crate) use schema::TextSchema;
pub use schema::{ApiDocument, ApiSchema, EchoedRequest, JwkSet};

/// Makes a rule such as `must be JSON` a sentence: with a capital letter and a full stop.
pub fn sentence(rule: &str) -> String {
    let mut chars = rule.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
