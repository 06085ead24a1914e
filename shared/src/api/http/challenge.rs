//! The `WWW-Authenticate` of refused bearer tokens: RFC 6750 section 3.

use http::{HeaderValue, header};

use super::dialect::Header;
use crate::domain::Refusal;

/// Returns the challenge for credentials that are missing or rejected, and `None` for every other refusal. `alternatives` are
/// the challenges of further schemes, each with a comma before it.
pub(in crate::api) fn bearer(refusal: &Refusal, alternatives: &str) -> Option<Header> {
    let error = if matches!(refusal, Refusal::CredentialsRejected(_)) {
        ", error=\"invalid_token\""
    } else if *refusal == Refusal::CredentialsMissing {
        ""
    } else {
        return None;
    };
    let value = HeaderValue::try_from(format!("Bearer realm=\"jeton\"{error}{alternatives}")).ok()?;
    Some((header::WWW_AUTHENTICATE, value))
}
