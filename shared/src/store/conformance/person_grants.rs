//! What people have granted to clients: how it grows with each recording, and ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cases;
use super::parallel::at_once;
use super::samples::{
    at, authorization, authorization_key, client_id, family, find_authorization, find_token, new, org_id, person_grant, read,
    redeemed, scope, subject, token, token_key,
};
use crate::domain::{
    Audience, ClientId, GrantedAccess, PersonGrant, PersonGrantKey, PersonGrantUpdate, Remembering, Scope, Timestamp,
};
use crate::store::{InsertOutcome, NewToken, PersonGrantPage, RecordKeys, Store};

cases![
    a_grant_adds_up_and_is_read_back_whole,
    a_grant_is_of_its_org_person_and_client_alone,
    a_grant_that_ended_begins_anew_with_what_is_granted_later,
    a_page_of_grants_follows_the_other,
    a_recording_on_a_grant_that_has_ended_since_writes_nothing,
    a_use_is_noted_where_the_grant_is_good_and_was_not_used_later,
    ending_a_grant_again_at_the_same_moment_is_a_success,
    parallel_recordings_all_add_to_a_grant,
    the_same_recording_again_does_not_bring_an_ended_grant_back,
];

fn key(org: &str, person: &str, client: u64) -> PersonGrantKey {
    PersonGrantKey { org: org_id(org), subject: subject(person), client: client_id(client) }
}

/// Grants these scopes, and one resource for each, at this moment, a moment before the code is redeemed.
fn update(key: &PersonGrantKey, scopes: &[&str], remembering: Remembering, ms: i64) -> PersonGrantUpdate {
    let resources: Vec<_> =
        scopes.iter().map(|name| Audience::parse(&format!("https://{name}.example/\"é\"")).unwrap()).collect();
    let scopes: Vec<Scope> = scopes.iter().map(|name| scope(name)).collect();
    let access = GrantedAccess::new(&scopes, &resources);
    PersonGrantUpdate { key: key.clone(), access, remembering, granted_at: at(ms), now: at(ms + 1) }
}

/// The recording of token number `n` with which this is granted.
fn granting(n: u64, update: &PersonGrantUpdate) -> NewToken {
    NewToken { person_grant: Some(update.clone()), ..new(&token(update.key.org.as_str(), n), None) }
}

async fn record(store: &Arc<dyn Store>, n: u64, update: &PersonGrantUpdate) {
    assert_eq!(store.record(&granting(n, update)).await.unwrap(), InsertOutcome::Done);
}

async fn find(store: &Arc<dyn Store>, key: &PersonGrantKey) -> Option<PersonGrant> {
    read(store, RecordKeys { person_grants: vec![key.clone()], ..RecordKeys::default() }).await.person_grants.remove(key)
}

async fn a_grant_adds_up_and_is_read_back_whole(store: Arc<dyn Store>) {
    let key = key("a", "ann \"Ä\"", 7);
    let mut expected = None;
    let steps: [(&[&str], Remembering); 7] = [
        (&[], Remembering::Stays),
        (&[], Remembering::Adds),
        (&["a", "b?"], Remembering::Stays),
        (&["a"], Remembering::Adds),
        (&["c", "d"], Remembering::Adds),
        (&["e"], Remembering::Ends),
        (&["f"], Remembering::Adds),
    ];
    for ((scopes, remembering), n) in steps.into_iter().zip(1..) {
        let update = update(&key, scopes, remembering, i64::try_from(n).unwrap() * 10);
        record(&store, n, &update).await;
        expected = update.apply(expected);
        assert_eq!(find(&store, &key).await, expected, "step {n}");
    }
}

async fn a_grant_is_of_its_org_person_and_client_alone(store: Arc<dyn Store>) {
    let mine = key("a", "ann", 7);
    let others = [key("b", "ann", 7), key("a", "bob", 7), key("a", "ann", 70), key("a", "ann#7", 7)];
    for (n, other) in (1..).zip(&others) {
        record(&store, n, &update(other, &["a"], Remembering::Adds, 10)).await;
        assert_eq!(find(&store, &mine).await, None);
    }
    assert!(!store.end_person_grant(&mine, at(20)).await.unwrap(), "there is nothing to end");
    store.note_person_grant_use(&mine, at(20)).await.unwrap();
    assert_eq!(find(&store, &mine).await, None, "neither makes a grant");
    record(&store, 9, &update(&mine, &["a"], Remembering::Adds, 10)).await;
    assert!(store.end_person_grant(&mine, at(20)).await.unwrap());
    for other in &others {
        assert_eq!(find(&store, other).await.unwrap().ended_at, None);
    }
}

async fn a_recording_on_a_grant_that_has_ended_since_writes_nothing(store: Arc<dyn Store>) {
    let key = key("a", "ann", 7);
    record(&store, 1, &update(&key, &["a"], Remembering::Adds, 10)).await;
    assert!(store.end_person_grant(&key, at(30)).await.unwrap());
    let ended = find(&store, &key).await;
    store.put_authorization(&authorization("a", 3)).await.unwrap();
    let late = NewToken {
        authorization: Some(Box::new(redeemed("a", 3, token("a", 2).id))),
        family: Some(Arc::new(family("a", 4))),
        ..granting(2, &update(&key, &["b"], Remembering::Adds, 30))
    };
    assert_eq!(store.record(&late).await.unwrap(), InsertOutcome::PersonGrantEnded);
    assert_eq!(find_token(&store, &token_key("a", 2)).await, None);
    assert_eq!(find_authorization(&store, &authorization_key("a", 3)).await, Some(authorization("a", 3)));
    assert_eq!(find(&store, &key).await, ended);
}

async fn a_grant_that_ended_begins_anew_with_what_is_granted_later(store: Arc<dyn Store>) {
    let key = key("a", "ann", 7);
    for remembering in [Remembering::Adds, Remembering::Stays, Remembering::Ends] {
        let ms = 1_000 * (remembering as i64 + 1);
        let n = 10 * (remembering as u64 + 1);
        record(&store, n, &update(&key, &["a"], Remembering::Adds, ms)).await;
        let before = find(&store, &key).await.unwrap();
        assert!(store.end_person_grant(&key, at(ms + 30)).await.unwrap());
        assert_eq!(find(&store, &key).await, Some(before.ended(at(ms + 30))));
        let anew = update(&key, &["b"], remembering, ms + 31);
        record(&store, n + 1, &anew).await;
        assert_eq!(find(&store, &key).await, anew.apply(None), "{remembering:?}");
        assert!(store.end_person_grant(&key, at(ms + 40)).await.unwrap());
    }
}

async fn the_same_recording_again_does_not_bring_an_ended_grant_back(store: Arc<dyn Store>) {
    let begun = person_grant("a", at(10));
    let key = begun.key.clone();
    for _ in 0..3 {
        record(&store, 1, &begun).await;
        assert_eq!(find(&store, &key).await, begun.apply(None));
    }
    assert!(store.end_person_grant(&key, at(5)).await.unwrap());
    let ended = find(&store, &key).await;
    record(&store, 1, &begun).await;
    assert_eq!(find(&store, &key).await, ended);
}

async fn ending_a_grant_again_at_the_same_moment_is_a_success(store: Arc<dyn Store>) {
    let key = key("a", "ann", 7);
    record(&store, 1, &update(&key, &["a"], Remembering::Adds, 10)).await;
    for _ in 0..2 {
        assert!(store.end_person_grant(&key, at(20)).await.unwrap());
    }
    assert!(!store.end_person_grant(&key, at(21)).await.unwrap(), "it isn't good any more");
    assert_eq!(find(&store, &key).await.unwrap().ended_at, Some(at(20)));
}

async fn a_use_is_noted_where_the_grant_is_good_and_was_not_used_later(store: Arc<dyn Store>) {
    let key = key("a", "ann", 7);
    let begun = update(&key, &["a"], Remembering::Adds, 10);
    record(&store, 1, &begun).await;
    let used = async || find(&store, &key).await.unwrap().used_at;
    for (ms, expected) in [(5, at(11)), (50, at(50)), (40, at(50)), (60, at(60))] {
        store.note_person_grant_use(&key, at(ms)).await.unwrap();
        assert_eq!(used().await, expected);
    }
    let expected = PersonGrant { used_at: at(60), ..begun.apply(None).unwrap() };
    assert_eq!(find(&store, &key).await, Some(expected.clone()));
    assert!(store.end_person_grant(&key, at(70)).await.unwrap());
    store.note_person_grant_use(&key, at(80)).await.unwrap();
    assert_eq!(find(&store, &key).await, Some(expected.ended(at(70))));
}

async fn a_page_of_grants_follows_the_other(store: Arc<dyn Store>) {
    // By number, not by digits.
    let clients = [1, 2, 9, 10, 11, 100, 9_007_199_254_740_991];
    for (client, n) in clients.into_iter().zip(1..) {
        record(&store, n, &update(&key("a", "ann", client), &["a"], Remembering::Adds, 10)).await;
    }
    record(&store, 20, &update(&key("a", "bob", 5), &["a"], Remembering::Adds, 10)).await;
    record(&store, 21, &update(&key("b", "ann", 5), &["a"], Remembering::Adds, 10)).await;
    assert!(store.end_person_grant(&key("a", "ann", 9), at(20)).await.unwrap());
    let expected: Vec<_> = clients.into_iter().filter(|client| *client != 9).map(client_id).collect();
    for limit in [1, 2, 3, 7, 100] {
        let (mut all, mut after) = (Vec::new(), None::<ClientId>);
        loop {
            let page = store.person_grants(&org_id("a"), &subject("ann"), after, limit).await.unwrap();
            let PersonGrantPage { grants, next } = page;
            assert!(grants.len() <= limit);
            all.extend(grants.into_iter().map(|grant| grant.key.client));
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, expected, "{limit}");
    }
    let none = store.person_grants(&org_id("a"), &subject("nobody"), None, 10).await.unwrap();
    assert!(none.grants.is_empty() && none.next.is_none());
}

async fn parallel_recordings_all_add_to_a_grant(store: Arc<dyn Store>) {
    let key = &key("a", "ann", 7);
    let outcomes = at_once(&store, |store, n| {
        let update = update(key, &[&format!("s{n}")], Remembering::Adds, 10);
        async move { (update.clone(), store.record(&granting(n, &update)).await.unwrap()) }
    });
    let outcomes = outcomes.await;
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == InsertOutcome::Done));
    let there = find(&store, key).await.unwrap();
    let scopes: BTreeSet<Scope> = outcomes.iter().flat_map(|(update, _)| update.access.scopes.clone()).collect();
    assert_eq!((&there.granted.scopes, there.remembered.map(|known| known.scopes)), (&scopes, Some(scopes.clone())));
    assert_eq!(there.created_at, Timestamp::from_ms(at(11).as_ms()));
}
