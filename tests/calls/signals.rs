//! What the functions of signals do.

use serde_json::{Value, json};
use shared::domain::{
    Audience, ClientId, EventDelivery, EventStream, EventStreamKey, EventUri, OrgId, Seconds, Secret, SecurityEvent,
    StreamStatus, TokenId,
};
use shared::platform::aws::testing::Wire;
use shared::platform::capabilities::{Provides as _, SignalPusher};
use shared::platform::{HasMinting as _, HasRecords as _, SystemEntropy};
use shared::tokens::signals::push::push_all;
use shared::tokens::signals::seal_header;

use super::Recorded;

/// Has things happen in an org with a stream, and its receiver told of them: all in one go, and with time for none.
pub(super) async fn everything(run: &mut Recorded) {
    let client =
        run.good("jeton.create_client", "/v1/orgs/1/clients", json!({"kind": "confidential"})).await["id"].as_u64().unwrap();
    let stream = stream(run, client).await;
    let event = |n: u32| json!({"id": format!("e-{n}"), "time": 1_795_348_800_250_i64, "action": "tokens.revoked", "org": "1"});
    for (n, more) in [
        (1, json!({"set": "member", "subject": "ann"})),
        (2, json!({"set": "client_of_member", "client": client.to_string(), "subject": "ann"})),
    ] {
        let mut event = event(n);
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = run.invoke("jeton.collect_signals", messages(&event)).await;
        assert_eq!(answer, json!({"batchItemFailures": []}));
    }
    let pushes = run.deployment.pushes.drain();
    let message = format!(r#"{{"org":"1","client":{client},"stream":"{}"}}"#, stream.id);
    assert_eq!(pushes, [message.clone(), message.clone()]);
    let (wire, in_no_time) = (Wire::default(), Seconds(0));
    let ports: SignalPusher = run.deployment.instance(&wire).provide();
    assert!(push_all(&ports, [("m-1".to_owned(), message.clone())], in_no_time).await.is_empty());
    run.note("jeton.push_signals", &wire.take_calls());
    assert_eq!(run.deployment.pushes.drain(), std::slice::from_ref(&message), "the rest comes again");
    assert!(run.deployment.receiver.drain().is_empty());
    let answer = run.invoke("jeton.push_signals", messages(&serde_json::from_str(&message).unwrap())).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    let received = run.deployment.receiver.drain();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|signal| signal.authorization.as_deref() == Some("Bearer s3cret")));
    assert_ne!(received[0].claims()["jti"], received[1].claims()["jti"]);
    run.good("jeton.delete_client", &format!("/v1/orgs/1/clients/{client}"), json!({})).await;
}

fn messages(body: &Value) -> Value {
    json!({"Records": [{"messageId": "m-1", "body": body.to_string()}]})
}

/// A stream of a client to which everything is pushed.
async fn stream(run: &Recorded, client: u64) -> EventStreamKey {
    let instance = run.deployment.instance(&Wire::default());
    let records = instance.records();
    let (org, client) = (OrgId::parse("1").unwrap(), ClientId::from_number(client).unwrap());
    let key = EventStreamKey { org, client, id: TokenId::generate(records.reader.now(), None, &SystemEntropy).unwrap() };
    let header = Secret::new("Bearer s3cret".to_owned());
    let sealed = seal_header(&instance.minting().signing, &key, &header, &SystemEntropy).await.unwrap();
    let events = SecurityEvent::ALL.iter().map(|event| EventUri::parse(event.uri()).unwrap());
    let stream = EventStream {
        audience: Audience::parse(&client.to_string()).unwrap(),
        delivery: EventDelivery::Push {
            endpoint_url: "https://receiver.example/events".to_owned(),
            authorization_header: Some(sealed),
        },
        events_requested: events.collect(),
        description: None,
        status: StreamStatus::Enabled,
        status_reason: None,
        disabled_at: None,
        removed_subjects: [].into(),
        verified_at: None,
        created_at: records.reader.now(),
        revision: 0,
        key: key.clone(),
    };
    records.store.create_event_stream(&stream, 4).await.unwrap();
    key
}
