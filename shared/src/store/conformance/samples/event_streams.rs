//! Event streams, and the signals that wait in them.

use super::{T0, at, client_id, id, id_at, org_id};
use crate::domain::{
    Audience, EventDelivery, EventStream, EventStreamKey, EventUri, PendingSignal, SealedSecret, Seconds, SecurityEvent,
    StreamStatus, SubjectFingerprint,
};

/// A stream of which nothing is said but what must be.
pub(crate) fn event_stream(org: &str, client: u64, n: u64) -> EventStream {
    let key = EventStreamKey { org: org_id(org), client: client_id(client), id: id(n) };
    EventStream::new(key, Audience::parse(&client.to_string()).unwrap(), T0)
}

/// A stream of which everything is said, in words that need care.
pub(crate) fn rich_event_stream(org: &str, client: u64, n: u64) -> EventStream {
    let complex = [("user", 2), ("session", 3)].map(|(name, hash)| (name.into(), [hash; 16]));
    EventStream {
        audience: Audience::parse("https://receiver.example/\"é\"").unwrap(),
        delivery: EventDelivery::Push {
            endpoint_url: "https://receiver.example/events?\"é\"=%20".to_owned(),
            authorization_header: Some(SealedSecret::from_bytes(vec![7; 40])),
        },
        events_requested: [SecurityEvent::SessionRevoked.uri(), "urn:unheard:of:é"]
            .map(|uri| EventUri::parse(uri).unwrap())
            .into(),
        description: Some("Ann's \"gateway\" 例え".to_owned()),
        status: StreamStatus::Paused,
        status_reason: Some("a \"move\" é".to_owned()),
        disabled_at: Some(at(77)),
        removed_subjects: [SubjectFingerprint::Simple([1; 16]), SubjectFingerprint::Complex(complex.into())].into(),
        verified_at: Some(at(123)),
        ..event_stream(org, client, n)
    }
}

/// The signal number `n` of a stream, `n` seconds later than the first.
pub(crate) fn signal(stream: &EventStreamKey, n: u64) -> PendingSignal {
    let later = i64::try_from(n).unwrap() * 1_000;
    PendingSignal {
        stream: stream.clone(),
        jti: id_at(n, at(later), None),
        claims: format!(r#"{{"sub_id":{{"format":"opaque","id":"{n} é"}},"events":{{}}}}"#),
        expires_at: T0.plus(Seconds::DAY),
    }
}
