//! The copies of an org, from which requests read it.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::Value;

use super::super::super::Item;
use super::super::super::keys::Key;
use super::super::Emulator;
use super::{body_and_creation, without_key};
use crate::domain::{Org, OrgId, Shard};
use crate::platform::aws::testing::Call;
use crate::store::conformance::samples::{NO_ASSERTIONS, at, digest, id, member, member_key, org, org_id, put_org};
use crate::store::{Delete, Put, RecordKeys};

impl Emulator {
    /// What each shard has of an org, without its key.
    async fn copies(&self, id: &OrgId) -> Vec<Option<Item>> {
        let copies = Shard::all().map(|shard| self.directory_item(Key::org_copy(id, shard)));
        join_all(copies).await.into_iter().map(|copy| copy.map(without_key)).collect()
    }

    /// Asserts that all copies say what the item of an org says.
    async fn assert_copied(&self, id: &OrgId) {
        let item = self.directory_item(Key::org(id)).await.unwrap();
        assert_eq!(self.copies(id).await, vec![Some(body_and_creation(&item)); usize::from(Shard::COUNT)]);
    }

    async fn delete_copies(&self, id: &OrgId) {
        for shard in Shard::all() {
            self.delete_directory_item(Key::org_copy(id, shard)).await;
        }
    }
}

fn wanted() -> RecordKeys {
    RecordKeys { orgs: vec![org_id("a")], ..RecordKeys::default() }
}

#[tokio::test]
async fn copies_are_written_and_deleted_with_their_org_in_one_transaction() {
    let emulator = Emulator::at_hand(false).await;
    let (first, second) = (org("a", &[]), Org { enabled: false, secrets: vec![digest(1)], ..org("a", &[]) });
    let copies: BTreeSet<_> = Shard::all().map(|shard| format!("a#{shard} d")).collect();

    assert_eq!(emulator.store.put_org(None, &first, Some(&NO_ASSERTIONS)).await.unwrap(), Put::Created);
    let created = emulator.only_transaction();
    assert!(created["Put"].contains("a o") && created["Update"].is_superset(&copies), "{created:?}");
    emulator.assert_copied(&first.id).await;

    // As a new secret is written, which leaves the settings for assertions as they are.
    assert_eq!(emulator.store.put_org(Some(&first), &second, None).await.unwrap(), Put::Replaced);
    let replaced = emulator.only_transaction();
    assert!(replaced["Update"].contains("a o") && replaced["Update"].is_superset(&copies), "{replaced:?}");
    assert_eq!(replaced.len(), 1, "the role that makes secrets may only update: {replaced:?}");
    emulator.assert_copied(&first.id).await;

    assert_eq!(emulator.store.delete_org(&first.id).await.unwrap(), Delete::Done);
    let deleted = emulator.only_transaction();
    assert!(deleted["Delete"].contains("a o") && deleted["Delete"].is_superset(&copies), "{deleted:?}");
    assert_eq!(emulator.copies(&first.id).await, vec![None; usize::from(Shard::COUNT)]);
}

#[tokio::test]
async fn what_is_not_written_of_an_org_is_not_written_of_its_copies() {
    let emulator = Emulator::at_hand(false).await;
    put_org(&*emulator.store, &org("a", &[]), &NO_ASSERTIONS).await;
    emulator.store.put_member(&member("a", "ann")).await.unwrap();
    let renamed = |name: &str| Org { name: Some(name.to_owned()), ..org("a", &[]) };
    assert_eq!(emulator.store.put_org(Some(&renamed("other")), &renamed("new"), None).await.unwrap(), Put::Taken);
    assert_eq!(emulator.store.put_org(None, &renamed("new"), Some(&NO_ASSERTIONS)).await.unwrap(), Put::Taken);
    assert_eq!(emulator.store.delete_org(&org_id("a")).await.unwrap(), Delete::InUse);
    emulator.assert_copied(&org_id("a")).await;

    assert_eq!(emulator.store.put_org(None, &org("c", &["b"]), Some(&NO_ASSERTIONS)).await.unwrap(), Put::Dangling);
    assert_eq!(emulator.copies(&org_id("c")).await, vec![None; usize::from(Shard::COUNT)]);
}

/// A partition is full at 3,000 reads a second, and no item is in two. A token that is presented again and again has one shard.
#[tokio::test]
async fn an_org_is_read_from_all_shards_whichever_token_is_asked_about() {
    let emulator = Emulator::at_hand(false).await;
    put_org(&*emulator.store, &org("a", &[]), &NO_ASSERTIONS).await;
    for shard_of in [None, Some(id(1))] {
        emulator.wire.take_calls();
        for _ in 0..200 {
            let found = emulator.store.read(&RecordKeys { shard_of, ..wanted() }).await.unwrap();
            assert_eq!(found.org(&org_id("a")), Some(&org("a", &[])));
        }
        let calls = emulator.wire.take_calls();
        assert_eq!(calls.len(), 200, "a read is one call");
        let keys: BTreeSet<_> = calls.iter().flat_map(|call| emulator.asked(call)).collect();
        let copies: BTreeSet<_> = Shard::all().map(|shard| [format!("a#{shard}"), "d".to_owned()]).collect();
        assert_eq!(keys, copies, "the item of the org is left alone");
    }
}

#[tokio::test]
async fn an_org_is_disabled_in_every_shard_once_that_is_written() {
    let emulator = Emulator::at_hand(false).await;
    let (enabled, disabled) = (org("a", &[]), Org { enabled: false, ..org("a", &[]) });
    put_org(&*emulator.store, &enabled, &NO_ASSERTIONS).await;
    for (seen, new) in [(&enabled, &disabled), (&disabled, &enabled), (&enabled, &disabled)] {
        emulator.store.put_org(Some(seen), new, None).await.unwrap();
        emulator.wire.take_calls();
        for _ in 0..200 {
            assert_eq!(emulator.store.read(&wanted()).await.unwrap().orgs[&new.id].enabled, new.enabled);
        }
        let read: BTreeSet<_> = emulator.wire.take_calls().iter().flat_map(|call| emulator.asked(call)).collect();
        assert_eq!(read.len(), usize::from(Shard::COUNT), "every shard was asked");
    }
}

#[tokio::test]
async fn copies_are_of_one_writer_however_many_write_at_once() {
    let emulator = Emulator::at_hand(false).await;
    let mut seen = org("a", &[]);
    put_org(&*emulator.store, &seen, &NO_ASSERTIONS).await;
    let no_assertions = NO_ASSERTIONS;
    for round in 0..8 {
        let writers = (0..8).map(|n| Org { name: Some(format!("{round}-{n}")), ..seen.clone() });
        let puts = join_all(writers.clone().map(async |new| {
            let assertions = new.name.as_deref().is_some_and(|name| name.ends_with('0')).then_some(&no_assertions);
            emulator.store.put_org(Some(&seen), &new, assertions).await.unwrap()
        }));
        let puts = puts.await;
        let won: Vec<_> = writers.zip(&puts).filter(|(_, put)| **put == Put::Replaced).map(|(new, _)| new).collect();
        let [winner] = &won[..] else { panic!("one wins: {puts:?}") };
        emulator.assert_copied(&winner.id).await;
        let read = emulator.store.read(&wanted()).await.unwrap();
        assert_eq!(read.org(&winner.id), Some(winner));
        seen.clone_from(winner);
    }
}

/// When an org was made isn't for a later writer to say.
#[tokio::test]
async fn copies_say_of_a_replaced_org_that_it_was_made_when_it_was() {
    let emulator = Emulator::at_hand(false).await;
    let first = org("a", &[]);
    put_org(&*emulator.store, &first, &NO_ASSERTIONS).await;
    emulator.store.put_org(Some(&first), &Org { created_at: at(9_000), ..first.clone() }, None).await.unwrap();
    emulator.assert_copied(&first.id).await;
    assert_eq!(emulator.store.read(&wanted()).await.unwrap().orgs[&first.id].created_at, first.created_at);
}

#[tokio::test]
async fn an_org_without_copies_is_read_itself_until_it_is_written_again() {
    let emulator = Emulator::at_hand(false).await;
    put_org(&*emulator.store, &org("a", &[]), &NO_ASSERTIONS).await;
    emulator.store.put_member(&member("a", "ann")).await.unwrap();
    emulator.delete_copies(&org_id("a")).await;
    let wanted = RecordKeys { members: vec![member_key("a", "ann")], orgs: vec![org_id("a"), org_id("b")], ..wanted() };
    emulator.wire.take_calls();
    let found = emulator.store.read(&wanted).await.unwrap();
    assert_eq!(found.orgs.into_iter().collect::<Vec<_>>(), [(org_id("a"), org("a", &[]).into())]);
    let calls = emulator.wire.take_calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(emulator.asked(&calls[1]), [["a".to_owned(), "o".to_owned()]]);
    let is_consistent =
        |call: &Call| call.input["RequestItems"][&emulator.tables.directory]["ConsistentRead"] == Value::Bool(true);
    assert!(calls.iter().all(is_consistent));

    put_org(&*emulator.store, &Org { enabled: false, ..org("a", &[]) }, &NO_ASSERTIONS).await;
    emulator.assert_copied(&org_id("a")).await;
    emulator.wire.take_calls();
    assert!(!emulator.store.read(&wanted).await.unwrap().orgs[&org_id("a")].enabled);
    assert_eq!(emulator.wire.take_calls().len(), 1);
}

/// Else the time of an answer would tell a stranger which orgs there are.
#[tokio::test]
async fn an_org_that_is_not_there_takes_as_many_calls_as_one_that_is() {
    let emulator = Emulator::at_hand(false).await;
    put_org(&*emulator.store, &org("a", &[]), &NO_ASSERTIONS).await;
    emulator.wire.take_calls();
    for there in ["a", "b"] {
        let strangers =
            RecordKeys { orgs: vec![org_id(there)], members: vec![member_key(there, "eve")], ..RecordKeys::default() };
        assert_eq!(emulator.store.read(&strangers).await.unwrap().orgs.len(), usize::from(there == "a"));
        assert_eq!(emulator.wire.take_calls().len(), 1, "{there}");
    }
}
