//! OAuth 2: RFC 6749 and those that extend it.

pub mod introspect;
pub mod metadata;
pub mod openid_configuration;
pub mod revoke;
pub mod token;
