//! Reads and writes of orgs, members and clients.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use super::rows::body;
use crate::domain::{
    AssertionSettings, Client, ClientId, CredentialUses, Fault, Member, MemberKey, Org, OrgId, Subject, Timestamp,
};
use crate::store::{ClientKey, Delete, MemberSwap, Put, Replaced, WorkloadKey, codec};

pub(super) fn org(c: &Connection, id: &OrgId) -> Result<Option<Org>> {
    let mut select = c.prepare_cached("SELECT created_at, body FROM orgs WHERE id = ?1")?;
    let mut rows = select.query([id.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(codec::decode_org(body(row, 1)?, created_at(row)?)?))
}

pub(super) fn assertion_settings(c: &Connection, org: &OrgId) -> Result<Option<AssertionSettings>> {
    let mut select = c.prepare_cached("SELECT body FROM assertion_settings WHERE org = ?1")?;
    let mut rows = select.query([org.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(codec::decode_assertion_settings(body(row, 0)?)?))
}

pub(super) fn sub_orgs(c: &Connection, parent: &OrgId, after: Option<&OrgId>, limit: usize) -> Result<Vec<OrgId>> {
    let mut select = c.prepare_cached("SELECT id FROM orgs WHERE parent = ?1 AND id > ?2 ORDER BY id LIMIT ?3")?;
    let mut rows = select.query(params![parent.as_str(), after.map_or("", OrgId::as_str), limit])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        let id = OrgId::parse(&row.get::<_, String>(0)?);
        ids.push(id.map_err(|e| Fault::internal("reading the id of an org").because(e))?);
    }
    Ok(ids)
}

pub(super) fn member(c: &Connection, key: &MemberKey) -> Result<Option<Member>> {
    let mut select = c.prepare_cached("SELECT created_at, body FROM members WHERE org = ?1 AND subject = ?2")?;
    let mut rows = select.query([key.org.as_str(), key.subject.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(codec::decode_member(body(row, 1)?, created_at(row)?)?))
}

pub(super) fn members(c: &Connection, org: &OrgId, after: Option<&Subject>, limit: usize) -> Result<Vec<Member>> {
    let mut select =
        c.prepare_cached("SELECT created_at, body FROM members WHERE org = ?1 AND subject > ?2 ORDER BY subject LIMIT ?3")?;
    let mut rows = select.query(params![org.as_str(), after.map_or("", Subject::as_str), limit])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        members.push(codec::decode_member(body(row, 1)?, created_at(row)?)?);
    }
    Ok(members)
}

pub(super) fn client(c: &Connection, org: &OrgId, id: ClientId) -> Result<Option<Client>> {
    let mut select = c.prepare_cached("SELECT created_at, body FROM clients WHERE org = ?1 AND id = ?2")?;
    let mut rows = select.query(params![org.as_str(), id.as_number()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(codec::decode_client(body(row, 1)?, created_at(row)?)?))
}

/// Reads the uses of a client's secrets. `None`: no use was noted.
pub(super) fn credential_uses(c: &Connection, (org, id): &ClientKey) -> Result<Option<CredentialUses>> {
    let mut select = c.prepare_cached("SELECT body FROM secret_uses WHERE org = ?1 AND client = ?2")?;
    let mut rows = select.query(params![org.as_str(), id.as_number()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(codec::decode_credential_uses(body(row, 0)?)?))
}

/// Reads clients of an org in the order of their numbers.
pub(super) fn clients(c: &Connection, org: &OrgId, after: Option<ClientId>, limit: usize) -> Result<Vec<Client>> {
    let mut select = c.prepare_cached("SELECT created_at, body FROM clients WHERE org = ?1 AND id > ?2 ORDER BY id LIMIT ?3")?;
    let after = after.map_or(-1, |after| i64::try_from(after.as_number()).unwrap_or(i64::MAX));
    let mut rows = select.query(params![org.as_str(), after, limit])?;
    let mut clients = Vec::new();
    while let Some(row) = rows.next()? {
        clients.push(codec::decode_client(body(row, 1)?, created_at(row)?)?);
    }
    Ok(clients)
}

/// Reads the number of the client that has this alias in the org.
pub(super) fn holder(c: &Connection, org: &OrgId, alias: &str) -> Result<Option<ClientId>> {
    let mut select = c.prepare_cached("SELECT id FROM clients WHERE org = ?1 AND alias = ?2")?;
    let number = select.query_row([org.as_str(), alias], |row| row.get(0)).optional()?;
    number.map(client_id).transpose()
}

fn client_id(number: u64) -> Result<ClientId> {
    ClientId::from_number(number).map_err(|e| Fault::internal("reading the id of a client").because(e).into())
}

/// Reads the org of a client. A number is given to one client of all orgs.
pub(super) fn client_org(c: &Connection, id: ClientId) -> Result<Option<OrgId>> {
    let mut select = c.prepare_cached("SELECT org FROM client_orgs WHERE id = ?1")?;
    let org = select.query_row([id.as_number()], |row| row.get::<_, String>(0)).optional()?;
    let org = org.map(|org| OrgId::parse(&org)).transpose();
    org.map_err(|e| Fault::internal("reading whose a client is").because(e).into())
}

pub(super) fn put_org(c: &Connection, seen: Option<&Org>, new: &Org, assertions: Option<&AssertionSettings>) -> Result<Put> {
    let old = org(c, &new.id)?;
    if old.as_ref() != seen || old.as_ref().is_some_and(|old| old.ancestors != new.ancestors) {
        return Ok(Put::Taken);
    }
    if let (None, Some(parent)) = (&old, new.parent()) {
        let Some(parent) = org(c, parent)? else { return Ok(Put::Dangling) };
        if parent.ancestors != new.ancestors[1..] {
            return Ok(Put::Taken);
        }
    }
    let mut upsert = c.prepare_cached(
        "INSERT INTO orgs (id, parent, created_at, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET body = excluded.body",
    )?;
    let parent = new.parent().map(OrgId::as_str);
    upsert.execute(params![new.id.as_str(), parent, new.created_at.as_ms(), codec::encode_org(new)?])?;
    if let Some(assertions) = assertions {
        let mut upsert = c.prepare_cached(
            "INSERT INTO assertion_settings (org, body) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = excluded.body",
        )?;
        upsert.execute(params![new.id.as_str(), codec::encode_assertion_settings(assertions)?])?;
    }
    Ok(put(old.is_some()))
}

pub(super) fn delete_org(c: &Connection, id: &OrgId) -> Result<Delete> {
    let in_use = "SELECT 1 FROM orgs WHERE parent = ?1 UNION ALL SELECT 1 FROM members WHERE org = ?1
                  UNION ALL SELECT 1 FROM clients WHERE org = ?1 AND exp IS NULL LIMIT 1";
    if c.prepare_cached(in_use)?.exists([id.as_str()])? {
        return Ok(Delete::InUse);
    }
    c.prepare_cached("DELETE FROM clients WHERE org = ?1")?.execute([id.as_str()])?;
    c.prepare_cached("DELETE FROM assertion_settings WHERE org = ?1")?.execute([id.as_str()])?;
    Ok(delete(c.prepare_cached("DELETE FROM orgs WHERE id = ?1")?.execute([id.as_str()])?))
}

pub(super) fn put_member(c: &Connection, member: &Member) -> Result<Put> {
    if !org_exists(c, &member.org)? {
        return Ok(Put::Dangling);
    }
    let key = (member.org.as_str(), member.subject.as_str());
    let known = c.prepare_cached("SELECT 1 FROM members WHERE org = ?1 AND subject = ?2")?.exists(key)?;
    let mut upsert = c.prepare_cached(
        "INSERT INTO members (org, subject, created_at, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET body = excluded.body",
    )?;
    upsert.execute(params![key.0, key.1, member.created_at.as_ms(), codec::encode_member(member)?])?;
    Ok(put(known))
}

pub(super) fn swap_member(c: &Connection, swap: &MemberSwap) -> Result<Replaced> {
    let there = member(c, &swap.key)?;
    if there == swap.member {
        return Ok(Replaced::Done);
    }
    let is_witnessed = match &swap.witness {
        Some(witness) => member(c, &witness.key())?.as_ref() == Some(witness),
        None => true,
    };
    if there != swap.seen || !is_witnessed {
        return Ok(Replaced::Outdated);
    }
    let Some(member) = &swap.member else {
        delete_member(c, &swap.key)?;
        return Ok(Replaced::Done);
    };
    Ok(match put_member(c, member)? {
        Put::Created | Put::Replaced => Replaced::Done,
        Put::Dangling => Replaced::Dangling,
        Put::Taken => Replaced::Taken,
    })
}

pub(super) fn delete_member(c: &Connection, key: &MemberKey) -> Result<Delete> {
    let mut delete_one = c.prepare_cached("DELETE FROM members WHERE org = ?1 AND subject = ?2")?;
    Ok(delete(delete_one.execute([key.org.as_str(), key.subject.as_str()])?))
}

pub(super) fn put_client(c: &Connection, client: &Client) -> Result<Put> {
    if !org_exists(c, &client.org)? {
        return Ok(Put::Dangling);
    }
    let (org, id) = (client.org.as_str(), client.id.as_number());
    if let Some(alias) = &client.settings.alias
        && holder(c, &client.org, alias)?.is_some_and(|holder| holder != client.id)
    {
        return Ok(Put::Taken);
    }
    if client_org(c, client.id)?.is_some_and(|other| other != client.org) {
        return Ok(Put::Taken);
    }
    c.prepare_cached("INSERT OR IGNORE INTO client_orgs (id, org) VALUES (?1, ?2)")?.execute(params![id, org])?;
    let known = c.prepare_cached("SELECT 1 FROM clients WHERE org = ?1 AND id = ?2")?.exists(params![org, id])?;
    let mut upsert = c.prepare_cached(
        "INSERT INTO clients (org, id, alias, created_at, body, exp) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (org, id) DO UPDATE SET alias = excluded.alias, body = excluded.body, exp = excluded.exp",
    )?;
    let (body, end) = (codec::encode_client(client)?, client.origin.expires_at().map(Timestamp::as_ms));
    upsert.execute(params![org, id, client.settings.alias, client.created_at.as_ms(), body, end])?;
    c.prepare_cached("DELETE FROM workloads WHERE org = ?1 AND client = ?2")?.execute(params![org, id])?;
    let mut insert = c.prepare_cached("INSERT INTO workloads (org, hash, client) VALUES (?1, ?2, ?3)")?;
    for key in WorkloadKey::named_by(client) {
        insert.execute(params![org, key.hash, id])?;
    }
    Ok(put(known))
}

pub(super) fn replace_client(c: &Connection, seen: &Client, new: &Client) -> Result<Replaced> {
    match client(c, &seen.org, seen.id)? {
        Some(there) if there == *new => Ok(Replaced::Done),
        Some(there) if there == *seen => Ok(match put_client(c, new)? {
            Put::Created | Put::Replaced => Replaced::Done,
            Put::Dangling => Replaced::Outdated,
            Put::Taken => Replaced::Taken,
        }),
        _ => Ok(Replaced::Outdated),
    }
}

pub(super) fn delete_client(c: &Connection, org: &OrgId, id: ClientId) -> Result<Delete> {
    let mut delete_one = c.prepare_cached("DELETE FROM clients WHERE org = ?1 AND id = ?2")?;
    Ok(delete(delete_one.execute(params![org.as_str(), id.as_number()])?))
}

/// Reads which clients name a workload.
pub(super) fn clients_of_workload(c: &Connection, key: &WorkloadKey) -> Result<Vec<ClientId>> {
    let mut select = c.prepare_cached("SELECT client FROM workloads WHERE org = ?1 AND hash = ?2 ORDER BY client")?;
    let numbers = select.query_map(params![key.org.as_str(), key.hash], |row| row.get::<_, u64>(0))?;
    numbers.map(|number| client_id(number?)).collect()
}

/// Notes the uses of a client's secrets, if there are still those that were seen.
pub(super) fn note_credential_uses(
    c: &Connection,
    client: &ClientKey,
    seen: &CredentialUses,
    uses: &CredentialUses,
) -> Result<()> {
    if credential_uses(c, client)?.unwrap_or_default() != *seen {
        return Ok(());
    }
    let mut upsert = c.prepare_cached(
        "INSERT INTO secret_uses (org, client, body) SELECT org, id, ?3 FROM clients WHERE org = ?1 AND id = ?2
         ON CONFLICT (org, client) DO UPDATE SET body = excluded.body",
    )?;
    upsert.execute(params![client.0.as_str(), client.1.as_number(), codec::encode_credential_uses(uses)?])?;
    Ok(())
}

fn org_exists(c: &Connection, id: &OrgId) -> Result<bool> {
    Ok(c.prepare_cached("SELECT 1 FROM orgs WHERE id = ?1")?.exists([id.as_str()])?)
}

fn created_at(row: &Row<'_>) -> Result<Timestamp> {
    Ok(Timestamp::from_ms(row.get(0)?))
}

fn put(known: bool) -> Put {
    if known { Put::Replaced } else { Put::Created }
}

fn delete(rows: usize) -> Delete {
    if rows == 0 { Delete::Unknown } else { Delete::Done }
}
