//! OAuth 2.

pub mod metadata;
pub mod openid_configuration;
