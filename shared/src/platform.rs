//! Everything that the service stands on, in one place: for the local server, the tests, and bundles that run on it.

use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::{Fault, Issuer, KeySet};
use crate::entropy::Entropy;
use crate::jose::{Verifier, jwk};
use crate::ports::{DirectoryReader, DirectoryWriter, KeyReader, Lister, Minter, Provides, Public, Reader, Refresher, Revoker};
use crate::signer::{Deriver, Signer};
use crate::store::Store;

/// A clock, randomness, a store and keys: provides every capability.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Everything that reads.
    pub reader: Reader,
    /// All that is kept.
    pub store: Arc<dyn Store>,
    jwks: Arc<str>,
    entropy: Arc<dyn Entropy>,
    issuer: Issuer,
    signer: Arc<dyn Signer>,
    deriver: Arc<dyn Deriver>,
}

/// What a platform is made of.
#[derive(Debug)]
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The `iss` of the tokens.
    pub issuer: Issuer,
    /// All that is kept.
    pub store: Arc<dyn Store>,
    /// Signs the tokens.
    pub signer: Arc<dyn Signer>,
    /// Makes the secrets of refresh tokens.
    pub deriver: Arc<dyn Deriver>,
}

impl Platform {
    /// Puts the parts together. Tokens verify with the signer's key.
    pub fn new(parts: Parts) -> Result<Self, Fault> {
        let Parts { clock, entropy, issuer, store, signer, deriver } = parts;
        let keys = KeySet::new(vec![signer.jwk().clone()]);
        let jwks = jwk::set_to_json(&keys).into();
        let verifier = Arc::new(Verifier::new(&keys, issuer.clone())?);
        let tokens = Arc::clone(&store);
        let reader = Reader { clock, verifier, tokens };
        Ok(Self { reader, store, jwks, entropy, issuer, signer, deriver })
    }
}

impl Provides<Public> for Platform {
    fn provide(&self) -> Public {
        Public
    }
}

impl Provides<KeyReader> for Platform {
    fn provide(&self) -> KeyReader {
        KeyReader { jwks: Arc::clone(&self.jwks) }
    }
}

impl Provides<Reader> for Platform {
    fn provide(&self) -> Reader {
        self.reader.clone()
    }
}

impl Provides<Lister> for Platform {
    fn provide(&self) -> Lister {
        Lister { reader: self.reader.clone() }
    }
}

impl Provides<DirectoryReader> for Platform {
    fn provide(&self) -> DirectoryReader {
        DirectoryReader { reader: self.reader.clone(), directory: self.store.clone() }
    }
}

impl Provides<DirectoryWriter> for Platform {
    fn provide(&self) -> DirectoryWriter {
        DirectoryWriter {
            reader: self.reader.clone(),
            directory: self.store.clone(),
            write: self.store.clone(),
            revoke: self.store.clone(),
        }
    }
}

impl Provides<Revoker> for Platform {
    fn provide(&self) -> Revoker {
        Revoker { reader: self.reader.clone(), revoke: self.store.clone() }
    }
}

impl Provides<Minter> for Platform {
    fn provide(&self) -> Minter {
        Minter {
            reader: self.reader.clone(),
            entropy: self.entropy.clone(),
            issuer: self.issuer.clone(),
            write: self.store.clone(),
            signer: self.signer.clone(),
            deriver: self.deriver.clone(),
        }
    }
}

impl Provides<Refresher> for Platform {
    fn provide(&self) -> Refresher {
        Refresher { minter: self.provide(), refresh: self.store.clone(), revoke: self.store.clone() }
    }
}
