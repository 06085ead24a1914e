//! What the bundles stand on: the tables, the ring in them, and KMS.

use std::sync::Arc;

use super::Sdk;
use crate::clock::{Clock, SystemClock};
use crate::config::{Aws, KeyMaking};
use crate::domain::Issuer;
use crate::entropy::SystemEntropy;
use crate::keys::Ring;
use crate::platform::{self, Operations, Platform, Records};
use crate::signer::kms::{KmsMaker, KmsOpener, Making};
use crate::store::Store;
use crate::store::dynamodb::{DynamoStore, Tables};

/// For functions that read and write records: nothing of KMS.
pub fn records(aws: &Aws, issuer: Issuer) -> Records {
    let (clock, store) = (Arc::new(SystemClock), store(&Sdk::new(aws), aws));
    let ring = Arc::new(Ring::new(store.clone(), clock.clone()));
    Records::new(clock, store, ring, issuer)
}

/// For functions that mint: they sign by KMS or with what KMS decrypts.
pub fn minting(aws: &Aws, issuer: Issuer, envelope_key: String) -> Platform {
    let sdk = Sdk::new(aws);
    let opener = Arc::new(KmsOpener::new(sdk.kms(), envelope_key));
    Platform::with_ring(Arc::new(SystemClock) as Arc<dyn Clock>, Arc::new(SystemEntropy), issuer, store(&sdk, aws), opener)
}

/// For functions that make keys.
pub fn operations(aws: &Aws, issuer: Issuer, envelope_key: String, keys: KeyMaking) -> Operations {
    let KeyMaking { mode, algorithms, schedule, rsa_bits, alias, policy } = keys;
    let making = Making { mode, envelope_key: envelope_key.clone(), alias, policy, rsa_bits };
    let maker = Arc::new(KmsMaker::new(&Sdk::new(aws).kms(), making));
    let key_making = platform::KeyMaking { maker, algorithms, schedule };
    Operations { platform: minting(aws, issuer, envelope_key), key_making }
}

fn store(sdk: &Sdk, aws: &Aws) -> Arc<dyn Store> {
    let tables = Tables { tokens: aws.tokens_table.clone(), directory: aws.directory_table.clone(), by_subject: aws.by_subject };
    Arc::new(DynamoStore::new(sdk.dynamodb(), tables, Arc::new(SystemEntropy)))
}
