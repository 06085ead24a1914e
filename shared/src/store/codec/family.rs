//! Refresh families.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{coded, decode, elsewhere, encode, is_false, some_time};
use crate::domain::{
    App, Audience, ClientId, Creator, Family, FamilyKey, Fault, HostPermissions, OrgId, Role, Scope, Seconds, Session, Subject,
    Timestamp, TokenId,
};

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
