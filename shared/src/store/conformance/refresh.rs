//! Rotating refresh families.

use std::sync::Arc;

use super::cases;
use super::samples::{at, digest, family, family_key, find_family, id, new, step, token};
use crate::domain::{Family, Seconds, Timestamp};
use crate::store::{Rotation, RotationStep, Store};

cases![
    a_family_ends_at_its_moment,
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
        assert!(matches!(store.rotate(&step).await.unwrap(), Rotation::Won));
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
    store.rotate(&step(start.key(), 0)).await.unwrap();
    store.rotate(&step(start.key(), 1)).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    for generation in [0, 1, 3, u64::MAX / 4] {
        let other = RotationStep { token: id(77), next: Some(digest(77)), from: generation, ..step(start.key(), 0) };
        lost(&store, &other, &now).await;
    }
}

async fn another_step_from_the_same_generation_is_lost(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let won = step(start.key(), 0);
    store.rotate(&won).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    lost(&store, &RotationStep { token: id(77), ..won.clone() }, &now).await;
    lost(&store, &RotationStep { next: Some(digest(77)), ..won.clone() }, &now).await;
    lost(&store, &RotationStep { now: at(1_001), ..won }, &now).await;
}

async fn the_same_step_again_is_won_until_the_family_moves_on(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let first = step(start.key(), 0);
    for _ in 0..3 {
        assert!(matches!(store.rotate(&first).await.unwrap(), Rotation::Won));
        assert_eq!(find_family(&store, &start.key()).await.unwrap().generation, 1, "it takes effect once");
    }
    store.rotate(&step(start.key(), 1)).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    lost(&store, &first, &now).await;
}

async fn a_revoked_family_is_not_rotated(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let first = step(start.key(), 0);
    store.rotate(&first).await.unwrap();
    store.revoke_family(&start.key(), at(5_000)).await.unwrap();
    let now = find_family(&store, &start.key()).await.unwrap();
    lost(&store, &step(start.key(), 1), &now).await;
    lost(&store, &first, &now).await;
}

async fn a_family_ends_at_its_moment(store: Arc<dyn Store>) {
    let start = begin(&store).await;
    let step = step(start.key(), 0);
    lost(&store, &RotationStep { now: start.expires_at, ..step.clone() }, &start).await;
    lost(&store, &RotationStep { now: start.expires_at.plus(Seconds(1)), ..step.clone() }, &start).await;
    let last_moment = Timestamp::from_ms(start.expires_at.as_ms() - 1);
    assert!(matches!(store.rotate(&RotationStep { now: last_moment, ..step }).await.unwrap(), Rotation::Won));
}

async fn unknown_families_are_not_rotated(store: Arc<dyn Store>) {
    begin(&store).await;
    for key in [family_key("a", 9), family_key("b", 2)] {
        assert!(matches!(store.rotate(&step(key.clone(), 0)).await.unwrap(), Rotation::Unknown));
        assert_eq!(find_family(&store, &key).await, None, "rotating makes no record");
    }
}

/// Asserts that a step is lost and shows the family as it stays.
async fn lost(store: &Arc<dyn Store>, step: &RotationStep, stays: &Family) {
    match store.rotate(step).await.unwrap() {
        Rotation::Lost(family) => assert_eq!(*family, *stays),
        other => panic!("{step:?} is {other:?}"),
    }
    assert_eq!(find_family(store, &step.key).await.as_ref(), Some(stays));
}

async fn begin(store: &Arc<dyn Store>) -> Family {
    let family = family("a", 2);
    store.record(&new(&token("a", 1), Some(&family))).await.unwrap();
    family
}
