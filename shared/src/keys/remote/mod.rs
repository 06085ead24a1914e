//! JWK Sets of others, by URL (RFC 7517 section 5), and the discovery documents that say where these are.
//!
//! They are read only from origins that the deployment allows, and kept for a while: [`KeySets`] says how long. [`Origins`] are
//! the places that are allowed, `discovery` reads the documents, `scanners` the keys of scanners of secrets, `https` is the adapter to the network. What the keys are good for is decided in
//! [`auth::assertion`](crate::auth::assertion). [`web`] is for what strangers name, [`receivers`] for whom security event tokens are pushed to.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::domain::{AssertionIssuer, Fault, Invalid, KeySet, Seconds, Timestamp};
use crate::jose::VerifyingKey;
use crate::jose::jwk;

mod discovery;
#[cfg(feature = "fetch")]
pub mod https;
mod origin;
pub mod receivers;
mod scanners;
pub mod web;

pub use origin::{Origin, Origins};
pub use receivers::Receivers;
pub use scanners::{ScannerUrl, SecretScanners};

/// Reads key sets and discovery documents of others over the network.
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
    async fn fetch(&self, url: &str) -> Result<FetchedText, Fault>;
}

/// A document as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FetchedText {
    /// The document, as it was sent.
    pub text: String,
    /// The `max-age` of the answer, in seconds: RFC 9111 section 5.2.2.1.
    pub max_age: Option<Seconds>,
}

/// The keys of one set, ready for use.
pub type Keys = Arc<[VerifyingKey]>;

/// Where the keys of an issuer are to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeySource<'a> {
    /// At this URL there is a JWK Set.
    JwkSet(&'a str),
    /// At this URL there is the bundle of a SPIFFE trust domain.
    SpiffeBundle(&'a str),
    /// The discovery document of this issuer says where: OpenID Connect Discovery section 4.
    Discovery(&'a str),
    /// At this URL a scanner of secrets has the keys that sign its reports.
    SecretScanner(&'a str),
}

/// The keys of an issuer, and where they were read.
#[derive(Clone, Debug)]
pub struct KeyReading {
    /// The keys of the set, ready for use.
    pub keys: Keys,
    /// The URL at which the set is.
    pub url: String,
    /// When the set was read.
    pub read_at: Timestamp,
}

/// Why there are no keys.
#[derive(Debug)]
pub enum NoKeys {
    /// The deployment doesn't allow to read at the origin of this URL.
    OutOfReach(String),
    /// They can't be read now, which can be retried.
    Unread(Fault),
}

impl From<Fault> for NoKeys {
    fn from(fault: Fault) -> Self {
        Self::Unread(fault)
    }
}

impl fmt::Display for NoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfReach(url) => {
                let origin = Origin::from_url(url).map_or_else(|| url.clone(), |origin| origin.to_string());
                write!(f, "The deployment doesn't allow to read keys at {origin}. Add it to JwksOrigins or --jwks-origin.")
            }
            Self::Unread(fault) => {
                let why = fault.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                write!(f, "The keys can't be had now: {} failed{why}.", fault.doing())
            }
        }
    }
}

/// Key sets, read when they are needed and kept in memory, with the discovery documents that say where they are.
///
/// A set that was read is used for five minutes, or for a shorter time that its answer names, but for a minute at least; and for an hour
/// if it can't be read again. A discovery document is used for an hour, and for a day if it can't be read again. A key that a set lacks
/// has it read anew at once, and then not for 30 seconds because of any key: so nobody can make the service ask others again and again.
/// After a failure nobody tries again for 5 seconds, and after each further one for longer, up to a minute.
#[derive(Debug)]
pub struct KeySets {
    origins: Origins,
    /// Whether those who ask know by themselves which URLs may be read.
    takes_any: bool,
    fetcher: Option<Arc<dyn FetchKeySets>>,
    sets: Places<Keys>,
    /// Of each discovery document where the keys are.
    documents: Places<Arc<str>>,
}

/// How often a set is read because of keys that it lacks.
const MISS_INTERVAL: Seconds = Seconds(30);
/// How long nobody tries again after the first failure, and after as many as can be counted.
const FIRST_RETRY: Seconds = Seconds(5);
const LAST_RETRY: Seconds = Seconds(60);
/// How many are kept.
const MAX_ENTRIES: usize = 100;

const KEY_SET: Freshness = Freshness { least: Seconds(60), most: Seconds(300), stale: Seconds(3_600) };
const DOCUMENT: Freshness = Freshness { least: Seconds(3_600), most: Seconds(3_600), stale: Seconds::DAY };

/// For how long something that was read is good.
#[derive(Clone, Copy, Debug)]
struct Freshness {
    /// At least for so long, whatever its answer says.
    least: Seconds,
    /// At most for so long.
    most: Seconds,
    /// For so long where it can't be read again.
    stale: Seconds,
}

impl Freshness {
    /// Returns for how long a reading is fresh whose answer may be kept for `max_age`.
    fn fresh_for(self, max_age: Option<Seconds>) -> Seconds {
        max_age.map_or(self.most, |age| age.clamp(self.least, self.most))
    }
}

impl KeySets {
    /// Makes no key sets at all: no URL is read.
    pub fn none() -> Self {
        Self::with(Origins::default(), false, None)
    }

    /// Makes the key sets at these origins.
    pub fn new(origins: Origins, fetcher: Arc<dyn FetchKeySets>) -> Self {
        Self::with(origins, false, Some(fetcher))
    }

    /// Makes key sets whose URLs the callers have checked.
    fn named_by_strangers(fetcher: Arc<dyn FetchKeySets>) -> Self {
        Self::with(Origins::default(), true, Some(fetcher))
    }

    fn with(origins: Origins, takes_any: bool, fetcher: Option<Arc<dyn FetchKeySets>>) -> Self {
        Self { origins, takes_any, fetcher, sets: Places::new(KEY_SET), documents: Places::new(DOCUMENT) }
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
        match self.of_issuer(KeySource::JwkSet(url), kid, now).await {
            Ok(reading) => Ok(Some(reading.keys)),
            Err(NoKeys::OutOfReach(_)) => Ok(None),
            Err(NoKeys::Unread(fault)) => Err(fault),
        }
    }

    /// Returns the keys of an issuer, read anew if the one of this `kid` is missing.
    ///
    /// # Errors
    /// [`NoKeys`] if the origin of the set, or of the discovery document, isn't allowed; or if one of them can't be read and none that was
    /// read before is good any more.
    pub async fn of_issuer(&self, source: KeySource<'_>, kid: Option<&str>, now: Timestamp) -> Result<KeyReading, NoKeys> {
        let (url, keys_in): (String, KeysIn) = match source {
            KeySource::JwkSet(url) => (url.to_owned(), |text| jwk::usable_from_json(text.as_bytes())),
            KeySource::SpiffeBundle(url) => (url.to_owned(), |text| jwk::svid_keys_from_json(text.as_bytes())),
            KeySource::SecretScanner(url) => (url.to_owned(), scanners::keys_from_json),
            KeySource::Discovery(issuer) => {
                let url = self.discovered(issuer, now).await?;
                (url, |text| jwk::usable_from_json(text.as_bytes()))
            }
        };
        let fetcher = self.fetcher_of(&url)?;
        let has_it = |keys: &Keys| kid.is_none_or(|kid| keys.iter().any(|key| key.jwk().kid.as_str() == kid));
        let refresh_hint = matches!(source, KeySource::SpiffeBundle(_)).then_some(jwk::spiffe_refresh_hint as fn(&str) -> _);
        let read = || async {
            let FetchedText { text, max_age } = fetcher.fetch(&url).await?;
            let unreadable = |rule: Invalid| Fault::unavailable("understanding the keys that others publish").because(rule);
            let keys = keys_in(&text).and_then(|set| set.iter().map(VerifyingKey::new).collect()).map_err(unreadable)?;
            let hint = refresh_hint.and_then(|hint| hint(&text)).map(Seconds);
            Ok((keys, hint.into_iter().chain(max_age).min()))
        };
        let (keys, read_at) = self.sets.find(&url, has_it, read, now).await?;
        Ok(KeyReading { keys, url, read_at })
    }

    /// Returns where the keys of an issuer are, as its discovery document says.
    async fn discovered(&self, issuer: &str, now: Timestamp) -> Result<String, NoKeys> {
        let document = AssertionIssuer::discovery_url(issuer);
        let fetcher = self.fetcher_of(&document)?;
        let read = || async {
            let FetchedText { text, max_age } = fetcher.fetch(&document).await?;
            let found = discovery::jwks_uri(&text, issuer).map_err(|rule| {
                Fault::unavailable("understanding the discovery document of an issuer of assertions")
                    .hinting_at(Some(rule.0))
                    .because(rule)
            })?;
            Ok((Arc::from(found), max_age))
        };
        let before = self.documents.peek(&document);
        let (url, _) = self.documents.find(&document, |_| true, read, now).await?;
        if let Some(before) = before.filter(|before| *before != url) {
            self.sets.forget(&before);
        }
        Ok(url.to_string())
    }

    /// What may read at a URL.
    fn fetcher_of(&self, url: &str) -> Result<&dyn FetchKeySets, NoKeys> {
        let fetcher = self.fetcher.as_deref().filter(|_| self.takes_any || self.origins.allow(url));
        fetcher.ok_or_else(|| NoKeys::OutOfReach(url.to_owned()))
    }
}

/// Reads the keys of a document.
type KeysIn = fn(&str) -> Result<KeySet, Invalid>;

/// What was read at URLs.
#[derive(Debug)]
struct Places<T> {
    freshness: Freshness,
    places: Mutex<HashMap<String, Arc<CacheEntry<T>>>>,
}

impl<T: Clone> Places<T> {
    fn new(freshness: Freshness) -> Self {
        Self { freshness, places: Mutex::default() }
    }

    /// Returns what is at a URL and when it was read: what was read before if it is still good and `is_enough`, or else what `read` reads
    /// now, with the `max-age` of its answer.
    async fn find<F>(
        &self,
        url: &str,
        is_enough: impl Fn(&T) -> bool,
        read: impl Fn() -> F,
        now: Timestamp,
    ) -> Result<(T, Timestamp), Fault>
    where
        F: Future<Output = Result<(T, Option<Seconds>), Fault>>,
    {
        let place = self.place(url, now);
        if let Some(answer) = place.last().answer(&is_enough, self.freshness, now) {
            return answer;
        }
        let _turn = place.turn.lock().await;
        // Of many who come at the same time one reads.
        if let Some(answer) = place.last().answer(&is_enough, self.freshness, now) {
            return answer;
        }
        let is_miss = place.last().reading.as_ref().is_some_and(|reading| !is_enough(&reading.value));
        let read = read().await.map_err(|fault| fault.retried_after(FIRST_RETRY));
        let mut last = place.last();
        if is_miss {
            last.missed = Some(now);
        }
        match read {
            Ok((value, max_age)) => {
                last.failed = None;
                last.reading = Some(Reading { value: value.clone(), at: now, fresh_for: self.freshness.fresh_for(max_age) });
                Ok((value, now))
            }
            Err(fault) => {
                last.failed = Some((now, last.failed.map_or(1, |(_, times)| times.saturating_add(1))));
                match &last.reading {
                    Some(reading) if is_within(self.freshness.stale, reading.at, now) => {
                        tracing::warn!(url, cause = ?fault, "what an issuer publishes can't be read again: what was read before is used");
                        Ok((reading.value.clone(), reading.at))
                    }
                    Some(_) | None => Err(fault),
                }
            }
        }
    }

    /// Returns what was read last at a URL, however long ago.
    fn peek(&self, url: &str) -> Option<T> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(url).and_then(|place| place.last().reading.as_ref().map(|reading| reading.value.clone()))
    }

    /// Forgets what was read at a URL.
    fn forget(&self, url: &str) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).remove(url);
    }

    /// What is kept of a URL. Where there are too many the one makes room that nobody has asked for the longest.
    fn place(&self, url: &str, now: Timestamp) -> Arc<CacheEntry<T>> {
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
struct CacheEntry<T> {
    /// Held by the one who reads.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<CacheState<T>>,
}

/// What is known of a URL.
#[derive(Debug)]
struct CacheState<T> {
    reading: Option<Reading<T>>,
    /// When the last reading failed, and how many have failed one after the other. `None`: it didn't fail.
    failed: Option<(Timestamp, u32)>,
    /// When it was read last because it lacked something.
    missed: Option<Timestamp>,
    asked: Timestamp,
}

#[derive(Debug)]
struct Reading<T> {
    value: T,
    at: Timestamp,
    fresh_for: Seconds,
}

impl<T> CacheEntry<T> {
    fn new(now: Timestamp) -> Self {
        let last = CacheState { reading: None, failed: None, missed: None, asked: now };
        Self { turn: tokio::sync::Mutex::default(), last: Mutex::new(last) }
    }

    fn last(&self) -> MutexGuard<'_, CacheState<T>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> CacheState<T> {
    /// What can be said without reading. `None`: nothing.
    fn answer(
        &self,
        is_enough: impl Fn(&T) -> bool,
        freshness: Freshness,
        now: Timestamp,
    ) -> Option<Result<(T, Timestamp), Fault>> {
        let has_just_failed = self.failed.is_some_and(|(at, times)| is_within(back_off(times), at, now));
        let reading = self.reading.as_ref().filter(|reading| is_within(freshness.stale, reading.at, now));
        let Some(Reading { value, at, fresh_for }) = reading else {
            let fault =
                || Fault::unavailable("reading what an issuer publishes, which failed just now").retried_after(FIRST_RETRY);
            return has_just_failed.then(|| Err(fault()));
        };
        let was_missed = self.missed.is_some_and(|missed| is_within(MISS_INTERVAL, missed, now));
        let is_good = is_within(*fresh_for, *at, now) && (was_missed || is_enough(value));
        (is_good || has_just_failed).then(|| Ok((value.clone(), *at)))
    }
}

/// How long nobody tries again after so many failures.
fn back_off(times: u32) -> Seconds {
    let doubled = 1_u32.checked_shl(times.saturating_sub(1)).and_then(|factor| FIRST_RETRY.0.checked_mul(factor));
    Seconds(doubled.unwrap_or(LAST_RETRY.0)).min(LAST_RETRY)
}

/// A clock that was set back must not make anything last longer.
fn is_within(length: Seconds, since: Timestamp, now: Timestamp) -> bool {
    since <= now && now < since.plus(length)
}

#[cfg(test)]
mod tests;
