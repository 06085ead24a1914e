//! A signer and a deriver with their keys in memory.

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm, RsaKeyPair,
    RsaSignatureEncoding,
};
use aws_lc_rs::{error, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{SecretDeriver, Signer};
use crate::domain::{Algorithm, Fault, Jwk, Secret};
use crate::jose::jwk;

/// Signs with a private key in memory: for the local server, and for a key that KMS has decrypted.
pub struct LocalSigner {
    jwk: Jwk,
    key: PrivateKey,
}

impl LocalSigner {
    /// Makes a signer with a new key. RSA keys have 3,072 bits: as strong as the curves of 256 bits.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be generated.
    pub fn generate(alg: Algorithm) -> Result<Self, Fault> {
        let key = match Family::from_algorithm(alg) {
            Family::Ec(curve) => EcdsaKeyPair::generate(curve).map(PrivateKey::Ec),
            Family::Ed25519 => Ed25519KeyPair::generate().map(PrivateKey::Ed25519),
            Family::MlDsa(level) => PqdsaKeyPair::generate(level).map(PrivateKey::MlDsa),
            Family::Rsa(padding) => RsaKeyPair::generate(KeySize::Rsa3072).map(|key| PrivateKey::Rsa(key, padding)),
        };
        Self::from_key(alg, key.map_err(|e| Fault::internal("generating a signing key").because(e))?)
    }

    /// Makes a signer with the key of an unencrypted PKCS #8 document (RFC 5958).
    ///
    /// # Errors
    /// A [`Fault`] if it is no such document, or if its key is none for the algorithm.
    pub fn from_pkcs8(alg: Algorithm, der: &[u8]) -> Result<Self, Fault> {
        let key = match Family::from_algorithm(alg) {
            Family::Ec(curve) => EcdsaKeyPair::from_pkcs8(curve, der).map(PrivateKey::Ec),
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8(der).map(PrivateKey::Ed25519),
            Family::MlDsa(level) => PqdsaKeyPair::from_pkcs8(level, der).map(PrivateKey::MlDsa),
            Family::Rsa(padding) => RsaKeyPair::from_pkcs8(der).map(|key| PrivateKey::Rsa(key, padding)),
        };
        Self::from_key(alg, key.map_err(|e| Fault::internal(READING).because(e))?)
    }

    /// Makes a signer with the key of a PEM file, as OpenSSL makes it with `genpkey`.
    ///
    /// # Errors
    /// A [`Fault`] if it is no such file, or if its key is none for the algorithm.
    pub fn from_pkcs8_pem(alg: Algorithm, pem: &str) -> Result<Self, Fault> {
        let text = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(Fault::internal(READING))?;
        let text = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
        let der = Zeroizing::new(STANDARD.decode(&*text).map_err(|_| Fault::internal(READING))?);
        Self::from_pkcs8(alg, &der)
    }

    /// Writes the key as a PEM file.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be encoded.
    pub fn to_pkcs8_pem(&self) -> Result<Secret<String>, Fault> {
        let fault = |e: error::Unspecified| Fault::internal("writing the signing key").because(e);
        let text = Zeroizing::new(match &self.key {
            PrivateKey::Ec(key) => STANDARD.encode(key.to_pkcs8v1().map_err(fault)?),
            PrivateKey::Ed25519(key) => STANDARD.encode(key.to_pkcs8v1().map_err(fault)?),
            PrivateKey::MlDsa(key) => STANDARD.encode(key.to_pkcs8v1().map_err(fault)?),
            PrivateKey::Rsa(key, _) => STANDARD.encode(AsDer::<Pkcs8V1Der<'_>>::as_der(key).map_err(fault)?.as_ref()),
        });
        let mut pem = String::with_capacity(text.len() * 2 + 64);
        pem.push_str(BEGIN);
        for (i, c) in text.chars().enumerate() {
            if i % 64 == 0 {
                pem.push('\n');
            }
            pem.push(c);
        }
        pem.push('\n');
        pem.push_str(END);
        pem.push('\n');
        Ok(Secret::new(pem))
    }

    /// A signer with a fixed key that the whole world knows. Signatures repeat themselves with `EdDSA` and with
    /// `RS256` to `RS512`.
    ///
    /// # Panics
    /// Never: the keys are constants.
    #[cfg(any(test, feature = "testing"))]
    #[expect(clippy::expect_used, reason = "the keys are constants")]
    pub fn for_tests(alg: Algorithm) -> Self {
        use super::test_keys;

        let key = match Family::from_algorithm(alg) {
            Family::Ec(curve) => PrivateKey::Ec(test_keys::ec(curve, alg)),
            Family::Ed25519 => PrivateKey::Ed25519(test_keys::ed25519()),
            Family::MlDsa(level) => PrivateKey::MlDsa(test_keys::ml_dsa(level)),
            Family::Rsa(padding) => PrivateKey::Rsa(test_keys::rsa(), padding),
        };
        Self::from_key(alg, key).expect("test key")
    }

    fn from_key(alg: Algorithm, key: PrivateKey) -> Result<Self, Fault> {
        let spki: Result<PublicKeyX509Der<'_>, _> = match &key {
            PrivateKey::Ec(key) => key.public_key().as_der(),
            PrivateKey::Ed25519(key) => key.public_key().as_der(),
            PrivateKey::MlDsa(key) => key.public_key().as_der(),
            PrivateKey::Rsa(key, _) => key.public_key().as_der(),
        };
        let spki = spki.map_err(|e| Fault::internal(READING).because(e))?;
        let jwk = jwk::from_spki(alg, spki.as_ref()).map_err(|e| Fault::internal(READING).because(e))?;
        Ok(Self { jwk, key })
    }
}

#[async_trait]
impl Signer for LocalSigner {
    fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    async fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Fault> {
        let random = SystemRandom::new();
        let signature = match &self.key {
            PrivateKey::Ec(key) => key.sign(&random, input).map(|signature| signature.as_ref().to_vec()),
            PrivateKey::Ed25519(key) => key.try_sign(input).map(|signature| signature.as_ref().to_vec()),
            PrivateKey::MlDsa(key) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                key.sign(input, &mut signature).map(|_| signature)
            }
            PrivateKey::Rsa(key, padding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*padding, &random, input, &mut signature).map(|()| signature)
            }
        };
        signature.map_err(|e| Fault::internal("signing").because(e))
    }
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalSigner({} {})", self.jwk.alg.as_str(), self.jwk.kid)
    }
}

/// Derives by a key in memory.
pub struct HmacDeriver(hmac::Key);

impl HmacDeriver {
    /// Makes a deriver with this HMAC key.
    pub fn new(key: &Secret<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }
}

#[async_trait]
impl SecretDeriver for HmacDeriver {
    async fn derive(&self, context: &[u8]) -> Result<Secret<[u8; 32]>, Fault> {
        let mut derived = [0; 32];
        derived.copy_from_slice(hmac::sign(&self.0, context).as_ref());
        Ok(Secret::new(derived))
    }
}

impl fmt::Debug for HmacDeriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacDeriver")
    }
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
const READING: &str = "reading the signing key";

enum PrivateKey {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
}

enum Family {
    Ec(&'static EcdsaSigningAlgorithm),
    Ed25519,
    MlDsa(&'static PqdsaSigningAlgorithm),
    Rsa(&'static RsaSignatureEncoding),
}

impl Family {
    fn from_algorithm(alg: Algorithm) -> Self {
        match alg {
            Algorithm::Es256 => Self::Ec(&aws::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => Self::Ec(&aws::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::Es512 => Self::Ec(&aws::ECDSA_P521_SHA512_FIXED_SIGNING),
            Algorithm::EdDsa => Self::Ed25519,
            Algorithm::MlDsa44 => Self::MlDsa(&aws::ML_DSA_44_SIGNING),
            Algorithm::MlDsa65 => Self::MlDsa(&aws::ML_DSA_65_SIGNING),
            Algorithm::MlDsa87 => Self::MlDsa(&aws::ML_DSA_87_SIGNING),
            Algorithm::Ps256 => Self::Rsa(&aws::RSA_PSS_SHA256),
            Algorithm::Ps384 => Self::Rsa(&aws::RSA_PSS_SHA384),
            Algorithm::Ps512 => Self::Rsa(&aws::RSA_PSS_SHA512),
            Algorithm::Rs256 => Self::Rsa(&aws::RSA_PKCS1_SHA256),
            Algorithm::Rs384 => Self::Rsa(&aws::RSA_PKCS1_SHA384),
            Algorithm::Rs512 => Self::Rsa(&aws::RSA_PKCS1_SHA512),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::KeyId;
    use crate::keys::signer::conformance;

    #[tokio::test]
    async fn a_new_key_of_each_algorithm_conforms() {
        for &alg in Algorithm::ALL {
            conformance::run(&LocalSigner::generate(alg).unwrap()).await;
        }
    }

    #[tokio::test]
    async fn a_fixed_key_of_each_algorithm_conforms() {
        for &alg in Algorithm::ALL {
            conformance::run(&LocalSigner::for_tests(alg)).await;
        }
    }

    #[tokio::test]
    async fn a_deriver_conforms() {
        conformance::deriver(&HmacDeriver::new(&Secret::new([7; 32]))).await;
    }

    #[test]
    fn a_key_survives_its_pem() {
        for &alg in Algorithm::ALL {
            let signer = LocalSigner::for_tests(alg);
            let pem = signer.to_pkcs8_pem().unwrap();
            assert!(pem.expose().lines().all(|line| line.len() <= 64));
            assert_eq!(LocalSigner::from_pkcs8_pem(alg, pem.expose()).unwrap().jwk(), signer.jwk(), "{alg:?}");
        }
    }

    #[test]
    fn a_key_is_for_one_algorithm() {
        let pem = LocalSigner::for_tests(Algorithm::Es256).to_pkcs8_pem().unwrap();
        for alg in Algorithm::ALL.iter().copied().filter(|alg| *alg != Algorithm::Es256) {
            assert!(LocalSigner::from_pkcs8_pem(alg, pem.expose()).is_err(), "{alg:?}");
        }
        for bad in
            ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", &pem.expose().replace("PRIVATE", "PUBLIC")]
        {
            assert!(LocalSigner::from_pkcs8_pem(Algorithm::Es256, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_key_of_the_tests_is_the_one_of_rfc8037_appendix_a() {
        assert_eq!(LocalSigner::for_tests(Algorithm::EdDsa).jwk().kid, KeyId::new("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    }

    #[test]
    fn debug_shows_no_key() {
        let signer = LocalSigner::for_tests(Algorithm::EdDsa);
        assert_eq!(format!("{signer:?}"), "LocalSigner(EdDSA kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k)");
        assert_eq!(format!("{:?}", HmacDeriver::new(&Secret::new([7; 32]))), "HmacDeriver");
    }
}
