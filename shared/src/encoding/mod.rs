//! Strict JSON, forms, and helpers for the fields of requests and answers, for all dialects.
//!
//! [`json`] and [`form`] read what callers send and refuse with the name of the field; [`strict_json`] is the check behind them:
//! no name twice, no deep nesting. JWTs are in [`jose`](crate::jose), and the bodies of each dialect in [`api`](crate::api).
//!
//! A helper belongs here if two dialects need it.

mod fields;
pub mod form;
pub mod json;
pub mod merge_patch;
mod schema;
pub mod strict_json;

pub use fields::{ExposedSecret, FromText, Object, ReadOnly, SecretText, integer_within, present};
#[cfg(feature = "openapi")]
pub(crate) use schema::TextSchema;
pub use schema::{ApiDocument, ApiSchema, EchoedRequest, JwkSet};

/// Returns the rule that an unknown name of a `kind` of thing breaks, with the known name that it resembles: `is not a known field
/// (did you mean "scopes"?)`.
fn unknown_name<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const LEAST_SIMILARITY: f64 = 0.8;
    let similar = known.into_iter().map(|other| (strsim::jaro_winkler(name, other), other));
    let nearest = similar.filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY).max_by(|(a, _), (b, _)| a.total_cmp(b));
    let suggestion = nearest.map(|(_, other)| format!(" (did you mean \"{other}\"?)")).unwrap_or_default();
    format!("{UNKNOWN} {kind}{suggestion}")
}

/// How the rule begins that an unknown name breaks.
const UNKNOWN: &str = "is not a known";

/// Makes a rule such as `must be JSON` a sentence: with a capital letter and a full stop.
pub fn sentence(rule: &str) -> String {
    let mut chars = rule.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
