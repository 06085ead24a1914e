//! Records tokens, with all that belongs to them: an operation that runs within a transaction of the writer.
//!
//! When one returns a fault of ours it has changed nothing. What SQLite's own errors leave behind the writer undoes.

use rusqlite::{Connection, params};

use super::{Result, authorizations, person_grants, read, replay};
use crate::domain::{Alias, Family, Fault, RevokingParty, Timestamp, TokenRecord};
use crate::store::{InsertOutcome, NewToken, codec};

/// A token and what belongs to it, ready to be written.
pub(super) struct Entry {
    new: NewToken,
    body: String,
    family_body: Option<String>,
    authorization_body: Option<String>,
    revoked_by: Option<String>,
    family_revoked_by: Option<String>,
}

impl Entry {
    pub(super) fn new(new: &NewToken) -> Result<Self, Fault> {
        let family_body = new.family.as_deref().map(codec::encode_family).transpose()?;
        let party = |by: &RevokingParty| codec::encode_revoking_party(by, &new.token.org);
        let revoked_by = new.token.revoked_by.as_deref().map(party).transpose()?;
        let family_revoked_by = new.family.as_ref().and_then(|family| family.revoked_by.as_deref()).map(party).transpose()?;
        let authorization_body = new.authorization.as_deref().map(codec::encode_authorization).transpose()?;
        let body = codec::encode_token(&new.token)?;
        Ok(Self { new: new.clone(), body, family_body, authorization_body, revoked_by, family_revoked_by })
    }

    /// Writes the token and all that belongs to it, or nothing.
    pub(super) fn record(&self, c: &Connection) -> Result<InsertOutcome> {
        let NewToken { aliases, ticket, authorization, person_grant, .. } = &self.new;
        if aliases.is_empty() && ticket.is_none() && authorization.is_none() && person_grant.is_none() {
            self.record_with_family(c)?;
            return Ok(InsertOutcome::Done);
        }
        if let Some(value) = self.new.repeated_value() {
            return Ok(InsertOutcome::ValueTaken(value));
        }
        let is_there = self.is_there(c)?;
        if let Some(refused) = self.refused(c, is_there)? {
            return Ok(refused);
        }
        self.record_with_family(c)?;
        for alias in aliases {
            add_alias(c, alias)?;
        }
        if let Some(spending) = ticket {
            replay::spend(c, spending)?;
        }
        if let Some((authorization, body)) = authorization.as_ref().zip(self.authorization_body.as_deref()) {
            authorizations::replace(c, authorization, body)?;
        }
        // It was added to when the token was recorded, and may have been ended since.
        if let Some(update) = person_grant
            && !is_there
        {
            person_grants::add(c, update)?;
        }
        Ok(InsertOutcome::Done)
    }

    /// Whether the token was recorded before.
    fn is_there(&self, c: &Connection) -> Result<bool> {
        match read::token(c, &self.new.token.key())? {
            Some(there) => same(codec::is_same_token(&there, &self.new.token), TOKEN_TAKEN),
            None => Ok(false),
        }
    }

    /// What is in the way of an alias, of the ticket, of the authorization or of the grant. What the token was recorded with, if it is there,
    /// may be changed or forgotten sooner.
    fn refused(&self, c: &Connection, is_there: bool) -> Result<Option<InsertOutcome>> {
        let NewToken { aliases, ticket, authorization, person_grant, .. } = &self.new;
        if let Some(spending) = ticket
            && !is_there
            && !replay::is_good(c, spending)?
        {
            return Ok(Some(InsertOutcome::TicketSpent));
        }
        if let Some(authorization) = authorization
            && !is_there
            && !authorizations::is_open(c, authorization)?
        {
            return Ok(Some(InsertOutcome::AuthorizationChanged));
        }
        if let Some(update) = person_grant
            && !is_there
            && !person_grants::is_open(c, update)?
        {
            return Ok(Some(InsertOutcome::PersonGrantEnded));
        }
        for alias in aliases {
            if read::aliased(c, &alias.key)?.is_some_and(|target| target != alias.target) {
                return Ok(Some(InsertOutcome::ValueTaken(alias.target.into())));
            }
        }
        Ok(None)
    }

    /// Writes the token and its family, or neither.
    fn record_with_family(&self, c: &Connection) -> Result<()> {
        let Some((family, body)) = self.new.family.as_ref().zip(self.family_body.as_deref()) else { return self.record_token(c) };
        let new = record_family(c, family, self.family_revoked_by.as_deref(), body)?;
        let recorded = self.record_token(c);
        if new && recorded.is_err() {
            let mut undo = c.prepare_cached("DELETE FROM families WHERE org = ?1 AND id = ?2")?;
            undo.execute(params![family.org.as_str(), family.id.as_bytes()])?;
        }
        recorded
    }

    fn record_token(&self, c: &Connection) -> Result<()> {
        let TokenRecord { org, id, contents, issued_at, expires_at, revoked_at, .. } = &self.new.token;
        let mut insert = c.prepare_cached(
            "INSERT INTO tokens (org, id, subject, session, iat, exp, needed_until, revoked_at, revoked_by, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
        )?;
        let inserted = insert.execute(params![
            org.as_str(),
            id.as_bytes(),
            contents.subject.as_str(),
            contents.session.as_ref().map(|session| session.id.as_str()),
            issued_at.as_secs(),
            expires_at.map(Timestamp::as_ms),
            longer_needed(&self.new.token),
            revoked_at.map(Timestamp::as_ms),
            self.revoked_by,
            self.body,
        ])?;
        if inserted == 1 {
            return Ok(());
        }
        let there = read::token(c, &self.new.token.key())?;
        same(there.is_some_and(|there| codec::is_same_token(&there, &self.new.token)), TOKEN_TAKEN).map(drop)
    }
}

/// Until when a token is needed, if that is later than its end.
pub(super) fn longer_needed(token: &TokenRecord) -> Option<i64> {
    token.needed_until().filter(|until| token.expires_at.is_some_and(|end| *until > end)).map(Timestamp::as_ms)
}

/// Inserts a family, and returns whether there was none of this key before.
fn record_family(c: &Connection, family: &Family, revoked_by: Option<&str>, body: &str) -> Result<bool> {
    let mut insert = c.prepare_cached(
        "INSERT INTO families (org, id, exp, revoked_at, generation, current, previous, rotated_at, token, refreshed_at,
             needed_until, revoked_by, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING",
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
        family.refreshed_at.map(Timestamp::as_ms),
        family.needed_until.map(Timestamp::as_ms),
        revoked_by,
        body,
    ])?;
    if inserted == 1 {
        return Ok(true);
    }
    let there = read::family(c, &family.key())?;
    let is_same = there.is_some_and(|there| codec::is_same_family(&there, family));
    same(is_same, "recording a refresh family: its id is taken").map(|_| false)
}

/// What is there must be the same.
fn same(is_same: bool, otherwise: &'static str) -> Result<bool> {
    if is_same { Ok(true) } else { Err(Fault::internal(otherwise).into()) }
}

/// Adds an alias, if it isn't there.
fn add_alias(c: &Connection, alias: &Alias) -> Result<()> {
    let mut insert =
        c.prepare_cached("INSERT INTO aliases (org, hash, target, exp) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    let exp = alias.expires_at.map(Timestamp::as_ms);
    insert.execute(params![alias.key.org.as_str(), alias.key.hash, codec::aliased_name(alias.target), exp])?;
    Ok(())
}

const TOKEN_TAKEN: &str = "recording a token: its id is taken";
