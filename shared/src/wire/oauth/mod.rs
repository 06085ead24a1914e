//! The bytes of OAuth 2: RFC 6749 and those that extend it.

#[cfg(feature = "openapi")]
pub(crate) mod described;
pub mod details;
pub mod error;
pub mod introspection;
pub mod metadata;
pub mod registration;
pub mod token;
