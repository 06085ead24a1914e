//! Errors: RFC 6749 section 5.2.

use serde::Serialize;

/// The body of every answer that isn't a success. `error_description` never repeats what was sent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ErrorResponse<'a> {
    /// A registered error code, such as `invalid_grant`.
    pub error: &'a str,
    /// What is wrong and what to do, for the client's developer.
    pub error_description: &'a str,
}
