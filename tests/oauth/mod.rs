//! OAuth 2.

mod alarms;
mod authorize;
mod authorizer;
mod bearer;
mod certificates;
mod client;
mod code;
mod exchange;
mod fapi;
mod hand_over;
mod introspect;
mod lost;
mod metadata;
mod now;
mod oidc_basic;
mod once;
mod refresh;
mod registration;
mod registration_together;
mod resource_metadata;
mod revoke;
mod sign_in;
mod strangers;
mod tampering;
mod tenant;
mod token;
