//! JWK Sets of others, by URL (RFC 7517 section 5).
//!
//! They are read only from origins that the deployment allows, and kept for a while: [`KeySets`] says how long. [`Origins`] are
//! the places that are allowed, `https` is the adapter that reads. What the keys are good for is decided in
//! [`auth::assertion`](crate::auth::assertion). [`web`] is for what strangers name.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::domain::{Fault, Invalid, Seconds, Timestamp};
use crate::jose::VerifyingKey;
use crate::jose::jwk;

#[cfg(feature = "fetch")]
pub mod https;
mod origin;
pub mod web;

pub use origin::{Origin, Origins};

/// Reads a key set of somebody else over the network.
///
/// # Contract
/// 1. It is asked for URLs of allowed origins only, follows no redirect to another place, and gives up soon.
/// 2. Whatever goes wrong [can be retried](Fault::can_retry).
#[async_trait]
pub trait FetchKeySets: fmt::Debug + Send + Sync {
    /// Reads what is at `url`, as it was sent.
    ///
    /// # Errors
    /// A [`Fault`] that can be retried, whatever went wrong.
    async fn fetch(&self, url: &str) -> Result<String, Fault>;
}

/// The keys of one set, ready for use.
pub type Keys = Arc<[VerifyingKey]>;

/// Key sets, read when they are needed and kept in memory.
///
/// One that was read is used for five minutes, and for an hour if it can't be read again. A key that it lacks has it read anew,
/// at most every 30 seconds: so nobody can make the service ask others again and again.
#[derive(Debug)]
pub struct KeySets {
    origins: Origins,
    /// Whether those who ask know by themselves which URLs may be read.
    takes_any: bool,
    fetcher: Option<Arc<dyn FetchKeySets>>,
    places: Mutex<HashMap<String, Arc<CacheEntry>>>,
}

/// How long a set is used.
const FRESH_FOR: Seconds = Seconds(300);
/// How long it is used where it can't be read again.
const STALE_AFTER: Seconds = Seconds(3_600);
/// How often it is read because of keys that it lacks.
const MISS_INTERVAL: Seconds = Seconds(30);
/// How long nobody tries again after a failure.
const RETRY: Seconds = Seconds(5);
/// How many are kept.
const MAX_ENTRIES: usize = 100;

impl KeySets {
    /// Makes no key sets at all: no URL is read.
    pub fn none() -> Self {
        Self { origins: Origins::default(), takes_any: false, fetcher: None, places: Mutex::default() }
    }

    /// Makes the key sets at these origins.
    pub fn new(origins: Origins, fetcher: Arc<dyn FetchKeySets>) -> Self {
        Self { origins, takes_any: false, fetcher: Some(fetcher), places: Mutex::default() }
    }

    /// Makes key sets whose URLs the callers have checked.
    fn named_by_strangers(fetcher: Arc<dyn FetchKeySets>) -> Self {
        Self { origins: Origins::default(), takes_any: true, fetcher: Some(fetcher), places: Mutex::default() }
    }

    /// Returns the origins at which key sets may be.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Returns the keys at `url`, read anew if the one of this `kid` is missing. `None`: the origin isn't allowed.
    ///
    /// # Errors
    /// A [`Fault`] that can be retried if the set can't be read and none has been read in the last hour.
    pub async fn at(&self, url: &str, kid: Option<&str>, now: Timestamp) -> Result<Option<Keys>, Fault> {
        let Some(fetcher) = self.fetcher.as_ref().filter(|_| self.takes_any || self.origins.allow(url)) else { return Ok(None) };
        let place = self.place(url, now);
        if let Some(answer) = place.last().answer(kid, now) {
            return answer.map(Some);
        }
        let _turn = place.turn.lock().await;
        // Of many who come at the same time one reads.
        if let Some(answer) = place.last().answer(kid, now) {
            return answer.map(Some);
        }
        let read = fetcher.fetch(url).await.and_then(|text| keys(&text));
        let mut last = place.last();
        last.tried = Some(now);
        match (read, &last.reading) {
            (Ok(keys), _) => {
                last.reading = Some(Reading { keys: Arc::clone(&keys), at: now });
                Ok(Some(keys))
            }
            (Err(fault), Some(reading)) if is_within(STALE_AFTER, reading.at, now) => {
                tracing::warn!(url, cause = ?fault, "a key set can't be read again: the one from before is used");
                Ok(Some(Arc::clone(&reading.keys)))
            }
            (Err(fault), _) => Err(fault),
        }
    }

    /// What is kept of a URL. Where there are too many the one makes room that nobody has asked for the longest.
    fn place(&self, url: &str, now: Timestamp) -> Arc<CacheEntry> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.contains_key(url) && places.len() >= MAX_ENTRIES {
            let oldest = places.iter().min_by_key(|(_, place)| place.last().asked).map(|(url, _)| url.clone());
            oldest.and_then(|url| places.remove(&url));
        }
        let place = Arc::clone(places.entry(url.to_owned()).or_insert_with(|| Arc::new(CacheEntry::new(now))));
        place.last().asked = now;
        place
    }
}

#[derive(Debug)]
struct CacheEntry {
    /// Held by the one who reads.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<CacheState>,
}

/// What is known of a set.
#[derive(Debug)]
struct CacheState {
    reading: Option<Reading>,
    tried: Option<Timestamp>,
    asked: Timestamp,
}

#[derive(Debug)]
struct Reading {
    keys: Keys,
    at: Timestamp,
}

impl CacheEntry {
    fn new(now: Timestamp) -> Self {
        Self { turn: tokio::sync::Mutex::default(), last: Mutex::new(CacheState { reading: None, tried: None, asked: now }) }
    }

    fn last(&self) -> MutexGuard<'_, CacheState> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheState {
    /// What can be said without reading. `None`: nothing.
    fn answer(&self, kid: Option<&str>, now: Timestamp) -> Option<Result<Keys, Fault>> {
        let was_tried = |length| self.tried.is_some_and(|tried| is_within(length, tried, now));
        let Some(Reading { keys, at }) = &self.reading else {
            return was_tried(RETRY).then(|| Err(Fault::unavailable("reading a key set that could not be read just now")));
        };
        let has_it = kid.is_none_or(|kid| keys.iter().any(|key| key.jwk().kid.as_str() == kid));
        let is_good = is_within(FRESH_FOR, *at, now) && (has_it || was_tried(MISS_INTERVAL));
        let must_do = is_within(STALE_AFTER, *at, now) && was_tried(RETRY);
        (is_good || must_do).then(|| Ok(Arc::clone(keys)))
    }
}

/// A clock that was set back must not make anything last longer.
fn is_within(length: Seconds, since: Timestamp, now: Timestamp) -> bool {
    since <= now && now < since.plus(length)
}

fn keys(text: &str) -> Result<Keys, Fault> {
    let unreadable = |rule: Invalid| Fault::unavailable("understanding the key set of an issuer of assertions").because(rule);
    let set = jwk::usable_from_json(text.as_bytes()).map_err(unreadable)?;
    set.iter().map(|jwk| VerifyingKey::new(jwk).map_err(unreadable)).collect()
}

#[cfg(test)]
mod tests;
