//! Event streams.
//!
//! | name | stream | key | delivery by push |
//! |---|---|---|---|
//! | `a` | audience | | |
//! | `c` | | client | |
//! | `d` | delivery: `p` poll, `s` push | | |
//! | `e` | events requested | | |
//! | `g` | revision | | |
//! | `h` | | | authorization header, sealed |
//! | `i` | created at, ms | id | |
//! | `k` | key | | |
//! | `n` | description | | |
//! | `o` | | org | |
//! | `r` | subjects removed: a hash, or those of a complex one by its members | | |
//! | `s` | status | | |
//! | `u` | | | endpoint URL |
//! | `v` | verified at, ms | | |
//! | `w` | why it has its status | | |
//! | `x` | disabled at, ms | | |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::coded;
use super::{decode, encode, is_zero};
use crate::domain::{
    Audience, ClientId, EventDelivery, EventStream, EventStreamKey, EventUri, Fault, OrgId, SealedSecret, StreamStatus,
    SubjectFingerprint, Timestamp, TokenId,
};

/// Encodes the body of an event stream.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_event_stream(stream: &EventStream) -> Result<String, Fault> {
    encode(|to| EventStreamBody::serialize(stream, to))
}

/// Decodes the event stream of this body, which must be one of this org.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_event_stream`] writes.
pub fn decode_event_stream(org: &OrgId, body: &[u8]) -> Result<EventStream, Fault> {
    let stream = decode(body, |from| EventStreamBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of an event stream").because(e))?;
    if stream.key.org != *org {
        return Err(Fault::internal("decoding the record of an event stream: it is another org's"));
    }
    Ok(stream)
}

coded::records!(EventStreamKey as EventStreamKeyBody, EventDelivery as EventDeliveryBody);

#[derive(Deserialize, Serialize)]
#[serde(remote = "EventStream")]
struct EventStreamBody {
    #[serde(rename = "k", with = "coded")]
    key: EventStreamKey,
    #[serde(rename = "a", with = "coded")]
    audience: Audience,
    #[serde(rename = "d", with = "coded")]
    delivery: EventDelivery,
    #[serde(rename = "e", with = "coded", default, skip_serializing_if = "BTreeSet::is_empty")]
    events_requested: BTreeSet<EventUri>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "s", with = "coded")]
    status: StreamStatus,
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "BTreeSet::is_empty")]
    removed_subjects: BTreeSet<SubjectFingerprint>,
    #[serde(rename = "v", with = "coded", default, skip_serializing_if = "Option::is_none")]
    verified_at: Option<Timestamp>,
    #[serde(rename = "i", with = "coded")]
    created_at: Timestamp,
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    revision: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "EventStreamKey")]
struct EventStreamKeyBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "c", with = "coded")]
    client: ClientId,
    #[serde(rename = "i", with = "coded")]
    id: TokenId,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "EventDelivery")]
enum EventDeliveryBody {
    #[serde(rename = "s")]
    Push {
        #[serde(rename = "u")]
        endpoint_url: String,
        #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Option::is_none")]
        authorization_header: Option<SealedSecret>,
    },
    #[serde(rename = "p")]
    Poll,
}

impl coded::Coded for SubjectFingerprint {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Simple(hash) => to.serialize_str(&BASE64.encode(hash)),
            Self::Complex(members) => to.collect_map(members.iter().map(|(name, hash)| (name, coded::Write(hash)))),
        }
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FingerprintVisitor)
    }
}

struct FingerprintVisitor;

impl<'de> Visitor<'de> for FingerprintVisitor {
    type Value = SubjectFingerprint;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash, or hashes by name")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let hash = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        hash.map(SubjectFingerprint::Simple).ok_or_else(|| E::custom("must be base64url of 16 bytes"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, hash)) = map.next_entry::<Box<str>, coded::Read<_>>()? {
            members.insert(name, hash.0);
        }
        Ok(SubjectFingerprint::Complex(members))
    }
}
