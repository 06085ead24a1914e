//! The copies of a client, from which requests read it, and in which the uses of its credentials are noted.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::super::super::Item;
use super::super::super::keys::Key;
use super::super::Emulator;
use super::{body_and_creation, without_key};
use crate::domain::{
    Client, ClientId, ClientOrigin, CredentialHash, CredentialUse, CredentialUses, Day, NotBeforeKey, NotBeforeScope, Shard,
};
use crate::platform::aws::testing::Trouble;
use crate::store::conformance::samples::{
    NO_ASSERTIONS, at, client, client_id, id as token_id, member, member_key, org, org_id, put_org,
};
use crate::store::{Delete, Put, RecordKeys, Replaced};

/// How many copies of a client there are.
const COPIES: usize = 4;

impl Emulator {
    async fn with_org() -> Self {
        let emulator = Self::at_hand(false).await;
        put_org(&*emulator.store, &org("a", &[]), &NO_ASSERTIONS).await;
        emulator.wire.take_calls();
        emulator
    }

    /// What the copies of a client say, without their keys.
    async fn copies_of_client(&self, id: ClientId) -> Vec<Option<Item>> {
        let org = org_id("a");
        let copies = Key::client_copies(&org, id).map(|copy| self.directory_item(copy));
        join_all(copies).await.into_iter().map(|copy| copy.map(without_key)).collect()
    }

    /// Asserts that all copies say what the item of a client says.
    async fn assert_client_copied(&self, id: ClientId) {
        let item = self.directory_item(Key::client(&org_id("a"), id)).await.unwrap();
        assert_eq!(self.copies_of_client(id).await, vec![Some(body_and_creation(&item)); COPIES]);
    }

    /// The different uses of credentials that are found where the client is read again and again.
    async fn uses_found(&self, id: ClientId) -> Vec<Option<CredentialUses>> {
        let mut found = Vec::new();
        for _ in 0..100 {
            let uses = self.store.read(&wanted(id)).await.unwrap().credential_uses.remove(&(org_id("a"), id));
            if !found.contains(&uses) {
                found.push(uses);
            }
        }
        found
    }
}

fn wanted(id: ClientId) -> RecordKeys {
    RecordKeys { clients: vec![(org_id("a"), id)], ..RecordKeys::default() }
}

fn uses(number: u64, day: i64) -> CredentialUses {
    CredentialUses::new(vec![CredentialUse { credential: CredentialHash::from_number(number), day: Day::from_number(day) }])
}

fn keys_of_copies(id: ClientId) -> BTreeSet<String> {
    Key::client_copies(&org_id("a"), id).map(|key| format!("{} {}", key.pk, key.sk)).collect()
}

#[tokio::test]
async fn copies_are_written_and_deleted_with_their_client_in_one_transaction() {
    let emulator = Emulator::with_org().await;
    let (first, id) = (client("a", 1, Some("shop")), client_id(1));
    let copies = keys_of_copies(id);
    assert_eq!(copies.len(), COPIES);

    assert_eq!(emulator.store.put_client(&first).await.unwrap(), Put::Created);
    let created = emulator.only_transaction();
    assert!(created["Update"].contains("a c#1") && created["Update"].is_superset(&copies), "{created:?}");
    emulator.assert_client_copied(id).await;

    emulator.wire.take_calls();
    let disabled = Client { enabled: false, ..first.clone() };
    assert_eq!(emulator.store.replace_client(&first, &disabled).await.unwrap(), Replaced::Done);
    let replaced = emulator.only_transaction();
    assert!(replaced["Update"].contains("a c#1") && replaced["Update"].is_superset(&copies), "{replaced:?}");
    emulator.assert_client_copied(id).await;

    emulator.wire.take_calls();
    assert_eq!(emulator.store.put_client(&client("a", 1, None)).await.unwrap(), Put::Replaced);
    assert!(emulator.only_transaction()["Update"].is_superset(&copies));
    emulator.assert_client_copied(id).await;

    emulator.wire.take_calls();
    assert_eq!(emulator.store.delete_client(&org_id("a"), id).await.unwrap(), Delete::Done);
    let deleted = emulator.only_transaction();
    assert!(deleted["Delete"].contains("a c#1") && deleted["Delete"].is_superset(&copies), "{deleted:?}");
    assert_eq!(emulator.copies_of_client(id).await, vec![None; COPIES]);
}

#[tokio::test]
async fn what_is_not_written_of_a_client_is_not_written_of_its_copies() {
    let emulator = Emulator::with_org().await;
    let (first, second) = (client("a", 1, Some("shop")), client("a", 2, Some("other")));
    for client in [&first, &second] {
        emulator.store.put_client(client).await.unwrap();
    }
    let takes_alias = client("a", 1, Some("other"));
    assert_eq!(emulator.store.put_client(&takes_alias).await.unwrap(), Put::Taken);
    assert_eq!(emulator.store.replace_client(&first, &takes_alias).await.unwrap(), Replaced::Taken);
    assert_eq!(emulator.store.replace_client(&takes_alias, &client("a", 1, None)).await.unwrap(), Replaced::Outdated);
    emulator.assert_client_copied(client_id(1)).await;
    assert_eq!(emulator.store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(first));

    put_org(&*emulator.store, &org("b", &[]), &NO_ASSERTIONS).await;
    assert_eq!(emulator.store.put_client(&Client { org: org_id("b"), ..second.clone() }).await.unwrap(), Put::Taken);
    assert_eq!(emulator.store.put_client(&client("c", 3, None)).await.unwrap(), Put::Dangling);
    for (org, id) in [("b", 2), ("c", 3)] {
        for copy in Key::client_copies(&org_id(org), client_id(id)) {
            assert_eq!(emulator.directory_item(copy).await, None);
        }
    }
}

/// No item can be read more than 3,000 times a second, and a client that introspects may be asked for by all requests of its org. A token
/// that is presented again and again has one shard.
#[tokio::test]
async fn a_client_is_read_from_all_of_its_copies_whichever_token_is_asked_about() {
    let emulator = Emulator::with_org().await;
    let mark = NotBeforeKey { org: org_id("a"), kind: NotBeforeScope::Org };
    let token = token_id(1);
    let places = (1..=4).map(async |number| {
        let id = client_id(number);
        emulator.store.put_client(&client("a", number, None)).await.unwrap();
        let mut places = BTreeSet::new();
        for shard_of in [None, Some(token)] {
            emulator.wire.take_calls();
            for _ in 0..100 {
                let found = emulator.store.read(&RecordKeys { shard_of, marks: vec![mark.clone()], ..wanted(id) }).await.unwrap();
                assert_eq!(found.client(&(org_id("a"), id)), Some(&client("a", number, None)));
            }
            let calls = emulator.wire.take_calls();
            assert_eq!(calls.len(), 100, "a read is one call");
            let read: BTreeSet<_> = calls.iter().flat_map(|call| emulator.asked(call)).map(|key| key.join(" ")).collect();
            assert_eq!(read, keys_of_copies(id), "the item of the client is left alone");
            places.extend(read.iter().map(|key| key.split(' ').next().unwrap().to_owned()));
        }
        places
    });
    let mut all = BTreeSet::new();
    for places in places {
        all.extend(places.await);
    }
    assert_eq!(all.len(), usize::from(Shard::COUNT), "four clients in a row share no partition");
}

#[tokio::test]
async fn a_client_is_disabled_in_every_copy_once_that_is_written() {
    let emulator = Emulator::with_org().await;
    let (enabled, id) = (client("a", 1, None), client_id(1));
    let disabled = Client { enabled: false, ..enabled.clone() };
    emulator.store.put_client(&enabled).await.unwrap();
    for (seen, new) in [(&enabled, &disabled), (&disabled, &enabled), (&enabled, &disabled)] {
        assert_eq!(emulator.store.replace_client(seen, new).await.unwrap(), Replaced::Done);
        for _ in 0..50 {
            let found = emulator.store.read(&wanted(id)).await.unwrap();
            assert_eq!(found.clients[&(org_id("a"), id)].enabled, new.enabled);
        }
    }
}

#[tokio::test]
async fn copies_are_of_one_writer_however_many_write_a_client_at_once() {
    let emulator = Emulator::with_org().await;
    let mut seen = client("a", 1, None);
    emulator.store.put_client(&seen).await.unwrap();
    for round in 0..4 {
        let writers = (1..=8).map(|n| Client { updated_at: at(round * 100 + n), ..seen.clone() });
        let replaced = join_all(writers.clone().map(async |new| emulator.store.replace_client(&seen, &new).await.unwrap())).await;
        let won: Vec<_> = writers.zip(&replaced).filter(|(_, what)| **what == Replaced::Done).map(|(new, _)| new).collect();
        let [winner] = &won[..] else { panic!("one wins: {replaced:?}") };
        emulator.assert_client_copied(winner.id).await;
        seen.clone_from(winner);
    }
}

/// When a client was made isn't for a later writer to say, and its copies end when it does.
#[tokio::test]
async fn copies_say_when_their_client_was_made_and_end_with_it() {
    let emulator = Emulator::with_org().await;
    let id = client_id(1);
    let until = |ms| ClientOrigin::SelfRegistered { expires_at: at(ms) };
    let first = Client { origin: until(86_400_000), ..client("a", 1, None) };
    emulator.store.put_client(&first).await.unwrap();
    let later = Client { created_at: at(9_000), origin: until(172_800_000), ..first.clone() };
    emulator.store.put_client(&later).await.unwrap();
    let item = emulator.directory_item(Key::client(&org_id("a"), id)).await.unwrap();
    let with_end = Item::from(["b", "t", "x"].map(|name| (name.to_owned(), item[name].clone())));
    assert_eq!(emulator.copies_of_client(id).await, vec![Some(with_end); COPIES]);
    let seen = Client { created_at: first.created_at, ..later };
    assert_eq!(emulator.store.read(&wanted(id)).await.unwrap().client(&(org_id("a"), id)), Some(&seen));

    let endless = Client { origin: ClientOrigin::Registered, ..seen.clone() };
    assert_eq!(emulator.store.replace_client(&seen, &endless).await.unwrap(), Replaced::Done);
    emulator.assert_client_copied(id).await;
}

/// Else the time of an answer would tell a stranger which clients there are. An administrator can write it again.
#[tokio::test]
async fn a_client_without_copies_is_read_itself_for_a_member_and_for_nobody_else() {
    let emulator = Emulator::with_org().await;
    let (there, key) = (client("a", 1, None), (org_id("a"), client_id(1)));
    emulator.store.put_client(&there).await.unwrap();
    emulator.store.put_member(&member("a", "ann")).await.unwrap();
    for copy in Key::client_copies(&key.0, key.1) {
        emulator.delete_directory_item(copy).await;
    }
    let of_ann = RecordKeys { members: vec![member_key("a", "ann")], orgs: vec![org_id("a")], ..wanted(key.1) };
    let of_nobody = RecordKeys { members: vec![member_key("a", "eve")], orgs: vec![org_id("a")], ..wanted(key.1) };
    for (wanted, finds, calls) in [(&of_ann, Some(&there), 2), (&of_nobody, None, 1)] {
        emulator.wire.take_calls();
        assert_eq!(emulator.store.read(wanted).await.unwrap().client(&key), finds);
        assert_eq!(emulator.wire.take_calls().len(), calls);
    }
    let again = Client { updated_at: at(5), ..there.clone() };
    assert_eq!(emulator.store.replace_client(&there, &again).await.unwrap(), Replaced::Done);
    emulator.assert_client_copied(key.1).await;
    emulator.wire.take_calls();
    assert_eq!(emulator.store.read(&of_ann).await.unwrap().client(&key), Some(&again));
    assert_eq!(emulator.wire.take_calls().len(), 1);
}

#[tokio::test]
async fn uses_are_noted_in_all_copies_and_nowhere_else() {
    let emulator = Emulator::with_org().await;
    let (key, id) = ((org_id("a"), client_id(1)), client_id(1));
    emulator.store.put_client(&client("a", 1, None)).await.unwrap();
    emulator.wire.take_calls();
    emulator.store.note_credential_uses(&key, &CredentialUses::default(), &uses(1, 1)).await.unwrap();
    let calls = emulator.wire.take_calls();
    assert!(calls.len() == COPIES && calls.iter().all(|call| call.operation == "UpdateItem"), "{calls:#?}");
    assert_eq!(emulator.uses_found(id).await, [Some(uses(1, 1))]);
    let item = emulator.directory_item(Key::client(&org_id("a"), id)).await.unwrap();
    assert!(!item.contains_key("u"), "the stream tells of no use");
}

#[tokio::test]
async fn a_copy_that_takes_no_note_keeps_no_other_from_it() {
    let emulator = Emulator::with_org().await;
    let (key, id) = ((org_id("a"), client_id(1)), client_id(1));
    emulator.store.put_client(&client("a", 1, None)).await.unwrap();
    emulator.wire.trouble("UpdateItem", 1, Trouble::Refuse("AccessDeniedException"));
    emulator.store.note_credential_uses(&key, &CredentialUses::default(), &uses(1, 1)).await.unwrap_err();
    let has_note = |copy: &Option<Item>| copy.as_ref().is_some_and(|copy| copy.contains_key("u"));
    assert_eq!(emulator.copies_of_client(id).await.iter().filter(|copy| has_note(copy)).count(), COPIES - 1);
}

/// As after a write that has failed in the middle.
#[tokio::test]
async fn a_copy_that_has_missed_a_use_notes_the_next_one_that_it_sees() {
    let emulator = Emulator::with_org().await;
    let (key, id) = ((org_id("a"), client_id(1)), client_id(1));
    emulator.store.put_client(&client("a", 1, None)).await.unwrap();
    emulator.store.note_credential_uses(&key, &CredentialUses::default(), &uses(1, 1)).await.unwrap();
    let behind = Key::client_copies(&org_id("a"), id).next().unwrap();
    let forget = emulator.client.update_item().table_name(&emulator.tables.directory).set_key(Some(behind.into_item()));
    forget.update_expression("REMOVE u").send().await.unwrap();
    emulator.store.note_credential_uses(&key, &uses(1, 1), &uses(1, 2)).await.unwrap();
    assert_eq!(emulator.uses_found(id).await.len(), 2, "one copy is behind the others");
    emulator.store.note_credential_uses(&key, &CredentialUses::default(), &uses(1, 2)).await.unwrap();
    assert_eq!(emulator.uses_found(id).await, [Some(uses(1, 2))]);
}

/// What DynamoDB deletes of a client that has ended, it doesn't delete at once.
#[tokio::test]
async fn a_new_client_knows_nothing_of_the_uses_of_one_whose_copies_are_still_there() {
    let emulator = Emulator::with_org().await;
    let (key, id) = ((org_id("a"), client_id(1)), client_id(1));
    emulator.store.put_client(&client("a", 1, None)).await.unwrap();
    emulator.store.note_credential_uses(&key, &CredentialUses::default(), &uses(1, 1)).await.unwrap();
    emulator.delete_directory_item(Key::client(&org_id("a"), id)).await;
    assert_eq!(emulator.store.put_client(&client("a", 1, None)).await.unwrap(), Put::Created);
    assert_eq!(emulator.uses_found(id).await, [None]);
}
