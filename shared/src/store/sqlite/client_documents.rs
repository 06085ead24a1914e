//! The metadata documents of clients: one row each, which each reading replaces.

use rusqlite::{Connection, params};

use super::Result;
use crate::domain::{ClientDocument, ClientDocumentKey, ClientUrl, Fault, Timestamp};

/// Reads the document of a client.
pub(super) fn client_document(c: &Connection, key: &ClientDocumentKey) -> Result<Option<ClientDocument>> {
    let mut select =
        c.prepare_cached("SELECT url, etag, fetched_at, fresh_until, body FROM client_documents WHERE org = ?1 AND hash = ?2")?;
    let mut rows = select.query(params![key.org.as_str(), key.hash])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let url = ClientUrl::parse(&row.get::<_, String>(0)?);
    Ok(Some(ClientDocument {
        key: key.clone(),
        url: url.map_err(|e| Fault::internal("reading the document of a client").because(e))?,
        body: row.get(4)?,
        etag: row.get(1)?,
        fetched_at: Timestamp::from_ms(row.get(2)?),
        fresh_until: Timestamp::from_ms(row.get(3)?),
    }))
}

/// Keeps a document in the place of the one before.
pub(super) fn put(c: &Connection, new: &ClientDocument) -> Result<()> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO client_documents (org, hash, url, etag, fetched_at, fresh_until, kept_until, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET url = excluded.url, etag = excluded.etag, fetched_at = excluded.fetched_at,
             fresh_until = excluded.fresh_until, kept_until = excluded.kept_until, body = excluded.body",
    )?;
    upsert.execute(params![
        new.key.org.as_str(),
        new.key.hash,
        new.url.as_str(),
        new.etag,
        new.fetched_at.as_ms(),
        new.fresh_until.as_ms(),
        new.kept_until().as_ms(),
        new.body,
    ])?;
    Ok(())
}
