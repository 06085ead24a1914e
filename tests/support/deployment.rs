//! What a deployment has in AWS, emulated in this process: the tables, KMS and the keys in it.

use std::sync::Arc;

use shared::aws::Sdk;
use shared::aws::platform::{operations, store, tables};
use shared::aws::testing::Wire;
use shared::config::{Aws, KeyMaking};
use shared::domain::{Algorithm, Issuer, Schedule, Seconds, SigningMode};
use shared::platform::Operations;
use shared::store::Store;
use shared::store::dynamodb::create_tables;
use tokio::net::TcpListener;

use super::kms::FakeKms;

/// The `iss` of all tokens.
pub(crate) const ISSUER: &str = "https://jeton.example";

/// Tables and KMS of its own. They end with the runtime.
pub(crate) struct Deployment {
    pub(crate) aws: Aws,
    pub(crate) kms: FakeKms,
    pub(crate) envelope_key: String,
    pub(crate) mode: SigningMode,
}

impl Deployment {
    /// With empty tables and one KMS key, which encrypts.
    pub(crate) async fn new(mode: SigningMode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut aws = Aws::emulated(&format!("http://{}", listener.local_addr().unwrap()), "Tokens", "Directory");
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let kms = FakeKms::default();
        aws.endpoints.kms = Some(kms.serve().await);
        create_tables(&Sdk::new(&aws).dynamodb(), &tables(&aws)).await.unwrap();
        Self { aws, envelope_key: kms.symmetric_key(), kms, mode }
    }

    /// A new instance of all functions, whose calls pass through `wire`.
    pub(crate) fn instance(&self, wire: &Wire) -> Operations {
        let sdk = Sdk::new(&self.aws).over(wire);
        let store: Arc<dyn Store> = store(&sdk, &self.aws);
        operations(&sdk, Issuer::parse(ISSUER).unwrap(), store, self.envelope_key.clone(), self.keys())
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
            ("JETON_BY_SUBJECT", "on".to_owned()),
            ("JETON_ENVELOPE_KEY", self.envelope_key.clone()),
            ("JETON_SIGNING_MODE", mode.to_owned()),
            ("JETON_SIGNING_ALGORITHMS", "ES256".to_owned()),
            ("JETON_ROTATION_DAYS", "90".to_owned()),
            ("JETON_KEY_ALIAS", "alias/jeton/signing".to_owned()),
            ("AWS_REGION", self.aws.region.clone()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_ENDPOINT_URL", endpoints.all.clone().unwrap()),
            ("AWS_ENDPOINT_URL_KMS", endpoints.kms.clone().unwrap()),
        ]
    }
}
