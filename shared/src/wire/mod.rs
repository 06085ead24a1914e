//! The exact bytes of the dialects: requests, responses, and conversions between them and the domain.

pub mod agilicus;
pub mod authlete;
#[cfg(feature = "openapi")]
mod described;
pub mod form;
pub mod gateway;
pub mod jeton;
pub mod json;
pub mod oauth;
mod parsed;
pub mod queue;
mod shapes;
pub mod stream;

#[cfg(feature = "openapi")]
pub(crate) use described::Spelled;
pub use parsed::{HandedOver, Object, Parsed, TokenText, given};
pub use shapes::{ApiDocument, Echo, JwkSet, Shape};

/// The token of an `Authorization` header, RFC 6750 section 2.1. The scheme's case doesn't count.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}
