//! Part of a batch, as a message: records that are ready to be written, and nothing that opens anything.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::family::{FamilyState, decode_family, encode_family};
use super::token::{decode_token, encode_token};
use crate::domain::{
    Alias, AliasKey, Aliased, BatchKey, FamilyKey, Fault, NotBefore, NotBeforeKey, NotBeforeScope, OrgId, Timestamp, TokenId,
    TokenKey,
};
use crate::store::NewToken;

/// Some of the tokens of a batch.
#[derive(Debug)]
pub struct BatchPart {
    /// The batch that the part belongs to.
    pub batch: BatchKey,
    /// Which part of it, from 0.
    pub part: u32,
    /// What is to be recorded, and the marks that are to be written then.
    pub recordings: Vec<(NewToken, Option<NotBefore>)>,
}

#[derive(Deserialize, Serialize)]
struct Message {
    org: String,
    batch: String,
    part: u32,
    records: Vec<Box<RawValue>>,
}

#[derive(Deserialize, Serialize)]
struct Record {
    token: String,
    body: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    family: Option<FamilyRecord>,
    /// SHA-256 of the values that were chosen, of the access token and of the refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<[u8; 32]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_value: Option<[u8; 32]>,
    /// How long the aliases are kept, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aliases_until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<MarkRecord>,
}

/// Ends the older tokens of the same client and subject.
#[derive(Deserialize, Serialize)]
struct MarkRecord {
    not_before: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct FamilyRecord {
    id: String,
    body: Box<RawValue>,
    current: [u8; 32],
    rotated_at: i64,
    expires_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    needed_until: Option<i64>,
}

/// Encodes one recording of a part, so that its length is known.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_recording(recording: &NewToken, mark: Option<&NotBefore>) -> Result<String, Fault> {
    let hash_of =
        |wanted: fn(&Aliased) -> bool| recording.aliases.iter().find(|alias| wanted(&alias.target)).map(|alias| alias.key.hash);
    let family = match &recording.family {
        Some(family) => Some(FamilyRecord {
            id: family.id.to_string(),
            body: raw(encode_family(family)?)?,
            current: family.current,
            rotated_at: family.rotated_at.as_ms(),
            expires_at: family.expires_at.as_ms(),
            needed_until: family.needed_until.map(Timestamp::as_ms),
        }),
        None => None,
    };
    let record = Record {
        token: recording.token.id.to_string(),
        body: raw(encode_token(&recording.token)?)?,
        family,
        value: hash_of(|target| matches!(target, Aliased::Token(_))),
        refresh_value: hash_of(|target| matches!(target, Aliased::Family(_))),
        aliases_until: recording.aliases.first().and_then(|alias| alias.expires_at).map(Timestamp::as_ms),
        mark: mark
            .map(|mark| MarkRecord { not_before: mark.not_before.as_ms(), expires_at: mark.expires_at.map(Timestamp::as_ms) }),
    };
    serde_json::to_string(&record).map_err(broken)
}

/// Encodes the message of a part whose recordings are [encoded](encode_recording).
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_part(batch: &BatchKey, part: u32, recordings: Vec<String>) -> Result<String, Fault> {
    let records = recordings.into_iter().map(raw).collect::<Result<_, _>>()?;
    let message = Message { org: batch.org.to_string(), batch: batch.id.to_string(), part, records };
    serde_json::to_string(&message).map_err(broken)
}

/// Decodes the part of this message.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_part`] writes.
pub fn decode_part(message: &str) -> Result<BatchPart, Fault> {
    let Message { org, batch, part, records } = serde_json::from_str(message).map_err(broken)?;
    let org: OrgId = org.parse().map_err(unknown)?;
    let batch = BatchKey { org: org.clone(), id: batch.parse().map_err(unknown)? };
    let recordings = records.iter().map(|record| decode_recording(&org, record.get())).collect::<Result<_, _>>()?;
    Ok(BatchPart { batch, part, recordings })
}

fn decode_recording(org: &OrgId, json: &str) -> Result<(NewToken, Option<NotBefore>), Fault> {
    let record: Record = serde_json::from_str(json).map_err(broken)?;
    let id: TokenId = record.token.parse().map_err(unknown)?;
    let key = TokenKey { org: org.clone(), id };
    let token = decode_token(&key, record.body.get().as_bytes(), None)?;
    let family = match record.family {
        Some(family) => {
            let key = FamilyKey { org: org.clone(), id: family.id.parse().map_err(unknown)? };
            let state = FamilyState {
                generation: 0,
                current: family.current,
                previous: None,
                rotated_at: Timestamp::from_ms(family.rotated_at),
                refreshed_at: None,
                expires_at: Timestamp::from_ms(family.expires_at),
                needed_until: family.needed_until.map(Timestamp::from_ms),
                token: id,
                revoked_at: None,
            };
            Some(decode_family(&key, family.body.get().as_bytes(), state)?)
        }
        None => None,
    };
    let expires_at = record.aliases_until.map(Timestamp::from_ms);
    let alias = |hash, target| Alias { key: AliasKey { org: org.clone(), hash }, target, expires_at };
    let of_token = record.value.map(|hash| alias(hash, Aliased::Token(id)));
    let of_family = record.refresh_value.zip(token.family).map(|(hash, family)| alias(hash, Aliased::Family(family)));
    let aliases = of_token.into_iter().chain(of_family).collect();
    let mark = record.mark.zip(token.client).map(|(mark, client)| NotBefore {
        key: NotBeforeKey { org: org.clone(), kind: NotBeforeScope::ClientOf(client, token.subject.clone()) },
        not_before: Timestamp::from_ms(mark.not_before),
        expires_at: mark.expires_at.map(Timestamp::from_ms),
    });
    Ok((NewToken { aliases, ..NewToken::new(token, family) }, mark))
}

fn raw(json: String) -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(json).map_err(broken)
}

const DOING: &str = "reading or writing part of a batch";

fn broken(error: serde_json::Error) -> Fault {
    Fault::internal(DOING).because(error)
}

fn unknown(error: crate::domain::Invalid) -> Fault {
    Fault::internal(DOING).because(error)
}
