//! Keys: the ring of our own, the signers that use them, and the key sets of others.
//!
//! The ring follows the record in the store and the clock, so that keys change without a restart. [`signer`] has the ports that
//! sign and make keys, with a local adapter and one for KMS; [`remote`] reads the JWK Sets of others over HTTPS. When keys are
//! rotated is decided in [`admin::rotation`](crate::admin::rotation), and verifying is [`jose`](crate::jose).
//!
//! To add a place for keys, implement the ports of [`signer`] and run its conformance suite.

pub mod remote;
mod ring;
pub mod signer;

pub use ring::{PublicKeys, PublishedKeys, REREAD_INTERVAL, Ring, Signing, SigningKeys};
