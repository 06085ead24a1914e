//! OAuth 2.

mod bearer;
mod certificates;
mod client;
mod exchange;
mod introspect;
mod metadata;
mod once;
mod refresh;
mod registration;
mod registration_together;
mod revoke;
mod tenant;
mod token;
