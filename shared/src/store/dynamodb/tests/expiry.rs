//! DynamoDB deletes what has expired days later, or at once: nobody sees a difference but in what is found.

use super::super::Item;
use super::super::items::{family_item, find_number, token_item};
use super::super::keys::Key;
use super::Emulator;
use crate::domain::{Family, Mark, MarkKind, Seconds, Shard, Timestamp, TokenRecord};
use crate::store::conformance::samples::{
    at, family, find_family, find_mark, find_token, mark, new, org_id, rich_token, step, token,
};
use crate::store::{Revocation, Rotation, TokenQuery};

/// Long before this machine's time, by which the emulator deletes; but not so long that DynamoDB would leave it alone.
const PAST: Timestamp = Timestamp::from_secs(1_750_000_000);

fn expired() -> (TokenRecord, Family) {
    let token = TokenRecord { issued_at: PAST, not_before: PAST, expires_at: Some(PAST.plus(Seconds::HOUR)), ..token("a", 1) };
    let family = Family {
        issued_at: PAST,
        rotated_at: PAST,
        expires_at: PAST.plus(Seconds::DAY),
        needed_until: Some(PAST.plus(Seconds::DAY)),
        ..family("a", 2)
    };
    (token, family)
}

#[test]
fn an_item_may_be_deleted_a_day_after_it_has_expired_in_seconds() {
    let (token, family) = expired();
    let x = |item: &Item| find_number::<i64>(item, "x").unwrap();
    assert_eq!(x(&token_item(&token, true).unwrap()), Some(1_750_000_000 + 3_600 + 86_400));
    assert_eq!(x(&family_item(&family).unwrap()), Some(1_750_000_000 + 86_400 + 86_400));
    assert_eq!(x(&token_item(&rich_token("a", 1), true).unwrap()), None, "what doesn't expire is kept");
}

#[tokio::test]
async fn what_has_expired_is_found_until_it_is_deleted() {
    let emulator = Emulator::here(true).await;
    let store = &emulator.store;
    let (token, family) = expired();
    let lasting = rich_token("a", 9);
    store.record(&new(&token, Some(&family))).await.unwrap();
    store.record(&new(&lasting, None)).await.unwrap();
    let past = Mark { expires_at: Some(PAST), ..mark("a", MarkKind::Org, PAST) };
    store.mark(&past).await.unwrap();
    let endless = Mark { expires_at: None, ..mark("b", MarkKind::Org, PAST) };
    store.mark(&endless).await.unwrap();
    assert_eq!(find_token(store, &token.key()).await, Some(token.clone()));
    assert_eq!(find_family(store, &family.key()).await, Some(family.clone()));
    assert_eq!(store.list(&TokenQuery::of(org_id("a"))).await.unwrap().tokens.len(), 2);

    let deleted = emulator.database.unwrap().sweep_ttl().unwrap();
    assert_eq!(deleted, 2 + usize::from(Shard::COUNT), "token, family, and a mark in every shard");
    assert_eq!(find_token(store, &token.key()).await, None);
    assert_eq!(find_family(store, &family.key()).await, None);
    assert_eq!(find_token(store, &lasting.key()).await, Some(lasting.clone()), "it doesn't expire");
    assert_eq!(store.list(&TokenQuery::of(org_id("a"))).await.unwrap().tokens, [lasting]);
    assert_eq!(find_mark(store, &endless.key, Shard::of(3)).await, Some(PAST));
    assert_eq!(find_mark(store, &past.key, Shard::of(3)).await, None);
}

#[tokio::test]
async fn a_family_that_has_expired_never_rotates_deleted_or_not() {
    let emulator = Emulator::here(true).await;
    let (token, family) = expired();
    emulator.store.record(&new(&token, Some(&family))).await.unwrap();
    let late = step(family.key(), 0);
    assert!(matches!(emulator.store.rotate(&late).await.unwrap(), Rotation::Lost(there) if *there == family));
    emulator.database.unwrap().sweep_ttl().unwrap();
    assert!(matches!(emulator.store.rotate(&late).await.unwrap(), Rotation::Unknown));
    assert_eq!(find_family(&emulator.store, &family.key()).await, None, "rotating makes no record");
}

#[tokio::test]
async fn what_was_revoked_is_kept_as_long_as_what_was_not() {
    let emulator = Emulator::here(true).await;
    let token = token("a", 1);
    emulator.store.record(&new(&token, None)).await.unwrap();
    assert_eq!(emulator.store.revoke(&token.key(), None, at(1)).await.unwrap(), Revocation::Done);
    let key = Some(Key::token(&token.key()).into_item());
    let there = emulator.client.get_item().table_name(&emulator.tables.tokens).set_key(key).send().await.unwrap().item.unwrap();
    let x = token.expires_at.unwrap().plus(Seconds::DAY).as_secs();
    assert_eq!(find_number(&there, "x").unwrap(), Some(x));
}
