//! What the authorization server says of itself: RFC 8414, OpenID Connect Discovery.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use shared::api::http::Service;
use shared::domain::{FrozenClock, Issuer, Seeded};
use shared::keys::Ring;
use shared::platform::RecordParts;
use shared::store::Store;
use shared::store::sqlite::SqliteStore;

use crate::support::deployment::Instance;
use crate::support::{Answer, NOW, Watched, over, scenario};

const METADATA: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// What the bundle `records` has, on this store.
fn records(issuer: &str, store: Arc<dyn Store>) -> RecordParts {
    let clock = Arc::new(FrozenClock::at(NOW));
    let ring = Arc::new(Ring::new(store.clone(), clock.clone()));
    let parts = RecordParts::new(clock, Arc::new(Seeded::new(1)), store, ring, Issuer::parse(issuer).unwrap());
    parts.opening(Some("1".parse().unwrap()))
}

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

async fn of_issuer(issuer: &str, path: &str) -> Answer {
    let store = Arc::new(SqliteStore::in_memory(Arc::new(FrozenClock::at(NOW))).unwrap());
    let service = Service::new(&functions::records(), &records(issuer, store)).unwrap();
    let response: Response<Bytes> = service.call(get(path)).await;
    Answer::from(response)
}

scenario! {
    async fn both_documents_say_the_same_and_may_be_kept_for_five_minutes(app) {
        let metadata = app.send(get(METADATA)).await;
        let openid = app.send(get(OPENID)).await.ok();
        assert_eq!(openid["subject_types_supported"], json!(["public"]));
        let algorithms = openid["id_token_signing_alg_values_supported"].as_array().unwrap();
        assert!(algorithms.contains(&json!("RS256")), "OpenID Connect Discovery section 3: {algorithms:?}");
        assert_eq!(openid, metadata.ok());
        assert_eq!(openid["issuer"], "https://jeton.example");
        assert_eq!(openid["authorization_endpoint"], "https://jeton.example/oauth2/authorize");
        for path in [METADATA, OPENID] {
            let whole = app.send(get(path)).await;
            assert_eq!(whole.headers["cache-control"], "public, max-age=300");
            for method in [Method::GET, Method::HEAD] {
                let again = Request::builder().method(method).uri(path).header("if-none-match", &whole.headers["etag"]);
                let again = app.send(again.body(Bytes::new()).unwrap()).await;
                assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
                assert_eq!(again.headers["cache-control"], "public, max-age=300");
            }
        }
    }
}

scenario! {
    async fn the_keys_that_are_named_are_served(app) {
        let metadata = app.send(get(METADATA)).await.ok();
        let path = metadata["jwks_uri"].as_str().unwrap().strip_prefix("https://jeton.example").unwrap().to_owned();
        assert_eq!(app.send(get(&path)).await.ok()["keys"][0]["alg"], "ES256");
    }
}

scenario! {
    async fn an_issuer_without_a_path_has_its_metadata_in_one_place(app) {
        for path in ["/", "/x", "/jeton.example", "/https:%2F%2Fjeton.example"] {
            assert_eq!(app.send(get(&format!("{METADATA}{path}"))).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn rfc8414_3_1_the_path_of_the_issuer_stands_behind_the_well_known_one() {
    let issuer = "https://a.example/tenants/x";
    let found = of_issuer(issuer, &format!("{METADATA}/tenants/x")).await.ok();
    assert_eq!(found["issuer"], issuer);
    assert_eq!(found["jwks_uri"], format!("{issuer}/.well-known/jwks.json"));
    assert_eq!(of_issuer(issuer, METADATA).await.ok(), found);
    for other in ["tenants", "tenants/x/", "tenants/y", "tenants/x/y", "tenants%2Fy"] {
        assert_eq!(of_issuer(issuer, &format!("{METADATA}/{other}")).await.status, 404, "{other}");
    }
}

/// Nothing but what the open org lets strangers have is read, so the metadata is there while DynamoDB and KMS are not.
#[tokio::test]
async fn neither_a_store_nor_a_key_is_needed_to_answer() {
    for path in [METADATA, OPENID] {
        let store = SqliteStore::in_memory(Arc::new(FrozenClock::at(NOW))).unwrap();
        let store = Arc::new(Watched::new(Arc::new(store)));
        let service = Service::new(&functions::records(), &records("https://a.example", store.clone())).unwrap();
        store.fail_in(0, false);
        let answer = Answer::from(service.call(get(path)).await);
        assert_eq!(answer.ok()["issuer"], "https://a.example");
        assert!(store.recover() && store.calls() == ["org"], "the open org is asked for, and nothing else");
    }
}

scenario! {
    async fn the_scopes_that_strangers_can_have_are_listed_only_where_strangers_can_register(app) {
        let openid = json!(["openid", "profile", "email", "address", "phone"]);
        let scopes = json!([{"name": "read", "default": true}, {"name": "write"}, {"name": "urn:jeton:admin", "default": true}]);
        app.put("/v1/orgs/1", &app.admin, json!({"settings": {"supported_scopes": scopes}})).await.ok();
        assert_eq!(app.send(get(METADATA)).await.ok()["scopes_supported"], openid);
        for (strangers, listed) in [(json!(null), vec!["read"]), (json!(["write", "offline_access"]), vec!["write"])] {
            let settings = json!({"open_registration": {"enabled": true}, "strangers_scopes": strangers});
            app.patch("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
            app.clock.advance_ms(60_000);
            let all: Vec<_> = openid.as_array().unwrap().iter().filter_map(Value::as_str).chain(listed).collect();
            for path in [METADATA, OPENID] {
                assert_eq!(app.send(get(path)).await.ok()["scopes_supported"], json!(all), "without offline_access");
            }
        }
    }
}

scenario! {
    async fn that_the_open_org_takes_id_jags_is_told_and_of_whom_is_not(app) {
        const MEMBER: &str = "authorization_grant_profiles_supported";
        assert_eq!(app.send(get(METADATA)).await.ok().get(MEMBER), None);
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let issuer = |more: Value| over(json!({"issuer": "https://idp.example", "jwks": {"keys": [key]}}), more);
        for (more, listed) in [
            (json!({"id_jag": true}), json!(["urn:ietf:params:oauth:grant-profile:id-jag"])),
            (json!({"id_jag": true, "enabled": false}), json!(null)),
            (json!({"subject_tokens": true, "any_subject": true}), json!(null)),
        ] {
            let settings = json!({"settings": {"assertion_issuers": [issuer(more)]}});
            app.patch("/v1/orgs/1", &app.admin, settings).await.ok();
            app.clock.advance_ms(60_000);
            for path in [METADATA, OPENID] {
                let told = app.send(get(path)).await.ok();
                assert_eq!(told[MEMBER], listed);
                assert!(!told.to_string().contains("idp.example"), "never which");
            }
        }
    }
}

scenario! {
    async fn that_the_open_org_trusts_a_spiffe_trust_domain_is_told(app) {
        let methods = async || app.send(get(METADATA)).await.ok()["token_endpoint_auth_methods_supported"].to_string();
        assert!(!methods().await.contains("spiffe_jwt"));
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k", "use": "jwt-svid"});
        for enabled in [true, false] {
            let issuer = json!({"issuer": "spiffe://example.org", "jwks": {"keys": [key]}, "enabled": enabled});
            app.patch("/v1/orgs/1", &app.admin, json!({"settings": {"assertion_issuers": [issuer]}})).await.ok();
            app.clock.advance_ms(60_000);
            assert_eq!(methods().await.contains("spiffe_jwt"), enabled);
        }
    }
}

/// What is advertised by which member, and where it is in the catalogue.
const ADVERTISED: [(&str, &str); 10] = [
    ("authorization_endpoint", "oauth.authorize"),
    ("pushed_authorization_request_endpoint", "oauth.push_authorization"),
    ("device_authorization_endpoint", "oauth.authorize_device"),
    ("token_endpoint", "oauth.token"),
    ("introspection_endpoint", "oauth.introspect"),
    ("revocation_endpoint", "oauth.revoke"),
    ("registration_endpoint", "oauth.register_client"),
    ("userinfo_endpoint", "oauth.get_userinfo"),
    ("end_session_endpoint", "oauth.logout"),
    ("jwks_uri", "jeton.jwks"),
];

/// What is advertised is there, and what is there is advertised.
#[tokio::test]
async fn the_metadata_names_the_endpoints_of_the_catalogue_and_no_others() {
    let metadata = of_issuer("https://a.example", METADATA).await.ok();
    let catalogue = functions::catalogue::<Instance>();
    let url = |path: &str| Value::from(format!("https://a.example{path}"));
    let expected = ADVERTISED.iter().filter_map(|(member, name)| {
        let entry = catalogue.iter().find(|entry| entry.route.name == *name)?;
        Some(((*member).to_owned(), url(entry.route.path)))
    });
    let members = metadata.as_object().unwrap().iter();
    let named = members.filter(|(name, _)| name.ends_with("_endpoint") || name.ends_with("_uri"));
    assert_eq!(named.map(|(name, url)| (name.clone(), url.clone())).collect::<BTreeMap<_, _>>(), expected.collect());
    let known: Vec<_> = metadata.as_object().unwrap().values().filter_map(Value::as_str).collect();
    // Clients learn an address with an id from an answer, and browsers that of the way back from the login application.
    let is_learned = |path: &str| path.contains('{') || path == "/oauth2/authorize/continue";
    for entry in catalogue.iter().filter(|entry| entry.route.path.starts_with("/oauth2/") && !is_learned(entry.route.path)) {
        let url = format!("https://a.example{}", entry.route.path);
        assert!(known.contains(&url.as_str()), "{url} is nowhere advertised");
    }
    // RFC 9126 section 2, RFC 8628 section 3.1: there clients authenticate as at the token endpoint.
    let as_for_tokens = ["pushed_authorization_request_endpoint", "device_authorization_endpoint"];
    let without_clients =
        ["authorization_endpoint", "end_session_endpoint", "jwks_uri", "registration_endpoint", "userinfo_endpoint"];
    let without_clients = [&without_clients[..], &as_for_tokens].concat();
    for (member, name) in ADVERTISED.iter().filter(|(member, _)| !without_clients.contains(member)) {
        let is_there = catalogue.iter().any(|entry| entry.route.name == *name);
        for what in ["auth_methods_supported", "auth_signing_alg_values_supported"] {
            assert_eq!(metadata.get(format!("{member}_{what}")).is_some(), is_there, "{member}_{what}");
        }
    }
}
