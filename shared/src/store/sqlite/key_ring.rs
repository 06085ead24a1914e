//! The one row that holds the ring of signing keys, and its version.

use rusqlite::{Connection, params};

use super::Result;
use super::rows::body;
use crate::domain::KeyRing;
use crate::store::codec;

pub(super) fn read(c: &Connection) -> Result<Option<KeyRing>> {
    let mut select = c.prepare_cached("SELECT version, body FROM key_rings")?;
    let mut rows = select.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(codec::decode_key_ring(row.get(0)?, body(row, 1)?)?))
}

pub(super) fn put(c: &Connection, ring: &KeyRing) -> Result<bool> {
    let there = read(c)?;
    if there.as_ref() == Some(ring) {
        return Ok(true);
    }
    if there.map_or(0, |there| there.version) + 1 != ring.version {
        return Ok(false);
    }
    let mut upsert = c.prepare_cached(
        "INSERT INTO key_rings (one, version, body) VALUES (1, ?1, ?2)
         ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body",
    )?;
    upsert.execute(params![ring.version, codec::encode_key_ring(ring)?])?;
    Ok(true)
}
