//! Compact JWS, JWK, thumbprints, and the one strict verifier.

mod cache;
pub mod claims;
pub mod jwk;
pub mod jws;
mod verify;

pub use verify::{Expected, Rejection, Verifier};
