//! Clients that register themselves: RFC 7591, RFC 7592.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures::FutureExt as _;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::domain::{Algorithm, ClientId, ClientMetadata, OrgId};
use shared::jose::{jwk, sha256};
use shared::keys::signer::{LocalSigner, Signer as _};

use crate::support::{self, Answer, App, NOW, scenario, text};

pub(super) const REGISTER: &str = "/oauth2/register";

/// Org 1 has scopes, of which one reaches Jeton's own API. Returns an initial access token of it.
async fn begun(app: &App) -> String {
    let settings = json!({"supported_scopes": [
        {"name": "read", "default": true}, {"name": "write"}, {"name": "urn:jeton:admin", "default": true}
    ]});
    app.put("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
    let scopes = ["urn:jeton:clients:register"];
    app.put("/v1/orgs/1/members/desk", &app.admin, json!({ "scopes": scopes })).await.created();
    app.token("1", "desk", &scopes).await
}

async fn register(app: &App, initial: &str, body: Value) -> Value {
    app.post(REGISTER, Some(initial), body).await.created()
}

pub(super) fn place(made: &Value) -> String {
    format!("{REGISTER}/{}", text(&made["client_id"]))
}

pub(super) fn access(made: &Value) -> &str {
    text(&made["registration_access_token"])
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, error: &str, says: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["error"]), (status, &json!(error)), "{body}");
    assert!(text(&body["error_description"]).contains(says), "{body}");
    let challenge = answer.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
    assert_eq!(
        challenge.is_some_and(|it| it.starts_with("Bearer ")),
        status == 401 || error == "insufficient_scope",
        "{challenge:?}"
    );
}

async fn post_form(app: &App, path: &str, authorization: Option<String>, form: String) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = authorization.into_iter().fold(request, |request, value| request.header(header::AUTHORIZATION, value));
    app.send(request.body(Bytes::from(form)).unwrap()).await
}

fn basic(made: &Value) -> String {
    support::basic(text(&made["client_id"]), text(&made["client_secret"]))
}

async fn token(app: &App, made: &Value) -> Value {
    post_form(app, "/oauth2/token", Some(basic(made)), "grant_type=client_credentials".into()).await.ok()
}

fn keys() -> Value {
    json!({"keys": [jwk::to_json(LocalSigner::for_tests(Algorithm::EdDsa).jwk())]})
}

/// RFC 7523 section 2.2.
fn assertion(client: &str) -> String {
    let payload = json!({"iss": client, "sub": client, "aud": "https://jeton.example", "exp": NOW.as_secs() + 60, "jti": "j-1"});
    let input = [json!({"alg": "EdDSA"}), payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = LocalSigner::for_tests(Algorithm::EdDsa).sign(input.as_bytes()).now_or_never().unwrap().unwrap();
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    format!("client_assertion_type={kind}&client_assertion={input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

scenario! {
    async fn rfc7591_3_2_1_a_client_registers_and_gets_a_token(app) {
        let initial = begun(app).await;
        let made = register(app, &initial, json!({"client_name": "Machine"})).await;
        assert_eq!((access(&made).len(), text(&made["client_secret"]).len()), (43, 86));
        assert_eq!(made["registration_client_uri"], format!("https://jeton.example{}", place(&made)));
        let rest = json!({
            "client_id": made["client_id"], "client_id_issued_at": NOW.as_secs(), "client_secret": made["client_secret"],
            "client_secret_expires_at": 0, "registration_access_token": made["registration_access_token"],
            "registration_client_uri": made["registration_client_uri"], "client_name": "Machine", "scope": "read",
            "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"], "response_types": [],
            "tls_client_certificate_bound_access_tokens": false, "dpop_bound_access_tokens": false
        });
        assert_eq!(made, rest);
        let got = token(app, &made).await;
        assert_eq!((&got["token_type"], &got["scope"]), (&json!("Bearer"), &json!("read")));
        let mut known = app.get(&place(&made), access(&made)).await.ok();
        assert_eq!(known.get("client_secret"), None, "it is told once");
        known["client_secret"] = made["client_secret"].clone();
        known["client_secret_expires_at"] = json!(0);
        assert_eq!(known, made);
    }
}

scenario! {
    async fn each_method_of_authentication_can_be_registered(app) {
        let initial = begun(app).await;
        let made = register(app, &initial, json!({"token_endpoint_auth_method": "client_secret_post"})).await;
        let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", text(&made["client_id"]), text(&made["client_secret"]));
        post_form(app, "/oauth2/token", None, form).await.ok();
        let made = register(app, &initial, json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys()})).await;
        assert_eq!((made.get("client_secret"), &made["jwks"]), (None, &keys()));
        let form = format!("grant_type=client_credentials&{}", assertion(text(&made["client_id"])));
        post_form(app, "/oauth2/token", None, form).await.ok();
        for (method, name, value) in [
            ("tls_client_auth", "tls_client_auth_san_dns", json!("client.example")),
            ("tls_client_auth", "tls_client_auth_subject_dn", json!("CN=client,O=Example")),
            ("none", "redirect_uris", json!(["https://client.example/cb"])),
        ] {
            let made = register(app, &initial, json!({"token_endpoint_auth_method": method, name: value})).await;
            assert_eq!((&made["token_endpoint_auth_method"], &made[name]), (&json!(method), &value));
            assert_eq!((made.get("client_secret"), made.get("client_secret_expires_at")), (None, None));
        }
    }
}

scenario! {
    async fn rfc7591_3_2_2_what_is_wrong_is_named_and_not_repeated(app) {
        let initial = begun(app).await;
        for (body, error, says) in [
            (json!({"token_endpoint_auth_method": "client_secret_jwt"}), "invalid_client_metadata", "token_endpoint_auth_method must be"),
            (json!({"token_endpoint_auth_method": "private_key_jwt"}), "invalid_client_metadata", "jwks"),
            (json!({"token_endpoint_auth_method": "tls_client_auth"}), "invalid_client_metadata", "tls_client_auth"),
            (json!({"token_endpoint_auth_method": "none"}), "invalid_redirect_uri", "redirect_uris is required"),
            (json!({"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]}), "invalid_client_metadata", "grant_types"),
            (json!({"grant_types": ["password"]}), "invalid_client_metadata", "grant_types"),
            (json!({"grant_types": "client_credentials"}), "invalid_client_metadata", "grant_types must be a list"),
            (json!({"grant_types": ["authorization_code"]}), "invalid_redirect_uri", "redirect_uris"),
            (json!({"redirect_uris": ["http://s3cret.example/cb"]}), "invalid_redirect_uri", "redirect_uris"),
            (json!({"response_types": ["code"]}), "invalid_client_metadata", "response_types"),
            (json!({"scope": "read s3cret"}), "invalid_client_metadata", "scope must be"),
            (json!({"scope": "urn:jeton:admin"}), "invalid_client_metadata", "scope must be"),
            (json!({"client_name": 5}), "invalid_client_metadata", "client_name must be"),
            (json!({"client_name": "s3cret".repeat(20)}), "invalid_client_metadata", "client_name must be"),
            (json!({"contacts": vec!["s3cret"; 201]}), "invalid_client_metadata", "contacts must be"),
            (json!({"software_id": "s3cret".repeat(700)}), "invalid_client_metadata", "software_id must be"),
            (json!({"logo_uri": "javascript:s3cret"}), "invalid_client_metadata", "logo_uri must be"),
            (json!({"jwks_uri": "https://169.254.169.254/s3cret"}), "invalid_client_metadata", "jwks_uri must not be given"),
            (json!({"jwks": {"keys": [{"kty": "oct", "k": "s3cret"}]}}), "invalid_client_metadata", "jwks must be a public key"),
            (json!({"software_statement": "s3cret"}), "unapproved_software_statement", "software_statement"),
            (json!({"tls_client_auth_san_ip": "s3cret"}), "invalid_client_metadata", "tls_client_auth_san_ip"),
            (json!({"dpop_bound_access_tokens": "true"}), "invalid_client_metadata", "must be true or false"),
        ] {
            let answer = app.post(REGISTER, Some(&initial), body.clone()).await;
            is_refused(&answer, 400, error, says);
            assert!(!String::from_utf8_lossy(&answer.body).contains("s3cret"), "{body}");
        }
        let send = async |media_type: &str, body: &'static str| {
            let request = Request::post(REGISTER).header(header::AUTHORIZATION, format!("Bearer {initial}"));
            app.send(request.header(header::CONTENT_TYPE, media_type).body(Bytes::from(body)).unwrap()).await
        };
        is_refused(&send("application/x-www-form-urlencoded", "client_name=x").await, 400, "invalid_request", "application/json");
        for body in ["", "[]", "null", "{", r#"{"client_name":"a","client_n\u0061me":"b"}"#] {
            is_refused(&send("application/json", body).await, 400, "invalid_request", "");
        }
    }
}

scenario! {
    async fn rfc7591_3_an_initial_access_token_is_needed_and_registers_in_its_own_org(app) {
        let initial = begun(app).await;
        is_refused(&app.post(REGISTER, None, json!({})).await, 401, "invalid_token", "");
        is_refused(&app.post(REGISTER, Some("x"), json!({})).await, 401, "invalid_token", "");
        let reader = app.token("1", "reader", &["urn:jeton:tokens:read"]).await;
        is_refused(&app.post(REGISTER, Some(&reader), json!({})).await, 403, "insufficient_scope", "urn:jeton:clients:register");
        for (bearer, org) in [(&initial, "1"), (&app.admin, "1")] {
            let made = register(app, bearer, json!({"org": "2", "client_id": "5"})).await;
            let id = ClientId::from_number(text(&made["client_id"]).parse().unwrap()).unwrap();
            let kept = app.store.client(&OrgId::parse(org).unwrap(), id).await.unwrap();
            assert!(kept.is_some());
            assert_eq!(app.store.client(&OrgId::parse("2").unwrap(), id).await.unwrap(), None);
        }
    }
}

scenario! {
    async fn a_client_can_t_give_itself_what_others_have_to_give(app) {
        let initial = begun(app).await;
        let mine = json!({
            "client_id": "5", "client_secret": "mine", "registration_access_token": "mine", "may_exchange_tokens": true,
            "may_exchange_to": [{"resource": "urn:x", "scopes": ["read"]}], "tokenExchangePermitted": true, "resources": ["urn:x"], "access_token_form": "opaque", "access_token_duration": 5,
            "alias": "mine", "clientIdAlias": "mine", "enabled": false, "developer": "ann", "attributes": [{"key": "a"}]
        });
        let made = register(app, &initial, mine).await;
        let id = ClientId::from_number(text(&made["client_id"]).parse().unwrap()).unwrap();
        let kept = app.store.client(&OrgId::parse("1").unwrap(), id).await.unwrap().unwrap();
        assert!(kept.enabled && !kept.settings.may_exchange_tokens && id.as_number() != 5);
        assert_eq!((made.get("may_exchange_to"), kept.settings.exchange_targets), (None, vec![]));
        assert_eq!((kept.settings.alias, kept.settings.resources, kept.settings.access_token_form, kept.settings.token_duration), (None, None, None, None));
        let secrets: Vec<_> = kept.secrets.iter().map(|secret| secret.hash).collect();
        assert_eq!((secrets, kept.registration_token), (vec![sha256(text(&made["client_secret"]).as_bytes())], Some(sha256(access(&made).as_bytes()))));
        assert_eq!((kept.settings.attributes, kept.settings.redirect_uris, kept.settings.metadata), (vec![], vec![], ClientMetadata::default()));
    }
}

scenario! {
    async fn rfc7592_2_2_an_update_replaces_what_the_client_says_of_itself(app) {
        let initial = begun(app).await;
        let made = register(app, &initial, json!({
            "client_name": "A", "client_name#fr": "Un", "contacts": ["a@example.org"], "scope": "read write", "software_id": "s"
        })).await;
        let id = text(&made["client_id"]);
        app.clock.advance_ms(1_000);
        let update = json!({"client_id": id, "client_secret": made["client_secret"], "client_name": "B", "contacts": null, "software_id": ""});
        let changed = app.put(&place(&made), access(&made), update).await.ok();
        assert_eq!((&changed["client_name"], &changed["scope"], &changed["client_id_issued_at"]), (&json!("B"), &json!("read"), &made["client_id_issued_at"]));
        assert_eq!(changed["registration_access_token"], made["registration_access_token"]);
        for gone in ["client_name#fr", "contacts", "software_id", "client_secret"] {
            assert_eq!(changed.get(gone), None, "{gone}");
        }
        assert_eq!(app.get(&place(&made), access(&made)).await.ok(), changed);
        token(app, &made).await;
        for (body, error, says) in [
            (json!({}), "invalid_request", "client_id must be"),
            (json!({"client_id": "5"}), "invalid_request", "client_id must be"),
            (json!({"client_id": id, "client_secret": "mine"}), "invalid_request", "client_secret must be"),
            (json!({"client_id": id, "registration_access_token": access(&made)}), "invalid_request", "registration_access_token must not"),
            (json!({"client_id": id, "registration_client_uri": "x"}), "invalid_request", "registration_client_uri must not"),
            (json!({"client_id": id, "client_secret_expires_at": 0}), "invalid_request", "client_secret_expires_at must not"),
            (json!({"client_id": id, "client_id_issued_at": 0}), "invalid_request", "client_id_issued_at must not"),
            (json!({"client_id": id, "scope": "other"}), "invalid_client_metadata", "scope must be"),
        ] {
            is_refused(&app.put(&place(&made), access(&made), body).await, 400, error, says);
        }
        assert_eq!(app.get(&place(&made), access(&made)).await.ok(), changed, "nothing was written");
        let keyed = json!({"client_id": id, "token_endpoint_auth_method": "private_key_jwt", "jwks": keys()});
        assert_eq!(app.put(&place(&made), access(&made), keyed).await.ok().get("client_secret"), None);
        let again = app.put(&place(&made), access(&made), json!({ "client_id": id })).await.ok();
        assert_ne!(again["client_secret"], made["client_secret"], "the old secret doesn't come back");
        token(app, &again).await;
    }
}

scenario! {
    async fn rfc7592_2_only_its_own_token_opens_a_registration(app) {
        let initial = begun(app).await;
        let (made, other) = (register(app, &initial, json!({})).await, register(app, &initial, json!({})).await);
        let path = place(&made);
        let wrong = app.get(&path, access(&other)).await;
        is_refused(&wrong, 401, "invalid_token", "");
        let id = text(&made["client_id"]);
        for (path, bearer) in [
            (&*path, &*initial), (&path, &app.admin), (&path, &access(&made)[1..]), (&path, text(&made["client_secret"])),
            ("/oauth2/register/4711", access(&made)), ("/oauth2/register/nobody", access(&made)), ("/oauth2/register/%FF", access(&made)),
        ] {
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                let body = if method == Method::PUT { json!({ "client_id": id }).to_string() } else { String::new() };
                let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {bearer}"));
                let answer = app.send(request.header(header::CONTENT_TYPE, "application/json").body(Bytes::from(body)).unwrap()).await;
                assert_eq!((answer.status, &answer.body), (wrong.status, &wrong.body), "one answer for all");
            }
        }
        // One that others have made has no such token.
        let foreign = app.post("/api/1/client/create", Some(&app.admin), json!({})).await.ok();
        is_refused(&app.get(&format!("{REGISTER}/{}", foreign["clientId"]), access(&made)).await, 401, "invalid_token", "");
        app.get(&path, access(&made)).await.ok();
        // RFC 7592 section 2.1: a client that is known and not permitted.
        app.post(&format!("/api/1/client/lock_flag/update/{id}"), Some(&app.admin), json!({"clientLocked": true})).await.ok();
        is_refused(&app.get(&path, access(&made)).await, 403, "access_denied", "locked");
        is_refused(&app.put(&path, access(&made), json!({ "client_id": id })).await, 403, "access_denied", "locked");
        is_refused(&app.delete(&path, access(&made)).await, 403, "access_denied", "locked");
        is_refused(&app.get(&path, access(&other)).await, 401, "invalid_token", "");
    }
}

scenario! {
    async fn rfc7592_2_3_a_client_is_deleted_with_all_its_tokens(app) {
        let initial = begun(app).await;
        let (made, watcher) = (register(app, &initial, json!({})).await, app.token("1", "reader", &["urn:jeton:tokens:read"]).await);
        let issued = token(app, &made).await;
        let is_active = async || {
            let form = format!("token={}", text(&issued["access_token"]));
            post_form(app, "/oauth2/introspect", Some(format!("Bearer {watcher}")), form).await.ok()["active"].clone()
        };
        assert_eq!(is_active().await, true);
        app.delete(&place(&made), access(&made)).await.is_empty();
        assert_eq!(is_active().await, false);
        for _ in 0..2 {
            is_refused(&app.get(&place(&made), access(&made)).await, 401, "invalid_token", "");
            is_refused(&app.delete(&place(&made), access(&made)).await, 401, "invalid_token", "");
            let update = json!({"client_id": made["client_id"]});
            is_refused(&app.put(&place(&made), access(&made), update).await, 401, "invalid_token", "");
        }
        let refused = post_form(app, "/oauth2/token", Some(basic(&made)), "grant_type=client_credentials".into()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("invalid_client")));
    }
}
