//! Event streams of clients, and the signals that wait in them.

use std::sync::Arc;

use super::cases;
use super::parallel::{at_once, is_won_by_one};
use super::samples::{NO_ASSERTIONS, at, client, client_id, event_stream, id, org, org_id, put_org, rich_event_stream, signal};
use crate::domain::{Client, EventStream, EventStreamKey, PendingSignal};
use crate::store::{Delete, EventStreamInsert, Put, Replaced, Store};

cases![
    a_created_stream_is_read_back_whole,
    creating_the_same_stream_again_is_a_success,
    streams_are_listed_by_client_and_id,
    a_stream_needs_its_client,
    no_more_streams_are_created_than_a_client_may_have,
    only_the_next_revision_replaces_a_stream,
    one_of_many_changes_a_stream,
    a_deleted_stream_makes_room_for_another,
    streams_go_with_their_client,
    a_client_with_streams_can_be_changed_and_deleted,
    signals_are_read_oldest_first,
    a_signal_is_kept_once_and_waits_until_it_is_deleted,
    signals_are_of_their_stream_alone,
    many_signals_are_deleted_at_once,
];

async fn a_created_stream_is_read_back_whole(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    for stream in [event_stream("a", 7, 1), rich_event_stream("a", 7, 2)] {
        assert_eq!(create(&store, &stream).await, EventStreamInsert::Done);
        assert_eq!(store.event_stream(&stream.key).await.unwrap(), Some(stream));
    }
    let elsewhere = [event_stream("b", 7, 1), event_stream("a", 8, 1), event_stream("a", 7, 3)];
    for EventStream { key, .. } in elsewhere {
        assert_eq!(store.event_stream(&key).await.unwrap(), None);
    }
}

async fn creating_the_same_stream_again_is_a_success(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    let stream = rich_event_stream("a", 7, 1);
    for _ in 0..2 {
        assert_eq!(store.create_event_stream(&stream, 1).await.unwrap(), EventStreamInsert::Done);
    }
    let other = EventStream { description: None, ..stream.clone() };
    assert!(!store.create_event_stream(&other, 2).await.unwrap_err().can_retry(), "its id is taken");
    assert_eq!(store.event_streams(&org_id("a"), None).await.unwrap(), [stream]);
}

async fn streams_are_listed_by_client_and_id(store: Arc<dyn Store>) {
    assert_eq!(store.event_streams(&org_id("a"), None).await.unwrap(), []);
    for (org, client) in [("a", 9), ("a", 10), ("a", 9_007_199_254_740_991), ("b", 11)] {
        put_client(&store, org, client).await;
    }
    let mut nine = [event_stream("a", 9, 1), rich_event_stream("a", 9, 2)];
    nine.sort_by(|a, b| a.key.cmp(&b.key));
    let rest = [event_stream("a", 10, 3), event_stream("a", 9_007_199_254_740_991, 4)];
    for stream in rest.iter().chain(&nine).chain([&event_stream("b", 11, 5)]) {
        assert_eq!(create(&store, stream).await, EventStreamInsert::Done);
    }
    assert_eq!(store.event_streams(&org_id("a"), None).await.unwrap(), [&nine[..], &rest[..]].concat());
    assert_eq!(store.event_streams(&org_id("a"), Some(client_id(9))).await.unwrap(), nine);
    assert_eq!(store.event_streams(&org_id("a"), Some(client_id(10))).await.unwrap(), rest[..1]);
    assert_eq!(store.event_streams(&org_id("b"), Some(client_id(9))).await.unwrap(), []);
}

async fn a_stream_needs_its_client(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    for stream in [event_stream("a", 8, 1), event_stream("b", 7, 1)] {
        assert_eq!(create(&store, &stream).await, EventStreamInsert::Dangling);
        assert_eq!(store.event_stream(&stream.key).await.unwrap(), None, "nothing was written");
    }
    assert_eq!(store.client(&org_id("a"), client_id(8)).await.unwrap(), None, "a stream makes no client");
}

async fn no_more_streams_are_created_than_a_client_may_have(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    put_client(&store, "a", 8).await;
    let outcomes = at_once(&store, |store, n| {
        let stream = event_stream("a", 7, n);
        async move { store.create_event_stream(&stream, 3).await.unwrap() }
    });
    let outcomes = outcomes.await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == EventStreamInsert::Done).count(), 3);
    assert!(outcomes.iter().all(|outcome| *outcome != EventStreamInsert::Dangling));
    assert_eq!(store.event_streams(&org_id("a"), None).await.unwrap().len(), 3);
    assert_eq!(store.create_event_stream(&event_stream("a", 8, 99), 3).await.unwrap(), EventStreamInsert::Done);
}

async fn only_the_next_revision_replaces_a_stream(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    let first = event_stream("a", 7, 1);
    let second = EventStream { revision: 1, ..rich_event_stream("a", 7, 1) };
    assert!(!store.replace_event_stream(&second).await.unwrap(), "it isn't there");
    assert_eq!(store.event_stream(&first.key).await.unwrap(), None, "and doesn't come");
    create(&store, &first).await;
    assert!(!store.replace_event_stream(&EventStream { revision: 2, ..second.clone() }).await.unwrap());
    assert!(!store.replace_event_stream(&EventStream { revision: 0, ..second.clone() }).await.unwrap());
    for _ in 0..2 {
        assert!(store.replace_event_stream(&second).await.unwrap(), "now, or by an earlier attempt");
        assert_eq!(store.event_stream(&first.key).await.unwrap().as_ref(), Some(&second));
    }
    assert!(!store.replace_event_stream(&EventStream { revision: 1, ..first }).await.unwrap(), "another was faster");
}

async fn one_of_many_changes_a_stream(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    let stream = event_stream("a", 7, 1);
    create(&store, &stream).await;
    let outcomes = at_once(&store, |store, n| {
        let changed = EventStream { description: Some(n.to_string()), revision: 1, ..event_stream("a", 7, 1) };
        async move { (changed.clone(), store.replace_event_stream(&changed).await.unwrap()) }
    });
    let (won, _) = is_won_by_one(outcomes.await, &true);
    assert_eq!(store.event_stream(&stream.key).await.unwrap(), Some(won));
}

async fn a_deleted_stream_makes_room_for_another(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    let (first, second) = (event_stream("a", 7, 1), event_stream("a", 7, 2));
    assert!(!store.delete_event_stream(&first.key).await.unwrap(), "there is none");
    assert_eq!(store.create_event_stream(&first, 1).await.unwrap(), EventStreamInsert::Done);
    assert_eq!(store.create_event_stream(&second, 1).await.unwrap(), EventStreamInsert::TooMany);
    assert!(store.delete_event_stream(&first.key).await.unwrap());
    assert!(!store.delete_event_stream(&first.key).await.unwrap());
    assert_eq!(store.event_stream(&first.key).await.unwrap(), None);
    assert_eq!(store.create_event_stream(&second, 1).await.unwrap(), EventStreamInsert::Done);
    assert_eq!(store.create_event_stream(&first, 1).await.unwrap(), EventStreamInsert::TooMany);
}

async fn streams_go_with_their_client(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    put_client(&store, "a", 8).await;
    let stays = event_stream("a", 8, 3);
    for stream in [&event_stream("a", 7, 1), &event_stream("a", 7, 2), &stays] {
        create(&store, stream).await;
    }
    assert_eq!(store.delete_client(&org_id("a"), client_id(7)).await.unwrap(), Delete::Done);
    assert_eq!(store.event_streams(&org_id("a"), None).await.unwrap(), std::slice::from_ref(&stays));
    assert_eq!(store.delete_client(&org_id("a"), client_id(8)).await.unwrap(), Delete::Done);
    assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::Done);
    assert_eq!(store.event_stream(&stays.key).await.unwrap(), None);
}

async fn a_client_with_streams_can_be_changed_and_deleted(store: Arc<dyn Store>) {
    put_client(&store, "a", 7).await;
    create(&store, &event_stream("a", 7, 1)).await;
    let seen = client("a", 7, None);
    let disabled = Client { enabled: false, ..seen.clone() };
    assert_eq!(store.replace_client(&seen, &disabled).await.unwrap(), Replaced::Done);
    assert_eq!(store.put_client(&seen).await.unwrap(), Put::Replaced);
    let too_many = store.create_event_stream(&event_stream("a", 7, 2), 1).await.unwrap();
    assert_eq!(too_many, EventStreamInsert::TooMany, "it still counts its streams");
    assert_eq!(store.delete_client(&org_id("a"), client_id(7)).await.unwrap(), Delete::Done);
    put_client(&store, "a", 7).await;
    assert_eq!(store.create_event_stream(&event_stream("a", 7, 2), 1).await.unwrap(), EventStreamInsert::Done);
}

async fn signals_are_read_oldest_first(store: Arc<dyn Store>) {
    let stream = event_stream("a", 7, 1).key;
    let page = store.signals(&stream, 10).await.unwrap();
    assert!(page.signals.is_empty() && !page.has_more);
    let mut all: Vec<_> = (0..5).map(|n| signal(&stream, n)).collect();
    for signal in all.iter().rev() {
        store.put_signal(signal).await.unwrap();
    }
    all.sort_by_key(|signal| signal.jti);
    for (limit, has_more) in [(1, true), (4, true), (5, false), (6, false)] {
        let page = store.signals(&stream, limit).await.unwrap();
        assert_eq!((page.signals, page.has_more), (all[..limit.min(5)].to_vec(), has_more), "{limit}");
    }
}

async fn a_signal_is_kept_once_and_waits_until_it_is_deleted(store: Arc<dyn Store>) {
    let stream = event_stream("a", 7, 1).key;
    let kept = signal(&stream, 1);
    store.put_signal(&kept).await.unwrap();
    let again = PendingSignal { claims: "{}".to_owned(), expires_at: at(9), ..kept.clone() };
    store.put_signal(&again).await.unwrap();
    assert_eq!(store.signals(&stream, 10).await.unwrap().signals, std::slice::from_ref(&kept), "the first one stays");
    for (ids, is_gone) in [(vec![], false), (vec![id(99)], false), (vec![id(99), kept.jti], true), (vec![kept.jti], true)] {
        store.delete_signals(&stream, &ids).await.unwrap();
        assert_eq!(store.signals(&stream, 10).await.unwrap().signals.is_empty(), is_gone, "{ids:?}");
    }
    store.put_signal(&kept).await.unwrap();
    assert_eq!(store.signals(&stream, 10).await.unwrap().signals, [kept], "at least once");
}

async fn signals_are_of_their_stream_alone(store: Arc<dyn Store>) {
    let stream = event_stream("a", 7, 1).key;
    let others = [event_stream("b", 7, 1).key, event_stream("a", 7, 2).key];
    let kept = signal(&stream, 1);
    store.put_signal(&kept).await.unwrap();
    for other in &others {
        assert!(store.signals(other, 10).await.unwrap().signals.is_empty());
        store.delete_signals(other, &[kept.jti]).await.unwrap();
        store.put_signal(&signal(other, 1)).await.unwrap();
    }
    store.delete_signals(&stream, &[kept.jti]).await.unwrap();
    assert!(store.signals(&stream, 10).await.unwrap().signals.is_empty());
    for other in &others {
        assert_eq!(store.signals(other, 10).await.unwrap().signals, [signal(other, 1)]);
    }
}

async fn many_signals_are_deleted_at_once(store: Arc<dyn Store>) {
    let stream = EventStreamKey { id: id(5), ..event_stream("a", 7, 1).key };
    let all: Vec<_> = (0..40).map(|n| signal(&stream, n)).collect();
    for signal in &all {
        store.put_signal(signal).await.unwrap();
    }
    let gone: Vec<_> = all.iter().skip(1).map(|signal| signal.jti).collect();
    store.delete_signals(&stream, &gone).await.unwrap();
    assert_eq!(store.signals(&stream, 100).await.unwrap().signals, all[..1]);
}

async fn create(store: &Arc<dyn Store>, stream: &EventStream) -> EventStreamInsert {
    store.create_event_stream(stream, 4).await.unwrap()
}

async fn put_client(store: &Arc<dyn Store>, org_name: &str, number: u64) {
    if store.org(&org_id(org_name)).await.unwrap().is_none() {
        put_org(&**store, &org(org_name, &[]), &NO_ASSERTIONS).await;
    }
    assert_eq!(store.put_client(&client(org_name, number, None)).await.unwrap(), Put::Created);
}
