//! Event streams, an item each beside the clients they belong to, and the signals that wait in them.
//!
//! The item of a client names its streams: a name comes and goes in the transaction that adds or deletes the stream, and a client is deleted
//! together with those that it names. So a client has no more than may be, and none outlives it.
//!
//! The streams of an org are in a partition of their own, so that roles which write them write nothing else of the directory.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::change::{Change, Check};
use super::items::{self, deletion, moment, number, text};
use super::keys::{Key, event_streams_partition, event_streams_sk, partition, signals_sk};
use super::tables::KEY;
use super::{DynamoStore, Item, fault};
use crate::domain::{ClientId, EventStream, EventStreamKey, Fault, OrgId, PendingSignal, TokenId};
use crate::store::{EventStreamInsert, KeepEventStreams, KeepSignals, SignalPage, codec};

#[async_trait]
impl KeepEventStreams for DynamoStore {
    async fn event_stream(&self, key: &EventStreamKey) -> Result<Option<EventStream>, Fault> {
        let item = self.get("reading an event stream", &self.tables.directory, Key::event_stream(key)).await?;
        item.as_ref().map(|item| event_stream(&key.org, item)).transpose()
    }

    async fn event_streams(&self, org: &OrgId, client: Option<ClientId>) -> Result<Vec<EventStream>, Fault> {
        let prefix = event_streams_sk(client);
        let asked = self.client.query().table_name(&self.tables.directory).consistent_read(true);
        let asked = asked
            .key_condition_expression(format!("{} = :pk AND begins_with({}, :kind)", KEY.partition, KEY.sort))
            .expression_attribute_values(":pk", text(event_streams_partition(org)))
            .expression_attribute_values(":kind", text(prefix));
        let mut found = Vec::new();
        let mut rest: Option<Item> = None;
        loop {
            let some = asked.clone().set_exclusive_start_key(rest).send().await.map_err(|e| fault("listing event streams", e))?;
            for item in some.items() {
                found.push(event_stream(org, item)?);
            }
            rest = some.last_evaluated_key.filter(|key| !key.is_empty());
            if rest.is_none() {
                return Ok(found);
            }
        }
    }

    async fn create_event_stream(&self, stream: &EventStream, most: u32) -> Result<EventStreamInsert, Fault> {
        let org = &stream.key.org;
        let mut item = Key::event_stream(&stream.key).into_item();
        item.extend([("b".to_owned(), text(codec::encode_event_stream(stream)?)), ("v".to_owned(), number(stream.revision))]);
        let room = "attribute_exists(pk) AND (attribute_not_exists(s) OR size(s) < :most)";
        let named = self.naming(&stream.key, "ADD s :id", room).with("most", number(most));
        let changes = [Change::insert(&self.tables.directory, item), named];
        let Some(checks) = self.transact(CREATING, &changes).await? else { return Ok(EventStreamInsert::Done) };
        match &checks[..] {
            [Check::Failed(Some(there)), ..] if event_stream(org, there)? == *stream => Ok(EventStreamInsert::Done),
            [Check::Failed(_), ..] => Err(Fault::internal(CREATING).because("its id is taken")),
            [_, Check::Failed(Some(_)), ..] => Ok(EventStreamInsert::TooMany),
            _ => Ok(EventStreamInsert::Dangling),
        }
    }

    async fn replace_event_stream(&self, stream: &EventStream) -> Result<bool, Fault> {
        let Some(before) = stream.revision.checked_sub(1) else {
            return Ok(self.event_stream(&stream.key).await?.as_ref() == Some(stream));
        };
        let key = Key::event_stream(&stream.key);
        let change = Change::update(&self.tables.directory, key, "SET b = :b, v = :v", "v = :before");
        let change = change.with("b", text(codec::encode_event_stream(stream)?));
        let change = change.with("v", number(stream.revision)).with("before", number(before));
        match self.change("replacing an event stream", change).await? {
            Check::Passed => Ok(true),
            // That may have been its own first attempt, whose answer got lost.
            Check::Failed(Some(there)) => Ok(event_stream(&stream.key.org, &there)? == *stream),
            Check::Failed(None) => Ok(false),
        }
    }

    async fn delete_event_stream(&self, key: &EventStreamKey) -> Result<bool, Fault> {
        let gone = Change::delete(&self.tables.directory, Key::event_stream(key), "attribute_exists(pk)");
        let named = self.naming(key, "DELETE s :id", "attribute_exists(pk)");
        Ok(self.transact("deleting an event stream", &[gone, named]).await?.is_none())
    }
}

#[async_trait]
impl KeepSignals for DynamoStore {
    async fn put_signal(&self, signal: &PendingSignal) -> Result<(), Fault> {
        let mut item = Key::signal(&signal.stream, &signal.jti).into_item();
        let attributes =
            [("b", text(&signal.claims)), ("e", moment(signal.expires_at)), ("x", number(deletion(signal.expires_at)))];
        item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
        self.change("keeping a signal", Change::insert(&self.tables.tokens, item)).await.map(drop)
    }

    async fn signals(&self, stream: &EventStreamKey, limit: usize) -> Result<SignalPage, Fault> {
        const DOING: &str = "reading signals";
        let prefix = signals_sk(stream);
        let asked = self.client.query().table_name(&self.tables.tokens).consistent_read(true);
        let asked = asked
            .key_condition_expression(format!("{} = :pk AND begins_with({}, :kind)", KEY.partition, KEY.sort))
            .expression_attribute_values(":pk", text(partition(&stream.org, stream.id.shard())))
            .expression_attribute_values(":kind", text(&prefix))
            .limit(i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX));
        let found = asked.send().await.map_err(|e| fault(DOING, e))?;
        let signal = |item: &Item| {
            let id = items::string(item, KEY.sort)?.trim_start_matches(&prefix);
            Ok(PendingSignal {
                stream: stream.clone(),
                jti: TokenId::parse(id).map_err(|e| Fault::internal(DOING).because(e))?,
                claims: items::string(item, "b")?.to_owned(),
                expires_at: items::find_moment(item, "e")?.ok_or_else(|| Fault::internal(DOING))?,
            })
        };
        let mut signals = found.items().iter().map(signal).collect::<Result<Vec<_>, Fault>>()?;
        // Of what doesn't fit into an answer of 1 MB the next one has the rest.
        let has_more = signals.len() > limit || found.last_evaluated_key().is_some_and(|key| !key.is_empty());
        signals.truncate(limit);
        Ok(SignalPage { signals, has_more })
    }

    async fn delete_signals(&self, stream: &EventStreamKey, ids: &[TokenId]) -> Result<(), Fault> {
        let deletions = ids.iter().map(|id| {
            let delete = Change::delete(&self.tables.tokens, Key::signal(stream, id), "");
            self.change("deleting a signal", delete)
        });
        stream::iter(deletions.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_for_each(async |_| Ok(())).await
    }
}

impl DynamoStore {
    /// Adds the name of a stream to its client's item, or removes it.
    fn naming(&self, key: &EventStreamKey, expression: &str, condition: &str) -> Change {
        let change = Change::update(&self.tables.directory, Key::client(&key.org, key.client), expression, condition);
        change.with("id", AttributeValue::Ss(vec![key.id.to_string()]))
    }

    /// Deletes the event streams that a client's item names, in the same transaction in which that goes.
    pub(super) fn deletions_of_streams(&self, org: &OrgId, client: ClientId, item: &Item) -> Result<Vec<Change>, Fault> {
        let named = item.get("s").map_or(Ok(&[][..]), |named| named.as_ss().map(Vec::as_slice));
        let named = named.map_err(|_| Fault::internal("reading which event streams a client has"))?;
        let deletion = |id: &String| {
            let id = TokenId::parse(id).map_err(|e| Fault::internal("reading which event streams a client has").because(e))?;
            let key = Key::event_stream(&EventStreamKey { org: org.clone(), client, id });
            Ok(Change::delete(&self.tables.directory, key, ""))
        };
        named.iter().map(deletion).collect()
    }
}

/// Reads the event stream of an item.
pub(super) fn event_stream(org: &OrgId, item: &Item) -> Result<EventStream, Fault> {
    codec::decode_event_stream(org, items::string(item, "b")?.as_bytes())
}

const CREATING: &str = "creating an event stream";
/// How many signals are deleted at the same time.
const AT_ONCE: usize = 8;
