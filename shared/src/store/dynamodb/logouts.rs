//! Logouts that wait for a login application: one item each, which is completed once.

use async_trait::async_trait;

use super::DynamoStore;
use super::change::{Change, Check};
use super::items::{self, bytes, moment};
use super::keys::Key;
use crate::domain::{Fault, Logout};
use crate::store::{KeepLogouts, LogoutCompletion, codec};

#[async_trait]
impl KeepLogouts for DynamoStore {
    async fn put_logout(&self, logout: &Logout) -> Result<(), Fault> {
        let insert = Change::insert(&self.tables.tokens, items::logout_item(logout)?);
        match self.change("keeping a logout", insert).await? {
            Check::Passed => Ok(()),
            Check::Failed(Some(item)) if codec::is_same_logout(&items::logout(&logout.key(), &item)?, logout) => Ok(()),
            Check::Failed(_) => Err(Fault::internal("keeping a logout: its id is taken")),
        }
    }

    async fn complete_logout(&self, completion: &LogoutCompletion) -> Result<bool, Fault> {
        let condition = "attribute_not_exists(a) AND e > :now";
        let change = Change::update(&self.tables.tokens, Key::logout(&completion.key), "SET a = :by", condition);
        let change = change.with("by", bytes(completion.by.as_bytes())).with("now", moment(completion.now));
        match self.change("completing a logout", change).await? {
            Check::Passed => Ok(true),
            // That may have been its own first attempt, whose answer got lost.
            Check::Failed(there) => {
                let completed_by = there.map(|item| items::find_id(&item, "a")).transpose()?.flatten();
                Ok(completed_by == Some(completion.by))
            }
        }
    }
}
