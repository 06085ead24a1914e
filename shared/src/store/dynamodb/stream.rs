//! Records of the tables' streams, as Lambda hands them over, as changes.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::event_streams::event_stream;
use super::keys::{Key, Owner};
use super::{Item, items};
use crate::domain::{Change, Commit, Diff, Fault, NotBeforeStands, Shard, Timestamp};
use crate::store::{ReadChanges, codec};

/// Reads what the streams of both tables tell, of which each record must have both images.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream;

impl ReadChanges for Stream {
    fn change(&self, record: &str) -> Result<Option<Commit>, Fault> {
        let record: Record = serde_json::from_str(record).map_err(|e| Fault::internal(DOING).because(e))?;
        let at = moment(record.change.at)?;
        let key = image(Some(record.change.keys))?.unwrap_or_default();
        let key = Key { pk: items::string(&key, "pk")?.to_owned(), sk: items::string(&key, "sk")?.to_owned() };
        let owner = Owner::from_key(&key).ok_or_else(|| Fault::internal(DOING).because("an item of an unknown kind"))?;
        let diff = match (image(record.change.before)?, image(record.change.after)?) {
            (None, Some(after)) => Diff::Added(after),
            (Some(before), Some(after)) => Diff::Changed { before, after },
            // What has expired is cleared away in silence: everyone knew when it would end, and nothing ends by it. A region
            // to which the deletion is replicated isn't told that DynamoDB itself has done it, but the time tells.
            (Some(before), None) if record.user.is_some_and(|user| user.is_dynamodb()) || may_be_deleted(&before, at)? => {
                return Ok(None);
            }
            (Some(before), None) => Diff::Removed(before),
            (None, None) => return Err(Fault::internal(DOING).because("a record without images")),
        };
        Ok(change(owner, diff)?.map(|change| Commit { id: record.id, at, change }))
    }
}

fn change(owner: Owner, diff: Diff<Item>) -> Result<Option<Change>, Fault> {
    // Which event streams a client has stands beside its body, and is no change of it.
    if let (Owner::Client, Diff::Changed { before, after }) = (&owner, &diff)
        && before.get("b") == after.get("b")
    {
        return Ok(None);
    }
    Ok(Some(match owner {
        Owner::Token(key) => Change::Token(Box::new(diff.try_map(|item| items::token(&key, &item))?)),
        Owner::Family(key) => Change::Family(Box::new(diff.try_map(|item| items::family(&key, &item))?)),
        // All copies of a mark say the same, and the first is among them whenever it moves forward.
        Owner::NotBefore(key, shard) if codec::mark_shard(&key.kind).or(Shard::all().next()) == Some(shard) => {
            Change::NotBefore(key, diff.try_map(|item| mark(&item))?)
        }
        Owner::NotBefore(..) | Owner::Bookkeeping => return Ok(None),
        Owner::Authorization(key) => Change::Authorization(Box::new(diff.try_map(|item| items::authorization(&key, &item))?)),
        Owner::PersonGrant(org) => Change::PersonGrant(Box::new(diff.try_map(|item| items::person_grant(&org, &item))?)),
        Owner::ApiKey(key) => Change::ApiKey(Box::new(diff.try_map(|item| items::api_key(&key, &item))?)),
        Owner::Org => Change::Org(Box::new(diff.try_map(|item| items::org(&item))?)),
        Owner::AssertionSettings(org) => Change::AssertionSettings(org, diff.try_map(|item| items::assertion_settings(&item))?),
        Owner::Member => Change::Member(Box::new(diff.try_map(|item| items::member(&item))?)),
        Owner::Client => Change::Client(Box::new(diff.try_map(|item| items::client(&item))?)),
        Owner::EventStream(org) => Change::EventStream(Box::new(diff.try_map(|item| event_stream(&org, &item))?)),
        Owner::KeyRing => Change::Keys(Box::new(diff.try_map(|item| items::key_ring(&item))?)),
    }))
}

fn mark(item: &Item) -> Result<NotBeforeStands, Fault> {
    let kept_until = items::find_number(item, "x")?.map(Timestamp::from_secs);
    Ok(NotBeforeStands { not_before: items::not_before(item)?, kept_until })
}

fn may_be_deleted(item: &Item, at: Timestamp) -> Result<bool, Fault> {
    Ok(items::find_number(item, "x")?.is_some_and(|second| Timestamp::from_secs(second) <= at))
}

const DOING: &str = "reading a record of a stream";

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventID")]
    id: String,
    #[serde(rename = "dynamodb")]
    change: Images,
    #[serde(rename = "userIdentity")]
    user: Option<User>,
}

#[derive(Deserialize)]
struct Images {
    /// In seconds. Lambda writes it as `1.7953488E9`.
    #[serde(rename = "ApproximateCreationDateTime")]
    at: f64,
    #[serde(rename = "Keys")]
    keys: HashMap<String, Value>,
    #[serde(rename = "OldImage")]
    before: Option<HashMap<String, Value>>,
    #[serde(rename = "NewImage")]
    after: Option<HashMap<String, Value>>,
}

#[derive(Deserialize)]
struct User {
    #[serde(rename = "principalId")]
    principal: Option<String>,
}

impl User {
    fn is_dynamodb(&self) -> bool {
        self.principal.as_deref() == Some("dynamodb.amazonaws.com")
    }
}

/// An attribute with its type, such as `{"S": "text"}`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Value(HashMap<String, Box<RawValue>>);

impl Value {
    /// The attribute. `None`: of a type that no attribute of ours has, so it is none of them.
    fn read(&self) -> Result<Option<AttributeValue>, Fault> {
        let Some((kind, value)) = self.0.iter().next() else { return Ok(None) };
        let text = || serde_json::from_str::<String>(value.get()).map_err(|e| Fault::internal(DOING).because(e));
        Ok(match &**kind {
            "S" => Some(AttributeValue::S(text()?)),
            "N" => Some(AttributeValue::N(text()?)),
            "SS" => {
                let texts = serde_json::from_str(value.get()).map_err(|e| Fault::internal(DOING).because(e))?;
                Some(AttributeValue::Ss(texts))
            }
            "B" => {
                let bytes = STANDARD.decode(text()?).map_err(|e| Fault::internal(DOING).because(e))?;
                Some(AttributeValue::B(Blob::new(bytes)))
            }
            _ => None,
        })
    }
}

fn image(image: Option<HashMap<String, Value>>) -> Result<Option<Item>, Fault> {
    let Some(image) = image else { return Ok(None) };
    let mut item = Item::with_capacity(image.len());
    for (name, value) in image {
        item.extend(value.read()?.map(|value| (name, value)));
    }
    Ok(Some(item))
}

fn moment(seconds: f64) -> Result<Timestamp, Fault> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and the range is checked")]
    let ms = (seconds * 1_000.0).round() as i64;
    let moment = Timestamp::from_ms(ms);
    let is_one = (Timestamp::from_secs(0)..=Timestamp::END_OF_TIME).contains(&moment);
    if is_one { Ok(moment) } else { Err(Fault::internal(DOING).because("a time that is none")) }
}
