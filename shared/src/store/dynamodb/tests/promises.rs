//! What the store and its tests take for granted of DynamoDB, asked of what stands in for it.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, PutRequest, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, WriteRequest,
};

use super::super::Item;
use super::super::items::{number, text};
use super::super::tables::{BY_SUBJECT, BY_SUBJECT_KEY};
use super::Emulator;

/// Panics if one isn't kept.
pub(super) async fn all_are_kept() {
    let emulator = Emulator::at_hand(true).await;
    let (client, table) = (&emulator.client, &*emulator.tables.tokens);
    a_repeated_transaction_happens_once(client, table).await;
    a_refused_write_shows_what_is_there(client, table).await;
    reasons_come_in_the_order_of_the_writes(client, table).await;
    too_much_at_once_is_refused(client, table).await;
    a_query_ends_after_1_mb_and_goes_on(client, table).await;
    an_index_is_not_read_consistently(client, table).await;
}

async fn a_repeated_transaction_happens_once(client: &Client, table: &str) {
    let send = |by| {
        let add = Update::builder().table_name(table).set_key(Some(key("promise", "once"))).update_expression("ADD k :by");
        let add = add.expression_attribute_values(":by", number(by)).build().unwrap();
        let writes = client.transact_write_items().transact_items(TransactWriteItem::builder().update(add).build());
        writes.client_request_token(&table[table.len().saturating_sub(36)..]).send()
    };
    send(1).await.unwrap();
    send(1).await.unwrap();
    assert_eq!(get(client, table, key("promise", "once")).await["k"], number(1), "the second time is none");
    let error = send(2).await.unwrap_err().into_service_error();
    assert!(error.is_idempotent_parameter_mismatch_exception(), "{error:?}");
}

async fn a_refused_write_shows_what_is_there(client: &Client, table: &str) {
    let item = with(key("promise", "there"), "b", text("first"));
    let put = || {
        let put = client.put_item().table_name(table).set_item(Some(with(key("promise", "there"), "b", text("second"))));
        let put = put.condition_expression("attribute_not_exists(pk)");
        put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send()
    };
    client.put_item().table_name(table).set_item(Some(item.clone())).send().await.unwrap();
    let error = put().await.unwrap_err().into_service_error();
    assert!(
        matches!(&error, aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) if failed.item() == Some(&item)),
        "{error:?}"
    );
}

async fn reasons_come_in_the_order_of_the_writes(client: &Client, table: &str) {
    let missing = |sk: &str, condition: &str| {
        let update = Update::builder().table_name(table).set_key(Some(key("promise", sk))).update_expression("SET k = :k");
        let update = update.expression_attribute_values(":k", number(1)).condition_expression(condition);
        let update = update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    };
    let writes = client.transact_write_items().transact_items(missing("none", "attribute_exists(pk)"));
    let writes = writes.transact_items(missing("new", "attribute_not_exists(pk)"));
    let error = writes.transact_items(missing("there", "attribute_not_exists(pk)")).send().await.unwrap_err();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.into_service_error() else {
        panic!("another error")
    };
    let reasons: Vec<_> = cancelled.cancellation_reasons().iter().map(|reason| (reason.code().unwrap(), reason.item())).collect();
    assert_eq!(reasons.len(), 3);
    assert!(matches!(reasons[0], ("ConditionalCheckFailed", None)), "{reasons:?}");
    assert!(matches!(reasons[1], ("None", None)), "{reasons:?}");
    assert!(matches!(reasons[2], ("ConditionalCheckFailed", Some(item)) if item["b"] == text("first")), "{reasons:?}");
    let nothing = client.get_item().table_name(table).set_key(Some(key("promise", "new"))).send().await.unwrap();
    assert!(nothing.item.is_none(), "all or none");
}

async fn too_much_at_once_is_refused(client: &Client, table: &str) {
    let keys = (0..101).map(|n| key("promise", &format!("{n}"))).collect();
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap();
    assert!(client.batch_get_item().request_items(table, keys).send().await.is_err(), "100 keys at most");
    let puts = (0..26).map(|n| {
        let put = PutRequest::builder().set_item(Some(key("promise", &format!("{n}")))).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    });
    assert!(client.batch_write_item().request_items(table, puts.collect()).send().await.is_err(), "25 writes at most");
}

async fn a_query_ends_after_1_mb_and_goes_on(client: &Client, table: &str) {
    for n in 0..5 {
        let item = with(key("promise-pages", &format!("{n}")), "b", text("x".repeat(300_000)));
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }
    let query = |after: Option<Item>| {
        let query = client.query().table_name(table).key_condition_expression("pk = :pk").set_exclusive_start_key(after);
        query.expression_attribute_values(":pk", text("promise-pages")).send()
    };
    let first = query(None).await.unwrap();
    assert!((3..=4).contains(&first.items().len()), "{}", first.items().len());
    let second = query(first.last_evaluated_key.clone()).await.unwrap();
    assert_eq!(first.items().len() + second.items().len(), 5);
    assert!(second.last_evaluated_key.is_none());
}

async fn an_index_is_not_read_consistently(client: &Client, table: &str) {
    let query = client.query().table_name(table).index_name(BY_SUBJECT).consistent_read(true);
    let query =
        query.key_condition_expression(format!("{} = :j", BY_SUBJECT_KEY.partition)).expression_attribute_values(":j", text("x"));
    assert!(query.send().await.is_err());
}

async fn get(client: &Client, table: &str, key: Item) -> Item {
    client.get_item().table_name(table).set_key(Some(key)).send().await.unwrap().item.unwrap()
}

fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

fn with(mut item: Item, name: &str, value: AttributeValue) -> Item {
    item.insert(name.to_owned(), value);
    item
}
