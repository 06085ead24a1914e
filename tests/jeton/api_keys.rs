//! API keys: `/v1/orgs/{org}/api-keys`, and where keys are taken.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::domain::{ApiKeyValue, Requirements};

use super::authorizer::{ask, simple, token as of_rest_api};
use crate::support::{Answer, App, Mount, Watched, basic, encoded, scenario, text};

const KEYS: &str = "/v1/orgs/1/api-keys";
const API: &str = "https://api.example";
const OTHER_API: &str = "https://other.example";
const ISSUER: &str = "https://jeton.example";
const UNKNOWN: &str = "00000000000000000000000000000000";

/// Org 1 with two APIs, an API secret, and members who look after their own keys.
async fn open(app: &App) {
    let settings = json!({"resources": [API, OTHER_API], "default_resource": API, "api_keys": {"self_service": true}});
    app.put("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
}

fn body(owner: Option<&str>, scopes: &[&str]) -> Value {
    let mut body = json!({"name": "laptop", "scopes": scopes});
    if let Some(owner) = owner {
        body["owner"] = owner.into();
    }
    body
}

/// Makes a key of ann's, as the administrator.
async fn of_ann(app: &App, more: Value) -> Value {
    let asked = crate::support::over(body(Some("ann"), &["urn:app:read", "urn:app:write"]), more);
    app.post(KEYS, Some(&app.admin), asked).await.created()
}

fn at(key: &Value) -> String {
    format!("{KEYS}/{}", text(&key["id"]))
}

/// An API of org 1, which introspects by its client.
struct Api<'a> {
    app: &'a App,
    credentials: String,
}

impl<'a> Api<'a> {
    async fn new(app: &'a App, resource: &str) -> Self {
        let made =
            app.post("/v1/orgs/1/clients", Some(&app.admin), json!({"kind": "confidential", "resources": [resource]})).await;
        let made = made.created();
        Self { app, credentials: basic(&made["id"].to_string(), text(&made["secret"])) }
    }

    async fn send(&self, path: &str, token: &str) -> Answer {
        self.send_form(path, &format!("token={}", encoded(token))).await
    }

    async fn send_form(&self, path: &str, form: &str) -> Answer {
        let request = Request::builder().method(Method::POST).uri(path).header("authorization", &self.credentials);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.app.send(request.body(form.to_owned().into()).unwrap()).await
    }

    async fn introspect(&self, token: &str) -> Value {
        self.send("/oauth2/introspect", token).await.ok()
    }

    async fn lets_in(&self, token: &str) -> bool {
        self.introspect(token).await["active"] == true
    }
}

scenario! {
    async fn a_key_is_told_once_and_then_only_shown(app) {
        open(app).await;
        let answer = app.post(KEYS, Some(&app.admin), body(Some("ann"), &["urn:app:read"])).await;
        let mut made = answer.created();
        assert_eq!(answer.headers["location"], format!("{KEYS}/{}", text(&made["id"])));
        assert_eq!(answer.headers["cache-control"], "no-store");
        let key = text(&made["key"]).to_owned();
        assert!(ApiKeyValue::parse(&key).is_some() && key.starts_with("jtn_pat_"), "{key}");
        made.as_object_mut().unwrap().remove("key");
        assert_eq!(
            made,
            json!({
                "id": made["id"], "hint": &key[..12], "name": "laptop", "org": "1", "owner": "ann", "kind": "pat",
                "scopes": ["urn:app:read"], "resources": [API], "created": "2026-11-22T12:00:00Z", "created_by": "administrator",
                "expires": "2027-02-20T12:00:00Z", "status": "active",
            })
        );
        let shown = app.get(&at(&made), &app.admin).await;
        assert_eq!(shown.ok(), made);
        assert_eq!(app.get(KEYS, &app.admin).await.ok(), json!({"api_keys": [made]}));
        for answer in [shown, app.get("/v1/tokens?kind=api_key", &app.admin).await] {
            assert!(!String::from_utf8_lossy(&answer.body).contains(&key[12..]), "{answer:?}");
        }
        let svc = app.post(KEYS, Some(&app.admin), body(Some("bot"), &["urn:app:read"])).await.created();
        assert!(svc["kind"] == "svc" && text(&svc["key"]).starts_with("jtn_svc_"));
    }
}

scenario! {
    async fn a_key_can_have_only_what_there_is_to_be_had(app) {
        open(app).await;
        let refused = async |more: Value, status: u16, code: &str, field: &str| {
            let asked = crate::support::over(body(Some("ann"), &["urn:app:read"]), more);
            let answer = app.post(KEYS, Some(&app.admin), asked).await;
            answer.is_error(status, code);
            assert_eq!(answer.json().get("field").and_then(Value::as_str).unwrap_or_default(), field, "{answer:?}");
        };
        for (more, field) in [
            (json!({"scopes": []}), "scopes"), (json!({"scopes": ["urn:app:*"]}), "scopes[0]"), (json!({"scopes": ["a?"]}), "scopes[0]"),
            (json!({"scopes": ["urn:app:read", "urn:app:read"]}), "scopes[1]"), (json!({"resources": []}), "resources"),
            (json!({"resources": ["https://elsewhere.example"]}), "resources[0]"), (json!({"resources": [API, API]}), "resources[1]"),
            (json!({"expires_in": 59}), "expires_in"), (json!({"expires_in": 31_536_001}), "expires_in"),
            (json!({"expires": "2026-11-22T12:00:30Z"}), "expires"), (json!({"expires": "soon"}), "expires"),
            (json!({"expires_in": 60, "expires": "2026-12-01T00:00:00Z"}), "expires"), (json!({"name": ""}), "name"),
            (json!({"nmae": "x"}), "nmae"),
        ] {
            refused(more, 400, "INVALID_REQUEST", field).await;
        }
        refused(json!({"scopes": ["urn:app:read", "urn:other"]}), 403, "SCOPE_NOT_HELD", "scopes[1]").await;
        for scope in ["urn:jeton:admin", "urn:jeton:tokens:create", "urn:jeton:orgs:write"] {
            refused(json!({"scopes": ["urn:app:read", scope]}), 400, "SCOPE_NOT_FOR_KEYS", "scopes[1]").await;
        }
        for owner in ["nobody", "gone", "team"] {
            refused(json!({"owner": owner}), 404, "NOT_FOUND", "").await;
        }
        assert_eq!(app.get(KEYS, &app.admin).await.ok(), json!({"api_keys": []}), "nothing is kept");
        app.put("/v1/orgs/1", &app.admin, json!({})).await.ok();
        refused(json!({}), 400, "INVALID_REQUEST", "resources").await;
    }
}

scenario! {
    async fn members_look_after_their_own_keys_where_the_org_lets_them(app) {
        let ann = app.token("1", "ann", &["urn:app:read"]).await;
        app.post(KEYS, Some(&ann), body(None, &["urn:app:read"])).await.is_error(403, "SELF_SERVICE_OFF");
        open(app).await;
        let made = app.post(KEYS, Some(&ann), body(None, &["urn:app:read"])).await.created();
        assert_eq!((&made["owner"], &made["created_by"]), (&json!("ann"), &json!("ann")));
        app.post(KEYS, Some(&ann), body(None, &["urn:app:write"])).await.is_error(403, "SCOPE_NOT_HELD");
        app.post(KEYS, Some(&ann), body(Some("bot"), &["urn:app:read"])).await.is_error(403, "ACCESS_DENIED");
        let of_bot = app.post(KEYS, Some(&app.admin), body(Some("bot"), &["urn:app:read"])).await.created();
        for path in [at(&of_bot), format!("{KEYS}/{UNKNOWN}"), format!("{KEYS}/x")] {
            app.get(&path, &ann).await.is_error(404, "NOT_FOUND");
            app.patch(&path, &ann, json!({"name": "x"})).await.is_error(404, "NOT_FOUND");
            app.post(&format!("{path}/rotate"), Some(&ann), json!({})).await.is_error(404, "NOT_FOUND");
            app.delete(&path, &ann).await.is_error(404, "NOT_FOUND");
        }
        assert_eq!(app.get(KEYS, &ann).await.ok()["api_keys"].as_array().unwrap().len(), 1, "only their own");
        app.get(&format!("{KEYS}?owner=bot"), &ann).await.is_error(403, "ACCESS_DENIED");
        app.post(&format!("{}/rotate", at(&made)), Some(&ann), json!({})).await.created();
        app.delete(&at(&made), &ann).await.is_empty();
        app.delete(&at(&made), &ann).await.is_error(404, "NOT_FOUND");
        assert_eq!(app.get(&at(&made), &ann).await.ok()["revoked_reason"], "owner");
    }
}

scenario! {
    async fn whoever_holds_the_scope_does_so_for_anybody_in_the_org_and_below(app) {
        open(app).await;
        let [minter, reader, revoker, clerk] = [
            app.token("1", "minter", &["urn:jeton:tokens:create"]).await, app.token("1", "reader", &["urn:jeton:tokens:read"]).await,
            app.token("1", "revoker", &["urn:jeton:tokens:revoke"]).await, app.token("1", "clerk", &["urn:jeton:members:write"]).await,
        ];
        let key = app.post(KEYS, Some(&minter), body(Some("ann"), &["urn:app:read"])).await.created();
        app.post(KEYS, Some(&clerk), body(Some("ann"), &["urn:app:read"])).await.is_error(403, "ACCESS_DENIED");
        app.get(&at(&key), &reader).await.ok();
        app.get(&at(&key), &minter).await.is_error(404, "NOT_FOUND");
        app.patch(&at(&key), &reader, json!({"name": "x"})).await.is_error(403, "ACCESS_DENIED");
        app.delete(&at(&key), &reader).await.is_error(403, "ACCESS_DENIED");
        app.delete(&at(&key), &revoker).await.is_empty();
        assert_eq!(app.get(&at(&key), &reader).await.ok()["revoked_reason"], "administrator");
        // A scope of Jeton's own API is handed out only by one who has it.
        let grants = json!({"scopes": ["urn:app:*", "urn:jeton:tokens:read"], "kind": "user"});
        app.put("/v1/orgs/1/members/ann", &app.admin, grants).await.ok();
        let asked = json!({"name": "x", "owner": "ann", "scopes": ["urn:jeton:tokens:read"], "resources": [ISSUER]});
        app.post(KEYS, Some(&minter), asked.clone()).await.is_error(403, "SCOPE_NOT_HELD");
        let key = app.post(KEYS, Some(&app.admin), asked).await.created();
        app.post(&format!("{}/rotate", at(&key)), Some(&minter), json!({})).await.is_error(403, "SCOPE_NOT_HELD");
        // In an org below, and in one of others.
        app.put("/v1/orgs/11", &app.admin, json!({"settings": {"default_resource": API}})).await.ok();
        app.post("/v1/orgs/11/api-keys", Some(&app.admin), body(Some("ann"), &["urn:app:read"])).await.created();
        app.post("/v1/orgs/2/api-keys", Some(&app.admin), body(Some("ann"), &["urn:app:read"])).await.is_error(403, "ACCESS_DENIED");
        app.get("/v1/orgs/2/api-keys", &app.admin).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn the_org_does_everything_by_its_api_secret(app) {
        open(app).await;
        let secret = app.post("/v1/orgs/1/secret", Some(&app.admin), json!({})).await;
        let secret = secret.json();
        let credentials = basic("1", text(&secret["secret"]));
        let call = async |method: Method, path: String, body: Option<Value>| {
            let request = Request::builder().method(method).uri(path).header("authorization", &credentials);
            let request = request.header("content-type", "application/json");
            app.send(request.body(body.map_or_else(Default::default, |body| body.to_string().into())).unwrap()).await
        };
        let without = call(Method::POST, KEYS.into(), Some(body(None, &["urn:app:read"]))).await;
        without.is_error(400, "INVALID_REQUEST");
        assert_eq!(without.json()["field"], "owner");
        let key = call(Method::POST, KEYS.into(), Some(body(Some("ann"), &["urn:app:read"]))).await.created();
        assert!(key.get("created_by").is_none());
        assert_eq!(call(Method::GET, at(&key), None).await.ok()["id"], key["id"]);
        call(Method::POST, format!("{}/rotate", at(&key)), Some(json!({}))).await.created();
        call(Method::DELETE, format!("{}/previous", at(&key)), None).await.is_empty();
        call(Method::DELETE, at(&key), None).await.is_empty();
        let elsewhere = call(Method::GET, "/v1/orgs/11/api-keys".into(), None).await;
        assert_eq!(elsewhere.status, 401);
    }
}

scenario! {
    async fn a_change_only_narrows(app) {
        open(app).await;
        let key = of_ann(app, json!({"resources": [API, OTHER_API]})).await;
        let path = at(&key);
        let shown = app.get(&path, &app.admin).await;
        let narrowed = json!({"name": "desk", "scopes": ["urn:app:read"], "resources": [API], "expires": "2026-12-01T00:00:00Z"});
        let changed = app.send_if(Method::PATCH, &path, &app.admin, &[("if-match", shown.tag())], Some(narrowed.clone())).await;
        let told = changed.ok();
        for name in ["name", "scopes", "resources", "expires"] {
            assert_eq!(told[name], narrowed[name], "{name}");
        }
        app.send_if(Method::PATCH, &path, &app.admin, &[("if-match", shown.tag())], Some(json!({"name": "x"}))).await.is_error(412, "PRECONDITION_FAILED");
        for (patch, field) in [
            (json!({"scopes": ["urn:app:read", "urn:app:write"]}), "scopes"), (json!({"scopes": []}), "scopes"),
            (json!({"resources": [API, OTHER_API]}), "resources"), (json!({"expires": "2026-12-01T00:00:01Z"}), "expires"),
            (json!({"owner": "bot"}), "owner"), (json!({"status": "active", "hint": "x"}), "hint"), (json!({"key": "x"}), "key"),
        ] {
            let answer = app.patch(&path, &app.admin, patch).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field);
        }
        assert_eq!(app.get(&path, &app.admin).await.ok(), told);
        app.delete(&path, &app.admin).await.is_empty();
        app.patch(&path, &app.admin, json!({"name": "x"})).await.is_error(409, "API_KEY_ENDED");
        app.post(&format!("{path}/rotate"), Some(&app.admin), json!({})).await.is_error(409, "API_KEY_ENDED");
    }
}

scenario! {
    async fn an_owner_has_no_more_live_keys_than_the_org_allows(app) {
        let settings = json!({"default_resource": API, "api_keys": {"max_per_owner": 2}});
        app.put("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
        let short = of_ann(app, json!({"expires_in": 60})).await;
        let other = of_ann(app, json!({})).await;
        app.post(KEYS, Some(&app.admin), body(Some("ann"), &["urn:app:read"])).await.is_error(409, "TOO_MANY_API_KEYS");
        app.post(KEYS, Some(&app.admin), body(Some("bot"), &["urn:app:read"])).await.created();
        app.delete(&at(&other), &app.admin).await.is_empty();
        of_ann(app, json!({})).await;
        app.post(KEYS, Some(&app.admin), body(Some("ann"), &["urn:app:read"])).await.is_error(409, "TOO_MANY_API_KEYS");
        app.clock.advance_ms(60_000);
        assert_eq!(app.get(&at(&short), &app.admin).await.ok()["status"], "expired");
        of_ann(app, json!({})).await;
        // What was revoked at once doesn't count either.
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
        app.clock.advance_ms(2_000);
        of_ann(app, json!({})).await;
        assert_eq!(app.get(&format!("{KEYS}?owner=ann&status=active"), &app.admin).await.ok()["api_keys"].as_array().unwrap().len(), 1);
    }
}

scenario! {
    async fn a_page_of_keys_follows_the_other_and_each_status_is_asked_for(app) {
        open(app).await;
        let mut ids = Vec::new();
        for n in 0..5 {
            app.clock.advance_ms(10);
            ids.push(of_ann(app, json!({"expires_in": if n == 0 { 60 } else { 600 }})).await["id"].clone());
        }
        app.delete(&format!("{KEYS}/{}", text(&ids[1])), &app.admin).await.is_empty();
        app.clock.advance_ms(60_000);
        let list = async |query: &str| {
            let (mut all, mut path) = (Vec::new(), format!("{KEYS}?limit=2&{query}"));
            loop {
                let page = app.get(&path, &app.admin).await.ok();
                all.extend(page["api_keys"].as_array().unwrap().iter().map(|key| key["id"].clone()));
                let Some(next) = page.get("next") else { return all };
                path = format!("{KEYS}?limit=2&{query}&after={}", text(next));
            }
        };
        ids.reverse();
        assert_eq!(list("").await, ids);
        assert_eq!(list("status=active&owner=ann").await, ids[..3]);
        assert_eq!((list("status=revoked").await, list("status=expired").await), (ids[3..4].to_vec(), ids[4..].to_vec()));
        for query in ["status=dead", "limit=101", "limit=0", "after=x", "ownr=ann"] {
            app.get(&format!("{KEYS}?{query}"), &app.admin).await.is_error(400, "INVALID_REQUEST");
        }
    }
}

scenario! {
    async fn an_api_hears_what_a_key_for_it_is_good_for_and_no_other_hears_anything(app) {
        open(app).await;
        let (api, other) = (Api::new(app, API).await, Api::new(app, OTHER_API).await);
        let made = of_ann(app, json!({})).await;
        let key = text(&made["key"]);
        let iat = 1_795_348_800;
        assert_eq!(
            api.introspect(key).await,
            json!({
                "active": true, "token_type": "Bearer", "kind": "api_key", "sub": "ann", "scope": "urn:app:read urn:app:write",
                "aud": [API], "iss": ISSUER, "iat": iat, "exp": iat + 90 * 86_400, "jti": made["id"], "org": "1",
                "api_key": {"name": "laptop", "hint": &key[..12]},
            })
        );
        let typo = format!("{}{}", &key[..43], if key.ends_with('0') { '1' } else { '0' });
        for (who, token) in [(&other, key), (&api, &*typo), (&api, "jtn_pat_"), (&api, &key[..43]), (&api, text(&made["id"]))] {
            let answer = who.send("/oauth2/introspect", token).await;
            assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &br#"{"active":false}"#[..]), "{token}");
        }
        let told = app.introspect(key).await.ok();
        assert_eq!((&told["jti"], &told["kind"], &told["label"], &told["sub"]), (&made["id"], &json!("api_key"), &json!("laptop"), &json!("ann")));
        app.delete(&at(&made), &app.admin).await.is_empty();
        app.introspect(key).await.is_error(410, "TOKEN_REVOKED");
        app.introspect(&typo).await.is_error(400, "TOKEN_INVALID");
        assert!(!api.lets_in(key).await);
    }
}

scenario! {
    async fn whatever_ends_a_key_or_its_owner_counts_at_the_next_use(app) {
        open(app).await;
        let api = Api::new(app, API).await;
        let mut made = of_ann(app, json!({"expires_in": 3_600})).await;
        let key = text(&made["key"]).to_owned();
        let member = app.get("/v1/orgs/1/members/ann", &app.admin).await.ok();
        // A scope is lost: the key has no more than the owner, and nothing is not active.
        for (held, told) in [(json!(["urn:app:read"]), json!("urn:app:read")), (json!([]), Value::Null), (member["scopes"].clone(), json!("urn:app:read urn:app:write"))] {
            app.patch("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": held})).await.ok();
            assert_eq!(api.introspect(&key).await.get("scope").cloned().unwrap_or_default(), told);
        }
        for enabled in [false, true] {
            app.patch("/v1/orgs/1/members/ann", &app.admin, json!({ "enabled": enabled })).await.ok();
            assert_eq!(api.lets_in(&key).await, enabled);
        }
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
        assert!(!api.lets_in(&key).await);
        assert_eq!(app.get(&at(&made), &app.admin).await.ok()["revoked_reason"], "bulk");
        app.clock.advance_ms(2_000);
        made = of_ann(app, json!({"expires_in": 3_600})).await;
        let key = text(&made["key"]).to_owned();
        assert!(api.lets_in(&key).await);
        app.clock.advance_ms(3_600_000);
        assert!(!api.lets_in(&key).await, "now < exp");
        made = of_ann(app, json!({})).await;
        let key = text(&made["key"]).to_owned();
        app.delete("/v1/orgs/1/members/ann", &app.admin).await.is_empty();
        assert!(!api.lets_in(&key).await);
        let shown = app.get(&at(&made), &app.admin).await.ok();
        assert_eq!((&shown["status"], &shown["revoked_reason"]), (&json!("revoked"), &json!("member_removed")));
        app.clock.advance_ms(2_000);
        app.put("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:app:*"]})).await.created();
        assert!(!api.lets_in(&key).await, "a member of that name is another one");
    }
}

scenario! {
    async fn whoever_has_a_key_may_end_it_and_an_api_that_it_is_for(app) {
        open(app).await;
        let (api, other) = (Api::new(app, API).await, Api::new(app, OTHER_API).await);
        let (first, second) = (of_ann(app, json!({})).await, of_ann(app, json!({})).await);
        app.post("/v1/tokens/revoke", None, json!({"token": first["key"]})).await.is_empty();
        app.post("/v1/tokens/revoke", None, json!({"token": first["key"]})).await.is_empty();
        assert!(!api.lets_in(text(&first["key"])).await);
        assert_eq!(other.send("/oauth2/revoke", text(&second["key"])).await.status, 200);
        assert!(api.lets_in(text(&second["key"])).await, "it isn't for that API");
        assert_eq!(api.send("/oauth2/revoke", text(&second["key"])).await.status, 200);
        assert!(!api.lets_in(text(&second["key"])).await);
        app.post("/v1/tokens/revoke", None, json!({"token": "jtn_pat_x"})).await.is_error(400, "TOKEN_INVALID");
        let third = of_ann(app, json!({})).await;
        app.delete(&format!("/v1/tokens/{}", text(&third["id"])), &app.admin).await.is_empty();
        assert!(!api.lets_in(text(&third["key"])).await);
    }
}

scenario! {
    async fn a_rotated_key_keeps_its_id_and_at_most_two_values_are_good(app) {
        open(app).await;
        let api = Api::new(app, API).await;
        let first = of_ann(app, json!({})).await;
        let rotate = async |more: Value| app.post(&format!("{}/rotate", at(&first)), Some(&app.admin), more).await.created();
        let good = async |keys: [&Value; 3]| {
            let mut good = Vec::new();
            for key in keys {
                good.push(api.lets_in(text(&key["key"])).await);
            }
            good
        };
        let second = rotate(json!({"previous_expires_in": 60, "expires_in": 86_400})).await;
        assert_eq!((&second["id"], &second["expires"], &second["previous_expires"]), (&first["id"], &json!("2026-11-23T12:00:00Z"), &json!("2026-11-22T12:01:00Z")));
        let none = json!({"key": "x"});
        assert_eq!(good([&first, &second, &none]).await, [true, true, false]);
        let third = rotate(json!({"previous_expires_in": 60})).await;
        assert_eq!(good([&first, &second, &third]).await, [false, true, true]);
        app.clock.advance_ms(60_000);
        assert_eq!(good([&first, &second, &third]).await, [false, false, true]);
        let fourth = rotate(json!({"previous_expires_in": 0})).await;
        assert_eq!(good([&second, &third, &fourth]).await, [false, false, true]);
        app.delete(&format!("{}/previous", at(&first)), &app.admin).await.is_error(404, "NOT_FOUND");
        let fifth = rotate(json!({})).await;
        assert_eq!(fifth["previous_expires"], "2026-11-23T12:01:00Z");
        assert_eq!(good([&third, &fourth, &fifth]).await, [false, true, true]);
        app.delete(&format!("{}/previous", at(&first)), &app.admin).await.is_empty();
        assert_eq!(good([&third, &fourth, &fifth]).await, [false, false, true]);
        let again = app.post(&format!("{}/rotate", at(&first)), Some(&app.admin), json!({"previous_expires_in": 2_592_001})).await;
        again.is_error(400, "INVALID_REQUEST");
        app.delete(&at(&first), &app.admin).await.is_empty();
        assert_eq!(good([&third, &fourth, &fifth]).await, [false, false, false], "both end");
    }
}

scenario! {
    async fn a_key_with_networks_is_good_in_them_alone_and_nowhere_if_nobody_says_where(app) {
        open(app).await;
        let api = Api::new(app, API).await;
        let made = of_ann(app, json!({"allowed_cidrs": ["198.51.100.0/24", "2001:db8::/32"], "resources": [API, ISSUER]})).await;
        assert_eq!(made["allowed_cidrs"], json!(["198.51.100.0/24", "2001:db8::/32"]));
        let key = text(&made["key"]);
        let from = async |address: &str| {
            let form = format!("token={key}&client_address={}", encoded(address));
            api.send_form("/oauth2/introspect", &form).await
        };
        for (address, good) in [
            ("198.51.100.7", true), ("2001:db8::1", true), ("::ffff:198.51.100.7", true), ("198.51.101.1", false), ("::1", false),
        ] {
            assert_eq!(from(address).await.ok()["active"], good, "{address}");
        }
        assert_eq!(api.introspect(key).await, json!({"active": false}), "without an address");
        assert_eq!(from("here").await.status, 400);
        app.get("/v1/tokens", key).await.is_error(401, "TOKEN_INVALID");
        app.introspect(key).await.is_error(400, "TOKEN_INVALID");
        // The exchange is from elsewhere.
        let to_api = format!("&resource={}", encoded(API));
        assert_eq!(exchange(app, key, &to_api).await.json()["error"], "invalid_request");
        let path = at(&made);
        for wider in [json!({"allowed_cidrs": null}), json!({"allowed_cidrs": ["198.51.100.0/24", "192.0.2.0/24"]})] {
            let answer = app.patch(&path, &app.admin, wider).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], "allowed_cidrs");
        }
        let narrowed = app.patch(&path, &app.admin, json!({"allowed_cidrs": ["198.51.100.0/24"]})).await.ok();
        assert_eq!(narrowed["allowed_cidrs"], json!(["198.51.100.0/24"]));
        assert_eq!(from("2001:db8::1").await.ok()["active"], false);
        let anywhere = of_ann(app, json!({})).await;
        // A call over HTTP comes from this machine.
        app.patch(&at(&anywhere), &app.admin, json!({"allowed_cidrs": ["192.0.2.0/24", "127.0.0.0/8"]})).await.ok();
        exchange(app, text(&anywhere["key"]), "").await.ok();
        for bad in [json!([]), json!(["192.0.2.1/24"]), json!(["0.0.0.0/0"])] {
            let asked = crate::support::over(body(Some("ann"), &["urn:app:read"]), json!({ "allowed_cidrs": bad }));
            app.post(KEYS, Some(&app.admin), asked).await.is_error(400, "INVALID_REQUEST");
        }
        let settings = json!({"default_resource": API, "api_keys": {"require_cidrs": true}});
        app.put("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
        let answer = app.post(KEYS, Some(&app.admin), body(Some("ann"), &["urn:app:read"])).await;
        assert_eq!((answer.error().0, &answer.json()["field"]), (400, &json!("allowed_cidrs")));
        of_ann(app, json!({"allowed_cidrs": ["192.0.2.0/24"]})).await;
    }
}

scenario! {
    async fn a_key_is_good_as_often_as_its_limits_allow(app) {
        open(app).await;
        let api = Api::new(app, API).await;
        let made = of_ann(app, json!({"limits": {"per_minute": 2, "per_day": 4}})).await;
        assert_eq!(made["limits"], json!({"per_minute": 2, "per_day": 4}));
        let key = text(&made["key"]);
        let over = async |seconds: &str| {
            let answer = api.send("/oauth2/introspect", key).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"active": false, "error": "rate_limited"})));
            assert_eq!(answer.headers["retry-after"], seconds);
        };
        assert!(api.lets_in(key).await);
        exchange(app, key, "").await.ok();
        over("60").await;
        // Whoever may not know of the key isn't told, and doesn't count.
        let other = Api::new(app, OTHER_API).await;
        let answer = other.send("/oauth2/introspect", key).await;
        assert_eq!(&answer.body[..], br#"{"active":false}"#);
        assert!(!answer.headers.contains_key("retry-after"));
        let answer = exchange(app, key, "").await;
        let description = "The API key's limit of 2 uses a minute is reached.";
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json(), json!({"error": "temporarily_unavailable", "error_description": description}));
        assert_eq!(answer.headers["retry-after"], "60");
        app.clock.advance_ms(60_000);
        // What is refused costs nothing.
        assert_eq!(exchange(app, key, "&scope=nope").await.json()["error"], "invalid_scope");
        assert!(api.lets_in(key).await);
        assert!(api.lets_in(key).await);
        app.clock.advance_ms(59_000);
        over("43081").await;
        app.clock.advance_ms(43_081_000);
        assert!(api.lets_in(key).await);
        // The JWT of a key isn't counted.
        let granted = exchange(app, key, "").await.ok();
        for _ in 0..3 {
            assert!(api.lets_in(text(&granted["access_token"])).await);
        }
    }
}

scenario! {
    async fn only_an_administrator_changes_the_limits_of_a_key_also_to_more(app) {
        open(app).await;
        let ann = text(&app.mint("1", "ann", json!({"scopes": ["urn:app:read"]})).await.created()["token"]).to_owned();
        let own = app.post(KEYS, Some(&ann), crate::support::over(body(None, &["urn:app:read"]), json!({"limits": {"per_day": 9}}))).await;
        let own = own.created();
        let path = at(&own);
        assert_eq!(app.get(&path, &ann).await.ok()["limits"], json!({"per_day": 9}));
        for change in [json!({"limits": null}), json!({"limits": {"per_day": 8}}), json!({"limits": {"per_minute": 1}})] {
            app.patch(&path, &ann, change).await.is_error(403, "ACCESS_DENIED");
        }
        let renamed = app.patch(&path, &ann, json!({"name": "desk", "limits": {"per_day": 9}})).await.ok();
        assert_eq!((&renamed["name"], &renamed["limits"]), (&json!("desk"), &json!({"per_day": 9})));
        let wider = app.patch(&path, &app.admin, json!({"limits": {"per_minute": 5, "per_day": 90}})).await.ok();
        assert_eq!(wider["limits"], json!({"per_minute": 5, "per_day": 90}));
        let rotated = app.post(&format!("{path}/rotate"), Some(&ann), json!({})).await.created();
        assert_eq!(rotated["limits"], wider["limits"], "they are the key's, not its value's");
        let without = app.patch(&path, &app.admin, json!({"limits": null})).await.ok();
        assert!(without.get("limits").is_none());
        for (limits, field) in [
            (json!({}), "limits"),
            (json!({"per_minute": 0}), "limits.per_minute"),
            (json!({"per_day": 10_000_001}), "limits.per_day"),
        ] {
            let asked = crate::support::over(body(Some("ann"), &["urn:app:read"]), json!({ "limits": limits }));
            for answer in [app.post(KEYS, Some(&app.admin), asked).await, app.patch(&path, &app.admin, json!({ "limits": limits })).await] {
                assert_eq!((answer.error().0, &answer.json()["field"]), (400, &json!(field)), "{answer:?}");
            }
        }
    }
}

scenario! {
    async fn a_key_with_limits_is_for_apis_that_count_its_uses(app) {
        open(app).await;
        let scopes = json!(["urn:jeton:tokens:read"]);
        app.put("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:app:*", "urn:jeton:tokens:read"]})).await.ok();
        let limits = json!({"per_minute": 1_000});
        let asked = crate::support::over(body(Some("ann"), &[]), json!({"scopes": scopes, "resources": [API, ISSUER], "limits": limits}));
        let answer = app.post(KEYS, Some(&app.admin), asked.clone()).await;
        assert_eq!((answer.error().0, &answer.json()["field"]), (400, &json!("limits")));
        let mut unlimited = asked;
        unlimited.as_object_mut().unwrap().remove("limits");
        let own_api = app.post(KEYS, Some(&app.admin), unlimited).await.created();
        let answer = app.patch(&at(&own_api), &app.admin, json!({ "limits": limits })).await;
        assert_eq!((answer.error().0, &answer.json()["field"]), (400, &json!("limits")));
        app.get("/v1/tokens", text(&own_api["key"])).await.ok();
        let narrowed = app.patch(&at(&own_api), &app.admin, json!({"resources": [API], "limits": limits})).await.ok();
        assert_eq!(narrowed["limits"], limits);
        app.get("/v1/tokens", text(&own_api["key"])).await.is_error(401, "TOKEN_INVALID");
        // What it would be in orgs below, a function tells that can't count.
        let path = "/v1/tokens/introspect_all_sub_orgs";
        app.post(path, None, json!({"token": own_api["key"]})).await.is_error(400, "TOKEN_INVALID");
        app.patch(&at(&own_api), &app.admin, json!({"limits": {"per_minute": 2}})).await.ok();
        for _ in 0..2 {
            app.introspect(text(&own_api["key"])).await.ok();
        }
        let answer = app.introspect(text(&own_api["key"])).await;
        answer.is_error(429, "LIMIT_REACHED");
        assert_eq!(answer.headers["retry-after"], "60");
    }
}

scenario! {
    async fn a_key_makes_nothing_and_changes_nothing(app) {
        open(app).await;
        let scopes = ["urn:app:*", "urn:jeton:*"];
        app.put("/v1/orgs/1/members/ann", &app.admin, json!({ "scopes": scopes })).await.ok();
        let asked = json!({"scopes": ["urn:jeton:tokens:read", "urn:jeton:members:read", "urn:jeton:tokens:revoke"], "resources": [ISSUER, API]});
        let made = of_ann(app, asked).await;
        let key = text(&made["key"]);
        app.get("/v1/orgs/1/members/bot", key).await.ok();
        assert_eq!(app.get(KEYS, key).await.ok()["api_keys"][0]["id"], made["id"]);
        app.post(KEYS, Some(key), body(None, &["urn:app:read"])).await.is_error(403, "KEY_CANNOT_MAKE_KEYS");
        app.post(&format!("{}/rotate", at(&made)), Some(key), json!({})).await.is_error(403, "KEY_CANNOT_MAKE_KEYS");
        app.patch(&at(&made), key, json!({"name": "x"})).await.is_error(403, "KEY_CANNOT_MAKE_KEYS");
        app.mint_as(key, "1", "ann", json!({})).await.is_error(403, "KEY_CANNOT_MAKE_KEYS");
        app.post("/v1/tokens/reissue", None, json!({"token": key, "org_id": "1"})).await.is_error(403, "KEY_CANNOT_MAKE_KEYS");
        app.put("/v1/orgs/1/members/bob", key, json!({})).await.is_error(403, "ACCESS_DENIED");
        app.get("/v1/orgs/1", key).await.is_error(403, "ACCESS_DENIED");
        let other = of_ann(app, json!({})).await;
        app.get("/v1/orgs/1/members/bot", text(&other["key"])).await.is_error(401, "TOKEN_INVALID");
        app.delete(&at(&other), key).await.is_empty();
        app.delete(&at(&made), key).await.is_empty();
        app.get("/v1/orgs/1/members/bot", key).await.is_error(401, "TOKEN_REVOKED");
    }
}

scenario! {
    async fn a_key_is_a_bearer_token_and_nothing_else(app) {
        open(app).await;
        let api = Api::new(app, API).await;
        let made = of_ann(app, json!({"resources": [ISSUER, API]})).await;
        let key = text(&made["key"]);
        let asked = async |path: &str, authorization: Option<String>, form: Option<String>| {
            let method = if form.is_some() { Method::POST } else { Method::GET };
            let mut request = Request::builder().method(method).uri(path);
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            app.send(request.body(form.unwrap_or_default().into()).unwrap()).await.status.as_u16()
        };
        assert_eq!(asked("/v1/tokens", Some(format!("Bearer {key}")), None).await, 200);
        for authorization in [basic("1", key), basic("ann", key), basic(key, ""), format!("DPoP {key}")] {
            assert_eq!(asked(KEYS, Some(authorization), None).await, 401);
        }
        assert_eq!(asked(&format!("/v1/tokens?access_token={key}"), None, None).await, 400);
        assert_eq!(asked("/oauth2/userinfo", Some(format!("Bearer {key}")), None).await, 401);
        assert_eq!(asked("/oauth2/token", None, Some(format!("grant_type=client_credentials&client_id=1&client_secret={key}"))).await, 401);
        assert!(api.lets_in(key).await);
    }
}

/// Exchanges a key for a JWT.
async fn exchange(app: &App, key: &str, more: &str) -> Answer {
    let form = format!(
        "grant_type={}&subject_token={key}&subject_token_type={}{more}",
        encoded("urn:ietf:params:oauth:grant-type:token-exchange"),
        encoded("urn:jeton:params:oauth:token-type:api-key"),
    );
    let request = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(form.into()).unwrap()).await
}

scenario! {
    async fn rfc8693_a_key_is_exchanged_for_a_short_jwt_that_dies_with_it(app) {
        open(app).await;
        let (api, other) = (Api::new(app, API).await, Api::new(app, OTHER_API).await);
        let made = of_ann(app, json!({"resources": [API, OTHER_API]})).await;
        let key = text(&made["key"]);
        let to_api = format!("&resource={}", encoded(API));
        let answer = exchange(app, key, &format!("{to_api}&scope=urn:app:read")).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let granted = answer.ok();
        let token = text(&granted["access_token"]);
        assert_eq!(
            granted,
            json!({
                "access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer",
                "expires_in": 600, "scope": "urn:app:read",
            })
        );
        let told = api.introspect(token).await;
        for (name, value) in [
            ("active", json!(true)), ("sub", json!("ann")), ("client_id", made["id"].clone()), ("scope", json!("urn:app:read")),
            ("aud", json!([API])), ("exp", json!(1_795_348_800 + 600)),
        ] {
            assert_eq!(told[name], value, "{name}");
        }
        assert!(!other.lets_in(token).await, "it is for one API");
        for (more, error) in [
            ("", "invalid_target"), ("&resource=https%3A%2F%2Felsewhere.example", "invalid_target"),
            (&*format!("{to_api}&scope=urn:other"), "invalid_scope"), (&*format!("{to_api}&actor_token=x"), "invalid_request"),
            (&*format!("{to_api}&requested_token_type=x"), "invalid_request"),
        ] {
            let answer = exchange(app, key, more).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(error)), "{more}: {answer:?}");
        }
        for unknown in ["jtn_pat_000000000000000000000000000000", "x", &key[..43], token] {
            let answer = exchange(app, unknown, &to_api).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("invalid_request")), "{unknown}");
        }
        // The token opens nothing of Jeton's own, and makes no keys.
        app.post(KEYS, Some(token), body(None, &["urn:app:read"])).await.is_error(401, "TOKEN_INVALID");
        app.get("/v1/tokens", token).await.is_error(401, "TOKEN_INVALID");
        app.patch("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:app:write"]})).await.ok();
        assert!(api.introspect(token).await.get("scope").is_none(), "what the owner has lost");
        app.patch("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:app:*"]})).await.ok();
        assert!(api.lets_in(token).await);
        app.delete(&at(&made), &app.admin).await.is_empty();
        assert!(!api.lets_in(token).await, "it dies with the key");
        let answer = exchange(app, key, &to_api).await;
        assert_eq!(answer.json()["error"], "invalid_request");
    }
}

scenario! {
    async fn rfc8693_an_api_exchanges_a_key_that_is_for_it_and_is_told_as_the_actor(app) {
        open(app).await;
        let ledger = "https://ledger.example";
        let scopes = ["urn:app:read", "urn:app:write", "urn:ledger:read"].map(|name| json!({ "name": name }));
        let settings = json!({
            "resources": [API, OTHER_API, ledger], "default_resource": API, "supported_scopes": scopes,
            "supported_grants": ["urn:ietf:params:oauth:grant-type:token-exchange"],
        });
        app.put("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
        app.patch("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:app:*", "urn:ledger:read"]})).await.ok();
        let grants = ["urn:ietf:params:oauth:grant-type:token-exchange"];
        let targets = json!([{"resource": ledger, "scopes": [{"scope": "urn:ledger:read", "for": ["urn:app:read"]}]}]);
        let scopes = ["urn:app:read", "urn:app:write"];
        let client = async |more: Value| {
            let body = json!({"kind": "confidential", "grants": grants, "scopes": scopes});
            let made = app.post("/v1/orgs/1/clients", Some(&app.admin), crate::support::over(body, more)).await.created();
            (made["id"].to_string(), basic(&made["id"].to_string(), text(&made["secret"])))
        };
        let (api, credentials) = client(json!({"resources": [API], "may_exchange_to": targets})).await;
        let (_, of_other) = client(json!({"resources": [OTHER_API], "may_exchange_tokens": true})).await;
        let made = of_ann(app, json!({})).await;
        let key = text(&made["key"]);
        let ask = async |credentials: &str, key: &str, more: &str| {
            let form = format!(
                "grant_type={}&subject_token={key}&subject_token_type={}{more}",
                encoded(grants[0]), encoded("urn:jeton:params:oauth:token-type:api-key"),
            );
            let request = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
            app.send(request.header("authorization", credentials).body(form.into()).unwrap()).await
        };
        let refused = |answer: Answer, error: &str| {
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(error)), "{answer:?}");
        };
        // Less of it, for the API itself.
        let granted = ask(&credentials, key, "&scope=urn:app:read").await.ok();
        assert_eq!((&granted["scope"], &granted["expires_in"]), (&json!("urn:app:read"), &json!(600)));
        assert!(granted.get("refresh_token").is_none());
        let own = Api { app, credentials: credentials.clone() };
        let told = own.introspect(text(&granted["access_token"])).await;
        let actor = json!({"sub": api, "client_id": api});
        for (name, value) in [
            ("active", json!(true)), ("sub", json!("ann")), ("client_id", json!(api)), ("aud", json!([API])), ("act", actor.clone()),
        ] {
            assert_eq!(told[name], value, "{name}: {told}");
        }
        // On to its target.
        let behind = ask(&credentials, key, &format!("&resource={}", encoded(ledger))).await.ok();
        assert_eq!(behind["scope"], "urn:ledger:read");
        let ledgers = Api::new(app, ledger).await;
        let told = ledgers.introspect(text(&behind["access_token"])).await;
        assert_eq!((&told["active"], &told["act"], &told["sub"]), (&json!(true), &actor, &json!("ann")), "{told}");
        assert_eq!(app.get(&at(&made), &app.admin).await.ok()["last_used"], "2026-11-22T12:00:00Z");
        // Not elsewhere, not what it doesn't open, not by one that it isn't for, not for another domain, and not as an actor.
        refused(ask(&credentials, key, &format!("&resource={}", encoded(OTHER_API))).await, "invalid_target");
        refused(ask(&credentials, key, "&scope=urn:ledger:read").await, "invalid_scope");
        refused(ask(&of_other, key, "").await, "unauthorized_client");
        let jag = encoded("urn:ietf:params:oauth:token-type:id-jag");
        refused(ask(&credentials, key, &format!("&requested_token_type={jag}&audience=https%3A%2F%2Fas.example")).await, "invalid_target");
        let as_actor = format!("&actor_token={key}&actor_token_type={}", encoded("urn:jeton:params:oauth:token-type:api-key"));
        refused(ask(&credentials, key, &as_actor).await, "invalid_request");
        let networked = of_ann(app, json!({"allowed_cidrs": ["198.51.100.0/24"]})).await;
        for bad in ["jtn_pat_x", text(&networked["key"])] {
            refused(ask(&credentials, bad, "").await, "invalid_request");
        }
        // Both die with the key.
        app.delete(&at(&made), &app.admin).await.is_empty();
        refused(ask(&credentials, key, "").await, "invalid_request");
        assert!(!own.lets_in(text(&granted["access_token"])).await && !ledgers.lets_in(text(&behind["access_token"])).await);
    }
}

scenario! {
    async fn a_jwt_of_a_key_ends_no_later_than_the_key(app) {
        open(app).await;
        let made = of_ann(app, json!({"expires_in": 90})).await;
        app.clock.advance_ms(30_000);
        assert_eq!(exchange(app, text(&made["key"]), "").await.ok()["expires_in"], 60);
    }
}

scenario! {
    async fn lists_of_tokens_have_keys_among_them(app) {
        open(app).await;
        app.mint("1", "ann", json!({"time_validity": {"duration": 60}})).await.created();
        app.clock.advance_ms(10);
        let key = of_ann(app, json!({})).await;
        app.clock.advance_ms(10);
        app.mint("1", "bot", json!({})).await.created();
        let rows = async |query: &str| {
            let (mut all, mut path) = (Vec::new(), format!("/v1/tokens?limit=1&{query}"));
            loop {
                let page = app.get(&path, &app.admin).await.ok();
                all.extend(page["tokens"].as_array().unwrap().iter().cloned());
                let Some(next) = page.get("next") else { return all };
                path = format!("/v1/tokens?limit=1&{query}&after={}", text(next));
            }
        };
        let kinds = |rows: &[Value]| rows.iter().map(|row| row["kind"] == "api_key").collect::<Vec<_>>();
        assert_eq!(kinds(&rows("").await), [false, true, false, false], "newest first; the last is the administrator's");
        assert_eq!(kinds(&rows("sub=ann").await), [true, false]);
        assert_eq!(kinds(&rows("kind=token").await), [false, false, false]);
        let only = rows("kind=api_key").await;
        assert_eq!(only.len(), 1);
        for (name, value) in [
            ("jti", key["id"].clone()), ("sub", json!("ann")), ("org", json!("1")), ("label", json!("laptop")), ("aud", json!([API])),
            ("scopes", json!(["urn:app:read", "urn:app:write"])), ("revoked", json!(false)), ("exp", json!("2027-02-20T12:00:00Z")),
        ] {
            assert_eq!(only[0][name], value, "{name}");
        }
        assert_eq!(rows(&format!("jti={}", text(&key["id"]))).await, only);
        assert_eq!(rows("label=laptop").await, only);
        assert!(rows("session=x").await.is_empty());
        app.get("/v1/tokens?kind=key", &app.admin).await.is_error(400, "INVALID_REQUEST");
        app.delete(&at(&key), &app.admin).await.is_empty();
        assert_eq!(rows("kind=api_key&revoked=true").await.len(), 1);
        assert!(rows("kind=api_key&revoked=false").await.is_empty());
    }
}

scenario! {
    async fn scanners_are_told_what_keys_look_like(app) {
        let answer = app.send(Request::get("/v1/api-keys/pattern").body(Bytes::new()).unwrap()).await;
        assert_eq!(
            answer.ok(),
            json!({"prefixes": ["jtn_pat_", "jtn_svc_"], "regex": r"\bjtn_(?:pat|svc)_[0-9A-Za-z]{36}\b", "checksum": "crc32-base62"})
        );
        assert!(answer.headers["cache-control"].to_str().unwrap().contains("max-age"));
    }
}

#[tokio::test]
async fn a_thousand_introspections_write_one_use_an_hour() {
    let app = App::new(Mount::InProcess).await;
    open(&app).await;
    let api = Api::new(&app, API).await;
    let made = of_ann(&app, json!({})).await;
    assert!(made.get("last_used").is_none());
    let tags = async || app.get(&at(&made), &app.admin).await.ok()["last_used"].clone();
    for _ in 0..1_000 {
        assert!(api.lets_in(text(&made["key"])).await);
    }
    assert_eq!(tags().await, "2026-11-22T12:00:00Z");
    app.clock.advance_ms(3_599_000);
    assert!(api.lets_in(text(&made["key"])).await);
    assert_eq!(tags().await, "2026-11-22T12:00:00Z");
    app.clock.advance_ms(1_000);
    assert!(api.lets_in(text(&made["key"])).await);
    assert_eq!(tags().await, "2026-11-22T13:00:00Z");
}

#[tokio::test]
async fn a_thousand_introspections_of_whoever_has_a_key_write_one_use_an_hour() {
    const NOTE: &str = "note_api_key_use";
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    open(&app).await;
    let made = of_ann(&app, json!({})).await;
    watched.calls();
    let notes = async |times: usize| {
        for _ in 0..times {
            app.introspect(text(&made["key"])).await.ok();
        }
        watched.calls().iter().filter(|call| **call == NOTE).count()
    };
    assert_eq!(notes(1_000).await, 1);
    app.clock.advance_ms(3_600_000);
    assert_eq!(notes(2).await, 1);
    assert_eq!(app.get(&at(&made), &app.admin).await.ok()["last_used"], "2026-11-22T13:00:00Z");
}

#[tokio::test]
async fn a_use_that_cannot_be_noted_keeps_nobody_out_and_a_noted_one_is_not_noted_again() {
    const NOTE: &str = "note_api_key_use";
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    open(&app).await;
    let api = Api::new(&app, API).await;
    let made = of_ann(&app, json!({})).await;
    watched.calls();
    assert!(api.lets_in(text(&made["key"])).await);
    let at_note = watched.calls().iter().position(|call| *call == NOTE).unwrap();
    assert!(api.lets_in(text(&made["key"])).await);
    assert!(!watched.calls().contains(&NOTE), "it is noted for this hour");
    app.clock.advance_ms(3_600_000);
    watched.fail_in(at_note, false);
    assert!(api.lets_in(text(&made["key"])).await);
    assert_eq!(watched.calls().iter().filter(|call| **call == NOTE).count(), 1);
}

#[tokio::test]
async fn the_authorizer_lets_in_who_has_a_key_for_its_api() {
    let app = App::new(Mount::InProcess).await;
    open(&app).await;
    let made = of_ann(&app, json!({})).await;
    let bearer = format!("Bearer {}", text(&made["key"]));
    let requiring = |audience: &str, scopes: &[&str]| Requirements {
        audience: Some(audience.parse().unwrap()),
        scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
        org: None,
    };
    let event = simple(json!({ "authorization": bearer }));
    let answer = ask(&app, requiring(API, &["urn:app:read"]), &event).await.unwrap();
    let context = &answer["context"];
    assert_eq!(answer["isAuthorized"], true);
    for (name, value) in
        [("kind", "api_key"), ("sub", "ann"), ("scope", "urn:app:read urn:app:write"), ("org", "1"), ("aud", API)]
    {
        assert_eq!(context[name], value, "{name}");
    }
    assert_eq!(context["jti"], made["id"]);
    let answer = ask(&app, requiring(API, &["urn:app:admin"]), &event).await.unwrap();
    assert_eq!(answer, json!({"isAuthorized": false, "context": {"error": "insufficient_scope"}}));
    let dpop = simple(json!({"authorization": bearer.replace("Bearer", "DPoP")}));
    for (requirements, event) in [(requiring(OTHER_API, &[]), &event), (requiring(API, &[]), &dpop)] {
        let answer = ask(&app, requirements, event).await.unwrap();
        assert_eq!(answer, json!({"isAuthorized": false, "context": {"error": "invalid_token"}}));
    }
    assert_eq!(app.get(&at(&made), &app.admin).await.ok()["last_used"], "2026-11-22T12:00:00Z");
    let granted = exchange(&app, text(&made["key"]), "").await.ok();
    let event = simple(json!({"authorization": format!("Bearer {}", text(&granted["access_token"]))}));
    let answer = ask(&app, requiring(API, &["urn:app:read"]), &event).await.unwrap();
    assert_eq!((&answer["isAuthorized"], &answer["context"]["client_id"]), (&json!(true), &made["id"]));
    let networked = of_ann(&app, json!({"allowed_cidrs": ["198.51.100.0/24"]})).await;
    let mut event = simple(json!({"authorization": format!("Bearer {}", text(&networked["key"]))}));
    for (address, good) in [(json!("198.51.100.7"), true), (json!("192.0.2.1"), false), (Value::Null, false)] {
        event["requestContext"]["http"]["sourceIp"] = address;
        assert_eq!(ask(&app, requiring(API, &[]), &event).await.unwrap()["isAuthorized"], good);
    }
    let limited = of_ann(&app, json!({"limits": {"per_minute": 2}})).await;
    let bearer_of_limited = format!("Bearer {}", text(&limited["key"]));
    for _ in 0..2 {
        let answer = ask(&app, requiring(API, &[]), &of_rest_api(&bearer_of_limited)).await.unwrap();
        assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
    }
    let context = json!({"error": "rate_limited", "retry_after": "60"});
    let answer = ask(&app, requiring(API, &[]), &of_rest_api(&bearer_of_limited)).await.unwrap();
    assert_eq!((&answer["policyDocument"]["Statement"][0]["Effect"], &answer["context"]), (&json!("Deny"), &context));
    let answer = ask(&app, requiring(API, &[]), &simple(json!({ "authorization": bearer_of_limited }))).await.unwrap();
    assert_eq!(answer, json!({"isAuthorized": false, "context": context}));
    app.delete(&at(&made), &app.admin).await.is_empty();
    assert!(ask(&app, requiring(API, &[]), &of_rest_api(&bearer)).await.is_err());
}

#[tokio::test]
async fn nothing_at_rest_is_a_key() {
    let folder = std::env::temp_dir().join(format!("jeton-api-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let app = App::on_file(&folder.join("jeton.db")).await;
    open(&app).await;
    let api = Api::new(&app, API).await;
    let made = of_ann(&app, json!({})).await;
    let rotated = app.post(&format!("{}/rotate", at(&made)), Some(&app.admin), json!({})).await.created();
    let jwt = exchange(&app, text(&rotated["key"]), "").await.ok();
    let secrets = [text(&made["key"]), text(&rotated["key"]), text(&jwt["access_token"])];
    for secret in secrets {
        assert!(api.lets_in(secret).await);
    }
    let files = std::fs::read_dir(&folder).unwrap();
    let kept: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    drop(app);
    std::fs::remove_dir_all(&folder).unwrap();
    let has = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(text(&made["id"])) || has("laptop"), "it looks where keys are kept");
    // The hint has the first twelve characters.
    assert!(secrets.iter().all(|secret| !has(&secret[12..])));
}
