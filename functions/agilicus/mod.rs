//! The Agilicus Tokens API.

pub mod agilicus_jwks;
pub mod bulk_revoke_tokens;
pub mod create_token;
pub mod introspect_all_sub_orgs;
pub mod introspect_self;
pub mod introspect_token;
pub mod list_tokens;
pub mod refresh_token;
pub mod reissue_token;
pub mod revoke_token;
pub mod validate_token_request;
