//! Compact JWS, JWK, thumbprints, certificates, and the one strict verifier of our own tokens.
//!
//! [`Verifier`] verifies tokens of the service, [`foreign`] reads those of others, [`access_token`] and [`claims`] have the
//! payloads. Nothing is signed here: that is [`keys::signer`](crate::keys::signer). Whether a genuine token is alive is not
//! decided here either: its record says so.
//!
//! An algorithm is added to [`Algorithm`]; the compiler then leads to `verifying_key` and `jwk`.

pub mod access_token;
pub(crate) mod cache;
pub mod certificate;
pub mod claims;
pub mod der;
pub mod ecdsa;
pub mod foreign;
pub mod jwk;
pub mod jws;
pub mod security_event;
pub mod status_list;
pub mod subject_identifier;
#[cfg(test)]
pub(crate) mod testing;
mod verify;
mod verifying_key;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::Algorithm;

pub use verify::{Expected, Rejection, Verifier};
pub use verifying_key::{VerifyingKey, verify_signature};

/// Whether a text has the three parts of a compact JWS. No opaque value has.
pub fn looks_like_jwt(text: &str) -> bool {
    text.bytes().filter(|b| *b == b'.').count() == 2
}

/// SHA-256: what is kept of a secret that the service made. At 256 random bits it needs no password hash.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// The left half of the hash of a text, in base64url: `at_hash` of an ID token that is signed by this algorithm (OpenID Connect Core
/// section 3.1.3.6). Those whose names tell no hash have SHA-512.
pub fn left_half_of_hash(algorithm: Algorithm, text: &str) -> String {
    let hash = match algorithm {
        Algorithm::Es256 | Algorithm::Ps256 | Algorithm::Rs256 => &digest::SHA256,
        Algorithm::Es384 | Algorithm::Ps384 | Algorithm::Rs384 => &digest::SHA384,
        Algorithm::Es512
        | Algorithm::Ps512
        | Algorithm::Rs512
        | Algorithm::EdDsa
        | Algorithm::MlDsa44
        | Algorithm::MlDsa65
        | Algorithm::MlDsa87 => &digest::SHA512,
    };
    let hash = digest::digest(hash, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// Whether two secrets, or hashes of them, are the same: in constant time.
pub fn equal(a: &[u8; 32], b: &[u8; 32]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}
