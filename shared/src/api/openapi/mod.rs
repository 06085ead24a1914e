//! The document of the API, OpenAPI 3.1.1: made from the catalogue and from what the types in each endpoint's signature say of themselves.

#[cfg(feature = "openapi")]
mod describe;
#[cfg(not(feature = "openapi"))]
mod disabled;
#[cfg(feature = "openapi")]
mod document;
#[cfg(feature = "openapi")]
mod operation;
#[cfg(feature = "openapi")]
pub(crate) mod schema_impls;
#[cfg(feature = "openapi")]
mod schemas;

#[cfg(not(feature = "openapi"))]
pub use disabled::Describe;
#[cfg(feature = "openapi")]
pub use document::document;
#[cfg(feature = "openapi")]
pub(in crate::api) use operation::DialectDescription;
#[cfg(feature = "openapi")]
pub use operation::{Describe, Operation};
