//! The Agilicus Tokens API, exactly as its SDK sends and reads it.
//!
//! No field is ever `null`, the times of tokens are strings, and unknown fields of requests are ignored. `request` reads what the
//! SDK sends, `response` writes what it expects, `hosts` and `time` are its notations, and `errors` spells refusals.
//!
//! To add a field, add it to `request` and `response`; what it means belongs to the use case in [`tokens`](crate::tokens).

pub(in crate::api) mod errors;
mod hosts;
pub mod request;
pub mod response;
mod time;

pub use time::{Date, Rfc3339};
