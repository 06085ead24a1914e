//! Jeton's own API.

pub mod audit;
pub mod authorizer;
pub mod bootstrap;
pub mod create_client;
pub mod create_client_secret;
pub mod delete_client;
pub mod delete_client_secret;
pub mod delete_member;
pub mod delete_org;
pub mod explain_error;
pub mod get_client;
pub mod get_member;
pub mod get_org;
pub mod health;
pub mod jwks;
pub mod list_client_secrets;
pub mod list_clients;
pub mod list_members;
pub mod openapi;
pub mod patch_client;
pub mod patch_member;
pub mod put_client;
pub mod put_member;
pub mod put_org;
pub mod refresh_org_secret;
pub mod rotate_keys;
