//! What is read and written has a shape, for the document that tells of the API. Nothing else asks for it, so that it costs nothing
//! without the feature `openapi`.

use std::marker::PhantomData;

#[cfg(feature = "openapi")]
pub use schemars::JsonSchema as ApiSchema;

/// Something with a JSON Schema: with the feature `openapi` one must be given, and without it there is none.
#[cfg(not(feature = "openapi"))]
pub trait ApiSchema {}

#[cfg(not(feature = "openapi"))]
impl<T: ?Sized> ApiSchema for T {}

/// What was asked for, as far as it was understood: the members of a request in an answer.
#[derive(Debug)]
pub struct EchoedRequest<T>(PhantomData<T>);

/// A JWK Set of public keys: RFC 7517 section 5.
#[derive(Debug)]
pub struct JwkSet;

/// An OpenAPI document, as the answer of an endpoint.
#[derive(Debug)]
pub struct ApiDocument;

/// How a text of the domain is spelled.
#[cfg(feature = "openapi")]
pub(crate) trait TextSchema {
    /// Returns the JSON Schema of the text.
    fn text_schema() -> schemars::Schema;
}
