//! OAuth 2: RFC 6749 and those that extend it.

pub mod authorize;
pub mod authorize_device;
pub mod continue_authorization;
pub mod delete_registration;
pub mod get_registration;
pub mod get_userinfo;
pub mod introspect;
pub mod logout;
pub mod metadata;
pub mod openid_configuration;
pub mod org_resource_metadata;
pub mod post_authorize;
pub mod post_logout;
pub mod post_userinfo;
pub mod push_authorization;
pub mod register_client;
pub mod resource_metadata;
pub mod revoke;
pub mod token;
pub mod update_registration;
