//! What assertions have in common by which a client proves who it is (RFC 7523 section 2.2) and those for which it gets a token
//! (section 2.1): section 3.

use crate::domain::{Issuer, Seconds, Timestamp};
use crate::jose::Expected as Types;
use crate::jose::VerifyingKey;
use crate::jose::foreign::{self, Claims, WrongType};
use crate::jose::jws::Compact;

/// The longest time that `exp` may be ahead, or `iat` ago.
const MAX_LIFETIME: Seconds = Seconds(300);
/// The tolerated difference between clocks.
pub(crate) const SKEW: Seconds = Seconds(60);
const MAX_ID_BYTES: usize = 256;

/// An assertion that has been read: nothing in it can be trusted yet.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    jws: Compact<'a>,
    claims: Claims,
}

impl<'a> Assertion<'a> {
    /// Reads one. It need not say that it is an assertion; what says that it is something else isn't one (RFC 8725 section 3.11).
    pub(crate) fn read(text: &'a str, types: &Types) -> Option<Self> {
        if text.len() > foreign::MAX_TOKEN_BYTES {
            return None;
        }
        let jws = Compact::parse(text)?;
        let is_one = jws.typ.as_deref().is_none_or(|typ| types.accepts(typ));
        let claims = Claims::read(&jws.payload).filter(|_| is_one)?;
        Some(Self { jws, claims })
    }

    /// Returns the claims, if one of these keys has signed them.
    pub(crate) fn signed_by(self, keys: &[VerifyingKey]) -> Option<Claims> {
        keys.iter().any(|key| self.jws.is_signed_by(key)).then_some(self.claims)
    }
}

/// The identity of an assertion, and when it expires.
#[derive(Debug)]
pub(crate) struct Terms {
    /// The id of the assertion: `jti`.
    pub(crate) id: String,
    /// The end of its lifetime: `exp`.
    pub(crate) expires_at: Timestamp,
}

impl Terms {
    /// Those of an assertion for us that is in its time and not made for long. The audience is our issuer, alone and as a string:
    /// an assertion for others, too, could come from one of them.
    pub(crate) fn from_claims(claims: &Claims, audience: &Issuer, now: Timestamp) -> Result<Option<Self>, WrongType> {
        let longest = MAX_LIFETIME.0 + SKEW.0;
        let is_recent = claims.moment("iat")?.is_none_or(|iat| iat >= now.minus(Seconds(longest)));
        if claims.text("aud")? != Some(audience.as_str()) || !is_recent || !claims.has_begun(now)? {
            return Ok(None);
        }
        let id = claims.text("jti")?.filter(|id| (1..=MAX_ID_BYTES).contains(&id.len()));
        let made_at = claims.moment("iat")?.unwrap_or(now).min(now);
        let exp = claims.moment("exp")?.filter(|exp| now < *exp && *exp <= made_at.plus(Seconds(longest)));
        Ok(id.zip(exp).map(|(id, expires_at)| Self { id: id.to_owned(), expires_at }))
    }
}
