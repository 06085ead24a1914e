//! Indices of status lists: what an instance has leased of them (draft-ietf-oauth-status-list).
//!
//! Each org counts its tokens. An instance leases a block of numbers by one write, and gives one to each token that it mints, so that a
//! token costs a write of its own and a 128th of another. [`place_of`] makes of a number a place that looks random. What is left of a lease
//! when the instance ends is never used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{KeepStatusLists, StatusLease};
use crate::domain::{Entropy, Fault, OrgId, StatusIndex, StatusList, StatusOrg};
use crate::jose::status_list::place_of;

/// The leases of this instance, and the store that gives them.
#[derive(Debug)]
pub struct StatusIndices {
    lists: Arc<dyn KeepStatusLists>,
    entropy: Arc<dyn Entropy>,
    leases: Mutex<HashMap<OrgId, Arc<Lease>>>,
}

/// An index that no other token has.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TakenIndex {
    /// Where the status of the token is.
    pub place: StatusIndex,
    /// Which of the org's lists that is in: the first is 0.
    pub number: u64,
    /// Whether it is known that the list is published.
    pub is_published: bool,
}

/// What an instance may give of one org.
#[derive(Debug, Default)]
struct Lease {
    state: Mutex<Option<LeaseState>>,
    /// Held by whoever takes the next lease. The others wait for what comes of that.
    renewal: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct LeaseState {
    secret: [u8; 32],
    /// The number that is given next.
    next: u64,
    /// The first number that is another's.
    end: u64,
    /// Whether it is noted that the org has tokens that were made from others.
    has_derived: bool,
    /// How many lists of the org are known to be published.
    published: u64,
}

/// How many indices an instance leases by one write. Lists have room for a multiple of it, so none begins in the middle of a lease.
pub const INDICES_PER_LEASE: u32 = 128;

impl StatusIndices {
    /// Makes the indices of an instance that has no lease yet.
    pub fn new(lists: Arc<dyn KeepStatusLists>, entropy: Arc<dyn Entropy>) -> Self {
        Self { lists, entropy, leases: Mutex::default() }
    }

    /// Returns the lists that the indices are in.
    pub fn lists(&self) -> &dyn KeepStatusLists {
        &*self.lists
    }

    /// Takes the next index of an org, which no other token has. `is_derived`: the token that it is for was made from another, so that
    /// it dies with that. This is noted of the org before the index is given.
    ///
    /// # Errors
    /// A [`Fault`] if the store can't be asked for more.
    pub async fn take(&self, org: &OrgId, is_derived: bool) -> Result<TakenIndex, Fault> {
        let lease = Arc::clone(lock(&self.leases).entry(org.clone()).or_default());
        if let Some(taken) = lease.next(is_derived) {
            return Ok(taken);
        }
        let _renewal = lease.renewal.lock().await;
        // Somebody else may have renewed it meanwhile.
        if let Some(taken) = lease.next(is_derived) {
            return Ok(taken);
        }
        let mut secret = [0; 32];
        self.entropy.fill(&mut secret)?;
        let wanted = StatusLease { org: org.clone(), count: INDICES_PER_LEASE, secret, has_derived: is_derived };
        let leased = self.lists.lease_status_indices(&wanted).await?;
        let next = leased.leased.saturating_sub(u64::from(INDICES_PER_LEASE));
        let StatusOrg { secret, leased: end, published, has_derived, .. } = leased;
        let state = LeaseState { secret, next, end, has_derived, published };
        *lock(&lease.state) = Some(state);
        lease.next(is_derived).ok_or_else(|| Fault::internal("leasing indices of status lists: there are none"))
    }

    /// Notes that so many of an org's lists are published.
    ///
    /// # Errors
    /// A [`Fault`] if the store can't be written.
    pub async fn note_published(&self, org: &OrgId, published: u64) -> Result<(), Fault> {
        self.lists.note_published_lists(org, published).await?;
        let lease = Arc::clone(lock(&self.leases).entry(org.clone()).or_default());
        if let Some(state) = lock(&lease.state).as_mut() {
            state.published = state.published.max(published);
        }
        Ok(())
    }
}

impl Lease {
    /// Gives the next index, if the lease has one and the org is known to have such tokens.
    fn next(&self, is_derived: bool) -> Option<TakenIndex> {
        let mut state = lock(&self.state);
        let state = state.as_mut().filter(|state| state.next < state.end && (state.has_derived || !is_derived))?;
        let place = place_of(&state.secret, state.next);
        let number = state.next / u64::from(StatusList::TOKENS);
        state.next += 1;
        Some(TakenIndex { place, number, is_published: number < state.published })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use futures::future::try_join_all;

    use super::*;
    use crate::domain::{Commit, Seeded, StatusListId};
    use crate::store::ReadChanges;

    /// Leases in memory, and counts how often it is asked. It yields before it answers, so that others come between.
    #[derive(Debug, Default)]
    struct Lists {
        org: Mutex<Option<StatusOrg>>,
        calls: AtomicU32,
    }

    impl ReadChanges for Lists {
        fn change(&self, _: &str) -> Result<Option<Commit>, Fault> {
            Ok(None)
        }
    }

    #[async_trait]
    impl KeepStatusLists for Lists {
        async fn lease_status_indices(&self, lease: &StatusLease) -> Result<StatusOrg, Fault> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            let StatusLease { org, count, secret, has_derived } = lease.clone();
            let mut there = lock(&self.org);
            let there = there.get_or_insert(StatusOrg { org, secret, leased: 0, published: 0, has_derived: false });
            there.leased += u64::from(count);
            there.has_derived |= has_derived;
            Ok(there.clone())
        }

        async fn note_published_lists(&self, _: &OrgId, published: u64) -> Result<(), Fault> {
            lock(&self.org).iter_mut().for_each(|org| org.published = published);
            Ok(())
        }

        async fn status_orgs(&self, _: Option<&OrgId>, _: usize) -> Result<Vec<StatusOrg>, Fault> {
            Ok(lock(&self.org).iter().cloned().collect())
        }

        async fn status_list(&self, _: &StatusListId) -> Result<Option<StatusList>, Fault> {
            Ok(None)
        }

        async fn put_status_list(&self, _: &StatusList) -> Result<bool, Fault> {
            Ok(false)
        }
    }

    fn org() -> OrgId {
        OrgId::parse("1").unwrap()
    }

    #[tokio::test]
    async fn many_at_once_and_in_several_instances_never_share_an_index_and_pay_one_write_for_each_lease() {
        let lists = Arc::new(Lists::default());
        let instances = [1, 2].map(|seed| StatusIndices::new(lists.clone(), Arc::new(Seeded::new(seed))));
        let org = org();
        let all = (0..600).map(|n| instances[n % 2].take(&org, false));
        let places: BTreeSet<_> = try_join_all(all).await.unwrap().into_iter().map(|taken| taken.place).collect();
        assert_eq!(places.len(), 600);
        assert_eq!(lists.calls.load(Ordering::Relaxed), 6, "300 in each instance are three leases");
    }

    #[tokio::test]
    async fn it_is_known_which_lists_are_published_here_and_in_instances_that_begin_later() {
        let lists = Arc::new(Lists::default());
        let instances = [1, 2].map(|seed| StatusIndices::new(lists.clone(), Arc::new(Seeded::new(seed))));
        for _ in 0..2 {
            assert!(!instances[0].take(&org(), false).await.unwrap().is_published);
        }
        instances[0].note_published(&org(), 1).await.unwrap();
        for instance in &instances {
            let taken = instance.take(&org(), false).await.unwrap();
            assert_eq!((taken.number, taken.is_published), (0, true));
        }
    }

    #[tokio::test]
    async fn that_an_org_has_derived_tokens_is_noted_before_the_first_gets_its_index_and_once() {
        let lists = Arc::new(Lists::default());
        let indices = StatusIndices::new(lists.clone(), Arc::new(Seeded::new(1)));
        let has_derived = || lock(&lists.org).as_ref().map(|org| org.has_derived);
        let mut places = BTreeSet::new();
        places.insert(indices.take(&org(), false).await.unwrap().place);
        assert_eq!(has_derived(), Some(false));
        for is_derived in [true, true, false, true] {
            places.insert(indices.take(&org(), is_derived).await.unwrap().place);
            assert_eq!(has_derived(), Some(true));
        }
        assert_eq!((places.len(), lists.calls.load(Ordering::Relaxed)), (5, 2));
    }
}
