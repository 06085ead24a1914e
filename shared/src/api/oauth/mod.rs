//! The bytes of OAuth 2: token requests, introspection, revocation, registration and metadata, as the RFCs spell them.
//!
//! `extract` reads forms and the credentials of clients, `errors` writes the error responses of RFC 6749 section 5.2 and the
//! challenges of RFC 6750. The rules behind them are in [`oauth`](crate::oauth) and [`tokens`](crate::tokens).
//!
//! To add a parameter, add it to `extract` or, for the token endpoint, to [`TokenForm`](crate::oauth::TokenForm).

mod bearer;
pub(in crate::api) mod errors;
mod extract;

pub mod authorization;
pub mod device;
pub mod error;
pub mod event_stream;
pub mod introspection;
pub mod logout;
pub mod metadata;
pub mod push;
pub mod registration;
pub mod resource_metadata;
#[cfg(feature = "openapi")]
pub(crate) mod schemas;
pub mod token;
pub mod userinfo;

pub use extract::{AskerCredentials, InitialAccess, RegistrationAccess, TokenNamed, TokenShown, WithNonce, WithRetryAfter};
