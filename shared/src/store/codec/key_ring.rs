//! The key ring. There is one, so its names may be long.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Fault, Invalid, KeyRing, PrivateHalf, RingKey, Timestamp};
use crate::jose::jwk;

#[derive(Deserialize, Serialize)]
struct Body {
    algorithms: Vec<String>,
    #[serde(default)]
    keeps_for_ever: bool,
    #[serde(default)]
    refresh_key: String,
    keys: Vec<Key>,
}

#[derive(Deserialize, Serialize)]
struct Key {
    jwk: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    envelope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// All moments are in ms.
    published_at: i64,
    signs_from: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retires_at: Option<i64>,
}

/// Encodes the body of a key ring: all of it but its version.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_key_ring(ring: &KeyRing) -> Result<String, Fault> {
    let body = Body {
        algorithms: ring.algorithms.iter().map(|alg| alg.as_str().to_owned()).collect(),
        keeps_for_ever: ring.keeps_for_ever,
        refresh_key: STANDARD.encode(&ring.refresh_key),
        keys: ring.keys.iter().map(encode_key).collect(),
    };
    serde_json::to_string(&body).map_err(|e| Fault::internal("encoding the key ring").because(e))
}

/// Decodes the key ring of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_key_ring`] writes.
pub fn decode_key_ring(version: u64, body: &[u8]) -> Result<KeyRing, Fault> {
    let broken = || Fault::internal("decoding the key ring");
    let body: Body = serde_json::from_slice(body).map_err(|e| broken().because(e))?;
    let algorithm = |name: &String| name.parse().map_err(|_| broken().because("an unknown algorithm"));
    Ok(KeyRing {
        version,
        algorithms: body.algorithms.iter().map(algorithm).collect::<Result<_, _>>()?,
        keeps_for_ever: body.keeps_for_ever,
        refresh_key: STANDARD.decode(body.refresh_key).map_err(|e| broken().because(e))?,
        keys: body.keys.into_iter().map(|key| decode_key(key).map_err(|e| broken().because(e))).collect::<Result<_, _>>()?,
    })
}

fn encode_key(key: &RingKey) -> Key {
    let (kms, envelope, file) = match &key.private {
        PrivateHalf::Kms { arn } => (Some(arn.clone()), None, None),
        PrivateHalf::Envelope { ciphertext } => (None, Some(STANDARD.encode(ciphertext)), None),
        PrivateHalf::File { name } => (None, None, Some(name.clone())),
        PrivateHalf::Discarded => (None, None, None),
    };
    Key {
        jwk: jwk::to_json(&key.jwk),
        kms,
        envelope,
        file,
        published_at: key.published_at.as_ms(),
        signs_from: key.signs_from.as_ms(),
        retires_at: key.retires_at.map(Timestamp::as_ms),
    }
}

fn decode_key(key: Key) -> Result<RingKey, Invalid> {
    let private = match (key.kms, key.envelope, key.file) {
        (Some(arn), None, None) => PrivateHalf::Kms { arn },
        (None, Some(text), None) => {
            PrivateHalf::Envelope { ciphertext: STANDARD.decode(text).map_err(|_| Invalid("must be base64"))? }
        }
        (None, None, Some(name)) => PrivateHalf::File { name },
        (None, None, None) => PrivateHalf::Discarded,
        _ => return Err(Invalid("must have its private half in one place")),
    };
    Ok(RingKey {
        jwk: jwk::from_json(key.jwk.to_string().as_bytes())?,
        private,
        published_at: Timestamp::from_ms(key.published_at),
        signs_from: Timestamp::from_ms(key.signs_from),
        retires_at: key.retires_at.map(Timestamp::from_ms),
    })
}
