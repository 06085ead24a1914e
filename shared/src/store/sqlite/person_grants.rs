//! What people have granted to clients: operations that run within a transaction of the writer.

use rusqlite::{Connection, Row, params};

use super::Result;
use super::rows::{body, moment};
use crate::domain::{ClientId, Fault, Invalid, OrgId, PersonGrant, PersonGrantKey, PersonGrantUpdate, Subject, Timestamp};
use crate::store::{PersonGrantPage, codec};

/// Reads a grant by its key.
pub(super) fn person_grant(c: &Connection, key: &PersonGrantKey) -> Result<Option<PersonGrant>> {
    let mut select =
        c.prepare_cached("SELECT client, ended_at, body FROM person_grants WHERE org = ?1 AND subject = ?2 AND client = ?3")?;
    let mut rows = select.query(params![key.org.as_str(), key.subject.as_str(), number(key.client)?])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    read(row, &key.org, &key.subject).map(Some)
}

/// Reads a page of what a person has granted.
pub(super) fn page(
    c: &Connection,
    org: &OrgId,
    subject: &Subject,
    after: Option<ClientId>,
    limit: usize,
) -> Result<PersonGrantPage> {
    let mut select = c.prepare_cached(
        "SELECT client, ended_at, body FROM person_grants
         WHERE org = ?1 AND subject = ?2 AND client > ?3 AND ended_at IS NULL ORDER BY client LIMIT ?4",
    )?;
    let after = after.map(number).transpose()?.unwrap_or(-1);
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = select.query(params![org.as_str(), subject.as_str(), after, most])?;
    let mut grants = Vec::new();
    while let Some(row) = rows.next()? {
        grants.push(read(row, org, subject)?);
    }
    let has_more = grants.len() > limit;
    grants.truncate(limit);
    let next = grants.last().map(|grant| grant.key.client).filter(|_| has_more);
    Ok(PersonGrantPage { grants, next })
}

/// Adds to a grant what is granted now, or begins it. `false`: it was ended since.
pub(super) fn add(c: &Connection, update: &PersonGrantUpdate) -> Result<bool> {
    let Some(grant) = update.apply(person_grant(c, &update.key)?) else { return Ok(false) };
    put(c, &grant)?;
    Ok(true)
}

/// Whether this can be added to a grant.
pub(super) fn is_open(c: &Connection, update: &PersonGrantUpdate) -> Result<bool> {
    Ok(update.apply(person_grant(c, &update.key)?).is_some())
}

/// Ends a grant, and returns whether it was good until then.
pub(super) fn end(c: &Connection, key: &PersonGrantKey, at: Timestamp) -> Result<bool> {
    let Some(grant) = person_grant(c, key)? else { return Ok(false) };
    if grant.ended_at.is_some() {
        return Ok(grant.ended_at == Some(at));
    }
    put(c, &grant.ended(at))?;
    Ok(true)
}

/// Notes a use of a grant that is good and wasn't used later.
pub(super) fn note_use(c: &Connection, key: &PersonGrantKey, at: Timestamp) -> Result<()> {
    match person_grant(c, key)? {
        Some(grant) if grant.ended_at.is_none() && grant.used_at < at => put(c, &PersonGrant { used_at: at, ..grant }),
        Some(_) | None => Ok(()),
    }
}

fn put(c: &Connection, grant: &PersonGrant) -> Result<()> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO person_grants (org, subject, client, ended_at, kept_until, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, kept_until = excluded.kept_until, body = excluded.body",
    )?;
    upsert.execute(params![
        grant.key.org.as_str(),
        grant.key.subject.as_str(),
        number(grant.key.client)?,
        grant.ended_at.map(Timestamp::as_ms),
        grant.kept_until().as_ms(),
        codec::encode_person_grant(grant)?,
    ])?;
    Ok(())
}

fn read(row: &Row<'_>, org: &OrgId, subject: &Subject) -> Result<PersonGrant> {
    let broken = |rule: Invalid| Fault::internal("reading a grant").because(rule);
    let client = ClientId::from_number(row.get(0)?).map_err(broken)?;
    let key = PersonGrantKey { org: org.clone(), subject: subject.clone(), client };
    Ok(codec::decode_person_grant(&key, body(row, 2)?, moment(row, 1)?)?)
}

fn number(client: ClientId) -> Result<i64> {
    Ok(i64::try_from(client.as_number()).map_err(|e| Fault::internal("writing the number of a client").because(e))?)
}
