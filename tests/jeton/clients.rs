//! `/v1/orgs/{org}/clients`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::domain::scope::api;

use crate::support::{App, Mount, Watched, scenario};

/// Whether a client gets a token by this secret.
pub(super) async fn authenticates(app: &App, id: &Value, secret: &Value) -> bool {
    let credentials = STANDARD.encode(format!("{id}:{}", secret.as_str().unwrap()));
    let request = Request::post("/oauth2/token").header(header::AUTHORIZATION, format!("Basic {credentials}"));
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = app.send(request.body("grant_type=client_credentials".into()).unwrap()).await;
    assert!([200, 401].contains(&answer.status.as_u16()), "{answer:?}");
    answer.status == 200
}

/// A client that gets tokens in its own name.
async fn machine(app: &App, more: Value) -> Value {
    let mut body = json!({"kind": "confidential", "grants": ["client_credentials"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post("/v1/orgs/11/clients", Some(&app.admin), body).await.created()
}

/// The names of a client's live secrets, the newest first.
async fn secrets(app: &App, path: &str) -> Vec<Value> {
    let listed = app.get(&format!("{path}/secrets"), &app.admin).await.ok();
    listed["secrets"].as_array().unwrap().iter().map(|secret| secret["id"].clone()).collect()
}

scenario! {
    async fn a_client_is_made_shown_replaced_and_deleted(app) {
        let body = json!({"alias": "shop", "name": "Shop", "kind": "confidential", "grants": ["client_credentials"], "scopes": ["read"], "token_duration": 60, "attributes": {"a": "b"}});
        let answer = app.post("/v1/orgs/11/clients", Some(&app.admin), body).await;
        let mut made = answer.created();
        let path = format!("/v1/orgs/11/clients/{}", made["id"]);
        assert_eq!(answer.headers["location"], path.as_str());
        let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
        assert_eq!(
            made,
            json!({
                "org": "11", "id": made["id"], "alias": "shop", "name": "Shop", "kind": "confidential", "auth_method": "client_secret_basic",
                "grants": ["client_credentials"], "scopes": ["read"], "token_duration": 60, "single_token_per_subject": false,
                "certificate_bound_tokens": false, "dpop_bound_tokens": false, "may_exchange_tokens": false, "may_exchange_to": [], "attributes": {"a": "b"}, "enabled": true,
                "redirect_uris": [], "post_logout_redirect_uris": [], "pkce": "required", "consent": "required", "claims_in_id_token": false,
                "origin": "registered", "created": "2026-11-22T12:00:00Z", "updated": "2026-11-22T12:00:00Z",
            })
        );
        for name in [&path, "/v1/orgs/11/clients/shop"] {
            let shown = app.get(name, &app.admin).await;
            assert_eq!((shown.ok(), shown.tag()), (made.clone(), answer.tag()));
        }
        app.clock.advance_ms(1_000);
        let put = app.put(&path, &app.admin, json!({"kind": "confidential", "grants": ["client_credentials"], "enabled": false})).await.ok();
        assert_eq!((put.get("alias"), put.get("scopes"), &put["enabled"], &put["created"]), (None, None, &json!(false), &made["created"]));
        assert!(!authenticates(app, &made["id"], &secret).await, "it is disabled");
        assert_eq!(app.put(&path, &app.admin, made.clone()).await.ok()["alias"], "shop", "what was read can be written");
        assert!(authenticates(app, &made["id"], &secret).await, "it has its secret still");
        app.delete(&path, &app.admin).await.is_empty();
        app.get(&path, &app.admin).await.is_error(404, "NOT_FOUND");
        for (method, body) in [(Method::PUT, Some(json!({"kind": "public"}))), (Method::PATCH, Some(json!({}))), (Method::DELETE, None)] {
            app.send_if(method, &path, &app.admin, &[], body).await.is_error(404, "NOT_FOUND");
        }
        assert!(!authenticates(app, &made["id"], &secret).await);
    }
}

scenario! {
    async fn where_a_client_may_go_on_to_is_said_scope_by_scope(app) {
        let resources = json!(["https://ledger.example", "https://vault.example"]);
        app.patch("/v1/orgs/11", &app.admin, json!({"settings": {"resources": resources}})).await.ok();
        let to = |more: Value| crate::support::over(json!({"resource": "https://ledger.example", "scopes": ["read"]}), more);
        let said = json!([
            {"resource": "https://ledger.example/", "scopes": ["files.read", {"scope": "ledger.read", "for": ["files.read", "files.write"]}]},
            {"resource": "https://vault.example", "scopes": ["read"]},
        ]);
        let made = machine(app, json!({"alias": "shop", "may_exchange_to": said})).await;
        assert_eq!(made["may_exchange_to"], said);
        let path = "/v1/orgs/11/clients/shop";
        let shown = app.get(path, &app.admin).await.ok();
        assert_eq!(shown["may_exchange_to"], said);
        app.put(path, &app.admin, shown).await.ok();
        let long = |length: usize| "s".repeat(length);
        let many = |count: usize, of: &dyn Fn(usize) -> Value| (0..count).map(of).collect::<Vec<_>>();
        for (targets, field, says) in [
            (json!([to(json!({})), to(json!({"resource": "https://LEDGER.example"}))]), "may_exchange_to[1].resource", "unique"),
            (json!([to(json!({"scopes": []}))]), "may_exchange_to[0].scopes", "1 to 100"),
            (json!([to(json!({"scopes": many(101, &|n| json!(n.to_string()))}))]), "may_exchange_to[0].scopes", "1 to 100"),
            (json!([to(json!({"scopes": ["a", {"scope": "b", "for": []}]}))]), "may_exchange_to[0].scopes[1].for", "nothing comes from nothing"),
            (json!([to(json!({"scopes": [{"scope": "b", "for": many(21, &|n| json!(n.to_string()))}]}))]), "may_exchange_to[0].scopes[0].for", "1 to 20"),
            (json!([to(json!({"scopes": ["a*"]}))]), "may_exchange_to[0].scopes[0]", "without *"),
            (json!([to(json!({"scopes": ["a?"]}))]), "may_exchange_to[0].scopes[0]", "without *"),
            (json!([to(json!({"scopes": [{"scope": "urn:jeton:admin", "for": ["a"]}]}))]), "may_exchange_to[0].scopes[0].scope", "urn:jeton:"),
            (json!([to(json!({"scopes": [{"scope": "a", "for": ["urn:jeton:admin"]}]}))]), "may_exchange_to[0].scopes[0].for", "urn:jeton:"),
            (json!([to(json!({"scopes": ["a", {"scope": "a", "for": ["b"]}]}))]), "may_exchange_to[0].scopes[1].scope", "unique"),
            (json!([to(json!({"scopes": [{"scope": "a"}]}))]), "may_exchange_to[0].scopes[0].for", "required"),
            (json!([to(json!({"audience": "x"}))]), "may_exchange_to[0].audience", "not a known"),
            (json!(many(51, &|n| to(json!({"resource": format!("https://{n}.example")})))), "may_exchange_to", "at most 50"),
            (json!([to(json!({"scopes": many(20, &|n| json!(format!("{n}{}", long(500))))}))]), "may_exchange_to", "16,384 bytes"),
        ] {
            let answer = app.patch(path, &app.admin, json!({ "may_exchange_to": targets })).await;
            answer.is_error(400, "INVALID_REQUEST");
            let problem = answer.json();
            assert_eq!(problem["field"], field, "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
        }
        let unknown = json!([to(json!({})), to(json!({"resource": "https://other.example"}))]);
        let answer = app.patch(path, &app.admin, json!({"may_exchange_to": unknown})).await;
        answer.is_error(409, "RESOURCE_UNKNOWN");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("may_exchange_to[1].resource: "), "{answer:?}");
        let new = json!({"kind": "confidential", "may_exchange_to": unknown});
        app.post("/v1/orgs/11/clients", Some(&app.admin), new).await.is_error(409, "RESOURCE_UNKNOWN");
        let public = json!({"kind": "public", "may_exchange_to": [to(json!({}))]});
        app.post("/v1/orgs/11/clients", Some(&app.admin), public).await.is_error(400, "INVALID_REQUEST");
        assert_eq!(app.get(path, &app.admin).await.ok()["may_exchange_to"], said, "nothing of it was stored");
        app.patch(path, &app.admin, json!({"may_exchange_to": null})).await.ok();
        assert_eq!(app.get(path, &app.admin).await.ok()["may_exchange_to"], json!([]));
    }
}

scenario! {
    async fn a_seed_says_where_clients_may_go_on_to_and_only_within_its_org(app) {
        let seed = |resource: &str| json!({
            "orgs": [{"id": "77", "parent": "1", "settings": {"resources": ["https://ledger.example"]}}],
            "clients": [{"org": "77", "id": 771, "kind": "confidential", "secrets_sha256": [], "may_exchange_to": [{"resource": resource, "scopes": ["read"]}]}],
        });
        assert!(app.seed(&seed("https://other.example")).await.is_err());
        app.seed(&seed("https://ledger.example")).await.expect("the seed is loaded");
        let shown = app.get("/v1/orgs/77/clients/771", &app.admin).await.ok();
        assert_eq!(shown["may_exchange_to"], json!([{"resource": "https://ledger.example", "scopes": ["read"]}]));
    }
}

scenario! {
    async fn an_update_in_authlete_s_words_leaves_where_a_client_may_go_on_to(app) {
        app.patch("/v1/orgs/11", &app.admin, json!({"settings": {"resources": ["https://ledger.example"]}})).await.ok();
        let said = json!([{"resource": "https://ledger.example", "scopes": ["read"]}]);
        let id = machine(app, json!({"may_exchange_to": said})).await["id"].clone();
        let whole = app.get(&format!("/api/11/client/get/{id}"), &app.admin).await.ok();
        app.post(&format!("/api/11/client/update/{id}"), Some(&app.admin), whole).await.ok();
        assert_eq!(app.get(&format!("/v1/orgs/11/clients/{id}"), &app.admin).await.ok()["may_exchange_to"], said);
    }
}

scenario! {
    async fn the_day_on_which_a_secret_was_used_last_is_shown_and_is_no_change_of_the_client(app) {
        let made = machine(app, json!({"alias": "shop"})).await;
        let path = "/v1/orgs/11/clients/shop";
        let days = async || {
            let listed = app.get(&format!("{path}/secrets"), &app.admin).await.ok();
            let days = listed["secrets"].as_array().unwrap().iter().map(|secret| secret.get("last_used").cloned());
            days.collect::<Vec<_>>()
        };
        assert!(!authenticates(app, &made["id"], &json!("wrong")).await);
        assert_eq!(days().await, [None]);
        let before = app.get(path, &app.admin).await;
        let etag = before.headers["etag"].to_str().unwrap().to_owned();
        let shown = before.ok();
        assert!(authenticates(app, &made["id"], &made["secret"]).await);
        assert_eq!(days().await, [Some(json!("2026-11-22"))]);
        let after = app.get(path, &app.admin).await;
        assert_eq!((&*etag, &shown), (after.headers["etag"].to_str().unwrap(), &after.ok()));
        app.send_if(Method::PATCH, path, &app.admin, &[("if-match", &etag)], Some(json!({"name": "Shop"}))).await.ok();
        let second = app.post(&format!("{path}/secrets"), Some(&app.admin), json!({})).await.created();
        assert_eq!(second.get("last_used"), None);
        assert_eq!(days().await, [None, Some(json!("2026-11-22"))], "an administrator's change leaves it");
        app.clock.advance_ms(12 * 3_600_000);
        assert!(authenticates(app, &made["id"], &second["secret"]).await);
        assert_eq!(days().await, [Some(json!("2026-11-23")), Some(json!("2026-11-22"))]);
        assert!(authenticates(app, &made["id"], &made["secret"]).await);
        assert_eq!(days().await, [Some(json!("2026-11-23")), Some(json!("2026-11-23"))]);
    }
}

#[tokio::test]
async fn a_use_is_noted_once_a_day_and_fails_no_request() {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    let made = machine(&app, json!({})).await;
    let (id, secret) = (&made["id"], &made["secret"]);
    let notes = || watched.calls().iter().filter(|call| **call == "note_credential_uses").count();
    watched.lose("note_credential_uses");
    notes();
    assert!(authenticates(&app, id, secret).await);
    assert_eq!(notes(), 1);
    assert!(authenticates(&app, id, secret).await);
    assert_eq!(notes(), 0, "it is known for today");
    app.clock.advance_ms(24 * 3_600_000);
    assert!(authenticates(&app, id, secret).await);
    assert_eq!(notes(), 1);
}

scenario! {
    async fn a_client_that_has_no_use_for_a_secret_gets_none(app) {
        let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
        for body in [json!({"kind": "public"}), json!({"kind": "confidential", "auth_method": "private_key_jwt", "jwks": jwks})] {
            let made = app.post("/v1/orgs/11/clients", Some(&app.admin), body.clone()).await.created();
            assert_eq!(made.get("secret"), None, "{body}");
            let path = format!("/v1/orgs/11/clients/{}", made["id"]);
            assert_eq!(secrets(app, &path).await, Vec::<Value>::new());
            app.post(&format!("{path}/secrets"), Some(&app.admin), json!({})).await.is_error(409, "CONFLICT");
        }
        // Whoever stops having a use for one has none afterwards.
        let made = machine(app, json!({})).await;
        let path = format!("/v1/orgs/11/clients/{}", made["id"]);
        app.patch(&path, &app.admin, json!({"auth_method": "private_key_jwt", "jwks": jwks})).await.ok();
        app.patch(&path, &app.admin, json!({"auth_method": null, "jwks": null})).await.ok();
        assert!(!authenticates(app, &made["id"], &made["secret"]).await);
        let new = app.post(&format!("{path}/secrets"), Some(&app.admin), json!({})).await.created();
        assert!(authenticates(app, &made["id"], &new["secret"]).await);
    }
}

scenario! {
    async fn clients_are_listed_a_page_at_a_time(app) {
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(machine(app, json!({})).await["id"].as_u64().unwrap());
        }
        let mut seen = Vec::new();
        let mut path = "/v1/orgs/11/clients?limit=2".to_owned();
        loop {
            let page = app.get(&path, &app.admin).await.ok();
            seen.extend(page["clients"].as_array().unwrap().iter().map(|client| client["id"].as_u64().unwrap()));
            assert!(!page.to_string().contains("secret\""), "{page}");
            let Some(next) = page.get("next") else { break };
            path = format!("/v1/orgs/11/clients?limit=2&after={next}");
        }
        made.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, made);
        for bad in ["after=x", "after=0", "limit=501", "afer=1"] {
            app.get(&format!("/v1/orgs/11/clients?{bad}"), &app.admin).await.is_error(400, "INVALID_REQUEST");
        }
    }
}

scenario! {
    async fn a_patch_changes_one_thing_of_a_client_and_leaves_the_rest(app) {
        let made = machine(app, json!({"alias": "shop", "attributes": {"a": "b"}})).await;
        let path = format!("/v1/orgs/11/clients/{}", made["id"]);
        app.clock.advance_ms(1_000);
        let patched = app.patch(&path, &app.admin, json!({"alias": "store", "attributes": {"a": null, "c": "d"}})).await.ok();
        let mut expected = made.clone();
        expected.as_object_mut().unwrap().remove("secret");
        expected["alias"] = json!("store");
        expected["attributes"] = json!({"c": "d"});
        expected["updated"] = json!("2026-11-22T12:00:01Z");
        assert_eq!(patched, expected);
        assert!(authenticates(app, &made["id"], &made["secret"]).await, "it keeps its secret");
        app.get("/v1/orgs/11/clients/shop", &app.admin).await.is_error(404, "NOT_FOUND");
        let by_alias = app.get("/v1/orgs/11/clients/store", &app.admin).await;
        let seen = by_alias.tag().to_owned();
        app.send_if(Method::PATCH, &path, &app.admin, &[("if-match", &seen)], Some(json!({"name": "Store"}))).await.ok();
        for (method, body) in [(Method::PATCH, Some(json!({"name": "x"}))), (Method::PUT, Some(json!({"kind": "public"}))), (Method::DELETE, None)] {
            app.send_if(method, &path, &app.admin, &[("if-match", &seen)], body).await.is_error(412, "PRECONDITION_FAILED");
        }
        let now = app.get(&path, &app.admin).await;
        assert_eq!(now.ok()["name"], "Store", "nothing was changed");
        machine(app, json!({"alias": "other"})).await;
        app.patch(&path, &app.admin, json!({"alias": "other"})).await.is_error(409, "CONFLICT");
        app.send_if(Method::DELETE, &path, &app.admin, &[("if-match", now.tag())], None).await.is_empty();
        app.get(&path, &app.admin).await.is_error(404, "NOT_FOUND");
    }
}

scenario! {
    async fn what_a_client_cannot_be_is_refused_by_name(app) {
        let made = machine(app, json!({})).await;
        let path = format!("/v1/orgs/11/clients/{}", made["id"]);
        for (patch, field) in [
            (json!({"kind": null}), "kind"),
            (json!({"kind": "robot"}), "kind"),
            (json!({"auth_method": "none"}), "auth_method"),
            (json!({"auth_method": "private_key_jwt"}), "auth_method"),
            (json!({"auth_method": "tls_client_auth"}), "certificate_subject"),
            (json!({"certificate_subject": {"san_dnss": "a.example"}}), "certificate_subject"),
            (json!({"grants": ["x"]}), "grants[0]"),
            (json!({"alias": "7"}), "alias"),
            (json!({"token_duration": 0}), "token_duration"),
            (json!({"access_token_form": "RS256"}), "access_token_form"),
            (json!({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}), "jwks"),
            (json!({"id": 7}), "id"),
            (json!({"org": "1"}), "org"),
            (json!({"grant": ["password"]}), "grant"),
            (json!({"secret": null}), "secret"),
        ] {
            let answer = app.patch(&path, &app.admin, patch.clone()).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field, "{patch}");
        }
        for (body, field) in [(json!({}), "kind"), (json!({"kind": "public", "id": 7}), "id"), (json!({"kind": "public", "org": "1"}), "org")] {
            let answer = app.post("/v1/orgs/11/clients", Some(&app.admin), body.clone()).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        for bad in [json!({"previous_expires_in": 2_592_001}), json!({"previous_expires_in": -1}), json!({"previous_expires": 1})] {
            app.post(&format!("{path}/secrets"), Some(&app.admin), bad).await.is_error(400, "INVALID_REQUEST");
        }
        assert_eq!(secrets(app, &path).await.len(), 1, "nothing was changed");
    }
}

scenario! {
    async fn a_secret_is_rotated_without_an_outage(app) {
        let made = machine(app, json!({})).await;
        let (id, path) = (&made["id"], format!("/v1/orgs/11/clients/{}", made["id"]));
        let first = secrets(app, &path).await;
        let answer = app.post(&format!("{path}/secrets"), Some(&app.admin), json!({})).await;
        let second = answer.created();
        assert_eq!(answer.headers["location"], format!("{path}/secrets/{}", second["id"].as_str().unwrap()).as_str());
        assert_eq!((&second["created"], second.get("expires_at")), (&json!("2026-11-22T12:00:00Z"), None));
        let listed = app.get(&format!("{path}/secrets"), &app.admin).await.ok();
        assert_eq!(
            listed,
            json!({"secrets": [
                {"id": second["id"], "created": "2026-11-22T12:00:00Z"},
                {"id": first[0], "created": "2026-11-22T12:00:00Z", "expires_at": "2026-11-23T12:00:00Z"},
            ]})
        );
        assert!(authenticates(app, id, &made["secret"]).await && authenticates(app, id, &second["secret"]).await);
        // A third ends the first, and the second in as long as is said.
        let third = app.post(&format!("{path}/secrets"), Some(&app.admin), json!({"previous_expires_in": 60})).await.created();
        assert!(!authenticates(app, id, &made["secret"]).await);
        assert!(authenticates(app, id, &second["secret"]).await && authenticates(app, id, &third["secret"]).await);
        app.clock.advance_ms(60_000);
        assert!(!authenticates(app, id, &second["secret"]).await && authenticates(app, id, &third["secret"]).await);
        let gone = format!("{path}/secrets/{}", second["id"].as_str().unwrap());
        app.delete(&gone, &app.admin).await.is_error(404, "NOT_FOUND");
        // At once, where it leaked.
        let fourth = app.post(&format!("{path}/secrets"), Some(&app.admin), json!({"previous_expires_in": 0})).await.created();
        assert!(!authenticates(app, id, &third["secret"]).await && authenticates(app, id, &fourth["secret"]).await);
        assert_eq!(secrets(app, &path).await, [fourth["id"].clone()]);
        let request = Request::post(format!("{path}/secrets")).header(header::AUTHORIZATION, format!("Bearer {}", app.admin));
        let fifth = app.send(request.body("".into()).unwrap()).await.created();
        app.delete(&format!("{path}/secrets/{}", fourth["id"].as_str().unwrap()), &app.admin).await.is_empty();
        assert!(!authenticates(app, id, &fourth["secret"]).await && authenticates(app, id, &fifth["secret"]).await);
        app.delete(&format!("{path}/secrets/{}", fourth["id"].as_str().unwrap()), &app.admin).await.is_error(404, "NOT_FOUND");
    }
}

scenario! {
    async fn who_may_read_clients_may_not_change_them_and_others_see_nothing(app) {
        app.put("/v1/orgs/1/members/viewer", &app.admin, json!({"scopes": [api::CLIENTS_READ]})).await.created();
        let viewer = app.token("1", "viewer", &[api::CLIENTS_READ]).await;
        let made = machine(app, json!({})).await;
        let path = format!("/v1/orgs/11/clients/{}", made["id"]);
        for readable in ["/v1/orgs/11/clients".to_owned(), path.clone(), format!("{path}/secrets")] {
            app.get(&readable, &viewer).await.ok();
            let ann = app.token("1", "ann", &[]).await;
            app.get(&readable, &ann).await.is_error(403, "ACCESS_DENIED");
        }
        for (method, path, body) in [
            (Method::POST, "/v1/orgs/11/clients".to_owned(), Some(json!({"kind": "public"}))),
            (Method::PUT, path.clone(), Some(json!({"kind": "public"}))),
            (Method::PATCH, path.clone(), Some(json!({}))),
            (Method::DELETE, path.clone(), None),
            (Method::POST, format!("{path}/secrets"), Some(json!({}))),
            (Method::DELETE, format!("{path}/secrets/AAAAAAAAAAAA"), None),
        ] {
            app.send_if(method, &path, &viewer, &[], body).await.is_error(403, "ACCESS_DENIED");
        }
        app.get("/v1/orgs/2/clients", &app.admin).await.is_error(403, "ACCESS_DENIED");
        app.get(&path.replace("/11/", "/111/"), &app.admin).await.is_error(404, "NOT_FOUND");
    }
}
