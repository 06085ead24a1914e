//! The platforms on AWS: what each bundle, and the local server with tables in AWS, is put together from.
//!
//! The functions `for_…` read the environment and are called once by a bundle when it starts. A function starts even when its
//! first reads fail (which is logged), because a request may find AWS well again.

use std::sync::Arc;

use super::Sdk;
use crate::domain::{Fault, Issuer};
use crate::keys::Ring;
use crate::keys::remote::{KeySets, SecretScanners};
use crate::keys::signer::kms::{KmsMaker, KmsOpener, Making};
use crate::platform::config::{Aws, Config, KeyMaking};
use crate::platform::events::eventbridge::EventBus;
use crate::platform::events::{Lines, Publish, SignalEvents};
use crate::platform::queue::Signalling;
use crate::platform::queue::sqs::{SqsPushQueue, SqsQueue};
use crate::platform::{
    Auditing, KeyMaking as KeyMakingParts, Operations, Platform, RecordParts, SystemClock, SystemEntropy, WithQueue, WithSignals,
    config,
};
use crate::store::Store;
use crate::store::dynamodb::{DynamoStore, Stream, Tables};

/// Puts together the platform of functions that read and write records, without KMS, and reads the key ring.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub async fn for_records(config: Config) -> Result<RecordParts, Fault> {
    let records = for_work(config)?;
    log_and_continue(records.reader.keys.now().await.map(drop));
    Ok(records)
}

/// Puts together the platform of the authorizer: that of [`for_records`], with what the authorizer requires of a token.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub async fn for_authorizer(config: Config) -> Result<RecordParts, Fault> {
    let requirements = config::requirements()?;
    Ok(for_records(config).await?.requiring(requirements))
}

/// Puts together the platform of functions that enqueue batches.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub async fn for_queueing(config: Config) -> Result<WithQueue, Fault> {
    let url = config::batch_queue()?;
    let queue = Arc::new(SqsQueue::new(Sdk::new(&Aws::from_env()?).sqs(), url));
    Ok(WithQueue { records: for_records(config).await?, queue })
}

/// Puts together the platform of functions that only write what others have decided: they verify no token, so no key is read.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub fn for_work(config: Config) -> Result<RecordParts, Fault> {
    let aws = Aws::from_env()?;
    let (clock, store) = (Arc::new(SystemClock), store(&Sdk::new(&aws), &aws));
    let ring = Arc::new(Ring::new(store.clone(), clock.clone()));
    let records = RecordParts::new(clock, Arc::new(SystemEntropy), store, ring, config.issuer);
    let records = records.reading(KeySets::over_https(config.jwks_origins)).opening(config::open_org()?).reading_the_web();
    let records = records.hearing_from(SecretScanners::over_https(config::secret_scanners()?));
    let records = records.pushing_over_https(config.receiver_origins);
    let signing_algorithms = config::signing_algorithms()?.into();
    Ok(RecordParts {
        client_certificates: config::client_certificates()?,
        mtls_url: config::mtls_url()?,
        signing_algorithms,
        ..records
    })
}

/// Puts together the platform of functions that sign tokens, and reads the key ring and opens the keys.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub async fn for_minting(config: Config) -> Result<Platform, Fault> {
    let aws = Aws::from_env()?;
    let envelope_key = config::envelope_key()?;
    let sdk = Sdk::new(&aws);
    let platform = minting(&sdk, config.issuer, store(&sdk, &aws), envelope_key);
    let mut platform = platform.reading(KeySets::over_https(config.jwks_origins));
    platform.records = platform.records.opening(config::open_org()?).reading_the_web();
    platform.records = platform.records.pushing_over_https(config.receiver_origins);
    log_and_continue(platform.warm_up().await);
    Ok(platform)
}

/// Puts together the platform of functions that sign and have signals pushed: those that push them, and those that manage streams.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub async fn for_signals(config: Config) -> Result<WithSignals<Platform>, Fault> {
    let signalling = signalling()?;
    Ok(WithSignals { platform: for_minting(config).await?, signalling })
}

/// Puts together the platform of the function that makes signals. It verifies no token, so no key is read.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub fn for_collecting(config: Config) -> Result<WithSignals<RecordParts>, Fault> {
    Ok(WithSignals { signalling: signalling()?, platform: for_work(config)? })
}

/// How signals get to receivers. The function of the audit trail hands over what they are made of, in each deployment.
fn signalling() -> Result<Signalling, Fault> {
    let pusher = Arc::new(SqsPushQueue::new(Sdk::new(&Aws::from_env()?).sqs(), config::push_queue()?));
    Ok(Signalling { pusher, collects: true })
}

/// Puts together the platform of functions that create signing keys.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub fn for_operations(config: Config) -> Result<Operations, Fault> {
    let aws = Aws::from_env()?;
    let envelope_key = config::envelope_key()?;
    let keys = KeyMaking::from_env()?;
    let sdk = Sdk::new(&aws);
    Ok(operations(&sdk, config.issuer, store(&sdk, &aws), envelope_key, keys))
}

/// Puts together what publishes the audit trail: to the log, to what makes signals and, if one is
/// configured, to the event bus.
///
/// # Errors
///
/// An internal fault if the environment is not as it should be.
pub fn for_auditing() -> Result<Auditing, Fault> {
    let mut publish: Vec<Arc<dyn Publish>> = vec![Arc::new(Lines::to_stdout())];
    let (signal_queue, event_bus) = (config::signal_queue()?, config::event_bus()?);
    // Lines alone need no AWS.
    if signal_queue.is_some() || event_bus.is_some() {
        let sdk = Sdk::new(&Aws::from_env()?);
        if let Some(url) = signal_queue {
            publish.push(Arc::new(SignalEvents::to(Arc::new(SqsQueue::new(sdk.sqs(), url)))));
        }
        if let Some(name) = event_bus {
            publish.push(Arc::new(EventBus::new(sdk.eventbridge(), name)));
        }
    }
    Ok(Auditing { changes: Arc::new(Stream), publish })
}

/// Puts a platform together from a store and KMS, which holds or decrypts the signing keys. `envelope_key` is the ARN of the key
/// that decrypts.
pub fn minting(sdk: &Sdk, issuer: Issuer, store: Arc<dyn Store>, envelope_key: String) -> Platform {
    let opener = Arc::new(KmsOpener::new(sdk.kms(), envelope_key));
    Platform::with_ring(Arc::new(SystemClock), Arc::new(SystemEntropy), issuer, store, opener)
}

/// Puts a platform together from a store and KMS, as [`minting`] does, that can also create signing keys.
pub fn operations(sdk: &Sdk, issuer: Issuer, store: Arc<dyn Store>, envelope_key: String, keys: KeyMaking) -> Operations {
    let KeyMaking { mode, algorithms, schedule, rsa_bits, alias, policy, multi_region } = keys;
    let making = Making { mode, envelope_key: envelope_key.clone(), alias, policy, rsa_bits, multi_region };
    let maker = Arc::new(KmsMaker::new(&sdk.kms(), making));
    let key_making = KeyMakingParts { maker, algorithms, schedule };
    Operations { platform: minting(sdk, issuer, store, envelope_key), key_making }
}

/// Returns the store in the configured tables.
pub fn store(sdk: &Sdk, aws: &Aws) -> Arc<dyn Store> {
    Arc::new(DynamoStore::new(sdk.dynamodb(), tables(aws), Arc::new(SystemEntropy)).with_longer_retries(sdk.timeout_factor()))
}

/// Returns the names of the configured tables.
pub fn tables(aws: &Aws) -> Tables {
    Tables { tokens: aws.tokens_table.clone(), directory: aws.directory_table.clone(), by_subject: aws.by_subject }
}

/// Logs a failed warm-up. The function starts all the same: requests try again, and fail if the read still does.
fn log_and_continue(warmed_up: Result<(), Fault>) {
    if let Err(fault) = warmed_up {
        crate::telemetry::log_fault("", &fault);
    }
}
