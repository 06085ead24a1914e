//! The one verifier of our own tokens.

use std::fmt;
use std::sync::Arc;

use super::access_token::{self, JwtClaims};
use super::cache::Cache;
use super::claims;
use super::jws::{Compact, MAX_TOKEN_BYTES};
use super::verifying_key::VerifyingKey;
use crate::domain::{Claims, Fault, Issuer, KeySet, Seconds, Timestamp};

/// Verifies tokens of one issuer by one set of keys. A changed set needs a new verifier: so no retired key lives on in a cache.
pub struct Verifier {
    issuer: Issuer,
    keys: Vec<VerifyingKey>,
    /// Only what never changes: that a signature is good, and what it covers. Never whether the token is alive.
    verified: Cache<Genuine>,
    /// The same of the tokens of OAuth clients.
    said: Cache<Arc<JwtClaims>>,
}

impl Verifier {
    /// Makes the verifier of the tokens of `issuer` that are signed by `keys`.
    ///
    /// # Errors
    /// A [`Fault`] if one of the keys can't be used.
    pub fn new(keys: &KeySet, issuer: Issuer) -> Result<Self, Fault> {
        let keys: Result<_, _> = keys.iter().map(VerifyingKey::new).collect();
        let keys = keys.map_err(|e| Fault::internal("reading the public keys").because(e))?;
        Ok(Self { issuer, keys, verified: Cache::new(REMEMBERED), said: Cache::new(REMEMBERED) })
    }

    /// Returns the issuer whose tokens are verified.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Says whether one of our keys signed a JWS, whatever that says.
    pub fn has_signed(&self, jws: &Compact<'_>) -> bool {
        jws.kid.is_some() && self.keys.iter().any(|key| jws.is_signed_by(key))
    }

    /// Returns what `token` says, if we signed it, it is of an expected type, and `now` is in its time.
    /// Whether it has been revoked is for others to judge.
    ///
    /// # Errors
    /// [`Rejection::Expired`] or [`Rejection::NotYetValid`] for a genuine token that isn't in its time, [`Rejection::Invalid`]
    /// for anything else.
    pub fn verify(&self, token: &str, expect: &Expected, now: Timestamp) -> Result<Arc<Claims>, Rejection> {
        let Genuine { typ, claims } = self.genuine(token).ok_or(Rejection::Invalid)?;
        if !expect.accepts(&typ) || claims.issued_at > now.plus(EARLIEST_ISSUE) {
            return Err(Rejection::Invalid);
        }
        if claims.expires_at <= now {
            return Err(Rejection::Expired(claims));
        }
        if claims.not_before.is_some_and(|start| start > now.plus(EARLIEST_USE)) {
            return Err(Rejection::NotYetValid(claims));
        }
        Ok(claims)
    }

    /// The org of a token of ours that is in its time, whatever its type.
    pub fn org_of(&self, token: &str, now: Timestamp) -> Option<crate::domain::OrgId> {
        let claims = self.genuine(token)?.claims;
        (claims.expires_at > now).then(|| claims.org.clone())
    }

    /// What an OAuth client's access token says that we signed. Whether it holds is for its record to tell.
    pub fn access_token(&self, token: &str) -> Option<Arc<JwtClaims>> {
        remembered(&self.said, token, || {
            let jws = self.signed(token)?;
            let is_access_token = jws.typ.as_deref().is_some_and(|typ| Expected { types: &[access_token::TYPE] }.accepts(typ));
            let said = is_access_token.then(|| JwtClaims::read(&jws.payload, &self.issuer))?;
            said.map(Arc::new)
        })
    }

    fn genuine(&self, token: &str) -> Option<Genuine> {
        remembered(&self.verified, token, || {
            let jws = self.signed(token)?;
            let typ = jws.typ.as_deref()?;
            let claims = claims::from_json(&jws.payload).ok().filter(|claims| claims.issuer == self.issuer)?;
            Some(Genuine { typ: typ.into(), claims: claims.into() })
        })
    }

    /// The parts of a token that one of our keys has signed.
    fn signed<'a>(&self, token: &'a str) -> Option<Compact<'a>> {
        let jws = Some(token).filter(|token| token.len() <= MAX_TOKEN_BYTES).and_then(Compact::parse)?;
        let kid = jws.kid.as_deref()?;
        let key = self.keys.iter().find(|key| key.jwk().kid.as_str() == kid)?;
        jws.is_signed_by(key).then_some(jws)
    }
}

/// What `token` was found to be before, or is found to be now.
fn remembered<V: Clone>(cache: &Cache<V>, token: &str, read: impl FnOnce() -> Option<V>) -> Option<V> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let key = Cache::<V>::key(token);
    if let Some(known) = cache.find(&key) {
        return Some(known);
    }
    let new = read()?;
    cache.insert(key, new.clone());
    Some(new)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("issuer", &self.issuer).field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// What an endpoint takes.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Media types in the header's `typ`, without `application/`: `at+jwt`. A token of another type is none.
    pub types: &'static [&'static str],
}

impl Expected {
    /// RFC 7515 section 4.1.9: neither case matters nor whether `application/` is there.
    pub(crate) fn accepts(&self, typ: &str) -> bool {
        const PREFIX: &str = "application/";
        let short = match typ.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
            _ => typ,
        };
        self.types.iter().any(|expected| expected.eq_ignore_ascii_case(short))
    }
}

/// Why a token is refused. Its claims are there where we signed them: an expired token can still be revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rejection {
    /// The token is genuine, but its `exp` has passed.
    Expired(Arc<Claims>),
    /// Not a token of ours, or of another type.
    Invalid,
    /// `nbf` is still to come.
    NotYetValid(Arc<Claims>),
}

/// How far the clock of another instance may be ahead of ours when it mints.
const EARLIEST_ISSUE: Seconds = Seconds(60);
/// The same for tokens that are valid at once.
const EARLIEST_USE: Seconds = Seconds(10);
/// How many tokens of members, and of clients, are remembered: at most about 4 MB and 8 MB.
const REMEMBERED: usize = 4_096;

/// A token that we signed.
#[derive(Clone)]
struct Genuine {
    typ: Arc<str>,
    claims: Arc<Claims>,
}

#[cfg(test)]
mod tests;
