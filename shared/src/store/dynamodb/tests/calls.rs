//! What each operation of the port costs: calls of AWS when all is well.

use super::Emulator;
use crate::domain::{Aliased, ApiKey, ApiKeyRevocation, ApiKeyRevocationReason, Family, NotBeforeScope, Org, Shard, TokenRecord};
use crate::store::codec::org_item_bytes;
use crate::store::conformance::samples::{
    NO_ASSERTIONS, T0, alias, alias_key, api_key, api_key_locator, api_key_value, at, authorization, authorization_key, batch,
    client, client_document, client_id, completion, event, family, id_at, logout, logout_key, mark, member, member_key, new, org,
    org_id, person_grant, put_org, redeemed, refreshable, rich_member, spending, step, subject, ticket, ticket_key, token, used,
    user_code,
};
use crate::store::{
    ApiKeyLimit, ApiKeyQuery, CountedEvent, FamilyAdvance, FamilyUpdate, MemberSwap, NewToken, RecordKeys, Store, TokenQuery,
    TokenUpdate, WorkloadKey,
};

const MANY_KEYS: ApiKeyLimit = ApiKeyLimit { most: 10, made_after: None };

/// One operation, on a store that holds what [`setup`] puts there.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) async fn perform(store: &dyn Store, operation: &str) -> String {
    let (one, its_family) = (token("a", 1).key(), family("a", 2).key());
    match operation {
        "read" => {
            let wanted = RecordKeys {
                tokens: vec![one],
                families: vec![its_family],
                marks: vec![mark("a", NotBeforeScope::Org, at(0)).key],
                orgs: vec![org_id("a"), org_id("b")],
                assertion_settings: vec![org_id("a")],
                members: vec![member_key("a", "ann")],
                aliases: vec![alias_key("a", 1)],
                api_key_values: vec![api_key_value(1)],
                api_keys: vec![api_key_locator("a", 1)],
                tickets: vec![ticket_key("a", 3)],
                authorizations: vec![authorization_key("a", 7)],
                logouts: vec![logout_key("a", 9)],
                user_codes: vec![user_code("a", 1, 7).key],
                client_documents: vec![client_document("a", 1).key],
                person_grants: vec![person_grant("a", T0).key],
                clients: vec![(org_id("a"), client_id(1))],
                client_aliases: vec![(org_id("a"), "shop".to_owned())],
                client_orgs: vec![client_id(1)],
                uses: vec![used("dpop", 1).key()],
                workloads: vec![WorkloadKey::new(&org_id("a"), "https://ci.example", "build")],
                shard_of: None,
            };
            let found = store.read(&wanted).await.unwrap();
            format!("{} {} {} {}", found.tokens.len(), found.families.len(), found.orgs.len(), found.members.len())
        }
        "list" => format!("{:?}", store.list(&org_id("a"), &TokenQuery::default()).await.unwrap().tokens.len()),
        "list by subject" => {
            let query = TokenQuery { subject: Some(subject("ann")), ..TokenQuery::default() };
            format!("{:?}", store.list(&org_id("a"), &query).await.unwrap().tokens.len())
        }
        "list by id" => {
            let query = TokenQuery { id: Some(one.id), ..TokenQuery::default() };
            format!("{:?}", store.list(&org_id("a"), &query).await.unwrap().tokens.len())
        }
        "record" => format!("{:?}", store.record(&new(&token("a", 20), None)).await.unwrap()),
        "record with family" => format!("{:?}", store.record(&new(&token("a", 20), Some(&family("a", 21)))).await.unwrap()),
        "record on ticket" => {
            let token = token("a", 20);
            let aliases = vec![alias("a", 31, Aliased::Token(token.id)), alias("a", 32, Aliased::Family(family("a", 21).id))];
            let ticket = Some(spending(ticket_key("a", 3), token.id));
            let whole = NewToken { aliases, ticket, ..new(&token, Some(&family("a", 21))) };
            format!("{:?}", store.record(&whole).await.unwrap())
        }
        "record on authorization" => {
            let token = token("a", 20);
            let whole =
                NewToken { authorization: Some(Box::new(redeemed("a", 7, token.id))), ..new(&token, Some(&family("a", 21))) };
            format!("{:?}", store.record(&whole).await.unwrap())
        }
        "record with grant" => {
            let token = token("a", 20);
            let whole = NewToken { person_grant: Some(person_grant("a", at(9))), ..new(&token, Some(&family("a", 21))) };
            format!("{:?}", store.record(&whole).await.unwrap())
        }
        "grants" => {
            format!("{:?}", store.person_grants(&org_id("a"), &subject("ann"), None, 10).await.unwrap().grants.len())
        }
        "end grant" => format!("{:?}", store.end_person_grant(&person_grant("a", T0).key, at(9)).await.unwrap()),
        "use grant" => format!("{:?}", store.note_person_grant_use(&person_grant("a", T0).key, at(9)).await.unwrap()),
        "create key" => format!("{:?}", store.create_api_key(&api_key("a", 50), MANY_KEYS).await.unwrap()),
        "patch key" => {
            let key = ApiKey { revision: 1, ..api_key("a", 1) };
            format!("{:?}", store.update_api_key(&api_key("a", 1), &key).await.unwrap())
        }
        "rotate key" => {
            let key = ApiKey { revision: 1, value: api_key_value(52), ..api_key("a", 1) };
            format!("{:?}", store.update_api_key(&api_key("a", 1), &key).await.unwrap())
        }
        "revoke key" => {
            let revocation = ApiKeyRevocation { at: at(9), reason: ApiKeyRevocationReason::Owner, by: None, place: None };
            format!("{:?}", store.revoke_api_key(&api_key_locator("a", 1), &revocation).await.unwrap())
        }
        "use key" => format!("{:?}", store.note_api_key_use(&api_key_locator("a", 1), at(0)).await.unwrap()),
        "keys" => {
            let query = ApiKeyQuery { owner: None, after: None, limit: 10 };
            format!("{:?}", store.api_keys(&org_id("a"), &query).await.unwrap().keys.len())
        }
        "amend" => format!("{:?}", store.update_token(&amendment(true, false, false)).await.unwrap()),
        "amend family" => format!("{:?}", store.update_token(&amendment(false, true, false)).await.unwrap()),
        "amend all" => format!("{:?}", store.update_token(&amendment(true, true, true)).await.unwrap()),
        "put ticket" => format!("{:?}", store.put_ticket(&ticket("a", 4)).await.unwrap()),
        "spend ticket" => format!("{:?}", store.spend_ticket(&spending(ticket_key("a", 3), token("a", 9).id)).await.unwrap()),
        "put authorization" => format!("{:?}", store.put_authorization(&authorization("a", 8)).await.unwrap()),
        "update authorization" => {
            format!("{:?}", store.update_authorization(&redeemed("a", 7, token("a", 9).id)).await.unwrap())
        }
        "put logout" => format!("{:?}", store.put_logout(&logout("a", 8)).await.unwrap()),
        "complete logout" => {
            format!("{:?}", store.complete_logout(&completion(logout_key("a", 9), token("a", 9).id)).await.unwrap())
        }
        "assign user code" => {
            format!("{:?}", store.assign_user_code(&user_code("a", 2, 7), at(1)).await.unwrap())
        }
        "put client document" => format!("{:?}", store.put_client_document(&client_document("a", 1)).await.unwrap()),
        "count" => format!("{:?}", store.count(&event("a", 1)).await.unwrap()),
        "count no more" => format!("{:?}", store.count(&CountedEvent { limit: 1, ..event("a", 2) }).await.unwrap()),
        "count many" => format!("{:?}", store.count_many(&event("a", 1), 2).await.unwrap()),
        "count the last" => format!("{:?}", store.count_many(&event("a", 2), 3).await.unwrap()),
        "use once" => format!("{:?}", store.use_once(&used("a", 2)).await.unwrap()),
        "use again" => format!("{:?}", store.use_once(&used("a", 1)).await.unwrap()),
        "put batch" => format!("{:?}", store.put_batch(&batch("a", 6)).await.unwrap()),
        "batch" => format!("{:?}", store.batch(&batch("a", 5).key()).await.unwrap()),
        "end part" => format!("{:?}", store.end_part(&batch("a", 5).key(), 1, None, at(9)).await.unwrap()),
        "fail part" => format!("{:?}", store.end_part(&batch("a", 5).key(), 1, Some("x"), at(9)).await.unwrap()),
        "revoke" => format!("{:?}", store.revoke(&one, None, at(5).into()).await.unwrap()),
        "revoke with family" => format!("{:?}", store.revoke(&one, Some(&its_family), at(5).into()).await.unwrap()),
        "revoke family" => format!("{:?}", store.revoke_family(&its_family, at(5).into()).await.unwrap()),
        "mark" => format!("{:?}", store.set_not_before(&mark("a", NotBeforeScope::Org, at(5))).await.unwrap()),
        "rotate" => format!("{:?}", store.advance_family(&step(its_family, 0)).await.unwrap()),
        "rotate and slide" => {
            let ends = Some((at(90_000_000), Some(at(90_000_000))));
            format!("{:?}", store.advance_family(&FamilyAdvance { ends, ..step(its_family, 0) }).await.unwrap())
        }
        "rotate and stay" => {
            format!("{:?}", store.advance_family(&FamilyAdvance { next: None, ..step(its_family, 0) }).await.unwrap())
        }
        "rotate exclusive" => format!("{:?}", store.advance_family(&step(family("a", 12).key(), 0)).await.unwrap()),
        other => perform_on_directory(store, other).await,
    }
}

async fn perform_on_directory(store: &dyn Store, operation: &str) -> String {
    match operation {
        "org" => format!("{:?}", store.org(&org_id("a")).await.unwrap()),
        "sub-orgs" => format!("{:?}", store.sub_orgs(&org_id("a"), None, 10).await.unwrap()),
        "member" => format!("{:?}", store.member(&member_key("a", "ann")).await.unwrap()),
        "members" => format!("{:?}", store.members(&org_id("a"), None, 10).await.unwrap()),
        "clients" => format!("{:?}", store.clients(&org_id("a"), None, 10).await.unwrap().len()),
        "client" => format!("{:?}", store.client(&org_id("a"), client_id(1)).await.unwrap()),
        "replace org" | "replace org alone" => {
            let (seen, new) = (org("a", &[]), Org { enabled: false, ..org("a", &[]) });
            let is_whole = operation == "replace org";
            format!("{:?}", store.put_org(Some(&seen), &new, is_whole.then_some(&NO_ASSERTIONS)).await.unwrap())
        }
        "create org" => format!("{:?}", store.put_org(None, &org("new", &["a"]), Some(&NO_ASSERTIONS)).await.unwrap()),
        "delete org" => format!("{:?}", store.delete_org(&org_id("b")).await.unwrap()),
        "replace member" => format!("{:?}", store.put_member(&member("a", "ann")).await.unwrap()),
        "swap member" => {
            let (seen, new) = (Some(member("a", "ann")), Some(rich_member("a", "ann")));
            let swap = MemberSwap { key: member_key("a", "ann"), seen, member: new, witness: None };
            format!("{:?}", store.swap_member(&swap).await.unwrap())
        }
        "remove member" => {
            let (seen, witness) = (Some(member("a", "ann")), Some(member("a", "cid")));
            let swap = MemberSwap { key: member_key("a", "ann"), seen, member: None, witness };
            format!("{:?}", store.swap_member(&swap).await.unwrap())
        }
        "create member" => format!("{:?}", store.put_member(&member("a", "bob")).await.unwrap()),
        "delete member" => format!("{:?}", store.delete_member(&member_key("a", "ann")).await.unwrap()),
        "replace client" => format!("{:?}", store.put_client(&client("a", 1, Some("store"))).await.unwrap()),
        "swap client" => {
            let (seen, new) = (client("a", 1, Some("shop")), client("a", 1, Some("store")));
            format!("{:?}", store.replace_client(&seen, &new).await.unwrap())
        }
        "create client" => format!("{:?}", store.put_client(&client("a", 2, Some("other"))).await.unwrap()),
        "delete client" => format!("{:?}", store.delete_client(&org_id("a"), client_id(1)).await.unwrap()),
        other => panic!("{other}?"),
    }
}

/// The next revision of the token and the family, and a new value.
fn amendment(of_token: bool, of_family: bool, with_alias: bool) -> TokenUpdate {
    let family = Family { revision: 1, ..family("a", 2) };
    let token = TokenRecord { revision: 1, ..token("a", 1) };
    TokenUpdate {
        alias: with_alias.then(|| alias("a", 33, Aliased::Token(token.id))),
        token: of_token.then_some(token),
        family: of_family.then_some(FamilyUpdate { family, moves_end: true }),
    }
}

/// Orgs `a` and below it `b`; in `a` a member, a client, a token with its family, another as OAuth clients have them, a ticket,
/// an authorization, a logout, a grant with its token, a use, a user code, a count and a batch.
pub(super) async fn setup(store: &dyn Store) {
    put_org(store, &org("a", &[]), &NO_ASSERTIONS).await;
    put_org(store, &org("b", &["a"]), &NO_ASSERTIONS).await;
    store.put_member(&member("a", "ann")).await.unwrap();
    store.put_member(&member("a", "cid")).await.unwrap();
    store.put_client(&client("a", 1, Some("shop"))).await.unwrap();
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    let (refreshable, exclusive) = refreshable();
    store.record(&new(&refreshable, Some(&exclusive))).await.unwrap();
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    store.put_authorization(&authorization("a", 7)).await.unwrap();
    store.put_logout(&logout("a", 9)).await.unwrap();
    store.create_api_key(&api_key("a", 1), MANY_KEYS).await.unwrap();
    let granting = NewToken { person_grant: Some(person_grant("a", T0)), ..new(&token("a", 40), None) };
    store.record(&granting).await.unwrap();
    store.use_once(&used("a", 1)).await.unwrap();
    store.assign_user_code(&user_code("a", 1, 7), at(0)).await.unwrap();
    store.count(&event("a", 2)).await.unwrap();
    store.put_batch(&batch("a", 5)).await.unwrap();
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
        ("record on ticket", &[TRANSACTION]),
        ("record on authorization", &[TRANSACTION]),
        ("record with grant", &[TRANSACTION]),
        ("create key", &["TransactWriteItems Directory Tokens"]),
        ("patch key", &["UpdateItem Tokens"]),
        ("rotate key", &[TRANSACTION]),
        ("revoke key", &["UpdateItem Tokens"]),
        ("use key", &["UpdateItem Tokens"]),
        ("keys", &["Query Tokens"; 16]),
        ("grants", &["Query Tokens"]),
        ("end grant", &["UpdateItem Tokens"]),
        ("use grant", &["UpdateItem Tokens"]),
        ("amend", &["PutItem Tokens"]),
        ("amend family", &["UpdateItem Tokens"]),
        ("amend all", &[TRANSACTION]),
        ("put ticket", &["PutItem Tokens"]),
        ("spend ticket", &["UpdateItem Tokens"]),
        ("put authorization", &["PutItem Tokens"]),
        ("update authorization", &["PutItem Tokens"]),
        ("put logout", &["PutItem Tokens"]),
        ("complete logout", &["UpdateItem Tokens"]),
        ("assign user code", &["PutItem Tokens"]),
        ("count", &["UpdateItem Tokens"]),
        ("count no more", &["UpdateItem Tokens"]),
        ("count many", &["UpdateItem Tokens"]),
        // The first says how many are left.
        ("count the last", &["UpdateItem Tokens", "UpdateItem Tokens"]),
        ("use once", &["PutItem Tokens"]),
        ("use again", &["PutItem Tokens"]),
        ("put batch", &["PutItem Tokens"]),
        ("batch", &["GetItem Tokens"]),
        ("end part", &["UpdateItem Tokens"]),
        ("fail part", &["UpdateItem Tokens"]),
        ("revoke", &["UpdateItem Tokens"]),
        ("revoke with family", &[TRANSACTION]),
        ("revoke family", &["UpdateItem Tokens"]),
        ("mark", &[TRANSACTION]),
        ("rotate", &["UpdateItem Tokens"]),
        ("rotate and slide", &["UpdateItem Tokens"]),
        ("rotate and stay", &["UpdateItem Tokens"]),
        // And the access token that was replaced is let go of.
        ("rotate exclusive", &["UpdateItem Tokens"; 2]),
        ("org", &["GetItem Directory"]),
        ("sub-orgs", &["Query Directory"]),
        ("member", &["GetItem Directory"]),
        ("members", &["Query Directory"]),
        ("client", &["GetItem Directory"]),
        ("clients", &["Query Directory"]),
        ("replace org", &["GetItem Directory", CHANGE]),
        ("replace org alone", &["GetItem Directory", CHANGE]),
        ("create org", &["GetItem Directory", CHANGE]),
        ("delete org", &["GetItem Directory", CHANGE]),
        ("replace member", &["UpdateItem Directory"]),
        ("create member", &["UpdateItem Directory", CHANGE]),
        ("swap member", &["UpdateItem Directory"]),
        ("remove member", &[CHANGE]),
        ("delete member", &[CHANGE]),
        ("replace client", &["GetItem Directory", CHANGE]),
        ("swap client", &["GetItem Directory", CHANGE]),
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

/// DynamoDB counts names and values: texts by their bytes, numbers by half their digits.
#[tokio::test]
async fn an_org_is_stored_in_as_many_bytes_as_it_is_said_to_take_or_a_few_less() {
    let emulator = Emulator::at_hand(true).await;
    put_org(&*emulator.store, &org("a", &[]), &NO_ASSERTIONS).await;
    emulator.wire.take_calls();
    let below = Org { secrets: vec![[1; 32], [2; 32]], ..org("b", &["a"]) };
    put_org(&*emulator.store, &below, &NO_ASSERTIONS).await;
    let calls = emulator.wire.take_calls();
    let items = calls.iter().filter_map(|call| call.input["TransactItems"].as_array()).flatten();
    let mut items = items.map(|write| &write["Put"]["Item"]).filter(|item| item["sk"]["S"] == "o");
    let item = items.next().unwrap().as_object().unwrap();
    let size = |name: &String, value: &serde_json::Value| {
        let text = value["S"].as_str().map(str::len);
        name.len() + text.unwrap_or_else(|| value["N"].as_str().unwrap().len().div_ceil(2) + 1)
    };
    let taken: usize = item.iter().map(|(name, value)| size(name, value)).sum();
    let said = org_item_bytes(&below).unwrap();
    assert!((taken..=taken + 64).contains(&said), "{taken} {said} {item:?}");
}

#[tokio::test]
async fn what_decides_is_read_consistently() {
    let emulator = Emulator::at_hand(true).await;
    setup(&*emulator.store).await;
    emulator.wire.take_calls();
    for operation in ["read", "list by id", "org", "member", "members", "sub-orgs", "client", "clients", "batch", "grants"] {
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
    let page = emulator.store.list(&org_id("a"), &TokenQuery::default()).await.unwrap();
    assert_eq!(page.tokens.len(), 100);
    let calls = emulator.wire.take_calls();
    assert_eq!(calls.len(), 16, "one query for each shard");
    assert!(calls.iter().all(|call| call.input["Limit"] == 16));
}
