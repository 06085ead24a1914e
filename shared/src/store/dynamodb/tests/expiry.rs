//! DynamoDB deletes what has expired days later, or at once: nobody sees a difference but in what is found.

use super::super::Item;
use super::super::items::{
    alias_item, api_key_item, api_key_value_item, authorization_item, batch_item, family_item, find_number, logout_item,
    replay_item, ticket_item, token_item,
};
use super::super::keys::Key;
use super::Emulator;
use crate::domain::{Alias, Aliased, Family, NotBefore, NotBeforeScope, Seconds, Shard, Timestamp, TokenRecord};
use crate::store::conformance::samples::{
    alias, api_key, at, authorization, batch, family, find_family, find_mark, find_token, id, logout, mark, new, org_id,
    redeemed, refreshable, rich_token, step, ticket, token, used,
};
use crate::store::{AdvanceOutcome, FamilyAdvance, FamilyUpdate, Revocation, TokenQuery, TokenUpdate, UpdateOutcome};

/// Long before the emulator's time, by which it deletes; but not so long that DynamoDB would leave it alone.
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
    assert_eq!(x(&ticket_item(&ticket("a", 1)).unwrap()), Some(1_800_000_000 + 86_400 + 86_400));
    assert_eq!(x(&logout_item(&logout("a", 1)).unwrap()), Some(1_800_000_000 + 1_800 + 86_400));
    let key = 1_800_000_000 + (1 + 90 + 1) * 86_400;
    assert_eq!([x(&api_key_item(&api_key("a", 1)).unwrap()), x(&api_key_value_item(&api_key("a", 1)))], [Some(key); 2]);
    assert_eq!(x(&authorization_item(&authorization("a", 1)).unwrap()), Some(1_800_000_000 + 600 + 3_600 + 86_400));
    let used_code = x(&authorization_item(&redeemed("a", 1, token.id)).unwrap());
    assert_eq!(used_code, Some(1_800_000_000 + 60 + 86_400 + 86_400), "a second use of the code is noticed for a day");
    assert_eq!(x(&replay_item(&used("a", 1), &[])), Some(1_800_000_000 + 60 + 86_400));
    assert_eq!(x(&batch_item(&batch("a", 1)).unwrap()), Some(1_800_000_000 + 7 * 86_400 + 86_400));
    let mortal = alias("a", 1, Aliased::Token(token.id));
    assert_eq!(x(&alias_item(&mortal)), Some(1_800_000_000 + 86_400 + 86_400));
    assert_eq!(x(&alias_item(&Alias { expires_at: None, ..mortal })), None, "what doesn't expire is found for ever");
}

/// Its end isn't that of its access tokens, which nobody could revoke with it any more.
#[tokio::test]
async fn a_family_is_kept_as_long_as_it_is_needed() {
    let emulator = Emulator::here(true).await;
    let (token, family) = expired();
    let days = |count: u32| family.expires_at.plus(Seconds(count * 86_400));
    let endless = Family { id: id(6), needed_until: None, ..family.clone() };
    let needed = Family { id: id(4), needed_until: Some(days(2_000)), ..family.clone() };
    for (n, family) in [(1, &family), (3, &needed), (5, &endless)] {
        emulator.store.record(&new(&TokenRecord { id: id(n), ..token.clone() }, Some(family))).await.unwrap();
    }
    emulator.database.unwrap().sweep_ttl().unwrap();
    assert_eq!(find_family(&emulator.store, &family.key()).await, None);
    for family in [needed, endless] {
        assert_eq!(find_family(&emulator.store, &family.key()).await.as_ref(), Some(&family));
    }
}

#[tokio::test]
async fn what_a_family_is_needed_for_moves_when_it_may_be_deleted() {
    let emulator = Emulator::here(true).await;
    let family = family("a", 2);
    emulator.store.record(&new(&token("a", 1), Some(&family))).await.unwrap();
    let x = async || find_number::<i64>(&emulator.item(Key::family(&family.key())).await, "x").unwrap();
    let second = |days: i64| Some(1_800_000_000 + (days + 1) * 86_400);
    assert_eq!(x().await, second(1));
    let ends = |days: i64| Some((at(days * 86_400_000), Some(at(days * 86_400_000))));
    emulator.store.advance_family(&FamilyAdvance { ends: ends(3), ..step(family.key(), 0) }).await.unwrap();
    assert_eq!(x().await, second(3), "it slides");
    emulator.store.advance_family(&step(family.key(), 1)).await.unwrap();
    assert_eq!(x().await, second(3), "it stays");
    let amended = Family { revision: 1, needed_until: Some(at(5 * 86_400_000)), ..family.clone() };
    let amend = async |family, moves_end| {
        let family = Some(FamilyUpdate { family, moves_end });
        emulator.store.update_token(&TokenUpdate { token: None, family, alias: None }).await.unwrap()
    };
    assert_eq!(amend(amended.clone(), false).await, UpdateOutcome::Done);
    assert_eq!(x().await, second(5), "it is amended");
    assert_eq!(amend(Family { revision: 2, needed_until: None, ..amended }, true).await, UpdateOutcome::Done);
    assert_eq!(x().await, None, "one of its tokens doesn't expire");
}

#[tokio::test]
async fn a_token_is_kept_as_long_as_it_can_be_refreshed_or_until_another_takes_its_place() {
    let emulator = Emulator::here(true).await;
    let (token, family) = refreshable();
    emulator.store.record(&new(&token, Some(&family))).await.unwrap();
    let x = async || find_number::<i64>(&emulator.item(Key::token(&token.key())).await, "x").unwrap();
    let (own, with_family) = (Some(1_800_000_000 + 3_600 + 86_400), Some(1_800_000_000 + 86_400 + 86_400));
    assert_eq!(x().await, with_family);
    let stay = FamilyAdvance { next: None, token: token.id, ..step(family.key(), 0) };
    emulator.store.advance_family(&stay).await.unwrap();
    assert_eq!(x().await, with_family, "it has taken its own place");
    emulator.store.advance_family(&FamilyAdvance { token: id(99), ..stay }).await.unwrap();
    assert_eq!(x().await, own);
    assert_eq!(find_token(&emulator.store, &token.key()).await, Some(token), "nothing else changes");
}

/// As versions before OAuth wrote them.
#[tokio::test]
async fn a_family_without_a_moment_of_its_own_is_needed_until_it_ends() {
    let emulator = Emulator::here(true).await;
    let begun = family("a", 2);
    let mut item = family_item(&begun).unwrap();
    item.remove("u");
    emulator.client.put_item().table_name(&emulator.tables.tokens).set_item(Some(item)).send().await.unwrap();
    assert_eq!(find_family(&emulator.store, &begun.key()).await, Some(begun));
}

#[tokio::test]
async fn what_has_expired_is_found_until_it_is_deleted() {
    let emulator = Emulator::here(true).await;
    let store = &emulator.store;
    let (token, family) = expired();
    let lasting = rich_token("a", 9);
    store.record(&new(&token, Some(&family))).await.unwrap();
    store.record(&new(&lasting, None)).await.unwrap();
    let past = NotBefore { expires_at: Some(PAST), ..mark("a", NotBeforeScope::Org, PAST) };
    store.set_not_before(&past).await.unwrap();
    let endless = NotBefore { expires_at: None, ..mark("b", NotBeforeScope::Org, PAST) };
    store.set_not_before(&endless).await.unwrap();
    assert_eq!(find_token(store, &token.key()).await, Some(token.clone()));
    assert_eq!(find_family(store, &family.key()).await, Some(family.clone()));
    assert_eq!(store.list(&org_id("a"), &TokenQuery::default()).await.unwrap().tokens.len(), 2);

    let deleted = emulator.database.unwrap().sweep_ttl().unwrap();
    assert_eq!(deleted, 2 + usize::from(Shard::COUNT), "token, family, and a mark in every shard");
    assert_eq!(find_token(store, &token.key()).await, None);
    assert_eq!(find_family(store, &family.key()).await, None);
    assert_eq!(find_token(store, &lasting.key()).await, Some(lasting.clone()), "it doesn't expire");
    assert_eq!(store.list(&org_id("a"), &TokenQuery::default()).await.unwrap().tokens, [lasting]);
    assert_eq!(find_mark(store, &endless.key, Shard::from_byte(3)).await, Some(PAST));
    assert_eq!(find_mark(store, &past.key, Shard::from_byte(3)).await, None);
}

#[tokio::test]
async fn a_family_that_has_expired_never_rotates_deleted_or_not() {
    let emulator = Emulator::here(true).await;
    let (token, family) = expired();
    emulator.store.record(&new(&token, Some(&family))).await.unwrap();
    let late = step(family.key(), 0);
    assert!(matches!(emulator.store.advance_family(&late).await.unwrap(), AdvanceOutcome::Superseded(there) if *there == family));
    emulator.database.unwrap().sweep_ttl().unwrap();
    assert!(matches!(emulator.store.advance_family(&late).await.unwrap(), AdvanceOutcome::Unknown));
    assert_eq!(find_family(&emulator.store, &family.key()).await, None, "rotating makes no record");
}

#[tokio::test]
async fn what_was_revoked_is_kept_as_long_as_what_was_not() {
    let emulator = Emulator::here(true).await;
    let token = token("a", 1);
    emulator.store.record(&new(&token, None)).await.unwrap();
    assert_eq!(emulator.store.revoke(&token.key(), None, at(1).into()).await.unwrap(), Revocation::Done);
    let there = emulator.item(Key::token(&token.key())).await;
    let x = token.expires_at.unwrap().plus(Seconds::DAY).as_secs();
    assert_eq!(find_number(&there, "x").unwrap(), Some(x));
}

/// By its end alone a code would be forgotten with the request.
#[tokio::test]
async fn a_step_of_an_authorization_moves_when_it_may_be_deleted() {
    let emulator = Emulator::here(true).await;
    let begun = authorization("a", 1);
    emulator.store.put_authorization(&begun).await.unwrap();
    let x = async || find_number::<i64>(&emulator.item(Key::authorization(&begun.key())).await, "x").unwrap();
    assert_eq!(x().await, Some(1_800_000_000 + 600 + 3_600 + 86_400));
    assert!(emulator.store.update_authorization(&redeemed("a", 1, id(9))).await.unwrap());
    assert_eq!(x().await, Some(1_800_000_000 + 60 + 86_400 + 86_400));
}
