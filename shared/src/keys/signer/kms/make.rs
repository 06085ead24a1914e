//! Makes keys in KMS, or by KMS, and has them destroyed.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeyPairSpec, DataKeySpec, KeySpec, KeyUsageType, Tag};

use super::{Purpose, fault};
use crate::domain::{Algorithm, Fault, Jwk, PrivateHalf, SigningMode};
use crate::jose::jwk;
use crate::keys::signer::KeyFactory;
use crate::telemetry;

/// How keys are made.
#[derive(Clone, Debug)]
pub struct Making {
    /// Where private keys are.
    pub mode: SigningMode,
    /// ARN of the KMS key that encrypts what isn't in KMS.
    pub envelope_key: String,
    /// Each signing key in KMS gets an alias that begins so, `alias/` included, and ends with `/` and its `kid`.
    pub alias: String,
    /// Policy of the signing keys in KMS, as JSON. `None`: the account's default.
    pub policy: Option<String>,
    /// Size of RSA keys, in bits: 2,048, 3,072 or 4,096.
    pub rsa_bits: u16,
    /// Whether signing keys in KMS can be replicated to other regions, which KMS allows only to those that were made for it.
    pub multi_region: bool,
}

/// Makes keys by `kms:CreateKey` or `kms:GenerateDataKeyPairWithoutPlaintext`.
#[derive(Clone)]
pub struct KmsMaker {
    client: Client,
    making: Making,
}

impl KmsMaker {
    /// Makes them like this. Nobody waits for it as they do for a token: an RSA key may take its time.
    pub fn new(client: &Client, making: Making) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(2 * ATTEMPT_TIMEOUT).build();
        let client = Client::from_conf(client.config().to_builder().timeout_config(timeouts).build());
        Self { client, making }
    }

    async fn make_in_kms(&self, alg: Algorithm) -> Result<(Jwk, PrivateHalf), Fault> {
        const DOING: &str = "making a signing key in KMS";
        let tag = |key: &str, value: &str| Tag::builder().tag_key(key).tag_value(value).build();
        let tag = tag("jeton:signing", &self.making.alias).map_err(|e| Fault::internal(DOING).because(e))?;
        let create = self.client.create_key().key_spec(self.key_spec(alg)).key_usage(KeyUsageType::SignVerify).tags(tag);
        let create = create.description("Signs tokens").set_policy(self.making.policy.clone());
        // KMS would ask that whoever makes the key may also change its policy. That is for administrators alone.
        let create = create.bypass_policy_lockout_safety_check(self.making.policy.is_some());
        let created = create.multi_region(self.making.multi_region).send().await.map_err(|e| fault(DOING, e))?;
        let arn = created.key_metadata.and_then(|key| key.arn).ok_or_else(|| Fault::unavailable(DOING).because("no ARN"))?;
        match self.publish(alg, &arn).await {
            Ok(jwk) => Ok((jwk, PrivateHalf::Kms { arn })),
            Err(fault) => {
                // Nobody will ever know of it.
                if let Err(kept) = self.destroy_new(&arn).await {
                    telemetry::log_fault("", &kept);
                }
                Err(fault)
            }
        }
    }

    /// Reads the public half, and gives the key its name.
    async fn publish(&self, alg: Algorithm, arn: &str) -> Result<Jwk, Fault> {
        const DOING: &str = "reading a public key from KMS";
        let public = once_known(|| self.client.get_public_key().key_id(arn).send()).await.map_err(|e| fault(DOING, e))?;
        let jwk = read_spki(DOING, alg, public.public_key)?;
        let alias = format!("{}/{}", self.making.alias, jwk.kid);
        let create = self.client.create_alias().alias_name(alias).target_key_id(arn);
        let named = once_known(|| create.clone().send()).await;
        named.map_err(|e| fault("naming a signing key in KMS", e))?;
        Ok(jwk)
    }

    async fn make_by_envelope(&self, alg: Algorithm) -> Result<(Jwk, PrivateHalf), Fault> {
        const DOING: &str = "making a signing key by KMS";
        if !SigningMode::Envelope.has(alg) {
            return Err(Fault::internal(DOING).because("of its algorithm KMS makes none for use elsewhere"));
        }
        let generate = self.client.generate_data_key_pair_without_plaintext().key_id(&self.making.envelope_key);
        let generate = generate.key_pair_spec(self.pair_spec(alg));
        let generate = generate.set_encryption_context(Some(Purpose::SigningKey.context()));
        let pair = generate.send().await.map_err(|e| fault(DOING, e))?;
        let private = pair.private_key_ciphertext_blob.ok_or_else(|| Fault::unavailable(DOING).because("no private key"))?;
        let jwk = read_spki(DOING, alg, pair.public_key)?;
        Ok((jwk, PrivateHalf::Envelope { ciphertext: private.into_inner() }))
    }

    /// Destroys a key in 30 days. Until then it can be taken back.
    async fn destroy(&self, arn: &str) -> Result<(), Fault> {
        match self.client.schedule_key_deletion().key_id(arn).pending_window_in_days(DELETION_DAYS).send().await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), Some("KMSInvalidStateException" | "NotFoundException")) => Ok(()),
            Err(error) => Err(fault(DESTROYING, error)),
        }
    }

    /// Destroys a key that was made just now: that it isn't known doesn't say that it isn't there.
    async fn destroy_new(&self, arn: &str) -> Result<(), Fault> {
        let delete = self.client.schedule_key_deletion().key_id(arn).pending_window_in_days(DELETION_DAYS);
        once_known(|| delete.clone().send()).await.map(drop).map_err(|error| fault(DESTROYING, error))
    }

    fn key_spec(&self, alg: Algorithm) -> KeySpec {
        match alg {
            Algorithm::Es256 => KeySpec::EccNistP256,
            Algorithm::Es384 => KeySpec::EccNistP384,
            Algorithm::Es512 => KeySpec::EccNistP521,
            Algorithm::EdDsa => KeySpec::EccNistEdwards25519,
            Algorithm::MlDsa44 => KeySpec::MlDsa44,
            Algorithm::MlDsa65 => KeySpec::MlDsa65,
            Algorithm::MlDsa87 => KeySpec::MlDsa87,
            Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512 | Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => {
                match self.making.rsa_bits {
                    4_096 => KeySpec::Rsa4096,
                    3_072 => KeySpec::Rsa3072,
                    _ => KeySpec::Rsa2048,
                }
            }
        }
    }

    fn pair_spec(&self, alg: Algorithm) -> DataKeyPairSpec {
        // They have the same names, where both exist.
        DataKeyPairSpec::from(self.key_spec(alg).as_str())
    }
}

/// Makes the symmetric key that encrypts all others, if there is none of this alias. A template does that where there is one.
///
/// # Errors
/// A [`Fault`] if KMS refuses.
pub async fn ensure_envelope_key(client: &Client, alias: &str) -> Result<(), Fault> {
    const DOING: &str = "making the KMS key that encrypts the others";
    match client.describe_key().key_id(alias).send().await {
        Ok(_) => return Ok(()),
        Err(error) if error.code() == Some("NotFoundException") => {}
        Err(error) => return Err(fault(DOING, error)),
    }
    let create = client.create_key().description("Encrypts the private keys and the refresh key of Jeton");
    let created = create.send().await.map_err(|e| fault(DOING, e))?;
    let arn = created.key_metadata.and_then(|key| key.arn).ok_or_else(|| Fault::unavailable(DOING).because("no ARN"))?;
    client.create_alias().alias_name(alias).target_key_id(arn).send().await.map_err(|e| fault(DOING, e))?;
    Ok(())
}

#[async_trait]
impl KeyFactory for KmsMaker {
    async fn make(&self, alg: Algorithm) -> Result<(Jwk, PrivateHalf), Fault> {
        match self.making.mode {
            SigningMode::Kms => self.make_in_kms(alg).await,
            SigningMode::Envelope => self.make_by_envelope(alg).await,
        }
    }

    async fn make_refresh_key(&self) -> Result<Vec<u8>, Fault> {
        const DOING: &str = "making the key of the refresh tokens";
        let generate = self.client.generate_data_key_without_plaintext().key_id(&self.making.envelope_key);
        let generate = generate.key_spec(DataKeySpec::Aes256).set_encryption_context(Some(Purpose::RefreshKey.context()));
        let key = generate.send().await.map_err(|e| fault(DOING, e))?;
        key.ciphertext_blob.map(Blob::into_inner).ok_or_else(|| Fault::unavailable(DOING).because("nothing came back"))
    }

    async fn discard(&self, private: &PrivateHalf) -> Result<(), Fault> {
        match private {
            PrivateHalf::Kms { arn } => self.destroy(arn).await,
            // It was nowhere but in the ring.
            PrivateHalf::Envelope { .. } | PrivateHalf::File { .. } | PrivateHalf::Discarded => Ok(()),
        }
    }

    fn is_current(&self, private: &PrivateHalf) -> bool {
        match (self.making.mode, private) {
            (SigningMode::Kms, PrivateHalf::Kms { .. }) | (SigningMode::Envelope, PrivateHalf::Envelope { .. }) => true,
            (SigningMode::Kms | SigningMode::Envelope, _) => false,
        }
    }
}

impl fmt::Debug for KmsMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsMaker").field("making", &self.making).finish_non_exhaustive()
    }
}

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
const DELETION_DAYS: i32 = 30;
const DESTROYING: &str = "having a signing key destroyed by KMS";

/// Calls KMS about a key that it has just made, until it knows the key: that usually takes seconds.
async fn once_known<T, E, F>(call: impl Fn() -> F) -> Result<T, SdkError<E>>
where
    F: Future<Output = Result<T, SdkError<E>>>,
    E: ProvideErrorMetadata,
{
    let (mut left, mut pause) = (Duration::from_secs(20), Duration::from_millis(100));
    loop {
        match call().await {
            Err(error) if !left.is_zero() && matches!(error.code(), Some("NotFoundException" | "KMSInvalidStateException")) => {
                tokio::time::sleep(pause).await;
                left = left.saturating_sub(pause);
                pause = (2 * pause).min(Duration::from_secs(2));
            }
            done => return done,
        }
    }
}

fn read_spki(doing: &'static str, alg: Algorithm, spki: Option<Blob>) -> Result<Jwk, Fault> {
    let spki = spki.ok_or_else(|| Fault::unavailable(doing).because("no public key"))?;
    jwk::from_spki(alg, spki.as_ref()).map_err(|e| Fault::internal(doing).because(e))
}
