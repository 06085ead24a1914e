//! The audit trail, fed by what the emulator's streams tell of real writes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, StreamSpecification, StreamViewType};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use functions::jeton::audit::Audit;
use serde_json::{Value, json};
use shared::api::lambda::{BoundOperation, OperationEntry};
use shared::domain::Fault;
use shared::platform::aws::Sdk;
use shared::platform::config::Aws;
use shared::platform::events::{Event, Lines, Publish, Unpublished};
use shared::platform::{Auditing, SystemEntropy};
use shared::store::dynamodb::{DynamoStore, Stream, Tables, create_tables};
use tokio::net::TcpListener;

use super::clients::authenticates;
use super::leaked_keys;
use crate::oauth::event_streams;
use crate::support::{App, Mount, dynamodb, text};

mod oauth;

/// An app on tables whose streams are on.
pub(crate) struct Streamed {
    pub(crate) app: App,
    client: aws_sdk_dynamodb::Client,
    database: dynoxide::Database,
    /// The records of the streams that have been read.
    read: Mutex<BTreeSet<String>>,
}

impl Streamed {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = dynamodb::database();
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let tables = Tables { tokens: "Tokens".to_owned(), directory: "Directory".to_owned(), by_subject: true };
        let client = Sdk::new(&Aws::emulated(&endpoint, &tables.tokens, &tables.directory)).dynamodb();
        create_tables(&client, &tables).await.unwrap();
        for table in [&tables.tokens, &tables.directory] {
            let images = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages);
            let update = client.update_table().table_name(table).stream_specification(images.build().unwrap());
            update.send().await.unwrap();
        }
        let store = Arc::new(DynamoStore::new(client.clone(), tables, Arc::new(SystemEntropy)));
        let app = App::with_store(Mount::InProcess, |_| store).await;
        Self { app, client, database, read: Mutex::default() }
    }

    /// What the streams have told since the last time, as Lambda hands it over.
    pub(crate) fn records(&self) -> Vec<Value> {
        let all = ["Tokens", "Directory"].into_iter().flat_map(|table| self.stream(table)).collect::<Vec<_>>();
        let mut read = self.read.lock().unwrap();
        all.into_iter().filter(|record| read.insert(record["eventID"].as_str().unwrap().to_owned())).collect()
    }

    fn stream(&self, table: &str) -> Vec<Value> {
        let streams = self.database.list_streams(serde_json::from_value(json!({ "TableName": table })).unwrap()).unwrap();
        let arn = &streams.streams[0].stream_arn;
        let described = self.database.describe_stream(serde_json::from_value(json!({ "StreamArn": arn })).unwrap()).unwrap();
        let described = serde_json::to_value(described).unwrap();
        let shards = described["StreamDescription"]["Shards"].as_array().unwrap();
        shards.iter().flat_map(|shard| self.shard(arn, &shard["ShardId"])).collect()
    }

    fn shard(&self, arn: &str, id: &Value) -> Vec<Value> {
        let asked = json!({ "StreamArn": arn, "ShardId": id, "ShardIteratorType": "TRIM_HORIZON" });
        let iterator = self.database.get_shard_iterator(serde_json::from_value(asked).unwrap()).unwrap().shard_iterator;
        let asked = serde_json::from_value(json!({ "ShardIterator": iterator })).unwrap();
        let records = serde_json::to_value(self.database.get_records(asked).unwrap()).unwrap();
        records["Records"].as_array().unwrap().clone()
    }

    /// The actions of what has been committed since the last time, in the alphabet's order.
    async fn actions(&self) -> Vec<&'static str> {
        let (trail, memory) = trail();
        assert_eq!(trail.tell(&self.records()).await, json!({"batchItemFailures": []}));
        let mut actions: Vec<_> = memory.events().iter().map(|event| event.action).collect();
        actions.sort_unstable();
        actions
    }

    /// A member with a token and a refresh token.
    async fn mint(&self) -> Value {
        self.app.put("/v1/orgs/1/members/ann", &self.app.admin, json!({"scopes": ["urn:app:*"]})).await;
        let more =
            json!({"create_refresh_token": true, "session": "s-1", "scopes": ["urn:app:read"], "roles": {"shop": "owner"}});
        self.app.mint("1", "ann", more).await.created()
    }
}

/// Keeps what is published, and fails what it is told to.
#[derive(Debug, Default)]
struct Memory {
    events: Mutex<Vec<Event>>,
    fails: Mutex<BTreeSet<usize>>,
}

impl Memory {
    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

#[async_trait]
impl Publish for Memory {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        let positions = std::mem::take(&mut *self.fails.lock().unwrap());
        let kept = events.iter().enumerate().filter(|(n, _)| !positions.contains(n)).map(|(_, event)| event.clone());
        self.events.lock().unwrap().extend(kept);
        if positions.is_empty() {
            return Ok(());
        }
        Err(Unpublished { positions, fault: Fault::unavailable("testing").because("s3cret") })
    }
}

/// The function of the trail.
pub(crate) struct Trail(BoundOperation);

impl Trail {
    pub(crate) fn to(publish: Vec<Arc<dyn Publish>>) -> Self {
        let auditing = Auditing { changes: Arc::new(Stream), publish };
        Self(OperationEntry::for_operation::<Audit>().bind(&auditing))
    }

    pub(crate) async fn tell(&self, records: &[Value]) -> Value {
        let answer = self.0.invoke(&json!({ "Records": records }).to_string(), "request-1", None).await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

fn trail() -> (Trail, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    (Trail::to(vec![memory.clone()]), memory)
}

fn failures(numbers: &[&Value]) -> Value {
    let failed: Vec<_> = numbers.iter().map(|record| json!({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})).collect();
    json!({ "batchItemFailures": failed })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_record_is_told_once_and_nothing_else() {
    let streamed = Streamed::new().await;
    assert_eq!(streamed.actions().await, ["member.created", "org.created", "token.minted"]);
    let minted = streamed.mint().await;
    assert_eq!(streamed.actions().await, ["family.begun", "member.created", "token.minted"]);
    let (admin, token) = (streamed.app.admin.clone(), minted["token"].as_str().unwrap());
    streamed.app.introspect(token).await.ok();
    streamed.app.get("/v1/tokens", &admin).await.ok();
    assert_eq!(streamed.actions().await, [""; 0]);
    streamed.app.post("/v1/tokens/refresh", None, json!({"token": minted["refresh_token"]})).await.created();
    assert_eq!(streamed.actions().await, ["family.refreshed", "token.minted"]);
    streamed.app.put("/v1/orgs/11", &admin, json!({"parent": "1"})).await.created();
    assert_eq!(streamed.actions().await, ["org.created"]);
    streamed.app.put("/v1/orgs/11", &admin, json!({"parent": "1", "enabled": false})).await.ok();
    assert_eq!(streamed.actions().await, ["org.changed"]);
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    let settings = json!({"assertion_issuers": [{"issuer": "https://idp.example", "jwks": jwks}]});
    streamed.app.put("/v1/orgs/11", &admin, json!({"parent": "1", "enabled": false, "settings": settings})).await.ok();
    assert_eq!(streamed.actions().await, ["org.assertions_changed", "org.changed"], "the org says when it was changed");
    streamed.app.put("/v1/orgs/1/members/ann", &admin, json!({"scopes": ["urn:other"]})).await.ok();
    assert_eq!(streamed.actions().await, ["member.changed"]);
    for all_sessions in [false, true] {
        streamed.app.post("/v1/tokens/revoke", None, json!({"token": token, "all_sessions": all_sessions})).await.is_empty();
        // The second time there is only the session left to be revoked: sixteen copies of one mark.
        let told = streamed.actions().await;
        assert_eq!(told, if all_sessions { vec!["session.ended"] } else { vec!["family.revoked", "token.revoked"] });
    }
    streamed.app.post("/v1/tokens/bulk_revoke", Some(&admin), json!({"user_id": "ann"})).await.ok();
    assert_eq!(streamed.actions().await, ["tokens.revoked"]);
    let client = json!({"kind": "confidential", "grants": ["client_credentials"]});
    let client = streamed.app.post("/v1/orgs/1/clients", Some(&admin), client).await.created();
    assert_eq!(streamed.actions().await, ["client.created"]);
    assert!(authenticates(&streamed.app, &client["id"], &client["secret"]).await);
    assert_eq!(streamed.actions().await, ["token.minted"], "the use of a secret is no change of the client");
    streamed.app.delete("/v1/orgs/1/members/ann", &admin).await.is_empty();
    let told = streamed.actions().await;
    assert!(told.contains(&"member.deleted") && told.len() <= 2, "{told:?}");
    streamed.app.delete("/v1/orgs/11", &admin).await.is_empty();
    assert!(streamed.actions().await.contains(&"org.deleted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_says_who_has_got_what_by_whom_and_until_when() {
    let streamed = Streamed::new().await;
    streamed.records();
    let minted = streamed.mint().await;
    let created_by = streamed.app.get("/v1/tokens/introspect_self", &streamed.app.admin).await.ok()["jti"].clone();
    let (trail, memory) = trail();
    trail.tell(&streamed.records()).await;
    let event = memory.events().into_iter().find(|event| event.action == "token.minted").unwrap();
    let mut detail: Value = serde_json::from_str(&event.detail).unwrap();
    let claims: Value = minted["token"]
        .as_str()
        .and_then(|token| token.split('.').nth(1))
        .map(|payload| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap())
        .unwrap();
    let members = detail.as_object_mut().unwrap();
    assert_eq!(members.remove("id").unwrap(), event.id.as_str());
    assert_eq!((members.remove("jti"), members.remove("family")), (Some(claims["jti"].clone()), Some(claims["fam"].clone())));
    assert_eq!(
        detail,
        json!({
            "time": 1_795_348_800_250_i64, "action": "token.minted", "org": "1", "root_org": "1", "subject": "ann",
            "session": {"org": "1", "id": "s-1"}, "scopes": ["urn:app:read"], "audiences": ["urn:api"], "roles": {"shop": ["owner"]},
            "iat": 1_795_348_800, "nbf": 1_795_348_800, "exp": 1_795_349_400, "creator": {"org": "1", "subject": "administrator"},
            "created_by": created_by
        })
    );
    assert_eq!(event.at.as_ms(), 1_795_348_800_250);
    streamed.app.put("/v1/orgs/1/members/ann", &streamed.app.admin, json!({"enabled": false})).await.ok();
    trail.tell(&streamed.records()).await;
    let detail: Value = serde_json::from_str(&memory.events().last().unwrap().detail).unwrap();
    assert_eq!(
        (&detail["subject"], &detail["before"]["enabled"], &detail["after"]["enabled"]),
        (&json!("ann"), &json!(true), &json!(false))
    );
}

/// Lambda delivers at least once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_twice_is_told_twice_to_the_byte_and_each_event_has_an_id_of_its_own() {
    let streamed = Streamed::new().await;
    streamed.mint().await;
    let records = streamed.records();
    let (trail, memory) = trail();
    trail.tell(&records).await;
    let first = memory.events();
    trail.tell(&records).await;
    assert_eq!(memory.events()[first.len()..], first);
    assert_eq!(first.iter().map(|event| &event.id).collect::<BTreeSet<_>>().len(), first.len());
    // As Lambda spells the time.
    let text = json!({ "Records": records }).to_string();
    assert!(text.contains("ApproximateCreationDateTime"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_has_anything_that_opens_a_door() {
    let streamed = Streamed::new().await;
    let minted = streamed.mint().await;
    let refreshed = streamed.app.post("/v1/tokens/refresh", None, json!({"token": minted["refresh_token"]})).await.created();
    let records = streamed.records();
    let mut secrets = BTreeSet::new();
    for answer in [&minted, &refreshed] {
        for token in [&answer["token"], &answer["refresh_token"]] {
            secrets.extend(token.as_str().unwrap().split('.').filter(|part| part.len() > 32).map(str::to_owned));
        }
    }
    // Hashes and salts, as they are kept and as they could be spelled.
    for image in records.iter().flat_map(|record| [&record["dynamodb"]["NewImage"], &record["dynamodb"]["OldImage"]]) {
        for bytes in ["c", "p"].into_iter().filter_map(|name| image[name]["B"].as_str()) {
            secrets.extend([bytes.to_owned(), BASE64_URL_SAFE_NO_PAD.encode(BASE64_STANDARD.decode(bytes).unwrap())]);
        }
        let body: Value = image["b"]["S"].as_str().map(|body| serde_json::from_str(body).unwrap()).unwrap_or_default();
        secrets.extend(body["t"].as_str().map(str::to_owned));
    }
    assert!(secrets.len() >= 8, "{secrets:?}");
    let log = Arc::new(Mutex::new(Vec::new()));
    let (memory, lines) = (Arc::new(Memory::default()), Lines::to(Shared(log.clone())));
    Trail::to(vec![memory.clone(), Arc::new(lines)]).tell(&records).await;
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), memory.events().len());
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["target"], line["id"].is_string()), (&json!("jeton::audit"), true));
    }
    let published: String = memory.events().into_iter().map(|event| event.detail).collect();
    for secret in &secrets {
        assert!(!log.contains(secret) && !published.contains(secret), "{secret}");
    }
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_holds_up_no_other_and_does_not_come_again() {
    let streamed = Streamed::new().await;
    streamed.mint().await;
    let whole = streamed.records();
    let (all, memory) = trail();
    all.tell(&whole).await;
    let count = memory.events().len();
    for poison in [
        json!({"NewImage": {"b": {"S": "not JSON"}}}),
        json!({"NewImage": {"b": {"S": 5}}}),
        json!({"NewImage": {}}),
        json!({"NewImage": null, "OldImage": null}),
        json!({"Keys": {"pk": {"S": "1#0"}, "sk": {"S": "z#new"}}}),
        json!({"Keys": {}}),
        json!({"ApproximateCreationDateTime": "soon"}),
        json!({"ApproximateCreationDateTime": 1e300}),
    ] {
        let mut records = whole.clone();
        let at =
            records.iter().position(|record| record["dynamodb"]["Keys"]["sk"]["S"].as_str().unwrap().starts_with("t#")).unwrap();
        records[at]["dynamodb"].as_object_mut().unwrap().extend(poison.as_object().unwrap().clone());
        let (trail, memory) = trail();
        assert_eq!(trail.tell(&records).await, failures(&[]), "{poison}");
        assert_eq!(memory.events().len(), count - 1, "{poison}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_published_everywhere_comes_again() {
    let streamed = Streamed::new().await;
    streamed.mint().await;
    let told: Vec<_> = streamed
        .records()
        .into_iter()
        .filter(|record| !record["dynamodb"]["Keys"]["sk"]["S"].as_str().unwrap().starts_with("s#"))
        .collect();
    let (one, other) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    let trail = Trail::to(vec![one.clone(), other.clone()]);
    let silent = trail.tell(&told).await;
    assert_eq!(silent, failures(&[]));
    let events = one.events();
    let record_of = |n: usize| told.iter().find(|record| record["eventID"] == events[n].id.as_str()).unwrap();
    *one.fails.lock().unwrap() = BTreeSet::from([1]);
    *other.fails.lock().unwrap() = BTreeSet::from([1, 2]);
    assert_eq!(trail.tell(&told).await, failures(&[record_of(1), record_of(2)]));
    assert_eq!((one.events().len(), other.events().len()), (events.len() * 2 - 1, events.len() * 2 - 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_records_have_no_number_fails_as_a_whole() {
    let (trail, memory) = trail();
    for event in [json!({}), json!({"Records": [{}]}), json!({"Records": [{"dynamodb": {"Keys": {}}}]})] {
        assert_eq!(trail.0.invoke(&event.to_string(), "", None).await.unwrap_err().code, "INVALID_REQUEST", "{event}");
    }
    assert!(memory.events().is_empty());
}

/// Nobody should write to the tables by hand, and who does shall be seen.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_operation_does_is_told_as_what_it_is() {
    let streamed = Streamed::new().await;
    let minted = streamed.mint().await;
    streamed.app.post("/v1/tokens/revoke", None, json!({"token": minted["token"], "all_sessions": true})).await.is_empty();
    let keys = |records: &[Value], kind: &str| {
        let of = |record: &&Value| record["dynamodb"]["Keys"]["sk"]["S"].as_str().unwrap().starts_with(kind);
        let last = records.iter().rfind(of).unwrap();
        ["pk", "sk"]
            .map(|name| (name.to_owned(), AttributeValue::S(last["dynamodb"]["Keys"][name]["S"].as_str().unwrap().to_owned())))
    };
    let records = streamed.records();
    for (kind, name) in [("t#", "token.altered"), ("f#", "family.altered")] {
        let update = streamed.client.update_item().table_name("Tokens").set_key(Some(keys(&records, kind).into()));
        update.update_expression("REMOVE r").send().await.unwrap();
        assert_eq!(streamed.actions().await, [name]);
    }
    for (kind, name) in [("t#", "token.deleted"), ("f#", "family.deleted")] {
        let delete = streamed.client.delete_item().table_name("Tokens").set_key(Some(keys(&records, kind).into()));
        delete.send().await.unwrap();
        assert_eq!(streamed.actions().await, [name]);
    }
    let first_copy = records.iter().find(|record| {
        let keys = &record["dynamodb"]["Keys"];
        keys["pk"]["S"] == "1#0" && keys["sk"]["S"].as_str().unwrap().starts_with("v#")
    });
    let key = keys(&[first_copy.unwrap().clone()], "v#");
    let update = streamed.client.update_item().table_name("Tokens").set_key(Some(key.clone().into()));
    update
        .update_expression("SET n = :n")
        .expression_attribute_values(":n", AttributeValue::N("1".to_owned()))
        .send()
        .await
        .unwrap();
    assert_eq!(streamed.actions().await, ["tokens.revocation_altered"]);
    streamed.client.delete_item().table_name("Tokens").set_key(Some(key.into())).send().await.unwrap();
    assert_eq!(streamed.actions().await, ["tokens.revocation_deleted"]);
}

/// Its end was told when it began, and DynamoDB takes days to clear it away.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_cleared_away_in_silence() {
    let streamed = Streamed::new().await;
    streamed.mint().await;
    let record =
        streamed.records().into_iter().rfind(|record| record["dynamodb"]["Keys"]["sk"]["S"].as_str().unwrap().starts_with("t#"));
    let mut removed = record.unwrap();
    let image = removed["dynamodb"].as_object_mut().unwrap().remove("NewImage").unwrap();
    let expires: f64 = image["x"]["N"].as_str().unwrap().parse().unwrap();
    removed["eventName"] = json!("REMOVE");
    removed["dynamodb"]["OldImage"] = image;
    for (at, by, is_silent) in [
        (expires - 1.0, json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"}), true),
        (expires - 1.0, json!({"type": "User", "principalId": "mallory"}), false),
        (expires - 1.0, json!(null), false),
        // Replicated from another region.
        (expires, json!(null), true),
    ] {
        removed["userIdentity"] = by;
        removed["dynamodb"]["ApproximateCreationDateTime"] = json!(at);
        let (trail, memory) = trail();
        assert_eq!(trail.tell(&[removed.clone()]).await, failures(&[]));
        let told: Vec<_> = memory.events().iter().map(|event| event.action).collect();
        assert_eq!(told, if is_silent { vec![] } else { vec!["token.deleted"] });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_key_is_told_with_the_place_where_it_was_found_once() {
    let streamed = Streamed::new().await;
    streamed.mint().await;
    let made = leaked_keys::key(&streamed.app).await;
    streamed.records();
    let (trail, memory) = trail();
    for _ in 0..2 {
        leaked_keys::report_all(&streamed.app, &[text(&made["key"])]).await.ok();
        trail.tell(&streamed.records()).await;
    }
    let events = memory.events();
    let [event] = &events[..] else { panic!("{events:?}") };
    leaked_keys::is_told(&serde_json::from_str(&event.detail).unwrap(), &made);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_an_event_stream_are_told_without_what_opens_its_receiver() {
    let streamed = Streamed::new().await;
    let changed = event_streams::changed_and_deleted(&streamed.app).await;
    let (trail, memory) = trail();
    trail.tell(&streamed.records()).await;
    let events: Vec<_> = memory.events().iter().map(|event| serde_json::from_str(&event.detail).unwrap()).collect();
    event_streams::are_told(&events, &changed);
}
