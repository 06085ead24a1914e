//! Scanners of secrets, which tell what they have found by reports that they sign.
//!
//! They publish their keys as GitHub does: `{"public_keys": [{"key_identifier", "key", "is_current"}]}`, each key in PEM. The keys are kept
//! and read again by the same rules as all key sets of others, [`KeySets`]; what a report does is decided in
//! [`admin::leaked_api_keys`](crate::admin::leaked_api_keys).

use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;

use super::{FetchKeySets, KeySets, KeySource, NoKeys, Origin, Origins};
use crate::domain::{Algorithm, Fault, Invalid, Jwk, KeyId, KeySet, Timestamp};
use crate::encoding::strict_json;
use crate::jose::jwk;

/// Where a scanner of secrets publishes the keys that sign its reports: an `https` URL, or an `http` one of a loopback address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScannerUrl(String);

impl ScannerUrl {
    /// The longest that is taken, in bytes.
    pub const MAX_BYTES: usize = 1_000;

    fn origin(&self) -> Option<Origin> {
        Origin::from_url(&self.0)
    }
}

impl FromStr for ScannerUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_one = text.len() <= Self::MAX_BYTES && Origin::from_url(text).is_some();
        let rule = Invalid("must be an https URL, or an http one of a loopback address such as http://127.0.0.1:8080/keys");
        is_one.then(|| Self(text.to_owned())).ok_or(rule)
    }
}

/// The scanners of secrets whose reports are taken: none, unless the deployment names them.
#[derive(Debug)]
pub struct SecretScanners {
    urls: Vec<ScannerUrl>,
    key_sets: KeySets,
}

impl SecretScanners {
    /// Takes reports of nobody at all.
    pub fn none() -> Self {
        Self { urls: Vec::new(), key_sets: KeySets::none() }
    }

    /// Takes the reports of those whose keys are at these URLs.
    pub fn new(urls: Vec<ScannerUrl>, fetcher: Arc<dyn FetchKeySets>) -> Self {
        let key_sets = KeySets::new(Self::origins(&urls), fetcher);
        Self { urls, key_sets }
    }

    /// Takes the reports of those whose keys are at these URLs, which are read over HTTPS. Opens no connection yet.
    #[cfg(feature = "fetch")]
    pub fn over_https(urls: Vec<ScannerUrl>) -> Self {
        let key_sets = KeySets::over_https(Self::origins(&urls));
        Self { urls, key_sets }
    }

    /// Whoever names a URL allows to read there.
    fn origins(urls: &[ScannerUrl]) -> Origins {
        urls.iter().filter_map(ScannerUrl::origin).collect()
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.urls.is_empty()
    }

    /// Whether one of them has signed these bytes, by the key of this identifier: ECDSA on P-256 with SHA-256, in DER.
    ///
    /// # Errors
    /// A [`Fault`] that can be retried if none is known to have, and the keys of one can't be had now.
    pub async fn have_signed(&self, identifier: &str, bytes: &[u8], signature: &[u8], now: Timestamp) -> Result<bool, Fault> {
        let mut unread = None;
        for ScannerUrl(url) in &self.urls {
            match self.key_sets.of_issuer(KeySource::SecretScanner(url), Some(identifier), now).await {
                Ok(reading) => {
                    let mut named = reading.keys.iter().filter(|key| key.jwk().kid.as_str() == identifier);
                    if named.any(|key| key.verify_der(bytes, signature)) {
                        return Ok(true);
                    }
                }
                Err(NoKeys::Unread(fault)) => unread = Some(fault),
                // The origins are those of the URLs.
                Err(NoKeys::OutOfReach(_)) => {}
            }
        }
        unread.map_or(Ok(false), Err)
    }
}

impl Default for SecretScanners {
    fn default() -> Self {
        Self::none()
    }
}

/// Reads the keys of a scanner, of which at most 100 are looked at. Those that can't be used are ignored, and so are all of an identifier
/// that isn't unique. Which of them is current says nothing of the others: a report may be older than its sender's next key.
pub(super) fn keys_from_json(json: &str) -> Result<KeySet, Invalid> {
    #[derive(Deserialize)]
    struct Published {
        public_keys: Vec<PublishedKey>,
    }
    #[derive(Deserialize)]
    struct PublishedKey {
        key_identifier: String,
        key: String,
    }

    let published: Published =
        strict_json::decode(json.as_bytes()).map_err(|_| Invalid("must have public_keys, each with key_identifier and key"))?;
    let usable = published.public_keys.iter().take(MAX_KEYS).filter_map(|published| {
        let is_named = (1..=MAX_IDENTIFIER_BYTES).contains(&published.key_identifier.len());
        let key = jwk::from_pem(Algorithm::Es256, &published.key).ok().filter(|_| is_named)?;
        Some(Jwk { kid: KeyId::new(&published.key_identifier), ..key })
    });
    let keys: Vec<Jwk> = usable.collect();
    let is_unique = |jwk: &&Jwk| keys.iter().filter(|other| other.kid == jwk.kid).count() == 1;
    Ok(KeySet::new(keys.iter().filter(is_unique).cloned().collect()))
}

const MAX_KEYS: usize = 100;
const MAX_IDENTIFIER_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    /// What GitHub documents for its secret scanning partners: two keys, and a body with a signature by each.
    const FIRST: (&str, &str) = (
        "90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq\nkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==",
    );
    const SECOND: (&str, &str) = (
        "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==",
    );
    const SIGNED: [(&str, &str, &str); 2] = [
        (
            FIRST.0,
            r#"[{"token":"some_token","type":"some_type","url":"some_url"}]"#,
            "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=",
        ),
        (
            SECOND.0,
            r#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#,
            "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==",
        ),
    ];

    fn published(keys: &[(&str, &str)]) -> String {
        let key = |(identifier, base64): &(&str, &str)| {
            let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
            json!({"key_identifier": identifier, "key": pem, "is_current": *identifier == SECOND.0})
        };
        json!({"public_keys": keys.iter().map(key).collect::<Vec<_>>()}).to_string()
    }

    #[test]
    fn the_signatures_that_github_documents_are_good_for_their_bytes_and_keys_alone() {
        let keys = keys_from_json(&published(&[FIRST, SECOND])).unwrap();
        for (identifier, body, signature) in SIGNED {
            let (key, signature) = (keys.find(identifier).unwrap(), STANDARD.decode(signature).unwrap());
            let key = crate::jose::VerifyingKey::new(key).unwrap();
            assert!(key.verify_der(body.as_bytes(), &signature), "{identifier}");
            assert!(!key.verify_der(format!("{body}\n").as_bytes(), &signature), "the bytes as they were sent");
            assert!(!key.verify_der(body.as_bytes(), &signature[..signature.len() - 1]));
            for (other, other_body, other_signature) in SIGNED.iter().filter(|(other, ..)| *other != identifier) {
                assert!(!key.verify_der(other_body.as_bytes(), &STANDARD.decode(other_signature).unwrap()), "{other}");
            }
        }
    }

    #[test]
    fn keys_that_cannot_be_used_are_ignored() {
        let count = |text: &str| keys_from_json(text).map(|keys| keys.iter().count());
        assert_eq!(count(&published(&[FIRST, SECOND])).unwrap(), 2);
        assert_eq!(count(&published(&[FIRST, FIRST])).unwrap(), 0, "one identifier, two keys");
        assert_eq!(count(&published(&[("", FIRST.1), ("x", "MAA="), ("y", "x"), SECOND])).unwrap(), 1);
        for bad in ["", "[]", "{}", r#"{"public_keys":{}}"#, r#"{"public_keys":[{"key":"x"}]}"#, r#"{"keys":[]}"#] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_place_of_keys_is_an_https_url_or_one_of_this_machine() {
        for good in ["https://api.github.com/meta/public_keys/secret_scanning", "http://127.0.0.1:4000/keys", "https://a.example"]
        {
            assert!(good.parse::<ScannerUrl>().is_ok(), "{good}");
        }
        for bad in ["", "http://a.example/keys", "ftp://a.example", "https://u@a.example/", "https://a.example/#x", "keys"] {
            assert!(bad.parse::<ScannerUrl>().is_err(), "{bad}");
        }
    }
}
