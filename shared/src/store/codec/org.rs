//! Orgs.

use serde::{Deserialize, Serialize};

use super::{coded, decode, encode, some_time};
use crate::domain::{Fault, Org, OrgId, OrgSettings, Seconds, Timestamp};

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
