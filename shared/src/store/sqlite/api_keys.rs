//! API keys: operations that run within a transaction of the writer.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

use super::Result;
use super::rows::{body, moment, revoking_party};
use crate::domain::{ApiKey, ApiKeyLocator, ApiKeyRevocation, Fault, Invalid, OrgId, Subject, Timestamp, TokenId};
use crate::store::codec::{self, ApiKeyState};
use crate::store::{ApiKeyHolder, ApiKeyInsert, ApiKeyLimit, ApiKeyPage, ApiKeyQuery, Revocation};

/// Reads a key by where it is.
pub(super) fn api_key(c: &Connection, key: &ApiKeyLocator) -> Result<Option<ApiKey>> {
    let mut select = c.prepare_cached(
        "SELECT id, used_at, revoked_at, reason, revoked_by, body, leak_place FROM api_keys WHERE org = ?1 AND id = ?2",
    )?;
    let mut rows = select.query(params![key.org.as_str(), key.id.as_bytes()])?;
    rows.next()?.map(|row| read(row, &key.org)).transpose()
}

/// Returns whose a value is.
pub(super) fn holder(c: &Connection, hash: &[u8; 32]) -> Result<Option<ApiKeyHolder>> {
    let mut select = c.prepare_cached("SELECT org, id, owner FROM api_key_values WHERE hash = ?1")?;
    let mut rows = select.query([hash])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let broken = |rule: Invalid| Fault::internal("reading whose an API key is").because(rule);
    let org = row.get::<_, String>(0)?.parse().map_err(broken)?;
    let key = ApiKeyLocator { org, id: TokenId::from_bytes(row.get(1)?) };
    Ok(Some(ApiKeyHolder { key, owner: row.get::<_, String>(2)?.parse().map_err(broken)? }))
}

/// Records a key, unless its owner has too many.
pub(super) fn create(c: &Connection, key: &ApiKey, limit: ApiKeyLimit) -> Result<ApiKeyInsert> {
    if let Some(there) = api_key(c, &key.locator())? {
        return if codec::is_same_api_key(&there, key) { Ok(ApiKeyInsert::Done) } else { Err(taken("its id is taken")) };
    }
    ensure_value_is_free(c, key)?;
    let mut select = c.prepare_cached(
        "SELECT count(*) FROM api_keys
         WHERE org = ?1 AND owner = ?2 AND revoked_at IS NULL AND exp > ?3 AND created_at > coalesce(?4, created_at - 1)",
    )?;
    let made_after = limit.made_after.map(Timestamp::as_ms);
    let live: u32 =
        select.query_row(params![key.org.as_str(), key.owner.as_str(), key.created_at.as_ms(), made_after], |row| row.get(0))?;
    if live >= limit.most {
        return Ok(ApiKeyInsert::TooMany);
    }
    let mut insert = c.prepare_cached(
        "INSERT INTO api_keys (org, id, owner, created_at, exp, kept_until, revision, used_at, revoked_at, reason, revoked_by, body,
             leak_place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    let revoked = key.revoked.as_ref();
    insert.execute(params![
        key.org.as_str(),
        key.id.as_bytes(),
        key.owner.as_str(),
        key.created_at.as_ms(),
        key.expires_at.as_ms(),
        key.kept_until().as_ms(),
        key.revision,
        key.used_at.map(Timestamp::as_ms),
        revoked.map(|revoked| revoked.at.as_ms()),
        revoked.map(|revoked| revoked.reason.as_str()),
        revoked.map(|revoked| party(revoked, &key.org)).transpose()?.flatten(),
        codec::encode_api_key(key)?,
        revoked.map(place).transpose()?.flatten(),
    ])?;
    put_value(c, key)?;
    Ok(ApiKeyInsert::Done)
}

/// Replaces a key that is still what was seen, and returns whether it now is what it shall be.
pub(super) fn update(c: &Connection, seen: &ApiKey, key: &ApiKey) -> Result<bool> {
    let Some(there) = api_key(c, &key.locator())? else { return Ok(false) };
    if there.revision != seen.revision || there.revoked.is_some() {
        return Ok(codec::is_same_api_key(&there, key));
    }
    ensure_value_is_free(c, key)?;
    let mut update =
        c.prepare_cached("UPDATE api_keys SET exp = ?3, kept_until = ?4, revision = ?5, body = ?6 WHERE org = ?1 AND id = ?2")?;
    update.execute(params![
        key.org.as_str(),
        key.id.as_bytes(),
        key.expires_at.as_ms(),
        key.kept_until().as_ms(),
        key.revision,
        codec::encode_api_key(key)?,
    ])?;
    if key.value != seen.value {
        put_value(c, key)?;
    }
    Ok(true)
}

/// Revokes a key, unless it is revoked.
pub(super) fn revoke(c: &Connection, key: &ApiKeyLocator, revocation: &ApiKeyRevocation) -> Result<Revocation> {
    let mut update = c.prepare_cached(
        "UPDATE api_keys SET revoked_at = ?3, reason = ?4, revoked_by = ?5, leak_place = ?6
         WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL",
    )?;
    let at = revocation.at.as_ms();
    let by = party(revocation, &key.org)?;
    let reason = revocation.reason.as_str();
    if update.execute(params![key.org.as_str(), key.id.as_bytes(), at, reason, by, place(revocation)?])? == 1 {
        return Ok(Revocation::Done);
    }
    Ok(if api_key(c, key)?.is_some() { Revocation::Already } else { Revocation::Unknown })
}

/// Notes the hour in which a key was used, if it wasn't used later.
pub(super) fn note_use(c: &Connection, key: &ApiKeyLocator, hour: Timestamp) -> Result<()> {
    let mut update =
        c.prepare_cached("UPDATE api_keys SET used_at = ?3 WHERE org = ?1 AND id = ?2 AND (used_at IS NULL OR used_at < ?3)")?;
    update.execute(params![key.org.as_str(), key.id.as_bytes(), hour.as_ms()])?;
    Ok(())
}

/// Reads a page of an org's keys, newest first.
pub(super) fn page(c: &Connection, org: &OrgId, query: &ApiKeyQuery) -> Result<ApiKeyPage> {
    let mut select = c.prepare_cached(
        "SELECT id, used_at, revoked_at, reason, revoked_by, body, leak_place FROM api_keys
         WHERE org = ?1 AND owner = coalesce(?2, owner) AND id < coalesce(?3, x'ff') ORDER BY id DESC LIMIT ?4",
    )?;
    let owner = query.owner.as_ref().map(Subject::as_str);
    let most = i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1);
    let after = query.after.as_ref().map(TokenId::as_bytes);
    let mut rows = select.query(params![org.as_str(), owner, after, most])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row, org)?);
    }
    let has_more = keys.len() > query.limit;
    keys.truncate(query.limit);
    let next = keys.last().map(|key| key.id).filter(|_| has_more);
    Ok(ApiKeyPage { keys, next })
}

/// Checks that the value of a key is no other key's, before anything is written: what a failed operation has written stays.
fn ensure_value_is_free(c: &Connection, key: &ApiKey) -> Result<()> {
    let is_taken = holder(c, &key.value)?.is_some_and(|holder| holder.key != key.locator());
    if is_taken { Err(taken("its value is taken")) } else { Ok(()) }
}

fn put_value(c: &Connection, key: &ApiKey) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO api_key_values (hash, org, id, owner, kept_until) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    let kept_until = key.kept_until().as_ms();
    insert.execute(params![key.value, key.org.as_str(), key.id.as_bytes(), key.owner.as_str(), kept_until])?;
    Ok(())
}

fn read(row: &Row<'_>, org: &OrgId) -> Result<ApiKey> {
    let key = ApiKeyLocator { org: org.clone(), id: TokenId::from_bytes(row.get(0)?) };
    let broken = |rule: Invalid| Fault::internal("reading why an API key is revoked").because(rule);
    let revoked = match moment(row, 2)? {
        None => None,
        Some(at) => {
            let reason = row.get::<_, String>(3)?.parse().map_err(broken)?;
            let is_placed = row.get_ref(6)? != ValueRef::Null;
            let place = is_placed.then(|| body(row, 6)).transpose()?.map(codec::decode_leak_place).transpose()?;
            Some(ApiKeyRevocation { at, reason, by: revoking_party(row, 4, org)?.map(|by| *by), place })
        }
    };
    Ok(codec::decode_api_key(&key, body(row, 5)?, ApiKeyState { used_at: moment(row, 1)?, revoked })?)
}

/// Who revokes a key of this org, as it is kept.
fn party(revocation: &ApiKeyRevocation, org: &OrgId) -> Result<Option<String>> {
    Ok(revocation.by.as_ref().map(|by| codec::encode_revoking_party(by, org)).transpose()?)
}

/// Where a key was found, as it is kept.
fn place(revocation: &ApiKeyRevocation) -> Result<Option<String>> {
    Ok(revocation.place.as_ref().map(codec::encode_leak_place).transpose()?)
}

fn taken(why: &'static str) -> super::Error {
    Fault::internal("recording an API key").because(why).into()
}
