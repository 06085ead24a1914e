//! The bytes of the OAuth 2 endpoints.

pub mod metadata;
