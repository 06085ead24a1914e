//! Strict JSON, forms, and helpers for the fields of requests and answers. Knows no dialect.

mod fields;
pub mod form;
pub mod json;
mod schema;
pub mod strict_json;

pub use fields::{HandedOver, Object, Parsed, TokenText, given};
#[cfg(feature = "openapi")]
pub(crate) use schema::Spelled;
pub use schema::{ApiDocument, Echo, JwkSet, Shape};
