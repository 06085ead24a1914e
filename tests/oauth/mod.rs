//! OAuth 2.

mod metadata;
mod registration;
mod registration_together;
