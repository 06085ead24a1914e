//! Conditional writes, alone or several in a transaction.

use std::error::Error;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::keys::Key;
use super::{DynamoStore, Item, fault};
use crate::domain::Fault;

/// A write of one item, which happens only under its condition.
pub(super) struct Change {
    table: String,
    what: What,
    condition: String,
    values: Item,
}

enum What {
    Put(Item),
    Update(Key, String),
    Delete(Key),
}

/// What came of the condition of a write.
pub(super) enum Check {
    /// The condition held, so that the change was made.
    Passed,
    /// It didn't. `None`: there is no such item.
    Failed(Option<Item>),
}

impl Change {
    /// Adds a new item.
    pub(super) fn insert(table: &str, item: Item) -> Self {
        Self::new(table, What::Put(item), "attribute_not_exists(pk)")
    }

    /// Writes an item over whatever is there.
    pub(super) fn put(table: &str, item: Item) -> Self {
        Self::new(table, What::Put(item), "")
    }

    /// Writes an item over whatever is there, under a condition.
    pub(super) fn put_if(table: &str, item: Item, condition: impl Into<String>) -> Self {
        Self::new(table, What::Put(item), condition)
    }

    /// Updates an item, or adds it if the condition allows that.
    pub(super) fn update(table: &str, key: Key, expression: impl Into<String>, condition: impl Into<String>) -> Self {
        Self::new(table, What::Update(key, expression.into()), condition)
    }

    /// Deletes an item under a condition.
    pub(super) fn delete(table: &str, key: Key, condition: impl Into<String>) -> Self {
        Self::new(table, What::Delete(key), condition)
    }

    fn new(table: &str, what: What, condition: impl Into<String>) -> Self {
        Self { table: table.to_owned(), what, condition: condition.into(), values: Item::new() }
    }

    /// Gives the expressions a value, whose name there begins with a colon.
    pub(super) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn for_transaction(&self) -> Result<TransactWriteItem, BuildError> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let (condition, values) = (some_text(&self.condition), some_values(&self.values));
        let item = TransactWriteItem::builder();
        let item = match &self.what {
            What::Put(new) => {
                let put = Put::builder().table_name(&self.table).set_item(Some(new.clone()));
                let put = put.set_condition_expression(condition).set_expression_attribute_values(values);
                item.put(put.return_values_on_condition_check_failure(old).build()?)
            }
            What::Update(key, expression) => {
                let update = Update::builder().table_name(&self.table).set_key(Some(key.clone().into_item()));
                let update = update.update_expression(expression).set_condition_expression(condition);
                let update = update.set_expression_attribute_values(values);
                item.update(update.return_values_on_condition_check_failure(old).build()?)
            }
            What::Delete(key) => {
                let delete = Delete::builder().table_name(&self.table).set_key(Some(key.clone().into_item()));
                let delete = delete.set_condition_expression(condition).set_expression_attribute_values(values);
                item.delete(delete.return_values_on_condition_check_failure(old).build()?)
            }
        };
        Ok(item.build())
    }
}

impl DynamoStore {
    /// Makes one change by itself, and tells whether its condition held.
    pub(super) async fn change(&self, doing: &'static str, change: Change) -> Result<Check, Fault> {
        Ok(self.change_and_show(doing, change, false).await?.0)
    }

    /// Makes one change. If it is an update and `shows_old`, what the item was before comes with it.
    pub(super) async fn change_and_show(
        &self,
        doing: &'static str,
        Change { table, what, condition, values }: Change,
        shows_old: bool,
    ) -> Result<(Check, Option<Item>), Fault> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let (condition, values) = (some_text(&condition), some_values(&values));
        let check = match what {
            What::Put(item) => {
                let put = self.client.put_item().table_name(table).set_item(Some(item)).set_condition_expression(condition);
                let put = put.set_expression_attribute_values(values).return_values_on_condition_check_failure(old);
                checked(doing, put.send().await, |error| {
                    if let PutItemError::ConditionalCheckFailedException(failed) = error { Some(failed) } else { None }
                })
            }
            What::Update(key, expression) => {
                let update = self.client.update_item().table_name(table).set_key(Some(key.into_item()));
                let update = update.update_expression(expression).set_condition_expression(condition);
                let update = update.set_expression_attribute_values(values).return_values_on_condition_check_failure(old);
                let update = update.set_return_values(shows_old.then_some(ReturnValue::AllOld));
                let mut sent = update.send().await;
                let changed = sent.as_mut().ok().and_then(|sent| sent.attributes.take());
                let check = checked(doing, sent, |error| {
                    if let UpdateItemError::ConditionalCheckFailedException(failed) = error { Some(failed) } else { None }
                });
                return Ok((check?, changed));
            }
            What::Delete(key) => {
                let delete = self.client.delete_item().table_name(table).set_key(Some(key.into_item()));
                let delete = delete.set_condition_expression(condition).set_expression_attribute_values(values);
                checked(doing, delete.return_values_on_condition_check_failure(old).send().await, |error| {
                    if let DeleteItemError::ConditionalCheckFailedException(failed) = error { Some(failed) } else { None }
                })
            }
        };
        Ok((check?, None))
    }

    /// Does the same as [`transact`](Self::transact), but makes one change alone without a transaction, which would cost twice as
    /// much.
    pub(super) async fn change_all(&self, doing: &'static str, mut changes: Vec<Change>) -> Result<Option<Vec<Check>>, Fault> {
        if changes.len() > 1 {
            return self.transact(doing, &changes).await;
        }
        let Some(only) = changes.pop() else { return Ok(None) };
        Ok(match self.change(doing, only).await? {
            Check::Passed => None,
            failed @ Check::Failed(_) => Some(vec![failed]),
        })
    }

    /// Makes all changes or none. `Some`: none, for what came of their conditions, in the same order. One that is said to
    /// have held may not have been looked at.
    pub(super) async fn transact(&self, doing: &'static str, changes: &[Change]) -> Result<Option<Vec<Check>>, Fault> {
        let items = changes.iter().map(Change::for_transaction).collect::<Result<Vec<_>, _>>();
        let items = items.map_err(|e| Fault::internal(doing).because(e))?;
        // The same for all our tries and the SDK's: a transaction that has happened without our hearing of it isn't repeated.
        let token = format!("{:032x}", u128::from_be_bytes(self.name_of_write()?));
        let mut backoff = self.backoff(doing);
        loop {
            let sent = self.client.transact_write_items().set_transact_items(Some(items.clone())).client_request_token(&token);
            let Err(error) = sent.send().await else { return Ok(None) };
            let reasons = reasons(&error);
            let any = |codes: &[&str]| reasons.iter().filter_map(CancellationReason::code).any(|code| codes.contains(&code));
            if any(&["ConditionalCheckFailed"]) {
                return Ok(Some(reasons.iter().map(check).collect()));
            }
            let is_going_on = error.as_service_error().is_some_and(TransactWriteItemsError::is_transaction_in_progress_exception);
            if !is_going_on && !any(&["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]) {
                return Err(fault(doing, error));
            }
            backoff.wait().await?;
        }
    }
}

/// What came of the condition of a single write. `failed` tells that one from other errors.
fn checked<O, E>(
    doing: &'static str,
    sent: Result<O, SdkError<E>>,
    failed: impl FnOnce(&E) -> Option<&ConditionalCheckFailedException>,
) -> Result<Check, Fault>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let Err(error) = sent else { return Ok(Check::Passed) };
    match error.as_service_error().and_then(failed) {
        Some(failed) => Ok(Check::Failed(failed.item().filter(|item| !item.is_empty()).cloned())),
        None => Err(fault(doing, error)),
    }
}

fn reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        _ => &[],
    }
}

fn check(reason: &CancellationReason) -> Check {
    match reason.code() {
        Some("ConditionalCheckFailed") => Check::Failed(reason.item().filter(|item| !item.is_empty()).cloned()),
        _ => Check::Passed,
    }
}

/// DynamoDB refuses expressions that are empty.
fn some_text(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// DynamoDB refuses an empty set of values.
fn some_values(values: &Item) -> Option<Item> {
    Some(values.clone()).filter(|values| !values.is_empty())
}
