//! Authlete's token API, to the letter of what its SDKs send and take: no member of an answer is ever `null`, times of day are
//! milliseconds, lengths of time are seconds, and what a request has for "not given" is manifold.

pub(in crate::api) mod errors;
mod extract;

pub mod challenge;
pub mod client;
pub mod content;
pub mod details;
pub mod lenient;
pub mod names;
pub mod property;
pub mod request;
pub mod response;
pub mod result;

pub use extract::{BatchPath, ClientPath, CodePath, IdentifierPath, JsonList, Lenient, ServiceCredentials};
