//! Records as items, and items as records.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use super::keys::{Key, subject_partition};
use crate::domain::{
    Client, Family, FamilyKey, Fault, KeyRing, Member, Org, OrgId, Seconds, Timestamp, TokenId, TokenKey, TokenRecord,
};
use crate::store::codec::{self, FamilyState};

pub(super) fn token_item(token: &TokenRecord) -> Result<Item, Fault> {
    let mut item = Key::token(&token.key()).into_item();
    item.insert("b".to_owned(), text(codec::encode_token(token)?));
    item.insert("j".to_owned(), text(subject_partition(&token.org, &token.subject, token.id.shard())));
    item.extend(token.revoked_at.map(|at| ("r".to_owned(), moment(at))));
    item.extend(token.expires_at.map(|at| ("x".to_owned(), number(deletion(at)))));
    Ok(item)
}

pub(super) fn token(key: &TokenKey, item: &Item) -> Result<TokenRecord, Fault> {
    codec::decode_token(key, body(item)?, find_moment(item, "r")?)
}

/// The token of an item that wasn't asked for by its key.
pub(super) fn listed_token(org: &OrgId, item: &Item) -> Result<TokenRecord, Fault> {
    let id = string(item, "sk")?.strip_prefix("t#").and_then(|id| TokenId::parse(id).ok());
    let id = id.ok_or_else(|| broken("sk"))?;
    token(&TokenKey { org: org.clone(), id }, item)
}

pub(super) fn family_item(family: &Family) -> Result<Item, Fault> {
    let mut item = Key::family(&family.key()).into_item();
    let attributes = [
        ("b", text(codec::encode_family(family)?)),
        ("a", bytes(family.token.as_bytes())),
        ("c", bytes(&family.current)),
        ("e", moment(family.expires_at)),
        ("g", number(family.generation)),
        ("o", moment(family.rotated_at)),
        ("x", number(deletion(family.expires_at))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item.extend(family.previous.map(|hash| ("p".to_owned(), bytes(&hash))));
    item.extend(family.revoked_at.map(|at| ("r".to_owned(), moment(at))));
    Ok(item)
}

pub(super) fn family(key: &FamilyKey, item: &Item) -> Result<Family, Fault> {
    let state = FamilyState {
        generation: find_number(item, "g")?.ok_or_else(|| broken("g"))?,
        current: find_bytes(item, "c")?.ok_or_else(|| broken("c"))?,
        previous: find_bytes(item, "p")?,
        rotated_at: find_moment(item, "o")?.ok_or_else(|| broken("o"))?,
        token: TokenId::from_bytes(find_bytes(item, "a")?.ok_or_else(|| broken("a"))?),
        revoked_at: find_moment(item, "r")?,
    };
    codec::decode_family(key, body(item)?, state)
}

pub(super) fn not_before(item: &Item) -> Result<Timestamp, Fault> {
    find_moment(item, "n")?.ok_or_else(|| broken("n"))
}

pub(super) fn org(item: &Item) -> Result<Org, Fault> {
    codec::decode_org(body(item)?, created_at(item)?)
}

pub(super) fn member(item: &Item) -> Result<Member, Fault> {
    codec::decode_member(body(item)?, created_at(item)?)
}

pub(super) fn client(item: &Item) -> Result<Client, Fault> {
    codec::decode_client(body(item)?, created_at(item)?)
}

pub(super) fn key_ring(item: &Item) -> Result<KeyRing, Fault> {
    codec::decode_key_ring(find_number(item, "g")?.ok_or_else(|| broken("g"))?, body(item)?)
}

/// When DynamoDB may delete what expires then: a day later, for clocks and answers that are late.
pub(super) fn deletion(expires_at: Timestamp) -> i64 {
    expires_at.plus(Seconds::DAY).as_secs()
}

pub(super) fn moment(at: Timestamp) -> AttributeValue {
    number(at.as_ms())
}

pub(super) fn number(number: impl ToString + Copy) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn string<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, Fault> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| broken(name))
}

pub(super) fn find_number<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, Fault> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let number = value.as_n().ok().and_then(|number| number.parse().ok());
    number.map(Some).ok_or_else(|| broken(name))
}

fn find_moment(item: &Item, name: &'static str) -> Result<Option<Timestamp>, Fault> {
    Ok(find_number(item, name)?.map(Timestamp::from_ms))
}

fn find_bytes<const N: usize>(item: &Item, name: &'static str) -> Result<Option<[u8; N]>, Fault> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let bytes = value.as_b().ok().and_then(|blob| blob.as_ref().try_into().ok());
    bytes.map(Some).ok_or_else(|| broken(name))
}

fn created_at(item: &Item) -> Result<Timestamp, Fault> {
    find_moment(item, "t")?.ok_or_else(|| broken("t"))
}

fn body(item: &Item) -> Result<&[u8], Fault> {
    string(item, "b").map(str::as_bytes)
}

fn broken(attribute: &'static str) -> Fault {
    Fault::internal("reading an item: an attribute is missing or of another type").because(attribute)
}
