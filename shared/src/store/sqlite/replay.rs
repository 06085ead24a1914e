//! What happens only once, or only so often: operations that run within a transaction of the writer.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use super::rows::{body, moment};
use crate::domain::{Fault, Ticket, TicketKey, Timestamp, TokenId};
use crate::store::codec::{self, TicketState};
use crate::store::{CountedEvent, ReplayKey, TicketConsumption, UseKey};

/// Reads a ticket by its key.
pub(super) fn ticket(c: &Connection, key: &TicketKey) -> Result<Option<Ticket>> {
    let mut select = c.prepare_cached("SELECT exp, spent_by, body FROM tickets WHERE org = ?1 AND id = ?2")?;
    let mut rows = select.query(params![key.org.as_str(), key.id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let expires_at = moment(row, 0)?.ok_or_else(|| Fault::internal("reading a ticket"))?;
    let state = TicketState { expires_at, spent_by: row.get::<_, Option<_>>(1)?.map(TokenId::from_bytes) };
    Ok(Some(codec::decode_ticket(key, body(row, 2)?, state)?))
}

pub(super) fn put_ticket(c: &Connection, new: &Ticket) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO tickets (org, id, exp, spent_by, body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        new.org.as_str(),
        new.id.as_bytes(),
        new.expires_at.as_ms(),
        new.spent_by.as_ref().map(TokenId::as_bytes),
        codec::encode_ticket(new)?,
    ])?;
    let is_kept = inserted == 1 || ticket(c, &new.key())?.is_some_and(|there| codec::is_same_ticket(&there, new));
    if is_kept { Ok(()) } else { Err(Fault::internal("keeping a ticket: its id is taken").into()) }
}

/// Whether a ticket can be spent, or has been in the same name.
pub(super) fn is_good(c: &Connection, spending: &TicketConsumption) -> Result<bool> {
    let there = ticket(c, &spending.key)?;
    Ok(there.is_some_and(|ticket| ticket.is_good(spending.now) || ticket.spent_by == Some(spending.by)))
}

/// Spends a ticket, and returns whether it is now spent for this token: a second time for the same one is a success.
pub(super) fn spend(c: &Connection, spending: &TicketConsumption) -> Result<bool> {
    let mut update = c.prepare_cached(
        "UPDATE tickets SET spent_by = ?3 WHERE org = ?1 AND id = ?2 AND (spent_by IS NULL AND exp > ?4 OR spent_by = ?3)",
    )?;
    let TicketConsumption { key, by, now } = spending;
    Ok(update.execute(params![key.org.as_str(), key.id.as_bytes(), by.as_bytes(), now.as_ms()])? == 1)
}

/// Reads until when a use is remembered.
pub(super) fn used_until(c: &Connection, (org, purpose, hash): &UseKey) -> Result<Option<Timestamp>> {
    let mut select = c.prepare_cached("SELECT exp FROM uses WHERE org = ?1 AND purpose = ?2 AND hash = ?3")?;
    Ok(select.query_row(params![org.as_str(), purpose, hash], |row| row.get(0)).optional()?.map(Timestamp::from_ms))
}

/// Notes the use of a value, and returns whether it is the first one before the value expires.
pub(super) fn use_once(c: &Connection, used: &ReplayKey) -> Result<bool> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO uses (org, purpose, hash, exp) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET exp = excluded.exp WHERE exp < ?5",
    )?;
    let ReplayKey { org, purpose, hash, now, until } = used;
    Ok(upsert.execute(params![org.as_str(), purpose, hash, until.as_ms(), now.as_ms()])? == 1)
}

/// Counts an event, and returns the count with it. `None`: there were as many as may be.
pub(super) fn count(c: &Connection, event: &CountedEvent) -> Result<Option<u32>> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO counts (org, what, hash, since, exp, count) VALUES (?1, ?2, ?3, ?4, ?5, 1)
         ON CONFLICT DO UPDATE SET count = count + 1 WHERE count < ?6
         RETURNING count",
    )?;
    let CountedEvent { org, what, hash, since, until, limit } = event;
    let row = params![org.as_str(), what, hash, since.as_ms(), until.as_ms(), limit];
    Ok(upsert.query_row(row, |row| row.get(0)).optional()?)
}

/// Counts as many of these events as may still be, and returns how many those are.
pub(super) fn count_many(c: &Connection, event: &CountedEvent, wanted: u32) -> Result<u32> {
    let CountedEvent { org, what, hash, since, until, limit } = event;
    let key = params![org.as_str(), what, hash, since.as_ms()];
    let mut select = c.prepare_cached("SELECT count FROM counts WHERE org = ?1 AND what = ?2 AND hash = ?3 AND since = ?4")?;
    let there: u32 = select.query_row(key, |row| row.get(0)).optional()?.unwrap_or(0);
    let counted = wanted.min(limit.saturating_sub(there));
    if counted > 0 {
        let mut upsert = c.prepare_cached(
            "INSERT INTO counts (org, what, hash, since, exp, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        upsert.execute(params![org.as_str(), what, hash, since.as_ms(), until.as_ms(), counted])?;
    }
    Ok(counted)
}
