//! Members.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{coded, decode, encode, placeholder_time};
use crate::domain::{App, Fault, Member, MemberKind, OrgId, Profile, Role, ScopePattern, Subject, Timestamp};

/// Encodes the body of a member: all of it but `created_at`.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_member(member: &Member) -> Result<String, Fault> {
    encode(|to| MemberBody::serialize(member, to))
}

/// Decodes the member of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_member`] writes.
pub fn decode_member(body: &[u8], created_at: Timestamp) -> Result<Member, Fault> {
    let member = decode(body, |from| MemberBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a member").because(e))?;
    Ok(Member { created_at, ..member })
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
    #[serde(skip, default = "placeholder_time")]
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
