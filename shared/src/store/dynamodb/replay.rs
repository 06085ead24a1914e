//! What happens only once: the spending of a ticket, the use of a proof.

use async_trait::async_trait;

use super::change::{Change, Check};
use super::insert::is_spent_by;
use super::items::{self, bytes, deletion, moment, number};
use super::keys::Key;
use super::{DynamoStore, Item};
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
        match self.add_to_count(event, 1).await? {
            Counted::Now { total } => Ok(Some(total)),
            Counted::TooMany { .. } => Ok(None),
        }
    }

    async fn count_many(&self, event: &CountedEvent, wanted: u32) -> Result<u32, Fault> {
        let mut amount = wanted.min(event.limit);
        while amount > 0 {
            match self.add_to_count(event, amount).await? {
                Counted::Now { .. } => break,
                // Counts only grow: so there is room for fewer, or for none.
                Counted::TooMany { there } => amount = event.limit.saturating_sub(there).min(amount - 1),
            }
        }
        Ok(amount)
    }
}

/// What has come of an attempt to count.
enum Counted {
    /// They are counted: so many there are with them.
    Now { total: u32 },
    /// They would be more than may be. So many are there.
    TooMany { there: u32 },
}

impl DynamoStore {
    /// Counts so many events at once, at least 1 and at most the limit, or none of them.
    async fn add_to_count(&self, event: &CountedEvent, amount: u32) -> Result<Counted, Fault> {
        let name: [u8; 8] = self.name_of_write()?;
        let condition = "attribute_not_exists(n) OR n < :limit AND w <> :w";
        let add = Change::update(&self.tables.tokens, Key::events(event), "SET w = :w, x = :x ADD n :amount", condition);
        // With fewer than that there is room for all of them.
        let limit = event.limit.saturating_sub(amount).saturating_add(1);
        let add = add.with("limit", number(limit)).with("amount", number(amount)).with("w", bytes(&name));
        let add = add.with("x", number(deletion(event.until)));
        let count_in = |item: &Item| Ok::<_, Fault>(items::find_number::<u32>(item, "n")?.unwrap_or(0));
        match self.change_and_show("counting an event", add, true).await? {
            (Check::Passed, before) => {
                Ok(Counted::Now { total: before.as_ref().map(count_in).transpose()?.unwrap_or(0).saturating_add(amount) })
            }
            // That may have been its own first attempt, whose answer got lost.
            (Check::Failed(Some(there)), _) if items::find_bytes(&there, "w")? == Some(name) => {
                Ok(Counted::Now { total: count_in(&there)? })
            }
            (Check::Failed(there), _) => {
                Ok(Counted::TooMany { there: there.as_ref().map(count_in).transpose()?.unwrap_or(event.limit) })
            }
        }
    }
}
