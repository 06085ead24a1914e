//! The authorizations of people: one item each, which each step replaces. And how devices' are found: user codes, and counts of guesses.

use async_trait::async_trait;

use super::change::{Change, Check};
use super::items::{self, moment, number};
use super::{DynamoStore, Item};
use crate::domain::{Authorization, ClientDocument, Fault, Timestamp, UserCodeAssignment};
use crate::store::{KeepAuthorizations, KeepClientDocuments, codec};

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

    async fn assign_user_code(&self, assignment: &UserCodeAssignment, now: Timestamp) -> Result<bool, Fault> {
        let item = items::user_code_item(assignment);
        let put = Change::put_if(&self.tables.tokens, item, "attribute_not_exists(pk) OR e <= :now");
        match self.change("assigning a user code", put.with("now", moment(now))).await? {
            Check::Passed => Ok(true),
            Check::Failed(Some(there)) => Ok(items::user_code(&assignment.key, &there)? == *assignment),
            Check::Failed(None) => Ok(false),
        }
    }
}

#[async_trait]
impl KeepClientDocuments for DynamoStore {
    async fn put_client_document(&self, document: &ClientDocument) -> Result<(), Fault> {
        let put = Change::put(&self.tables.tokens, items::client_document_item(document));
        self.change("keeping the document of a client", put).await.map(drop)
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
