//! Records as compact JSON: the body that both adapters keep.
//!
//! A body holds what never changes while the record lives, but for its id. What the adapters change or filter by is
//! beside it, in columns or attributes. Old and new versions of the code run together: unknown members are ignored,
//! and a member that is added later must have a default.
//!
//! | name | token, family | org | member | client |
//! |---|---|---|---|---|
//! | `a` | audiences | ancestors, parent first | | alias |
//! | `c` | client | | | number |
//! | `d` | lifetime of access tokens, s | lifetime of a token, s | display name | |
//! | `e` | expires at, ms | is enabled | is enabled | is enabled |
//! | `f` | family | | first name | |
//! | `g` | | | | grants |
//! | `h` | hosts | | | |
//! | `i` | issued at, ms | id | | |
//! | `k` | | | kind | kind |
//! | `l` | | | last name | |
//! | `m` | is masquerading | longest lifetime of a token, s | e-mail | |
//! | `n` | not before, ms | name | | |
//! | `o` | org | | org | org |
//! | `p` | whether a use replaces it | | profile | |
//! | `q` | root org | | | |
//! | `r` | roles | lifetime of a refresh family, s | roles | |
//! | `s` | subject | settings | subject | scopes |
//! | `t` | salt | whether a use replaces a refresh token | | |
//! | `u` | | updated at, ms | updated at, ms | updated at, ms |
//! | `w` | creator: org `o`, subject `s` | | | |
//! | `x` | session: org `o`, id `i` | allows tokens that don't expire | external id | secrets |
//! | `y` | | has ever allowed them | | |
//! | `z` | scopes | | scopes | |

use std::collections::BTreeMap;
use std::error::Error;

use serde::{Deserialize, Serialize};
use serde_json::de::SliceRead;

use crate::domain::{
    App, Audience, Client, ClientId, ClientKind, Creator, Family, FamilyKey, Fault, HostPermissions, MarkKind, Member,
    MemberKind, Org, OrgId, OrgSettings, Profile, Role, Scope, ScopePattern, Seconds, Session, SessionId, Subject, Timestamp,
    TokenId, TokenKey, TokenRecord,
};

mod coded;
mod key_ring;

pub use key_ring::{decode_key_ring, encode_key_ring};

/// The body of a token: all of it but `id` and `revoked_at`.
pub fn encode_token(token: &TokenRecord) -> Result<String, Fault> {
    encode(|to| TokenBody::serialize(token, to))
}

/// The token of this body.
pub fn decode_token(key: &TokenKey, body: &[u8], revoked_at: Option<Timestamp>) -> Result<TokenRecord, Fault> {
    let token = decode(body, |from| TokenBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a token").because(e))?;
    if token.org != key.org {
        return Err(Fault::internal("decoding the record of a token: it is another org's"));
    }
    Ok(TokenRecord { id: key.id, revoked_at, ..token })
}

/// What changes of a family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FamilyState {
    /// [`Family::generation`]
    pub generation: u64,
    /// [`Family::current`]
    pub current: [u8; 32],
    /// [`Family::previous`]
    pub previous: Option<[u8; 32]>,
    /// [`Family::rotated_at`]
    pub rotated_at: Timestamp,
    /// [`Family::token`]
    pub token: TokenId,
    /// [`Family::revoked_at`]
    pub revoked_at: Option<Timestamp>,
}

/// Whether recording `new` where `there` is changes nothing: what happens to a token afterwards doesn't make it another.
pub fn is_same_token(there: &TokenRecord, new: &TokenRecord) -> bool {
    TokenRecord { revoked_at: new.revoked_at, ..there.clone() } == *new
}

/// The body of a family: all of it but `id` and its [`FamilyState`].
pub fn encode_family(family: &Family) -> Result<String, Fault> {
    encode(|to| FamilyBody::serialize(family, to))
}

/// The family of this body, in this state.
pub fn decode_family(key: &FamilyKey, body: &[u8], state: FamilyState) -> Result<Family, Fault> {
    let family = decode(body, |from| FamilyBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a refresh family").because(e))?;
    if family.org != key.org {
        return Err(Fault::internal("decoding the record of a refresh family: it is another org's"));
    }
    let FamilyState { generation, current, previous, rotated_at, token, revoked_at } = state;
    Ok(Family { id: key.id, generation, current, previous, rotated_at, revoked_at, token, ..family })
}

/// Whether recording `new` where `there` is changes nothing: what happens to a family afterwards doesn't make it another.
pub fn is_same_family(there: &Family, new: &Family) -> bool {
    let Family { generation, current, previous, rotated_at, revoked_at, token, .. } = *new;
    Family { generation, current, previous, rotated_at, revoked_at, token, ..there.clone() } == *new
}

/// A kind of mark as a key within its org.
pub fn mark_name(kind: &MarkKind) -> String {
    match kind {
        MarkKind::Client(id) => format!("c#{id}"),
        MarkKind::Member(subject) => format!("m#{subject}"),
        MarkKind::Org => "o".to_owned(),
        MarkKind::Session(id) => format!("s#{id}"),
    }
}

/// The kind of mark that has this name.
pub fn mark_kind(name: &str) -> Option<MarkKind> {
    match name.split_once('#') {
        None if name == "o" => Some(MarkKind::Org),
        Some(("c", id)) => ClientId::from_number(id.parse().ok()?).ok().map(MarkKind::Client),
        Some(("m", subject)) => Subject::parse(subject).ok().map(MarkKind::Member),
        Some(("s", id)) => SessionId::parse(id).ok().map(MarkKind::Session),
        _ => None,
    }
}

/// The body of an org: all of it but `created_at`.
pub fn encode_org(org: &Org) -> Result<String, Fault> {
    encode(|to| OrgBody::serialize(org, to))
}

/// The org of this body.
pub fn decode_org(body: &[u8], created_at: Timestamp) -> Result<Org, Fault> {
    let org = decode(body, |from| OrgBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of an org").because(e))?;
    Ok(Org { created_at, ..org })
}

/// The body of a member: all of it but `created_at`.
pub fn encode_member(member: &Member) -> Result<String, Fault> {
    encode(|to| MemberBody::serialize(member, to))
}

/// The member of this body.
pub fn decode_member(body: &[u8], created_at: Timestamp) -> Result<Member, Fault> {
    let member = decode(body, |from| MemberBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a member").because(e))?;
    Ok(Member { created_at, ..member })
}

/// The body of a client: all of it but `created_at`.
pub fn encode_client(client: &Client) -> Result<String, Fault> {
    encode(|to| ClientBody::serialize(client, to))
}

/// The client of this body.
pub fn decode_client(body: &[u8], created_at: Timestamp) -> Result<Client, Fault> {
    let client = decode(body, |from| ClientBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a client").because(e))?;
    Ok(Client { created_at, ..client })
}

fn encode<F>(serialize: F) -> Result<String, Fault>
where
    F: FnOnce(&mut serde_json::Serializer<&mut Vec<u8>>) -> Result<(), serde_json::Error>,
{
    let broken = |e: Box<dyn Error + Send + Sync>| Fault::internal("encoding a record").because(e);
    let mut body = Vec::with_capacity(512);
    serialize(&mut serde_json::Serializer::new(&mut body)).map_err(|e| broken(e.into()))?;
    String::from_utf8(body).map_err(|e| broken(e.into()))
}

fn decode<'a, T, F>(body: &'a [u8], deserialize: F) -> Result<T, serde_json::Error>
where
    F: FnOnce(&mut serde_json::Deserializer<SliceRead<'a>>) -> Result<T, serde_json::Error>,
{
    let mut from = serde_json::Deserializer::from_slice(body);
    let record = deserialize(&mut from)?;
    from.end().map(|()| record)
}

/// Stands in until the key or the state beside the body tells.
fn elsewhere() -> TokenId {
    TokenId::from_bytes([0; 20])
}

/// Stands in until the column beside the body tells.
fn some_time() -> Timestamp {
    Timestamp::from_ms(0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "TokenRecord")]
struct TokenBody {
    #[serde(skip, default = "elsewhere")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "q", with = "coded")]
    root_org: OrgId,
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(rename = "i", with = "coded")]
    issued_at: Timestamp,
    #[serde(rename = "n", with = "coded")]
    not_before: Timestamp,
    #[serde(rename = "e", with = "coded", default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    audiences: Vec<Audience>,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<App, Role>,
    #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostPermissions>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    session: Option<Session>,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    creator: Option<Creator>,
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    masquerading: bool,
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    family: Option<TokenId>,
    #[serde(skip)]
    revoked_at: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Family")]
struct FamilyBody {
    #[serde(skip, default = "elsewhere")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "q", with = "coded")]
    root_org: OrgId,
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(skip)]
    generation: u64,
    #[serde(rename = "t", with = "coded")]
    salt: [u8; 16],
    #[serde(skip)]
    current: [u8; 32],
    #[serde(skip)]
    previous: Option<[u8; 32]>,
    #[serde(skip, default = "some_time")]
    rotated_at: Timestamp,
    #[serde(rename = "p", default, skip_serializing_if = "is_false")]
    rotates: bool,
    #[serde(rename = "i", with = "coded")]
    issued_at: Timestamp,
    #[serde(rename = "e", with = "coded")]
    expires_at: Timestamp,
    #[serde(skip)]
    revoked_at: Option<Timestamp>,
    #[serde(skip, default = "elsewhere")]
    token: TokenId,
    #[serde(rename = "d", with = "coded")]
    token_duration: Seconds,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    audiences: Vec<Audience>,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<App, Role>,
    #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostPermissions>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    session: Option<Session>,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    creator: Option<Creator>,
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    masquerading: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Session")]
struct SessionBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "i", with = "coded")]
    id: SessionId,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Creator")]
struct CreatorBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Org")]
struct OrgBody {
    #[serde(rename = "i", with = "coded")]
    id: OrgId,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    ancestors: Vec<OrgId>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "e")]
    enabled: bool,
    #[serde(rename = "s", with = "OrgSettingsBody")]
    settings: OrgSettings,
    #[serde(rename = "y")]
    ever_non_expiring: bool,
    #[serde(skip, default = "some_time")]
    created_at: Timestamp,
    #[serde(rename = "u", with = "coded")]
    updated_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "OrgSettings")]
struct OrgSettingsBody {
    #[serde(rename = "d", with = "coded")]
    token_duration: Seconds,
    #[serde(rename = "m", with = "coded")]
    max_token_duration: Seconds,
    #[serde(rename = "r", with = "coded")]
    refresh_token_duration: Seconds,
    #[serde(rename = "t")]
    refresh_token_rotation: bool,
    #[serde(rename = "x")]
    allow_non_expiring: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Member")]
struct MemberBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
    #[serde(rename = "k", with = "coded")]
    kind: MemberKind,
    #[serde(rename = "p", with = "ProfileBody")]
    profile: Profile,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<ScopePattern>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<App, Vec<Role>>,
    #[serde(rename = "e")]
    enabled: bool,
    #[serde(skip, default = "some_time")]
    created_at: Timestamp,
    #[serde(rename = "u", with = "coded")]
    updated_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Profile")]
struct ProfileBody {
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Client")]
struct ClientBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "c", with = "coded")]
    id: ClientId,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(rename = "k", with = "coded")]
    kind: ClientKind,
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    grants: Vec<String>,
    #[serde(rename = "s", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<[u8; 32]>,
    #[serde(rename = "e")]
    enabled: bool,
    #[serde(skip, default = "some_time")]
    created_at: Timestamp,
    #[serde(rename = "u", with = "coded")]
    updated_at: Timestamp,
}

#[cfg(test)]
mod tests;
