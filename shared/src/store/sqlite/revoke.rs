//! Revokes: operations that run within a transaction of the writer.

use rusqlite::{Connection, params};

use super::Result;
use crate::domain::{FamilyKey, NotBefore, OrgId, RevocationStamp, Timestamp, TokenKey};
use crate::store::{Revocation, codec};

pub(super) fn revoke(
    c: &Connection,
    token: &TokenKey,
    family: Option<&FamilyKey>,
    stamp: &RevocationStamp,
) -> Result<Revocation> {
    let mut update =
        c.prepare_cached("UPDATE tokens SET revoked_at = ?3, revoked_by = ?4 WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL")?;
    let revocation =
        if update.execute(params![token.org.as_str(), token.id.as_bytes(), stamp.at.as_ms(), party(stamp, &token.org)?])? == 1 {
            Revocation::Done
        } else {
            let mut select = c.prepare_cached("SELECT 1 FROM tokens WHERE org = ?1 AND id = ?2")?;
            if !select.exists(params![token.org.as_str(), token.id.as_bytes()])? {
                return Ok(Revocation::Unknown);
            }
            Revocation::Already
        };
    if let Some(family) = family {
        revoke_family(c, family, stamp)?;
    }
    Ok(revocation)
}

pub(super) fn revoke_family(c: &Connection, family: &FamilyKey, stamp: &RevocationStamp) -> Result<Revocation> {
    let mut update = c.prepare_cached(
        "UPDATE families SET revoked_at = ?3, revoked_by = ?4 WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL",
    )?;
    if update.execute(params![family.org.as_str(), family.id.as_bytes(), stamp.at.as_ms(), party(stamp, &family.org)?])? == 1 {
        return Ok(Revocation::Done);
    }
    let mut select = c.prepare_cached("SELECT 1 FROM families WHERE org = ?1 AND id = ?2")?;
    let exists = select.exists(params![family.org.as_str(), family.id.as_bytes()])?;
    Ok(if exists { Revocation::Already } else { Revocation::Unknown })
}

/// Who revokes a record of this org, as it is kept.
fn party(stamp: &RevocationStamp, org: &OrgId) -> Result<Option<String>> {
    Ok(stamp.by.as_ref().map(|by| codec::encode_revoking_party(by, org)).transpose()?)
}

pub(super) fn mark(c: &Connection, mark: &NotBefore) -> Result<()> {
    // `max` of something and NULL is NULL: a mark that was to be kept for ever is.
    let mut upsert = c.prepare_cached(
        "INSERT INTO marks (org, kind, not_before, exp) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
         SET not_before = max(not_before, excluded.not_before), exp = max(exp, excluded.exp)",
    )?;
    let exp = mark.expires_at.map(Timestamp::as_ms);
    upsert.execute(params![mark.key.org.as_str(), codec::mark_name(&mark.key.kind), mark.not_before.as_ms(), exp])?;
    Ok(())
}
