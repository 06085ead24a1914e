//! Clients and members that several change at once.

use std::sync::Arc;

use super::cases;
use super::samples::{NO_ASSERTIONS, at, client, client_id, member, member_key, org, org_id, put_org, rich_member};
use crate::domain::{
    Client, ClientOrigin, ClientUrl, CredentialHash, CredentialUse, CredentialUses, Day, FederatedIdentity, Member, Timestamp,
};
use crate::store::{Delete, MemberSwap, Put, RecordKeys, Replaced, Store, WorkloadKey};

cases![
    a_client_that_ends_by_itself_is_kept_whole_and_its_end_moves,
    a_client_that_is_known_by_a_document_is_kept_whole,
    a_client_that_ends_by_itself_keeps_no_org,
    only_a_client_that_is_as_seen_is_replaced,
    only_a_member_that_is_as_seen_is_swapped,
    clients_are_found_by_the_workloads_that_they_name,
    uses_of_secrets_stand_beside_a_client_and_change_nothing_of_it,
];

async fn only_a_client_that_is_as_seen_is_replaced(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let first = client("a", 1, Some("shop"));
    let replace = async |seen: &Client, new: &Client| store.replace_client(seen, new).await.unwrap();
    assert_eq!(replace(&first, &first).await, Replaced::Outdated, "it isn't there yet");
    store.put_client(&first).await.unwrap();
    store.put_client(&client("a", 2, Some("other"))).await.unwrap();
    let second = Client { enabled: false, updated_at: at(5), ..client("a", 1, Some("store")) };
    assert_eq!(replace(&first, &client("a", 1, Some("other"))).await, Replaced::Taken);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(first.clone()), "nothing was written");
    assert_eq!(replace(&first, &second).await, Replaced::Done);
    assert_eq!(replace(&first, &second).await, Replaced::Done, "a repetition");
    assert_eq!(replace(&first, &client("a", 1, None)).await, Replaced::Outdated);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(second.clone()), "nothing was written");
    assert_eq!(store.put_client(&client("a", 3, Some("shop"))).await.unwrap(), Put::Created, "its alias is free");
    let mut third = second.clone();
    third.settings.alias = None;
    assert_eq!(replace(&second, &third).await, Replaced::Done);
    let fourth = Client { enabled: true, ..third.clone() };
    assert_eq!(replace(&third, &fourth).await, Replaced::Done, "without an alias");
    store.delete_client(&org_id("a"), client_id(1)).await.unwrap();
    assert_eq!(replace(&fourth, &third).await, Replaced::Outdated);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), None, "it doesn't come back");
}

async fn clients_are_found_by_the_workloads_that_they_name(store: Arc<dyn Store>) {
    const CI: &str = "https://ci.example";
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    put_org(&*store, &org("b", &[]), &NO_ASSERTIONS).await;
    let naming = |n: u64, subjects: &[&str]| {
        let mut client = client("a", n, None);
        let identity = |subject: &&str| FederatedIdentity {
            issuer: CI.to_owned(),
            subject: subject.parse().unwrap(),
            ..client.settings.federated[0].clone()
        };
        client.settings.federated = subjects.iter().map(identity).collect();
        client
    };
    let find = async |org: &str, issuer: &str, subject: &str| {
        let key = WorkloadKey::new(&org_id(org), issuer, subject);
        let wanted = RecordKeys { workloads: vec![key.clone()], ..RecordKeys::default() };
        let mut found = store.read(&wanted).await.unwrap().workloads.remove(&key).unwrap_or_default();
        found.sort_unstable();
        found
    };
    assert!(find("a", CI, "build").await.is_empty());
    store.put_client(&naming(1, &["build", "test", "deploy*"])).await.unwrap();
    store.put_client(&naming(2, &["test"])).await.unwrap();
    assert_eq!(find("a", CI, "build").await, [client_id(1)]);
    assert_eq!(find("a", CI, "test").await, [1, 2].map(client_id));
    for (org, issuer, subject) in [
        ("a", CI, "deploy*"),
        ("a", CI, "deploy-1"),
        ("a", CI, "Build"),
        ("a", "https://ci.example/", "build"),
        ("b", CI, "build"),
    ] {
        assert!(find(org, issuer, subject).await.is_empty(), "{org} {issuer} {subject}");
    }
    store.put_client(&naming(1, &["test"])).await.unwrap();
    assert!(find("a", CI, "build").await.is_empty(), "it doesn't name it any more");
    assert_eq!(find("a", CI, "test").await, [1, 2].map(client_id));
    assert_eq!(store.replace_client(&naming(1, &["test"]), &naming(1, &["build"])).await.unwrap(), Replaced::Done);
    assert_eq!((find("a", CI, "build").await, find("a", CI, "test").await), (vec![client_id(1)], vec![client_id(2)]));
    store.delete_client(&org_id("a"), client_id(2)).await.unwrap();
    assert!(find("a", CI, "test").await.is_empty(), "the client is gone");
}

async fn only_a_member_that_is_as_seen_is_swapped(store: Arc<dyn Store>) {
    let key = member_key("a", "ann");
    let swap = async |seen: Option<&Member>, member: Option<&Member>, witness: Option<&Member>| {
        let (seen, member, witness) = (seen.cloned(), member.cloned(), witness.cloned());
        store.swap_member(&MemberSwap { key: member_key("a", "ann"), seen, member, witness }).await.unwrap()
    };
    let (first, second, bob) = (member("a", "ann"), rich_member("a", "ann"), member("a", "bob"));
    assert_eq!(swap(None, Some(&first), None).await, Replaced::Dangling);
    assert_eq!(store.member(&key).await.unwrap(), None, "nothing was written");
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    assert_eq!(swap(Some(&first), Some(&second), None).await, Replaced::Outdated, "it isn't there yet");
    assert_eq!(swap(None, Some(&first), Some(&bob)).await, Replaced::Outdated, "the witness isn't there yet");
    assert_eq!(store.member(&key).await.unwrap(), None, "nothing was written");
    for _ in 0..2 {
        assert_eq!(swap(None, Some(&first), None).await, Replaced::Done);
    }
    assert_eq!(store.member(&key).await.unwrap(), Some(first.clone()));
    assert_eq!(swap(None, Some(&second), None).await, Replaced::Outdated, "it is there already");
    store.put_member(&bob).await.unwrap();
    let other = Member { enabled: false, ..bob.clone() };
    assert_eq!(swap(Some(&first), Some(&second), Some(&other)).await, Replaced::Outdated, "the witness is another");
    assert_eq!(store.member(&key).await.unwrap(), Some(first.clone()), "nothing was written");
    for _ in 0..2 {
        assert_eq!(swap(Some(&first), Some(&second), Some(&bob)).await, Replaced::Done);
    }
    assert_eq!(store.member(&key).await.unwrap(), Some(second.clone()));
    assert_eq!(store.member(&bob.key()).await.unwrap(), Some(bob.clone()), "a witness stays as it is");
    assert_eq!(swap(Some(&first), None, None).await, Replaced::Outdated);
    assert_eq!(swap(Some(&second), None, Some(&other)).await, Replaced::Outdated);
    for _ in 0..2 {
        assert_eq!(swap(Some(&second), None, Some(&bob)).await, Replaced::Done);
    }
    assert_eq!(store.member(&key).await.unwrap(), None);
    store.delete_member(&bob.key()).await.unwrap();
    assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::Done, "all are counted");
}

async fn uses_of_secrets_stand_beside_a_client_and_change_nothing_of_it(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let key = (org_id("a"), client_id(1));
    let uses = |number, day| {
        CredentialUses::new(vec![CredentialUse { credential: CredentialHash::from_number(number), day: Day::from_number(day) }])
    };
    let none = CredentialUses::default();
    let write = async |seen: &CredentialUses, uses: &CredentialUses| store.note_credential_uses(&key, seen, uses).await.unwrap();
    let kept = async || {
        let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
        store.read(&wanted).await.unwrap().credential_uses.remove(&key)
    };
    write(&none, &uses(1, 1)).await;
    assert_eq!(store.client(&key.0, key.1).await.unwrap(), None, "a use makes no client");
    let first = client("a", 1, Some("shop"));
    store.put_client(&first).await.unwrap();
    assert_eq!(kept().await, None);
    for _ in 0..2 {
        write(&none, &uses(u64::MAX, 20_779)).await;
        assert_eq!(kept().await, Some(uses(u64::MAX, 20_779)));
    }
    write(&none, &uses(2, 2)).await;
    write(&uses(2, 2), &uses(3, 3)).await;
    assert_eq!(kept().await, Some(uses(u64::MAX, 20_779)), "others are there already");
    write(&uses(u64::MAX, 20_779), &uses(4, -1)).await;
    assert_eq!(kept().await, Some(uses(4, -1)));
    assert_eq!(store.client(&key.0, key.1).await.unwrap(), Some(first.clone()));
    let second = Client { enabled: false, updated_at: at(5), ..first.clone() };
    assert_eq!(store.replace_client(&first, &second).await.unwrap(), Replaced::Done, "it is what was seen");
    store.put_client(&first).await.unwrap();
    assert_eq!(kept().await, Some(uses(4, -1)), "whoever writes the client leaves them");
    store.delete_client(&key.0, key.1).await.unwrap();
    store.put_client(&first).await.unwrap();
    assert_eq!(kept().await, None, "they go with the client");
}

/// A client that has registered itself, and ends then.
fn stranger(number: u64, alias: Option<&str>, expires_at: Timestamp) -> Client {
    Client { origin: ClientOrigin::SelfRegistered { expires_at }, ..client("a", number, alias) }
}

async fn a_client_that_ends_by_itself_is_kept_whole_and_its_end_moves(store: Arc<dyn Store>) {
    let first = stranger(1, None, at(86_400_000));
    assert_eq!(store.put_client(&first).await.unwrap(), Put::Dangling);
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    assert_eq!(store.put_client(&first).await.unwrap(), Put::Created);
    let stored = async || store.client(&org_id("a"), client_id(1)).await.unwrap();
    assert_eq!(stored().await, Some(first.clone()));
    let later = stranger(1, None, at(172_800_000));
    for _ in 0..2 {
        assert_eq!(store.replace_client(&first, &later).await.unwrap(), Replaced::Done);
    }
    assert_eq!(stored().await, Some(later.clone()));
    assert_eq!(store.replace_client(&first, &later_still()).await.unwrap(), Replaced::Outdated);
    let orgs = RecordKeys { client_orgs: vec![client_id(1)], ..RecordKeys::default() };
    assert_eq!(store.read(&orgs).await.unwrap().client_orgs.get(&client_id(1)), Some(&org_id("a")));
    assert_eq!(store.delete_client(&org_id("a"), client_id(1)).await.unwrap(), Delete::Done);
    assert_eq!(stored().await, None);
    assert!(store.read(&orgs).await.unwrap().client_orgs.is_empty(), "its number is free");
}

async fn a_client_that_is_known_by_a_document_is_kept_whole(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let url = ClientUrl::parse("https://client.example/x?y=z").unwrap();
    let first = Client { origin: ClientOrigin::MetadataDocument { url }, ..client("a", 1, None) };
    assert_eq!(store.put_client(&first).await.unwrap(), Put::Created);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(first.clone()));
    let second = Client { enabled: false, ..first.clone() };
    assert_eq!(store.replace_client(&first, &second).await.unwrap(), Replaced::Done);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(second));
    assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::InUse);
}

fn later_still() -> Client {
    stranger(1, None, at(259_200_000))
}

async fn a_client_that_ends_by_itself_keeps_no_org(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    store.put_client(&stranger(1, None, at(86_400_000))).await.unwrap();
    store.put_client(&client("a", 2, None)).await.unwrap();
    assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::InUse, "an administrator's client is in it");
    // What was a stranger's becomes one that counts, and the reverse.
    store.put_client(&client("a", 1, None)).await.unwrap();
    store.delete_client(&org_id("a"), client_id(2)).await.unwrap();
    assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::InUse);
    let seen = client("a", 1, None);
    assert_eq!(store.replace_client(&seen, &stranger(1, None, at(86_400_000))).await.unwrap(), Replaced::Done);
    assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::Done);
}
