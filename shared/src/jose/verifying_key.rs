//! Public keys ready to verify signatures, and the signature algorithms.

use std::fmt;

use aws_lc_rs::signature::{
    self as aws, EcdsaVerificationAlgorithm, ParsedPublicKey, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm, RsaParameters,
    RsaPublicKeyComponents,
};

use super::ecdsa;
use crate::domain::key::PublicKey;
use crate::domain::{Algorithm, Invalid, Jwk};

/// Whether `signature` over `input` was made with the private half of `jwk`. For many signatures make a [`VerifyingKey`] once.
pub fn verify_signature(jwk: &Jwk, input: &[u8], signature: &[u8]) -> bool {
    VerifyingKey::new(jwk).is_ok_and(|key| key.verify(input, signature))
}

/// A public key ready for use.
pub struct VerifyingKey {
    jwk: Jwk,
    key: ParsedPublicKey,
}

impl VerifyingKey {
    /// Prepares `jwk`, or says what is wrong with it: a point off its curve, a weak modulus, the algorithm of another key.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the key breaks.
    pub fn new(jwk: &Jwk) -> Result<Self, Invalid> {
        let key = match (&jwk.key, jwk.alg) {
            (PublicKey::Akp { public }, Algorithm::MlDsa44) => lattice(&aws::ML_DSA_44, &aws::ML_DSA_44_SIGNING, public),
            (PublicKey::Akp { public }, Algorithm::MlDsa65) => lattice(&aws::ML_DSA_65, &aws::ML_DSA_65_SIGNING, public),
            (PublicKey::Akp { public }, Algorithm::MlDsa87) => lattice(&aws::ML_DSA_87, &aws::ML_DSA_87_SIGNING, public),
            (PublicKey::Ec { x, y }, Algorithm::Es256) => point(&aws::ECDSA_P256_SHA256_FIXED, 32, x, y),
            (PublicKey::Ec { x, y }, Algorithm::Es384) => point(&aws::ECDSA_P384_SHA384_FIXED, 48, x, y),
            (PublicKey::Ec { x, y }, Algorithm::Es512) => point(&aws::ECDSA_P521_SHA512_FIXED, 66, x, y),
            (PublicKey::Okp { x }, Algorithm::EdDsa) if x.len() == 32 => {
                ParsedPublicKey::new(&aws::ED25519, x).map_err(|_| Invalid("must be a point on Ed25519"))
            }
            (PublicKey::Rsa { n, e }, Algorithm::Ps256) => modulus(&aws::RSA_PSS_2048_8192_SHA256, n, e),
            (PublicKey::Rsa { n, e }, Algorithm::Ps384) => modulus(&aws::RSA_PSS_2048_8192_SHA384, n, e),
            (PublicKey::Rsa { n, e }, Algorithm::Ps512) => modulus(&aws::RSA_PSS_2048_8192_SHA512, n, e),
            (PublicKey::Rsa { n, e }, Algorithm::Rs256) => modulus(&aws::RSA_PKCS1_2048_8192_SHA256, n, e),
            (PublicKey::Rsa { n, e }, Algorithm::Rs384) => modulus(&aws::RSA_PKCS1_2048_8192_SHA384, n, e),
            (PublicKey::Rsa { n, e }, Algorithm::Rs512) => modulus(&aws::RSA_PKCS1_2048_8192_SHA512, n, e),
            _ => Err(Invalid("must have an algorithm that fits the key")),
        };
        Ok(Self { jwk: jwk.clone(), key: key? })
    }

    /// The key as it is published.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Whether `signature` over `input` was made with the private half. ECDSA signatures are r‖s of fixed width
    /// (RFC 7518 section 3.4); the salt of PSS has the length of the digest (section 3.5); the context of ML-DSA is empty (RFC 9964
    /// section 5).
    pub fn verify(&self, input: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(input, signature).is_ok()
    }

    /// Does the same for an ECDSA signature in DER (`ECDSA-Sig-Value`, RFC 3279 section 2.2.3), which all have but JWS.
    pub fn verify_der(&self, input: &[u8], signature: &[u8]) -> bool {
        let PublicKey::Ec { x, y } = &self.jwk.key else { return false };
        let fixed = ecdsa::to_fixed_width(signature, x.len() + y.len());
        fixed.is_some_and(|signature| self.verify(input, &signature))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {})", self.jwk.alg.as_str(), self.jwk.kid)
    }
}

fn point(algorithm: &'static EcdsaVerificationAlgorithm, width: usize, x: &[u8], y: &[u8]) -> Result<ParsedPublicKey, Invalid> {
    if x.len() != width || y.len() != width {
        return Err(Invalid("must have coordinates as wide as its curve"));
    }
    ParsedPublicKey::new(algorithm, [&[4], x, y].concat()).map_err(|_| Invalid("must be a point on its curve"))
}

fn lattice(
    verifying: &'static PqdsaVerificationAlgorithm,
    signing: &'static PqdsaSigningAlgorithm,
    public: &[u8],
) -> Result<ParsedPublicKey, Invalid> {
    // The library would take an X.509 form, too, by which a key could have two thumbprints.
    if public.len() != signing.public_key_len() {
        return Err(Invalid("must have a pub of the length that its alg defines"));
    }
    ParsedPublicKey::new(verifying, public).map_err(|_| Invalid("must be an ML-DSA key"))
}

fn modulus(parameters: &'static RsaParameters, n: &[u8], e: &[u8]) -> Result<ParsedPublicKey, Invalid> {
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if !(2_048..=8_192).contains(&bits) {
        return Err(Invalid("must have a modulus of 2,048 to 8,192 bits"));
    }
    if n.last().is_none_or(|last| last % 2 == 0) {
        return Err(Invalid("must have an odd modulus"));
    }
    // FIPS 186-5 section A.1.1, up to what the library takes.
    let exponent = e.iter().try_fold(0_u64, |sum, &byte| sum.checked_mul(256)?.checked_add(byte.into())).unwrap_or(0);
    if exponent % 2 == 0 || !(65_537..1 << 33).contains(&exponent) {
        return Err(Invalid("must have an odd exponent of 65,537 or more"));
    }
    // It also refuses leading zeros, by which a key could have two thumbprints.
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| Invalid("must be an RSA key"))
}
