//! What each operation of the port costs: calls of AWS when all is well.

use super::Emulator;
use crate::domain::{MarkKind, Shard, TokenRecord};
use crate::store::conformance::samples::{
    at, client, client_id, family, id_at, mark, member, member_key, new, org, org_id, step, subject, token,
};
use crate::store::{Store, TokenQuery, Wanted};

/// One operation, on a store that holds what [`setup`] puts there.
pub(super) async fn perform(store: &dyn Store, operation: &str) -> String {
    let (one, its_family) = (token("a", 1).key(), family("a", 2).key());
    match operation {
        "read" => {
            let wanted = Wanted {
                tokens: vec![one],
                families: vec![its_family],
                marks: vec![mark("a", MarkKind::Org, at(0)).key],
                orgs: vec![org_id("a"), org_id("b")],
                members: vec![member_key("a", "ann")],
                ..Wanted::default()
            };
            let found = store.read(&wanted).await.unwrap();
            format!("{} {} {} {}", found.tokens.len(), found.families.len(), found.orgs.len(), found.members.len())
        }
        "list" => format!("{:?}", store.list(&TokenQuery::of(org_id("a"))).await.unwrap().tokens.len()),
        "list by subject" => {
            let query = TokenQuery { subject: Some(subject("ann")), ..TokenQuery::of(org_id("a")) };
            format!("{:?}", store.list(&query).await.unwrap().tokens.len())
        }
        "list by id" => {
            let query = TokenQuery { id: Some(one.id), ..TokenQuery::of(org_id("a")) };
            format!("{:?}", store.list(&query).await.unwrap().tokens.len())
        }
        "record" => format!("{:?}", store.record(&new(&token("a", 20), None)).await.unwrap()),
        "record with family" => format!("{:?}", store.record(&new(&token("a", 20), Some(&family("a", 21)))).await.unwrap()),
        "revoke" => format!("{:?}", store.revoke(&one, None, at(5)).await.unwrap()),
        "revoke with family" => format!("{:?}", store.revoke(&one, Some(&its_family), at(5)).await.unwrap()),
        "revoke family" => format!("{:?}", store.revoke_family(&its_family, at(5)).await.unwrap()),
        "mark" => format!("{:?}", store.mark(&mark("a", MarkKind::Org, at(5))).await.unwrap()),
        "rotate" => format!("{:?}", store.rotate(&step(its_family, 0)).await.unwrap()),
        "org" => format!("{:?}", store.org(&org_id("a")).await.unwrap()),
        "sub-orgs" => format!("{:?}", store.sub_orgs(&org_id("a"), None, 10).await.unwrap()),
        "member" => format!("{:?}", store.member(&member_key("a", "ann")).await.unwrap()),
        "members" => format!("{:?}", store.members(&org_id("a"), None, 10).await.unwrap()),
        "client" => format!("{:?}", store.client(&org_id("a"), client_id(1)).await.unwrap()),
        "replace org" => format!("{:?}", store.put_org(&org("a", &[])).await.unwrap()),
        "create org" => format!("{:?}", store.put_org(&org("new", &["a"])).await.unwrap()),
        "delete org" => format!("{:?}", store.delete_org(&org_id("b")).await.unwrap()),
        "replace member" => format!("{:?}", store.put_member(&member("a", "ann")).await.unwrap()),
        "create member" => format!("{:?}", store.put_member(&member("a", "bob")).await.unwrap()),
        "delete member" => format!("{:?}", store.delete_member(&member_key("a", "ann")).await.unwrap()),
        "replace client" => format!("{:?}", store.put_client(&client("a", 1, Some("store"))).await.unwrap()),
        "create client" => format!("{:?}", store.put_client(&client("a", 2, Some("other"))).await.unwrap()),
        "delete client" => format!("{:?}", store.delete_client(&org_id("a"), client_id(1)).await.unwrap()),
        other => panic!("{other}?"),
    }
}

/// Orgs `a` and below it `b`; in `a` a member, a client and a token with its family.
pub(super) async fn setup(store: &dyn Store) {
    store.put_org(&org("a", &[])).await.unwrap();
    store.put_org(&org("b", &["a"])).await.unwrap();
    store.put_member(&member("a", "ann")).await.unwrap();
    store.put_client(&client("a", 1, Some("shop"))).await.unwrap();
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
}

#[tokio::test]
async fn each_operation_makes_as_many_calls_as_planned() {
    const BATCH: &str = "BatchGetItem Directory Tokens";
    const TRANSACTION: &str = "TransactWriteItems Tokens";
    const CHANGE: &str = "TransactWriteItems Directory";
    for (operation, planned) in [
        ("read", &[BATCH][..]),
        ("list", &["Query Tokens"; 16]),
        ("list by subject", &["Query Tokens/by_subject"; 16]),
        ("list by id", &["BatchGetItem Tokens"]),
        ("record", &["PutItem Tokens"]),
        ("record with family", &[TRANSACTION]),
        ("revoke", &["UpdateItem Tokens"]),
        ("revoke with family", &[TRANSACTION]),
        ("revoke family", &["UpdateItem Tokens"]),
        ("mark", &[TRANSACTION]),
        ("rotate", &["UpdateItem Tokens"]),
        ("org", &["GetItem Directory"]),
        ("sub-orgs", &["Query Directory"]),
        ("member", &["GetItem Directory"]),
        ("members", &["Query Directory"]),
        ("client", &["GetItem Directory"]),
        ("replace org", &["UpdateItem Directory"]),
        ("create org", &["UpdateItem Directory", CHANGE]),
        ("delete org", &["GetItem Directory", CHANGE]),
        ("replace member", &["UpdateItem Directory"]),
        ("create member", &["UpdateItem Directory", CHANGE]),
        ("delete member", &[CHANGE]),
        ("replace client", &["GetItem Directory", CHANGE]),
        ("create client", &["GetItem Directory", CHANGE]),
        ("delete client", &["GetItem Directory", CHANGE]),
    ] {
        let emulator = Emulator::at_hand(true).await;
        setup(&*emulator.store).await;
        emulator.wire.take_calls();
        perform(&*emulator.store, operation).await;
        let calls = emulator.wire.take_calls();
        let made = calls.iter().map(|call| {
            let tables: Vec<_> = call.tables.iter().map(|table| table.split('-').next().unwrap()).collect();
            let index = call.input["IndexName"].as_str().map(|index| format!("/{index}")).unwrap_or_default();
            format!("{} {}{index}", call.operation, tables.join(" "))
        });
        assert_eq!(made.collect::<Vec<_>>(), planned, "{operation}");
    }
}

#[tokio::test]
async fn what_decides_is_read_consistently() {
    let emulator = Emulator::at_hand(true).await;
    setup(&*emulator.store).await;
    emulator.wire.take_calls();
    for operation in ["read", "list by id", "org", "member", "members", "sub-orgs", "client"] {
        perform(&*emulator.store, operation).await;
        for call in emulator.wire.take_calls() {
            let asked =
                call.input["RequestItems"].as_object().map(|tables| tables.values().collect()).unwrap_or(vec![&call.input]);
            assert!(asked.iter().all(|asked| asked["ConsistentRead"] == true), "{operation}");
        }
    }
}

#[tokio::test]
async fn a_list_asks_each_shard_for_its_share_whatever_the_table_holds() {
    let emulator = Emulator::at_hand(true).await;
    for n in 0..640 {
        let id = id_at(n, at(i64::try_from(n).unwrap()), Shard::all().nth(usize::try_from(n % 16).unwrap()));
        emulator.store.record(&new(&TokenRecord { id, ..token("a", n) }, None)).await.unwrap();
    }
    emulator.wire.take_calls();
    let page = emulator.store.list(&TokenQuery::of(org_id("a"))).await.unwrap();
    assert_eq!(page.tokens.len(), 100);
    let calls = emulator.wire.take_calls();
    assert_eq!(calls.len(), 16, "one query for each shard");
    assert!(calls.iter().all(|call| call.input["Limit"] == 16));
}
