//! Typed readings of the columns that many tables have.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::Result;
use crate::domain::{Fault, OrgId, RevokingParty, Timestamp};
use crate::store::codec;

/// Returns the bytes of a text or blob column, borrowed from the row.
///
/// # Errors
/// [`Fault`] when the column holds neither text nor a blob.
pub(super) fn body<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row [u8]> {
    let value = row.get_ref(column)?;
    value.as_bytes().map_err(|e| Fault::internal("reading a record").because(e).into())
}

/// Returns who revoked the record of this org, from a column that says so, or `None` where it is null.
///
/// # Errors
/// [`Fault`] when the column holds something else.
pub(super) fn revoking_party(row: &Row<'_>, column: usize, org: &OrgId) -> Result<Option<Box<RevokingParty>>> {
    if row.get_ref(column)? == ValueRef::Null {
        return Ok(None);
    }
    Ok(Some(codec::decode_revoking_party(body(row, column)?, org)?))
}

/// Returns a point in time from a column of milliseconds since the Unix epoch, or `None` where the column is null.
pub(super) fn moment(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_ms))
}
