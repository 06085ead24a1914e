//! The keys in use: read from the directory now and then, judged by the clock in between.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::Mutex;

use crate::domain::{Algorithm, Clock, Fault, Issuer, KeyId, KeyRing, KeySet, KeyState, Seconds, Timestamp};
use crate::jose::{Verifier, jwk};
use crate::keys::signer::{KeyOpener, SecretDeriver, Signer};
use crate::store::ReadKeys;

/// How long a ring that was read is used. A new key is published for [longer](crate::domain::Schedule::SHORTEST_LEAD) before it
/// signs.
pub const REREAD_INTERVAL: Seconds = Seconds(300);
/// How long a ring is used on, when it can't be read again, before the next try.
const RETRY: Seconds = Seconds(10);

/// The key ring, read when it is first needed and again every five minutes.
///
/// When it can't be read again, the one that was read before goes on: its times still hold.
#[derive(Debug)]
pub struct Ring {
    store: Arc<dyn ReadKeys>,
    clock: Arc<dyn Clock>,
    read: RwLock<Option<Reading>>,
    /// Held by the one who reads.
    turn: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Reading {
    ring: Arc<KeyRing>,
    from: Timestamp,
    until: Timestamp,
}

impl Ring {
    /// The ring of this directory.
    pub fn new(store: Arc<dyn ReadKeys>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, read: RwLock::default(), turn: Mutex::default() }
    }

    /// The ring as of at most five minutes ago.
    async fn get(&self, now: Timestamp) -> Result<Arc<KeyRing>, Fault> {
        if let Some(ring) = self.fresh(now) {
            return Ok(ring);
        }
        let _turn = self.turn.lock().await;
        if let Some(ring) = self.fresh(now) {
            return Ok(ring);
        }
        let (ring, lasts) = match (self.store.key_ring().await, self.last()) {
            (Ok(Some(ring)), _) => (Arc::new(ring), REREAD_INTERVAL),
            (Ok(None), _) => {
                return Err(Fault::unavailable("finding the signing keys: there are none before `bootstrap` has been run"));
            }
            (Err(fault), Some(last)) => {
                crate::telemetry::log_fault("", &fault);
                (last.ring, RETRY)
            }
            (Err(fault), None) => return Err(fault),
        };
        let reading = Reading { ring: Arc::clone(&ring), from: now, until: now.plus(lasts) };
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Some(reading);
        Ok(ring)
    }

    /// Lets the ring be read again with the next use: it has been changed from here.
    fn reread(&self) {
        if let Some(reading) = &mut *self.read.write().unwrap_or_else(PoisonError::into_inner) {
            reading.until = reading.from;
        }
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<KeyRing>> {
        // A clock that was set back must not make it last longer.
        self.last().filter(|reading| reading.from <= now && now < reading.until).map(|reading| reading.ring)
    }

    fn last(&self) -> Option<Reading> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What everybody may know of the keys.
#[derive(Debug)]
pub struct PublishedKeys {
    /// Verifies our own tokens.
    pub verifier: Verifier,
    /// The JWK Set document, RFC 7517 section 5, rendered once. It has no ML-DSA keys, unless that is what the service prefers.
    pub jwks: Bytes,
    /// The JWK Set document with all keys.
    pub all_jwks: Bytes,
    /// The algorithms by which tokens are signed now.
    signing: Vec<Algorithm>,
}

impl PublishedKeys {
    /// Makes the keys that verify the tokens of `issuer`, which signs by `preferred` what asks for no algorithm.
    fn new(keys: &KeySet, preferred: Option<Algorithm>, signing: Vec<Algorithm>, issuer: &Issuer) -> Result<Self, Fault> {
        let all_jwks = Bytes::from(jwk::set_to_json(keys.iter()));
        // Common libraries give up on a set with one key of a type that they don't know, though RFC 7517 section 5 says to skip it.
        let jwks = if preferred.is_some_and(Algorithm::is_ml_dsa) {
            all_jwks.clone()
        } else {
            jwk::set_to_json(keys.iter().filter(|jwk| !jwk.alg.is_ml_dsa())).into()
        };
        Ok(Self { verifier: Verifier::new(keys, issuer.clone())?, jwks, all_jwks, signing })
    }

    /// Whether tokens can be signed by this algorithm: a key that only verifies any more is none for it.
    pub fn can_sign(&self, algorithm: Algorithm) -> bool {
        self.signing.contains(&algorithm)
    }
}

/// The public halves of the keys.
#[derive(Debug)]
pub struct PublicKeys {
    source: Source<PublishedKeys>,
    issuer: Issuer,
}

impl PublicKeys {
    /// Makes the public keys of a ring, which change with it.
    pub fn from_ring(ring: Arc<Ring>, issuer: Issuer) -> Self {
        Self { source: Source::turning(ring), issuer }
    }

    /// Makes public keys that never change, each of which signs.
    ///
    /// # Errors
    /// A [`Fault`] if one of the keys can't be used.
    pub fn fixed(keys: &KeySet, issuer: Issuer) -> Result<Self, Fault> {
        let signing: Vec<_> = keys.iter().map(|key| key.alg).collect();
        let preferred = signing.first().copied();
        Ok(Self { source: Source::Fixed(Arc::new(PublishedKeys::new(keys, preferred, signing, &issuer)?)), issuer })
    }

    /// The `iss` of the tokens that they sign.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Lets the key ring be read again with the next use: it has been changed from here.
    pub fn reread(&self) {
        match &self.source {
            Source::Fixed(_) => {}
            Source::Rotating { ring, .. } => ring.reread(),
        }
    }

    /// Returns the public keys of this moment.
    ///
    /// # Errors
    /// A [`Fault`] if the key ring can't be read and none has been read before.
    pub async fn now(&self) -> Result<Arc<PublishedKeys>, Fault> {
        let published = async |ring: &KeyRing, now| {
            let signing = Algorithm::ALL.iter().copied().filter(|alg| ring.active(*alg, now).is_some()).collect();
            // It decides from when on its first key is published, before that signs.
            let preferred = ring.algorithms.first().copied();
            PublishedKeys::new(&ring.published(now), preferred, signing, &self.issuer)
        };
        self.source.get(published).await
    }
}

/// The private halves: what signs, and what refresh tokens are derived with.
#[derive(Debug)]
pub struct Signing {
    /// One for each algorithm, the preferred one first.
    signers: Vec<Arc<dyn Signer>>,
    deriver: Arc<dyn SecretDeriver>,
}

impl Signing {
    /// Returns the signer for this algorithm, or the preferred one.
    ///
    /// # Errors
    /// A [`Fault`] if there is no key for the algorithm.
    pub fn signer(&self, algorithm: Option<Algorithm>) -> Result<&dyn Signer, Fault> {
        let found = self.signers.iter().find(|signer| algorithm.is_none_or(|wanted| signer.jwk().alg == wanted));
        found
            .map(|signer| &**signer)
            .ok_or_else(|| Fault::internal("finding a key of the algorithm that the org's tokens are signed by"))
    }

    /// Makes the secrets of refresh tokens.
    pub fn deriver(&self) -> &dyn SecretDeriver {
        &*self.deriver
    }
}

/// The keys that sign.
#[derive(Debug)]
pub struct SigningKeys {
    source: Source<Signing>,
    opener: Option<Arc<dyn KeyOpener>>,
    /// Each key is opened once.
    held: Mutex<OpenedKeys>,
}

#[derive(Debug, Default)]
struct OpenedKeys {
    signers: HashMap<KeyId, Arc<dyn Signer>>,
    deriver: Option<(Vec<u8>, Arc<dyn SecretDeriver>)>,
}

impl SigningKeys {
    /// Makes the signing keys of a ring, which change with it.
    pub fn from_ring(ring: Arc<Ring>, opener: Arc<dyn KeyOpener>) -> Self {
        Self { source: Source::turning(ring), opener: Some(opener), held: Mutex::default() }
    }

    /// Makes signing keys that never change: one for each algorithm, the preferred one first.
    pub fn fixed(signers: Vec<Arc<dyn Signer>>, deriver: Arc<dyn SecretDeriver>) -> Self {
        Self { source: Source::Fixed(Arc::new(Signing { signers, deriver })), opener: None, held: Mutex::default() }
    }

    /// Returns the signing keys of this moment.
    ///
    /// # Errors
    /// A [`Fault`] if the key ring can't be read, or if no key can be opened that signs now.
    pub async fn now(&self) -> Result<Arc<Signing>, Fault> {
        self.source.get(async |ring, now| self.open(ring, now).await).await
    }

    /// Opens what isn't open yet: also the keys that will sign next, so that no request waits when they do.
    async fn open(&self, ring: &KeyRing, now: Timestamp) -> Result<Signing, Fault> {
        let none = || Fault::unavailable("finding a key that signs");
        let opener = self.opener.as_ref().ok_or_else(none)?;
        let mut held = self.held.lock().await;
        let missing: Vec<_> = ring.signing(now).filter(|key| !held.signers.contains_key(&key.jwk.kid)).collect();
        let signers = futures::future::join_all(missing.iter().map(|key| opener.signer(key)));
        let deriver = async {
            match &held.deriver {
                Some((of, deriver)) if *of == ring.refresh_key => Ok(Arc::clone(deriver)),
                _ => opener.deriver(&ring.refresh_key).await,
            }
        };
        let (signers, deriver) = tokio::join!(signers, deriver);
        let deriver = deriver?;
        held.deriver = Some((ring.refresh_key.clone(), Arc::clone(&deriver)));
        for (key, signer) in missing.iter().zip(signers) {
            match signer {
                Ok(signer) => drop(held.signers.insert(key.jwk.kid.clone(), signer)),
                // It has time: it is opened again when it becomes active.
                Err(fault) if ring.state(key, now) == KeyState::Next => crate::telemetry::log_fault("", &fault),
                Err(fault) => return Err(fault),
            }
        }
        held.signers.retain(|kid, _| ring.signing(now).any(|key| key.jwk.kid == *kid));
        let preferred = ring.preferred(now).ok_or_else(none)?;
        let others =
            Algorithm::ALL.iter().copied().filter(|alg| *alg != preferred.jwk.alg).filter_map(|alg| ring.active(alg, now));
        let in_order = std::iter::once(preferred).chain(others).filter_map(|key| held.signers.get(&key.jwk.kid));
        let signers: Vec<_> = in_order.map(Arc::clone).collect();
        if signers.is_empty() { Err(none()) } else { Ok(Signing { signers, deriver }) }
    }
}

/// Something that is made of the ring: anew when there is another ring, and when a key changes its state.
enum Source<T> {
    Fixed(Arc<T>),
    Rotating { ring: Arc<Ring>, made: RwLock<Option<Cached<T>>> },
}

struct Cached<T> {
    what: Arc<T>,
    of: Arc<KeyRing>,
    from: Timestamp,
    until: Option<Timestamp>,
}

impl<T> Source<T> {
    fn turning(ring: Arc<Ring>) -> Self {
        Self::Rotating { ring, made: RwLock::new(None) }
    }

    async fn get(&self, build: impl AsyncFnOnce(&KeyRing, Timestamp) -> Result<T, Fault>) -> Result<Arc<T>, Fault> {
        let (ring, made) = match self {
            Self::Fixed(what) => return Ok(Arc::clone(what)),
            Self::Rotating { ring, made } => (ring, made),
        };
        let now = ring.clock.now();
        let current = ring.get(now).await?;
        let last = |made: &Cached<T>| {
            let holds = made.from <= now && made.until.is_none_or(|until| now < until);
            (holds && made.of.version == current.version).then(|| Arc::clone(&made.what))
        };
        if let Some(what) = made.read().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(last) {
            return Ok(what);
        }
        let what = Arc::new(build(&current, now).await?);
        let until = current.next_change(now);
        let fresh = Cached { what: Arc::clone(&what), of: current, from: now, until };
        *made.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        Ok(what)
    }
}

impl<T: fmt::Debug> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(what) => f.debug_tuple("Fixed").field(what).finish(),
            Self::Rotating { ring, .. } => f.debug_struct("Turning").field("ring", ring).finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FrozenClock, PrivateHalf, RingKey};
    use crate::keys::signer::LocalSigner;
    use crate::store::WriteKeys as _;
    use crate::store::sqlite::SqliteStore;

    const T0: Timestamp = Timestamp::from_ms(1_795_348_800_250);

    #[tokio::test]
    async fn a_key_that_only_verifies_is_published_and_is_none_to_sign_with() {
        let clock = Arc::new(FrozenClock::at(T0));
        let store = Arc::new(SqliteStore::in_memory(clock.clone()).unwrap());
        let key = |alg, from: Timestamp| RingKey {
            jwk: LocalSigner::for_tests(alg).jwk().clone(),
            private: PrivateHalf::Discarded,
            published_at: T0,
            signs_from: from,
            retires_at: None,
        };
        let keys = vec![key(Algorithm::Es256, T0), key(Algorithm::EdDsa, T0.plus(Seconds::HOUR))];
        let ring = KeyRing { version: 1, algorithms: vec![Algorithm::Es256], keys, ..KeyRing::default() };
        assert!(store.put_key_ring(&ring).await.unwrap());
        let keys =
            PublicKeys::from_ring(Arc::new(Ring::new(store, clock.clone())), Issuer::parse("https://jeton.example").unwrap());
        for (later, of_eddsa) in [(0, false), (3_600_000, true)] {
            clock.advance_ms(later);
            let now = keys.now().await.unwrap();
            let published = String::from_utf8(now.jwks.to_vec()).unwrap();
            assert!(published.contains("EdDSA"), "it is published all the time");
            assert_eq!((now.can_sign(Algorithm::Es256), now.can_sign(Algorithm::EdDsa)), (true, of_eddsa));
            assert!(!now.can_sign(Algorithm::Rs256));
        }
    }
}
