//! The `WWW-Authenticate` of refused bearer tokens (RFC 6750 section 3) and of reports without a good signature.

use http::{HeaderValue, header};

use super::dialect::Header;
use crate::domain::Refusal;

/// Returns the challenge for a report that isn't signed: no registered scheme is meant, so that it names the header which is (RFC 9110
/// section 11.6.1 wants one).
pub(in crate::api) fn signature(refusal: &Refusal) -> Option<Header> {
    let is_unsigned = *refusal == Refusal::SignatureInvalid;
    is_unsigned.then(|| (header::WWW_AUTHENTICATE, HeaderValue::from_static("Github-Public-Key-Signature realm=\"jeton\"")))
}

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
