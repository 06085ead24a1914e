//! Strict JSON, forms, and helpers for the fields of requests and answers. Knows no dialect.

mod fields;
pub mod form;
pub mod json;
mod schema;
pub mod strict_json;

pub use fields::{ExposedSecret, FromText, Object, SecretText, present};
#[cfg(feature = "openapi")]
pub(crate) use schema::TextSchema;
pub use schema::{ApiDocument, ApiSchema, EchoedRequest, JwkSet};
