//! Reads of tokens and of everything that one introspection needs.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::directory_cache::{CachedRead, ClientWithUses};
use super::rows::{body, moment, revoking_party};
use super::{Result, api_keys, authorizations, client_documents, directory, logouts, person_grants, replay};
use crate::domain::{
    AliasKey, Aliased, Family, FamilyKey, Fault, NotBeforeKey, NotBefores, OrgId, Timestamp, TokenId, TokenKey, TokenRecord,
};
use crate::store::codec::{self, FamilyState};
use crate::store::{ClientKey, RecordKeys, Records, TokenPage, TokenQuery};

/// Reads all wanted records as of one moment: in the open transaction or, if there is none, in one of its own.
pub(super) fn found(c: &Connection, wanted: &RecordKeys, cached: CachedRead<'_>) -> Result<Records> {
    if !c.is_autocommit() {
        return each(c, wanted, cached);
    }
    // One transaction: one moment, and one look at the log instead of one for each key.
    c.prepare_cached("BEGIN")?.execute([])?;
    let found = each(c, wanted, cached);
    c.prepare_cached("COMMIT")?.execute([])?;
    found
}

fn each(c: &Connection, wanted: &RecordKeys, cached: CachedRead<'_>) -> Result<Records> {
    let mut found = Records { marks: NotBefores::looked_up(&wanted.marks), ..Records::default() };
    for key in &wanted.tokens {
        found.tokens.extend(token(c, key)?.map(|token| (key.clone(), token)));
    }
    for key in &wanted.families {
        found.families.extend(family(c, key)?.map(|family| (key.clone(), family)));
    }
    for key in &wanted.aliases {
        found.aliases.extend(aliased(c, key)?.map(|target| (key.clone(), target)));
    }
    for hash in &wanted.api_key_values {
        found.api_key_values.extend(api_keys::holder(c, hash)?.map(|holder| (*hash, holder)));
    }
    for key in &wanted.api_keys {
        found.api_keys.extend(api_keys::api_key(c, key)?.map(|there| (key.clone(), there)));
    }
    for key in &wanted.tickets {
        found.tickets.extend(replay::ticket(c, key)?.map(|ticket| (key.clone(), ticket)));
    }
    for key in &wanted.authorizations {
        found.authorizations.extend(authorizations::authorization(c, key)?.map(|there| (key.clone(), there)));
    }
    for key in &wanted.logouts {
        found.logouts.extend(logouts::logout(c, key)?.map(|there| (key.clone(), there)));
    }
    for key in &wanted.person_grants {
        found.person_grants.extend(person_grants::person_grant(c, key)?.map(|there| (key.clone(), there)));
    }
    for key in &wanted.user_codes {
        found.user_codes.extend(authorizations::user_code(c, key)?.map(|there| (key.clone(), there)));
    }
    for key in &wanted.client_documents {
        found.client_documents.extend(client_documents::client_document(c, key)?.map(|there| (key.clone(), there)));
    }
    for key in &wanted.uses {
        found.uses.extend(replay::used_until(c, key)?.map(|until| (key.clone(), until)));
    }
    for key in &wanted.marks {
        if let Some(not_before) = mark(c, key)? {
            found.marks.insert(key.clone(), not_before);
        }
    }
    for id in &wanted.orgs {
        found.orgs.extend(cached.org(id, || Ok(directory::org(c, id)?.map(Arc::new)))?.map(|org| (id.clone(), org)));
    }
    for id in &wanted.assertion_settings {
        found.assertion_settings.extend(directory::assertion_settings(c, id)?.map(|settings| (id.clone(), settings)));
    }
    for key in &wanted.members {
        found.members.extend(cached.member(key, || directory::member(c, key))?.map(|member| (key.clone(), member)));
    }
    for key in &wanted.clients {
        let (client, uses) = cached.client(key, || client_with_uses(c, key))?.unzip();
        found.clients.extend(client.map(|client| (key.clone(), client)));
        found.credential_uses.extend(uses.flatten().map(|uses| (key.clone(), uses)));
    }
    for key in &wanted.client_aliases {
        found.client_aliases.extend(directory::holder(c, &key.0, &key.1)?.map(|id| (key.clone(), id)));
    }
    for id in &wanted.client_orgs {
        found.client_orgs.extend(cached.client_org(*id, || directory::client_org(c, *id))?.map(|org| (*id, org)));
    }
    for key in &wanted.workloads {
        found.workloads.insert(key.clone(), directory::clients_of_workload(c, key)?);
    }
    Ok(found)
}

fn client_with_uses(c: &Connection, key: &ClientKey) -> Result<Option<ClientWithUses>> {
    let Some(client) = directory::client(c, &key.0, key.1)? else { return Ok(None) };
    Ok(Some((Arc::new(client), directory::credential_uses(c, key)?)))
}

/// Reads a token by its key.
pub(super) fn token(c: &Connection, key: &TokenKey) -> Result<Option<TokenRecord>> {
    let mut select = c.prepare_cached("SELECT revoked_at, revoked_by, body FROM tokens WHERE org = ?1 AND id = ?2")?;
    let mut rows = select.query(params![key.org.as_str(), key.id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let token = codec::decode_token(key, body(row, 2)?, moment(row, 0)?)?;
    Ok(Some(TokenRecord { revoked_by: revoking_party(row, 1, &key.org)?, ..token }))
}

/// Reads a refresh family by its key.
pub(super) fn family(c: &Connection, key: &FamilyKey) -> Result<Option<Family>> {
    let mut select = c.prepare_cached(
        "SELECT revoked_at, generation, current, previous, rotated_at, token, refreshed_at, exp, needed_until, revoked_by, body
         FROM families WHERE org = ?1 AND id = ?2",
    )?;
    let mut rows = select.query(params![key.org.as_str(), key.id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let state = FamilyState {
        revoked_at: moment(row, 0)?,
        generation: row.get(1)?,
        current: row.get(2)?,
        previous: row.get(3)?,
        rotated_at: Timestamp::from_ms(row.get(4)?),
        token: TokenId::from_bytes(row.get(5)?),
        refreshed_at: moment(row, 6)?,
        expires_at: Timestamp::from_ms(row.get(7)?),
        needed_until: moment(row, 8)?,
    };
    let family = codec::decode_family(key, body(row, 10)?, state)?;
    Ok(Some(Family { revoked_by: revoking_party(row, 9, &key.org)?, ..family }))
}

/// Reads which token or family a value chosen by the caller stands for.
pub(super) fn aliased(c: &Connection, key: &AliasKey) -> Result<Option<Aliased>> {
    let mut select = c.prepare_cached("SELECT target FROM aliases WHERE org = ?1 AND hash = ?2")?;
    let target = select.query_row(params![key.org.as_str(), key.hash], |row| row.get::<_, String>(0)).optional()?;
    let Some(target) = target else { return Ok(None) };
    let target = codec::aliased(&target).ok_or_else(|| Fault::internal("reading whose a token's value is").because(target));
    Ok(Some(target?))
}

fn mark(c: &Connection, key: &NotBeforeKey) -> Result<Option<Timestamp>> {
    let mut select = c.prepare_cached("SELECT not_before FROM marks WHERE org = ?1 AND kind = ?2")?;
    let not_before = select.query_row(params![key.org.as_str(), codec::mark_name(&key.kind)], |row| row.get(0));
    Ok(not_before.optional()?.map(Timestamp::from_ms))
}

/// Reads one page of an org's tokens, newest first. A page can be shorter than its limit although more follow.
pub(super) fn page(c: &Connection, org: &OrgId, query: &TokenQuery) -> Result<TokenPage> {
    if let Some(id) = query.id {
        let token = token(c, &TokenKey { org: org.clone(), id })?;
        return Ok(TokenPage { tokens: token.filter(|token| query.matches(token)).into_iter().collect(), next: None });
    }
    let (sql, value) = if let Some(session) = &query.session {
        (BY_SESSION, Some(session.to_string()))
    } else if let Some(subject) = &query.subject {
        (BY_SUBJECT, Some(subject.to_string()))
    } else {
        (BY_ID, None)
    };
    let before = query.after.map_or_else(|| vec![u8::MAX; 21], |after| after.as_bytes().to_vec());
    let mut select = c.prepare_cached(sql)?;
    let mut rows = select.query(params![org.as_str(), before, value])?;
    let mut page = TokenPage::default();
    let mut last = None;
    for _ in 0..LOOKED_AT {
        let Some(row) = rows.next()? else { return Ok(page) };
        let key = TokenKey { org: org.clone(), id: TokenId::from_bytes(row.get(0)?) };
        if page.tokens.len() >= query.limit {
            break;
        }
        last = Some(key.id);
        if within(query, row)? {
            let token = codec::decode_token(&key, body(row, 5)?, moment(row, 3)?)?;
            let token = TokenRecord { revoked_by: revoking_party(row, 4, org)?, ..token };
            page.tokens.extend(Some(token).filter(|token| query.matches(token)));
        }
    }
    page.next = last;
    Ok(page)
}

/// Whether the row's times are asked for: cheaper than decoding its body first.
fn within(query: &TokenQuery, row: &Row<'_>) -> Result<bool> {
    let iat = Timestamp::from_secs(row.get(1)?);
    let exp = moment(row, 2)?.unwrap_or(Timestamp::END_OF_TIME);
    Ok(query.issued_from.is_none_or(|from| from <= iat)
        && query.issued_to.is_none_or(|to| iat < to)
        && query.expires_from.is_none_or(|from| from <= exp)
        && query.expires_to.is_none_or(|to| exp < to))
}

/// Most rows that are looked at for one page: some milliseconds. A filter that matches little makes short pages, not long waits.
const LOOKED_AT: usize = 5_000;

// The planner knows nothing of the data: each names its index.
const BY_ID: &str = "SELECT id, iat, exp, revoked_at, revoked_by, body FROM tokens
    WHERE org = ?1 AND id < ?2 AND ?3 IS NULL ORDER BY id DESC";
const BY_SUBJECT: &str = "SELECT id, iat, exp, revoked_at, revoked_by, body FROM tokens INDEXED BY tokens_by_subject
    WHERE org = ?1 AND id < ?2 AND subject = ?3 ORDER BY id DESC";
const BY_SESSION: &str = "SELECT id, iat, exp, revoked_at, revoked_by, body FROM tokens INDEXED BY tokens_by_session
    WHERE org = ?1 AND id < ?2 AND session = ?3 ORDER BY id DESC";
