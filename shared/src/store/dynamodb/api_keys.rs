//! API keys: an item for each, one for each of its values, and a counter for each owner.
//!
//! The counter only goes up. Where it is full, the owner's live keys are counted, and it begins anew with their number: so neither a
//! revocation nor the end of a key need write it.

use async_trait::async_trait;
use futures::future::try_join_all;

use super::change::{Change, Check};
use super::items::{self, bytes, deletion, moment, number, text};
use super::keys::{Key, api_key_range, partition};
use super::{DynamoStore, Item, fault};
use crate::domain::{ApiKey, ApiKeyLocator, ApiKeyRevocation, Fault, OrgId, RevocationStamp, Shard, Timestamp};
use crate::store::{ApiKeyInsert, ApiKeyLimit, ApiKeyPage, ApiKeyQuery, KeepApiKeys, Revocation, codec};

#[async_trait]
impl KeepApiKeys for DynamoStore {
    async fn create_api_key(&self, key: &ApiKey, limit: ApiKeyLimit) -> Result<ApiKeyInsert, Fault> {
        let table = &self.tables.tokens;
        let mut backoff = self.backoff(CREATING);
        loop {
            let count = Change::update(
                &self.tables.directory,
                Key::api_key_count(&key.org, &key.owner),
                "SET n = if_not_exists(n, :none) + :one",
                "attribute_not_exists(n) OR n < :most",
            );
            let count = count.with("none", number(0)).with("one", number(1)).with("most", number(limit.most));
            let changes = [Change::insert(table, items::api_key_item(key)?), self.value_of(key), count];
            let Some(checks) = self.transact(CREATING, &changes).await? else { return Ok(ApiKeyInsert::Done) };
            match &checks[..] {
                [Check::Failed(Some(there)), ..] => {
                    let is_same = codec::is_same_api_key(&items::api_key(&key.locator(), there)?, key);
                    return if is_same { Ok(ApiKeyInsert::Done) } else { Err(taken("its id is taken")) };
                }
                [_, Check::Failed(_), ..] => return Err(taken("its value is taken")),
                [_, _, Check::Failed(Some(full))] => {
                    let seen = items::find_number(full, "n")?.unwrap_or(limit.most);
                    let live = self.count_live(key, limit).await?;
                    if live >= limit.most {
                        return Ok(ApiKeyInsert::TooMany);
                    }
                    self.recount(key, live, seen).await?;
                }
                _ => {}
            }
            backoff.wait().await?;
        }
    }

    async fn update_api_key(&self, seen: &ApiKey, key: &ApiKey) -> Result<bool, Fault> {
        let is_first = seen.revision == 0;
        let of_revision = if is_first { "attribute_not_exists(v)" } else { "v = :seen" };
        let condition = format!("attribute_exists(b) AND attribute_not_exists(r) AND {of_revision}");
        let change = Change::update(&self.tables.tokens, Key::api_key(&key.locator()), "SET b = :b, v = :v, x = :x", condition);
        let change = change.with("b", text(codec::encode_api_key(key)?)).with("v", number(key.revision));
        let change = change.with("x", number(deletion(key.kept_until())));
        let mut changes = vec![if is_first { change } else { change.with("seen", number(seen.revision)) }];
        changes.extend((key.value != seen.value).then(|| self.value_of(key)));
        match self.change_all("updating an API key", changes).await?.as_deref() {
            None => Ok(true),
            // That may have been its own first attempt, whose answer got lost.
            Some([Check::Failed(Some(there)), ..]) => {
                let there = items::api_key(&key.locator(), there)?;
                Ok(codec::is_same_api_key(&there, key))
            }
            Some([Check::Passed, ..]) => Err(taken("its value is taken")),
            Some(_) => Ok(false),
        }
    }

    async fn revoke_api_key(&self, key: &ApiKeyLocator, revocation: &ApiKeyRevocation) -> Result<Revocation, Fault> {
        let stamp = RevocationStamp { at: revocation.at, by: revocation.by.clone() };
        let revoking = self.revoking(&key.org, &stamp)?;
        let condition = "attribute_exists(b) AND attribute_not_exists(r)";
        let place = revocation.place.as_ref().map(items::leak_place).transpose()?;
        let set_place = if place.is_some() { ", l = :l" } else { "" };
        let expression = format!("{}, y = :y{set_place}", revoking.expression());
        let change = Change::update(&self.tables.tokens, Key::api_key(key), expression, condition);
        let change = revoking.valued(change).with("y", text(revocation.reason.as_str()));
        let change = place.into_iter().fold(change, |change, place| change.with("l", place));
        match self.change("revoking an API key", change).await? {
            Check::Passed => Ok(Revocation::Done),
            Check::Failed(Some(item)) => revoking.found(&item),
            Check::Failed(None) => Ok(Revocation::Unknown),
        }
    }

    async fn note_api_key_use(&self, key: &ApiKeyLocator, hour: Timestamp) -> Result<(), Fault> {
        let condition = "attribute_exists(b) AND (attribute_not_exists(f) OR f < :hour)";
        let change = Change::update(&self.tables.tokens, Key::api_key(key), "SET f = :hour", condition);
        self.change("noting the use of an API key", change.with("hour", moment(hour))).await.map(drop)
    }

    async fn api_keys(&self, org: &OrgId, query: &ApiKeyQuery) -> Result<ApiKeyPage, Fault> {
        let shards: Vec<_> = Shard::all().collect();
        let mut keys = Vec::new();
        let mut has_more = false;
        for some in shards.chunks(SHARDS_AT_ONCE) {
            let strands = try_join_all(some.iter().map(|shard| self.strand(org, *shard, query))).await?;
            for (strand, goes_on) in strands {
                has_more |= goes_on;
                keys.extend(strand);
            }
        }
        // Each shard has given as many as the page can have: what is cut off here is asked for again.
        keys.sort_unstable_by_key(|key: &ApiKey| std::cmp::Reverse(key.id));
        has_more |= keys.len() > query.limit;
        keys.truncate(query.limit);
        let next = keys.last().map(|key| key.id).filter(|_| has_more);
        keys.retain(|key| query.owner.as_ref().is_none_or(|owner| key.owner == *owner));
        Ok(ApiKeyPage { keys, next })
    }
}

impl DynamoStore {
    /// Lets a key be found by its value.
    fn value_of(&self, key: &ApiKey) -> Change {
        Change::put_if(&self.tables.tokens, items::api_key_value_item(key), "attribute_not_exists(pk) OR i = :id")
            .with("id", bytes(key.id.as_bytes()))
    }

    /// The newest keys of a shard that come after what the query says, and whether there are more.
    async fn strand(&self, org: &OrgId, shard: Shard, query: &ApiKeyQuery) -> Result<(Vec<ApiKey>, bool), Fault> {
        let [from, to] = api_key_range(query.after.as_ref());
        let asked = self.client.query().table_name(&self.tables.tokens).consistent_read(true);
        let asked = asked
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(partition(org, shard)))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .scan_index_forward(false);
        let mut keys = Vec::new();
        let mut rest: Option<Item> = None;
        loop {
            // The one after which the page begins is among them.
            let limit = i32::try_from(query.limit + 1 - keys.len()).unwrap_or(i32::MAX);
            let asked = asked.clone().set_exclusive_start_key(rest).limit(limit);
            let some = asked.send().await.map_err(|e| fault("listing API keys", e))?;
            for item in some.items() {
                let key = items::listed_api_key(org, item)?;
                keys.extend(Some(key).filter(|key| query.after.is_none_or(|after| key.id < after)));
            }
            rest = some.last_evaluated_key.filter(|key| !key.is_empty());
            if rest.is_none() || keys.len() >= query.limit {
                return Ok((keys, rest.is_some()));
            }
        }
    }

    /// Counts the keys of an owner that are live when `key` is made.
    async fn count_live(&self, key: &ApiKey, limit: ApiKeyLimit) -> Result<u32, Fault> {
        let mut query = ApiKeyQuery { owner: Some(key.owner.clone()), after: None, limit: MAX_PAGE_KEYS };
        let mut count = 0;
        loop {
            let page = self.api_keys(&key.org, &query).await?;
            count += page.keys.iter().filter(|other| limit.counts(other, key.created_at)).count();
            query.after = page.next;
            if page.next.is_none() {
                return Ok(u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
    }

    /// Lets the counter of an owner begin anew, if it still is what was seen.
    async fn recount(&self, key: &ApiKey, live: u32, seen: u32) -> Result<(), Fault> {
        let counter = Key::api_key_count(&key.org, &key.owner);
        let change = Change::update(&self.tables.directory, counter, "SET n = :live", "n = :seen");
        self.change(CREATING, change.with("live", number(live)).with("seen", number(seen))).await.map(drop)
    }
}

fn taken(why: &'static str) -> Fault {
    Fault::internal(CREATING).because(why)
}

const CREATING: &str = "creating an API key";
/// How many shards are asked at the same time, as for tokens.
const SHARDS_AT_ONCE: usize = 8;
/// How many keys a page has of those that are counted.
const MAX_PAGE_KEYS: usize = 1_000;
