//! What the service stands on, put together: as much of it as a bundle, the local server or a test has.

use std::sync::Arc;

use crate::domain::{Clock, Entropy, Fault, Issuer, KeySet, Requirements, Schedule};
use crate::keys::remote::{KeySets, Origins};
use crate::keys::signer::{KeyFactory, KeyOpener, SecretDeriver, Signer};
use crate::keys::{PublicKeys, Ring, SigningKeys};
use crate::platform::capabilities::{
    Auditor, Authorizer, BatchReader, BatchWorker, Batcher, Bootstrapper, BulkRevoker, ClientCreator, ClientRemover,
    ClientRevoker, ClientWriter, DirectoryLookup, DirectoryReader, Granter, Introspector, IssuerInfo, KeyReader, Lister,
    MemberRemover, MemberWriter, Minter, OrgRemover, OrgWriter, Provides, Public, Reader, Refresher, Registrar,
    RegistrationReader, RegistrationRemover, RegistrationWriter, Revoker, Rotator, SecretWriter, SigningIntrospector,
    TicketRevoker, TokenUpdater,
};
use crate::platform::queue::Enqueue;
use crate::store::Store;

/// Has what reads and writes records, and verifies.
pub trait HasRecords {
    /// That.
    fn records(&self) -> &RecordParts;
}

/// Has what mints, too.
pub trait HasMinting: HasRecords {
    /// That.
    fn minting(&self) -> &SigningParts;
}

/// Has what hands work over, too.
pub trait HasQueue: HasRecords {
    /// Where it is handed over.
    fn queue(&self) -> &Arc<dyn Enqueue>;
}

/// Has what makes keys, too.
pub trait HasKeyMaking: HasMinting {
    /// That.
    fn key_making(&self) -> &KeyMaking;
}

/// Reads and writes records, and verifies.
#[derive(Clone, Debug)]
pub struct RecordParts {
    /// Everything that reads.
    pub reader: Reader,
    /// All that is kept.
    pub store: Arc<dyn Store>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// What an authorizer asks of a token.
    pub requirements: Arc<Requirements>,
    /// Where the keys of others may be.
    pub key_origins: Arc<Origins>,
}

impl RecordParts {
    /// On a store that has a key ring.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, store: Arc<dyn Store>, ring: Arc<Ring>, issuer: Issuer) -> Self {
        let (keys, tokens) = (Arc::new(PublicKeys::from_ring(ring, issuer)), store.clone());
        let reader = Reader { clock, keys, tokens, client_orgs: Arc::default() };
        Self { reader, store, entropy, requirements: Arc::default(), key_origins: Arc::default() }
    }

    /// The same for an authorizer that asks this of a token.
    #[must_use]
    pub fn requiring(self, requirements: Requirements) -> Self {
        Self { requirements: Arc::new(requirements), ..self }
    }

    /// The same where the keys of others may be at these origins.
    #[must_use]
    pub fn allowing(self, key_origins: Origins) -> Self {
        Self { key_origins: Arc::new(key_origins), ..self }
    }
}

/// Signs.
#[derive(Clone, Debug)]
pub struct SigningParts {
    /// The `iss` of what is minted.
    pub issuer: Issuer,
    /// The private keys.
    pub signing: Arc<SigningKeys>,
    /// The keys of others.
    pub key_sets: Arc<KeySets>,
}

/// Makes keys.
#[derive(Clone, Debug)]
pub struct KeyMaking {
    /// Makes and destroys them.
    pub maker: Arc<dyn KeyFactory>,
    /// The algorithms to keep keys for, the preferred one first.
    pub algorithms: Vec<crate::domain::Algorithm>,
    /// When keys follow each other.
    pub schedule: Schedule,
}

/// Reads and writes records, and hands work over.
#[derive(Clone, Debug)]
pub struct WithQueue {
    /// What reads and writes records.
    pub records: RecordParts,
    /// Where work is handed over.
    pub queue: Arc<dyn Enqueue>,
}

/// The whole service in one process, with what works in its background.
#[derive(Clone, Debug)]
pub struct LocalService {
    /// What answers.
    pub platform: Platform,
    /// Where work is handed over.
    pub queue: Arc<dyn Enqueue>,
}

/// The whole service.
#[derive(Clone, Debug)]
pub struct Platform {
    /// What reads and writes records.
    pub records: RecordParts,
    /// What signs.
    pub minting: SigningParts,
}

/// What a platform is made of.
#[derive(Debug)]
pub struct PlatformParts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The `iss` of the tokens.
    pub issuer: Issuer,
    /// All that is kept.
    pub store: Arc<dyn Store>,
    /// Sign the tokens: one for each algorithm, the preferred one first.
    pub signers: Vec<Arc<dyn Signer>>,
    /// Makes the secrets of refresh tokens.
    pub deriver: Arc<dyn SecretDeriver>,
}

impl Platform {
    /// With keys that never change.
    pub fn new(parts: PlatformParts) -> Result<Self, Fault> {
        let PlatformParts { clock, entropy, issuer, store, signers, deriver } = parts;
        let published = signers.iter().map(|signer| signer.jwk().clone()).collect();
        let keys = PublicKeys::fixed(&KeySet::new(published), issuer.clone())?;
        let reader = Reader { clock, keys: Arc::new(keys), tokens: store.clone(), client_orgs: Arc::default() };
        let signing = Arc::new(SigningKeys::fixed(signers, deriver));
        let records = RecordParts { reader, store, entropy, requirements: Arc::default(), key_origins: Arc::default() };
        Ok(Self { records, minting: SigningParts { issuer, signing, key_sets: Arc::new(KeySets::none()) } })
    }

    /// With the keys of the ring that the store has.
    pub fn with_ring(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        issuer: Issuer,
        store: Arc<dyn Store>,
        opener: Arc<dyn KeyOpener>,
    ) -> Self {
        let ring = Arc::new(Ring::new(store.clone(), clock.clone()));
        let records = RecordParts::new(clock, entropy, store, ring.clone(), issuer.clone());
        let signing = Arc::new(SigningKeys::from_ring(ring, opener));
        Self { records, minting: SigningParts { issuer, signing, key_sets: Arc::new(KeySets::none()) } }
    }

    /// The same where the keys of others may be read.
    #[must_use]
    pub fn reading(self, key_sets: KeySets) -> Self {
        let records = self.records.allowing(key_sets.origins().clone());
        Self { records, minting: SigningParts { key_sets: Arc::new(key_sets), ..self.minting } }
    }

    /// Reads what requests will need: so that none of them waits for it, and so that connections are open.
    pub async fn warm_up(&self) -> Result<(), Fault> {
        self.records.reader.keys.now().await?;
        self.minting.signing.now().await?;
        Ok(())
    }
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

impl HasMinting for Platform {
    fn minting(&self) -> &SigningParts {
        &self.minting
    }
}

/// The whole service, and what makes its keys.
#[derive(Clone, Debug)]
pub struct Operations {
    /// The service.
    pub platform: Platform,
    /// What makes its keys.
    pub key_making: KeyMaking,
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

/// What tells others of commits. Neither reads nor writes any record.
#[derive(Clone, Debug)]
pub struct Auditing(pub Auditor);

impl Provides<Auditor> for Auditing {
    fn provide(&self) -> Auditor {
        self.0.clone()
    }
}

impl<P: HasRecords> Provides<Public> for P {
    fn provide(&self) -> Public {
        Public
    }
}

impl<P: HasRecords> Provides<IssuerInfo> for P {
    fn provide(&self) -> IssuerInfo {
        IssuerInfo { issuer: self.records().reader.keys.issuer().clone() }
    }
}

impl<P: HasRecords> Provides<KeyReader> for P {
    fn provide(&self) -> KeyReader {
        KeyReader { keys: self.records().reader.keys.clone() }
    }
}

impl<P: HasRecords> Provides<Reader> for P {
    fn provide(&self) -> Reader {
        self.records().reader.clone()
    }
}

impl<P: HasRecords> Provides<Authorizer> for P {
    fn provide(&self) -> Authorizer {
        Authorizer { reader: self.provide(), requirements: self.records().requirements.clone() }
    }
}

impl<P: HasRecords> Provides<Lister> for P {
    fn provide(&self) -> Lister {
        Lister { reader: self.provide() }
    }
}

impl<P: HasRecords> Provides<DirectoryReader> for P {
    fn provide(&self) -> DirectoryReader {
        DirectoryReader { reader: self.provide(), directory: self.records().store.clone() }
    }
}

impl<P: HasRecords> Provides<DirectoryLookup> for P {
    fn provide(&self) -> DirectoryLookup {
        let RecordParts { reader, .. } = self.records();
        DirectoryLookup { clock: reader.clock.clone(), directory: reader.tokens.clone() }
    }
}

impl<P: HasRecords> Provides<OrgWriter> for P {
    fn provide(&self) -> OrgWriter {
        let RecordParts { reader, store, key_origins, .. } = self.records().clone();
        OrgWriter { reader, write: store.clone(), keys: store, key_origins }
    }
}

impl<P: HasRecords> Provides<OrgRemover> for P {
    fn provide(&self) -> OrgRemover {
        OrgRemover { reader: self.provide(), write: self.records().store.clone() }
    }
}

impl<P: HasRecords> Provides<MemberWriter> for P {
    fn provide(&self) -> MemberWriter {
        MemberWriter { reader: self.provide(), write: self.records().store.clone() }
    }
}

impl<P: HasRecords> Provides<MemberRemover> for P {
    fn provide(&self) -> MemberRemover {
        let store = &self.records().store;
        MemberRemover { reader: self.provide(), write: store.clone(), revoke: store.clone() }
    }
}

impl<P: HasRecords> Provides<ClientCreator> for P {
    fn provide(&self) -> ClientCreator {
        let RecordParts { reader, store, entropy, .. } = self.records().clone();
        ClientCreator { reader, entropy, write: store }
    }
}

impl<P: HasRecords> Provides<SecretWriter> for P {
    fn provide(&self) -> SecretWriter {
        let RecordParts { reader, store, entropy, .. } = self.records().clone();
        SecretWriter { reader, entropy, write: store }
    }
}

impl<P: HasRecords> Provides<ClientWriter> for P {
    fn provide(&self) -> ClientWriter {
        ClientWriter { reader: self.provide(), write: self.records().store.clone() }
    }
}

impl<P: HasRecords> Provides<ClientRemover> for P {
    fn provide(&self) -> ClientRemover {
        let store = &self.records().store;
        ClientRemover { reader: self.provide(), write: store.clone(), revoke: store.clone() }
    }
}

impl<P: HasRecords> Provides<Registrar> for P {
    fn provide(&self) -> Registrar {
        let RecordParts { reader, store, entropy, .. } = self.records().clone();
        Registrar { reader, entropy, write: store }
    }
}

impl<P: HasRecords> Provides<RegistrationReader> for P {
    fn provide(&self) -> RegistrationReader {
        RegistrationReader { reader: self.provide() }
    }
}

impl<P: HasRecords> Provides<RegistrationWriter> for P {
    fn provide(&self) -> RegistrationWriter {
        let RecordParts { reader, store, entropy, .. } = self.records().clone();
        RegistrationWriter { reader, entropy, write: store }
    }
}

impl<P: HasRecords> Provides<RegistrationRemover> for P {
    fn provide(&self) -> RegistrationRemover {
        let store = &self.records().store;
        RegistrationRemover { reader: self.provide(), write: store.clone(), revoke: store.clone() }
    }
}

impl<P: HasRecords> Provides<Revoker> for P {
    fn provide(&self) -> Revoker {
        Revoker { reader: self.provide(), revoke: self.records().store.clone() }
    }
}

impl<P: HasRecords> Provides<BulkRevoker> for P {
    fn provide(&self) -> BulkRevoker {
        BulkRevoker { reader: self.provide(), revoke: self.records().store.clone() }
    }
}

impl<P: HasMinting> Provides<Minter> for P {
    fn provide(&self) -> Minter {
        let (SigningParts { issuer, signing, .. }, RecordParts { store, entropy, .. }) =
            (self.minting().clone(), self.records().clone());
        Minter { reader: self.provide(), entropy, issuer, write: store, signing }
    }
}

impl<P: HasMinting> Provides<Refresher> for P {
    fn provide(&self) -> Refresher {
        let store = &self.records().store;
        Refresher { minter: self.provide(), refresh: store.clone(), revoke: store.clone() }
    }
}

impl<P: HasMinting> Provides<Granter> for P {
    fn provide(&self) -> Granter {
        let (SigningParts { key_sets, .. }, RecordParts { store, .. }) = (self.minting().clone(), self.records().clone());
        Granter { refresher: self.provide(), tickets: store.clone(), once: store.clone(), amend: store, key_sets }
    }
}

impl<P: HasRecords> Provides<TicketRevoker> for P {
    fn provide(&self) -> TicketRevoker {
        let RecordParts { reader, store, entropy, .. } = self.records().clone();
        TicketRevoker { reader, entropy, tickets: store }
    }
}

impl<P: HasRecords> Provides<Introspector> for P {
    fn provide(&self) -> Introspector {
        Introspector { reader: self.provide(), once: self.records().store.clone() }
    }
}

impl<P: HasMinting> Provides<SigningIntrospector> for P {
    fn provide(&self) -> SigningIntrospector {
        SigningIntrospector { introspector: self.provide(), signing: self.minting().signing.clone() }
    }
}

impl<P: HasRecords> Provides<ClientRevoker> for P {
    fn provide(&self) -> ClientRevoker {
        ClientRevoker { revoker: self.provide(), once: self.records().store.clone() }
    }
}

impl<P: HasRecords> Provides<TokenUpdater> for P {
    fn provide(&self) -> TokenUpdater {
        let RecordParts { reader, store, entropy, .. } = self.records().clone();
        TokenUpdater { reader, entropy, amend: store }
    }
}

impl<P: HasQueue> Provides<Batcher> for P {
    fn provide(&self) -> Batcher {
        let RecordParts { reader, store, entropy, .. } = self.records().clone();
        Batcher { reader, entropy, batches: store, queue: self.queue().clone() }
    }
}

impl<P: HasRecords> Provides<BatchReader> for P {
    fn provide(&self) -> BatchReader {
        BatchReader { reader: self.provide(), batches: self.records().store.clone() }
    }
}

impl<P: HasRecords> Provides<BatchWorker> for P {
    fn provide(&self) -> BatchWorker {
        let RecordParts { reader, store, .. } = self.records().clone();
        BatchWorker { clock: reader.clock, write: store.clone(), revoke: store.clone(), batches: store }
    }
}

impl<P: HasKeyMaking> Provides<Rotator> for P {
    fn provide(&self) -> Rotator {
        let KeyMaking { maker, algorithms, schedule } = self.key_making().clone();
        let (clock, keys) = (self.records().reader.clock.clone(), self.records().store.clone());
        Rotator { clock, keys, maker, algorithms, schedule }
    }
}

impl<P: HasKeyMaking> Provides<Bootstrapper> for P {
    fn provide(&self) -> Bootstrapper {
        Bootstrapper { rotator: self.provide(), minter: self.provide(), store: self.records().store.clone() }
    }
}
