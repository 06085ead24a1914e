//! Reads compact JWS (RFC 7515). What signs them is in `keys::signer`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Map, Value};

use super::jwk;
use super::verifying_key::VerifyingKey;
use crate::domain::key::PublicKey;
use crate::domain::{Algorithm, Jwk};
use crate::encoding::strict_json;

/// The longest token that we make or read: a gateway takes 10,240 bytes of headers in all.
pub const MAX_TOKEN_BYTES: usize = 7_168;

/// How many bytes a signature by this key has.
pub fn signature_len(jwk: &Jwk) -> usize {
    match &jwk.key {
        // FIPS 204 table 2.
        PublicKey::Akp { .. } => match jwk.alg {
            Algorithm::MlDsa87 => 4_627,
            Algorithm::MlDsa65 => 3_309,
            Algorithm::Es256
            | Algorithm::Es384
            | Algorithm::Es512
            | Algorithm::EdDsa
            | Algorithm::MlDsa44
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => 2_420,
        },
        PublicKey::Ec { x, y } => x.len() + y.len(),
        PublicKey::Okp { .. } => 64,
        PublicKey::Rsa { n, .. } => n.len(),
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
    /// The payload, as it was signed.
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

    /// Reads the header of a token as [`parse`](Self::parse) does, whatever its algorithm is.
    pub fn header(token: &str) -> Option<ProtectedHeader> {
        let (input, signature) = token.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        let is_text = |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok();
        if !is_text(payload) || !is_text(signature) {
            return None;
        }
        let header: Header = strict_json::decode(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.crit || header.b64 || header.zip {
            return None;
        }
        Some(ProtectedHeader { alg: header.alg, kid: header.kid, typ: header.typ })
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
        self.alg == key.jwk().alg
            && self.kid.as_ref().is_none_or(|kid| kid == key.jwk().kid.as_str())
            && key.verify(self.input.as_bytes(), &self.signature)
    }
}

/// What the header of a compact JWS says, of which nothing can be trusted yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProtectedHeader {
    /// The name of the algorithm, as spelled.
    pub alg: String,
    /// Which key it claims.
    pub kid: Option<String>,
    /// Its media type, as spelled.
    pub typ: Option<String>,
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

/// How many characters so many bytes are in base64url.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use serde_json::json;

    use super::*;
    use crate::keys::signer::{LocalSigner, Signer as _};

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
            verifies(alg.as_str(), jwk::to_json(signer.jwk()), token);
            let read = Compact::parse(token).unwrap();
            assert_eq!(read.payload, "It’s a dangerous business, Frodo, going out your door.".as_bytes());
            assert_eq!(read.signature.len(), signature_len(signer.jwk()));
        }
    }
}
