//! Logouts that wait for a login application: operations that run within a transaction of the writer.

use rusqlite::{Connection, params};

use super::Result;
use super::rows::body;
use crate::domain::{Fault, Logout, LogoutKey, Timestamp, TokenId};
use crate::store::LogoutCompletion;
use crate::store::codec::{self, LogoutState};

/// Reads a logout by its key.
pub(super) fn logout(c: &Connection, key: &LogoutKey) -> Result<Option<Logout>> {
    let mut select = c.prepare_cached("SELECT exp, completed_by, body FROM logouts WHERE org = ?1 AND id = ?2")?;
    let mut rows = select.query(params![key.org.as_str(), key.id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let state = LogoutState {
        expires_at: Timestamp::from_ms(row.get(0)?),
        completed_by: row.get::<_, Option<_>>(1)?.map(TokenId::from_bytes),
    };
    Ok(Some(codec::decode_logout(key, body(row, 2)?, state)?))
}

pub(super) fn put(c: &Connection, new: &Logout) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO logouts (org, id, exp, completed_by, body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        new.org.as_str(),
        new.id.as_bytes(),
        new.expires_at.as_ms(),
        new.completed_by.as_ref().map(TokenId::as_bytes),
        codec::encode_logout(new)?,
    ])?;
    let is_kept = inserted == 1 || logout(c, &new.key())?.is_some_and(|there| codec::is_same_logout(&there, new));
    if is_kept { Ok(()) } else { Err(Fault::internal("keeping a logout: its id is taken").into()) }
}

/// Completes a logout, and returns whether it is now completed in this name: a second time in the same one is a success.
pub(super) fn complete(c: &Connection, completion: &LogoutCompletion) -> Result<bool> {
    let mut update = c.prepare_cached(
        "UPDATE logouts SET completed_by = ?3
         WHERE org = ?1 AND id = ?2 AND (completed_by IS NULL AND exp > ?4 OR completed_by = ?3)",
    )?;
    let LogoutCompletion { key, by, now } = completion;
    Ok(update.execute(params![key.org.as_str(), key.id.as_bytes(), by.as_bytes(), now.as_ms()])? == 1)
}
