//! Authlete's token API. Each path has a twin without the service, for version 2 of that API.

pub mod create_client;
pub mod create_token;
pub mod create_token_batch;
pub mod delete_client;
pub mod delete_token;
pub mod fail_token;
pub mod get_client;
pub mod get_configuration;
pub mod get_jwks;
pub mod get_token_batch;
pub mod healthcheck;
pub mod introspect_token;
pub mod introspect_token_standard;
pub mod issue_token;
pub mod list_clients;
pub mod list_tokens;
pub mod post_configuration;
pub mod process_revocation;
pub mod process_token;
pub mod refresh_client_secret;
pub mod revoke_token;
pub mod update_client;
pub mod update_client_lock;
pub mod update_client_secret;
pub mod update_token;
pub mod work_on_batch;
