//! What operators send to functions without a route, and what they get back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::settings::Length;
use crate::admin::bootstrap::{Foundation, Founded};
use crate::admin::rotation::RotationRequest;
use crate::domain::{Fault, Invalid, KeyRing, OrgId, Seconds, Subject, Timestamp};
use crate::encoding::{FromText, present};

/// The event of `jeton.bootstrap`. Everything has a default.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Bootstrap {
    #[serde(default, deserialize_with = "present")]
    org: Option<FromText<OrgId>>,
    #[serde(default, deserialize_with = "present")]
    sub: Option<FromText<Subject>>,
    #[serde(default, deserialize_with = "present")]
    duration: Option<Length>,
    #[serde(default, deserialize_with = "present")]
    again: Option<bool>,
}

impl Bootstrap {
    /// Returns what to make: by default the member `administrator` of the org `1`, which as a number can be an Authlete service,
    /// too, and a token for an hour.
    ///
    /// # Errors
    /// A [`Fault`] if a default is no name, which can't be.
    pub fn ask(self) -> Result<Foundation, Fault> {
        let name = |rule: Invalid| Fault::internal("naming the first org").because(rule);
        Ok(Foundation {
            org: self.org.map_or_else(|| OrgId::parse("1"), |FromText(org)| Ok(org)).map_err(name)?,
            subject: self.sub.map_or_else(|| Subject::parse("administrator"), |FromText(sub)| Ok(sub)).map_err(name)?,
            lifetime: self.duration.map_or(Seconds::HOUR, |length| length.0),
            again: self.again.unwrap_or(false),
        })
    }
}

/// The answer of `jeton.bootstrap`.
#[derive(Debug, Serialize)]
pub struct Bootstrapped {
    org: String,
    sub: String,
    token: String,
    /// Lifetime of the token, in seconds.
    expires_in: u32,
    /// Whether the administrator couldn't act as one any more, and can again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    restored: bool,
    /// What to do next.
    next: &'static str,
}

/// What to do once there is an administrator: whoever may invoke the function gets another one's token.
const CLOSING: &str = "Close the bootstrap until it is needed again: deploy the stack with Bootstrap=off.";

impl Bootstrapped {
    /// Makes the answer with the administrator's token.
    pub fn from_founded(Founded { minted, restored }: &Founded) -> Self {
        let record = &minted.record;
        Self {
            org: record.org.to_string(),
            sub: record.subject.to_string(),
            token: minted.token.expose().clone(),
            expires_in: minted.lifetime().map_or(0, |lifetime| lifetime.0),
            restored: *restored,
            next: CLOSING,
        }
    }
}

/// The event of `jeton.rotate_keys`: a schedule's, of which nothing is used, or an operator's.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RotateKeys {
    #[serde(default, deserialize_with = "present")]
    now: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    stolen: Option<String>,
}

impl RotateKeys {
    /// What is asked for.
    pub fn ask(self) -> RotationRequest {
        RotationRequest { now: self.now.unwrap_or(false), stolen: self.stolen }
    }
}

/// The body of `POST /v1/keys/rotations` of the local server: the next keys are made, unless one was stolen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RotationOrder {
    /// The `kid` of a key that has been stolen: it retires at once, and so does every token that it has signed.
    #[serde(default, deserialize_with = "present")]
    stolen: Option<String>,
    /// In how many seconds the next keys sign. Left out: an hour, longer than anyone may keep the key set.
    #[serde(default, deserialize_with = "present")]
    signs_in: Option<u16>,
}

impl RotationOrder {
    /// How long the next keys are published before they sign, if it isn't said.
    pub fn lead(&self, usual: Seconds) -> Seconds {
        self.signs_in.map_or(usual, |seconds| Seconds(seconds.into()))
    }

    /// What is asked for.
    pub fn ask(self) -> RotationRequest {
        RotationRequest { now: self.stolen.is_none(), stolen: self.stolen }
    }
}

/// The answer of `jeton.rotate_keys`: the keys, without their private halves.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RotatedKeys {
    keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Key {
    kid: String,
    alg: &'static str,
    state: &'static str,
    /// A moment, in seconds since 1970.
    signs_from: i64,
    /// A moment, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    retires_at: Option<i64>,
}

impl RotatedKeys {
    /// Shows the keys as the ring has them now.
    pub fn from_ring(ring: &KeyRing, now: Timestamp) -> Self {
        let keys = ring.keys.iter().map(|key| Key {
            kid: key.jwk.kid.to_string(),
            alg: key.jwk.alg.as_str(),
            state: ring.state(key, now).into(),
            signs_from: key.signs_from.as_secs(),
            retires_at: key.retires_at.map(Timestamp::as_secs),
        });
        Self { keys: keys.collect() }
    }
}

/// The event of `jeton.publish_status_lists`: records of a stream, or nothing where the schedule sends it.
#[derive(Debug, Default, Deserialize)]
pub struct StatusListWork {
    #[serde(rename = "Records", default)]
    records: Vec<Box<RawValue>>,
}

impl StatusListWork {
    /// Says whether it is the hourly round.
    pub fn is_round(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the records of the stream, each as JSON.
    pub fn records(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| record.get())
    }
}
