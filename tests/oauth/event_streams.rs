//! Event streams: OpenID Shared Signals Framework 1.0 sections 7 and 8, RFC 8936.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::domain::{
    ClientId, Clock as _, EventDelivery, EventStream, EventStreamKey, OrgId, PendingSignal, SecurityEvent, StreamStatus, TokenId,
};
use shared::jose::{jwk, sha256};
use shared::keys::signer::Signer as _;

use super::tenant::{BOUND, By, ISSUER, KEYED, NOW, SERVER, Tenant, WEB, claims, client_key, fresh_id, jwt, part, proof, text};
use crate::support::{Answer, App, over, scenario};

const STREAM: &str = "/ssf/stream";
const STATUS: &str = "/ssf/status";
const POLL: &str = "urn:ietf:rfc:8936";
const PUSH: &str = "urn:ietf:rfc:8935";

/// Clients of an org that supports the scopes of receivers.
struct Receiving<'a> {
    app: &'a App,
    tenant: Tenant<'a>,
    /// The token of [`WEB`] that may do everything.
    token: String,
}

impl<'a> Receiving<'a> {
    async fn new(tenant: Tenant<'a>) -> Self {
        let scopes = ["read", "ssf.read", "ssf.manage"].map(|name| json!({ "name": name }));
        tenant.set(json!({ "supported_scopes": scopes })).await;
        let token = tenant.own_token(WEB, &[("scope", "ssf.manage")]).await;
        Self { app: tenant.app, tenant, token }
    }

    /// The answer to a request with JSON, if there is some.
    async fn send_as(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.app.send(request.body(body).unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send_as(&self.token, Method::POST, path, Some(body)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send_as(&self.token, Method::GET, path, None).await
    }

    /// A new stream of [`WEB`], whose id is returned.
    async fn create(&self, body: Value) -> String {
        text(&self.post(STREAM, body).await.created()["stream_id"])
    }

    /// What waits in a stream, with `more` laid over a request for all.
    async fn poll(&self, stream: &str, more: Value) -> Value {
        self.post(&format!("/ssf/poll/{stream}"), over(json!({"returnImmediately": true}), more)).await.ok()
    }

    /// The ids of the signals that wait in a stream.
    async fn waiting(&self, stream: &str) -> Vec<String> {
        self.poll(stream, json!({})).await["sets"].as_object().unwrap().keys().cloned().collect()
    }

    fn key(&self, client: u64, stream: &str) -> EventStreamKey {
        EventStreamKey {
            org: OrgId::parse(self.tenant.org).unwrap(),
            client: ClientId::from_number(self.tenant.id(client)).unwrap(),
            id: stream.parse().unwrap(),
        }
    }

    async fn record(&self, stream: &str) -> EventStream {
        self.app.store.event_stream(&self.key(WEB, stream)).await.unwrap().expect("a stream")
    }

    /// Puts signals into a stream as if something had happened, and returns their ids, oldest first.
    async fn put(&self, stream: &str, count: u8) -> Vec<String> {
        let now = self.app.clock.now();
        let mut ids = Vec::new();
        for n in 0..count {
            let jti = TokenId::from_hash(now, &[n; 32]);
            let claims = json!({"sub_id": {"format": "opaque", "id": "x"}, "events": {SecurityEvent::SessionRevoked.uri(): {"event_timestamp": n}}});
            let signal = PendingSignal {
                stream: self.key(WEB, stream),
                jti,
                claims: claims.to_string(),
                expires_at: now.plus(PendingSignal::LIFETIME),
            };
            self.app.store.put_signal(&signal).await.unwrap();
            ids.push(jti.to_string());
        }
        ids
    }
}

/// Makes a client of org 1, has it create a push stream, change it in all ways and ask for a verification, and deletes it. Returns the
/// numbers of the client and of the stream.
pub(crate) async fn changed_and_deleted(app: &App) -> [Value; 2] {
    let scopes = ["ssf.read", "ssf.manage"].map(|name| json!({ "name": name }));
    app.patch("/v1/orgs/1", &app.admin, json!({"settings": {"supported_scopes": scopes}})).await.ok();
    let client = json!({"kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"]});
    let client = app.post("/v1/orgs/1/clients", Some(&app.admin), client).await.created();
    let credentials = format!("client_id={}&client_secret={}", client["id"], text(&client["secret"]));
    let request = Request::post("/oauth2/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let form = format!("{credentials}&grant_type=client_credentials&scope=ssf.manage");
    let token = text(&app.send(request.body(form.into()).unwrap()).await.ok()["access_token"]);
    let send = async |method: Method, path: &str, body: Value| {
        let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let answer = app.send(request.body(body.to_string().into()).unwrap()).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    };
    let delivery = json!({"method": PUSH, "endpoint_url": "https://receiver.example/s3cr3t-path", "authorization_header": "Bearer s3cr3t-header"});
    let events = [SecurityEvent::SessionRevoked.uri()];
    let stream = send(Method::POST, STREAM, json!({"delivery": delivery, "events_requested": events})).await.created();
    let named = json!({"stream_id": stream["stream_id"]});
    send(Method::POST, "/ssf/verify", named.clone()).await;
    send(Method::PATCH, STREAM, over(named.clone(), json!({"description": "Gateway"}))).await;
    send(Method::POST, STATUS, over(named.clone(), json!({"status": "paused", "reason": "maintenance"}))).await;
    let subject = json!({"subject": {"format": "opaque", "id": "eve"}});
    send(Method::POST, "/ssf/subjects/remove", over(named, subject)).await;
    app.delete(&format!("/v1/orgs/1/clients/{}", client["id"]), &app.admin).await.is_empty();
    [client["id"].clone(), stream["stream_id"].clone()]
}

/// Asserts that these events of the audit trail tell of all that [`changed_and_deleted`] has done to the stream.
pub(crate) fn are_told(events: &[Value], [client, stream]: &[Value; 2]) {
    let told: Vec<_> = events.iter().filter(|event| text(&event["action"]).starts_with("stream.")).collect();
    let actions: Vec<_> = told.iter().map(|event| text(&event["action"])).collect();
    let expected = ["stream.created", "stream.changed", "stream.changed", "stream.changed", "stream.deleted"];
    assert_eq!(actions, expected, "a verification is no change");
    let first = json!({
        "audiences": [client.to_string()], "client": client.to_string(), "delivery": PUSH, "endpoint_origin": "https://receiver.example",
        "events_requested": [SecurityEvent::SessionRevoked.uri()], "has_authorization_header": true, "org": "1", "status": "enabled",
        "stream": stream,
    });
    let whole = |changes: Value| over(first.clone(), changes);
    let verified = json!({"revision": 1});
    let described = json!({"revision": 2, "description": "Gateway"});
    let paused = json!({"revision": 3, "description": "Gateway", "status": "paused", "reason": "maintenance"});
    let without = over(paused.clone(), json!({"revision": 4, "removed_subjects": 1}));
    let sides = [(verified, described.clone()), (described, paused.clone()), (paused, without.clone())];
    for (event, (before, after)) in told[1..4].iter().zip(sides) {
        assert_eq!((&event["before"], &event["after"]), (&whole(before), &whole(after)));
    }
    assert_eq!((&told[0]["after"], &told[0]["before"]), (&first, &Value::Null));
    assert_eq!((&told[4]["before"], &told[4]["after"]), (&whole(without), &Value::Null));
    for event in told {
        assert_eq!([&event["org"], &event["client"], &event["stream"]], [&json!("1"), &json!(client.to_string()), stream]);
        assert!(!event.to_string().contains("s3cr3t"), "{event}");
    }
}

/// It is this status, with an error of RFC 6749 section 5.2 that has these words.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    let body = answer.json();
    assert!(body["error"].is_string() && body["error_description"].as_str().unwrap().contains(words), "{body}");
}

fn uris() -> Value {
    SecurityEvent::ALL.iter().map(|event| event.uri()).collect()
}

scenario! {
    async fn ssf_7_2_the_transmitter_says_where_streams_are_managed(app) {
        let found = app.get("/.well-known/ssf-configuration", "").await;
        assert_eq!(found.headers["cache-control"], "public, max-age=300");
        let found = found.ok();
        assert_eq!(found, json!({
            "spec_version": "1_0",
            "issuer": ISSUER,
            "jwks_uri": format!("{ISSUER}/.well-known/jwks.json"),
            "delivery_methods_supported": [PUSH, POLL],
            "configuration_endpoint": format!("{ISSUER}/ssf/stream"),
            "status_endpoint": format!("{ISSUER}/ssf/status"),
            "add_subject_endpoint": format!("{ISSUER}/ssf/subjects/add"),
            "remove_subject_endpoint": format!("{ISSUER}/ssf/subjects/remove"),
            "verification_endpoint": format!("{ISSUER}/ssf/verify"),
            "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
            "default_subjects": "ALL",
        }));
        let catalogue = functions::catalogue::<shared::platform::LocalService>();
        for (name, url) in found.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint")) {
            let path = url.as_str().unwrap().strip_prefix(ISSUER).unwrap();
            assert!(catalogue.iter().any(|entry| entry.route.path == path), "{name}");
        }
        assert_eq!(app.get("/.well-known/ssf-configuration/elsewhere", "").await.status.as_u16(), 404, "the issuer has no path");
    }
}

scenario! {
    async fn ssf_8_1_1_a_stream_is_created_read_changed_replaced_and_deleted(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        assert_eq!(receiving.get(STREAM).await.ok(), json!([]));
        let wanted = [SecurityEvent::SessionRevoked.uri(), "https://example.org/unheard-of"];
        let delivery = json!({"method": PUSH, "endpoint_url": "https://receiver.example/events", "authorization_header": "Bearer s3cr3t-of-theirs"});
        let body = json!({"delivery": delivery, "events_requested": wanted, "description": "Gateway", "unheard_of": 1});
        let created = receiving.post(STREAM, body).await.created();
        let id = text(&created["stream_id"]);
        let expected = json!({
            "stream_id": id,
            "iss": ISSUER,
            "aud": receiving.tenant.id(WEB).to_string(),
            "delivery": {"method": PUSH, "endpoint_url": "https://receiver.example/events"},
            "events_supported": uris(),
            "events_requested": [wanted[1], wanted[0]],
            "events_delivered": [wanted[0]],
            "min_verification_interval": 60,
            "description": "Gateway",
        });
        assert_eq!(created, expected);
        let one = format!("{STREAM}?stream_id={id}");
        assert_eq!(receiving.get(&one).await.ok(), expected);
        assert_eq!(receiving.get(STREAM).await.ok(), json!([expected]));

        let patch = json!({"stream_id": id, "description": "Door", "aud": [expected["aud"]], "iss": ISSUER});
        let patched = receiving.send_as(&receiving.token, Method::PATCH, STREAM, Some(patch)).await.ok();
        assert_eq!(patched, over(expected.clone(), json!({"description": "Door"})));
        let is_sealed = |stream: EventStream| matches!(stream.delivery, EventDelivery::Push { authorization_header: Some(_), .. });
        assert!(is_sealed(receiving.record(&id).await), "what isn't said stays");

        let put = json!({"stream_id": id, "events_delivered": expected["events_delivered"]});
        let replaced = receiving.send_as(&receiving.token, Method::PUT, STREAM, Some(put)).await.ok();
        let polled = json!({"method": POLL, "endpoint_url": format!("{ISSUER}/ssf/poll/{id}")});
        let defaults = over(expected, json!({"delivery": polled, "events_requested": uris(), "events_delivered": uris()}));
        let mut defaults = defaults;
        defaults.as_object_mut().unwrap().remove("description");
        let sorted = |mut view: Value| {
            for name in ["events_supported", "events_requested", "events_delivered"] {
                view[name].as_array_mut().unwrap().sort_by_key(Value::to_string);
            }
            view
        };
        assert_eq!(sorted(replaced), sorted(defaults), "what isn't said is as for a new one");

        receiving.send_as(&receiving.token, Method::DELETE, &one, None).await.is_empty();
        assert_eq!(receiving.send_as(&receiving.token, Method::DELETE, &one, None).await.status.as_u16(), 404);
        assert_eq!(receiving.get(&one).await.status.as_u16(), 404);
        assert_eq!(receiving.get(STREAM).await.ok(), json!([]));
    }
}

scenario! {
    async fn a_streams_secret_header_is_encrypted_and_never_shown(app) {
        const HEADER: &str = "Bearer s3cr3t-of-theirs";
        let receiving = Receiving::new(Tenant::opaque(app).await).await;
        let body = json!({"delivery": {"method": PUSH, "endpoint_url": "https://receiver.example/e", "authorization_header": HEADER}});
        let [one, other] = [receiving.create(body.clone()).await, receiving.create(body).await];
        for answer in [receiving.get(STREAM).await, receiving.get(&format!("{STREAM}?stream_id={one}")).await] {
            let shown = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!shown.contains("s3cr3t") && !shown.contains("authorization_header"), "{shown}");
        }
        let mut kept = Vec::new();
        for id in [&one, &other] {
            let EventDelivery::Push { authorization_header: Some(sealed), .. } = receiving.record(id).await.delivery else { panic!("{id}") };
            assert!(!sealed.as_bytes().windows(6).any(|part| HEADER.as_bytes().windows(6).any(|secret| secret == part)));
            kept.push(sealed);
        }
        assert_ne!(kept[0], kept[1], "nobody sees that two are the same");
    }
}

scenario! {
    async fn a_stream_is_of_its_client_alone(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let elsewhere = Receiving::new(Tenant::opaque(app).await).await;
        let id = receiving.create(json!({})).await;
        let other = receiving.tenant.own_token(SERVER, &[("scope", "ssf.manage")]).await;
        for token in [&other, &elsewhere.token] {
            let named = json!({"stream_id": id});
            for (method, path, body) in [
                (Method::GET, format!("{STREAM}?stream_id={id}"), None),
                (Method::DELETE, format!("{STREAM}?stream_id={id}"), None),
                (Method::PATCH, STREAM.to_owned(), Some(named.clone())),
                (Method::PUT, STREAM.to_owned(), Some(named.clone())),
                (Method::GET, format!("{STATUS}?stream_id={id}"), None),
                (Method::POST, STATUS.to_owned(), Some(json!({"stream_id": id, "status": "disabled"}))),
                (Method::POST, "/ssf/subjects/add".to_owned(), Some(over(named.clone(), json!({"subject": {"format": "opaque", "id": "x"}})))),
                (Method::POST, "/ssf/subjects/remove".to_owned(), Some(over(named.clone(), json!({"subject": {"format": "opaque", "id": "x"}})))),
                (Method::POST, "/ssf/verify".to_owned(), Some(named.clone())),
                (Method::POST, format!("/ssf/poll/{id}"), Some(json!({}))),
            ] {
                is_refused(&receiving.send_as(token, method, &path, body).await, 404, "no such event stream");
            }
            assert_eq!(receiving.send_as(token, Method::GET, STREAM, None).await.ok(), json!([]));
        }
        for unknown in ["x", "00000000000000000000000000000000", ""] {
            let answer = receiving.get(&format!("{STREAM}?stream_id={unknown}")).await;
            assert_eq!(answer.status.as_u16(), if unknown.is_empty() { 200 } else { 404 }, "{unknown}");
        }
        assert_eq!(receiving.record(&id).await.revision, 0, "nobody has changed it");
    }
}

scenario! {
    async fn only_a_client_with_a_token_of_its_own_and_the_scope_may(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let receiving = Receiving::new(tenant).await;
            let id = receiving.create(json!({})).await;
            let reading = tenant.own_token(WEB, &[("scope", "ssf.read")]).await;
            let poll = format!("/ssf/poll/{id}");
            for (method, path, body) in [
                (Method::GET, format!("{STREAM}?stream_id={id}"), None),
                (Method::GET, STREAM.to_owned(), None),
                (Method::GET, format!("{STATUS}?stream_id={id}"), None),
                (Method::POST, poll.clone(), Some(json!({}))),
            ] {
                receiving.send_as(&reading, method, &path, body).await.ok();
            }
            let neither = tenant.own_token(WEB, &[("scope", "read")]).await;
            let change = json!({"stream_id": id, "status": "paused"});
            for (token, method, path, body, needs) in [
                (&reading, Method::POST, STREAM, Some(json!({})), "ssf.manage"),
                (&reading, Method::POST, STATUS, Some(change.clone()), "ssf.manage"),
                (&reading, Method::POST, "/ssf/verify", Some(json!({"stream_id": id})), "ssf.manage"),
                (&neither, Method::GET, STREAM, None, "ssf.read"),
                (&neither, Method::POST, poll.as_str(), Some(json!({})), "ssf.read"),
            ] {
                let answer = receiving.send_as(token, method, path, body).await;
                if tenant.org == "500" && token == &neither {
                    // An opaque token without these scopes doesn't say of which org it is.
                    assert_eq!(answer.status.as_u16(), 401, "{path}");
                    continue;
                }
                is_refused(&answer, 403, needs);
                let challenge = answer.headers["www-authenticate"].to_str().unwrap();
                assert!(challenge.contains(&format!("error=\"insufficient_scope\", scope=\"{needs}\"")), "{challenge}");
            }
            let of_member = text(&tenant.for_member(WEB, &[("scope", "read")]).await["access_token"]);
            for bad in [&*of_member, &app.admin, "x", &format!("{}.{}", tenant.org, "A".repeat(43))] {
                let answer = receiving.send_as(bad, Method::GET, STREAM, None).await;
                assert_eq!(answer.status.as_u16(), 401, "{bad}");
                let challenge = answer.headers["www-authenticate"].to_str().unwrap();
                assert!(challenge.contains("error=\"invalid_token\"") && challenge.contains("DPoP"), "{challenge}");
            }
            let none = app.send(Request::get(STREAM).body(Bytes::new()).unwrap()).await;
            assert_eq!(none.status.as_u16(), 401);
            tenant.revoke(WEB, &receiving.token).await;
            assert_eq!(receiving.get(STREAM).await.status.as_u16(), 401, "revoked tokens open nothing");
        }
    }
}

scenario! {
    async fn rfc9449_7_a_token_that_is_bound_to_a_key_needs_its_proof(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let form = [("grant_type", "client_credentials"), ("scope", "ssf.manage")];
        let by = By::Client(BOUND);
        let asked = receiving.tenant.send("/oauth2/token", by, &form, &[("dpop", &proof(json!({})))]).await;
        let token = text(&asked.ok()["access_token"]);
        assert_eq!(receiving.send_as(&token, Method::GET, STREAM, None).await.status.as_u16(), 401);
        let send = async |method: &str, path: &str, htu: &str, body: Option<&str>| {
            let ath = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
            let header = json!({"typ": "dpop+jwt", "alg": "ES384", "jwk": jwk::to_json(client_key().jwk())});
            let payload = json!({"jti": fresh_id(), "htm": method, "htu": format!("{ISSUER}{htu}"), "iat": NOW, "ath": ath});
            let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("DPoP {token}"));
            let request = request.header("dpop", jwt(&client_key(), &header, &payload)).header(header::CONTENT_TYPE, "application/json");
            app.send(request.body(body.unwrap_or_default().to_owned().into()).unwrap()).await
        };
        let id = text(&send("POST", STREAM, STREAM, Some("{}")).await.created()["stream_id"]);
        let poll = format!("/ssf/poll/{id}");
        send("POST", &poll, &poll, Some("{}")).await.ok();
        assert_eq!(send("POST", &poll, STREAM, Some("{}")).await.status.as_u16(), 401, "a proof for another endpoint");
        send("GET", &format!("{STREAM}?stream_id={id}"), STREAM, None).await.ok();
    }
}

scenario! {
    async fn what_is_wrong_with_a_stream_is_named(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let push = |more: Value| json!({"delivery": over(json!({"method": PUSH, "endpoint_url": "https://receiver.example/events"}), more)});
        let many: Vec<_> = (0..101).map(|n| format!("urn:event:{n}")).collect();
        for (body, words) in [
            (json!({"delivery": {"endpoint_url": "https://receiver.example"}}), "delivery.method is required"),
            (push(json!({"method": "push"})), "delivery.method must be urn:ietf:rfc:8935 (push) or urn:ietf:rfc:8936 (poll)"),
            (json!({"delivery": {"method": PUSH}}), "delivery.endpoint_url is required"),
            (push(json!({"endpoint_url": format!("https://receiver.example/{}", "x".repeat(1_000))})), "delivery.endpoint_url must be at most 1000 bytes"),
            (push(json!({"endpoint_url": "http://receiver.example/events"})), "delivery.endpoint_url must be an https URL"),
            (push(json!({"endpoint_url": "https://receiver.example/events#x"})), "delivery.endpoint_url must be an https URL"),
            (push(json!({"endpoint_url": "https://a:b@receiver.example/events"})), "delivery.endpoint_url must be an https URL"),
            (push(json!({"endpoint_url": "http://127.0.0.1/events"})), "delivery.endpoint_url must be an https URL"),
            (push(json!({"authorization_header": ""})), "delivery.authorization_header must be 1 to 1000 printable ASCII characters"),
            (push(json!({"authorization_header": "a\r\nb"})), "delivery.authorization_header must be"),
            (json!({"events_requested": many}), "events_requested must be at most 100 URIs"),
            (json!({"events_requested": [""]}), "events_requested"),
            (json!({"events_requested": "x"}), "events_requested must be a list"),
            (json!({"description": "x".repeat(201)}), "description must be at most 200 characters"),
            (json!([]), "must be an object"),
        ] {
            is_refused(&receiving.post(STREAM, body.clone()).await, 400, words);
        }
        let id = receiving.create(json!({})).await;
        for (more, words) in [
            (json!({"iss": "https://other.example"}), "iss must be left out, or what the stream has"),
            (json!({"aud": "x"}), "aud must be left out"),
            (json!({"aud": 7}), "aud must be left out"),
            (json!({"events_supported": []}), "events_supported must be left out"),
            (json!({"events_delivered": []}), "events_delivered must be left out"),
            (json!({"min_verification_interval": 1}), "min_verification_interval must be left out"),
            (json!({"delivery": {"method": POLL, "endpoint_url": "https://other.example"}}), "delivery.endpoint_url must be left out"),
            (json!({"stream_id": 7}), "stream_id must be a string"),
        ] {
            for method in [Method::PATCH, Method::PUT] {
                let body = over(json!({"stream_id": id}), more.clone());
                is_refused(&receiving.send_as(&receiving.token, method, STREAM, Some(body)).await, 400, words);
            }
        }
        is_refused(&receiving.send_as(&receiving.token, Method::PATCH, STREAM, Some(json!({}))).await, 400, "stream_id is required");
        is_refused(&receiving.send_as(&receiving.token, Method::DELETE, STREAM, None).await, 400, "stream_id is required in the query");
        is_refused(&receiving.get(STATUS).await, 400, "stream_id is required in the query");
        for body in [json!({"stream_id": id, "status": "gone"}), json!({"stream_id": id})] {
            is_refused(&receiving.post(STATUS, body).await, 400, "status");
        }
        for subject in [json!("ann"), json!({}), json!({"format": "iss_sub", "sub": "ann"}), json!({"format": "s3cret", "s3cret": "1"})] {
            for path in ["/ssf/subjects/add", "/ssf/subjects/remove"] {
                let answer = receiving.post(path, json!({"stream_id": id, "subject": subject})).await;
                is_refused(&answer, 400, "subject must be");
                assert!(!String::from_utf8_lossy(&answer.body).contains("s3cret"), "what was sent isn't repeated");
            }
        }
        is_refused(&receiving.post("/ssf/verify", json!({"stream_id": id, "state": "x".repeat(1_001)})).await, 400, "state must be at most 1000 bytes");
        let poll = format!("/ssf/poll/{id}");
        for body in [json!({"maxEvents": -1}), json!({"ack": "x"}), json!({"setErrs": {"s3cret": 1}}), json!({"ack": vec!["x"; 1_001]})] {
            let answer = receiving.post(&poll, body).await;
            is_refused(&answer, 400, "must");
            assert!(!String::from_utf8_lossy(&answer.body).contains("s3cret"));
        }
        let form = Request::post(STREAM).header(header::AUTHORIZATION, format!("Bearer {}", receiving.token)).body(Bytes::from("a=b"));
        is_refused(&app.send(form.unwrap()).await, 400, "application/json");
    }
}

scenario! {
    async fn a_client_has_four_streams_at_most_and_none_once_it_is_gone(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(receiving.create(json!({})).await);
        }
        is_refused(&receiving.post(STREAM, json!({})).await, 409, "as many as it may have");
        let gone = format!("{STREAM}?stream_id={}", ids[0]);
        receiving.send_as(&receiving.token, Method::DELETE, &gone, None).await.is_empty();
        receiving.create(json!({})).await;
        let other = receiving.tenant.own_token(KEYED, &[("scope", "ssf.manage")]).await;
        receiving.send_as(&other, Method::POST, STREAM, Some(json!({}))).await.created();
        let org = OrgId::parse(receiving.tenant.org).unwrap();
        assert_eq!(app.store.event_streams(&org, None).await.unwrap().len(), 5);
        app.delete(&format!("/v1/orgs/{org}/clients/{}", receiving.tenant.id(WEB)), &app.admin).await.is_empty();
        let left = app.store.event_streams(&org, None).await.unwrap();
        assert_eq!(left.iter().map(|stream| stream.key.client.as_number()).collect::<Vec<_>>(), [receiving.tenant.id(KEYED)]);
        assert_eq!(receiving.get(STREAM).await.status.as_u16(), 401);
    }
}

scenario! {
    async fn ssf_8_1_2_a_paused_stream_keeps_its_signals_and_a_disabled_one_has_none(app) {
        let receiving = Receiving::new(Tenant::opaque(app).await).await;
        let id = receiving.create(json!({})).await;
        let status = async |status: &str| {
            let told = receiving.post(STATUS, json!({"stream_id": id, "status": status, "reason": "a move"})).await.ok();
            assert_eq!(told, json!({"stream_id": id, "status": status, "reason": "a move"}));
            assert_eq!(receiving.get(&format!("{STATUS}?stream_id={id}")).await.ok(), told);
        };
        assert_eq!(receiving.get(&format!("{STATUS}?stream_id={id}")).await.ok(), json!({"stream_id": id, "status": "enabled"}));
        let ids = receiving.put(&id, 2).await;
        assert_eq!(receiving.waiting(&id).await, ids);
        status("paused").await;
        assert!(receiving.waiting(&id).await.is_empty());
        status("enabled").await;
        assert_eq!(receiving.waiting(&id).await, ids, "they have waited");
        app.clock.advance_ms(1);
        status("disabled").await;
        assert!(receiving.waiting(&id).await.is_empty());
        app.clock.advance_ms(1);
        status("enabled").await;
        assert!(receiving.waiting(&id).await.is_empty(), "what happened before is over");
        app.clock.advance_ms(1);
        let later = receiving.put(&id, 1).await;
        assert_eq!(receiving.waiting(&id).await, later);
        assert_eq!(receiving.record(&id).await.status, StreamStatus::Enabled);
    }
}

scenario! {
    async fn ssf_8_1_3_a_receiver_says_of_whom_it_does_not_want_to_hear(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let id = receiving.create(json!({})).await;
        let ann = json!({"format": "iss_sub", "iss": ISSUER, "sub": "ann"});
        let session = json!({"format": "complex", "user": ann, "session": {"format": "opaque", "id": "s-1"}});
        let named = |subject: &Value| json!({"stream_id": id, "subject": subject, "verified": true});
        for subject in [&ann, &ann, &session] {
            receiving.post("/ssf/subjects/remove", named(subject)).await.is_empty();
        }
        let stream = receiving.record(&id).await;
        assert_eq!((stream.removed_subjects.len(), stream.revision), (2, 2), "the same once more changes nothing");
        assert!(!format!("{:?}", stream.removed_subjects).contains("ann"), "hashes are kept, no names");
        for (subject, left) in [(&json!({"format": "email", "email": "x@example.org"}), 2), (&ann, 1), (&session, 0), (&session, 0)] {
            let added = receiving.post("/ssf/subjects/add", named(subject)).await;
            assert_eq!((added.status.as_u16(), added.body.len()), (200, 0));
            assert_eq!(receiving.record(&id).await.removed_subjects.len(), left, "{subject}");
        }
        let aliases = json!({"format": "aliases", "identifiers": [ann, {"format": "email", "email": "ann@example.org"}]});
        receiving.post("/ssf/subjects/remove", named(&aliases)).await.is_empty();
        assert_eq!(receiving.record(&id).await.removed_subjects.len(), 2);
    }
}

scenario! {
    async fn ssf_8_1_4_a_receiver_tests_its_stream_once_a_minute(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let id = receiving.create(json!({"events_requested": [SecurityEvent::AccountPurged.uri()]})).await;
        let verify = json!({"stream_id": id, "state": "st\"ate é"});
        receiving.post("/ssf/verify", verify.clone()).await.is_empty();
        let polled = receiving.poll(&id, json!({})).await;
        let sets = polled["sets"].as_object().unwrap();
        let (jti, set) = sets.iter().next().expect("a signal");
        let set = set.as_str().unwrap();
        assert_eq!((sets.len(), part(set, 0)["typ"].as_str()), (1, Some("secevent+jwt")));
        let said = claims(set);
        assert_eq!((&said["jti"], &said["iss"], &said["aud"]), (&json!(jti), &json!(ISSUER), &json!(receiving.tenant.id(WEB).to_string())));
        assert_eq!(said["sub_id"], json!({"format": "opaque", "id": id}));
        assert_eq!(said["events"], json!({SecurityEvent::VERIFICATION: {"state": "st\"ate é"}}));
        for absent in ["sub", "exp"] {
            assert_eq!(said.get(absent), None, "OpenID Shared Signals Framework 1.0 section 4");
        }
        app.clock.advance_ms(59_000);
        let again = receiving.post("/ssf/verify", verify.clone()).await;
        is_refused(&again, 429, "");
        assert_eq!(again.headers["retry-after"], "1");
        app.clock.advance_ms(1_000);
        receiving.post("/ssf/verify", json!({"stream_id": id})).await.is_empty();
        let sets = receiving.poll(&id, json!({"ack": [jti]})).await;
        let second = sets["sets"].as_object().unwrap().values().next().unwrap().as_str().unwrap();
        assert_eq!(claims(second)["events"], json!({SecurityEvent::VERIFICATION: {}}), "no state was sent");
        app.clock.advance_ms(60_000);
        receiving.post(STATUS, json!({"stream_id": id, "status": "disabled"})).await.ok();
        is_refused(&receiving.post("/ssf/verify", json!({"stream_id": id})).await, 400, "stream_id must be of a stream that isn't disabled");
    }
}

scenario! {
    async fn rfc8936_2_signals_come_until_they_are_acknowledged(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let id = receiving.create(json!({})).await;
        assert_eq!(receiving.poll(&id, json!({})).await, json!({"sets": {}, "moreAvailable": false}));
        let ids = receiving.put(&id, 5).await;
        let first = receiving.poll(&id, json!({"maxEvents": 2})).await;
        assert_eq!(first["moreAvailable"], true);
        let sets = first["sets"].as_object().unwrap();
        assert_eq!(sets.keys().collect::<Vec<_>>(), ids[..2].iter().collect::<Vec<_>>(), "the oldest ones");
        let set = sets[&ids[0]].as_str().unwrap();
        assert_eq!(claims(set)["jti"], ids[0].as_str());
        assert_eq!(claims(set)["iat"], NOW);
        let kid = text(&part(set, 0)["kid"]);
        let keys = app.platform.records.reader.keys.now().await.unwrap();
        assert!(std::str::from_utf8(&keys.jwks).unwrap().contains(&kid), "it is signed by a key that is published");
        assert_eq!(receiving.poll(&id, json!({"maxEvents": 2})).await["sets"].as_object().unwrap().len(), 2, "they come again");
        let only_ack = json!({"maxEvents": 0, "ack": [ids[0], "x", "00000000000000000000000000000000"]});
        assert_eq!(receiving.poll(&id, only_ack).await, json!({"sets": {}, "moreAvailable": true}));
        let rejecting = json!({"setErrs": {&ids[1]: {"err": "invalid_key", "description": "no key"}}});
        let rest = receiving.poll(&id, rejecting).await;
        assert_eq!(rest["sets"].as_object().unwrap().keys().collect::<Vec<_>>(), ids[2..].iter().collect::<Vec<_>>());
        assert_eq!(rest["moreAvailable"], false);
        assert_eq!(receiving.poll(&id, json!({"ack": ids[2..]})).await, json!({"sets": {}, "moreAvailable": false}));
    }
}

scenario! {
    async fn a_signal_that_is_over_is_not_delivered_and_fifty_come_at_once(app) {
        let receiving = Receiving::new(Tenant::opaque(app).await).await;
        let id = receiving.create(json!({})).await;
        receiving.put(&id, 1).await;
        app.clock.advance_ms(i64::from(PendingSignal::LIFETIME.0) * 1_000);
        let token = receiving.tenant.own_token(WEB, &[("scope", "ssf.read")]).await;
        let path = format!("/ssf/poll/{id}");
        let poll = async || receiving.send_as(&token, Method::POST, &path, Some(json!({}))).await.ok();
        assert_eq!(poll().await, json!({"sets": {}, "moreAvailable": false}));
        receiving.put(&id, 51).await;
        let polled = poll().await;
        assert_eq!((polled["sets"].as_object().unwrap().len(), &polled["moreAvailable"]), (50, &json!(true)));
    }
}

scenario! {
    async fn signals_that_are_sent_are_not_fetched(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let id = receiving.create(json!({"delivery": {"method": PUSH, "endpoint_url": "https://receiver.example/events"}})).await;
        is_refused(&receiving.post(&format!("/ssf/poll/{id}"), json!({})).await, 404, "no such event stream");
    }
}

scenario! {
    async fn what_waits_in_a_stream_is_sent_as_soon_as_it_may_be(app) {
        let receiving = Receiving::new(Tenant::jwt(app).await).await;
        let push = json!({"method": PUSH, "endpoint_url": "https://receiver.example/events"});
        let id = receiving.create(json!({"delivery": push})).await;
        let polled = receiving.create(json!({})).await;
        assert!(app.streams.drain().is_empty(), "nothing waits yet");
        let woken = || app.streams.drain().into_iter().map(|(stream, _)| stream).collect::<Vec<_>>();
        for stream in [&id, &polled] {
            receiving.post("/ssf/verify", json!({"stream_id": stream})).await.is_empty();
        }
        assert_eq!(woken(), [receiving.key(WEB, &id)], "the other one is fetched");
        for (status, is_sent) in [("paused", false), ("disabled", false), ("enabled", true)] {
            receiving.post(STATUS, json!({"stream_id": id, "status": status})).await.ok();
            assert_eq!(woken().len(), usize::from(is_sent), "{status}");
        }
        let patch = json!({"stream_id": polled, "delivery": push});
        receiving.send_as(&receiving.token, Method::PATCH, STREAM, Some(patch)).await.ok();
        assert_eq!(woken(), [receiving.key(WEB, &polled)], "what waited to be fetched is sent now");
    }
}
