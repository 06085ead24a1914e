//! Signing: the port and its adapters.

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod local;
#[cfg(any(test, feature = "testing"))]
mod test_keys;

use async_trait::async_trait;

pub use local::{HmacDeriver, LocalSigner};

use crate::domain::{Fault, Jwk, Secret};

/// Signs with one private key. What it returns is what a JWS carries: for ECDSA r‖s of fixed width, never DER.
///
/// # Contract
/// 1. [`jwk`](Signer::jwk) is known when the signer is made, and never changes: a signer knows its `kid` and `alg`.
/// 2. A signature that is returned verifies with that key.
/// 3. When the key can't be reached the fault [can be retried](Fault::can_retry).
#[async_trait]
pub trait Signer: std::fmt::Debug + Send + Sync {
    /// The public half.
    fn jwk(&self) -> &Jwk;

    /// Signs the signing input of a JWS (RFC 7515 section 5.1).
    async fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Fault>;
}

/// Derives secrets from a key that isn't in the store: HMAC-SHA-256 of a context.
///
/// # Contract
/// The same context gives the same 32 bytes, today and after a restart; another context gives others.
#[async_trait]
pub trait Deriver: std::fmt::Debug + Send + Sync {
    /// HMAC-SHA-256 under the key.
    async fn derive(&self, context: &[u8]) -> Result<Secret<[u8; 32]>, Fault>;
}
