//! Batches: operations that run within a transaction of the writer.

use rusqlite::{Connection, params};

use super::Result;
use super::rows::body;
use crate::domain::{Batch, BatchKey, Fault, Timestamp};
use crate::store::codec::{self, BatchState};

/// Reads a batch by its key.
pub(super) fn batch(c: &Connection, key: &BatchKey) -> Result<Option<Batch>> {
    let mut select = c.prepare_cached("SELECT failure, updated_at, body FROM batches WHERE org = ?1 AND id = ?2")?;
    let mut rows = select.query(params![key.org.as_str(), key.id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut parts = c.prepare_cached("SELECT part FROM batch_parts WHERE org = ?1 AND batch = ?2")?;
    let parts = parts.query_map(params![key.org.as_str(), key.id.as_bytes()], |row| row.get(0))?;
    let updated_at = Timestamp::from_ms(row.get(1)?);
    let state = BatchState { done: parts.collect::<Result<_, _>>()?, failure: row.get(0)?, updated_at };
    Ok(Some(codec::decode_batch(key, body(row, 2)?, state)?))
}

pub(super) fn put_batch(c: &Connection, new: &Batch) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO batches (org, id, exp, failure, updated_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        new.org.as_str(),
        new.id.as_bytes(),
        new.created_at.plus(Batch::RETENTION).as_ms(),
        new.failure,
        new.updated_at.as_ms(),
        codec::encode_batch(new)?,
    ])?;
    if inserted == 1 {
        return new.done.iter().try_for_each(|part| add_part(c, &new.key(), *part));
    }
    let is_same = batch(c, &new.key())?.is_some_and(|there| codec::is_same_batch(&there, new));
    if is_same { Ok(()) } else { Err(Fault::internal("keeping a batch: its id is taken").into()) }
}

pub(super) fn end_part(c: &Connection, key: &BatchKey, part: u32, failure: Option<&str>, at: Timestamp) -> Result<()> {
    let mut update = c.prepare_cached(
        "UPDATE batches SET failure = coalesce(failure, ?3), updated_at = max(updated_at, ?4) WHERE org = ?1 AND id = ?2",
    )?;
    let updated = update.execute(params![key.org.as_str(), key.id.as_bytes(), failure, at.as_ms()])?;
    if updated == 1 && failure.is_none() { add_part(c, key, part) } else { Ok(()) }
}

fn add_part(c: &Connection, key: &BatchKey, part: u32) -> Result<()> {
    let mut insert = c.prepare_cached("INSERT OR IGNORE INTO batch_parts (org, batch, part) VALUES (?1, ?2, ?3)")?;
    insert.execute(params![key.org.as_str(), key.id.as_bytes(), part])?;
    Ok(())
}
