//! Event streams and the signals that wait in them: operations that run within a transaction of the writer.

use rusqlite::{Connection, Row, params};

use super::Result;
use super::rows::body;
use crate::domain::{ClientId, EventStream, EventStreamKey, Fault, OrgId, PendingSignal, Timestamp, TokenId};
use crate::store::{EventStreamInsert, SignalPage, codec};

/// Reads a stream by its key.
pub(super) fn stream(c: &Connection, key: &EventStreamKey) -> Result<Option<EventStream>> {
    let mut select = c.prepare_cached("SELECT body FROM event_streams WHERE org = ?1 AND client = ?2 AND id = ?3")?;
    let mut rows = select.query(params![key.org.as_str(), key.client.as_number(), key.id.as_bytes()])?;
    rows.next()?.map(|row| read(row, &key.org)).transpose()
}

/// Reads the streams of an org, or of one client of it.
pub(super) fn streams(c: &Connection, org: &OrgId, client: Option<ClientId>) -> Result<Vec<EventStream>> {
    let mut select =
        c.prepare_cached("SELECT body FROM event_streams WHERE org = ?1 AND client = coalesce(?2, client) ORDER BY client, id")?;
    let mut rows = select.query(params![org.as_str(), client.map(ClientId::as_number)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row, org)?);
    }
    Ok(found)
}

/// Reads the keys of the streams of all orgs in which signals wait.
pub(super) fn with_signals(c: &Connection) -> Result<Vec<EventStreamKey>> {
    let unreadable = |rule| Fault::internal("reading the org of an event stream").because(rule);
    let mut select = c.prepare_cached(
        "SELECT body, org FROM event_streams AS e
         WHERE EXISTS (SELECT 1 FROM signals AS s WHERE s.org = e.org AND s.stream = e.id) ORDER BY org, client, id",
    )?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let org = OrgId::parse(&row.get::<_, String>(1)?).map_err(unreadable)?;
        found.push(read(row, &org)?.key);
    }
    Ok(found)
}

/// Creates a stream, unless its client has too many.
pub(super) fn create(c: &Connection, new: &EventStream, most: u32) -> Result<EventStreamInsert> {
    let EventStreamKey { org, client, id } = &new.key;
    if let Some(there) = stream(c, &new.key)? {
        return if there == *new { Ok(EventStreamInsert::Done) } else { Err(taken()) };
    }
    let (org, client) = (org.as_str(), client.as_number());
    if !c.prepare_cached("SELECT 1 FROM clients WHERE org = ?1 AND id = ?2")?.exists(params![org, client])? {
        return Ok(EventStreamInsert::Dangling);
    }
    let mut count = c.prepare_cached("SELECT count(*) FROM event_streams WHERE org = ?1 AND client = ?2")?;
    if count.query_row(params![org, client], |row| row.get::<_, u32>(0))? >= most {
        return Ok(EventStreamInsert::TooMany);
    }
    let mut insert = c.prepare_cached("INSERT INTO event_streams (org, client, id, body) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![org, client, id.as_bytes(), codec::encode_event_stream(new)?])?;
    Ok(EventStreamInsert::Done)
}

/// Replaces a stream whose revision is one lower, and returns whether it now is what it shall be.
pub(super) fn replace(c: &Connection, new: &EventStream) -> Result<bool> {
    let Some(there) = stream(c, &new.key)? else { return Ok(false) };
    if there.revision.checked_add(1) != Some(new.revision) {
        return Ok(there == *new);
    }
    let mut update = c.prepare_cached("UPDATE event_streams SET body = ?4 WHERE org = ?1 AND client = ?2 AND id = ?3")?;
    let EventStreamKey { org, client, id } = &new.key;
    update.execute(params![org.as_str(), client.as_number(), id.as_bytes(), codec::encode_event_stream(new)?])?;
    Ok(true)
}

/// Deletes a stream, and returns whether it was there.
pub(super) fn delete(c: &Connection, key: &EventStreamKey) -> Result<bool> {
    let mut delete = c.prepare_cached("DELETE FROM event_streams WHERE org = ?1 AND client = ?2 AND id = ?3")?;
    Ok(delete.execute(params![key.org.as_str(), key.client.as_number(), key.id.as_bytes()])? == 1)
}

/// Keeps a signal, unless there is one of its id.
pub(super) fn put_signal(c: &Connection, signal: &PendingSignal) -> Result<()> {
    let PendingSignal { stream, jti, claims, expires_at } = signal;
    let mut insert = c.prepare_cached(
        "INSERT INTO signals (org, stream, id, exp, claims) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    insert.execute(params![stream.org.as_str(), stream.id.as_bytes(), jti.as_bytes(), expires_at.as_ms(), claims])?;
    Ok(())
}

/// Reads the oldest signals of a stream.
pub(super) fn signals(c: &Connection, key: &EventStreamKey, limit: usize) -> Result<SignalPage> {
    let mut select =
        c.prepare_cached("SELECT id, exp, claims FROM signals WHERE org = ?1 AND stream = ?2 ORDER BY id LIMIT ?3")?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let found = select.query_map(params![key.org.as_str(), key.id.as_bytes(), most], |row| {
        let expires_at = Timestamp::from_ms(row.get(1)?);
        Ok(PendingSignal { stream: key.clone(), jti: TokenId::from_bytes(row.get(0)?), claims: row.get(2)?, expires_at })
    })?;
    let mut signals = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let has_more = signals.len() > limit;
    signals.truncate(limit);
    Ok(SignalPage { signals, has_more })
}

/// Deletes signals of a stream.
pub(super) fn delete_signals(c: &Connection, key: &EventStreamKey, ids: &[TokenId]) -> Result<()> {
    let mut delete = c.prepare_cached("DELETE FROM signals WHERE org = ?1 AND stream = ?2 AND id = ?3")?;
    for id in ids {
        delete.execute(params![key.org.as_str(), key.id.as_bytes(), id.as_bytes()])?;
    }
    Ok(())
}

fn read(row: &Row<'_>, org: &OrgId) -> Result<EventStream> {
    Ok(codec::decode_event_stream(org, body(row, 0)?)?)
}

fn taken() -> super::Error {
    Fault::internal("creating an event stream: its id is taken").into()
}
