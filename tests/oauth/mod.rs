//! OAuth 2.

mod alarms;
mod authorizer;
mod bearer;
mod certificates;
mod client;
mod exchange;
mod fapi;
mod introspect;
mod lost;
mod metadata;
mod now;
mod once;
mod refresh;
mod registration;
mod registration_together;
mod revoke;
mod tampering;
mod tenant;
mod token;
