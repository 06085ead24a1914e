//! The Agilicus Tokens API, to the letter of what its SDK sends and takes: no member is ever `null`, moments of tokens are
//! strings, unknown members of requests are ignored.

pub(in crate::api) mod errors;
mod hosts;
pub mod request;
pub mod response;
mod time;

pub use time::Rfc3339;
