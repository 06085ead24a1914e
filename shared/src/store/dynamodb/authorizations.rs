//! The authorizations of people: one item each, which each step replaces.

use async_trait::async_trait;

use super::change::{Change, Check};
use super::items::{self, number};
use super::{DynamoStore, Item};
use crate::domain::{Authorization, Fault};
use crate::store::{KeepAuthorizations, codec};

#[async_trait]
impl KeepAuthorizations for DynamoStore {
    async fn put_authorization(&self, authorization: &Authorization) -> Result<(), Fault> {
        let insert = Change::insert(&self.tables.tokens, items::authorization_item(authorization)?);
        let is_kept = match self.change("keeping an authorization", insert).await? {
            Check::Passed => true,
            Check::Failed(Some(item)) => {
                codec::is_same_authorization(&items::authorization(&authorization.key(), &item)?, authorization)
            }
            Check::Failed(None) => false,
        };
        if is_kept { Ok(()) } else { Err(Fault::internal("keeping an authorization: its id is taken")) }
    }

    async fn update_authorization(&self, authorization: &Authorization) -> Result<bool, Fault> {
        match self.change("updating an authorization", self.next_step(authorization)?).await? {
            Check::Passed => Ok(true),
            Check::Failed(there) => is_at(authorization, there.as_ref()),
        }
    }
}

/// Whether the item is that of an authorization which is just this.
pub(super) fn is_at(authorization: &Authorization, there: Option<&Item>) -> Result<bool, Fault> {
    let there = there.map(|item| items::authorization(&authorization.key(), item)).transpose()?;
    Ok(there.is_some_and(|there| there == *authorization))
}

impl DynamoStore {
    /// Replaces an authorization that is at the revision before.
    pub(super) fn next_step(&self, authorization: &Authorization) -> Result<Change, Fault> {
        // An item that isn't there has no revision.
        let change = Change::put_if(&self.tables.tokens, items::authorization_item(authorization)?, "v = :seen");
        Ok(change.with("seen", number(i64::from(authorization.revision) - 1)))
    }
}
