//! Revoking tokens, families and sets.

use std::sync::Arc;

use super::cases;
use super::samples::{
    at, client_id, family, family_key, find_family, find_mark, find_token, mark, new, org_id, read, rich_token, session, subject,
    token, token_key,
};
use crate::domain::{NotBefore, NotBeforeScope, RevocationStamp, RevokingParty, Shard};
use crate::store::{RecordKeys, Revocation, Store};

cases![
    a_family_is_revoked_once,
    a_mark_is_in_every_shard,
    a_mark_moves_forward_and_never_back,
    a_mark_that_is_kept_for_ever_never_moves_back_either,
    a_missing_family_does_not_keep_the_token_alive,
    a_revoked_token_takes_its_live_family_with_it,
    a_token_is_revoked_once_and_the_first_moment_stays,
    marks_are_apart,
    nothing_is_revoked_with_an_unknown_token,
    token_and_family_are_revoked_together,
    who_revoked_stays_of_the_first,
];

async fn a_token_is_revoked_once_and_the_first_moment_stays(store: Arc<dyn Store>) {
    let token = rich_token("a", 1);
    store.record(&new(&token, None)).await.unwrap();
    for (moment, expected) in [(10, Revocation::Done), (5, Revocation::Already), (20, Revocation::Already)] {
        assert_eq!(store.revoke(&token.key(), None, at(moment).into()).await.unwrap(), expected);
        let found = find_token(&store, &token.key()).await.unwrap();
        assert_eq!(found.revoked_at, Some(at(10)));
        assert_eq!(crate::domain::TokenRecord { revoked_at: None, ..found }, token, "nothing else changes");
    }
    assert_eq!(store.revoke(&token_key("a", 2), None, at(1).into()).await.unwrap(), Revocation::Unknown);
    assert_eq!(store.revoke(&token_key("b", 1), None, at(1).into()).await.unwrap(), Revocation::Unknown, "another org's");
    assert_eq!(find_token(&store, &token_key("b", 1)).await, None, "revoking makes no record");
}

async fn who_revoked_stays_of_the_first(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    store.record(&new(&token("a", 3), Some(&family("a", 4)))).await.unwrap();
    let nobody = RevocationStamp::from(at(5));
    let parties = [
        RevokingParty::bearer_of(&rich_token("a", 9)),
        RevokingParty::holder_of(&family("another", 9)),
        RevokingParty { org: org_id("a"), subject: None, client: None, token: None },
    ];
    for party in &parties {
        let stamp = RevocationStamp::new(at(10), party.clone());
        store.revoke(&token_key("a", 1), Some(&family_key("a", 2)), stamp.clone()).await.unwrap();
        store.revoke_family(&family_key("a", 4), stamp).await.unwrap();
    }
    store.revoke(&token_key("a", 3), Some(&family_key("a", 4)), nobody).await.unwrap();
    let first = Some(Box::new(parties[0].clone()));
    assert_eq!(find_token(&store, &token_key("a", 1)).await.unwrap().revoked_by, first);
    assert_eq!(find_family(&store, &family_key("a", 2)).await.unwrap().revoked_by, first);
    assert_eq!(find_family(&store, &family_key("a", 4)).await.unwrap().revoked_by, first);
    assert_eq!(find_token(&store, &token_key("a", 3)).await.unwrap().revoked_by, None, "nobody asked for it");
    for (n, party) in (10..).zip(parties) {
        store.record(&new(&token("a", n), None)).await.unwrap();
        store.revoke(&token_key("a", n), None, RevocationStamp::new(at(10), party.clone())).await.unwrap();
        assert_eq!(find_token(&store, &token_key("a", n)).await.unwrap().revoked_by, Some(Box::new(party)));
    }
}

async fn token_and_family_are_revoked_together(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    let (token, family) = (token_key("a", 1), family_key("a", 2));
    for (moment, expected) in [(10, Revocation::Done), (20, Revocation::Already)] {
        assert_eq!(store.revoke(&token, Some(&family), at(moment).into()).await.unwrap(), expected);
        assert_eq!(find_token(&store, &token).await.unwrap().revoked_at, Some(at(10)));
        assert_eq!(find_family(&store, &family).await.unwrap().revoked_at, Some(at(10)));
    }
}

async fn a_revoked_token_takes_its_live_family_with_it(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    let (token, family) = (token_key("a", 1), family_key("a", 2));
    assert_eq!(store.revoke(&token, None, at(10).into()).await.unwrap(), Revocation::Done);
    assert_eq!(find_family(&store, &family).await.unwrap().revoked_at, None);
    assert_eq!(store.revoke(&token, Some(&family), at(20).into()).await.unwrap(), Revocation::Already);
    assert_eq!(find_token(&store, &token).await.unwrap().revoked_at, Some(at(10)));
    assert_eq!(find_family(&store, &family).await.unwrap().revoked_at, Some(at(20)));
}

async fn a_missing_family_does_not_keep_the_token_alive(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), None)).await.unwrap();
    let (token, missing) = (token_key("a", 1), family_key("a", 9));
    assert_eq!(store.revoke(&token, Some(&missing), at(10).into()).await.unwrap(), Revocation::Done);
    assert_eq!(store.revoke(&token, Some(&missing), at(20).into()).await.unwrap(), Revocation::Already);
    assert_eq!(find_token(&store, &token).await.unwrap().revoked_at, Some(at(10)));
    assert_eq!(find_family(&store, &missing).await, None, "revoking makes no record");
}

async fn nothing_is_revoked_with_an_unknown_token(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    let family = family_key("a", 2);
    assert_eq!(store.revoke(&token_key("a", 9), Some(&family), at(10).into()).await.unwrap(), Revocation::Unknown);
    assert_eq!(find_family(&store, &family).await.unwrap().revoked_at, None, "both or neither");
}

async fn a_family_is_revoked_once(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    let key = family_key("a", 2);
    for (moment, expected) in [(10, Revocation::Done), (5, Revocation::Already)] {
        assert_eq!(store.revoke_family(&key, at(moment).into()).await.unwrap(), expected);
        assert_eq!(find_family(&store, &key).await.unwrap().revoked_at, Some(at(10)));
    }
    assert_eq!(find_token(&store, &token_key("a", 1)).await.unwrap().revoked_at, None, "the family's end is the token's end");
    assert_eq!(store.revoke(&token_key("a", 1), Some(&key), at(30).into()).await.unwrap(), Revocation::Done);
    assert_eq!(find_family(&store, &key).await.unwrap().revoked_at, Some(at(10)), "the first moment stays");
    assert_eq!(store.revoke_family(&family_key("b", 2), at(1).into()).await.unwrap(), Revocation::Unknown);
}

async fn a_mark_is_in_every_shard(store: Arc<dyn Store>) {
    for mark in all_kinds() {
        store.set_not_before(&mark).await.unwrap();
        for shard in Shard::all() {
            assert_eq!(find_mark(&store, &mark.key, shard).await, Some(mark.not_before), "{shard}");
        }
        let found = read(&store, RecordKeys { marks: vec![mark.key.clone()], ..RecordKeys::default() }).await;
        assert_eq!(found.marks.find(&mark.key), Some(mark.not_before), "without a shard any copy will do");
    }
}

async fn marks_are_apart(store: Arc<dyn Store>) {
    let marks = all_kinds();
    for (i, mark) in marks.iter().enumerate() {
        for later in &marks[i..] {
            assert_eq!(find_mark(&store, &later.key, shard(3)).await, None, "{later:?}");
        }
        store.set_not_before(mark).await.unwrap();
    }
    for mark in &marks {
        assert_eq!(find_mark(&store, &mark.key, shard(3)).await, Some(mark.not_before));
    }
}

async fn a_mark_moves_forward_and_never_back(store: Arc<dyn Store>) {
    for (moment, stands_at) in [(10, 10), (5, 10), (10, 10), (11, 11), (-1_000_000, 11)] {
        let mark = mark("a", NotBeforeScope::Org, at(moment));
        store.set_not_before(&mark).await.unwrap();
        for shard in Shard::all() {
            assert_eq!(find_mark(&store, &mark.key, shard).await, Some(at(stands_at)), "{shard}");
        }
    }
}

async fn a_mark_that_is_kept_for_ever_never_moves_back_either(store: Arc<dyn Store>) {
    let endless = NotBefore { expires_at: None, ..mark("a", NotBeforeScope::Org, at(10)) };
    for mark in [&endless, &mark("a", NotBeforeScope::Org, at(5)), &endless] {
        store.set_not_before(mark).await.unwrap();
        assert_eq!(find_mark(&store, &endless.key, shard(0)).await, Some(at(10)));
    }
    store.set_not_before(&mark("a", NotBeforeScope::Org, at(20))).await.unwrap();
    assert_eq!(find_mark(&store, &endless.key, shard(0)).await, Some(at(20)));
}

/// Marks that are easily mistaken for each other, each of another moment.
fn all_kinds() -> Vec<NotBefore> {
    let kinds = |org: &str| {
        let member = |text| NotBeforeScope::Member(subject(text));
        let kinds = [
            NotBeforeScope::Org,
            NotBeforeScope::Client(client_id(1)),
            NotBeforeScope::Client(client_id(11)),
            member("1"),
            member("org"),
            member("o"),
            member("1#1"),
            NotBeforeScope::ClientOf(client_id(1), subject("1")),
            NotBeforeScope::ClientOf(client_id(1), subject("1#1")),
            NotBeforeScope::ClientOf(client_id(11), subject("1")),
            NotBeforeScope::ClientsOf(subject("1")),
            NotBeforeScope::ClientsOf(subject("1#1")),
            member("é\"'%_"),
            NotBeforeScope::Session(session(org, "1").id),
            NotBeforeScope::Session(session(org, "o").id),
        ];
        kinds.map(|kind| mark(org, kind, at(0)))
    };
    let marks = ["a", "ab"].into_iter().flat_map(kinds);
    marks.zip(1..).map(|(mark, n)| NotBefore { not_before: at(n), ..mark }).collect()
}

fn shard(number: usize) -> Shard {
    Shard::all().nth(number).unwrap()
}
