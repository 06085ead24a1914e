//! Keys: the ring of our own, the signers that use them, and the key sets of others.

pub mod remote;
mod ring;
pub mod signer;

pub use ring::{PublicKeys, PublishedKeys, REREAD_INTERVAL, Ring, Signing, SigningKeys};
