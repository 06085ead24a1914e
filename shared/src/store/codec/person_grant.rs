//! What people have granted to clients. DynamoDB keeps the same in attributes, so that several redemptions at once add up.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{coded, decode, encode};
use crate::domain::{Audience, Fault, GrantedAccess, PersonGrant, PersonGrantKey, Scope, Subject, Timestamp};
use crate::jose::sha256;

/// Encodes the body of a grant: all of it but its key and when it was ended.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_person_grant(grant: &PersonGrant) -> Result<String, Fault> {
    let PersonGrant { granted, latest, remembered, created_at, granted_at, used_at, .. } = grant.clone();
    let body = PersonGrantBody { granted, latest, remembered, created_at, granted_at, used_at };
    encode(|to| body.serialize(to))
}

/// Decodes the grant of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_person_grant`] writes.
pub fn decode_person_grant(key: &PersonGrantKey, body: &[u8], ended_at: Option<Timestamp>) -> Result<PersonGrant, Fault> {
    let body: PersonGrantBody = decode(body, |from| PersonGrantBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a grant").because(e))?;
    let PersonGrantBody { granted, latest, remembered, created_at, granted_at, used_at } = body;
    Ok(PersonGrant { key: key.clone(), granted, latest, remembered, created_at, granted_at, used_at, ended_at })
}

/// The SHA-256 of a person's name, by which all their grants are found together.
pub fn hash_of_person(subject: &Subject) -> [u8; 32] {
    sha256(subject.as_str().as_bytes())
}

coded::records!(GrantedAccess as GrantedAccessBody);

#[derive(Deserialize, Serialize)]
struct PersonGrantBody {
    #[serde(rename = "g", with = "coded")]
    granted: GrantedAccess,
    #[serde(rename = "l", with = "coded", default, skip_serializing_if = "BTreeSet::is_empty")]
    latest: BTreeSet<Scope>,
    #[serde(rename = "m", with = "coded", default, skip_serializing_if = "Option::is_none")]
    remembered: Option<GrantedAccess>,
    #[serde(rename = "t", with = "coded")]
    created_at: Timestamp,
    #[serde(rename = "i", with = "coded")]
    granted_at: Timestamp,
    #[serde(rename = "f", with = "coded")]
    used_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "GrantedAccess")]
struct GrantedAccessBody {
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "BTreeSet::is_empty")]
    scopes: BTreeSet<Scope>,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "BTreeSet::is_empty")]
    resources: BTreeSet<Audience>,
}
