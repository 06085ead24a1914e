//! Authorization codes: RFC 6749 section 4.1.2.

use std::str::FromStr;

use crate::auth::secret;
use crate::domain::{AuthorizationKey, Entropy, Fault, Invalid, Secret};

/// The length of the secret in a code: 256 random bits as base64url.
const SECRET_CHARS: usize = 43;

/// An authorization code: `<org>.<id>.<secret>`. It tells which authorization it is of, and only its secret opens that.
#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    /// The authorization that it is of.
    pub key: AuthorizationKey,
    secret: Secret<String>,
}

impl AuthorizationCode {
    /// Draws the code of an authorization.
    ///
    /// # Errors
    /// A [`Fault`] if there is no randomness.
    pub fn generate(key: AuthorizationKey, entropy: &dyn Entropy) -> Result<Self, Fault> {
        Ok(Self { key, secret: secret::draw::<32>(entropy)? })
    }

    /// Returns what is kept of the code: the SHA-256 of its secret.
    pub fn hash(&self) -> [u8; 32] {
        secret::hash(&self.secret)
    }

    /// Says whether this is the code of which `kept` is kept, in constant time.
    pub fn matches(&self, kept: &[u8; 32]) -> bool {
        secret::is_among(&self.secret, std::slice::from_ref(kept))
    }

    /// Returns the code as the client gets it.
    pub fn expose(&self) -> String {
        format!("{}.{}", self.key, self.secret.expose())
    }
}

impl FromStr for AuthorizationCode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be an authorization code");
        let (key, secret) = text.rsplit_once('.').ok_or(RULE)?;
        let is_secret = secret.len() == SECRET_CHARS && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let key = key.parse().map_err(|_| RULE)?;
        is_secret.then(|| Self { key, secret: Secret::new(secret.to_owned()) }).ok_or(RULE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OrgId, Seeded, Timestamp, TokenId};

    #[test]
    fn a_code_is_read_back_and_no_other_matches() {
        let key = AuthorizationKey { org: OrgId::parse("my-org").unwrap(), id: TokenId::first_of(Timestamp::from_secs(1)) };
        let entropy = Seeded::new(7);
        let [code, other] = [key.clone(), key].map(|key| AuthorizationCode::generate(key, &entropy).unwrap());
        let read: AuthorizationCode = code.expose().parse().unwrap();
        assert!(read.key == code.key && read.matches(&code.hash()) && !read.matches(&other.hash()));
        let text = code.expose();
        assert!(text.len() <= 140 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)), "{text}");
        for bad in ["", "x", &text[1..text.len() - 1], &format!("{text}A"), &format!("{text}."), &format!("{text} ")] {
            assert!(bad.parse::<AuthorizationCode>().is_err(), "{bad}");
        }
    }
}
