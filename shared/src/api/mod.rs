//! What callers see, byte by byte: requests, responses, errors, and their conversion from and to the domain.
//!
//! Each dialect has a folder: [`agilicus`], [`authlete`], [`jeton`] and [`oauth`]. What they share is [`http`]; [`lambda`] is the
//! edge on AWS, [`openapi`] the description of it all. Nothing is decided here: use cases are in [`tokens`](crate::tokens),
//! [`admin`](crate::admin) and [`oauth`](crate::oauth), and the endpoints that connect both are in the crate `functions`.
//!
//! To add a dialect, give it a folder, a variant of [`Dialect`](http::Dialect), and a row in `dialects.rs`.

mod dialects;
pub mod http;
pub mod lambda;
mod may_act;
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
