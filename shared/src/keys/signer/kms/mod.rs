//! Keys in AWS KMS: a signature by each call, or private keys that KMS decrypts once.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest::{self, digest};
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use zeroize::Zeroizing;

use super::{HmacDeriver, KeyOpener, LocalSigner, SecretDeriver, Signer};
use crate::domain::{Algorithm, Fault, Jwk, PrivateHalf, RingKey, Secret};
use crate::jose::{VerifyingKey, ecdsa, jws};
use crate::telemetry;

mod make;

pub use make::{KmsMaker, Making, ensure_envelope_key};

/// Signs by `kms:Sign`: the private key never leaves KMS.
pub struct KmsSigner {
    client: Client,
    arn: String,
    key: VerifyingKey,
}

impl KmsSigner {
    /// Makes a signer with the KMS key of this ARN, whose public half is `jwk`.
    ///
    /// # Errors
    /// A [`Fault`] if the public key can't be used.
    pub fn new(client: Client, arn: String, jwk: &Jwk) -> Result<Self, Fault> {
        let key = VerifyingKey::new(jwk).map_err(|e| Fault::internal("reading a public key of the ring").because(e))?;
        Ok(Self { client, arn, key })
    }
}

#[async_trait]
impl Signer for KmsSigner {
    fn jwk(&self) -> &Jwk {
        self.key.jwk()
    }

    fn longest(&self) -> usize {
        match spec(self.jwk().alg) {
            (_, Some(_)) => jws::MAX_TOKEN_BYTES,
            // KMS hashes by itself, and takes no longer message. With an ML-DSA signature the token is too long before that is.
            (_, None) => jws::MAX_TOKEN_BYTES.min(self.longest_document()),
        }
    }

    fn longest_document(&self) -> usize {
        match spec(self.jwk().alg) {
            (_, Some(_)) => usize::MAX,
            (_, None) => MAX_RAW_MESSAGE_BYTES + 1 + jws::encoded_len(jws::signature_len(self.jwk())),
        }
    }

    async fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Fault> {
        const DOING: &str = "signing with KMS";
        let (algorithm, hash) = spec(self.jwk().alg);
        let (kind, message) = match hash {
            Some(hash) => (MessageType::Digest, digest(hash, input).as_ref().to_vec()),
            None => (MessageType::Raw, input.to_vec()),
        };
        let sign = self.client.sign().key_id(&self.arn).signing_algorithm(algorithm);
        let signed = sign.message_type(kind).message(Blob::new(message)).send().await.map_err(|e| fault(DOING, e))?;
        let signature = signed.signature.unwrap_or_else(|| Blob::new([])).into_inner();
        let signature = match self.jwk().alg {
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
                ecdsa::to_fixed_width(&signature, jws::signature_len(self.jwk()))
                    .ok_or_else(|| Fault::unavailable(DOING).because("what came back is no signature"))?
            }
            Algorithm::EdDsa
            | Algorithm::MlDsa44
            | Algorithm::MlDsa65
            | Algorithm::MlDsa87
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => signature,
        };
        // Whatever went wrong on the way: nobody gets a token that doesn't verify.
        if !self.key.verify(input, &signature) {
            return Err(Fault::unavailable(DOING).because("the signature is not by the key that the ring names"));
        }
        Ok(signature)
    }
}

impl fmt::Debug for KmsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsSigner").field("arn", &self.arn).field("key", &self.key).finish_non_exhaustive()
    }
}

/// Opens the keys of a ring: those in KMS by naming them, the others by having KMS decrypt them.
#[derive(Clone)]
pub struct KmsOpener {
    client: Client,
    envelope_key: String,
}

impl KmsOpener {
    /// Takes ciphertexts by the KMS key of this ARN, and no others.
    pub fn new(client: Client, envelope_key: String) -> Self {
        Self { client, envelope_key }
    }

    async fn decrypt(&self, doing: &'static str, purpose: Purpose, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let decrypt = self.client.decrypt().key_id(&self.envelope_key).ciphertext_blob(Blob::new(ciphertext));
        let decrypt = decrypt.set_encryption_context(Some(purpose.context()));
        let decrypted = decrypt.send().await.map_err(|e| fault(doing, e))?;
        let plaintext = decrypted.plaintext.ok_or_else(|| Fault::unavailable(doing).because("nothing came back"))?;
        Ok(Zeroizing::new(plaintext.into_inner()))
    }
}

#[async_trait]
impl KeyOpener for KmsOpener {
    async fn signer(&self, key: &RingKey) -> Result<Arc<dyn Signer>, Fault> {
        const DOING: &str = "decrypting a signing key";
        match &key.private {
            PrivateHalf::Kms { arn } => Ok(Arc::new(KmsSigner::new(self.client.clone(), arn.clone(), &key.jwk)?)),
            PrivateHalf::Envelope { ciphertext } => {
                let pkcs8 = self.decrypt(DOING, Purpose::SigningKey, ciphertext).await?;
                let signer = LocalSigner::from_pkcs8(key.jwk.alg, &pkcs8)?;
                if *signer.jwk() != key.jwk {
                    return Err(Fault::internal(DOING).because("it is not the one that the ring names"));
                }
                Ok(Arc::new(signer))
            }
            PrivateHalf::File { .. } => {
                Err(Fault::internal("opening a signing key").because("it is a file of the local server, which has to open it"))
            }
            PrivateHalf::Discarded => Err(Fault::internal("opening a signing key that has been discarded")),
        }
    }

    async fn deriver(&self, refresh_key: &[u8]) -> Result<Arc<dyn SecretDeriver>, Fault> {
        const DOING: &str = "decrypting the key of the refresh tokens";
        let key = self.decrypt(DOING, Purpose::RefreshKey, refresh_key).await?;
        let key = key[..].try_into().map_err(|_| Fault::internal(DOING).because("it doesn't have 32 bytes"))?;
        Ok(Arc::new(HmacDeriver::new(&Secret::new(key))))
    }
}

impl fmt::Debug for KmsOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsOpener").field("envelope_key", &self.envelope_key).finish_non_exhaustive()
    }
}

/// What a ciphertext is for: KMS decrypts it for nothing else.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    RefreshKey,
    SigningKey,
}

impl Purpose {
    /// The encryption context, which the key's policy can demand, too.
    fn context(self) -> std::collections::HashMap<String, String> {
        let purpose = match self {
            Self::RefreshKey => "refresh-key",
            Self::SigningKey => "signing-key",
        };
        [("service", "jeton"), ("purpose", purpose)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }
}

/// How KMS calls an algorithm, and the hash that is made here. `None`: KMS hashes (RFC 8032 needs the whole message twice, and
/// FIPS 204 hashes it together with the public key).
fn spec(alg: Algorithm) -> (SigningAlgorithmSpec, Option<&'static digest::Algorithm>) {
    match alg {
        Algorithm::Es256 => (SigningAlgorithmSpec::EcdsaSha256, Some(&digest::SHA256)),
        Algorithm::Es384 => (SigningAlgorithmSpec::EcdsaSha384, Some(&digest::SHA384)),
        Algorithm::Es512 => (SigningAlgorithmSpec::EcdsaSha512, Some(&digest::SHA512)),
        Algorithm::EdDsa => (SigningAlgorithmSpec::Ed25519Sha512, None),
        Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => (SigningAlgorithmSpec::MlDsaShake256, None),
        Algorithm::Ps256 => (SigningAlgorithmSpec::RsassaPssSha256, Some(&digest::SHA256)),
        Algorithm::Ps384 => (SigningAlgorithmSpec::RsassaPssSha384, Some(&digest::SHA384)),
        Algorithm::Ps512 => (SigningAlgorithmSpec::RsassaPssSha512, Some(&digest::SHA512)),
        Algorithm::Rs256 => (SigningAlgorithmSpec::RsassaPkcs1V15Sha256, Some(&digest::SHA256)),
        Algorithm::Rs384 => (SigningAlgorithmSpec::RsassaPkcs1V15Sha384, Some(&digest::SHA384)),
        Algorithm::Rs512 => (SigningAlgorithmSpec::RsassaPkcs1V15Sha512, Some(&digest::SHA512)),
    }
}

/// The longest message that KMS signs without a digest, in bytes.
const MAX_RAW_MESSAGE_BYTES: usize = 4_096;

/// The fault of a call that KMS, or the way there, has failed. What may pass is an answer that never came, too many requests, a
/// failure of KMS, and a key that isn't known everywhere yet. Rights that are missing and keys that are disabled don't come back by
/// being asked for once more.
fn fault<E, R>(doing: &'static str, error: SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    if error.code().is_some_and(|code| THROTTLES.contains(&code)) {
        telemetry::note_throttle();
    }
    let passes = if let SdkError::ServiceError(answer) = &error {
        answer.err().code().is_none_or(|code| PASSING.contains(&code))
    } else {
        !matches!(error, SdkError::ConstructionFailure(_))
    };
    let hint = match error.code() {
        Some("AccessDeniedException") => Some("the policies of the KMS key and of the function's role"),
        Some("DisabledException" | "KMSInvalidStateException") => {
            Some("the state of the KMS key: it is disabled, or to be deleted. Enable it, or cancel its deletion")
        }
        _ => None,
    };
    let fault = if passes { Fault::unavailable(doing) } else { Fault::internal(doing) };
    fault.hinting_at(hint).because(error)
}

/// The errors of KMS that the same call may not meet a little later.
const PASSING: &[&str] = &[
    "DependencyTimeoutException",
    "InternalFailure",
    "KMSInternalException",
    "KeyUnavailableException",
    "LimitExceededException",
    "NotFoundException",
    "RequestTimeout",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Refusals of too many requests at once.
const THROTTLES: &[&str] = &["LimitExceededException", "Throttling", "ThrottlingException", "TooManyRequestsException"];
