//! The issuers that an org trusts, as its administrators see them: `/v1/orgs/{org}/issuers`.

use http::{Method, Request};
use serde_json::{Value, json};
use shared::domain::{AssertionSettings, OrgId};
use shared::jose::jwk;
use shared::keys::signer::Signer as _;
use shared::store::RecordKeys;

use super::tenant::{Tenant, fresh_id, issuer_key};
use super::workloads::{GITHUB, Workload, is_refused, platform};
use crate::support::{App, KEY_SETS, Mount, basic, log, scenario, text};

/// An issuer whose keys are at a place where the service may read.
const ELSEWHERE: &str = "https://elsewhere.example";

fn elsewhere() -> Value {
    json!({"issuer": ELSEWHERE, "jwks_uri": format!("{KEY_SETS}/jwks")})
}

/// An org that trusts GitHub alone, with a client that is a workload there.
async fn set(app: &App) -> Tenant<'_> {
    let (tenant, github) = (Tenant::opaque(app).await, platform("GitHub Actions"));
    Workload::set(&tenant, &[github.entry()], vec![github.identity]).await;
    tenant
}

async fn listed(app: &App, org: &str) -> Value {
    app.get(&format!("/v1/orgs/{org}/issuers"), &app.admin).await.ok()["issuers"].take()
}

scenario! {
    async fn the_issuers_of_an_org_are_listed_with_their_keys_and_how_many_clients_are_theirs(app) {
        let tenant = set(app).await;
        let disabled = json!({"issuer": "https://off.example", "jwks_uri": format!("{KEY_SETS}/off"), "enabled": false});
        tenant.set(json!({"assertion_issuers": [platform("GitHub Actions").entry(), elsewhere(), disabled]})).await;
        let org = tenant.org;
        let issuers = listed(app, org).await;
        assert_eq!(issuers[0]["issuer"], GITHUB);
        assert_eq!((&issuers[0]["clients"], &issuers[0]["enabled"], &issuers[0]["keys"]["source"]), (&json!(1), &json!(true), &json!("jwks")));
        assert!(issuers[0].get("problem").is_none(), "{issuers}");
        let why = issuers[1]["keys"]["problem"].as_str().unwrap();
        assert!(why.starts_with("The keys can't be had now") && issuers[1]["clients"] == 0, "{issuers}");
        assert!(issuers[2].get("keys").is_none() && issuers[2]["enabled"] == false, "{issuers}");
        assert!(app.web.asked().iter().all(|(url, _)| !url.ends_with("/off")), "nobody reads the keys of a disabled issuer");
        // A dead place is asked again after five seconds.
        let key = issuer_key();
        app.web.put(&format!("{KEY_SETS}/jwks"), &json!({"keys": [jwk::to_json(key.jwk())]}));
        app.clock.advance_ms(6_000);
        let keys = listed(app, org).await[1]["keys"].take();
        assert_eq!((&keys["source"], &keys["kids"]), (&json!(format!("{KEY_SETS}/jwks")), &json!([key.jwk().kid.as_str()])));
        assert!(keys["read"].is_string() && keys.get("problem").is_none(), "{keys}");
    }
}

#[tokio::test]
async fn issuers_are_listed_however_many_clients_have_an_identity_there() {
    let app = App::new(Mount::DynamoDb).await;
    let tenant = set(&app).await;
    let clients = format!("/v1/orgs/{}/clients", tenant.org);
    for _ in 0..RecordKeys::MAX_KEYS {
        let identity = platform("GitHub Actions").identity;
        let body = json!({"kind": "confidential", "auth_method": "private_key_jwt", "federated": [identity]});
        app.post(&clients, Some(&app.admin), body).await.created();
    }
    assert_eq!(listed(&app, tenant.org).await[0]["clients"], RecordKeys::MAX_KEYS + 1);
}

scenario! {
    async fn the_list_says_on_which_day_a_workload_of_an_issuer_last_got_a_token(app) {
        let workload = Workload::new(app).await;
        let at = |name: &str, issuers: &Value| {
            let name = platform(name).identity["issuer"].clone();
            issuers.as_array().unwrap().iter().find(|issuer| issuer["issuer"] == name).unwrap()["last_used"].clone()
        };
        assert!(at("AWS", &listed(app, workload.tenant.org).await).is_null(), "nothing was used");
        let aws = platform("AWS");
        is_refused(&workload.by_assertion(&aws.token(json!({"sub": "arn:aws:iam::1:role/other"})), &[]).await);
        assert!(at("AWS", &listed(app, workload.tenant.org).await).is_null(), "what is refused is no use");
        workload.by_assertion(&aws.token(json!({"jti": fresh_id()})), &[]).await.ok();
        let first = at("AWS", &listed(app, workload.tenant.org).await);
        assert!(first.is_string() && at("GitHub Actions", &listed(app, workload.tenant.org).await).is_null());
        let google = platform("Google");
        workload.by_assertion(&google.token(json!({})), &[]).await.ok();
        let issuers = listed(app, workload.tenant.org).await;
        assert_eq!((at("AWS", &issuers), at("Google", &issuers)), (first.clone(), first), "one is kept beside the other");
    }
}

scenario! {
    async fn issuers_are_listed_for_who_may_read_the_org(app) {
        let path = format!("/v1/orgs/{}/issuers", Tenant::opaque(app).await.org);
        app.get(&path, "x").await.is_error(401, "TOKEN_INVALID");
        app.get("/v1/orgs/nowhere/issuers", &app.admin).await.is_error(403, "ACCESS_DENIED");
        app.get(&format!("{path}?check=true"), &app.admin).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn an_org_sees_its_issuers_by_its_api_secret_and_no_others(app) {
        let org = set(app).await.org;
        let secret = app.post(&format!("/v1/orgs/{org}/secret"), Some(&app.admin), json!({})).await.json();
        let credentials = basic(org, text(&secret["secret"]));
        let send = async |method: Method, path: String, body: &str| {
            let request = Request::builder().method(method).uri(path).header("authorization", &credentials);
            app.send(request.header("content-type", "application/json").body(body.to_owned().into()).unwrap()).await
        };
        let issuers = send(Method::GET, format!("/v1/orgs/{org}/issuers"), "").await.ok();
        assert_eq!(issuers["issuers"], listed(app, org).await);
        let told = send(Method::POST, format!("/v1/orgs/{org}/issuers/test"), r#"{"token": "x"}"#).await.ok();
        assert_eq!(told["rule"], "FORM");
        send(Method::GET, "/v1/orgs/1/issuers".into(), "").await.is_error(401, "TOKEN_INVALID");
    }
}

scenario! {
    async fn an_org_is_written_with_an_issuer_that_does_not_answer_unless_that_is_to_be_checked(app) {
        let path = format!("/v1/orgs/{}", set(app).await.org);
        let entries = [platform("GitHub Actions").entry(), elsewhere()];
        let settings = json!({"settings": {"assertion_issuers": entries}});
        let before = app.get(&path, &app.admin).await.ok();
        for write in [
            app.patch(&format!("{path}?check=true"), &app.admin, settings.clone()).await,
            app.put(&format!("{path}?check=true"), &app.admin, settings.clone()).await,
        ] {
            write.is_error(400, "ISSUER_UNREADABLE");
            assert_eq!(write.json()["field"], "settings.assertion_issuers[1].jwks_uri");
        }
        assert_eq!(app.get(&path, &app.admin).await.ok(), before, "nothing is changed");
        app.patch(&format!("{path}?check=maybe"), &app.admin, settings.clone()).await.is_error(400, "INVALID_REQUEST");
        app.patch(&format!("{path}?check=false"), &app.admin, settings.clone()).await.ok();
        app.web.put(&format!("{KEY_SETS}/jwks"), &json!({"keys": [jwk::to_json(issuer_key().jwk())]}));
        app.clock.advance_ms(6_000);
        app.patch(&format!("{path}?check=true"), &app.admin, settings).await.ok();
    }
}

scenario! {
    async fn an_org_tests_sixty_tokens_in_a_minute(app) {
        let orgs = [Tenant::opaque(app).await.org, Tenant::jwt(app).await.org];
        let [path, other] = &orgs.map(|org| format!("/v1/orgs/{org}/issuers/test"));
        for _ in 0..60 {
            app.post(path, Some(&app.admin), json!({"token": "x"})).await.ok();
        }
        let refused = app.post(path, Some(&app.admin), json!({"token": "x"})).await;
        refused.is_error(429, "TOO_MANY_ATTEMPTS");
        let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        app.post(other, Some(&app.admin), json!({"token": "x"})).await.ok();
        app.clock.advance_ms(wait * 1_000);
        app.post(path, Some(&app.admin), json!({"token": "x"})).await.ok();
    }
}

/// Puts into the store what versions took that didn't ask for conditions.
async fn trust_as_before(app: &App, org: &str, change: impl FnOnce(&mut AssertionSettings)) {
    let org = &OrgId::parse(org).unwrap();
    let seen = app.store.org(org).await.unwrap().unwrap();
    let mut settings = app.store.assertion_settings(org).await.unwrap();
    change(&mut settings);
    app.store.put_org(Some(&seen), &seen, Some(&settings)).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_was_trusted_before_conditions_were_demanded_counts_for_nothing_and_is_told() {
    let app = App::new(Mount::InProcess).await;
    let workload = Workload::new(&app).await;
    let github = platform("GitHub Actions");
    trust_as_before(&app, workload.tenant.org, |settings| {
        let issuer = settings.assertion_issuers.iter_mut().find(|issuer| issuer.issuer == GITHUB).unwrap();
        issuer.claims.clear();
        issuer.any_subject = true;
    })
    .await;
    log::begin();
    is_refused(&workload.by_assertion(&github.token(json!({"jti": fresh_id()})), &[]).await);
    assert_eq!(alarms(), 1);
    let issuers = listed(&app, workload.tenant.org).await;
    let problems: Vec<_> = issuers.as_array().unwrap().iter().filter(|issuer| issuer.get("problem").is_some()).collect();
    assert_eq!(problems.len(), 1, "{issuers}");
    assert_eq!((&problems[0]["issuer"], &problems[0]["problem"]), (&json!(GITHUB), &json!("ISSUER_OPEN_TO_STRANGERS")));
}

fn alarms() -> usize {
    log::drain().lines().filter(|line| line.contains("jeton::alarm") && line.contains("IssuerOpenToStrangers")).count()
}
