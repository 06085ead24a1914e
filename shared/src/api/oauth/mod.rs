//! The bytes of OAuth 2: RFC 6749 and those that extend it.

pub(in crate::api) mod errors;
mod extract;

pub mod error;
pub mod introspection;
pub mod metadata;
pub mod registration;
#[cfg(feature = "openapi")]
pub(crate) mod schemas;
pub mod token;

pub use extract::{AskerCredentials, RegistrationAccess, TokenNamed, TokenShown, WithNonce};
