//! Typed readings of the columns that many tables have.

use rusqlite::Row;

use super::Result;
use crate::domain::{Fault, Timestamp};

/// Returns the bytes of a text or blob column, borrowed from the row.
///
/// # Errors
/// [`Fault`] when the column holds neither text nor a blob.
pub(super) fn body<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row [u8]> {
    let value = row.get_ref(column)?;
    value.as_bytes().map_err(|e| Fault::internal("reading a record").because(e).into())
}

/// Returns a point in time from a column of milliseconds since the Unix epoch, or `None` where the column is null.
pub(super) fn moment(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_ms))
}
