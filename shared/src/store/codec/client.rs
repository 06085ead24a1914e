//! OAuth clients.

use serde::{Deserialize, Serialize};

use super::{coded, decode, encode, some_time};
use crate::domain::{Client, ClientId, ClientKind, Fault, OrgId, Scope, Timestamp};

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
