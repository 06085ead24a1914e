//! What is written about tokens: operations that run within a transaction of the writer.
//!
//! When one returns a fault of ours it has changed nothing. What SQLite's own errors leave behind the writer undoes.

use rusqlite::{Connection, params};

use super::{Outcome, read};
use crate::domain::{Family, FamilyKey, Fault, Mark, Timestamp, TokenKey, TokenRecord};
use crate::store::{Revocation, Rotation, RotationStep, codec};

/// A token and the family that begins with it, ready to be written.
pub(super) struct Entry {
    token: TokenRecord,
    body: String,
    family: Option<(Family, String)>,
}

impl Entry {
    pub(super) fn new(token: &TokenRecord, family: Option<&Family>) -> Result<Self, Fault> {
        let family = family.map(|family| codec::encode_family(family).map(|body| (family.clone(), body))).transpose()?;
        Ok(Self { token: token.clone(), body: codec::encode_token(token)?, family })
    }

    /// Writes both or neither.
    pub(super) fn record(&self, c: &Connection) -> Outcome<()> {
        let Some((family, body)) = &self.family else { return self.record_token(c) };
        let new = record_family(c, family, body)?;
        let recorded = self.record_token(c);
        if new && recorded.is_err() {
            let mut undo = c.prepare_cached("DELETE FROM families WHERE org = ?1 AND id = ?2")?;
            undo.execute(params![family.org.as_str(), family.id.as_bytes()])?;
        }
        recorded
    }

    fn record_token(&self, c: &Connection) -> Outcome<()> {
        let TokenRecord { org, id, subject, session, issued_at, expires_at, revoked_at, .. } = &self.token;
        let mut insert = c.prepare_cached(
            "INSERT INTO tokens (org, id, subject, session, iat, exp, revoked_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO NOTHING",
        )?;
        let inserted = insert.execute(params![
            org.as_str(),
            id.as_bytes(),
            subject.as_str(),
            session.as_ref().map(|session| session.id.as_str()),
            issued_at.as_secs(),
            expires_at.map(Timestamp::as_ms),
            revoked_at.map(Timestamp::as_ms),
            self.body,
        ])?;
        if inserted == 1 {
            return Ok(());
        }
        let there = read::token(c, &self.token.key())?;
        let same = there.is_some_and(|there| codec::is_same_token(&there, &self.token));
        if same { Ok(()) } else { Err(Fault::internal("recording a token: its id is taken").into()) }
    }
}

/// Whether the family is new.
fn record_family(c: &Connection, family: &Family, body: &str) -> Outcome<bool> {
    let mut insert = c.prepare_cached(
        "INSERT INTO families (org, id, exp, revoked_at, generation, current, previous, rotated_at, token, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        family.org.as_str(),
        family.id.as_bytes(),
        family.expires_at.as_ms(),
        family.revoked_at.map(Timestamp::as_ms),
        family.generation,
        family.current,
        family.previous,
        family.rotated_at.as_ms(),
        family.token.as_bytes(),
        body,
    ])?;
    if inserted == 1 {
        return Ok(true);
    }
    let there = read::family(c, &family.key())?;
    let same = there.is_some_and(|there| codec::is_same_family(&there, family));
    if same { Ok(false) } else { Err(Fault::internal("recording a refresh family: its id is taken").into()) }
}

pub(super) fn revoke(c: &Connection, token: &TokenKey, family: Option<&FamilyKey>, at: Timestamp) -> Outcome<Revocation> {
    let mut update = c.prepare_cached("UPDATE tokens SET revoked_at = ?3 WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL")?;
    let revocation = if update.execute(params![token.org.as_str(), token.id.as_bytes(), at.as_ms()])? == 1 {
        Revocation::Done
    } else {
        let mut select = c.prepare_cached("SELECT 1 FROM tokens WHERE org = ?1 AND id = ?2")?;
        if !select.exists(params![token.org.as_str(), token.id.as_bytes()])? {
            return Ok(Revocation::Unknown);
        }
        Revocation::Already
    };
    if let Some(family) = family {
        revoke_family(c, family, at)?;
    }
    Ok(revocation)
}

pub(super) fn revoke_family(c: &Connection, family: &FamilyKey, at: Timestamp) -> Outcome<Revocation> {
    let mut update = c.prepare_cached("UPDATE families SET revoked_at = ?3 WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL")?;
    if update.execute(params![family.org.as_str(), family.id.as_bytes(), at.as_ms()])? == 1 {
        return Ok(Revocation::Done);
    }
    let mut select = c.prepare_cached("SELECT 1 FROM families WHERE org = ?1 AND id = ?2")?;
    let exists = select.exists(params![family.org.as_str(), family.id.as_bytes()])?;
    Ok(if exists { Revocation::Already } else { Revocation::Unknown })
}

pub(super) fn mark(c: &Connection, mark: &Mark) -> Outcome<()> {
    // `max` of something and NULL is NULL: a mark that was to be kept for ever is.
    let mut upsert = c.prepare_cached(
        "INSERT INTO marks (org, kind, not_before, exp) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
         SET not_before = max(not_before, excluded.not_before), exp = max(exp, excluded.exp)",
    )?;
    let exp = mark.expires_at.map(Timestamp::as_ms);
    upsert.execute(params![mark.key.org.as_str(), codec::mark_name(&mark.key.kind), mark.not_before.as_ms(), exp])?;
    Ok(())
}

pub(super) fn rotate(c: &Connection, step: &RotationStep) -> Outcome<Rotation> {
    let mut update = c.prepare_cached(
        "UPDATE families SET generation = generation + 1, previous = current, current = ?4, rotated_at = ?5, token = ?6
         WHERE org = ?1 AND id = ?2 AND generation = ?3 AND revoked_at IS NULL AND exp > ?5",
    )?;
    let (org, id) = (step.key.org.as_str(), step.key.id.as_bytes());
    if update.execute(params![org, id, step.from, step.next, step.now.as_ms(), step.token.as_bytes()])? == 1 {
        return Ok(Rotation::Won);
    }
    Ok(match read::family(c, &step.key)? {
        None => Rotation::Unknown,
        Some(family) if step.made(&family) => Rotation::Won,
        Some(family) => Rotation::Lost(Box::new(family)),
    })
}
