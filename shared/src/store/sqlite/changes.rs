//! The outboxes of the audit trail and of the status lists: what has changed, noted in the same transaction, until it has been told.
//!
//! Triggers note each change as JSON, which [`Changes`] reads. They are temporary: a store that keeps no changes pays for none. Of what
//! may have revoked tokens nothing is noted as long as no token is in a status list.

use std::sync::Arc;

use data_encoding::HEXUPPER;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use serde::Deserialize;

use super::rows::body;
use super::{Result, SqliteStore};
use crate::domain::{
    ApiKeyLocator, ApiKeyRevocation, Authorization, AuthorizationKey, Change, ClientId, Clock, Commit, Diff, Family, FamilyKey,
    Fault, NotBeforeKey, NotBeforeStands, OrgId, PersonGrantKey, RevokingParty, Subject, Timestamp, TokenId, TokenKey,
    TokenRecord,
};
use crate::store::ReadChanges;
use crate::store::codec::{self, ApiKeyState, FamilyState};

/// A change that hasn't been told yet.
#[derive(Clone, Debug)]
pub struct Untold {
    /// Its number in the outbox.
    pub id: i64,
    /// The change in the words of [`Changes`].
    pub record: String,
}

/// The outbox. It is not part of the port: with the DynamoDB store its place is taken by the streams of the tables.
impl SqliteStore {
    /// Notes each change from now on, until the store is closed.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be written.
    pub fn keep_changes(&self, clock: Arc<dyn Clock>) -> Result<(), Fault> {
        self.writer.prepare(|c| keep(c, clock)).map_err(|e| e.into_fault("preparing the outbox of the audit trail"))
    }

    /// Returns the oldest changes that haven't been told, at most a hundred.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be read.
    pub fn untold(&self) -> Result<Vec<Untold>, Fault> {
        self.look_up("reading the outbox of the audit trail", |c| untold(c, Outbox::Changes))
    }

    /// Forgets the changes up to this number: they have been told.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be written.
    pub async fn forget_told(&self, last: i64) -> Result<(), Fault> {
        self.write("emptying the outbox of the audit trail", move |c| forget(c, Outbox::Changes, last)).await
    }

    /// Notes from now on, until the store is closed, what may have revoked tokens.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be written.
    pub fn keep_revocations(&self, clock: Arc<dyn Clock>) -> Result<(), Fault> {
        self.writer.prepare(|c| keep_revocations(c, clock)).map_err(|e| e.into_fault("preparing the outbox of the status lists"))
    }

    /// Returns the oldest changes that may have revoked tokens and aren't in the status lists yet, at most a hundred.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be read.
    pub fn unlisted_revocations(&self) -> Result<Vec<Untold>, Fault> {
        self.look_up("reading the outbox of the status lists", |c| untold(c, Outbox::Revocations))
    }

    /// Forgets the revocations up to this number: they are in the status lists.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be written.
    pub async fn forget_listed(&self, last: i64) -> Result<(), Fault> {
        self.write("emptying the outbox of the status lists", move |c| forget(c, Outbox::Revocations, last)).await
    }

    /// Waits until something may have been committed since the last time.
    pub async fn committed(&self) {
        self.writer.committed_since().await;
    }
}

fn keep(c: &Connection, clock: Arc<dyn Clock>) -> Result<()> {
    tell_time(c, clock)?;
    for table in TABLES {
        c.execute_batch(&table.triggers())?;
    }
    Ok(())
}

fn keep_revocations(c: &Connection, clock: Arc<dyn Clock>) -> Result<()> {
    tell_time(c, clock)?;
    for (name, events) in REVOKING {
        for table in TABLES.iter().filter(|table| table.name == *name) {
            for (event, condition) in *events {
                c.execute_batch(&table.trigger(Outbox::Revocations, event, Some(condition)))?;
            }
        }
    }
    Ok(())
}

/// Tells the triggers what time it is.
fn tell_time(c: &Connection, clock: Arc<dyn Clock>) -> Result<()> {
    c.create_scalar_function("now_ms", 0, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS, move |_| {
        Ok(clock.now().as_ms())
    })?;
    Ok(())
}

/// Where changes wait to be told.
#[derive(Clone, Copy)]
enum Outbox {
    /// All of them, for the audit trail.
    Changes,
    /// Those that may have revoked tokens, for the status lists.
    Revocations,
}

impl Outbox {
    /// The name of its table.
    fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Revocations => "revocations",
        }
    }
}

/// What may revoke tokens: tables with the events, each with what must hold of the row.
const REVOKING: &[(&str, &[(&str, &str)])] = &[
    ("tokens", &[("UPDATE", "NEW.revoked_at IS NOT OLD.revoked_at"), ("DELETE", "TRUE")]),
    // Where only the newest access token of a family is alive, the next one ends the one before.
    (
        "families",
        &[
            ("UPDATE", "NEW.revoked_at IS NOT OLD.revoked_at OR NEW.token <> OLD.token AND NEW.body ->> '$.k'"),
            ("DELETE", "TRUE"),
        ],
    ),
    ("marks", &[("INSERT", "TRUE"), ("UPDATE", "NEW.not_before > OLD.not_before")]),
    ("api_keys", &[("UPDATE", "NEW.revoked_at IS NOT OLD.revoked_at"), ("DELETE", "TRUE")]),
    ("orgs", &[("UPDATE", "TRUE"), ("DELETE", "TRUE")]),
    ("members", &[("UPDATE", "TRUE"), ("DELETE", "TRUE")]),
    ("clients", &[("UPDATE", "TRUE"), ("DELETE", "TRUE")]),
];

fn forget(c: &Connection, outbox: Outbox, last: i64) -> Result<()> {
    c.prepare_cached(&format!("DELETE FROM {} WHERE id <= ?1", outbox.as_str()))?.execute([last])?;
    Ok(())
}

fn untold(c: &Connection, outbox: Outbox) -> Result<Vec<Untold>> {
    let mut select = c.prepare_cached(&format!("SELECT id, record FROM {} ORDER BY id LIMIT ?1", outbox.as_str()))?;
    let mut rows = select.query([MAX_UNTOLD])?;
    let mut untold = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, record) = (row.get(0)?, std::str::from_utf8(body(row, 1)?).map_err(unreadable)?);
        // A row has its number only when it is there.
        untold.push(Untold { id, record: format!("{{\"id\":{id},{}", record.trim_start_matches('{')) });
    }
    Ok(untold)
}

/// What is noted of a table.
struct Table {
    name: &'static str,
    /// Its key, as pairs of `json_object`; `$` stands for the row.
    key: &'static str,
    /// The rest of its columns, written likewise.
    state: &'static str,
    /// Until when a row is needed. What goes after that is cleared away in silence: nothing ends by it.
    until: &'static str,
}

impl Table {
    fn triggers(&self) -> String {
        ["INSERT", "UPDATE", "DELETE"].map(|event| self.trigger(Outbox::Changes, event, None)).concat()
    }

    /// The trigger that notes what an event does to a row. With a condition it does so only where that holds, and only once there are
    /// status lists.
    fn trigger(&self, outbox: Outbox, event: &str, condition: Option<&str>) -> String {
        let Self { name, key, state, until } = self;
        let side = |row: &str| format!("json_object({})", state.replace('$', row));
        let (row, sides) = match event {
            "INSERT" => ("NEW", format!("'after', {}", side("NEW"))),
            "UPDATE" => ("NEW", format!("'before', {}, 'after', {}", side("OLD"), side("NEW"))),
            _ => ("OLD", format!("'before', {}", side("OLD"))),
        };
        let is_early = (event == "DELETE").then(|| format!("{} > now_ms()", until.replace('$', "OLD")));
        let is_wanted = condition.map(|condition| format!("({condition}) AND EXISTS (SELECT 1 FROM main.status_orgs)"));
        let conditions: Vec<_> = is_early.into_iter().chain(is_wanted).collect();
        let when = if conditions.is_empty() { String::new() } else { format!("WHEN {}", conditions.join(" AND ")) };
        let outbox = outbox.as_str();
        format!(
            "CREATE TEMP TRIGGER {outbox}_{name}_{event} AFTER {event} ON main.{name} {when} BEGIN
                 INSERT INTO {outbox} (record) VALUES (json_object('at', now_ms(), 'table', '{name}', {key}, {sides}));
             END;",
            key = key.replace('$', row),
        )
    }
}

const FOR_EVER: &str = "9223372036854775807";

const TABLES: &[Table] = &[
    Table {
        name: "tokens",
        key: "'org', $.org, 'key', hex($.id)",
        state: "'body', $.body, 'revoked_at', $.revoked_at, 'revoked_by', $.revoked_by",
        until: "coalesce($.needed_until, $.exp, 9223372036854775807)",
    },
    Table {
        name: "families",
        key: "'org', $.org, 'key', hex($.id)",
        state: "'body', $.body, 'revoked_at', $.revoked_at, 'revoked_by', $.revoked_by, 'generation', $.generation, 'current', hex($.current),
            'previous', iif($.previous IS NULL, NULL, hex($.previous)), 'rotated_at', $.rotated_at, 'token', hex($.token),
            'refreshed_at', $.refreshed_at, 'exp', $.exp, 'needed_until', $.needed_until",
        until: "coalesce($.needed_until, 9223372036854775807)",
    },
    Table {
        name: "marks",
        key: "'org', $.org, 'key', $.kind",
        state: "'not_before', $.not_before, 'exp', $.exp",
        until: "coalesce($.exp, 9223372036854775807)",
    },
    Table {
        name: "authorizations",
        key: "'org', $.org, 'key', hex($.id)",
        state: "'body', $.body, 'exp', $.exp, 'revision', $.revision",
        until: "$.kept_until",
    },
    Table {
        name: "person_grants",
        key: "'org', $.org, 'key', $.subject, 'client', $.client",
        state: "'body', $.body, 'ended_at', $.ended_at",
        until: "$.kept_until",
    },
    Table {
        name: "api_keys",
        key: "'org', $.org, 'key', hex($.id)",
        state: "'body', $.body, 'used_at', $.used_at, 'revoked_at', $.revoked_at, 'reason', $.reason, 'revoked_by', $.revoked_by,
             'leak_place', $.leak_place",
        until: "$.kept_until",
    },
    Table { name: "orgs", key: "'org', $.id", state: CREATED, until: FOR_EVER },
    Table { name: "assertion_settings", key: "'org', $.org", state: "'body', $.body", until: FOR_EVER },
    Table { name: "members", key: "'org', $.org", state: CREATED, until: FOR_EVER },
    Table { name: "clients", key: "'org', $.org", state: CREATED, until: "coalesce($.exp, 9223372036854775807)" },
    Table { name: "event_streams", key: "'org', $.org", state: "'body', $.body", until: FOR_EVER },
    Table { name: "key_rings", key: "'org', ''", state: "'body', $.body, 'version', $.version", until: FOR_EVER },
];

const CREATED: &str = "'body', $.body, 'created_at', $.created_at";

/// How many changes are read at once: a millisecond or two of work, for which requests may have to wait.
const MAX_UNTOLD: i64 = 100;

const DOING: &str = "reading a change from the outbox";

/// Reads what the triggers note.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes;

impl ReadChanges for Changes {
    fn change(&self, record: &str) -> Result<Option<Commit>, Fault> {
        let Record { id, at, table, org, key, client, before, after } = serde_json::from_str(record).map_err(unreadable)?;
        let diff = match (before, after) {
            (None, Some(after)) => Diff::Added(after),
            (Some(before), Some(after)) => Diff::Changed { before, after },
            (Some(before), None) => Diff::Removed(before),
            (None, None) => return Err(unreadable("a change of nothing")),
        };
        // A file that begins anew counts anew: only with the moment its numbers are told apart.
        Ok(Some(Commit {
            id: format!("{at}-{id}"),
            at: Timestamp::from_ms(at),
            change: change(table, &org, (&key, client), diff)?,
        }))
    }
}

fn change(table: TableName, org: &str, (key, client): (&str, u64), diff: Diff<Row>) -> Result<Change, Fault> {
    let org = || OrgId::parse(org).map_err(unreadable);
    Ok(match table {
        TableName::Tokens => {
            let key = TokenKey { org: org()?, id: token_id(key)? };
            Change::Token(Box::new(diff.try_map(|row| row.token(&key))?))
        }
        TableName::Families => {
            let key = FamilyKey { org: org()?, id: token_id(key)? };
            Change::Family(Box::new(diff.try_map(|row| row.family(&key))?))
        }
        TableName::Marks => {
            let kind = codec::mark_kind(key).ok_or_else(|| unreadable("a mark of an unknown kind"))?;
            Change::NotBefore(NotBeforeKey { org: org()?, kind }, diff.try_map(|row| row.mark())?)
        }
        TableName::Authorizations => {
            let key = AuthorizationKey { org: org()?, id: token_id(key)? };
            Change::Authorization(Box::new(diff.try_map(|row| row.authorization(&key))?))
        }
        TableName::PersonGrants => {
            let subject = Subject::parse(key).map_err(unreadable)?;
            let client = ClientId::from_number(client).map_err(unreadable)?;
            let key = PersonGrantKey { org: org()?, subject, client };
            let grant = |row: Row| codec::decode_person_grant(&key, row.body(), row.ended_at.map(Timestamp::from_ms));
            Change::PersonGrant(Box::new(diff.try_map(grant)?))
        }
        TableName::ApiKeys => {
            let key = ApiKeyLocator { org: org()?, id: token_id(key)? };
            let api_key = |row: Row| codec::decode_api_key(&key, row.body(), row.api_key_state(&key.org)?);
            Change::ApiKey(Box::new(diff.try_map(api_key)?))
        }
        TableName::Orgs => Change::Org(Box::new(diff.try_map(|row| codec::decode_org(row.body(), row.created_at()?))?)),
        TableName::AssertionSettings => {
            Change::AssertionSettings(org()?, diff.try_map(|row| codec::decode_assertion_settings(row.body()))?)
        }
        TableName::Members => Change::Member(Box::new(diff.try_map(|row| codec::decode_member(row.body(), row.created_at()?))?)),
        TableName::Clients => Change::Client(Box::new(diff.try_map(|row| codec::decode_client(row.body(), row.created_at()?))?)),
        TableName::EventStreams => {
            let org = org()?;
            Change::EventStream(Box::new(diff.try_map(|row| codec::decode_event_stream(&org, row.body()))?))
        }
        TableName::KeyRings => {
            let ring = |row: Row| codec::decode_key_ring(row.version.unwrap_or_default(), row.body());
            Change::Keys(Box::new(diff.try_map(ring)?))
        }
    })
}

fn unreadable(why: impl std::fmt::Display) -> Fault {
    Fault::internal(DOING).because(why.to_string())
}

fn bytes<const N: usize>(hex: &str) -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    if HEXUPPER.decode_len(hex.len()) != Ok(N) || HEXUPPER.decode_mut(hex.as_bytes(), &mut bytes).is_err() {
        return Err(unreadable("bytes that are none"));
    }
    Ok(bytes)
}

fn token_id(hex: &str) -> Result<TokenId, Fault> {
    bytes(hex).map(TokenId::from_bytes)
}

#[derive(Deserialize)]
struct Record {
    id: i64,
    at: i64,
    table: TableName,
    org: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    client: u64,
    before: Option<Row>,
    after: Option<Row>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TableName {
    Tokens,
    Families,
    Marks,
    Authorizations,
    PersonGrants,
    ApiKeys,
    Orgs,
    AssertionSettings,
    Members,
    Clients,
    EventStreams,
    KeyRings,
}

/// A row of any of the tables. All moments are in ms.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    body: String,
    created_at: Option<i64>,
    revoked_at: Option<i64>,
    revoked_by: Option<String>,
    generation: u64,
    current: String,
    previous: Option<String>,
    rotated_at: i64,
    token: String,
    refreshed_at: Option<i64>,
    exp: Option<i64>,
    needed_until: Option<i64>,
    not_before: Option<i64>,
    version: Option<u64>,
    revision: u32,
    ended_at: Option<i64>,
    used_at: Option<i64>,
    reason: Option<String>,
    leak_place: Option<String>,
}

impl Row {
    fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }

    fn created_at(&self) -> Result<Timestamp, Fault> {
        self.created_at.map(Timestamp::from_ms).ok_or_else(|| unreadable("no moment of its creation"))
    }

    fn revoked_at(&self) -> Option<Timestamp> {
        self.revoked_at.map(Timestamp::from_ms)
    }

    fn token(&self, key: &TokenKey) -> Result<TokenRecord, Fault> {
        let token = codec::decode_token(key, self.body(), self.revoked_at())?;
        Ok(TokenRecord { revoked_by: self.revoking_party(&key.org)?, ..token })
    }

    fn family(&self, key: &FamilyKey) -> Result<Family, Fault> {
        let family = codec::decode_family(key, self.body(), self.family_state()?)?;
        Ok(Family { revoked_by: self.revoking_party(&key.org)?, ..family })
    }

    fn authorization(&self, key: &AuthorizationKey) -> Result<Authorization, Fault> {
        let expires_at = self.exp.map(Timestamp::from_ms).ok_or_else(|| unreadable("an authorization without end"))?;
        codec::decode_authorization(key, self.body(), expires_at, self.revision)
    }

    fn revoking_party(&self, org: &OrgId) -> Result<Option<Box<RevokingParty>>, Fault> {
        self.revoked_by.as_ref().map(|party| codec::decode_revoking_party(party.as_bytes(), org)).transpose()
    }

    fn api_key_state(&self, org: &OrgId) -> Result<ApiKeyState, Fault> {
        let revoked = self.revoked_at().map(|at| {
            let reason = self.reason.as_deref().and_then(|name| name.parse().ok());
            let reason = reason.ok_or_else(|| unreadable("an API key that is revoked for no reason"))?;
            let place = self.leak_place.as_ref().map(|place| codec::decode_leak_place(place.as_bytes())).transpose()?;
            Ok::<_, Fault>(ApiKeyRevocation { at, reason, by: self.revoking_party(org)?.map(|by| *by), place })
        });
        Ok(ApiKeyState { used_at: self.used_at.map(Timestamp::from_ms), revoked: revoked.transpose()? })
    }

    fn mark(&self) -> Result<NotBeforeStands, Fault> {
        let not_before = self.not_before.map(Timestamp::from_ms).ok_or_else(|| unreadable("a mark without its moment"))?;
        Ok(NotBeforeStands { not_before, kept_until: self.exp.map(Timestamp::from_ms) })
    }

    fn family_state(&self) -> Result<FamilyState, Fault> {
        Ok(FamilyState {
            revoked_at: self.revoked_at(),
            generation: self.generation,
            current: bytes(&self.current)?,
            previous: self.previous.as_deref().map(bytes).transpose()?,
            rotated_at: Timestamp::from_ms(self.rotated_at),
            token: token_id(&self.token)?,
            refreshed_at: self.refreshed_at.map(Timestamp::from_ms),
            expires_at: self.exp.map(Timestamp::from_ms).ok_or_else(|| unreadable("a family without end"))?,
            needed_until: self.needed_until.map(Timestamp::from_ms),
        })
    }
}
