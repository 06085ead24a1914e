//! Keeping logouts, and completing each once.

use std::sync::Arc;

use super::cases;
use super::parallel::{at_once, is_won_by_one};
use super::samples::{at, client_id, completion, find_logout, id, logout, logout_key, rich_logout};
use crate::domain::{Logout, LogoutClient};
use crate::store::{LogoutCompletion, Store};

cases![
    a_kept_logout_is_read_back_whole,
    a_logout_is_completed_in_one_name,
    a_logout_is_of_its_org_alone,
    a_logout_that_is_over_is_not_completed,
    another_logout_of_the_same_id_is_a_fault,
    keeping_the_same_logout_again_is_a_success,
    one_of_many_completes_a_logout,
];

async fn a_kept_logout_is_read_back_whole(store: Arc<dyn Store>) {
    let completed = Logout { completed_by: Some(id(9)), ..rich_logout("a", 3) };
    for logout in [logout("a", 1), rich_logout("a", 2), completed] {
        store.put_logout(&logout).await.unwrap();
        assert_eq!(find_logout(&store, &logout.key()).await, Some(logout));
    }
}

async fn keeping_the_same_logout_again_is_a_success(store: Arc<dyn Store>) {
    let logout = rich_logout("a", 1);
    store.put_logout(&logout).await.unwrap();
    store.put_logout(&logout).await.unwrap();
    assert!(store.complete_logout(&completion(logout.key(), id(9))).await.unwrap());
    store.put_logout(&logout).await.unwrap();
    let completed = Logout { completed_by: Some(id(9)), ..logout };
    assert_eq!(find_logout(&store, &completed.key()).await, Some(completed), "it stays completed");
}

async fn another_logout_of_the_same_id_is_a_fault(store: Arc<dyn Store>) {
    let kept = rich_logout("a", 1);
    store.put_logout(&kept).await.unwrap();
    for other in [
        Logout { client: Some(LogoutClient { id: client_id(8), name: "8".to_owned() }), ..kept.clone() },
        Logout { hint: None, ..kept.clone() },
        Logout { state: None, ..kept.clone() },
        Logout { expires_at: at(1), ..kept.clone() },
    ] {
        assert!(!store.put_logout(&other).await.unwrap_err().can_retry(), "a retry can't help: {other:?}");
        assert_eq!(find_logout(&store, &kept.key()).await.as_ref(), Some(&kept));
    }
}

async fn a_logout_is_completed_in_one_name(store: Arc<dyn Store>) {
    let key = logout_key("a", 1);
    assert!(!store.complete_logout(&completion(key.clone(), id(9))).await.unwrap(), "there is none");
    assert_eq!(find_logout(&store, &key).await, None, "a completion makes no logout");
    store.put_logout(&logout("a", 1)).await.unwrap();
    for (by, is_first) in [(9, true), (9, true), (8, false), (9, true)] {
        assert_eq!(store.complete_logout(&completion(key.clone(), id(by))).await.unwrap(), is_first, "{by}");
        assert_eq!(find_logout(&store, &key).await, Some(Logout { completed_by: Some(id(9)), ..logout("a", 1) }));
    }
    let late = LogoutCompletion { now: logout("a", 1).expires_at, ..completion(key, id(9)) };
    assert!(store.complete_logout(&late).await.unwrap(), "a repetition, however late");
}

async fn a_logout_that_is_over_is_not_completed(store: Arc<dyn Store>) {
    let logout = logout("a", 1);
    store.put_logout(&logout).await.unwrap();
    let at_moment = |now| LogoutCompletion { now, ..completion(logout.key(), id(9)) };
    for late in [logout.expires_at, at(1_800_001)] {
        assert!(!store.complete_logout(&at_moment(late)).await.unwrap());
    }
    assert_eq!(find_logout(&store, &logout.key()).await.as_ref(), Some(&logout));
    assert!(store.complete_logout(&at_moment(at(1_799_999))).await.unwrap(), "the last moment");
}

async fn a_logout_is_of_its_org_alone(store: Arc<dyn Store>) {
    let theirs = logout("b", 1);
    store.put_logout(&theirs).await.unwrap();
    assert_eq!(find_logout(&store, &logout_key("a", 1)).await, None);
    assert!(!store.complete_logout(&completion(logout_key("a", 1), id(9))).await.unwrap());
    assert_eq!(find_logout(&store, &theirs.key()).await, Some(theirs));
}

async fn one_of_many_completes_a_logout(store: Arc<dyn Store>) {
    store.put_logout(&logout("a", 1)).await.unwrap();
    let outcomes = at_once(&store, |store, n| async move {
        let by = id(100 + n);
        (by, store.complete_logout(&completion(logout_key("a", 1), by)).await.unwrap())
    });
    let (won, _) = is_won_by_one(outcomes.await, &true);
    assert_eq!(find_logout(&store, &logout_key("a", 1)).await.unwrap().completed_by, Some(won), "it is the winner's");
}
