//! Compact JWS (RFC 7515): writing, reading, and the signature algorithms.

use std::fmt;

use aws_lc_rs::signature::{
    self as aws, EcdsaVerificationAlgorithm, ParsedPublicKey, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm, RsaParameters,
    RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::jwk;
use crate::domain::key::PublicKey;
use crate::domain::{Algorithm, Fault, Invalid, Jwk};
use crate::signer::Signer;
use crate::strict_json;

/// The longest token that we make or read: a gateway takes 10,240 bytes of headers in all.
pub const LONGEST: usize = 7_168;

/// Signs `payload` into a token whose header has exactly `alg`, `typ` and `kid`.
pub async fn sign(signer: &dyn Signer, typ: &str, payload: &[u8]) -> Result<String, Fault> {
    let header = header(signer.jwk(), typ)?;
    let mut token = String::with_capacity(token_len(signer.jwk(), &header, payload));
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
    Ok(token_len(jwk, &header(jwk, typ)?, payload))
}

/// How many bytes a signature by this key has.
pub fn signature_len(jwk: &Jwk) -> usize {
    match &jwk.key {
        // FIPS 204 table 2.
        PublicKey::Akp { .. } => match jwk.alg {
            Algorithm::MlDsa87 => 4_627,
            Algorithm::MlDsa65 => 3_309,
            _ => 2_420,
        },
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
    /// a header without duplicates or extensions. A key in the header is not looked at.
    pub fn parse(token: &'a str) -> Option<Self> {
        let (input, signature) = token.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        let header: Header = strict_json::decode(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.crit || header.b64 || header.zip {
            return None;
        }
        Some(Self {
            alg: Algorithm::from_foreign_name(&header.alg)?,
            kid: header.kid,
            typ: header.typ,
            payload: URL_SAFE_NO_PAD.decode(payload).ok()?,
            input,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Reads a proof of possession: a token with the public half of the key that signed it in its header, RFC 7515 section 4.1.3.
    /// That such a key signed it says no more than that somebody has the private half; a `kid` beside it says nothing.
    pub fn parse_with_key(token: &'a str) -> Option<(Self, VerifyingKey)> {
        #[derive(Deserialize)]
        struct WithKey {
            jwk: Map<String, Value>,
        }

        let jws = Self::parse(token)?;
        let (header, _) = jws.input.split_once('.')?;
        let WithKey { jwk } = strict_json::decode(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        let key = VerifyingKey::new(&jwk::from_header(&jwk, jws.alg).ok()?).ok()?;
        Some((Self { kid: None, ..jws }, key))
    }

    /// Whether it was signed with the private half of `key`: by the one algorithm of that key and, if it names a key, under
    /// its name.
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

fn token_len(jwk: &Jwk, header: &[u8], payload: &[u8]) -> usize {
    encoded_len(header.len()) + encoded_len(payload.len()) + encoded_len(signature_len(jwk)) + 2
}

/// How many characters so many bytes are in base64url.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
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
        return Err(Invalid("must have a pub as long as its alg wants it"));
    }
    ParsedPublicKey::new(verifying, public).map_err(|_| Invalid("must be an ML-DSA key"))
}

fn modulus(parameters: &'static RsaParameters, n: &[u8], e: &[u8]) -> Result<ParsedPublicKey, Invalid> {
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if !(2_048..=8_192).contains(&bits) {
        return Err(Invalid("must have a modulus of 2,048 to 8,192 bits"));
    }
    // FIPS 186-5 section A.1.1, up to what the library takes.
    let exponent = e.iter().try_fold(0_u64, |sum, &byte| sum.checked_mul(256)?.checked_add(byte.into())).unwrap_or(0);
    if exponent % 2 == 0 || !(65_537..1 << 33).contains(&exponent) {
        return Err(Invalid("must have an odd exponent of 65,537 or more"));
    }
    // It also refuses leading zeros, by which a key could have two thumbprints.
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| Invalid("must be an RSA key"))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use serde_json::json;

    use super::*;
    use crate::signer::LocalSigner;

    const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    #[track_caller]
    fn verifies(alg: &str, mut jwk: serde_json::Value, token: &str) {
        jwk["alg"] = alg.into();
        let key = VerifyingKey::new(&jwk::from_json(jwk.to_string().as_bytes()).unwrap()).unwrap();
        assert!(Compact::parse(token).unwrap().is_signed_by(&key), "{alg}");
        let tampered =
            token.replacen(".eyJ", ".eyK", 1).replacen(".UG", ".UH", 1).replacen(".RX", ".RY", 1).replacen(".SX", ".SY", 1);
        assert_ne!(tampered, token);
        assert!(!Compact::parse(&tampered).unwrap().is_signed_by(&key), "{alg}");
    }

    #[test]
    fn rfc7515_a2_rs256() {
        let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ\
                 S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2\
                 R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD\
                 TW9gb54h4FRWyuXpoQ";
        let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9\
                         uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB\
                         _eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq\
                         Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let jwk = serde_json::json!({"kty": "RSA", "n": n, "e": "AQAB"});
        verifies("RS256", jwk, &format!("eyJhbGciOiJSUzI1NiJ9.{JOE}.{signature}"));
    }

    #[test]
    fn rfc7515_a3_es256() {
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let jwk = jwk::to_json(LocalSigner::for_tests(Algorithm::Es256).jwk());
        assert_eq!(jwk["x"], "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
        assert_eq!(jwk["y"], "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        verifies("ES256", jwk, &format!("eyJhbGciOiJFUzI1NiJ9.{JOE}.{signature}"));
    }

    #[test]
    fn rfc7515_a4_es512() {
        let signature = "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCA\
                         PZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
        let jwk = jwk::to_json(LocalSigner::for_tests(Algorithm::Es512).jwk());
        verifies("ES512", jwk, &format!("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.{signature}"));
    }

    #[test]
    fn rfc7515_a1_a5_a6_are_refused() {
        let hs256 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
        assert!(Compact::parse(&format!("{hs256}.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).is_none());
        assert!(Compact::parse(&format!("eyJhbGciOiJub25lIn0.{JOE}.")).is_none());
        assert!(Compact::parse(r#"{"payload":"","protected":"eyJhbGciOiJFUzI1NiJ9","signature":""}"#).is_none());
    }

    #[test]
    fn rfc8037_a4_eddsa() {
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signer = LocalSigner::for_tests(Algorithm::EdDsa);
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        verifies("EdDSA", jwk::to_json(signer.jwk()), &format!("{input}.{signature}"));
        let made = signer.sign(input.as_bytes()).now_or_never().unwrap().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(made), signature);
    }

    #[test]
    fn rfc9864_2_2_ed25519_is_eddsa_by_another_name() {
        let signer = LocalSigner::for_tests(Algorithm::EdDsa);
        for alg in ["EdDSA", "Ed25519"] {
            let header = json!({"alg": alg}).to_string();
            let input = format!("{}.e30", URL_SAFE_NO_PAD.encode(header));
            let signature = signer.sign(input.as_bytes()).now_or_never().unwrap().unwrap();
            let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
            let read = Compact::parse(&token).unwrap();
            assert_eq!(read.alg, Algorithm::EdDsa);
            let mut key = jwk::to_json(signer.jwk());
            key["alg"] = alg.into();
            let key = jwk::from_json(key.to_string().as_bytes()).unwrap();
            assert!(read.is_signed_by(&VerifyingKey::new(&key).unwrap()), "{alg}");
        }
        for alg in ["Ed448", "ed25519"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg}).to_string());
            assert!(Compact::parse(&format!("{header}.e30.AA")).is_none(), "{alg}");
        }
    }

    #[test]
    fn rfc9964_a1_ml_dsa() {
        let levels = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];
        let tokens: Vec<_> = include_str!("rfc9964_a1.txt").lines().collect();
        assert_eq!(tokens.len(), levels.len());
        for (alg, token) in levels.into_iter().zip(tokens) {
            let signer = LocalSigner::for_tests(alg);
            verifies(alg.name(), jwk::to_json(signer.jwk()), token);
            let read = Compact::parse(token).unwrap();
            assert_eq!(read.payload, "It’s a dangerous business, Frodo, going out your door.".as_bytes());
            assert_eq!(read.signature.len(), signature_len(signer.jwk()));
        }
    }

    #[test]
    fn the_header_has_three_members_in_one_order() {
        let token = sign(&LocalSigner::for_tests(Algorithm::EdDsa), "JWT", b"{}").now_or_never().unwrap().unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(header).unwrap(),
            r#"{"alg":"EdDSA","typ":"JWT","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}"#
        );
    }
}
