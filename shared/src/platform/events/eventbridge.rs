//! Events on Amazon EventBridge: `source` is `jeton`, `detail-type` is the action, `detail` the whole event.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};

use super::{Event, Publish, Unpublished};
use crate::domain::Fault;

/// Publishes events on an event bus, up to 10 in a call.
#[derive(Clone, Debug)]
pub struct EventBus {
    client: Client,
    name: String,
}

/// The number of entries that one call of `PutEvents` accepts.
const MAX_ENTRIES: usize = 10;

/// The size in bytes up to which a call of `PutEvents` is filled. It accepts 256 KiB; the margin is for what isn't counted here.
const MAX_REQUEST_BYTES: usize = 250_000;

const SOURCE: &str = "jeton";

impl EventBus {
    /// Returns the event bus with this name or ARN. Calls nothing yet.
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.action)
            .time(DateTime::from_millis(event.at.as_ms()))
            .detail(&event.detail)
            .build()
    }

    /// Publishes events that fit into one call. The positions in the error are those within this call.
    async fn put(&self, events: &[Event]) -> Result<(), Unpublished> {
        const DOING: &str = "publishing events";
        let entries = events.iter().map(|event| self.entry(event)).collect();
        let put = self.client.put_events().set_entries(Some(entries)).send().await.map_err(|error| Unpublished {
            positions: (0..events.len()).collect(),
            fault: Fault::unavailable(DOING).because(error),
        })?;
        // The answer has an entry for each event, in the same order.
        let failed = |entry: &PutEventsResultEntry| entry.event_id().is_none();
        let results = put.entries();
        let positions: BTreeSet<_> = (0..events.len()).filter(|&n| results.get(n).is_none_or(failed)).collect();
        let Some(&first) = positions.first() else { return Ok(()) };
        let why = results.get(first).and_then(PutEventsResultEntry::error_code).unwrap_or("an entry is missing");
        Err(Unpublished { positions, fault: Fault::unavailable(DOING).because(why.to_owned()) })
    }
}

#[async_trait]
impl Publish for EventBus {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        let mut failed: Option<Unpublished> = None;
        let mut begin = 0;
        while begin < events.len() {
            let end = begin + fitting(&events[begin..]);
            if let Err(some) = self.put(&events[begin..end]).await {
                let all = failed.get_or_insert(Unpublished { positions: BTreeSet::new(), fault: some.fault });
                all.positions.extend(some.positions.into_iter().map(|n| begin + n));
            }
            begin = end;
        }
        failed.map_or(Ok(()), Err)
    }
}

/// How many of the first events fit into one call: at least one, however large it is.
fn fitting(events: &[Event]) -> usize {
    let mut bytes = 0;
    let fit = events.iter().take(MAX_ENTRIES).take_while(|event| {
        // `PutEvents` counts 14 bytes for the time, and the bytes of the texts.
        bytes += 14 + SOURCE.len() + event.action.len() + event.detail.len();
        bytes <= MAX_REQUEST_BYTES
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::platform::aws::Sdk;
    use crate::platform::aws::testing::{Trouble, Wire};
    use crate::platform::config::Aws;

    fn event(n: usize, length: usize) -> Event {
        let detail = format!("{{\"id\":\"{n}\",\"pad\":\"{}\"}}", "x".repeat(length));
        Event { id: n.to_string(), at: Timestamp::from_ms(1_795_348_800_250), action: "token.minted", detail }
    }

    /// An event bus on which every third event of a call fails.
    fn moody() -> (EventBus, Wire) {
        let wire = Wire::default();
        let sdk = Sdk::new(&Aws::emulated("http://127.0.0.1:1", "T", "D")).over(&wire);
        wire.trouble(
            "PutEvents",
            100,
            Trouble::Answer(|input| {
                let entries = input["Entries"].as_array().map_or(0, Vec::len);
                let entry = |n| match n % 3 {
                    2 => serde_json::json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "s3cret"}),
                    _ => serde_json::json!({"EventId": "e"}),
                };
                let entries: Vec<_> = (0..entries).map(entry).collect();
                (200, serde_json::json!({"FailedEntryCount": 1, "Entries": entries}).to_string())
            }),
        );
        (EventBus::new(sdk.eventbridge(), "bus".to_owned()), wire)
    }

    #[tokio::test]
    async fn what_a_call_does_not_take_is_named_by_its_position_among_all() {
        let (bus, wire) = moody();
        let events: Vec<_> = (0..13).map(|n| event(n, 0)).collect();
        let failed = bus.publish(&events).await.unwrap_err();
        assert_eq!(failed.positions, BTreeSet::from([2, 5, 8, 12]));
        assert!(failed.fault.can_retry());
        let calls = wire.take_calls();
        assert_eq!(calls.iter().map(|call| call.input["Entries"].as_array().unwrap().len()).collect::<Vec<_>>(), [10, 3]);
        let entry = &calls[0].input["Entries"][0];
        assert_eq!(
            (&entry["EventBusName"], &entry["Source"], &entry["DetailType"]),
            (&"bus".into(), &"jeton".into(), &"token.minted".into())
        );
        assert_eq!((&entry["Time"], &entry["Detail"]), (&1_795_348_800.25.into(), &events[0].detail.as_str().into()));
    }

    #[tokio::test]
    async fn no_call_is_larger_than_the_bus_takes() {
        let (bus, wire) = moody();
        bus.publish(&[event(0, 100_000), event(1, 100_000), event(2, 100_000)]).await.unwrap();
        assert_eq!(wire.take_calls().len(), 2);
    }

    #[tokio::test]
    async fn a_call_that_fails_publishes_nothing_and_the_next_one_is_made_all_the_same() {
        let (bus, wire) = moody();
        wire.calm();
        wire.trouble("PutEvents", 1, Trouble::Refuse("InternalException"));
        wire.trouble("PutEvents", 9, Trouble::Answer(|_| (200, r#"{"Entries":[{"EventId":"e"}]}"#.to_owned())));
        let events: Vec<_> = (0..11).map(|n| event(n, 0)).collect();
        let failed = bus.publish(&events).await;
        let positions = failed.err().map(|failed| failed.positions).unwrap_or_default();
        assert!(!positions.contains(&10) && !positions.is_empty(), "{positions:?}");
    }
}
