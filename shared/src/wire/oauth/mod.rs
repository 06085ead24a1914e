//! The bytes of OAuth 2: RFC 6749 and those that extend it.

pub mod details;
pub mod error;
pub mod introspection;
pub mod metadata;
pub mod registration;
pub mod token;
