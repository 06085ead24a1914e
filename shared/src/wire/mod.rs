//! The exact bytes of the dialects: requests, responses, and conversions between them and the domain.

pub mod agilicus;
pub mod form;
pub mod jeton;
pub mod json;
mod parsed;

pub use parsed::{Object, Parsed, TokenText, given};
