//! API keys: how they are made, found, changed and ended.

use std::sync::Arc;

use futures::future::join_all;

use super::cases;
use super::parallel::at_once;
use super::samples::{api_key, api_key_locator, api_key_value, at, org_id, read, rich_api_key, subject};
use crate::domain::{ApiKey, ApiKeyLocator, ApiKeyRevocation, ApiKeyRevocationReason, Seconds, TokenId};
use crate::store::{ApiKeyHolder, ApiKeyInsert, ApiKeyLimit, ApiKeyQuery, RecordKeys, Revocation, Store};

cases![
    a_creation_that_is_repeated_is_a_success_and_leaves_what_happened_since,
    a_key_is_found_by_its_values_and_read_back_whole,
    a_key_is_of_its_org_alone,
    a_page_of_keys_follows_the_other_newest_first,
    a_revocation_ends_a_key_once_and_the_first_reason_stays,
    a_use_is_noted_by_the_hour_and_never_moves_back,
    an_id_or_a_value_that_is_taken_is_a_fault,
    an_owner_has_no_more_live_keys_than_may_be,
    an_update_needs_the_revision_that_was_seen_and_a_key_that_lives,
    of_parallel_creations_no_more_succeed_than_may_be,
    of_parallel_rotations_of_one_revision_one_wins,
];

const MANY: ApiKeyLimit = ApiKeyLimit { most: 100, made_after: None };

async fn create(store: &Arc<dyn Store>, key: &ApiKey) {
    assert_eq!(store.create_api_key(key, MANY).await.unwrap(), ApiKeyInsert::Done);
}

async fn find(store: &Arc<dyn Store>, key: &ApiKeyLocator) -> Option<ApiKey> {
    read(store, RecordKeys { api_keys: vec![key.clone()], ..RecordKeys::default() }).await.api_keys.remove(key)
}

async fn holder(store: &Arc<dyn Store>, hash: [u8; 32]) -> Option<ApiKeyHolder> {
    read(store, RecordKeys { api_key_values: vec![hash], ..RecordKeys::default() }).await.api_key_values.remove(&hash)
}

fn revocation(ms: i64, reason: ApiKeyRevocationReason) -> ApiKeyRevocation {
    ApiKeyRevocation { at: at(ms), reason, by: None, place: None }
}

fn rotated(key: &ApiKey, value: u64, ms: i64) -> ApiKey {
    key.clone().rotated(api_key_value(value), format!("jtn_pat_{value:04}"), key.expires_at, Seconds(60), at(ms))
}

async fn a_key_is_found_by_its_values_and_read_back_whole(store: Arc<dyn Store>) {
    for key in [api_key("a", 1), rich_api_key("a", 2)] {
        assert_eq!((find(&store, &key.locator()).await, holder(&store, key.value).await), (None, None));
        create(&store, &key).await;
        assert_eq!(find(&store, &key.locator()).await.as_ref(), Some(&key));
        let held = ApiKeyHolder { key: key.locator(), owner: key.owner.clone() };
        assert_eq!(holder(&store, key.value).await, Some(held));
    }
    let seen = api_key("a", 1);
    let key = rotated(&seen, 11, 5);
    assert!(store.update_api_key(&seen, &key).await.unwrap());
    assert_eq!(find(&store, &key.locator()).await.as_ref(), Some(&key));
    for value in [seen.value, key.value] {
        assert_eq!(holder(&store, value).await.unwrap().key, key.locator(), "the record says which values are good");
    }
}

async fn a_key_is_of_its_org_alone(store: Arc<dyn Store>) {
    create(&store, &api_key("a", 1)).await;
    assert_eq!(find(&store, &api_key_locator("b", 1)).await, None);
    let leaked = revocation(1, ApiKeyRevocationReason::Leaked);
    assert_eq!(store.revoke_api_key(&api_key_locator("b", 1), &leaked).await.unwrap(), Revocation::Unknown);
    store.note_api_key_use(&api_key_locator("b", 1), at(0)).await.unwrap();
    assert_eq!(find(&store, &api_key_locator("b", 1)).await, None, "neither makes a key");
    assert_eq!(find(&store, &api_key_locator("a", 1)).await, Some(api_key("a", 1)));
    assert!(list(&store, "b", None, None, 10).await.0.is_empty());
}

async fn a_creation_that_is_repeated_is_a_success_and_leaves_what_happened_since(store: Arc<dyn Store>) {
    let key = api_key("a", 1);
    create(&store, &key).await;
    store.note_api_key_use(&key.locator(), at(0)).await.unwrap();
    let revoked = revocation(7, ApiKeyRevocationReason::Owner);
    assert_eq!(store.revoke_api_key(&key.locator(), &revoked).await.unwrap(), Revocation::Done);
    create(&store, &key).await;
    let expected = ApiKey { used_at: Some(at(0)), revoked: Some(revoked), ..key.clone() };
    assert_eq!(find(&store, &key.locator()).await, Some(expected));
}

async fn an_id_or_a_value_that_is_taken_is_a_fault(store: Arc<dyn Store>) {
    create(&store, &api_key("a", 1)).await;
    let same_id = ApiKey { value: api_key_value(2), ..api_key("a", 1) };
    let same_value = ApiKey { value: api_key_value(1), ..api_key("b", 2) };
    for key in [&same_id, &same_value] {
        assert!(!store.create_api_key(key, MANY).await.unwrap_err().can_retry());
    }
    assert_eq!(find(&store, &same_value.locator()).await, None);
    assert_eq!(holder(&store, api_key_value(2)).await, None, "everything or nothing");
    create(&store, &api_key("a", 3)).await;
    let seen = api_key("a", 3);
    let taken = rotated(&seen, 1, 5);
    assert!(store.update_api_key(&seen, &taken).await.is_err());
    assert_eq!(find(&store, &seen.locator()).await, Some(seen));
}

async fn an_update_needs_the_revision_that_was_seen_and_a_key_that_lives(store: Arc<dyn Store>) {
    let first = api_key("a", 1);
    assert!(!store.update_api_key(&first, &rotated(&first, 11, 5)).await.unwrap(), "there is none");
    create(&store, &first).await;
    store.note_api_key_use(&first.locator(), at(0)).await.unwrap();
    let second = ApiKey { name: "other".to_owned(), revision: 1, expires_at: at(5_000), ..first.clone() };
    for _ in 0..2 {
        assert!(store.update_api_key(&first, &second).await.unwrap(), "a repetition is a success");
    }
    assert!(!store.update_api_key(&first, &rotated(&first, 12, 6)).await.unwrap(), "it isn't what was seen");
    let third = rotated(&second, 13, 7);
    assert!(store.update_api_key(&second, &third).await.unwrap());
    let there = find(&store, &first.locator()).await.unwrap();
    assert_eq!(there, ApiKey { used_at: Some(at(0)), ..third.clone() }, "a use is no change");
    store.revoke_api_key(&first.locator(), &revocation(8, ApiKeyRevocationReason::Bulk)).await.unwrap();
    assert!(!store.update_api_key(&third, &rotated(&third, 14, 9)).await.unwrap());
    assert!(holder(&store, api_key_value(14)).await.is_none());
    assert!(store.update_api_key(&second, &third).await.unwrap(), "what was done before it was revoked stays done");
}

async fn a_revocation_ends_a_key_once_and_the_first_reason_stays(store: Arc<dyn Store>) {
    let key = api_key("a", 1);
    create(&store, &key).await;
    let rich = rich_api_key("a", 2).revoked.unwrap();
    let first = ApiKeyRevocation { by: rich.by, place: rich.place, ..revocation(5, ApiKeyRevocationReason::Leaked) };
    assert_eq!(store.revoke_api_key(&key.locator(), &first).await.unwrap(), Revocation::Done);
    let later = revocation(6, ApiKeyRevocationReason::Owner);
    assert_eq!(store.revoke_api_key(&key.locator(), &later).await.unwrap(), Revocation::Already);
    assert_eq!(find(&store, &key.locator()).await, Some(ApiKey { revoked: Some(first), ..key.clone() }));
    assert!(holder(&store, key.value).await.is_some(), "it is still known whose it was");
}

async fn a_use_is_noted_by_the_hour_and_never_moves_back(store: Arc<dyn Store>) {
    let key = api_key("a", 1);
    create(&store, &key).await;
    for (noted, expected) in [(3_600_000, 3_600_000), (0, 3_600_000), (3_600_000, 3_600_000), (7_200_000, 7_200_000)] {
        store.note_api_key_use(&key.locator(), at(noted)).await.unwrap();
        assert_eq!(find(&store, &key.locator()).await, Some(ApiKey { used_at: Some(at(expected)), ..key.clone() }));
    }
}

async fn an_owner_has_no_more_live_keys_than_may_be(store: Arc<dyn Store>) {
    let two = ApiKeyLimit { most: 2, made_after: None };
    let key = |n, ms| ApiKey { created_at: at(ms), expires_at: at(ms + 10_000), ..api_key("a", n) };
    for n in [1, 2] {
        assert_eq!(store.create_api_key(&key(n, 0), two).await.unwrap(), ApiKeyInsert::Done);
    }
    for _ in 0..2 {
        assert_eq!(store.create_api_key(&key(3, 1), two).await.unwrap(), ApiKeyInsert::TooMany);
    }
    assert_eq!((find(&store, &key(3, 1).locator()).await, holder(&store, api_key_value(3)).await), (None, None));
    assert_eq!(store.create_api_key(&key(2, 0), two).await.unwrap(), ApiKeyInsert::Done, "it is there already");
    let of_others = [ApiKey { owner: subject("bob"), ..key(4, 1) }, ApiKey { org: org_id("b"), ..key(5, 1) }];
    for other in of_others {
        assert_eq!(store.create_api_key(&other, two).await.unwrap(), ApiKeyInsert::Done);
    }
    store.revoke_api_key(&key(1, 0).locator(), &revocation(2, ApiKeyRevocationReason::Owner)).await.unwrap();
    assert_eq!(store.create_api_key(&key(3, 3), two).await.unwrap(), ApiKeyInsert::Done, "what is revoked doesn't count");
    assert_eq!(store.create_api_key(&key(6, 4), two).await.unwrap(), ApiKeyInsert::TooMany);
    assert_eq!(store.create_api_key(&key(6, 10_000), two).await.unwrap(), ApiKeyInsert::Done, "nor does what is over");
    let marked = |ms| ApiKeyLimit { most: 2, made_after: Some(at(ms)) };
    assert_eq!(store.create_api_key(&key(7, 10_001), marked(2)).await.unwrap(), ApiKeyInsert::TooMany);
    assert_eq!(
        store.create_api_key(&key(7, 10_001), marked(3)).await.unwrap(),
        ApiKeyInsert::Done,
        "nor what a mark has revoked"
    );
}

async fn of_parallel_creations_no_more_succeed_than_may_be(store: Arc<dyn Store>) {
    let three = ApiKeyLimit { most: 3, made_after: None };
    // Each that finds no room counts anew, by a query for each shard: 64 at once are more than an emulator answers in time.
    let some = (0..16).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.create_api_key(&api_key("a", n), three).await.unwrap() })
    });
    let outcomes: Vec<_> = join_all(some.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ApiKeyInsert::Done).count(), 3, "{outcomes:?}");
    assert_eq!(list(&store, "a", None, None, 100).await.0.len(), 3);
}

async fn of_parallel_rotations_of_one_revision_one_wins(store: Arc<dyn Store>) {
    let seen = api_key("a", 1);
    create(&store, &seen).await;
    let outcomes = at_once(&store, |store, n| {
        let seen = api_key("a", 1);
        async move {
            let key = rotated(&seen, 100 + n, 5);
            store.update_api_key(&seen, &key).await.unwrap().then_some(key)
        }
    })
    .await;
    let won: Vec<_> = outcomes.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    assert_eq!(find(&store, &seen.locator()).await, won.first().cloned());
    assert_eq!(holder(&store, won[0].value).await.unwrap().key, seen.locator());
}

async fn list(
    store: &Arc<dyn Store>,
    org: &str,
    owner: Option<&str>,
    after: Option<TokenId>,
    limit: usize,
) -> (Vec<TokenId>, Option<TokenId>) {
    let query = ApiKeyQuery { owner: owner.map(subject), after, limit };
    let page = store.api_keys(&org_id(org), &query).await.unwrap();
    (page.keys.iter().map(|key| key.id).collect(), page.next)
}

async fn a_page_of_keys_follows_the_other_newest_first(store: Arc<dyn Store>) {
    let mut ids = Vec::new();
    for n in 1..=20 {
        let owner = subject(if n % 2 == 0 { "ann" } else { "bob" });
        let key = ApiKey { owner, ..api_key("a", n) };
        create(&store, &key).await;
        ids.push((key.id, n % 2 == 0));
    }
    create(&store, &api_key("b", 30)).await;
    ids.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    for (owner, expected) in [
        (None, ids.iter().map(|(id, _)| *id).collect::<Vec<_>>()),
        (Some("ann"), ids.iter().filter(|(_, is_ann)| *is_ann).map(|(id, _)| *id).collect()),
        (Some("eve"), Vec::new()),
    ] {
        for limit in [1, 3, 20, 100] {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let (page, next) = list(&store, "a", owner, after, limit).await;
                assert!(page.len() <= limit);
                all.extend(page);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(all, expected, "{owner:?} {limit}");
        }
    }
}
