//! Rotating refresh families.

use std::sync::Arc;

use super::cases;
use super::samples::{at, digest, family, family_key, find_family, id, new, step, token};
use crate::domain::{Family, Seconds, Timestamp};
use crate::store::{AdvanceOutcome, FamilyAdvance, Store};

cases![
    a_family_ends_at_its_moment,
    no_step_makes_a_family_needed_for_shorter,
    a_step_may_move_the_end,
    a_step_that_stays_changes_the_access_token_alone,
    a_step_that_stays_is_lost_like_any_other,
    a_revoked_family_is_not_rotated,
    a_step_from_another_generation_is_lost,
    another_step_from_the_same_generation_is_lost,
    generations_follow_each_other,
    the_same_step_again_is_won_until_the_family_moves_on,
    unknown_families_are_not_rotated,
];

async fn generations_follow_each_other(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    for generation in 0..5 {
        let step = step(start.key(), generation);
        assert!(matches!(store.advance_family(&step).await.unwrap(), AdvanceOutcome::Applied));
        let expected = Family {
            generation: generation + 1,
            current: digest(generation + 1),
            previous: Some(digest(generation)),
            rotated_at: step.now,
            refreshed_at: Some(step.now),
            token: step.token,
            ..start.clone()
        };
        assert_eq!(find_family(&store, &start.key()).await, Some(expected));
    }
}

async fn a_step_from_another_generation_is_lost(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    lost(&store, &step(start.key(), 1), &start).await;
    store.advance_family(&step(start.key(), 0)).await.unwrap();
    store.advance_family(&step(start.key(), 1)).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    for generation in [0, 1, 3, u64::MAX / 4] {
        let other = FamilyAdvance { token: id(77), next: Some(digest(77)), from: generation, ..step(start.key(), 0) };
        lost(&store, &other, &now).await;
    }
}

async fn another_step_from_the_same_generation_is_lost(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let won = step(start.key(), 0);
    store.advance_family(&won).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    lost(&store, &FamilyAdvance { token: id(77), ..won.clone() }, &now).await;
    lost(&store, &FamilyAdvance { next: Some(digest(77)), ..won.clone() }, &now).await;
    lost(&store, &FamilyAdvance { now: at(1_001), ..won }, &now).await;
}

async fn the_same_step_again_is_won_until_the_family_moves_on(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let first = step(start.key(), 0);
    for _ in 0..3 {
        assert!(matches!(store.advance_family(&first).await.unwrap(), AdvanceOutcome::Applied));
        assert_eq!(find_family(&store, &start.key()).await.unwrap().generation, 1, "it takes effect once");
    }
    store.advance_family(&step(start.key(), 1)).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    lost(&store, &first, &now).await;
}

async fn a_revoked_family_is_not_rotated(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let first = step(start.key(), 0);
    store.advance_family(&first).await.unwrap();
    store.revoke_family(&start.key(), at(5_000).into()).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    lost(&store, &step(start.key(), 1), &now).await;
    lost(&store, &first, &now).await;
}

async fn a_family_ends_at_its_moment(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let step = step(start.key(), 0);
    lost(&store, &FamilyAdvance { now: start.expires_at, ..step.clone() }, &start).await;
    lost(&store, &FamilyAdvance { now: start.expires_at.plus(Seconds(1)), ..step.clone() }, &start).await;
    let last_moment = Timestamp::from_ms(start.expires_at.as_ms() - 1);
    assert!(matches!(store.advance_family(&FamilyAdvance { now: last_moment, ..step }).await.unwrap(), AdvanceOutcome::Applied));
}

async fn a_step_that_stays_changes_the_access_token_alone(store: Arc<dyn Store>) {
    let mut expected = begin(&store).await;
    for n in [1, 1, 2, 3] {
        let stay = FamilyAdvance { next: None, token: id(70 + n), now: at(i64::try_from(n).unwrap()), ..step(expected.key(), 0) };
        assert!(matches!(store.advance_family(&stay).await.unwrap(), AdvanceOutcome::Applied));
        expected = stay.taken(expected);
        let Family { generation, current, previous, rotated_at, .. } = family("a", 2);
        assert_eq!(
            (expected.generation, expected.current, expected.previous, expected.rotated_at),
            (generation, current, previous, rotated_at)
        );
        assert_eq!(find_family(&store, &expected.key()).await.as_ref(), Some(&expected));
    }
    let next = step(expected.key(), 0);
    assert!(matches!(store.advance_family(&next).await.unwrap(), AdvanceOutcome::Applied), "it can still move on");
    assert_eq!(find_family(&store, &next.key).await, Some(next.taken(expected)));
}

async fn a_step_that_stays_is_lost_like_any_other(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let stay = FamilyAdvance { next: None, ..step(start.key(), 0) };
    lost(&store, &FamilyAdvance { from: 1, ..stay.clone() }, &start).await;
    lost(&store, &FamilyAdvance { now: start.expires_at, ..stay.clone() }, &start).await;
    store.revoke_family(&start.key(), at(5_000).into()).await.unwrap();
    lost(&store, &stay, &Family { revoked_at: Some(at(5_000)), ..start.clone() }).await;
    let missing = FamilyAdvance { key: family_key("a", 9), ..stay };
    assert!(matches!(store.advance_family(&missing).await.unwrap(), AdvanceOutcome::Unknown));
    assert_eq!(find_family(&store, &missing.key).await, None, "rotating makes no record");
}

async fn a_step_may_move_the_end(store: Arc<dyn Store>) {
    let mut now = begin(&store).await;
    let day = 86_400_000;
    for (from, next, end) in [(0, Some(digest(1)), 2 * day), (1, None, 3 * day + 1), (1, Some(digest(2)), 3 * day + 2)] {
        let ends = Some((at(end), Some(at(end + 1_000))));
        let step = FamilyAdvance { next, ends, ..step(now.key(), from) };
        for _ in 0..2 {
            assert!(matches!(store.advance_family(&step).await.unwrap(), AdvanceOutcome::Applied), "{step:?}");
        }
        now = step.taken(now);
        assert_eq!((now.expires_at, now.needed_until), (at(end), Some(at(end + 1_000))));
        assert_eq!(find_family(&store, &now.key()).await.as_ref(), Some(&now));
    }
    let late = FamilyAdvance { now: at(3 * day + 1), token: id(77), ..step(now.key(), 2) };
    assert!(matches!(store.advance_family(&late).await.unwrap(), AdvanceOutcome::Applied), "before its new end");
    now = late.taken(now);
    lost(&store, &FamilyAdvance { now: at(3 * day + 2), ..step(now.key(), 3) }, &now).await;
}

async fn no_step_makes_a_family_needed_for_shorter(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let day = 86_400_000;
    let ends =
        [(Some(day), Some(day)), (Some(1_000), Some(day)), (Some(9 * day), Some(9 * day)), (None, None), (Some(day), None)];
    for (generation, (asked, stands)) in (0_u64..).zip(ends) {
        let step = FamilyAdvance { ends: Some((at(day), asked.map(at))), ..step(start.key(), generation) };
        for _ in 0..2 {
            assert!(matches!(store.advance_family(&step).await.unwrap(), AdvanceOutcome::Applied), "{asked:?}");
        }
        let now = find_family(&store, &start.key()).await.unwrap();
        assert_eq!((now.generation, now.needed_until), (generation + 1, stands.map(at)), "{asked:?}");
    }
}

async fn unknown_families_are_not_rotated(store: Arc<dyn Store>) {
    begin(&store).await;
    for key in [family_key("a", 9), family_key("b", 2)] {
        assert!(matches!(store.advance_family(&step(key.clone(), 0)).await.unwrap(), AdvanceOutcome::Unknown));
        assert_eq!(find_family(&store, &key).await, None, "rotating makes no record");
    }
}

/// Asserts that a step is lost and shows the family as it stays.
async fn lost(store: &Arc<dyn Store>, step: &FamilyAdvance, stays: &Family) {
    match store.advance_family(step).await.unwrap() {
        AdvanceOutcome::Superseded(family) => assert_eq!(*family, *stays),
        other @ (AdvanceOutcome::Applied | AdvanceOutcome::Unknown) => panic!("{step:?} is {other:?}"),
    }
    assert_eq!(find_family(store, &step.key).await.as_ref(), Some(stays));
}

async fn begin(store: &Arc<dyn Store>) -> Family {
    let family = family("a", 2);
    store.record(&new(&token("a", 1), Some(&family))).await.unwrap();
    family
}
