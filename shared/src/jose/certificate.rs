//! Certificates of clients: their thumbprints, and whose they are. Whoever ended the TLS connection has verified them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::der::{from_pem, is_one_sequence};
use crate::domain::{Invalid, Thumbprint};
use crate::encoding::strict_json;

mod subject;

pub use subject::{is_of, subject};

/// The `x5t#S256` (RFC 8705 section 3.1) of a certificate in PEM: one, with nothing before or after it. Its lines may have any length, as
/// proxies join them.
///
/// # Errors
/// [`Invalid`] if it isn't one certificate in PEM.
pub fn thumbprint(pem: &str) -> Result<Thumbprint, Invalid> {
    Ok(Thumbprint(super::sha256(&der(pem)?)))
}

/// The one certificate of a PEM text.
fn der(pem: &str) -> Result<Vec<u8>, Invalid> {
    from_pem("CERTIFICATE", pem).ok_or(Invalid("must be one certificate in PEM"))
}

/// The thumbprints of the certificates that come with the keys of a JWK Set: of each key its own, which is the first of `x5c`, or what
/// `x5t#S256` says (RFC 7517 sections 4.7 and 4.9).
///
/// # Errors
/// [`Invalid`] if it is no JWK Set, or if a certificate and its `x5t#S256` are malformed or contradict each other.
pub fn thumbprints_of_set(jwks: &[u8]) -> Result<Vec<Thumbprint>, Invalid> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Key>,
    }
    #[derive(Deserialize)]
    struct Key {
        #[serde(default)]
        x5c: Vec<String>,
        #[serde(default, rename = "x5t#S256")]
        x5t: Option<String>,
    }
    const RULE: Invalid = Invalid("must have certificates in base64, and their SHA-256 in base64url");

    let set: Set = strict_json::decode(jwks).map_err(|_| RULE)?;
    let mut thumbprints = Vec::new();
    for Key { x5c, x5t } in set.keys {
        let of_certificate = x5c.first().map(|base64| of_base64(base64.as_bytes()).ok_or(RULE)).transpose()?;
        let told = x5t.map(|text| text.parse().map_err(|_| RULE)).transpose()?;
        if of_certificate.is_some() && told.is_some() && of_certificate != told {
            return Err(Invalid("must have the x5t#S256 of its x5c"));
        }
        thumbprints.extend(of_certificate.or(told));
    }
    Ok(thumbprints)
}

/// A certificate in base64, which is one DER sequence.
fn decoded(base64: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(base64).ok().filter(|der| is_one_sequence(der))
}

fn of_base64(base64: &[u8]) -> Option<Thumbprint> {
    decoded(base64).map(|der| Thumbprint(super::sha256(&der)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8705 appendix A.
    const BASE64: &str = "\
        MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx\n\
        ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG\n\
        SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ\n\
        /Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID\n\
        SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV\n\
        bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=\n";
    const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

    fn pem() -> String {
        format!("-----BEGIN CERTIFICATE-----\n{BASE64}-----END CERTIFICATE-----\n")
    }

    fn in_one_line() -> String {
        BASE64.split_ascii_whitespace().collect()
    }

    #[test]
    fn rfc8705_a_the_thumbprint_is_the_sha256_of_the_der() {
        let found = thumbprint(&pem()).unwrap();
        assert_eq!(found.to_string(), THUMBPRINT);
        for joined in [in_one_line(), BASE64.replace('\n', " "), BASE64.replace('\n', "\r\n")] {
            let pem = format!("-----BEGIN CERTIFICATE-----{joined}-----END CERTIFICATE-----");
            assert_eq!(thumbprint(&pem).unwrap(), found);
        }
    }

    #[test]
    fn only_one_whole_certificate_is_one() {
        let pem = pem();
        for bad in [
            String::new(),
            in_one_line(),
            format!("{pem}{pem}"),
            format!("x{pem}"),
            pem.replace("CERTIFICATE", "PUBLIC KEY"),
            pem.replace("-----END CERTIFICATE-----", ""),
            pem.replacen("MII", "MI", 1),
            pem.replacen("MII", "MII*", 1),
            "-----BEGIN CERTIFICATE----------END CERTIFICATE-----".to_owned(),
            // A sequence that is longer than it says.
            "-----BEGIN CERTIFICATE-----MAAA-----END CERTIFICATE-----".to_owned(),
        ] {
            assert!(thumbprint(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_comes_with_its_certificate_or_the_thumbprint_of_it() {
        let of = |keys: serde_json::Value| thumbprints_of_set(json!({"keys": keys}).to_string().as_bytes());
        let expected: Thumbprint = THUMBPRINT.parse().unwrap();
        assert_eq!(of(json!([{"kty": "RSA", "x5c": [in_one_line(), "ignored"]}, {"kty": "EC"}])).unwrap(), [expected]);
        assert_eq!(of(json!([{"kty": "RSA", "x5t#S256": THUMBPRINT}])).unwrap(), [expected]);
        assert_eq!(of(json!([{"x5c": [in_one_line()], "x5t#S256": THUMBPRINT}])).unwrap(), [expected]);
        let other = Thumbprint([7; 32]).to_string();
        for bad in [json!([{"x5c": [in_one_line()], "x5t#S256": other}]), json!([{"x5c": ["MAAA"]}]), json!([{"x5t#S256": "x"}])]
        {
            assert!(of(bad.clone()).is_err(), "{bad}");
        }
    }
}
