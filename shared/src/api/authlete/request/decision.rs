//! What the requests have in common that decide about a client which polls.

use super::authorization::{PersonSaid, told_description};
use super::fields::required;
use crate::domain::Refusal;
use crate::oauth::forwarded::decision::{PollError, ServerDecision};

/// How a request ends: `result` of the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum DecisionResult {
    Authorized,
    AccessDenied,
    TransactionFailed,
}

impl DecisionResult {
    /// The names of all results, as the SDKs send them.
    #[cfg(feature = "openapi")]
    pub(super) const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;
}

/// Converts what is decided into words of the domain. What is said of a person counts only if they have agreed.
///
/// # Errors
/// [`Refusal::Invalid`], which names the first field that is missing or malformed.
pub(super) fn decision(
    result: Option<String>,
    said: PersonSaid,
    (description, uri): (Option<String>, Option<String>),
) -> Result<ServerDecision, Refusal> {
    let result = required("result", result)?;
    let result = result.parse().map_err(|_| Refusal::invalid("result", "must be the name of a result"))?;
    let error = || Ok::<_, Refusal>(PollError { description: told_description(description), uri: error_uri(uri)? });
    match result {
        DecisionResult::AccessDenied => Ok(ServerDecision::Denied(error()?)),
        DecisionResult::TransactionFailed => Ok(ServerDecision::Failed(error()?)),
        DecisionResult::Authorized => Ok(ServerDecision::Accepted(Box::new(said.try_into_approval()?))),
    }
}

/// An address that a client is told, with the characters of RFC 6749 section 5.2.
pub(super) fn error_uri(uri: Option<String>) -> Result<Option<String>, Refusal> {
    const MAX_BYTES: usize = 1_000;
    let is_allowed = |b: u8| matches!(b, b'!' | b'#'..=b'[' | b']'..=b'~');
    if uri.as_ref().is_some_and(|uri| uri.len() > MAX_BYTES || !uri.bytes().all(is_allowed)) {
        return Err(Refusal::invalid("errorUri", "must be a URI of at most 1,000 bytes"));
    }
    Ok(uri)
}
