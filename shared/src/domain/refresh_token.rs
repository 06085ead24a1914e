//! The text of a refresh token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{FamilyKey, OrgId, Secret, TokenId};

/// A refresh token: `jeton-rt.<org>.<family>.<generation>.<secret>`, recognisable to scanners for leaked secrets.
///
/// It names its record, so that one read finds it; the secret is 256 bits, of which only a hash is stored.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// The family that it belongs to.
    pub family: FamilyKey,
    /// Which generation it is.
    pub generation: u64,
    /// The secret that proves the token genuine.
    pub secret: Secret<[u8; 32]>,
}

impl RefreshToken {
    const PREFIX: &str = "jeton-rt";

    /// Whether a text is meant to be one: to tell it from a JWT, not to trust it.
    pub fn looks_like(text: &str) -> bool {
        text.starts_with(Self::PREFIX)
    }

    /// Parses the text, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        if parts.next() != Some(Self::PREFIX) {
            return None;
        }
        let org = OrgId::parse(parts.next()?).ok()?;
        let id = TokenId::parse(parts.next()?).ok()?;
        let generation = parts.next().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
        let secret = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?.try_into().ok()?;
        parts.next().is_none().then_some(Self { family: FamilyKey { org, id }, generation, secret: Secret::new(secret) })
    }
}

/// The token itself: for the answer that hands it over, and nothing else.
impl fmt::Display for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, generation, secret } = self;
        write!(f, "{}.{}.{}.{generation}.{}", Self::PREFIX, family.org, family.id, URL_SAFE_NO_PAD.encode(secret.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_survives_its_text_and_nothing_else_parses() {
        let text = format!("jeton-rt.4817.{}.7.{}", "0".repeat(32), "A".repeat(43));
        let token = RefreshToken::parse(&text).unwrap();
        assert_eq!((token.to_string(), token.generation), (text.clone(), 7));
        for bad in [
            format!("{text}."),
            format!("{text}A"),
            text.replace(".7.", ".+7."),
            text.replace("jeton-rt", "jeton-xx"),
            "a.b.c".into(),
        ] {
            assert!(RefreshToken::parse(&bad).is_none(), "{bad}");
        }
    }
}
