//! Quotas: what the limits of clients and API keys leave to be used.
//!
//! What is used is counted in the store, so that all instances together stay below a limit. Each instance takes a lease, a twentieth of the
//! limit, by one write, and serves from that without another. Nobody ever gets more than the limit. An instance that ends, or that isn't asked
//! again before the window is over, leaves the rest of its lease unused: at most a twentieth. A limit below 40 is counted one by one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{CountEvents, CountedEvent};
use crate::domain::{CountedUse, Error, Fault, LimitHolder, LimitWindow, Limits, ReachedLimit, Refusal, Seconds, Timestamp};
use crate::jose::sha256;

/// The leases of this instance, and the store that gives them.
#[derive(Debug)]
pub struct Quotas {
    counts: Arc<dyn CountEvents>,
    leases: Mutex<Leases>,
}

/// A use that is counted. Whoever refuses what it was counted for gives it back.
#[derive(Debug, Default)]
#[must_use = "what is refused afterwards must be given back"]
pub struct CountedUnit(Vec<Arc<Lease>>);

#[derive(Debug, Default)]
struct Leases {
    by_counter: HashMap<Counter, Arc<Lease>>,
    /// How many there may be before those are dropped whose windows are over.
    swept_at: usize,
}

/// What is counted by one number in the store.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Counter {
    holder: LimitHolder,
    window: LimitWindow,
    since: Timestamp,
}

/// What an instance may give of one counter.
#[derive(Debug)]
struct Lease {
    state: Mutex<LeaseState>,
    /// Held by whoever takes the next lease. The others wait for what comes of that, so that many at once don't take a lease each.
    renewal: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct LeaseState {
    /// The limit that the lease is part of.
    limit: u32,
    /// How many units are left of the lease.
    left: u32,
    /// Whether the store has no more to give.
    is_exhausted: bool,
}

/// A lease is this part of its limit: more would leave more unused, less would cost more writes.
const LEASES_PER_LIMIT: u32 = 20;
/// As many leases are kept before those of the past are dropped.
const MIN_SWEPT_LEASES: usize = 1_024;
/// Counts are kept so long after their window, for instances whose clocks are behind.
const KEPT_AFTER_WINDOW: Seconds = Seconds::HOUR;

impl Quotas {
    /// Makes the quotas of an instance that has no lease yet.
    pub fn new(counts: Arc<dyn CountEvents>) -> Self {
        Self { counts, leases: Mutex::new(Leases { by_counter: HashMap::new(), swept_at: MIN_SWEPT_LEASES }) }
    }

    /// Returns how many units of a limit an instance takes by one write: at least one.
    pub const fn units_of_lease(limit: u32) -> u32 {
        if limit < 2 * LEASES_PER_LIMIT { 1 } else { limit / LEASES_PER_LIMIT }
    }

    /// Counts one use by all the limits of its holder. Without limits nothing is counted, and nothing asked.
    ///
    /// # Errors
    /// [`Refusal::LimitReached`] if one of the limits is reached: then the use counts for none. A [`Fault`] if the store can't be asked.
    pub async fn count(&self, holder: LimitHolder, limits: Option<Limits>, now: Timestamp) -> Result<CountedUnit, Error> {
        let mut unit = CountedUnit::default();
        for (window, limit) in limits.into_iter().flat_map(Limits::iter) {
            let counter = Counter { holder: holder.clone(), window, since: window.start(now) };
            let lease = self.lease(&counter, limit, now);
            match self.use_one(&counter, &lease, limit).await {
                Ok(true) => unit.0.push(lease),
                Ok(false) => {
                    unit.give_back();
                    let kind = match holder {
                        LimitHolder::Client(..) => CountedUse::TokensOfClient,
                        LimitHolder::ApiKey(..) => CountedUse::UsesOfApiKey,
                    };
                    let retry_after = window.left(now);
                    return Err(Refusal::LimitReached(ReachedLimit { counted: kind, limit, window, retry_after }).into());
                }
                Err(fault) => {
                    unit.give_back();
                    return Err(fault.into());
                }
            }
        }
        Ok(unit)
    }

    /// Uses one unit of a lease, and renews that if nothing is left of it. Returns whether there was one to use.
    async fn use_one(&self, counter: &Counter, lease: &Lease, limit: u32) -> Result<bool, Fault> {
        if let Some(is_used) = lease.try_use(limit) {
            return Ok(is_used);
        }
        let _renewal = lease.renewal.lock().await;
        // Somebody else may have renewed it meanwhile, or given back.
        if let Some(is_used) = lease.try_use(limit) {
            return Ok(is_used);
        }
        let wanted = Self::units_of_lease(limit);
        let taken = self.counts.count_many(&counter.as_event(limit), wanted).await?;
        Ok(lease.renew(limit, taken, wanted))
    }

    /// Finds the lease of a counter, or begins one with nothing in it.
    fn lease(&self, counter: &Counter, limit: u32, now: Timestamp) -> Arc<Lease> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.by_counter.len() >= leases.swept_at {
            leases.by_counter.retain(|counter, _| now < counter.forgotten_at());
            leases.swept_at = (leases.by_counter.len() * 2).max(MIN_SWEPT_LEASES);
        }
        Arc::clone(leases.by_counter.entry(counter.clone()).or_insert_with(|| Arc::new(Lease::empty(limit))))
    }
}

impl CountedUnit {
    /// Gives the use back, because what it was counted for is refused: the next one has it, as long as this instance keeps its lease.
    pub fn give_back(self) {
        for lease in self.0 {
            lease.state().left += 1;
        }
    }

    /// Gives the use back if what it was counted for has been refused. After a fault it stays counted: nobody knows what has become of it.
    pub fn settle<T>(self, outcome: &Result<T, Error>) {
        if matches!(outcome, Err(Error::Refused(_))) {
            self.give_back();
        }
    }
}

impl Counter {
    /// Returns what the store counts.
    fn as_event(&self, limit: u32) -> CountedEvent {
        let (what, id) = match (&self.holder, self.window) {
            (LimitHolder::Client(_, id), LimitWindow::Minute) => ("c#minute", id.to_string()),
            (LimitHolder::Client(_, id), LimitWindow::Day) => ("c#day", id.to_string()),
            (LimitHolder::ApiKey(_, id), LimitWindow::Minute) => ("k#minute", id.to_string()),
            (LimitHolder::ApiKey(_, id), LimitWindow::Day) => ("k#day", id.to_string()),
        };
        let (org, hash) = (self.holder.org().clone(), sha256(id.as_bytes()));
        CountedEvent { org, what, hash, since: self.since, until: self.forgotten_at(), limit }
    }

    /// Returns the moment from which on nobody asks for it any more.
    fn forgotten_at(&self) -> Timestamp {
        self.since.plus(self.window.length()).plus(KEPT_AFTER_WINDOW)
    }
}

impl Lease {
    fn empty(limit: u32) -> Self {
        let state = LeaseState { limit, left: 0, is_exhausted: false };
        Self { state: Mutex::new(state), renewal: tokio::sync::Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, LeaseState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses one unit, if the lease alone can say whether there is one. `None`: the store must be asked.
    fn try_use(&self, limit: u32) -> Option<bool> {
        let mut state = self.state();
        state.adopt(limit);
        if state.left > 0 {
            state.left -= 1;
            return Some(true);
        }
        state.is_exhausted.then_some(false)
    }

    /// Adds what was taken, and uses one unit of it. Returns whether there was one.
    fn renew(&self, limit: u32, taken: u32, wanted: u32) -> bool {
        let mut state = self.state();
        state.adopt(limit);
        state.left += taken;
        state.is_exhausted = taken < wanted;
        let is_used = state.left > 0;
        state.left = state.left.saturating_sub(1);
        is_used
    }
}

impl LeaseState {
    /// Goes on with another limit, once an administrator has changed it. What was leased of a larger one isn't used any more.
    fn adopt(&mut self, limit: u32) {
        if limit < self.limit {
            self.left = 0;
        }
        if limit != self.limit {
            self.is_exhausted = false;
        }
        self.limit = limit;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;
    use crate::domain::{ClientId, OrgId};

    /// Counts in memory, and how often it is asked. It yields before it answers, so that others come between.
    #[derive(Debug, Default)]
    struct Counts {
        by_event: Mutex<HashMap<String, u32>>,
        calls: AtomicU32,
        fails: std::sync::atomic::AtomicBool,
    }

    #[async_trait]
    impl CountEvents for Counts {
        async fn count(&self, event: &CountedEvent) -> Result<Option<u32>, Fault> {
            self.count_many(event, 1).await.map(|counted| (counted > 0).then_some(counted))
        }

        async fn count_many(&self, event: &CountedEvent, wanted: u32) -> Result<u32, Fault> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if self.fails.load(Ordering::Relaxed) {
                return Err(Fault::unavailable("counting"));
            }
            let mut by_event = self.by_event.lock().unwrap();
            let there = by_event.entry(format!("{}{}{}", event.org, event.what, event.since.as_ms())).or_default();
            let counted = wanted.min(event.limit.saturating_sub(*there));
            *there += counted;
            Ok(counted)
        }
    }

    fn client() -> LimitHolder {
        LimitHolder::Client(OrgId::parse("a").unwrap(), ClientId::from_number(7).unwrap())
    }

    fn limits(per_minute: u32, per_day: u32) -> Option<Limits> {
        Limits::new(Some(per_minute).filter(|limit| *limit > 0), Some(per_day).filter(|limit| *limit > 0))
    }

    /// 2026-11-28T13:45:00Z, and so many milliseconds.
    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_795_873_500_000 + ms)
    }

    /// How many of so many uses, one after the other, are counted.
    async fn counted(quotas: &Quotas, uses: u32, limits: Option<Limits>, now: Timestamp) -> u32 {
        let mut counted = 0;
        for _ in 0..uses {
            counted += u32::from(quotas.count(client(), limits, now).await.is_ok());
        }
        counted
    }

    #[tokio::test]
    async fn without_limits_nothing_is_counted() {
        let counts = Arc::new(Counts::default());
        let quotas = Quotas::new(counts.clone());
        assert_eq!(counted(&quotas, 100, None, at(0)).await, 100);
        assert_eq!(counts.calls.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_limit_costs_twenty_writes_and_is_never_exceeded() {
        for limit in [1, 5, 20, 21, 39, 40, 59, 100, 1_000, 60_000] {
            let counts = Arc::new(Counts::default());
            let quotas = Quotas::new(counts.clone());
            assert_eq!(counted(&quotas, limit + 50, limits(limit, 0), at(0)).await, limit);
            let writes = limit.div_ceil(Quotas::units_of_lease(limit));
            // One more finds that there is no more, unless the last lease has said so.
            assert!((writes..=writes + 1).contains(&counts.calls.load(Ordering::Relaxed)), "{limit}: {counts:?}");
        }
    }

    #[tokio::test]
    async fn a_use_above_the_limit_asks_the_store_no_more() {
        let counts = Arc::new(Counts::default());
        let quotas = Quotas::new(counts.clone());
        counted(&quotas, 4, limits(3, 0), at(0)).await;
        let before = counts.calls.load(Ordering::Relaxed);
        assert_eq!(counted(&quotas, 50, limits(3, 0), at(1)).await, 0);
        assert_eq!(counts.calls.load(Ordering::Relaxed), before);
    }

    #[tokio::test]
    async fn several_instances_together_stay_below_the_limit() {
        let counts = Arc::new(Counts::default());
        let instances: Vec<_> = (0..7).map(|_| Quotas::new(counts.clone())).collect();
        let uses = join_all(instances.iter().map(|quotas| counted(quotas, 40, limits(100, 0), at(0)))).await;
        assert_eq!(uses.iter().sum::<u32>(), 100);
    }

    #[tokio::test]
    async fn many_at_once_use_up_each_lease_before_the_next_is_taken() {
        let counts = Arc::new(Counts::default());
        let quotas = Quotas::new(counts.clone());
        let uses = join_all((0..64).map(|_| quotas.count(client(), limits(100, 0), at(0)))).await;
        assert!(uses.iter().all(Result::is_ok), "all of 64 fit into 100");
        assert_eq!(counts.calls.load(Ordering::Relaxed), 64_u32.div_ceil(5));
        let uses = join_all((0..64).map(|_| quotas.count(client(), limits(100, 0), at(0)))).await;
        assert_eq!(uses.iter().filter(|used| used.is_ok()).count(), 36);
    }

    #[tokio::test]
    async fn the_next_minute_and_the_next_day_begin_anew() {
        let quotas = Quotas::new(Arc::new(Counts::default()));
        assert_eq!(counted(&quotas, 9, limits(2, 5), at(59_999)).await, 2);
        assert_eq!(counted(&quotas, 9, limits(2, 5), at(60_000)).await, 2);
        assert_eq!(counted(&quotas, 9, limits(2, 5), at(120_000)).await, 1, "the day has 5");
        assert_eq!(counted(&quotas, 9, limits(2, 5), at(86_400_000)).await, 2);
        assert_eq!(counted(&quotas, 9, limits(2, 5), at(59_999)).await, 0, "whoever is late counts where it belongs");
    }

    #[tokio::test]
    async fn the_refusal_names_the_limit_that_lasts_longer_and_the_seconds_until_its_end() {
        let quotas = Quotas::new(Arc::new(Counts::default()));
        assert_eq!(counted(&quotas, 1, limits(1, 1), at(1_500)).await, 1);
        let refused = |refused: Result<CountedUnit, Error>| match refused {
            Err(Error::Refused(Refusal::LimitReached(reached))) => (reached.window, reached.limit, reached.retry_after),
            other => unreachable!("{other:?}"),
        };
        let now = at(1_500);
        assert_eq!(refused(quotas.count(client(), limits(1, 1), now).await), (LimitWindow::Day, 1, Seconds(36_899)));
        assert_eq!(refused(quotas.count(client(), limits(1, 0), now).await), (LimitWindow::Minute, 1, Seconds(59)));
    }

    #[tokio::test]
    async fn a_use_that_one_limit_refuses_counts_for_no_other() {
        let quotas = Quotas::new(Arc::new(Counts::default()));
        assert_eq!(counted(&quotas, 9, limits(1, 3), at(0)).await, 1);
        assert_eq!(
            counted(&quotas, 9, limits(9, 3), at(60_000)).await,
            2,
            "the refused ones of the minute before cost nothing of the day"
        );
    }

    #[tokio::test]
    async fn what_is_given_back_is_the_next_ones() {
        let counts = Arc::new(Counts::default());
        let quotas = Quotas::new(counts.clone());
        for _ in 0..30 {
            let unit = quotas.count(client(), limits(1, 0), at(0)).await.unwrap();
            unit.settle::<()>(&Err(Refusal::CredentialsMissing.into()));
        }
        assert_eq!(counts.calls.load(Ordering::Relaxed), 1);
        let unit = quotas.count(client(), limits(1, 0), at(0)).await.unwrap();
        unit.settle::<()>(&Err(Fault::unavailable("signing").into()));
        assert_eq!(counted(&quotas, 1, limits(1, 0), at(0)).await, 0, "after a fault it stays counted");
    }

    #[tokio::test]
    async fn another_limit_counts_from_the_next_use_on() {
        let quotas = Quotas::new(Arc::new(Counts::default()));
        assert_eq!(counted(&quotas, 9, limits(5, 0), at(0)).await, 5);
        assert_eq!(counted(&quotas, 9, limits(7, 0), at(0)).await, 2, "the same minute, and two more");
        let quotas = Quotas::new(Arc::new(Counts::default()));
        assert_eq!(counted(&quotas, 1, limits(100, 0), at(0)).await, 1);
        assert_eq!(counted(&quotas, 9, limits(5, 0), at(0)).await, 0, "what is leased of 100 isn't used for 5");
    }

    #[tokio::test]
    async fn a_store_that_fails_lets_nobody_pass_and_the_next_one_asks_again() {
        let counts = Arc::new(Counts::default());
        let quotas = Quotas::new(counts.clone());
        counts.fails.store(true, Ordering::Relaxed);
        assert!(matches!(quotas.count(client(), limits(5, 9), at(0)).await, Err(Error::Failed(_))));
        counts.fails.store(false, Ordering::Relaxed);
        assert_eq!(counted(&quotas, 9, limits(5, 9), at(0)).await, 5);
    }

    #[tokio::test]
    async fn leases_of_windows_that_are_over_are_dropped() {
        let quotas = Quotas::new(Arc::new(Counts::default()));
        for minute in 0..3 * 1_024 {
            counted(&quotas, 1, limits(5, 0), at(60_000 * minute)).await;
        }
        assert!(quotas.leases.lock().unwrap().by_counter.len() <= 1_024 + 61);
    }

    #[tokio::test]
    async fn a_lease_at_hand_is_used_without_waiting() {
        let quotas = Quotas::new(Arc::new(Counts::default()));
        let unit = quotas.count(client(), limits(100, 0), at(0)).await.unwrap();
        assert!(quotas.count(client(), limits(100, 0), at(0)).now_or_never().is_some());
        unit.give_back();
    }
}
