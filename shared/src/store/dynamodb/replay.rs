//! What happens only once: the spending of a ticket, the use of a proof.

use async_trait::async_trait;

use super::DynamoStore;
use super::change::{Change, Check};
use super::insert::is_spent_by;
use super::items::{self, moment};
use crate::domain::{Fault, Ticket};
use crate::store::{KeepTickets, ReplayKey, ReplayStore, TicketConsumption, codec};

#[async_trait]
impl KeepTickets for DynamoStore {
    async fn put_ticket(&self, ticket: &Ticket) -> Result<(), Fault> {
        let insert = Change::insert(&self.tables.tokens, items::ticket_item(ticket)?);
        match self.change("keeping a ticket", insert).await? {
            Check::Passed => Ok(()),
            Check::Failed(Some(item)) if codec::is_same_ticket(&items::ticket(&ticket.key(), &item)?, ticket) => Ok(()),
            Check::Failed(_) => Err(Fault::internal("keeping a ticket: its id is taken")),
        }
    }

    async fn spend_ticket(&self, spending: &TicketConsumption) -> Result<bool, Fault> {
        match self.change("spending a ticket", self.spending(spending)).await? {
            Check::Passed => Ok(true),
            Check::Failed(there) => is_spent_by(spending, there.as_ref()),
        }
    }
}

#[async_trait]
impl ReplayStore for DynamoStore {
    async fn use_once(&self, used: &ReplayKey) -> Result<bool, Fault> {
        let name: [u8; 8] = self.name_of_write()?;
        let note = items::replay_item(used, &name);
        let put = Change::put_if(&self.tables.tokens, note, "attribute_not_exists(pk) OR e < :now");
        match self.change("noting a use", put.with("now", moment(used.now))).await? {
            Check::Passed => Ok(true),
            // That may have been its own first attempt, whose answer got lost.
            Check::Failed(Some(item)) => Ok(items::find_bytes(&item, "w")? == Some(name)),
            Check::Failed(None) => Ok(false),
        }
    }
}
