//! Signals: what happens in an org reaches the receivers that want to hear of it, on both stores.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use functions::jeton::collect_signals::CollectSignals;
use functions::jeton::push_signals::PushSignals;
use local::audit::Trail;
use local::signals::{Collector, PushQueue};
use serde_json::{Value, json};
use shared::api::lambda::OperationEntry;
use shared::domain::{
    Audience, ClientId, EventDelivery, EventStream, EventStreamKey, EventUri, Issuer, OrgId, PendingSignal, Seconds, Secret,
    SecurityEvent, Seeded, SimpleSubject, StreamStatus, Subject, SubjectIdentifier, TokenId,
};
use shared::jose::subject_identifier::fingerprint;
use shared::platform::LocalService;
use shared::platform::capabilities::Provides as _;
use shared::platform::events::SignalEvents;
use shared::platform::queue::WakePusher as _;
use shared::store::EventStreamInsert;
use shared::store::sqlite::{Durability, SqliteStore};
use shared::tokens::signals::{open_header, seal_header, stream_updated, verification};

use super::audit::{Streamed, Trail as StreamTrail};
use crate::support::queue::HeldQueue;
use crate::support::receiver::Pushed;
use crate::support::{App, NOW, text};

const RECEIVER: &str = "https://receiver.example/events";

/// An app whose audit trail makes signals.
enum World {
    /// In SQLite, as the local server does it.
    Local { app: Box<App>, trail: Trail, store: Arc<SqliteStore> },
    /// In DynamoDB, as the functions do it.
    Aws { streamed: Box<Streamed>, trail: StreamTrail, queue: HeldQueue },
}

impl World {
    async fn local(name: &str) -> Self {
        let folder = folder(name);
        let clock = Arc::new(shared::domain::FrozenClock::at(NOW));
        let store = SqliteStore::open(&folder.join("jeton.db"), Durability::Normal, clock.clone()).unwrap();
        let store = Arc::new(store);
        let app = App::kept_in_at(store.clone(), clock.clone()).await;
        let collector = Arc::new(Collector::new(service(&app).provide()));
        let trail = Trail::begin(store.clone(), clock, (folder.join("audit.jsonl"), false), vec![collector]).unwrap();
        Self::Local { app: Box::new(app), trail, store }
    }

    async fn aws() -> Self {
        let streamed = Streamed::new().await;
        let members = ["ann", "bot", "gone"].map(|sub| json!({"org": "1", "sub": sub, "scopes": ["urn:app:*"]}));
        let directory = json!({"orgs": [{"id": "11", "parent": "1"}, {"id": "2"}], "members": members});
        streamed.app.seed(&directory).await.unwrap();
        streamed.records();
        let queue = HeldQueue::default();
        let trail = StreamTrail::to(vec![Arc::new(SignalEvents::to(Arc::new(queue.clone())))]);
        Self::Aws { streamed: Box::new(streamed), trail, queue }
    }

    /// Each of them.
    async fn all(name: &str) -> [Self; 2] {
        [Self::local(name).await, Self::aws().await]
    }

    fn app(&self) -> &App {
        match self {
            Self::Local { app, .. } => app,
            Self::Aws { streamed, .. } => &streamed.app,
        }
    }

    /// Makes signals of what has happened since the last time. A queue hands everything over twice.
    async fn collect(&self) {
        match self {
            Self::Local { trail, .. } => trail.finish().await,
            Self::Aws { streamed, trail, queue } => {
                trail.tell(&streamed.records()).await;
                let events = queue.drain();
                for _ in 0..2 {
                    let answer = invoke::<CollectSignals>(self.app(), &events).await;
                    assert_eq!(answer, json!({"batchItemFailures": []}));
                }
            }
        }
    }

    /// Has what was handed over for the pusher pushed, and returns what the receiver got, and the messages that must come again.
    async fn push(&self) -> (Vec<Pushed>, usize) {
        let messages: Vec<_> = self.app().streams.drain().into_iter().map(|(stream, _)| message(&stream)).collect();
        self.push_again(&messages).await
    }

    async fn push_again(&self, messages: &[String]) -> (Vec<Pushed>, usize) {
        let answer = invoke::<PushSignals>(self.app(), messages).await;
        (self.app().receiver.drain(), answer["batchItemFailures"].as_array().unwrap().len())
    }

    /// What the receiver gets of what has happened since the last time.
    async fn told(&self) -> Vec<Value> {
        self.collect().await;
        let (pushed, again) = self.push().await;
        assert_eq!(again, 0);
        pushed.iter().map(Pushed::claims).collect()
    }

    /// Makes a client with a stream in which all that there is is pushed, but for what `edit` says.
    async fn stream(&self, org: &str, edit: impl FnOnce(&mut EventStream)) -> EventStream {
        // Clients have numbers that are unique in the whole deployment.
        static CLIENTS: AtomicU64 = AtomicU64::new(9_000);
        let app = self.app();
        let number = CLIENTS.fetch_add(1, Ordering::SeqCst);
        let client = json!({"org": org, "id": number, "kind": "confidential", "secrets_sha256": ["ab".repeat(32)]});
        app.seed(&json!({"clients": [client]})).await.unwrap();
        let (org, client) = (OrgId::parse(org).unwrap(), ClientId::from_number(number).unwrap());
        let events = SecurityEvent::ALL.iter().map(|event| EventUri::parse(event.uri()).unwrap());
        let mut stream = EventStream {
            key: EventStreamKey { org, client, id: TokenId::generate(NOW, None, &Seeded::new(client.as_number())).unwrap() },
            audience: Audience::parse("https://receiver.example").unwrap(),
            delivery: EventDelivery::Push { endpoint_url: RECEIVER.to_owned(), authorization_header: None },
            events_requested: events.collect(),
            description: None,
            status: StreamStatus::Enabled,
            status_reason: None,
            disabled_at: None,
            removed_subjects: [].into(),
            verified_at: None,
            created_at: NOW,
            revision: 0,
        };
        edit(&mut stream);
        assert_eq!(app.store.create_event_stream(&stream, 4).await.unwrap(), EventStreamInsert::Done);
        // What made the client is nobody's news.
        self.collect().await;
        app.streams.drain();
        stream
    }

    /// Changes a stream.
    async fn change(&self, stream: &mut EventStream, edit: impl FnOnce(&mut EventStream)) {
        edit(stream);
        stream.revision += 1;
        assert!(self.app().store.replace_event_stream(stream).await.unwrap());
    }

    /// The signals that wait in a stream.
    async fn waiting(&self, stream: &EventStream) -> Vec<PendingSignal> {
        self.app().store.signals(&stream.key, 100).await.unwrap().signals
    }

    async fn revoke_all_of(&self, subject: &str) {
        let app = self.app();
        app.post("/v1/orgs/1/revocations", Some(&app.admin), json!({ "subject": subject })).await.ok();
    }

    /// Mints a token for ann and revokes it. Returns its `jti`.
    async fn revoke_a_token(&self) -> String {
        let app = self.app();
        let token = app.token("1", "ann", &["urn:app:read"]).await;
        let jti = text(&app.introspect(&token).await.ok()["jti"]).to_owned();
        app.post("/v1/tokens/revoke", None, json!({ "token": token })).await.is_empty();
        jti
    }
}

/// The whole service of an app.
fn service(app: &App) -> LocalService {
    LocalService { platform: app.platform.clone(), queue: Arc::new(app.queue.clone()), signalling: app.streams.signalling() }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("jeton-signals-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn message(stream: &EventStreamKey) -> String {
    json!({"org": stream.org.as_str(), "client": stream.client.as_number(), "stream": stream.id.to_string()}).to_string()
}

async fn invoke<O: shared::api::lambda::Operation>(app: &App, messages: &[String]) -> Value
where
    LocalService: shared::platform::capabilities::Provides<O::Ports>,
{
    let records = messages.iter().enumerate().map(|(n, body)| json!({"messageId": format!("m-{n}"), "body": body}));
    let event = json!({"Records": records.collect::<Vec<_>>()}).to_string();
    let answer = OperationEntry::for_operation::<O>().bind(&service(app)).invoke(&event, "r-1", None).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

fn ann() -> Value {
    json!({"format": "iss_sub", "iss": "https://jeton.example", "sub": "ann"})
}

fn events(claims: &[Value]) -> Vec<&str> {
    let name =
        |claims: &Value| claims["events"].as_object().unwrap().keys().next().unwrap().rsplit('/').next().unwrap().to_owned();
    claims.iter().map(name).map(|name| &*name.leak()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_pushed_as_a_signed_token_that_says_what_whose_and_when() {
    for world in World::all("pushed").await {
        world.stream("1", |_| ()).await;
        let jti = world.revoke_a_token().await;
        world.collect().await;
        let (pushed, again) = world.push().await;
        let [push] = &pushed[..] else { panic!("{pushed:?}") };
        assert_eq!((&*push.url, &push.authorization, again), (RECEIVER, &None, 0));
        let header = push.header();
        assert_eq!((&header["typ"], &header["alg"]), (&json!("secevent+jwt"), &json!("ES256")));
        let mut claims = push.claims();
        for name in ["jti", "txn"] {
            assert!(claims.as_object_mut().unwrap().remove(name).is_some_and(|id| !text(&id).is_empty()));
        }
        let uri = SecurityEvent::SessionRevoked.uri();
        let expected = json!({
            "iss": "https://jeton.example", "iat": NOW.as_secs(), "aud": "https://receiver.example",
            "sub_id": {"format": "jwt_id", "iss": "https://jeton.example", "jti": jti},
            "events": {uri: {
                "event_timestamp": NOW.as_secs(), "initiating_entity": "user", "reason_admin": {"en": "The token was revoked."},
            }},
        });
        assert_eq!(claims, expected);
        assert_eq!(world.push().await.0.len(), 0, "what was delivered is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_tokens_a_revocation_ends_it_is_one_signal() {
    for world in World::all("one").await {
        let stream = world.stream("1", |_| ()).await;
        let with_refresh = json!({"create_refresh_token": true, "scopes": ["urn:app:read"]});
        for _ in 0..3 {
            world.app().mint("1", "ann", with_refresh.clone()).await.created();
        }
        world.revoke_all_of("ann").await;
        let told = world.told().await;
        assert_eq!((told.len(), &told[0]["sub_id"]), (1, &ann()));
        // A token and its refresh token are revoked together.
        world.app().clock.advance_ms(5_000);
        let minted = world.app().mint("1", "ann", with_refresh).await.created();
        world.app().post("/v1/tokens/revoke", None, json!({"token": minted["token"]})).await.is_empty();
        assert_eq!(events(&world.told().await), ["session-revoked"]);
        assert!(world.waiting(&stream).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_told_what_it_has_asked_for_of_its_own_org() {
    for world in World::all("asked").await {
        let only = |event: SecurityEvent| [EventUri::parse(event.uri()).unwrap()].into();
        let (issuer, person) = (Issuer::parse("https://jeton.example").unwrap(), Subject::parse("ann").unwrap());
        let not_ann = fingerprint(&SubjectIdentifier::Simple(SimpleSubject::iss_sub(&issuer, &person)));
        let all = world.stream("1", |_| ()).await;
        let purged = world.stream("1", |stream| stream.events_requested = only(SecurityEvent::AccountPurged)).await;
        let others = world.stream("1", |stream| stream.removed_subjects.extend([not_ann])).await;
        let disabled = world.stream("1", |stream| stream.status = StreamStatus::Disabled).await;
        let foreign = world.stream("2", |_| ()).await;
        let below = world.stream("11", |_| ()).await;
        world.revoke_a_token().await;
        world.revoke_all_of("ann").await;
        world.revoke_all_of("bot").await;
        let app = world.app();
        app.delete("/v1/orgs/1/members/gone", &app.admin).await.is_empty();
        world.collect().await;
        // With a member all that it has ends.
        for (stream, expected) in [
            (&all, vec!["session-revoked", "session-revoked", "session-revoked", "session-revoked", "account-purged"]),
            (&purged, vec!["account-purged"]),
            (&others, vec!["session-revoked", "session-revoked", "account-purged"]),
            (&disabled, vec![]),
            (&foreign, vec![]),
            (&below, vec![]),
        ] {
            let waiting = world.waiting(stream).await;
            let claims: Vec<Value> = waiting.iter().map(|signal| serde_json::from_str(&signal.claims).unwrap()).collect();
            let (mut told, mut expected) = (events(&claims), expected);
            told.sort_unstable();
            expected.sort_unstable();
            assert_eq!(told, expected, "{:?}", stream.key);
        }
        let ids = async |stream| world.waiting(stream).await.into_iter().map(|signal| signal.jti).collect::<Vec<_>>();
        let (of_all, of_others) = (ids(&all).await, ids(&others).await);
        assert!(of_others.iter().all(|jti| !of_all.contains(jti)), "each token has a name of its own");
    }
}

/// Queues deliver at least once, and so does the service.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_has_the_same_jti_whenever_it_is_told() {
    let world = World::aws().await;
    let World::Aws { streamed, trail, queue } = &world else { unreachable!() };
    let stream = world.stream("1", |_| ()).await;
    world.revoke_a_token().await;
    trail.tell(&streamed.records()).await;
    let handed_over = queue.drain();
    let mut seen = Vec::new();
    for _ in 0..2 {
        for _ in 0..3 {
            invoke::<CollectSignals>(world.app(), &handed_over).await;
        }
        assert_eq!(world.waiting(&stream).await.len(), 1);
        let (pushed, _) = world.push().await;
        seen.extend(pushed.into_iter().map(|pushed| pushed.claims()));
        assert!(world.waiting(&stream).await.is_empty());
        world.app().clock.advance_ms(60_000);
    }
    assert_eq!((seen.len(), &seen[0]["jti"], &seen[0]["events"]), (2, &seen[1]["jti"], &seen[1]["events"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_does_not_take_waits_in_order_and_is_pushed_again() {
    for world in World::all("down").await {
        let stream = world.stream("1", |_| ()).await;
        let receiver = &world.app().receiver;
        let mut revoked = Vec::new();
        for _ in 0..3 {
            revoked.push(world.revoke_a_token().await);
            world.app().clock.advance_ms(1_000);
        }
        world.collect().await;
        world.app().streams.drain();
        let messages = [message(&stream.key)];
        let jti = |pushed: &Pushed| text(&pushed.claims()["sub_id"]["jti"]).to_owned();
        // Each way not to take a signal. Where the receiver has not answered, or has failed, there is a second try at once.
        for (order, tries) in [(None, 2), (Some((503, "")), 2), (Some((302, "")), 1), (Some((401, "")), 1), (Some((404, "")), 1)]
        {
            for _ in 0..tries {
                order.map_or_else(|| receiver.stay_silent(), |(status, body)| receiver.answer(status, body));
            }
            let (pushed, again) = world.push_again(&messages).await;
            assert_eq!((pushed.len(), again), (tries, 1), "{order:?}");
            assert!(pushed.iter().all(|pushed| jti(pushed) == revoked[0]), "nothing overtakes it: {order:?}");
        }
        for error in ["authentication_failed", "access_denied", "invalid_key"] {
            receiver.answer(400, json!({ "err": error }).to_string().leak());
            assert_eq!(world.push_again(&messages).await.1, 1, "{error} can be put right");
        }
        assert_eq!(world.waiting(&stream).await.len(), 3);
        // One that comes to itself at the second try.
        receiver.answer(500, "");
        let (pushed, again) = world.push_again(&messages).await;
        let order: Vec<_> = pushed.iter().map(jti).collect();
        assert_eq!((order, again), ([&revoked[..1], &revoked[..]].concat(), 0));
        assert!(world.waiting(&stream).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_is_refused_for_good_or_too_late_makes_room_for_the_next() {
    for world in World::all("refused").await {
        let stream = world.stream("1", |_| ()).await;
        let receiver = &world.app().receiver;
        for body in [r#"{"err":"invalid_request","description":"\u0007"}"#, r#"{"err":"invalid_issuer"}"#, "<html>", ""] {
            let (refused, next) = (world.revoke_a_token().await, async { world.revoke_a_token().await });
            world.app().clock.advance_ms(1_000);
            let next = next.await;
            receiver.answer(400, body);
            let told = world.told().await;
            let jtis: Vec<_> = told.iter().map(|claims| text(&claims["sub_id"]["jti"]).to_owned()).collect();
            assert_eq!(jtis, [refused, next], "{body}");
            assert!(world.waiting(&stream).await.is_empty());
            world.app().clock.advance_ms(1_000);
        }
        world.revoke_a_token().await;
        world.collect().await;
        world.app().clock.advance_ms(i64::from(PendingSignal::LIFETIME.0) * 1_000);
        let (pushed, again) = world.push().await;
        assert!(pushed.is_empty() && again == 0 && world.waiting(&stream).await.is_empty(), "nobody wants to know any more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_paused_or_whose_client_is_disabled_keeps_what_it_has() {
    for world in World::all("paused").await {
        let app = world.app();
        let mut stream = world.stream("1", |_| ()).await;
        let messages = [message(&stream.key)];
        world.change(&mut stream, |stream| stream.status = StreamStatus::Paused).await;
        world.revoke_a_token().await;
        world.collect().await;
        assert!(app.streams.drain().is_empty(), "there is nothing to push");
        assert_eq!(world.push_again(&messages).await.0.len(), 0);
        world.change(&mut stream, |stream| stream.status = StreamStatus::Enabled).await;
        let client = format!("/v1/orgs/1/clients/{}", stream.key.client);
        app.patch(&client, &app.admin, json!({"enabled": false})).await.ok();
        assert_eq!(world.push_again(&messages).await.0.len(), 0);
        app.patch(&client, &app.admin, json!({"enabled": true})).await.ok();
        assert_eq!(world.push_again(&messages).await.0.len(), 1);
        // An org that was disabled has that to tell.
        world.stream("11", |_| ()).await;
        app.patch("/v1/orgs/11", &app.admin, json!({"enabled": false})).await.ok();
        let told = world.told().await;
        let of_org: Vec<_> = told.iter().filter(|claims| claims["sub_id"]["tenant"]["id"] == "11").collect();
        assert_eq!(of_org.len(), 1, "{told:?}");
        // And one that is gone has nobody to tell.
        world.revoke_a_token().await;
        world.collect().await;
        app.delete(&client, &app.admin).await.is_empty();
        assert_eq!(world.push().await.0.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_what_a_client_has_for_a_person_is_one_signal() {
    for world in World::all("client").await {
        let app = world.app();
        world.stream("1", |_| ()).await;
        let client = json!({"kind": "confidential", "grants": ["client_credentials"], "alias": "shop"});
        let client = app.post("/v1/orgs/1/clients", Some(&app.admin), client).await.created()["id"].clone();
        world.told().await;
        let mark = shared::domain::NotBefore {
            key: shared::domain::NotBeforeKey {
                org: OrgId::parse("1").unwrap(),
                kind: shared::domain::NotBeforeScope::ClientOf(
                    ClientId::from_number(client.as_u64().unwrap()).unwrap(),
                    Subject::parse("ann").unwrap(),
                ),
            },
            not_before: NOW,
            expires_at: Some(NOW.plus(Seconds::DAY)),
        };
        app.store.set_not_before(&mark).await.unwrap();
        let told = world.told().await;
        let subject = json!({
            "format": "complex", "user": ann(), "tenant": {"format": "opaque", "id": "1"},
            "application": {"format": "opaque", "id": client.to_string()},
        });
        assert_eq!((told.len(), &told[0]["sub_id"]), (1, &subject));
        // Where a subject may have one token only, each new one marks those before it, and nobody has to be told.
        let path = format!("/v1/orgs/1/clients/{client}");
        app.patch(&path, &app.admin, json!({"single_token_per_subject": true})).await.ok();
        world.told().await;
        app.store.set_not_before(&shared::domain::NotBefore { not_before: NOW.plus(Seconds(5)), ..mark }).await.unwrap();
        assert_eq!(world.told().await, Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_gets_the_password_that_it_has_given_and_nobody_reads_it_in_the_store() {
    let world = World::local("password").await;
    let app = world.app();
    let secret = Secret::new("Bearer s3cret".to_owned());
    let signing = &app.platform.minting.signing;
    let mut stream = world.stream("1", |_| ()).await;
    let sealed = seal_header(signing, &stream.key, &secret, &Seeded::new(3)).await.unwrap();
    assert!(!sealed.as_bytes().windows(6).any(|part| part == b"s3cret"));
    assert_eq!(open_header(signing, &stream.key, &sealed).await.unwrap().expose(), "Bearer s3cret");
    let other = EventStreamKey { id: TokenId::first_of(NOW), ..stream.key.clone() };
    assert!(open_header(signing, &other, &sealed).await.is_err(), "no other stream opens it");
    world
        .change(&mut stream, |stream| {
            let endpoint_url = RECEIVER.to_owned();
            stream.delivery = EventDelivery::Push { endpoint_url, authorization_header: Some(sealed) };
        })
        .await;
    world.revoke_a_token().await;
    world.collect().await;
    let (pushed, _) = world.push().await;
    assert_eq!(pushed[0].authorization.as_deref(), Some("Bearer s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_can_tell_of_itself() {
    let world = World::local("itself").await;
    let (app, stream) = (world.app(), world.stream("1", |_| ()).await);
    let id = stream.key.id.to_string();
    let tested = verification(&stream, Some("VGhpcw"), NOW, &Seeded::new(5)).unwrap();
    let bare = verification(&stream, None, NOW, &Seeded::new(6)).unwrap();
    let paused = stream_updated(&stream, StreamStatus::Paused, Some("License is not valid"), NOW, &Seeded::new(7)).unwrap();
    for signal in [&tested, &bare, &paused] {
        app.store.put_signal(signal).await.unwrap();
    }
    let (pushed, _) = world.push_again(&[message(&stream.key)]).await;
    let claims: Vec<_> = pushed.iter().map(Pushed::claims).collect();
    assert!(claims.iter().all(|claims| claims["sub_id"] == json!({"format": "opaque", "id": id})));
    let of = |signal: &PendingSignal| {
        claims.iter().find(|claims| claims["jti"] == signal.jti.to_string()).expect("it is delivered")["events"].clone()
    };
    assert_eq!(of(&tested), json!({SecurityEvent::VERIFICATION: {"state": "VGhpcw"}}));
    assert_eq!(of(&bare), json!({SecurityEvent::VERIFICATION: {}}));
    assert_eq!(of(&paused), json!({SecurityEvent::STREAM_UPDATED: {"status": "paused", "reason": "License is not valid"}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_understands_holds_up_no_other() {
    let world = World::aws().await;
    let stream = world.stream("1", |_| ()).await;
    world.revoke_a_token().await;
    world.collect().await;
    let messages = ["{}".to_owned(), "x".to_owned(), message(&stream.key)];
    let (pushed, again) = world.push_again(&messages).await;
    assert_eq!((pushed.len(), again), (1, 0), "it would come again for ever");
    let good = json!({"id": "e", "time": 1, "action": "tokens.revoked", "org": "1", "set": "member", "subject": "ann"});
    let bad = json!({"id": "e", "time": 1, "action": "tokens.revoked", "org": "1", "set": "member"});
    let answer = invoke::<CollectSignals>(world.app(), &[good.to_string(), bad.to_string(), "{".to_owned()]).await;
    let failed = json!([{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]);
    assert_eq!(answer, json!({"batchItemFailures": failed}), "these go to the queue of failures in the end");
    assert_eq!(world.waiting(&stream).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_server_pushes_what_waited_and_a_receiver_that_is_down_holds_up_no_other() {
    const DOWN: &str = "https://down.example/events";
    let world = World::local("worker").await;
    let World::Local { app, store, .. } = &world else { unreachable!() };
    let receiver = app.receiver.clone();
    receiver.go_down(DOWN);
    let to_nobody = EventDelivery::Push { endpoint_url: DOWN.to_owned(), authorization_header: None };
    let down = world.stream("1", |stream| stream.delivery = to_nobody).await;
    let up = world.stream("1", |_| ()).await;
    world.revoke_a_token().await;
    world.collect().await;
    // What waits is found without being named.
    let (queue, worker) = PushQueue::open(store).unwrap();
    let working = tokio::spawn(worker.run(service(app).provide()));
    until(|| receiver.count(RECEIVER) == 1 && receiver.count(DOWN) >= 2).await;
    world.revoke_a_token().await;
    world.collect().await;
    for _ in 0..3 {
        queue.wake(&up.key, "again").await.unwrap();
    }
    until(|| receiver.count(RECEIVER) == 2).await;
    assert_eq!((world.waiting(&up).await.len(), world.waiting(&down).await.len()), (0, 2));
    receiver.come_back();
    drop(queue);
    tokio::time::timeout(PATIENCE, working).await.expect("it ends when nothing is left").unwrap();
    assert!(world.waiting(&down).await.is_empty());
    assert_eq!(receiver.count(RECEIVER), 2);
}

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to it");
}
