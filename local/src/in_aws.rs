//! The local server with its store, its keys or both in AWS, or in an emulator of it.

use std::sync::Arc;

use shared::admin::rotation::{RotationRequest, rotate};
use shared::domain::{Error, Fault, Issuer, Schedule, Seconds, SigningMode};
use shared::keys::signer::kms::ensure_envelope_key;
use shared::platform::Platform;
use shared::platform::aws::Sdk;
use shared::platform::aws::platform::{minting, operations, store, tables};
use shared::platform::capabilities::Provides as _;
use shared::platform::config::{Aws, KeyMaking};
use shared::platform::data_dir::DataDir;
use shared::store::Store;
use shared::store::dynamodb::{create_tables, enable_time_to_live};
use shared::store::sqlite::SqliteStore;

use crate::options::{Options, SignerKind, StoreKind};

/// What the service stands on.
pub(super) async fn platform(
    options: &Options,
    home: &DataDir,
    data_file: Arc<SqliteStore>,
    issuer: Issuer,
) -> Result<Platform, String> {
    let sdk_and_tables = configured(options)?;
    on(&sdk_and_tables, options, home, data_file, issuer).await.map_err(|fault| {
        let advice = if options.create { "" } else { "\n--create makes the tables and the KMS keys that are missing." };
        super::in_words(&fault) + advice
    })
}

fn configured(options: &Options) -> Result<(Sdk, Aws), String> {
    let (tokens, directory) = (&options.tokens_table, &options.directory_table);
    let aws = match (Aws::in_tables(tokens, directory), &options.aws_endpoint) {
        (Ok(mut aws), Some(endpoint)) => {
            aws.endpoints.all = Some(endpoint.clone());
            aws
        }
        (Ok(aws), None) => aws,
        // An emulator takes any credentials.
        (Err(_), Some(endpoint)) => Aws::emulated(endpoint, tokens, directory),
        (Err(wrong), None) => return Err(wrong.to_string()),
    };
    Ok((Sdk::new(&aws), aws))
}

async fn on(
    (sdk, aws): &(Sdk, Aws),
    options: &Options,
    home: &DataDir,
    data_file: Arc<SqliteStore>,
    issuer: Issuer,
) -> Result<Platform, Fault> {
    let store: Arc<dyn Store> = match options.store {
        StoreKind::Sqlite => data_file,
        StoreKind::Dynamodb => {
            if options.create {
                let (client, tables) = (sdk.dynamodb(), tables(aws));
                create_tables(&client, &tables).await?;
                enable_time_to_live(&client, &tables).await?;
            }
            store(sdk, aws)
        }
    };
    let mode = match options.signer {
        SignerKind::Local => return home.platform(issuer, store, &options.algorithms),
        SignerKind::Kms => SigningMode::Kms,
        SignerKind::Envelope => SigningMode::Envelope,
    };
    let envelope_key = options.envelope_key.clone();
    if !options.create {
        let platform = minting(sdk, issuer, store, envelope_key);
        platform.warm_up().await?;
        return Ok(platform);
    }
    ensure_envelope_key(&sdk.kms(), &envelope_key).await?;
    let keys = KeyMaking {
        mode,
        algorithms: options.algorithms.clone(),
        schedule: Schedule { every: ROTATION, lead: Seconds::DAY },
        rsa_bits: 2_048,
        alias: "alias/jeton/signing".to_owned(),
        policy: None,
        multi_region: false,
    };
    let operations = operations(sdk, issuer, store, envelope_key, keys);
    match rotate(&operations.provide(), &RotationRequest::default()).await {
        Ok(_) => Ok(operations.platform),
        Err(Error::Failed(fault)) => Err(fault),
        Err(Error::Refused(_)) => Err(Fault::internal("making the first keys")),
    }
}

/// As the template has it.
const ROTATION: Seconds = Seconds(90 * 86_400);
