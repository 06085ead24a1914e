//! API keys.
//!
//! | name | key | value before |
//! |---|---|---|
//! | `a` | resources | |
//! | `b` | owner | |
//! | `c` | networks from which it may be used | |
//! | `e` | expires at, ms | expires at, ms |
//! | `g` | revision | |
//! | `h` | hash of its value | hash |
//! | `i` | created at, ms | |
//! | `k` | kind | |
//! | `l` | hint | |
//! | `m` | got its value at, ms | |
//! | `n` | name | |
//! | `o` | org | |
//! | `p` | value before the last rotation | |
//! | `q` | limits: in a minute, in a day | |
//! | `w` | who made it | |
//! | `z` | scopes | |
//!
//! Where a leaked key was found is beside it: `u` the URL, `s` in what.

use serde::{Deserialize, Serialize};

use super::{coded, decode, encode, is_zero, placeholder_id};
use crate::domain::{
    AllowedNetworks, ApiKey, ApiKeyKind, ApiKeyLocator, ApiKeyRevocation, Audience, Creator, Fault, LeakPlace, Limits, OrgId,
    PreviousValue, Scope, Subject, Timestamp, TokenId,
};

/// What of an API key is beside its body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKeyState {
    /// The hour of its last use, [`ApiKey::used_at`].
    pub used_at: Option<Timestamp>,
    /// When and why it was revoked, [`ApiKey::revoked`].
    pub revoked: Option<ApiKeyRevocation>,
}

/// Encodes the body of a key: all of it but `id` and its [`ApiKeyState`].
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_api_key(key: &ApiKey) -> Result<String, Fault> {
    encode(|to| ApiKeyBody::serialize(key, to))
}

/// Decodes the key of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_api_key`] writes.
pub fn decode_api_key(locator: &ApiKeyLocator, body: &[u8], state: ApiKeyState) -> Result<ApiKey, Fault> {
    let key = decode(body, |from| ApiKeyBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of an API key").because(e))?;
    if key.org != locator.org {
        return Err(Fault::internal("decoding the record of an API key: it is another org's"));
    }
    let ApiKeyState { used_at, revoked } = state;
    Ok(ApiKey { id: locator.id, used_at, revoked, ..key })
}

/// Encodes where a key was found.
///
/// # Errors
/// A [`Fault`] if it can't be written as JSON.
pub fn encode_leak_place(place: &LeakPlace) -> Result<String, Fault> {
    encode(|to| LeakPlaceBody::serialize(place, to))
}

/// Decodes where a key was found.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_leak_place`] writes.
pub fn decode_leak_place(body: &[u8]) -> Result<LeakPlace, Fault> {
    decode(body, |from| LeakPlaceBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding where an API key was found").because(e))
}

/// Whether writing `new` where `there` is changes nothing: it may have been used or revoked since.
pub fn is_same_api_key(there: &ApiKey, new: &ApiKey) -> bool {
    ApiKey { used_at: new.used_at, revoked: new.revoked.clone(), ..there.clone() } == *new
}

coded::records!(PreviousValue as PreviousValueBody);

#[derive(Deserialize, Serialize)]
#[serde(remote = "ApiKey")]
struct ApiKeyBody {
    #[serde(skip, default = "placeholder_id")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "b", with = "coded")]
    owner: Subject,
    #[serde(rename = "k", with = "coded")]
    kind: ApiKeyKind,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "l")]
    hint: String,
    #[serde(rename = "z", with = "coded")]
    scopes: Vec<Scope>,
    #[serde(rename = "a", with = "coded")]
    resources: Vec<Audience>,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    allowed_networks: Option<AllowedNetworks>,
    #[serde(rename = "q", with = "coded", default, skip_serializing_if = "Option::is_none")]
    limits: Option<Limits>,
    #[serde(rename = "i", with = "coded")]
    created_at: Timestamp,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    created_by: Option<Creator>,
    #[serde(rename = "e", with = "coded")]
    expires_at: Timestamp,
    #[serde(rename = "h", with = "coded")]
    value: [u8; 32],
    #[serde(rename = "m", with = "coded")]
    issued_at: Timestamp,
    #[serde(rename = "p", with = "coded", default, skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousValue>,
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    revision: u32,
    #[serde(skip)]
    used_at: Option<Timestamp>,
    #[serde(skip)]
    revoked: Option<ApiKeyRevocation>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "PreviousValue")]
struct PreviousValueBody {
    #[serde(rename = "h", with = "coded")]
    hash: [u8; 32],
    #[serde(rename = "e", with = "coded")]
    expires_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "LeakPlace")]
struct LeakPlaceBody {
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}
