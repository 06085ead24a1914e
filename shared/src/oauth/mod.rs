//! OAuth 2: the authorization endpoint, the token endpoint with its grants, token requests that an authorization server forwards, and
//! the registration of clients.
//!
//! [`token_endpoint`] serves clients that come straight to the service. [`forwarded`] serves an authorization server that passes
//! on what its clients send. [`authorization`] lets people sign in at the login application of their org; [`id_token`] and [`userinfo`]
//! tell clients of them; [`logout`] lets them leave again; [`resource_metadata`] tells them of the APIs behind. Both token endpoints take the same steps, in `steps`, and read the same form, in `token_form`. Introspection and
//! revocation are use cases of [`tokens`](crate::tokens), and the bytes are in [`api::oauth`](crate::api::oauth).
//!
//! To add a grant, see ARCHITECTURE.md.

pub mod authorization;
pub mod authorization_details;
pub mod bearer;
pub mod domain_grant;
pub mod event_streams;
pub mod forwarded;
pub mod id_token;
pub mod logout;
pub mod person_claims;
pub mod person_grants;
pub mod registration;
pub mod resource_metadata;
mod steps;
pub mod token_endpoint;
mod token_form;
mod token_type;
pub mod userinfo;

pub use token_form::TokenForm;
pub use token_type::TokenType;
