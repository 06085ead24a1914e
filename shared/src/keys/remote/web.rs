//! Documents on the web that strangers name: the metadata documents of clients, and the key sets that these name.
//!
//! [`WebDocuments`] is the gate before the network: it holds back a URL that has just failed, a host that is asked too often, and all but
//! one of those who want the same at the same time. What is in a document, and for how long it is good, is decided in
//! [`auth::client`](crate::auth::client).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::Uri;

use super::{FetchKeySets, FetchedText, KeySets, is_within};
use crate::domain::{Clock, Fault, Seconds, Timestamp};

/// What a server says of a document that is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fetched {
    /// It is still the one of this `ETag` (RFC 9110 section 13.1.2).
    Unchanged {
        /// The `max-age` of the answer, in seconds.
        max_age: Option<Seconds>,
    },
    /// This is the document.
    Document {
        /// The document, as it was sent.
        text: String,
        /// The `ETag` of the answer.
        etag: Option<String>,
        /// The `max-age` of the answer, in seconds.
        max_age: Option<Seconds>,
    },
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FetchFailure {
    /// Its host can't be reached, doesn't answer in time, or has failed (a status of 500 or more). It may be there later.
    Unreachable,
    /// Its host says that it isn't there, or what it says is no document.
    Refused,
}

/// Reads what strangers have on the web.
///
/// # Contract
/// 1. Connects to public addresses only, and to none but those that were checked. Where the service itself is on a loopback address, to
///    `http` URLs of loopback addresses, too.
/// 2. Follows no redirect, gives up after 4 seconds, and takes JSON of at most so many bytes with the status 200.
#[async_trait]
pub trait FetchDocuments: fmt::Debug + Send + Sync {
    /// Reads what is at `url`, unless it is still the one of this `ETag`.
    ///
    /// # Errors
    /// A [`FetchFailure`], whatever went wrong.
    async fn fetch(&self, url: &str, etag: Option<&str>, max_bytes: usize) -> Result<Fetched, FetchFailure>;
}

/// The documents of strangers on the web, and the key sets that they name.
#[derive(Debug)]
pub struct WebDocuments {
    gate: Arc<Gate>,
    key_sets: KeySets,
}

impl WebDocuments {
    /// Makes a gate to nothing: no document can be read.
    pub fn none(clock: Arc<dyn Clock>) -> Self {
        Self::behind(Gate::new(None, clock))
    }

    /// Makes the gate to what this reads.
    pub fn new(fetcher: Arc<dyn FetchDocuments>, clock: Arc<dyn Clock>) -> Self {
        Self::behind(Gate::new(Some(fetcher), clock))
    }

    fn behind(gate: Gate) -> Self {
        let gate = Arc::new(gate);
        Self { key_sets: KeySets::named_by_strangers(gate.clone()), gate }
    }

    /// Reads a document, unless it is still the one of this `ETag`, or its URL has failed in the last 10 seconds, or its host was asked 20
    /// times in the last minute. Of many who ask for one at the same time one reads.
    ///
    /// # Errors
    /// A [`FetchFailure`]. A host that was asked too often is as one that can't be reached.
    pub async fn fetch(&self, url: &str, etag: Option<&str>, max_bytes: usize) -> Result<Fetched, FetchFailure> {
        self.gate.fetch(url, etag, max_bytes).await
    }

    /// Notes that what is at this URL is no good, so that it isn't read again for a while.
    pub fn reject(&self, url: &str) {
        let now = self.gate.clock.now();
        self.gate.place(url, now).last().failed = Some((now, FetchFailure::Refused));
    }

    /// Returns the key sets that documents name, which are read through the same gate. Whether a document may name one is for the caller to
    /// know.
    pub fn key_sets(&self) -> &KeySets {
        &self.key_sets
    }
}

/// How long nobody tries again after a failure.
const COOL_DOWN: Seconds = Seconds(10);
/// How many documents of a host are read in a minute.
const MAX_FETCHES_PER_MINUTE: u32 = 20;
/// How many URLs are remembered.
const MAX_PLACES: usize = 100;
/// How many hosts are remembered.
const MAX_HOSTS: usize = 1_000;
/// How large a key set of a stranger may be, in bytes.
const MAX_KEY_SET_BYTES: usize = 16_384;

#[derive(Debug)]
struct Gate {
    fetcher: Option<Arc<dyn FetchDocuments>>,
    clock: Arc<dyn Clock>,
    places: Mutex<HashMap<String, Arc<Place>>>,
    hosts: Mutex<HashMap<String, Budget>>,
}

/// What is known of a URL.
#[derive(Debug)]
struct Place {
    /// Held by the one who reads.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<LastReading>,
}

#[derive(Debug)]
struct LastReading {
    asked: Timestamp,
    failed: Option<(Timestamp, FetchFailure)>,
    /// How often it was read to the end.
    count: u64,
    /// What came of the last time, for those who have waited for it, and the `ETag` that was sent.
    result: Option<(Option<String>, Result<Fetched, FetchFailure>)>,
}

/// How often a host was asked since a moment.
#[derive(Clone, Copy, Debug)]
struct Budget {
    since: Timestamp,
    count: u32,
}

impl Gate {
    fn new(fetcher: Option<Arc<dyn FetchDocuments>>, clock: Arc<dyn Clock>) -> Self {
        Self { fetcher, clock, places: Mutex::default(), hosts: Mutex::default() }
    }

    async fn fetch(&self, url: &str, etag: Option<&str>, max_bytes: usize) -> Result<Fetched, FetchFailure> {
        let fetcher = self.fetcher.as_ref().ok_or(FetchFailure::Unreachable)?;
        let place = self.place(url, self.clock.now());
        let before = place.last().count;
        place.last().ensure_not_failed(self.clock.now())?;
        let _turn = place.turn.lock().await;
        if let Some(result) = place.last().result_since(before, etag) {
            return result;
        }
        let now = self.clock.now();
        place.last().ensure_not_failed(now)?;
        if !self.has_room(url, now) {
            return Err(FetchFailure::Unreachable);
        }
        let result = fetcher.fetch(url, etag, max_bytes).await;
        let mut last = place.last();
        last.count += 1;
        last.failed = result.as_ref().err().map(|failure| (self.clock.now(), *failure));
        last.result = Some((etag.map(str::to_owned), result.clone()));
        result
    }

    /// What is known of a URL. Where there are too many the one makes room that nobody has asked for the longest.
    fn place(&self, url: &str, now: Timestamp) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.contains_key(url) && places.len() >= MAX_PLACES {
            let oldest = places.iter().min_by_key(|(_, place)| place.last().asked).map(|(url, _)| url.clone());
            oldest.and_then(|url| places.remove(&url));
        }
        let place = Arc::clone(places.entry(url.to_owned()).or_insert_with(|| Arc::new(Place::new(now))));
        place.last().asked = now;
        place
    }

    /// Takes one of the readings that a host has in a minute, if there is one left.
    fn has_room(&self, url: &str, now: Timestamp) -> bool {
        const MINUTE: Seconds = Seconds(60);
        let Some(host) = url.parse::<Uri>().ok().and_then(|uri| Some(uri.authority()?.as_str().to_ascii_lowercase())) else {
            return false;
        };
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if !hosts.contains_key(&host) && hosts.len() >= MAX_HOSTS {
            hosts.retain(|_, budget| is_within(MINUTE, budget.since, now));
            // So many hosts in a minute are nobody's but an attacker's.
            if hosts.len() >= MAX_HOSTS {
                return false;
            }
        }
        let budget = hosts.entry(host).or_insert(Budget { since: now, count: 0 });
        if !is_within(MINUTE, budget.since, now) {
            *budget = Budget { since: now, count: 0 };
        }
        budget.count += 1;
        budget.count <= MAX_FETCHES_PER_MINUTE
    }
}

impl Place {
    fn new(now: Timestamp) -> Self {
        let last = LastReading { asked: now, failed: None, count: 0, result: None };
        Self { turn: tokio::sync::Mutex::default(), last: Mutex::new(last) }
    }

    fn last(&self) -> MutexGuard<'_, LastReading> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LastReading {
    fn ensure_not_failed(&self, now: Timestamp) -> Result<(), FetchFailure> {
        match self.failed {
            Some((at, failure)) if is_within(COOL_DOWN, at, now) => Err(failure),
            Some(_) | None => Ok(()),
        }
    }

    /// What came of a reading that has ended since there were `before`, if it answers the same question.
    fn result_since(&self, before: u64, etag: Option<&str>) -> Option<Result<Fetched, FetchFailure>> {
        let (asked, result) = self.result.as_ref().filter(|_| self.count > before)?;
        let is_answer = !matches!(result, Ok(Fetched::Unchanged { .. })) || asked.as_deref() == etag;
        is_answer.then(|| result.clone())
    }
}

#[async_trait]
impl FetchKeySets for Gate {
    async fn fetch(&self, url: &str) -> Result<FetchedText, Fault> {
        let unread = || Fault::unavailable("reading the key set of a client");
        match self.fetch(url, None, MAX_KEY_SET_BYTES).await {
            Ok(Fetched::Document { text, max_age, .. }) => Ok(FetchedText { text, max_age }),
            Ok(Fetched::Unchanged { .. }) => Err(unread().because("it was not asked whether it has changed")),
            Err(failure) => Err(unread().because(format!("{failure:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::FrozenClock;

    const URL: &str = "https://client.example/a";

    /// Answers with what it was told last, after a while, and counts how often.
    #[derive(Debug)]
    struct Scripted {
        answer: Mutex<Result<Fetched, FetchFailure>>,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl FetchDocuments for Scripted {
        async fn fetch(&self, _: &str, _: Option<&str>, _: usize) -> Result<Fetched, FetchFailure> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.answer.lock().unwrap().clone()
        }
    }

    fn document() -> Fetched {
        Fetched::Document { text: "{}".to_owned(), etag: None, max_age: None }
    }

    fn web(answer: Result<Fetched, FetchFailure>) -> (WebDocuments, Arc<Scripted>, Arc<FrozenClock>) {
        let scripted = Arc::new(Scripted { answer: Mutex::new(answer), asked: AtomicUsize::new(0) });
        let clock = Arc::new(FrozenClock::at(Timestamp::from_secs(1_800_000_000)));
        (WebDocuments::new(scripted.clone(), clock.clone()), scripted, clock)
    }

    #[tokio::test]
    async fn a_url_that_has_failed_is_tried_again_after_ten_seconds() {
        for failure in [FetchFailure::Unreachable, FetchFailure::Refused] {
            let (web, scripted, clock) = web(Err(failure));
            for _ in 0..3 {
                assert_eq!(web.fetch(URL, None, 10).await, Err(failure));
            }
            assert_eq!(scripted.asked.load(Ordering::SeqCst), 1);
            *scripted.answer.lock().unwrap() = Ok(document());
            assert_eq!(web.fetch("https://client.example/b", None, 10).await, Ok(document()), "another one isn't held up");
            clock.advance_ms(9 * 1_000);
            assert_eq!(web.fetch(URL, None, 10).await, Err(failure));
            clock.advance_ms(1_000);
            assert_eq!(web.fetch(URL, None, 10).await, Ok(document()));
            web.reject(URL);
            assert_eq!(web.fetch(URL, None, 10).await, Err(FetchFailure::Refused), "what was read was no good");
        }
    }

    #[tokio::test]
    async fn a_host_is_asked_twenty_times_a_minute() {
        let (web, scripted, clock) = web(Ok(document()));
        for n in 0..25 {
            let read = web.fetch(&format!("https://Client.example/{n}"), None, 10).await;
            assert_eq!(read.is_ok(), n < 20, "{n}");
        }
        assert_eq!(scripted.asked.swap(0, Ordering::SeqCst), 20);
        assert!(web.fetch("https://other.example/x", None, 10).await.is_ok());
        assert_eq!(web.fetch(URL, None, 10).await, Err(FetchFailure::Unreachable), "one host, however it is written");
        clock.advance_ms(60 * 1_000);
        assert!(web.fetch(URL, None, 10).await.is_ok());
    }

    #[tokio::test]
    async fn many_who_come_at_the_same_time_cause_one_reading() {
        for answer in [Ok(document()), Err(FetchFailure::Unreachable)] {
            let (web, scripted, _) = web(answer.clone());
            let all = futures::future::join_all((0..64).map(|_| web.fetch(URL, None, 10))).await;
            assert!(all.into_iter().all(|one| one == answer));
            assert_eq!(scripted.asked.load(Ordering::SeqCst), 1);
        }
        let (web, _, _) = web(Ok(Fetched::Unchanged { max_age: None }));
        let both = tokio::join!(web.fetch(URL, Some("a"), 10), web.fetch(URL, Some("b"), 10));
        assert!(both.0.is_ok() && both.1.is_ok());
        assert_eq!(web.gate.place(URL, Timestamp::from_secs(0)).last().count, 2, "each has asked for its own");
    }

    #[tokio::test]
    async fn nothing_is_read_without_a_way_to_the_web() {
        let web = WebDocuments::none(Arc::new(FrozenClock::at(Timestamp::from_secs(0))));
        assert_eq!(web.fetch(URL, None, 10).await, Err(FetchFailure::Unreachable));
    }
}
