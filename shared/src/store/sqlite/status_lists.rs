//! Status lists: operations that run within a transaction of the writer, and reads.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Result;
use crate::domain::{Fault, OrgId, StatusList, StatusListId, StatusOrg, Timestamp};
use crate::store::StatusLease;

pub(super) fn lease(c: &Connection, lease: &StatusLease) -> Result<StatusOrg> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO status_orgs (org, secret, leased, published, has_derived) VALUES (?1, ?2, ?3, 0, ?4)
         ON CONFLICT DO UPDATE SET leased = leased + excluded.leased, has_derived = max(has_derived, excluded.has_derived)
         RETURNING org, secret, leased, published, has_derived",
    )?;
    let StatusLease { org, count, secret, has_derived } = lease;
    upsert.query_row(params![org.as_str(), secret, count, has_derived], |row| Ok(status_org(row)))?
}

/// Notes that so many lists of an org are published.
pub(super) fn note_published(c: &Connection, org: &OrgId, published: u64) -> Result<()> {
    let mut update = c.prepare_cached("UPDATE status_orgs SET published = max(published, ?2) WHERE org = ?1")?;
    update.execute(params![org.as_str(), published])?;
    Ok(())
}

/// Reads orgs by their ids.
pub(super) fn orgs(c: &Connection, after: Option<&OrgId>, limit: usize) -> Result<Vec<StatusOrg>> {
    let mut select = c.prepare_cached(
        "SELECT org, secret, leased, published, has_derived FROM status_orgs WHERE org > ?1 ORDER BY org LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = select.query(params![after.map_or("", OrgId::as_str), limit])?;
    let mut orgs = Vec::new();
    while let Some(row) = rows.next()? {
        orgs.push(status_org(row)?);
    }
    Ok(orgs)
}

pub(super) fn list(c: &Connection, id: &StatusListId) -> Result<Option<StatusList>> {
    let mut select = c.prepare_cached("SELECT org, version, bits, jwt, exp FROM status_lists WHERE id = ?1")?;
    select.query_row([id.to_string()], |row| Ok(status_list(id, row))).optional()?.transpose()
}

/// Puts a list in the place of the version before. Returns whether it is there now.
pub(super) fn put(c: &Connection, new: &StatusList) -> Result<bool> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO status_lists (id, org, version, bits, jwt, exp) SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE ?3 = 1 OR EXISTS (SELECT 1 FROM status_lists WHERE id = ?1)
         ON CONFLICT DO UPDATE SET org = ?2, version = ?3, bits = ?4, jwt = ?5, exp = ?6 WHERE version = ?3 - 1",
    )?;
    let StatusList { id, org, version, bits, jwt, expires_at } = new;
    let written = upsert.execute(params![id.to_string(), org.as_str(), version, bits, jwt, expires_at.as_ms()])?;
    Ok(written == 1 || list(c, id)?.as_ref() == Some(new))
}

fn status_org(row: &Row<'_>) -> Result<StatusOrg> {
    Ok(StatusOrg {
        org: org(row, 0)?,
        secret: row.get(1)?,
        leased: row.get(2)?,
        published: row.get(3)?,
        has_derived: row.get(4)?,
    })
}

fn status_list(id: &StatusListId, row: &Row<'_>) -> Result<StatusList> {
    Ok(StatusList {
        id: *id,
        org: org(row, 0)?,
        version: row.get(1)?,
        bits: row.get(2)?,
        jwt: row.get(3)?,
        expires_at: Timestamp::from_ms(row.get(4)?),
    })
}

fn org(row: &Row<'_>, column: usize) -> Result<OrgId> {
    let id: String = row.get(column)?;
    Ok(OrgId::parse(&id).map_err(|e| Fault::internal("reading the org of a status list").because(e))?)
}
