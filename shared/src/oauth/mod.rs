//! OAuth 2: the token endpoint with its grants, and the registration of clients.

pub mod authorization_details;
pub mod delegated;
pub mod grants;
pub mod registration;
mod token_form;
