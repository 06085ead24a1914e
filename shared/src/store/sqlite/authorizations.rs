//! The authorizations of people: operations that run within a transaction of the writer.

use rusqlite::{Connection, params};

use super::Result;
use super::rows::body;
use crate::domain::{Authorization, AuthorizationKey, ClientId, Fault, Timestamp, TokenId, UserCodeAssignment, UserCodeKey};
use crate::store::codec;

/// Reads an authorization by its key.
pub(super) fn authorization(c: &Connection, key: &AuthorizationKey) -> Result<Option<Authorization>> {
    let mut select = c.prepare_cached("SELECT exp, revision, body FROM authorizations WHERE org = ?1 AND id = ?2")?;
    let mut rows = select.query(params![key.org.as_str(), key.id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let expires_at = Timestamp::from_ms(row.get(0)?);
    Ok(Some(codec::decode_authorization(key, body(row, 2)?, expires_at, row.get(1)?)?))
}

pub(super) fn put(c: &Connection, new: &Authorization) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO authorizations (org, id, exp, kept_until, revision, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        new.org.as_str(),
        new.id.as_bytes(),
        new.expires_at.as_ms(),
        new.kept_until().as_ms(),
        new.revision,
        codec::encode_authorization(new)?,
    ])?;
    let is_kept = inserted == 1 || authorization(c, &new.key())?.is_some_and(|there| codec::is_same_authorization(&there, new));
    if is_kept { Ok(()) } else { Err(Fault::internal("keeping an authorization: its id is taken").into()) }
}

/// Replaces an authorization by its next step, and returns whether it now is what it shall be.
pub(super) fn update(c: &Connection, new: &Authorization) -> Result<bool> {
    Ok(replace(c, new, &codec::encode_authorization(new)?)? || authorization(c, &new.key())?.is_some_and(|there| there == *new))
}

/// Whether an authorization can take this step, or has taken it.
pub(super) fn is_open(c: &Connection, new: &Authorization) -> Result<bool> {
    let there = authorization(c, &new.key())?;
    Ok(there.is_some_and(|there| there.revision.checked_add(1) == Some(new.revision) || there == *new))
}

/// Replaces an authorization, if it is at the revision before, and returns whether it was.
pub(super) fn replace(c: &Connection, new: &Authorization, body: &str) -> Result<bool> {
    let mut update = c.prepare_cached(
        "UPDATE authorizations SET exp = ?3, kept_until = ?4, revision = ?5, body = ?6
         WHERE org = ?1 AND id = ?2 AND revision = ?5 - 1",
    )?;
    let updated = update.execute(params![
        new.org.as_str(),
        new.id.as_bytes(),
        new.expires_at.as_ms(),
        new.kept_until().as_ms(),
        new.revision,
        body,
    ])?;
    Ok(updated == 1)
}

/// Reads what a user code stands for.
pub(super) fn user_code(c: &Connection, key: &UserCodeKey) -> Result<Option<UserCodeAssignment>> {
    let mut select = c.prepare_cached("SELECT exp, authorization, client FROM user_codes WHERE org = ?1 AND hash = ?2")?;
    let mut rows = select.query(params![key.org.as_str(), key.hash])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let client = u64::try_from(row.get::<_, i64>(2)?).ok().and_then(|number| ClientId::from_number(number).ok());
    Ok(Some(UserCodeAssignment {
        key: key.clone(),
        authorization: TokenId::from_bytes(row.get(1)?),
        client: client.ok_or_else(|| Fault::internal("reading a user code"))?,
        expires_at: Timestamp::from_ms(row.get(0)?),
    }))
}

/// Assigns a user code, and returns whether it now is what it shall be.
pub(super) fn assign_user_code(c: &Connection, new: &UserCodeAssignment, now: Timestamp) -> Result<bool> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO user_codes (org, hash, exp, authorization, client) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET exp = excluded.exp, authorization = excluded.authorization, client = excluded.client
         WHERE exp <= ?6",
    )?;
    let UserCodeAssignment { key, authorization, client, expires_at } = new;
    let client = i64::try_from(client.as_number()).map_err(|e| Fault::internal("assigning a user code").because(e))?;
    let assigned =
        upsert.execute(params![key.org.as_str(), key.hash, expires_at.as_ms(), authorization.as_bytes(), client, now.as_ms()])?;
    Ok(assigned == 1 || user_code(c, key)?.is_some_and(|there| there == *new))
}
