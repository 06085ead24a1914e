//! All that the functions can do at which receivers of shared signals manage their event streams.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::domain::Clock as _;
use shared::jose::{jwk, sha256};
use shared::keys::signer::Signer as _;
use shared::platform::SystemClock;

use super::Recorded;
use super::authlete::{jwt, signer};
use super::units::Units;
use crate::support::deployment::ISSUER;

/// Has each of them do it, for a client whose tokens are bound to a key. Returns what each costs.
pub(super) async fn everything(run: &mut Recorded) -> Vec<(&'static str, Units)> {
    let scopes = json!({"settings": {"supported_scopes": [{"name": "ssf.manage"}]}});
    run.good("jeton.patch_org", "/v1/orgs/1", scopes).await;
    let draft = json!({"kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"], "dpop_bound_tokens": true});
    let client = run.good("jeton.create_client", "/v1/orgs/1/clients", draft).await;
    let form = format!(
        "grant_type=client_credentials&scope=ssf.manage&client_id={}&client_secret={}",
        client["id"],
        client["secret"].as_str().unwrap()
    );
    let bound = json!({"headers": {"dpop": proof("POST", "/oauth2/token", None)}, "form": form});
    let token = run.good("oauth.token", "/oauth2/token", bound).await["access_token"].as_str().unwrap().to_owned();
    let with = |method: &str, path: &str, mut body: Value| {
        let endpoint = path.split('?').next().unwrap();
        body["headers"] = json!({
            "authorization": format!("DPoP {token}"), "dpop": proof(method, endpoint, Some(&token)), "content-type": "application/json",
        });
        body
    };
    let mut costs = Vec::new();
    let pushed = json!({"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://receiver.example/", "authorization_header": "Bearer x"}});
    let (units, made) = run.cost("oauth.create_event_stream", STREAM, with("POST", STREAM, pushed.clone())).await;
    costs.push(("an event stream is created", units));
    let id = made["stream_id"].as_str().unwrap();
    let one = format!("{STREAM}?stream_id={id}");
    let changed = |mut more: Value| {
        more["stream_id"] = id.into();
        more
    };
    for (what, name, path, method, body) in [
        ("", "oauth.ssf_configuration", "/.well-known/ssf-configuration", "GET", json!({})),
        ("an event stream is read", "oauth.get_event_stream", &*one, "GET", json!({})),
        ("all event streams of a client are read", "oauth.get_event_stream", STREAM, "GET", json!({})),
        ("", "oauth.patch_event_stream", STREAM, "PATCH", changed(pushed.clone())),
        ("an event stream is changed", "oauth.patch_event_stream", STREAM, "PATCH", changed(json!({"description": "Gateway"}))),
        ("", "oauth.put_event_stream", STREAM, "PUT", changed(pushed)),
        ("", "oauth.get_stream_status", &format!("/ssf/status?stream_id={id}"), "GET", json!({})),
        (
            "a subject is removed",
            "oauth.remove_subject",
            "/ssf/subjects/remove",
            "POST",
            changed(json!({"subject": {"format": "opaque", "id": "x"}})),
        ),
        ("", "oauth.add_subject", "/ssf/subjects/add", "POST", changed(json!({"subject": {"format": "opaque", "id": "x"}}))),
        ("", "oauth.set_stream_status", "/ssf/status", "POST", changed(json!({"status": "paused"}))),
        ("", "oauth.set_stream_status", "/ssf/status", "POST", changed(json!({"status": "enabled"}))),
        ("an event stream is verified", "oauth.verify_event_stream", "/ssf/verify", "POST", changed(json!({}))),
        ("", "oauth.put_event_stream", STREAM, "PUT", changed(json!({}))),
    ] {
        let (units, _) = run.cost(name, path, with(method, path, body)).await;
        costs.extend((!what.is_empty()).then_some((what, units)));
    }
    let path = format!("/ssf/poll/{id}");
    let (units, polled) = run.cost("oauth.poll_signals", &path, with("POST", &path, json!({}))).await;
    costs.push(("a signal is fetched", units));
    let ids: Vec<_> = polled["sets"].as_object().unwrap().keys().collect();
    assert_eq!(ids.len(), 1);
    let (units, _) = run.cost("oauth.poll_signals", &path, with("POST", &path, json!({"ack": ids}))).await;
    costs.push(("a signal is acknowledged, and no other waits", units));
    let (units, _) = run.cost("oauth.delete_event_stream", &one, with("DELETE", &one, json!({}))).await;
    costs.push(("an event stream is deleted", units));
    // One that goes with its client.
    run.good("oauth.create_event_stream", STREAM, with("POST", STREAM, json!({}))).await;
    run.good("jeton.delete_client", &format!("/v1/orgs/1/clients/{}", client["id"]), json!({})).await;
    run.good("jeton.patch_org", "/v1/orgs/1", json!({"settings": {"supported_scopes": null}})).await;
    costs
}

/// A proof for a request to this endpoint, each another one.
fn proof(method: &str, path: &str, token: Option<&str>) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!("event-stream-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut claims = json!({"jti": id, "htm": method, "htu": format!("{ISSUER}{path}"), "iat": SystemClock.now().as_secs()});
    if let Some(token) = token {
        claims["ath"] = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())).into();
    }
    jwt(&json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk::to_json(signer().jwk())}), &claims)
}

const STREAM: &str = "/ssf/stream";
