//! DPoP proofs, which show that the sender of a request holds a certain key: RFC 9449.
//!
//! [`verify`] checks everything about a proof, with its nonce from `nonce` where the org requires one. A proof is good once:
//! [`replay`](crate::auth::replay) sees to that. Which key a token is bound to is decided in [`policy`](crate::policy).

mod nonce;

pub use nonce::{NonceRule, nonce};

use http::Uri;

use crate::auth::replay::ReplayGuard;
use crate::domain::{Algorithm, Denial, Error, OrgId, Seconds, Thumbprint, Timestamp};
use crate::jose::foreign::{Claims, MAX_TOKEN_BYTES, WrongType};
use crate::jose::jws::Compact;
use crate::jose::{Expected as Types, jwk, sha256};
use crate::store::{ReplayKey, ReplayStore};

/// The algorithms of proofs: all that there are here but RSA with the padding of PKCS #1 v1.5, FAPI 2.0 section 5.4.1.
pub const ALGORITHMS: &[Algorithm] = &[
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

/// The request that a proof must be about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The method of the request: `POST`.
    pub method: &'a str,
    /// The URI of the request. Its query and fragment don't count.
    pub uri: &'a str,
    /// The access token of the request, if it has one.
    pub access_token: Option<&'a str>,
    /// The key that must have signed the proof. `None`: any.
    pub key: Option<Thumbprint>,
    /// Whether the proof must have a nonce of ours.
    pub nonce: NonceRule<'a>,
}

/// Verifies a proof, and consumes it.
///
/// # Errors
///
/// What [`check`] finds, or [`Denial::DpopProofReplayed`] if the proof was used before.
pub async fn verify(
    once: &dyn ReplayStore,
    org: &OrgId,
    now: Timestamp,
    proof: &str,
    expected: &Expected<'_>,
) -> Result<Thumbprint, Error> {
    let (key, replay_guard) = check(org, now, proof, expected).await?;
    replay_guard.consume(once).await?;
    Ok(key)
}

/// Verifies a proof (RFC 9449 section 4.3) without consuming it. Returns the thumbprint of its key, to which a token is bound, and
/// the guard by which it is good only once.
///
/// # Errors
///
/// [`Denial::DpopProofInvalid`] if it is no proof, [`Denial::DpopProofForAnother`] if it is for another request,
/// [`Denial::DpopKeyMismatch`] if it is by another key, and [`Denial::DpopNonceRequired`] if it has no nonce that is good where one
/// is required; elsewhere [`Denial::DpopProofStale`] if it is too old.
pub async fn check(
    org: &OrgId,
    now: Timestamp,
    proof: &str,
    expected: &Expected<'_>,
) -> Result<(Thumbprint, ReplayGuard), Error> {
    let proof = Proof::read(proof).ok_or(Denial::DpopProofInvalid)?;
    proof.check(expected)?;
    let until = match expected.nonce {
        NonceRule::NotNeeded => {
            proof.check_time(now)?;
            proof.issued_at.plus(REMEMBERED)
        }
        // RFC 9449 section 11.1: our nonce says when the proof was made, however wrong the client's clock is.
        NonceRule::Required(deriver) if nonce::is_good(deriver, org, proof.nonce(), now).await? => {
            now.plus(nonce::LIFETIME).plus(REMEMBERED)
        }
        NonceRule::Required(_) => return Err(Denial::DpopNonceRequired.into()),
    };
    let used = ReplayKey { org: org.clone(), purpose: "dpop", hash: proof.identity(), now, until };
    Ok((proof.key, ReplayGuard::new(used, Denial::DpopProofReplayed)))
}

/// How old a proof may be, the difference of clocks included.
const MAX_AGE: Seconds = Seconds(60);
/// How long a proof is remembered from its `iat` on: as long as it can be presented, and a minute for an instance whose clock is behind.
const REMEMBERED: Seconds = Seconds(MAX_AGE.0 + 60);
const TYPE: Types = Types { types: &["dpop+jwt"] };
const MAX_ID_BYTES: usize = 256;

/// A proof that whoever made it has the private half of `key`.
#[derive(Debug)]
struct Proof {
    key: Thumbprint,
    id: String,
    method: String,
    target: Target,
    issued_at: Timestamp,
    claims: Claims,
}

impl Proof {
    /// Reads a proof and verifies its signature; nothing if it isn't one.
    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (jws, key) = Compact::parse_with_key(text)?;
        if !ALGORITHMS.contains(&key.jwk().alg) || !TYPE.accepts(jws.typ.as_deref()?) || !jws.is_signed_by(&key) {
            return None;
        }
        let claims = Claims::read(&jws.payload)?;
        let text = |name| claims.text(name).ok()?.map(str::to_owned);
        Some(Self {
            // A key may have any `kid`, but only one thumbprint.
            key: jwk::thumbprint(&key.jwk().key, key.jwk().alg).as_str().parse().ok()?,
            id: text("jti").filter(|id| (1..=MAX_ID_BYTES).contains(&id.len()))?,
            method: text("htm")?,
            target: Target::parse(&text("htu")?)?,
            issued_at: claims.moment("iat").ok()??,
            claims,
        })
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Denial> {
        let is_fresh = self.issued_at >= now.minus(MAX_AGE).whole_second();
        let is_good = |now| Ok::<_, WrongType>(self.claims.has_begun(now)? && self.claims.has_not_expired(now)?);
        let is_good = is_fresh && is_good(now).map_err(|_| Denial::DpopProofInvalid)?;
        if is_good { Ok(()) } else { Err(Denial::DpopProofStale) }
    }

    fn check(&self, expected: &Expected<'_>) -> Result<(), Denial> {
        if self.method != expected.method || Target::parse(expected.uri).as_ref() != Some(&self.target) {
            return Err(Denial::DpopProofForAnother);
        }
        if let Some(token) = expected.access_token {
            let hash = Thumbprint(sha256(token.as_bytes())).to_string();
            if self.claims.text("ath").ok().flatten() != Some(&hash) {
                return Err(Denial::DpopProofForAnother);
            }
        }
        if expected.key.is_some_and(|key| key != self.key) {
            return Err(Denial::DpopKeyMismatch);
        }
        Ok(())
    }

    /// Returns the nonce, or an empty text if there is none.
    fn nonce(&self) -> &str {
        self.claims.text("nonce").ok().flatten().unwrap_or_default()
    }

    /// What makes it one of a kind: `jti` is unique for its key and place.
    fn identity(&self) -> [u8; 32] {
        let Target { scheme, host, port, path } = &self.target;
        sha256(format!("{}\0{scheme}://{host}:{port}{path}\0{}", self.key, self.id).as_bytes())
    }
}

/// A URI as RFC 3986 section 6.2 compares it, without query and fragment.
#[derive(Debug, Eq, PartialEq)]
struct Target {
    scheme: String,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    fn parse(uri: &str) -> Option<Self> {
        let uri: Uri = uri.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let (host, port) = (authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(default_port));
        Some(Self { scheme, host, port, path: plain(uri.path()) })
    }
}

/// A path in its one spelling: what need not be percent-encoded isn't, and what must be is in upper case.
fn plain(path: &str) -> String {
    let mut parts = path.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') => plain.push(byte.into()),
            _ => plain.extend(["%", &digits.unwrap_or_default().to_ascii_uppercase()]),
        }
        plain.push_str(if digits.is_some() { &part[2..] } else { part });
    }
    plain
}

#[cfg(test)]
mod tests;
