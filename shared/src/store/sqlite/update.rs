//! Changes what is recorded: operations that run within a transaction of the writer.

use rusqlite::{Connection, params};

use super::insert::longer_needed;
use super::{Result, read};
use crate::domain::{Alias, Fault, Timestamp, TokenRecord};
use crate::store::{AdvanceOutcome, FamilyAdvance, FamilyUpdate, TokenUpdate, UpdateOutcome, codec};

/// An update of a token and its family, encoded and ready to be written.
pub(super) struct Rewrite {
    amendment: TokenUpdate,
    token_body: Option<String>,
    family_body: Option<String>,
}

/// How a record stands to what it shall be.
enum PartState {
    /// The record is the one that the caller has seen, so it may be changed.
    Due,
    /// The record already is what the update would make of it.
    There,
    /// It is gone, revoked, or has been changed otherwise.
    Outdated,
}

impl Rewrite {
    pub(super) fn new(amendment: &TokenUpdate) -> Result<Self, Fault> {
        let token_body = amendment.token.as_ref().map(codec::encode_token).transpose()?;
        let family_body = amendment.family.as_ref().map(|new| codec::encode_family(&new.family)).transpose()?;
        Ok(Self { amendment: amendment.clone(), token_body, family_body })
    }

    /// Writes the whole update, or nothing.
    pub(super) fn apply(&self, c: &Connection) -> Result<UpdateOutcome> {
        let TokenUpdate { token, family, alias } = &self.amendment;
        let token = token.as_ref().zip(self.token_body.as_deref());
        let family = family.as_ref().zip(self.family_body.as_deref());
        let of_token = token.map(|(new, _)| standing_of_token(c, new)).transpose()?;
        let of_family = family.map(|(new, _)| standing_of_family(c, new)).transpose()?;
        if let (Some(PartState::Outdated), _) | (_, Some(PartState::Outdated)) = (&of_token, &of_family) {
            return Ok(UpdateOutcome::Outdated);
        }
        if let Some(alias) = alias {
            if read::aliased(c, &alias.key)?.is_some_and(|target| target != alias.target) {
                return Ok(UpdateOutcome::ValueTaken);
            }
            put_alias(c, alias)?;
        }
        if let (Some((new, body)), Some(PartState::Due)) = (token, of_token) {
            put_token(c, new, body)?;
        }
        if let (Some((new, body)), Some(PartState::Due)) = (family, of_family) {
            put_family(c, new, body)?;
        }
        Ok(UpdateOutcome::Done)
    }
}

fn standing_of_token(c: &Connection, new: &TokenRecord) -> Result<PartState> {
    Ok(match read::token(c, &new.key())? {
        Some(there) if there == *new => PartState::There,
        Some(there) if there.revoked_at.is_none() => due_after(there.revision, new.revision),
        _ => PartState::Outdated,
    })
}

fn standing_of_family(c: &Connection, new: &FamilyUpdate) -> Result<PartState> {
    Ok(match read::family(c, &new.family.key())? {
        Some(there) if codec::is_amended_family(&there, new) => PartState::There,
        Some(there) if there.revoked_at.is_none() => due_after(there.revision, new.family.revision),
        _ => PartState::Outdated,
    })
}

fn due_after(there: u32, new: u32) -> PartState {
    if there.checked_add(1) == Some(new) { PartState::Due } else { PartState::Outdated }
}

fn put_token(c: &Connection, new: &TokenRecord, body: &str) -> Result<()> {
    let mut update = c.prepare_cached(
        "UPDATE tokens SET subject = ?3, session = ?4, iat = ?5, exp = ?6, needed_until = ?7, body = ?8
         WHERE org = ?1 AND id = ?2",
    )?;
    update.execute(params![
        new.org.as_str(),
        new.id.as_bytes(),
        new.subject.as_str(),
        new.session.as_ref().map(|session| session.id.as_str()),
        new.issued_at.as_secs(),
        new.expires_at.map(Timestamp::as_ms),
        longer_needed(new),
        body,
    ])?;
    Ok(())
}

fn put_family(c: &Connection, new: &FamilyUpdate, body: &str) -> Result<()> {
    let FamilyUpdate { family, moves_end } = new;
    // `max` of something and NULL is NULL: what is needed for ever stays so.
    let mut update = c.prepare_cached(
        "UPDATE families SET exp = coalesce(?3, exp), needed_until = max(needed_until, ?4), body = ?5
         WHERE org = ?1 AND id = ?2",
    )?;
    update.execute(params![
        family.org.as_str(),
        family.id.as_bytes(),
        moves_end.then_some(family.expires_at.as_ms()),
        family.needed_until.map(Timestamp::as_ms),
        body,
    ])?;
    Ok(())
}

fn put_alias(c: &Connection, alias: &Alias) -> Result<()> {
    let mut upsert = c.prepare_cached(
        "INSERT INTO aliases (org, hash, target, exp) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET exp = excluded.exp",
    )?;
    let exp = alias.expires_at.map(Timestamp::as_ms);
    upsert.execute(params![alias.key.org.as_str(), alias.key.hash, codec::aliased_name(alias.target), exp])?;
    Ok(())
}

pub(super) fn rotate(c: &Connection, step: &FamilyAdvance) -> Result<AdvanceOutcome> {
    let before = read::family(c, &step.key)?;
    let mut update = c.prepare_cached(
        "UPDATE families SET token = ?5, refreshed_at = ?4,
             generation = iif(?6 IS NULL, generation, generation + 1), previous = iif(?6 IS NULL, previous, current),
             current = iif(?6 IS NULL, current, ?6), rotated_at = iif(?6 IS NULL, rotated_at, ?4),
             exp = coalesce(?7, exp), needed_until = iif(?7 IS NULL, needed_until, max(needed_until, ?8))
         WHERE org = ?1 AND id = ?2 AND generation = ?3 AND revoked_at IS NULL AND exp > ?4",
    )?;
    let updated = update.execute(params![
        step.key.org.as_str(),
        step.key.id.as_bytes(),
        step.from,
        step.now.as_ms(),
        step.token.as_bytes(),
        step.next,
        step.ends.map(|(end, _)| end.as_ms()),
        step.ends.and_then(|(_, until)| until).map(Timestamp::as_ms),
    ])?;
    if updated == 1 {
        if let Some(before) = before.filter(|before| before.exclusive && before.token != step.token) {
            let mut release = c.prepare_cached("UPDATE tokens SET needed_until = NULL WHERE org = ?1 AND id = ?2")?;
            release.execute(params![before.org.as_str(), before.token.as_bytes()])?;
        }
        return Ok(AdvanceOutcome::Applied);
    }
    Ok(match before {
        None => AdvanceOutcome::Unknown,
        Some(family) if step.made(&family) => AdvanceOutcome::Applied,
        Some(family) => AdvanceOutcome::Superseded(Box::new(family)),
    })
}
