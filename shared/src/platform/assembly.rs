//! The platforms: the parts of [`parts`](super::parts) put together as the bundles and the local server need them.

use std::sync::Arc;

use super::parts::{HasKeyMaking, HasMinting, HasQueue, HasRecords, HasSignals, KeyMaking, RecordParts, SigningParts};
use crate::domain::{ClientCertificates, Clock, Entropy, Fault, Issuer, KeySet, MtlsUrl};
use crate::keys::remote::KeySets;
use crate::keys::signer::{KeyOpener, SecretDeriver, Signer};
use crate::keys::{PublicKeys, Ring, SigningKeys};
use crate::platform::queue::{Enqueue, Signalling};
use crate::store::Store;

/// A platform that reads, writes and signs: the bundle `mint`, and the core of the local server.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The parts that read and write records.
    pub records: RecordParts,
    /// The parts that sign tokens.
    pub minting: SigningParts,
}

/// What [`Platform::new`] puts together.
#[derive(Debug)]
pub struct PlatformParts {
    /// The clock by which tokens are issued and expire.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness for ids, salts and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The `iss` of the tokens.
    pub issuer: Issuer,
    /// The store of all records.
    pub store: Arc<dyn Store>,
    /// The private keys that sign tokens: one for each algorithm, the preferred one first.
    pub signers: Vec<Arc<dyn Signer>>,
    /// Derives the secrets of refresh tokens.
    pub deriver: Arc<dyn SecretDeriver>,
}

impl Platform {
    /// Puts a platform together whose keys never change.
    ///
    /// # Errors
    ///
    /// An internal fault if a public key can't be read.
    pub fn new(parts: PlatformParts) -> Result<Self, Fault> {
        let PlatformParts { clock, entropy, issuer, store, signers, deriver } = parts;
        let published = signers.iter().map(|signer| signer.jwk().clone()).collect();
        let keys = PublicKeys::fixed(&KeySet::new(published), issuer)?;
        let signing = Arc::new(SigningKeys::fixed(signers, deriver));
        let records = RecordParts::with_keys(clock, entropy, store, keys);
        Ok(Self { records, minting: SigningParts { signing } })
    }

    /// Puts a platform together whose keys are those of the key ring in the store, which may change at any time.
    pub fn with_ring(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        issuer: Issuer,
        store: Arc<dyn Store>,
        opener: Arc<dyn KeyOpener>,
    ) -> Self {
        let ring = Arc::new(Ring::new(store.clone(), clock.clone()));
        let records = RecordParts::new(clock, entropy, store, ring.clone(), issuer);
        let signing = Arc::new(SigningKeys::from_ring(ring, opener));
        Self { records, minting: SigningParts { signing } }
    }

    /// Returns this platform with the key sets of others, by which it verifies their assertions.
    #[must_use]
    pub fn reading(self, key_sets: KeySets) -> Self {
        Self { records: self.records.reading(key_sets), ..self }
    }

    /// Returns this platform behind something that ends TLS and passes on the certificates of clients. `mtls_url`: where they present
    /// them, if that isn't the issuer.
    #[must_use]
    pub fn with_client_certificates(mut self, mtls_url: Option<MtlsUrl>) -> Self {
        self.records.mtls_url = mtls_url;
        self.records.client_certificates = ClientCertificates::Arrive;
        self
    }

    /// Reads the key ring and opens the signing keys, so that no request has to wait for them and connections are open.
    ///
    /// # Errors
    ///
    /// A fault if the ring can't be read or a key can't be opened. A request may succeed all the same: it tries again.
    pub async fn warm_up(&self) -> Result<(), Fault> {
        self.records.reader.keys.now().await?;
        self.minting.signing.now().await?;
        Ok(())
    }
}

/// A platform that reads and writes records and enqueues batches: the functions of the bundle `operate` that accept them.
#[derive(Clone, Debug)]
pub struct WithQueue {
    /// The parts that read and write records.
    pub records: RecordParts,
    /// The queue that takes the parts of batches.
    pub queue: Arc<dyn Enqueue>,
}

/// A platform that also has signals pushed to receivers: the functions of the bundle `operate` that manage streams, make signals and
/// push them.
#[derive(Clone, Debug)]
pub struct WithSignals<P> {
    /// All that there is besides.
    pub platform: P,
    /// How signals get to receivers.
    pub signalling: Signalling,
}

/// A platform that answers every endpoint in one process, batches and signals included: the local server.
#[derive(Clone, Debug)]
pub struct LocalService {
    /// The parts that read, write and sign.
    pub platform: Platform,
    /// The queue that takes the parts of batches.
    pub queue: Arc<dyn Enqueue>,
    /// How signals get to receivers.
    pub signalling: Signalling,
}

/// A platform that also creates signing keys: the functions `bootstrap` and `rotate_keys`.
#[derive(Clone, Debug)]
pub struct Operations {
    /// The parts that read, write and sign.
    pub platform: Platform,
    /// The parts that create keys.
    pub key_making: KeyMaking,
}

impl HasRecords for RecordParts {
    fn records(&self) -> &RecordParts {
        self
    }
}

impl HasRecords for Platform {
    fn records(&self) -> &RecordParts {
        &self.records
    }
}

impl HasMinting for Platform {
    fn minting(&self) -> &SigningParts {
        &self.minting
    }
}

impl HasRecords for WithQueue {
    fn records(&self) -> &RecordParts {
        &self.records
    }
}

impl HasQueue for WithQueue {
    fn queue(&self) -> &Arc<dyn Enqueue> {
        &self.queue
    }
}

impl<P: HasRecords> HasRecords for WithSignals<P> {
    fn records(&self) -> &RecordParts {
        self.platform.records()
    }
}

impl<P: HasMinting> HasMinting for WithSignals<P> {
    fn minting(&self) -> &SigningParts {
        self.platform.minting()
    }
}

impl<P: HasRecords> HasSignals for WithSignals<P> {
    fn signalling(&self) -> &Signalling {
        &self.signalling
    }
}

impl HasRecords for LocalService {
    fn records(&self) -> &RecordParts {
        self.platform.records()
    }
}

impl HasMinting for LocalService {
    fn minting(&self) -> &SigningParts {
        self.platform.minting()
    }
}

impl HasQueue for LocalService {
    fn queue(&self) -> &Arc<dyn Enqueue> {
        &self.queue
    }
}

impl HasSignals for LocalService {
    fn signalling(&self) -> &Signalling {
        &self.signalling
    }
}

impl HasRecords for Operations {
    fn records(&self) -> &RecordParts {
        self.platform.records()
    }
}

impl HasMinting for Operations {
    fn minting(&self) -> &SigningParts {
        self.platform.minting()
    }
}

impl HasKeyMaking for Operations {
    fn key_making(&self) -> &KeyMaking {
        &self.key_making
    }
}
