//! What happens only once: the spending of a ticket, the use of a proof.

use async_trait::async_trait;

use super::DynamoStore;
use super::change::{Change, Check};
use super::insert::is_spent_by;
use super::items::{self, bytes, deletion, moment, number};
use super::keys::Key;
use crate::domain::{Fault, Ticket};
use crate::store::{CountEvents, CountedEvent, KeepTickets, ReplayKey, ReplayStore, TicketConsumption, codec};

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

#[async_trait]
impl CountEvents for DynamoStore {
    async fn count(&self, event: &CountedEvent) -> Result<Option<u32>, Fault> {
        let name: [u8; 8] = self.name_of_write()?;
        let condition = "attribute_not_exists(n) OR n < :limit AND w <> :w";
        let add = Change::update(&self.tables.tokens, Key::events(event), "SET w = :w, x = :x ADD n :one", condition);
        let add = add.with("limit", number(event.limit)).with("one", number(1)).with("w", bytes(&name));
        let add = add.with("x", number(deletion(event.until)));
        match self.change_and_show("counting an event", add, true).await? {
            (Check::Passed, before) => {
                let before = before.map(|item| items::find_number::<u32>(&item, "n")).transpose()?.flatten();
                Ok(Some(before.unwrap_or(0) + 1))
            }
            // That may have been its own first attempt, whose answer got lost.
            (Check::Failed(Some(there)), _) if items::find_bytes(&there, "w")? == Some(name) => items::find_number(&there, "n"),
            (Check::Failed(_), _) => Ok(None),
        }
    }
}
