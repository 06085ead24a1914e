//! Batches, and how far they are.

use std::sync::Arc;

use super::cases;
use super::samples::{at, batch, batch_key};
use crate::domain::{Batch, BatchState};
use crate::store::Store;

cases![
    a_batch_is_read_back_whole,
    a_part_ends_once,
    keeping_the_same_batch_again_leaves_how_far_it_is,
    the_first_failure_stays,
    the_latest_end_stays,
    unknown_batches_have_no_parts,
];

async fn find(store: &Arc<dyn Store>, n: u64) -> Option<Batch> {
    store.batch(&batch_key("a", n)).await.unwrap()
}

async fn a_batch_is_read_back_whole(store: Arc<dyn Store>) {
    let further =
        Batch { done: vec![0, 2, 4_000_000_000], failure: Some("é \"1\"".to_owned()), updated_at: at(7), ..batch("a", 2) };
    for (n, batch) in [(1, batch("a", 1)), (2, further)] {
        assert_eq!(find(&store, n).await, None);
        store.put_batch(&batch).await.unwrap();
        assert_eq!(find(&store, n).await, Some(batch));
    }
    assert_eq!(store.batch(&batch_key("ab", 1)).await.unwrap(), None, "orgs are apart");
}

async fn a_part_ends_once(store: Arc<dyn Store>) {
    store.put_batch(&batch("a", 1)).await.unwrap();
    let (mut done, mut now) = (Vec::new(), 0);
    for (part, state) in [(2, BatchState::Running), (0, BatchState::Running), (1, BatchState::Succeeded)] {
        done.push(part);
        done.sort_unstable();
        now += 1_000;
        for _ in 0..2 {
            store.end_part(&batch_key("a", 1), part, None, at(now)).await.unwrap();
            let there = find(&store, 1).await.unwrap();
            assert_eq!(there, Batch { done: done.clone(), updated_at: at(now), ..batch("a", 1) });
            assert_eq!(there.state(), state);
        }
    }
}

async fn the_first_failure_stays(store: Arc<dyn Store>) {
    store.put_batch(&batch("a", 1)).await.unwrap();
    for (part, failure) in [(0, None), (1, Some("first")), (1, Some("first")), (2, Some("second")), (1, None)] {
        store.end_part(&batch_key("a", 1), part, failure, at(1)).await.unwrap();
    }
    let there = find(&store, 1).await.unwrap();
    assert_eq!((there.failure.as_deref(), there.state()), (Some("first"), BatchState::Failed));
    assert_eq!(there.done, [0, 1], "those that ended well");
}

async fn the_latest_end_stays(store: Arc<dyn Store>) {
    store.put_batch(&batch("a", 1)).await.unwrap();
    for (part, failure, moment) in [(0, None, 3_000), (1, None, 2_000), (2, Some("late"), 1_000)] {
        store.end_part(&batch_key("a", 1), part, failure, at(moment)).await.unwrap();
    }
    let there = find(&store, 1).await.unwrap();
    assert_eq!(there, Batch { done: vec![0, 1], failure: Some("late".to_owned()), updated_at: at(3_000), ..batch("a", 1) });
}

async fn keeping_the_same_batch_again_leaves_how_far_it_is(store: Arc<dyn Store>) {
    store.put_batch(&batch("a", 1)).await.unwrap();
    store.end_part(&batch_key("a", 1), 1, None, at(5)).await.unwrap();
    store.put_batch(&batch("a", 1)).await.unwrap();
    assert_eq!(find(&store, 1).await.unwrap().done, [1]);
    let other = Batch { parts: 4, ..batch("a", 1) };
    assert!(!store.put_batch(&other).await.unwrap_err().can_retry(), "a retry can't help");
    assert_eq!(find(&store, 1).await.unwrap().parts, 3);
}

async fn unknown_batches_have_no_parts(store: Arc<dyn Store>) {
    for failure in [None, Some("x")] {
        store.end_part(&batch_key("a", 1), 1, failure, at(5)).await.unwrap();
    }
    assert_eq!(find(&store, 1).await, None, "the end of a part makes no batch");
    store.put_batch(&batch("a", 1)).await.unwrap();
    assert_eq!(find(&store, 1).await, Some(batch("a", 1)));
}
