//! The exact bytes of the dialects: requests, responses, and conversions between them and the domain.

mod dialects;
pub mod http;
pub mod lambda;
pub mod openapi;

pub mod agilicus;
pub mod authlete;
pub mod jeton;
pub mod oauth;

/// The token of an `Authorization` header, RFC 6750 section 2.1. The scheme's case doesn't count.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}
