//! What bundles, and the local server, stand on in AWS: the tables, the ring in them, and KMS.

use std::sync::Arc;

use super::Sdk;
use crate::domain::{Fault, Issuer};
use crate::keys::Ring;
use crate::keys::remote::KeySets;
use crate::keys::signer::kms::{KmsMaker, KmsOpener, Making};
use crate::platform::config::{Aws, Config, KeyMaking};
use crate::platform::events::eventbridge::EventBus;
use crate::platform::events::{Lines, Publish};
use crate::platform::queue::sqs::SqsQueue;
use crate::platform::{
    Auditing, KeyMaking as KeyMakingParts, Operations, Platform, RecordParts, SystemClock, SystemEntropy, WithQueue, config,
};
use crate::store::Store;
use crate::store::dynamodb::{DynamoStore, Stream, Tables};

/// What functions stand on that read and write records: nothing of KMS.
pub async fn for_records(config: Config) -> Result<RecordParts, Fault> {
    let records = for_work(config)?;
    log_and_continue(records.reader.keys.now().await.map(drop));
    Ok(records)
}

/// What an authorizer stands on: the same, and what is asked of a token.
pub async fn for_authorizer(config: Config) -> Result<RecordParts, Fault> {
    let requirements = config::requirements()?;
    Ok(for_records(config).await?.requiring(requirements))
}

/// What functions stand on that hand work over.
pub async fn for_queueing(config: Config) -> Result<WithQueue, Fault> {
    let url = config::batch_queue()?;
    let queue = Arc::new(SqsQueue::new(Sdk::new(&Aws::from_env()?).sqs(), url));
    Ok(WithQueue { records: for_records(config).await?, queue })
}

/// What functions stand on that only write what others have decided: they verify nothing, and read no keys.
pub fn for_work(config: Config) -> Result<RecordParts, Fault> {
    let aws = Aws::from_env()?;
    let (clock, store) = (Arc::new(SystemClock), store(&Sdk::new(&aws), &aws));
    let ring = Arc::new(Ring::new(store.clone(), clock.clone()));
    let records = RecordParts::new(clock, Arc::new(SystemEntropy), store, ring, config.issuer);
    Ok(records.allowing(config.jwks_origins))
}

/// What functions stand on that mint.
pub async fn for_minting(config: Config) -> Result<Platform, Fault> {
    let aws = Aws::from_env()?;
    let envelope_key = config::envelope_key()?;
    let sdk = Sdk::new(&aws);
    let platform = minting(&sdk, config.issuer, store(&sdk, &aws), envelope_key);
    let platform = platform.reading(KeySets::over_https(config.jwks_origins));
    log_and_continue(platform.warm_up().await);
    Ok(platform)
}

/// What functions stand on that make keys.
pub fn for_operations(config: Config) -> Result<Operations, Fault> {
    let aws = Aws::from_env()?;
    let envelope_key = config::envelope_key()?;
    let keys = KeyMaking::from_env()?;
    let sdk = Sdk::new(&aws);
    Ok(operations(&sdk, config.issuer, store(&sdk, &aws), envelope_key, keys))
}

/// What the audit trail stands on: the log and, if there is one, the event bus.
pub fn for_auditing() -> Result<Auditing, Fault> {
    let mut publish: Vec<Arc<dyn Publish>> = vec![Arc::new(Lines::to_stdout())];
    if let Some(name) = config::event_bus()? {
        let aws = Aws::from_env()?;
        publish.push(Arc::new(EventBus::new(Sdk::new(&aws).eventbridge(), name)));
    }
    Ok(Auditing { changes: Arc::new(Stream), publish })
}

/// The service on this store, with keys that KMS has or decrypts.
pub fn minting(sdk: &Sdk, issuer: Issuer, store: Arc<dyn Store>, envelope_key: String) -> Platform {
    let opener = Arc::new(KmsOpener::new(sdk.kms(), envelope_key));
    Platform::with_ring(Arc::new(SystemClock), Arc::new(SystemEntropy), issuer, store, opener)
}

/// The same, and what makes the keys.
pub fn operations(sdk: &Sdk, issuer: Issuer, store: Arc<dyn Store>, envelope_key: String, keys: KeyMaking) -> Operations {
    let KeyMaking { mode, algorithms, schedule, rsa_bits, alias, policy } = keys;
    let making = Making { mode, envelope_key: envelope_key.clone(), alias, policy, rsa_bits };
    let maker = Arc::new(KmsMaker::new(&sdk.kms(), making));
    let key_making = KeyMakingParts { maker, algorithms, schedule };
    Operations { platform: minting(sdk, issuer, store, envelope_key), key_making }
}

/// The store in the tables that are configured.
pub fn store(sdk: &Sdk, aws: &Aws) -> Arc<dyn Store> {
    Arc::new(DynamoStore::new(sdk.dynamodb(), tables(aws), Arc::new(SystemEntropy)))
}

/// The tables that are configured.
pub fn tables(aws: &Aws) -> Tables {
    Tables { tokens: aws.tokens_table.clone(), directory: aws.directory_table.clone(), by_subject: aws.by_subject }
}

/// A function starts also when what it reads first can't be read: requests then try again, and say so if it still can't.
fn log_and_continue(warmed_up: Result<(), Fault>) {
    if let Err(fault) = warmed_up {
        crate::telemetry::log_fault("", &fault);
    }
}
