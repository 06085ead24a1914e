//! Status lists: leasing indices, and replacing each version of a list by the next.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cases;
use super::parallel::{at_once, is_won_by_one};
use super::samples::{T0, find_token, org_id, rich_token, token};
use crate::domain::{Seconds, StatusList, StatusListId, StatusOrg, TokenRecord};
use crate::store::{NewToken, StatusLease, Store, TokenQuery};

cases![
    a_list_is_replaced_only_by_its_next_version,
    a_list_is_read_back_whole,
    how_many_lists_are_published_never_becomes_fewer,
    an_org_keeps_its_first_secret_and_that_it_has_derived_tokens,
    leases_never_overlap,
    of_many_next_versions_one_is_written,
    orgs_with_lists_are_listed_by_their_ids,
    the_tokens_of_a_family_are_listed_alone,
    where_a_token_s_status_is_is_kept_with_it,
];

fn lease(org: &str, secret: u8, has_derived: bool) -> StatusLease {
    StatusLease { org: org_id(org), count: 128, secret: [secret; 32], has_derived }
}

fn list(n: u8, version: u64) -> StatusList {
    let byte = u8::try_from(version).unwrap();
    StatusList {
        id: StatusListId::from_bytes([n; 16]),
        org: org_id("a"),
        version,
        bits: vec![0, byte, 255],
        jwt: format!("a.b.{version}"),
        expires_at: T0.plus(Seconds::HOUR),
    }
}

async fn an_org_keeps_its_first_secret_and_that_it_has_derived_tokens(store: Arc<dyn Store>) {
    let known = |leased, has_derived| StatusOrg { org: org_id("a"), secret: [1; 32], leased, published: 0, has_derived };
    for (n, secret, derives, has_derived) in [(1, 1, false, false), (2, 2, false, false), (3, 3, true, true), (4, 4, false, true)]
    {
        let leased = store.lease_status_indices(&lease("a", secret, derives)).await.unwrap();
        assert_eq!(leased, known(n * 128, has_derived));
        assert_eq!(store.status_orgs(None, 10).await.unwrap(), [leased]);
    }
}

async fn how_many_lists_are_published_never_becomes_fewer(store: Arc<dyn Store>) {
    store.lease_status_indices(&lease("a", 1, false)).await.unwrap();
    for (noted, published) in [(1, 1), (2, 2), (1, 2)] {
        store.note_published_lists(&org_id("a"), noted).await.unwrap();
        assert_eq!(store.status_orgs(None, 1).await.unwrap()[0].published, published);
    }
    assert_eq!(store.lease_status_indices(&lease("a", 1, false)).await.unwrap().published, 2);
}

async fn leases_never_overlap(store: Arc<dyn Store>) {
    let lease = |store: Arc<dyn Store>, _| async move { store.lease_status_indices(&lease("a", 1, false)).await.unwrap().leased };
    let leased = at_once(&store, lease).await;
    let (count, ends) = (leased.len(), leased.into_iter().collect::<BTreeSet<_>>());
    assert_eq!(ends, (1..).map(|n| n * 128).take(count).collect());
}

async fn orgs_with_lists_are_listed_by_their_ids(store: Arc<dyn Store>) {
    for org in ["b", "a-1", "a", "A", "a_"] {
        store.lease_status_indices(&lease(org, 1, false)).await.unwrap();
    }
    let ids = async |after: Option<&str>, limit| {
        let found = store.status_orgs(after.map(org_id).as_ref(), limit).await.unwrap();
        found.into_iter().map(|known| known.org.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 10).await, ["A", "a", "a-1", "a_", "b"]);
    assert_eq!(ids(None, 2).await, ["A", "a"]);
    assert_eq!(ids(Some("a"), 2).await, ["a-1", "a_"]);
    assert_eq!(ids(Some("b"), 2).await, [""; 0]);
}

async fn a_list_is_read_back_whole(store: Arc<dyn Store>) {
    let list = list(1, 1);
    assert_eq!(store.status_list(&list.id).await.unwrap(), None);
    for _ in 0..2 {
        assert!(store.put_status_list(&list).await.unwrap(), "a second time is a success");
    }
    assert_eq!(store.status_list(&list.id).await.unwrap(), Some(list));
}

async fn a_list_is_replaced_only_by_its_next_version(store: Arc<dyn Store>) {
    assert!(!store.put_status_list(&list(1, 2)).await.unwrap(), "there is none before");
    assert!(store.put_status_list(&list(1, 1)).await.unwrap());
    assert!(store.put_status_list(&list(1, 2)).await.unwrap());
    let other = StatusList { jwt: "x".to_owned(), ..list(1, 2) };
    for outdated in [list(1, 1), list(1, 4), other] {
        assert!(!store.put_status_list(&outdated).await.unwrap(), "{outdated:?}");
        assert_eq!(store.status_list(&outdated.id).await.unwrap(), Some(list(1, 2)));
    }
    assert!(store.put_status_list(&list(2, 1)).await.unwrap(), "another list has versions of its own");
}

async fn of_many_next_versions_one_is_written(store: Arc<dyn Store>) {
    assert!(store.put_status_list(&list(1, 1)).await.unwrap());
    let write = |store: Arc<dyn Store>, n| async move {
        let next = StatusList { jwt: format!("next {n}"), ..list(1, 2) };
        let is_written = store.put_status_list(&next).await.unwrap();
        (next, is_written)
    };
    let (winner, _) = is_won_by_one(at_once(&store, write).await, &true);
    assert_eq!(store.status_list(&winner.id).await.unwrap(), Some(winner));
}

async fn where_a_token_s_status_is_is_kept_with_it(store: Arc<dyn Store>) {
    let (listed, bare) = (rich_token("a", 1), token("a", 2));
    assert!(listed.status.is_some() && bare.status.is_none());
    for token in [listed, bare] {
        store.record(&NewToken::new(token.clone(), None)).await.unwrap();
        assert_eq!(find_token(&store, &token.key()).await.map(|token| token.status), Some(token.status));
    }
}

async fn the_tokens_of_a_family_are_listed_alone(store: Arc<dyn Store>) {
    let of_family = |n, family| TokenRecord { family, ..token("a", n) };
    let family = token("a", 1).id;
    // A token is in the shard of its family.
    let in_shard: Vec<_> = (1..400).filter(|n| token("a", *n).id.shard() == family.shard()).take(3).collect();
    for n in &in_shard[..2] {
        store.record(&NewToken::new(of_family(*n, Some(family)), None)).await.unwrap();
    }
    store.record(&NewToken::new(of_family(in_shard[2], Some(token("a", 999).id)), None)).await.unwrap();
    store.record(&NewToken::new(of_family(500, None), None)).await.unwrap();
    let query = TokenQuery { family: Some(family), ..TokenQuery::default() };
    let page = store.list(&org_id("a"), &query).await.unwrap();
    let found: BTreeSet<_> = page.tokens.into_iter().map(|token| token.id).collect();
    assert_eq!(found, in_shard[..2].iter().map(|n| token("a", *n).id).collect());
}
