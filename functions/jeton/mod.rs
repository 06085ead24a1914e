//! Jeton's own API.

pub mod audit;
pub mod authorizer;
pub mod bootstrap;
pub mod delete_member;
pub mod delete_org;
pub mod explain_error;
pub mod get_member;
pub mod get_org;
pub mod health;
pub mod jwks;
pub mod list_members;
pub mod openapi;
pub mod patch_member;
pub mod put_member;
pub mod put_org;
pub mod refresh_org_secret;
pub mod rotate_keys;
