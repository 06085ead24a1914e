//! The parts that capabilities are made of, which platforms have them, and the table that finds a part by its type.
//!
//! A platform implements the `Has…` traits of the parts that it has. Everything it can provide follows from them: a bundle that
//! has no signing keys can't hand out a capability that signs, because that doesn't compile.
//!
//! To add a part: give it to one of the structs here and name its type in the table below.

use std::sync::Arc;

use crate::domain::{Algorithm, ClientCertificates, Clock, Entropy, Issuer, MtlsUrl, OrgId, Requirements, Schedule};
use crate::keys::remote::web::WebDocuments;
use crate::keys::remote::{KeySets, Origins, Receivers, SecretScanners};
use crate::keys::signer::KeyFactory;
use crate::keys::{PublicKeys, Ring, SigningKeys};
use crate::platform::capabilities::{Provides, Reader};
use crate::platform::events::Publish;
use crate::platform::queue::{Enqueue, Signalling};
use crate::store::open_org::OpenOrg;
use crate::store::quotas::Quotas;
use crate::store::status_indices::StatusIndices;
use crate::store::{
    CountEvents, KeepApiKeys, KeepAuthorizations, KeepBatches, KeepClientDocuments, KeepEventStreams, KeepLogouts,
    KeepPersonGrants, KeepSignals, KeepStatusLists, KeepTickets, NoteCredentialUses, ReadChanges, ReadDirectory, ReadTokens,
    RefreshTokens, ReplayStore, RevokeTokens, Store, UpdateTokens, WriteDirectory, WriteKeys, WriteTokens,
};

/// A platform that reads and writes records and verifies tokens.
pub trait HasRecords {
    /// The parts shared by everything that reads or writes records.
    fn records(&self) -> &RecordParts;
}

/// A platform that also signs tokens.
pub trait HasMinting: HasRecords {
    /// The parts shared by everything that issues tokens.
    fn minting(&self) -> &SigningParts;
}

/// A platform that also enqueues work for the background.
pub trait HasQueue: HasRecords {
    /// The queue that takes the parts of batches.
    fn queue(&self) -> &Arc<dyn Enqueue>;
}

/// A platform that also has signals pushed to receivers.
pub trait HasSignals: HasRecords {
    /// How signals get to receivers.
    fn signalling(&self) -> &Signalling;
}

/// A platform that signs, and has signals pushed to receivers.
pub trait HasSignedSignals: HasMinting + HasSignals {}

impl<P: HasMinting + HasSignals> HasSignedSignals for P {}

/// A platform that also creates signing keys.
pub trait HasKeyMaking: HasMinting {
    /// The parts that create keys.
    fn key_making(&self) -> &KeyMaking;
}

/// A platform that publishes the audit trail.
pub trait HasAuditing {
    /// The parts that publish events.
    fn auditing(&self) -> &Auditing;
}

/// The parts that read and write records, and verify tokens.
#[derive(Clone, Debug)]
pub struct RecordParts {
    /// Authenticates callers, and reads all that decides about tokens.
    pub reader: Reader,
    /// The store of all records.
    pub store: Arc<dyn Store>,
    /// The source of randomness for ids, salts and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The audience and scopes that the authorizer requires of a token.
    pub requirements: Arc<Requirements>,
    /// The origins at which issuers of assertions may publish their keys.
    pub key_origins: Arc<Origins>,
    /// Whether certificates of clients can arrive.
    pub client_certificates: ClientCertificates,
    /// Where clients present their certificates, if that isn't the issuer.
    pub mtls_url: Option<MtlsUrl>,
    /// The org of clients that bring none.
    pub open_org: Arc<OpenOrg>,
    /// The algorithms that there are signing keys for, the preferred one first.
    pub signing_algorithms: Arc<[Algorithm]>,
    /// What the limits of clients and API keys leave.
    pub quotas: Arc<Quotas>,
    /// The indices of status lists that are left.
    pub status_indices: Arc<StatusIndices>,
    /// The documents on the web that such clients name.
    pub web_documents: Arc<WebDocuments>,
    /// The scanners of secrets whose reports of leaked API keys are taken.
    pub secret_scanners: Arc<SecretScanners>,
    /// The receivers to which signals can be pushed.
    pub receivers: Arc<Receivers>,
}

impl RecordParts {
    /// Puts the parts together around a store whose key ring is `ring`. The authorizer requires nothing, no foreign key origin is allowed
    /// and no org is open to strangers, until [`requiring`](Self::requiring), [`reading`](Self::reading) and
    /// [`opening`](Self::opening) say otherwise.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, store: Arc<dyn Store>, ring: Arc<Ring>, issuer: Issuer) -> Self {
        Self::with_keys(clock, entropy, store, PublicKeys::from_ring(ring, issuer))
    }

    /// Puts the parts together around a store, with these keys.
    pub(super) fn with_keys(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, store: Arc<dyn Store>, keys: PublicKeys) -> Self {
        let open_org = Arc::new(OpenOrg::new(None, store.clone(), clock.clone()));
        let web_documents = Arc::new(WebDocuments::none(clock.clone()));
        let (keys, key_sets) = (Arc::new(keys), Arc::new(KeySets::none()));
        let quotas = Arc::new(Quotas::new(store.clone()));
        let status_indices = Arc::new(StatusIndices::new(store.clone(), entropy.clone()));
        let reader =
            Reader { clock, keys, tokens: store.clone(), client_orgs: Arc::default(), api_key_holders: Arc::default(), key_sets };
        Self {
            reader,
            store,
            entropy,
            requirements: Arc::default(),
            key_origins: Arc::default(),
            client_certificates: ClientCertificates::default(),
            mtls_url: None,
            open_org,
            signing_algorithms: Algorithm::ALL.into(),
            quotas,
            status_indices,
            web_documents,
            secret_scanners: Arc::default(),
            receivers: Arc::default(),
        }
    }

    /// Returns these parts for an authorizer that requires this of a token.
    #[must_use]
    pub fn requiring(self, requirements: Requirements) -> Self {
        Self { requirements: Arc::new(requirements), ..self }
    }

    /// Returns these parts with the key sets of others, by which their assertions are verified.
    #[must_use]
    pub fn reading(mut self, key_sets: KeySets) -> Self {
        self.key_origins = Arc::new(key_sets.origins().clone());
        self.reader.key_sets = Arc::new(key_sets);
        self
    }

    /// Returns these parts with the org that can be open to strangers. `None`: there is none.
    #[must_use]
    pub fn opening(self, org: Option<OrgId>) -> Self {
        let open_org = OpenOrg::new(org, self.store.clone(), self.reader.clock.clone());
        Self { open_org: Arc::new(open_org), ..self }
    }

    /// Returns these parts with the scanners of secrets whose reports are taken.
    #[must_use]
    pub fn hearing_from(self, scanners: SecretScanners) -> Self {
        Self { secret_scanners: Arc::new(scanners), ..self }
    }

    /// Returns these parts with a way to the documents that strangers have on the web.
    #[must_use]
    pub fn with_web_documents(self, web_documents: WebDocuments) -> Self {
        Self { web_documents: Arc::new(web_documents), ..self }
    }

    /// Returns these parts with the receivers to which signals can be pushed.
    #[must_use]
    pub fn pushing_to(self, receivers: Receivers) -> Self {
        Self { receivers: Arc::new(receivers), ..self }
    }

    /// Returns these parts with the receivers at public addresses and at these origins, reached over HTTPS: where the service itself is on
    /// a loopback address, also those of this very machine.
    #[cfg(feature = "fetch")]
    #[must_use]
    pub fn pushing_over_https(self, origins: Origins) -> Self {
        let takes_loopback = self.reader.keys.issuer().is_on_loopback();
        self.pushing_to(Receivers::over_https(origins, takes_loopback))
    }

    /// Returns these parts with the documents that strangers have on the web, read over HTTPS: where the service itself is on a loopback
    /// address, those of this very machine, too.
    #[cfg(feature = "fetch")]
    #[must_use]
    pub fn reading_the_web(self) -> Self {
        let takes_loopback = self.reader.keys.issuer().is_on_loopback();
        let web_documents = WebDocuments::over_https(self.reader.clock.clone(), takes_loopback);
        self.with_web_documents(web_documents)
    }
}

/// The parts that sign tokens.
#[derive(Clone, Debug)]
pub struct SigningParts {
    /// The private keys that sign.
    pub signing: Arc<SigningKeys>,
}

/// The parts that create signing keys.
#[derive(Clone, Debug)]
pub struct KeyMaking {
    /// Creates and destroys private keys.
    pub maker: Arc<dyn KeyFactory>,
    /// The algorithms that have keys, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// How long a key signs, and how long before that it is published.
    pub schedule: Schedule,
}

/// The parts that publish the audit trail. They read and write no record.
#[derive(Clone, Debug)]
pub struct Auditing {
    /// Reads changes from what the store delivers.
    pub changes: Arc<dyn ReadChanges>,
    /// All places to which the events go.
    pub publish: Vec<Arc<dyn Publish>>,
}

impl HasAuditing for Auditing {
    fn auditing(&self) -> &Auditing {
        self
    }
}

/// Implements [`Provides`] for parts: `trait of the platform => types of the parts: |platform| value`.
macro_rules! parts {
    ($($source:ident => $($part:ty),+: |$platform:ident| $value:expr;)+) => {
        $(parts!(@each $source, $platform, $value, $($part),+);)+
    };
    (@each $source:ident, $platform:ident, $value:expr, $($part:ty),+) => {
        $(impl<P: $source> Provides<$part> for P {
            fn provide(&self) -> $part {
                let $platform = self;
                $value
            }
        })+
    };
}

parts! {
    HasRecords => Reader: |p| p.records().reader.clone();
    HasRecords => Arc<dyn Clock>: |p| p.records().reader.clock.clone();
    HasRecords => Arc<PublicKeys>: |p| p.records().reader.keys.clone();
    HasRecords => Issuer: |p| p.records().reader.keys.issuer().clone();
    HasRecords => Arc<dyn Entropy>: |p| p.records().entropy.clone();
    HasRecords => Arc<Requirements>: |p| p.records().requirements.clone();
    HasRecords => ClientCertificates: |p| p.records().client_certificates;
    HasRecords => Option<MtlsUrl>: |p| p.records().mtls_url.clone();
    HasRecords => Arc<[Algorithm]>: |p| p.records().signing_algorithms.clone();
    HasRecords => Arc<Origins>: |p| p.records().key_origins.clone();
    HasRecords => Arc<OpenOrg>: |p| p.records().open_org.clone();
    HasRecords => Arc<Quotas>: |p| p.records().quotas.clone();
    HasRecords => Arc<StatusIndices>: |p| p.records().status_indices.clone();
    HasRecords => Arc<WebDocuments>: |p| p.records().web_documents.clone();
    HasRecords => Arc<SecretScanners>: |p| p.records().secret_scanners.clone();
    HasRecords => Arc<Receivers>: |p| p.records().receivers.clone();
    // The store is one object behind many ports: a capability gets those that its work needs.
    HasRecords =>
        Arc<dyn Store>,
        Arc<dyn ReadTokens>, Arc<dyn WriteTokens>, Arc<dyn UpdateTokens>, Arc<dyn RefreshTokens>, Arc<dyn RevokeTokens>,
        Arc<dyn KeepTickets>, Arc<dyn KeepAuthorizations>, Arc<dyn KeepLogouts>, Arc<dyn KeepPersonGrants>, Arc<dyn KeepBatches>, Arc<dyn ReplayStore>,
        Arc<dyn KeepStatusLists>, Arc<dyn KeepEventStreams>, Arc<dyn KeepSignals>,
        Arc<dyn CountEvents>, Arc<dyn KeepClientDocuments>, Arc<dyn KeepApiKeys>,
        Arc<dyn ReadDirectory>, Arc<dyn WriteDirectory>, Arc<dyn NoteCredentialUses>, Arc<dyn WriteKeys>: |p| p.records().store.clone();
    HasMinting => Arc<SigningKeys>: |p| p.minting().signing.clone();
    HasQueue => Arc<dyn Enqueue>: |p| p.queue().clone();
    HasSignals => Signalling: |p| p.signalling().clone();
    HasKeyMaking => Arc<dyn KeyFactory>: |p| p.key_making().maker.clone();
    HasKeyMaking => Vec<Algorithm>: |p| p.key_making().algorithms.clone();
    HasKeyMaking => Schedule: |p| p.key_making().schedule;
    HasAuditing => Arc<dyn ReadChanges>: |p| p.auditing().changes.clone();
    HasAuditing => Vec<Arc<dyn Publish>>: |p| p.auditing().publish.clone();
}
