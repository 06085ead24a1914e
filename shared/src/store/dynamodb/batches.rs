//! Batches: one item each, which collects the parts that are done.

use async_trait::async_trait;

use super::DynamoStore;
use super::change::{Change, Check};
use super::items::{self, moment, numbers, text};
use super::keys::Key;
use crate::domain::{Batch, BatchKey, Fault, Timestamp};
use crate::store::{KeepBatches, codec};

#[async_trait]
impl KeepBatches for DynamoStore {
    async fn put_batch(&self, batch: &Batch) -> Result<(), Fault> {
        let insert = Change::insert(&self.tables.tokens, items::batch_item(batch)?);
        match self.change("keeping a batch", insert).await? {
            Check::Passed => Ok(()),
            Check::Failed(Some(item)) if codec::is_same_batch(&items::batch(&batch.key(), &item)?, batch) => Ok(()),
            Check::Failed(_) => Err(Fault::internal("keeping a batch: its id is taken")),
        }
    }

    async fn batch(&self, key: &BatchKey) -> Result<Option<Batch>, Fault> {
        let item = self.get("reading a batch", &self.tables.tokens, Key::batch(key)).await?;
        item.map(|item| items::batch(key, &item)).transpose()
    }

    async fn end_part(&self, key: &BatchKey, part: u32, failure: Option<&str>, at: Timestamp) -> Result<(), Fault> {
        const DOING: &str = "noting the end of a batch's part";
        let end = |[of_failure, of_part]: [&str; 2], condition| {
            let update = |expression| Change::update(&self.tables.tokens, Key::batch(key), expression, condition);
            match failure {
                Some(failure) => update(of_failure).with("f", text(failure)),
                None => update(of_part).with("part", numbers(&[part])),
            }
        };
        let with_time = ["SET f = if_not_exists(f, :f), u = :at", "SET u = :at ADD d :part"];
        let change = end(with_time, "u <= :at").with("at", moment(at));
        if let Check::Failed(Some(_)) = self.change(DOING, change).await? {
            // Another part has ended later.
            self.change(DOING, end(["SET f = if_not_exists(f, :f)", "ADD d :part"], "attribute_exists(pk)")).await?;
        }
        Ok(())
    }
}
