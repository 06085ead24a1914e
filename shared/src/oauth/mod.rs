//! OAuth 2: the token endpoint with its grants, token requests that an authorization server forwards, and the registration of
//! clients.

pub mod authorization_details;
pub mod forwarded;
pub mod registration;
mod steps;
pub mod token_endpoint;
mod token_form;
mod token_type;

pub use token_form::TokenForm;
pub use token_type::TokenType;
