//! What a deployment has in AWS, emulated in this process: the tables, KMS and the keys in it.

use std::sync::Arc;

use shared::domain::{Algorithm, Issuer, OrgId, Schedule, Seconds, SigningMode};
use shared::keys::remote::Receivers;
use shared::keys::remote::web::WebDocuments;
use shared::platform::aws::Sdk;
use shared::platform::aws::platform::{operations, store};
use shared::platform::aws::testing::Wire;
use shared::platform::config::{Aws, KeyMaking};
use shared::platform::queue::sqs::{SqsPushQueue, SqsQueue};
use shared::platform::queue::{Enqueue, Signalling};
use shared::platform::{HasKeyMaking, HasMinting, HasQueue, HasRecords, HasSignals, Operations, RecordParts, SigningParts};
use shared::store::Store;

use super::kms::FakeKms;
use super::queue::HeldQueue;
use super::receiver::Receiver;
use super::web::{Web, scanners};

/// The `iss` of all tokens.
pub(crate) const ISSUER: &str = "https://jeton.example";

/// The queue of batches.
const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/batches";

/// The queue of streams whose signals are to be pushed.
pub(crate) const PUSH_QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/pushes.fifo";

/// Tables and KMS of its own. They end with the runtime.
pub(crate) struct Deployment {
    pub(crate) aws: Aws,
    pub(crate) kms: FakeKms,
    pub(crate) envelope_key: String,
    pub(crate) mode: SigningMode,
    /// What was handed over to SQS.
    pub(crate) queue: HeldQueue,
    /// What of that was handed over for the pusher.
    pub(crate) pushes: HeldQueue,
    /// What clients have on the web.
    pub(crate) web: Arc<Web>,
    /// Whoever receives signals.
    pub(crate) receiver: Arc<Receiver>,
}

/// An instance of all functions.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    operations: Operations,
    queue: Arc<dyn Enqueue>,
    signalling: Signalling,
}

impl std::ops::Deref for Instance {
    type Target = Operations;

    fn deref(&self) -> &Operations {
        &self.operations
    }
}

impl HasRecords for Instance {
    fn records(&self) -> &RecordParts {
        self.operations.records()
    }
}

impl HasMinting for Instance {
    fn minting(&self) -> &SigningParts {
        self.operations.minting()
    }
}

impl HasKeyMaking for Instance {
    fn key_making(&self) -> &shared::platform::KeyMaking {
        self.operations.key_making()
    }
}

impl HasQueue for Instance {
    fn queue(&self) -> &Arc<dyn Enqueue> {
        &self.queue
    }
}

impl HasSignals for Instance {
    fn signalling(&self) -> &Signalling {
        &self.signalling
    }
}

impl Deployment {
    /// With empty tables and one KMS key, which encrypts.
    pub(crate) async fn new(mode: SigningMode, by_subject: bool) -> Self {
        let mut aws = super::dynamodb::empty_tables(by_subject).await;
        let kms = FakeKms::default();
        aws.endpoints.kms = Some(kms.serve().await);
        let (queue, pushes) = (HeldQueue::default(), HeldQueue::default());
        aws.endpoints.sqs = Some(queue.serve(&pushes).await);
        Self { aws, envelope_key: kms.symmetric_key(), kms, mode, queue, pushes, web: Arc::default(), receiver: Arc::default() }
    }

    /// A new instance of all functions, whose calls pass through `wire`.
    pub(crate) fn instance(&self, wire: &Wire) -> Instance {
        let sdk = Sdk::new(&self.aws).with_longer_timeouts().over(wire);
        let store: Arc<dyn Store> = store(&sdk, &self.aws);
        let queue = Arc::new(SqsQueue::new(sdk.sqs(), QUEUE.to_owned()));
        let mut operations = operations(&sdk, Issuer::parse(ISSUER).unwrap(), store, self.envelope_key.clone(), self.keys());
        let records = operations.platform.records;
        let documents = WebDocuments::new(self.web.clone(), records.reader.clock.clone());
        let records = records.opening(Some(OrgId::parse("1").unwrap())).with_web_documents(documents);
        let records = records.hearing_from(scanners(&self.web));
        operations.platform.records = records.pushing_to(Receivers::new(Arc::default(), false, self.receiver.clone()));
        let signalling = Signalling { pusher: Arc::new(SqsPushQueue::new(sdk.sqs(), PUSH_QUEUE.to_owned())), collects: true };
        Instance { operations, queue, signalling }
    }

    /// How its keys are made.
    pub(crate) fn keys(&self) -> KeyMaking {
        KeyMaking {
            mode: self.mode,
            algorithms: vec![Algorithm::Es256],
            schedule: Schedule { every: Seconds(90 * 86_400), lead: Seconds::DAY },
            rsa_bits: 2_048,
            alias: "alias/jeton/signing".to_owned(),
            policy: None,
            multi_region: false,
        }
    }

    /// What its functions are told, by name.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mode = if self.mode == SigningMode::Kms { "kms" } else { "envelope" };
        let endpoints = &self.aws.endpoints;
        vec![
            ("JETON_ISSUER", ISSUER.to_owned()),
            ("JETON_TOKENS_TABLE", self.aws.tokens_table.clone()),
            ("JETON_DIRECTORY_TABLE", self.aws.directory_table.clone()),
            ("JETON_BY_SUBJECT", if self.aws.by_subject { "on" } else { "off" }.to_owned()),
            ("JETON_OPEN_ORG", "1".to_owned()),
            ("JETON_ENVELOPE_KEY", self.envelope_key.clone()),
            ("JETON_SIGNING_MODE", mode.to_owned()),
            ("JETON_SIGNING_ALGORITHMS", "ES256".to_owned()),
            ("JETON_ROTATION_DAYS", "90".to_owned()),
            ("JETON_KEY_ALIAS", "alias/jeton/signing".to_owned()),
            ("JETON_BATCH_QUEUE", QUEUE.to_owned()),
            ("JETON_PUSH_QUEUE", PUSH_QUEUE.to_owned()),
            ("JETON_SIGNAL_QUEUE", "https://sqs.eu-west-1.amazonaws.com/123456789012/signals".to_owned()),
            ("AWS_REGION", self.aws.region.clone()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_ENDPOINT_URL", endpoints.all.clone().unwrap()),
            ("AWS_ENDPOINT_URL_KMS", endpoints.kms.clone().unwrap()),
            ("AWS_ENDPOINT_URL_SQS", endpoints.sqs.clone().unwrap()),
        ]
    }
}
