//! Signing: the ports and their adapters.
//!
//! [`Signer`] signs, [`SecretDeriver`] derives the secrets of refresh tokens, [`KeyOpener`] and [`KeyFactory`] get hold of keys
//! and make them. [`LocalSigner`] keeps its key in memory, `kms` uses AWS KMS, and [`jws`] writes tokens by any signer. Which key
//! signs now is for the ring to say, in [`keys`](crate::keys).
//!
//! An adapter must pass the suite in `conformance`.

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
pub mod jws;
#[cfg(feature = "aws")]
pub mod kms;
mod local;
#[cfg(any(test, feature = "testing"))]
mod test_keys;

use std::sync::Arc;

use async_trait::async_trait;

pub use local::{HmacDeriver, LocalSigner};

use crate::domain::{Algorithm, Fault, Jwk, PrivateHalf, RingKey, Secret};

/// Signs with one private key. What it returns is what a JWS carries: for ECDSA r‖s of fixed width, never DER.
///
/// # Contract
/// 1. [`jwk`](Signer::jwk) is known when the signer is made, and never changes: a signer knows its `kid` and `alg`.
/// 2. A signature that is returned verifies with that key.
/// 3. When the key can't be reached the fault [can be retried](Fault::can_retry).
///
/// # Examples
/// ```
/// use shared::domain::{Algorithm, Fault};
/// use shared::jose::verify_signature;
/// use shared::keys::signer::{LocalSigner, Signer, jws};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Fault> {
/// let signer = LocalSigner::generate(Algorithm::Es256)?;
/// let token = jws::sign(&signer, "JWT", br#"{"sub":"ann"}"#).await?;
/// assert_eq!(token.split('.').count(), 3);
///
/// let signature = signer.sign(b"header.payload").await?;
/// assert!(verify_signature(signer.jwk(), b"header.payload", &signature));
/// assert!(!verify_signature(signer.jwk(), b"header.another", &signature));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Signer: std::fmt::Debug + Send + Sync {
    /// Returns the public half of the key, as it is published.
    fn jwk(&self) -> &Jwk;

    /// Returns the length of the longest token that can be signed, in bytes, signature included.
    fn longest(&self) -> usize {
        crate::jose::jws::MAX_TOKEN_BYTES
    }

    /// Returns the length of the longest JWS that can be signed of what is no token and so may be long, in bytes, signature included.
    fn longest_document(&self) -> usize {
        usize::MAX
    }

    /// Signs the signing input of a JWS (RFC 7515 section 5.1).
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be reached or refuses.
    async fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Fault>;
}

/// Derives secrets from a key that isn't in the store: HMAC-SHA-256 of a context.
///
/// # Contract
/// The same context gives the same 32 bytes, today and after a restart; another context gives others.
#[async_trait]
pub trait SecretDeriver: std::fmt::Debug + Send + Sync {
    /// Returns the HMAC-SHA-256 of a context under the key.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be reached.
    async fn derive(&self, context: &[u8]) -> Result<Secret<[u8; 32]>, Fault>;
}

/// Gets hold of keys that a ring names.
#[async_trait]
pub trait KeyOpener: std::fmt::Debug + Send + Sync {
    /// Makes a signer with the private half of this key.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be reached, decrypted or read.
    async fn signer(&self, key: &RingKey) -> Result<Arc<dyn Signer>, Fault>;

    /// Makes a deriver with the ring's refresh key.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be reached, decrypted or read.
    async fn deriver(&self, refresh_key: &[u8]) -> Result<Arc<dyn SecretDeriver>, Fault>;
}

/// Makes keys for a ring, and destroys them.
#[async_trait]
pub trait KeyFactory: std::fmt::Debug + Send + Sync {
    /// Makes a new key pair. Its private half is never seen here.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be made.
    async fn make(&self, alg: Algorithm) -> Result<(Jwk, PrivateHalf), Fault>;

    /// Makes a new refresh key, encrypted.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be made.
    async fn make_refresh_key(&self) -> Result<Vec<u8>, Fault>;

    /// Destroys a private half that no ring names any more. One that is being destroyed is no obstacle.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be destroyed; it costs a little then, and harms nothing.
    async fn discard(&self, private: &PrivateHalf) -> Result<(), Fault>;

    /// Whether a private half is where new ones are made now: if not, its key is to be replaced.
    fn is_current(&self, private: &PrivateHalf) -> bool;
}
