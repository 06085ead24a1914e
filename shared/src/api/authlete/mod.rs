//! Authlete's token and client APIs, exactly as its SDKs send and read them.
//!
//! No field of an answer is ever `null`, times of day are in milliseconds, lengths of time in seconds, and a request can say "not
//! given" in many ways, which `lenient` reads. `request` and `response` have a file for each call, `client` has what is shown of
//! clients. Outcomes are numbers, all of them in `result`.
//!
//! To add a call, add its two files and its digits in `result`. What the call does belongs to [`tokens`](crate::tokens) or
//! [`oauth::forwarded`](crate::oauth::forwarded).

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

pub use extract::{BatchPath, ClientPath, CodePath, IdentifierPath, JsonList, Lenient, ServiceCredentials, SubjectPath};
