//! Compact JWS (RFC 7515): writing, reading, and the ten signature algorithms.

use std::fmt;

use aws_lc_rs::signature::{self as aws, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

use crate::domain::key::PublicKey;
use crate::domain::{Algorithm, Fault, Invalid, Jwk};
use crate::signer::Signer;
use crate::strict_json;

/// The longest token that we make or read: a gateway takes 10,240 bytes of headers in all.
pub const LONGEST: usize = 7_168;

/// Signs `payload` into a token whose header has exactly `alg`, `typ` and `kid`.
pub async fn sign(signer: &dyn Signer, typ: &str, payload: &[u8]) -> Result<String, Fault> {
    let header = header(signer.jwk(), typ)?;
    let mut token = String::with_capacity(encoded_len(header.len()) + encoded_len(payload.len()) + 2 + 700);
    URL_SAFE_NO_PAD.encode_string(&header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = signer.sign(token.as_bytes()).await?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// How many bytes the token will have, which can so be known before it is signed or recorded.
pub fn length(jwk: &Jwk, typ: &str, payload: &[u8]) -> Result<usize, Fault> {
    Ok(encoded_len(header(jwk, typ)?.len()) + encoded_len(payload.len()) + encoded_len(signature_len(jwk)) + 2)
}

/// How many bytes a signature by this key has.
pub fn signature_len(jwk: &Jwk) -> usize {
    match &jwk.key {
        PublicKey::Ec { x, y } => x.len() + y.len(),
        PublicKey::Okp { .. } => 64,
        PublicKey::Rsa { n, .. } => n.len(),
    }
}

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
    pub fn new(jwk: &Jwk) -> Result<Self, Invalid> {
        let key = match (&jwk.key, jwk.alg) {
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
    /// (RFC 7518 section 3.4); the salt of PSS has the length of the digest (section 3.5).
    pub fn verify(&self, input: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(input, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {})", self.jwk.alg.name(), self.jwk.kid)
    }
}

/// A compact JWS that has been read but not verified: nothing in it can be trusted yet.
#[derive(Debug)]
pub struct Compact<'a> {
    /// Which algorithm it claims.
    pub alg: Algorithm,
    /// Which key it claims.
    pub kid: Option<String>,
    /// Its media type, as spelled.
    pub typ: Option<String>,
    /// What was signed.
    pub payload: Vec<u8>,
    input: &'a str,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Reads a token, or nothing if it has another form than ours: three parts in base64url with no other spelling,
    /// a header without duplicates or extensions. Keys in the header are never looked at.
    pub fn parse(token: &'a str) -> Option<Self> {
        let (input, signature) = token.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        let header: Header = strict_json::decode(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.crit || header.b64 || header.zip {
            return None;
        }
        Some(Self {
            alg: Algorithm::from_name(&header.alg)?,
            kid: header.kid,
            typ: header.typ,
            payload: URL_SAFE_NO_PAD.decode(payload).ok()?,
            input,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether it was signed with the private half of `key`, by the one algorithm of that key and under its name, if it gives one.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        self.alg == key.jwk.alg
            && self.kid.as_ref().is_none_or(|kid| kid == key.jwk.kid.as_str())
            && key.verify(self.input.as_bytes(), &self.signature)
    }
}

#[derive(Serialize)]
struct NewHeader<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "text")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    typ: Option<String>,
    /// We know no extension, so none may be critical: RFC 7515 section 4.1.11.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    /// RFC 7797 changes what is signed.
    #[serde(default, deserialize_with = "present")]
    b64: bool,
    /// RFC 7516 has it for encryption only, where it makes small tokens large.
    #[serde(default, deserialize_with = "present")]
    zip: bool,
}

/// A string: `null` isn't one.
fn text<'de, D: Deserializer<'de>>(json: D) -> Result<Option<String>, D::Error> {
    String::deserialize(json).map(Some)
}

/// Whether a member is there, whatever it is.
fn present<'de, D: Deserializer<'de>>(json: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(json).map(|_| true)
}

fn header(jwk: &Jwk, typ: &str) -> Result<Vec<u8>, Fault> {
    let header = NewHeader { alg: jwk.alg.name(), typ, kid: jwk.kid.as_str() };
    serde_json::to_vec(&header).map_err(|e| Fault::internal("writing a token's header").because(e))
}

const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

fn point(algorithm: &'static EcdsaVerificationAlgorithm, width: usize, x: &[u8], y: &[u8]) -> Result<ParsedPublicKey, Invalid> {
    if x.len() != width || y.len() != width {
        return Err(Invalid("must have coordinates as wide as its curve"));
    }
    ParsedPublicKey::new(algorithm, [&[4], x, y].concat()).map_err(|_| Invalid("must be a point on its curve"))
}

fn modulus(parameters: &'static RsaParameters, n: &[u8], e: &[u8]) -> Result<ParsedPublicKey, Invalid> {
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if n.first() == Some(&0) || !(2_048..=8_192).contains(&bits) {
        return Err(Invalid("must have a modulus of 2,048 to 8,192 bits"));
    }
    // FIPS 186-5 section A.1.1, up to what the library takes.
    let exponent = e.iter().try_fold(0_u64, |sum, &byte| sum.checked_mul(256)?.checked_add(byte.into())).unwrap_or(0);
    if e.first() == Some(&0) || exponent % 2 == 0 || !(65_537..1 << 33).contains(&exponent) {
        return Err(Invalid("must have an odd exponent of 65,537 or more"));
    }
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| Invalid("must be an RSA key"))
}
