//! Compact JWS, JWK, thumbprints, and the one strict verifier.

mod cache;
pub mod claims;
pub mod jwk;
pub mod jws;
pub mod verify;


pub use jws::VerifyingKey;
pub use verify::{Expected, Rejection, Verifier};
