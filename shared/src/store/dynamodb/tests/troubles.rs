//! DynamoDB, or the way there, makes trouble.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::Emulator;
use super::calls::{perform, setup};
use crate::domain::{Aliased, Fault};
use crate::platform::aws::testing::Trouble;
use crate::store::conformance::samples::{
    NO_ASSERTIONS, alias_key, at, client, family, find_alias, find_family, find_token, member, new, org, org_id, put_org, step,
    token,
};
use crate::store::{AdvanceOutcome, Delete, Put, RecordKeys, Store, TokenQuery};

const WRITES: &[&str] = &["DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"];

/// All writes of the port, as [`perform`] knows them.
const ALL_WRITES: &[&str] = &[
    "record",
    "record with family",
    "record on ticket",
    "record on authorization",
    "amend",
    "amend family",
    "amend all",
    "put ticket",
    "spend ticket",
    "put authorization",
    "update authorization",
    "put logout",
    "complete logout",
    "assign user code",
    "count",
    "count no more",
    "count many",
    "use once",
    "use again",
    "put batch",
    "end part",
    "fail part",
    "revoke",
    "revoke with family",
    "revoke family",
    "mark",
    "rotate",
    "rotate and slide",
    "rotate and stay",
    "replace org",
    "create org",
    "delete org",
    "replace member",
    "create member",
    "swap member",
    "remove member",
    "delete member",
    "replace client",
    "swap client",
    "create client",
    "delete client",
];

/// What comes of each write if each call that writes meets this trouble once.
async fn each_write_with(trouble: &Trouble) -> Vec<(&'static str, String)> {
    let mut outcomes = Vec::new();
    for &write in ALL_WRITES {
        let emulator = Emulator::here(true).await;
        setup(&*emulator.store).await;
        emulator.wire.take_calls();
        for operation in WRITES {
            emulator.wire.trouble(operation, 1, trouble.clone());
        }
        outcomes.push((write, perform(&*emulator.store, write).await));
        let calls = emulator.wire.take_calls();
        let met = calls.iter().filter(|call| WRITES.contains(&&*call.operation));
        assert!(met.clone().count() > 0 && met.clone().all(|call| call.attempts > 1), "{write}: {calls:#?}");
    }
    outcomes
}

async fn calm_writes() -> Vec<(&'static str, String)> {
    let mut outcomes = Vec::new();
    for &write in ALL_WRITES {
        let emulator = Emulator::here(true).await;
        setup(&*emulator.store).await;
        outcomes.push((write, perform(&*emulator.store, write).await));
    }
    outcomes
}

#[tokio::test]
async fn a_write_whose_answer_got_lost_is_known_as_ones_own() {
    assert_eq!(each_write_with(&Trouble::LoseAnswer).await, calm_writes().await);
}

#[tokio::test]
async fn a_write_that_got_lost_is_sent_again() {
    assert_eq!(each_write_with(&Trouble::LoseRequest).await, calm_writes().await);
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    let calm = calm_writes().await;
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        assert_eq!(each_write_with(&Trouble::Refuse(code)).await, calm, "{code}");
    }
    assert_eq!(each_write_with(&Trouble::Answer(|_| (500, r#"{"__type":"InternalServerError"}"#.to_owned()))).await, calm);
}

#[tokio::test]
async fn a_conflict_with_a_transaction_is_no_answer() {
    for (write, operation) in [("record", "PutItem"), ("revoke", "UpdateItem"), ("rotate", "UpdateItem")] {
        let emulator = emulator().await;
        emulator.wire.trouble(operation, 2, Trouble::Refuse("TransactionConflictException"));
        perform(&*emulator.store, write).await;
        assert!(!emulator.wire.calm(), "{write}");
    }
    let emulator = emulator().await;
    emulator.wire.trouble("TransactWriteItems", 3, Trouble::Answer(conflict));
    emulator.wire.trouble("TransactWriteItems", 4, Trouble::Refuse("TransactionInProgressException"));
    assert_eq!(perform(&*emulator.store, "revoke with family").await, "Done");
    assert!(!emulator.wire.calm());
    let tokens: Vec<_> = emulator.wire.take_calls().into_iter().map(|call| call.input["ClientRequestToken"].clone()).collect();
    assert!(tokens.len() > 2 && tokens.iter().all(|token| *token == tokens[0]), "one write, one token: {tokens:?}");
}

/// A transaction is refused for one write's condition, while the other has met another's: nobody has looked at its condition.
#[tokio::test]
async fn a_conflict_beside_a_refusal_is_no_answer_either() {
    fn first_is_there_second_conflicts(input: &serde_json::Value) -> (u16, String) {
        let there = &input["TransactItems"][0]["Put"]["Item"];
        let refused = serde_json::json!({ "Code": "ConditionalCheckFailed", "Item": there });
        cancelled(&serde_json::json!([refused, { "Code": "TransactionConflict" }]))
    }
    fn first_conflicts_second_is_revoked(_: &serde_json::Value) -> (u16, String) {
        let refused =
            serde_json::json!({ "Code": "ConditionalCheckFailed", "Item": { "pk": { "S": "a#0" }, "r": { "N": "1" } } });
        cancelled(&serde_json::json!([{ "Code": "TransactionConflict" }, refused]))
    }
    let emulator = emulator().await;
    emulator.wire.trouble("TransactWriteItems", 1, Trouble::Answer(first_is_there_second_conflicts));
    perform(&*emulator.store, "record with family").await;
    assert!(find_family(&emulator.store, &family("a", 21).key()).await.is_some(), "it is written by itself");

    emulator.wire.trouble("TransactWriteItems", 1, Trouble::Answer(first_conflicts_second_is_revoked));
    assert_eq!(perform(&*emulator.store, "revoke with family").await, "Done");
    assert_eq!(find_token(&emulator.store, &token("a", 1).key()).await.unwrap().revoked_at, Some(at(5)));
}

#[tokio::test]
async fn a_recording_beside_anothers_is_looked_at_again() {
    fn the_token_is_there_the_rest_conflicts(input: &serde_json::Value) -> (u16, String) {
        let there = &input["TransactItems"][0]["Put"]["Item"];
        let conflicts = vec![serde_json::json!({ "Code": "TransactionConflict" }); 4];
        let refused = serde_json::json!({ "Code": "ConditionalCheckFailed", "Item": there });
        cancelled(&std::iter::once(refused).chain(conflicts).collect())
    }
    fn the_token_conflicts_the_ticket_is_spent(_: &serde_json::Value) -> (u16, String) {
        let spent = serde_json::json!({ "Code": "ConditionalCheckFailed", "Item": { "pk": { "S": "a#0" } } });
        cancelled(&serde_json::json!([{ "Code": "TransactionConflict" }, spent]))
    }
    fn the_token_conflicts_the_authorization_is_gone(_: &serde_json::Value) -> (u16, String) {
        let refused = serde_json::json!({ "Code": "ConditionalCheckFailed" });
        cancelled(&serde_json::json!([{ "Code": "TransactionConflict" }, refused, { "Code": "None" }]))
    }
    let emulator = emulator().await;
    emulator.wire.trouble("TransactWriteItems", 1, Trouble::Answer(the_token_is_there_the_rest_conflicts));
    assert_eq!(perform(&*emulator.store, "record on ticket").await, "Done");
    assert!(find_family(&emulator.store, &family("a", 21).key()).await.is_some(), "what is left is written by itself");
    assert_eq!(find_alias(&emulator.store, &alias_key("a", 31)).await, Some(Aliased::Token(token("a", 20).id)));

    let emulator = self::emulator().await;
    emulator.wire.trouble("TransactWriteItems", 1, Trouble::Answer(the_token_conflicts_the_ticket_is_spent));
    assert_eq!(perform(&*emulator.store, "record on ticket").await, "TicketSpent");

    // The same with an authorization that another has changed.
    emulator.wire.trouble("TransactWriteItems", 1, Trouble::Answer(the_token_conflicts_the_authorization_is_gone));
    assert_eq!(perform(&*emulator.store, "record on authorization").await, "AuthorizationChanged");
}

#[tokio::test]
async fn an_amendment_beside_anothers_is_looked_at_again() {
    fn the_token_is_as_it_shall_be_the_rest_conflicts(input: &serde_json::Value) -> (u16, String) {
        let there = &input["TransactItems"][0]["Put"]["Item"];
        let refused = serde_json::json!({ "Code": "ConditionalCheckFailed", "Item": there });
        let conflict = serde_json::json!({ "Code": "TransactionConflict" });
        cancelled(&serde_json::json!([refused, conflict, { "Code": "None" }]))
    }
    let emulator = emulator().await;
    emulator.wire.trouble("TransactWriteItems", 1, Trouble::Answer(the_token_is_as_it_shall_be_the_rest_conflicts));
    assert_eq!(perform(&*emulator.store, "amend all").await, "Done");
    assert_eq!(find_family(&emulator.store, &family("a", 2).key()).await.unwrap().revision, 1);
    assert_eq!(find_alias(&emulator.store, &alias_key("a", 33)).await, Some(Aliased::Token(token("a", 1).id)));
}

#[tokio::test]
async fn an_access_token_that_cannot_be_let_go_of_is_kept_and_nobody_is_told() {
    let emulator = emulator().await;
    // The step itself is let through.
    emulator.wire.trouble("UpdateItem", 1, Trouble::Delay(Duration::ZERO));
    emulator.wire.trouble("UpdateItem", 3, Trouble::Refuse("ThrottlingException"));
    assert_eq!(perform(&*emulator.store, "rotate exclusive").await, "Applied");
    assert!(!emulator.wire.calm());
    assert!(find_token(&emulator.store, &token("a", 11).key()).await.is_some());
}

#[tokio::test]
async fn members_that_are_added_at_the_same_time_are_all_added_whatever_conflicts() {
    let emulator = emulator().await;
    emulator.wire.trouble("TransactWriteItems", 48, Trouble::Answer(conflict));
    let names: Vec<_> = (0..32).map(|n| format!("m{n}")).collect();
    let added = join_all(names.iter().map(async |name| emulator.store.put_member(&member("a", name)).await.unwrap())).await;
    assert!(added.iter().all(|put| *put == Put::Created), "{added:?}");
    assert_eq!(emulator.store.delete_org(&org_id("a")).await.unwrap(), Delete::InUse);
    let there = emulator.store.members(&org_id("a"), None, 100).await.unwrap();
    assert_eq!(there.len(), 2 + 32, "with the two from the start");
}

#[tokio::test]
async fn endless_conflicts_end_as_unavailable_and_never_as_an_answer() {
    let emulator = emulator().await;
    emulator.wire.trouble("TransactWriteItems", u32::MAX, Trouble::Answer(conflict));
    let begun = Instant::now();
    let error = emulator.store.revoke(&token("a", 1).key(), Some(&family("a", 2).key()), at(1).into()).await.unwrap_err();
    assert!(error.can_retry());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(find_token(&emulator.store, &token("a", 1).key()).await.unwrap().revoked_at, None);
}

#[tokio::test]
async fn what_does_not_pass_is_unavailable_after_three_attempts() {
    for trouble in [
        Trouble::Refuse("ThrottlingException"),
        Trouble::Refuse("ProvisionedThroughputExceededException"),
        Trouble::Answer(|_| (503, String::new())),
        Trouble::LoseRequest,
        Trouble::LoseAnswer,
        Trouble::Answer(|_| (200, r#"{"Responses":{"Tok"#.to_owned())),
        Trouble::Answer(|_| (200, "<html>".to_owned())),
    ] {
        let emulator = emulator().await;
        for (operation, fault) in each_fault(&emulator, &trouble).await {
            assert!(fault.can_retry(), "{operation}, {trouble:?}: {fault:?}");
            let calls = emulator.wire.take_calls();
            // The queries of the other shards are given up with the first that fails.
            let mut rest = calls.iter().filter(|call| call.operation != "Query");
            assert!(rest.all(|call| call.attempts == 3), "{operation}, {trouble:?}");
        }
    }
}

#[tokio::test]
async fn what_another_attempt_does_not_help_is_not_tried_again() {
    for code in [
        "AccessDeniedException",
        "ExpiredTokenException",
        "IdempotentParameterMismatchException",
        "ResourceNotFoundException",
        "ValidationException",
    ] {
        let emulator = emulator().await;
        for (operation, fault) in each_fault(&emulator, &Trouble::Refuse(code)).await {
            assert!(!fault.can_retry(), "{operation}, {code}: {fault:?}");
            assert!(emulator.wire.take_calls().iter().all(|call| call.attempts == 1), "{operation}, {code}");
        }
    }
}

/// The faults of a read, a listing and two writes that always meet this trouble.
async fn each_fault(emulator: &Emulator, trouble: &Trouble) -> Vec<(&'static str, Fault)> {
    for operation in ["BatchGetItem", "Query", "PutItem", "TransactWriteItems"] {
        emulator.wire.trouble(operation, u32::MAX, trouble.clone());
    }
    let store = &emulator.store;
    vec![
        ("read", store.read(&wanted()).await.unwrap_err()),
        ("list", store.list(&org_id("a"), &TokenQuery::default()).await.unwrap_err()),
        ("record", store.record(&new(&token("a", 20), None)).await.unwrap_err()),
        ("record with family", store.record(&new(&token("a", 20), Some(&family("a", 21)))).await.unwrap_err()),
    ]
}

#[tokio::test]
async fn keys_that_were_not_looked_up_are_looked_up_again_and_never_taken_for_absent() {
    fn nothing_done(input: &serde_json::Value) -> (u16, String) {
        (200, serde_json::json!({ "Responses": {}, "UnprocessedKeys": input["RequestItems"] }).to_string())
    }
    let emulator = emulator().await;
    emulator.wire.trouble("BatchGetItem", 2, Trouble::Answer(nothing_done));
    assert_eq!(emulator.store.read(&wanted()).await.unwrap().tokens.len(), 1);
    assert_eq!(emulator.wire.take_calls().len(), 3);

    emulator.wire.trouble("BatchGetItem", u32::MAX, Trouble::Answer(nothing_done));
    let begun = Instant::now();
    assert!(emulator.store.read(&wanted()).await.unwrap_err().can_retry());
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_not_taken_for_absence() {
    let emulator = emulator().await;
    emulator.wire.trouble("BatchGetItem", u32::MAX, Trouble::Answer(|_| (200, "{}".to_owned())));
    assert!(emulator.store.read(&wanted()).await.unwrap_err().can_retry());
}

#[tokio::test]
async fn a_slow_answer_is_not_waited_for() {
    let emulator = emulator().await;
    emulator.wire.trouble("BatchGetItem", 1, Trouble::Delay(Duration::from_secs(29)));
    assert_eq!(emulator.store.read(&wanted()).await.unwrap().tokens.len(), 1, "the second attempt is quick");

    emulator.wire.trouble("BatchGetItem", u32::MAX, Trouble::Delay(Duration::from_secs(29)));
    let begun = Instant::now();
    assert!(emulator.store.read(&wanted()).await.unwrap_err().can_retry());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_same_write_again_is_a_success_whoever_sends_it() {
    let emulator = emulator().await;
    let store: &dyn Store = &*emulator.store;
    for _ in 0..2 {
        store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
        assert!(matches!(store.advance_family(&step(family("a", 2).key(), 0)).await.unwrap(), AdvanceOutcome::Applied));
        put_org(store, &org("b", &["a"]), &NO_ASSERTIONS).await;
        store.put_member(&member("a", "ann")).await.unwrap();
        store.put_client(&client("a", 1, Some("shop"))).await.unwrap();
    }
}

async fn emulator() -> Emulator {
    let emulator = Emulator::here(true).await;
    setup(&*emulator.store).await;
    emulator.wire.take_calls();
    emulator
}

fn wanted() -> RecordKeys {
    RecordKeys { tokens: vec![token("a", 1).key(), token("a", 9).key()], orgs: vec![org_id("a")], ..RecordKeys::default() }
}

/// The answer to a transaction of two writes, of which the second has met another's.
fn conflict(_: &serde_json::Value) -> (u16, String) {
    cancelled(&serde_json::json!([{ "Code": "None" }, { "Code": "TransactionConflict", "Message": "met" }]))
}

fn cancelled(reasons: &serde_json::Value) -> (u16, String) {
    let code = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    (400, serde_json::json!({ "__type": code, "Message": "cancelled", "CancellationReasons": reasons }).to_string())
}
