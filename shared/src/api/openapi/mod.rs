//! The OpenAPI 3.1.1 document of the API, made from the catalogue and from the types in each endpoint's signature.
//!
//! Nothing of it is written by hand: `describe` asks the input and the output of an endpoint what they look like, and the dialect
//! how its errors do. What a property means is said by the comment on its field, or else by `glossary.txt`. Without the feature
//! `openapi` none of it is compiled.
//!
//! To describe a new kind of input or output, implement `Describe` for it. `functions/openapi.json` is compared with the result
//! by a test.

#[cfg(feature = "openapi")]
mod describe;
#[cfg(not(feature = "openapi"))]
mod disabled;
#[cfg(feature = "openapi")]
mod document;
#[cfg(feature = "openapi")]
mod glossary;
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
