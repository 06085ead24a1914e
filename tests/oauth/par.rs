//! Pushed authorization requests: RFC 9126.

use std::sync::Arc;

use futures::future::try_join_all;
use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::sign_in::{
    Begun, CALLBACK, LOGIN, OLD, SHOP, SignIn, TOOL, VERIFIER, challenge, is_page, is_told, location, parameter,
};
use super::tenant::{By, NOW, Tenant, WEB, basic, client_thumbprint, is_denied, proof, text};
use crate::support::{Answer, App, Mount, Watched, encoded, race, scenario};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// The answer to a client that pushes its good request, with `more` laid over it and these headers.
async fn push(sign_in: &SignIn<'_>, client: u64, more: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let authorization = basic(&sign_in.tenant.id(client).to_string(), &sign_in.tenant.secret(client));
    let by = if client == TOOL { By::Nothing } else { By::Header(&authorization) };
    push_as(sign_in, by, &sign_in.query(client, more), headers).await
}

async fn push_as(sign_in: &SignIn<'_>, by: By<'_>, query: &str, headers: &[(&str, &str)]) -> Answer {
    let form: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    sign_in.tenant.send("/oauth2/par", by, &form, headers).await
}

/// The reference to a good request that a client has pushed.
async fn pushed(sign_in: &SignIn<'_>, client: u64, more: &[(&str, &str)]) -> String {
    text(&push(sign_in, client, more, &[]).await.created()["request_uri"])
}

/// The answer to a browser that brings a reference.
async fn open(sign_in: &SignIn<'_>, client: u64, request_uri: &str, cookie: &str) -> Answer {
    let query = format!("client_id={}&request_uri={}", sign_in.tenant.id(client), encoded(request_uri));
    sign_in.authorize(&query, cookie).await
}

fn cookie(answer: &Answer) -> String {
    answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// The id of the authorization that the browser takes to the login application.
fn id(answer: &Answer) -> String {
    let location = location(answer);
    location.strip_prefix(&format!("{LOGIN}&authorization=")).unwrap_or_else(|| panic!("{location}")).to_owned()
}

scenario! {
    async fn rfc9126_4_a_browser_brings_a_reference_and_nothing_else_of_it_counts(app) {
        let sign_in = SignIn::opaque(app).await;
        let answer = push(&sign_in, SHOP, &[("nonce", "n 1")], &[]).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let told = answer.created();
        assert_eq!(told["expires_in"], 60);
        let request_uri = text(&told["request_uri"]);
        assert!(request_uri.starts_with(&format!("{PREFIX}500.")), "{request_uri}");
        let target = request_uri.strip_prefix(PREFIX).unwrap();
        sign_in.hand_over(Method::GET, target, None).await.is_error(404, "AUTHORIZATION_NOT_FOUND");
        // RFC 9101 section 6.3: what stands beside it is nobody's word.
        let beside = "redirect_uri=https%3A%2F%2Fevil.example&scope=unknown&state=other&response_type=token&prompt=none";
        let query = format!("client_id={}&request_uri={}&{beside}", sign_in.tenant.id(SHOP), encoded(&request_uri));
        let opened = sign_in.authorize(&query, "").await;
        assert_eq!(id(&opened), target);
        let asked = sign_in.hand_over(Method::GET, target, None).await.ok();
        assert_eq!((&asked["redirect_uri"], &asked["prompt"], &asked["status"]), (&json!(CALLBACK), &json!([]), &json!("pending")));
        assert_eq!(asked["expires"], "2026-11-22T12:30:00Z", "the person has the usual time");

        let redirect_to = text(&sign_in.try_accept(target, json!({})).await.ok()["redirect_to"]);
        let back = location(&sign_in.browse(&redirect_to, &cookie(&opened)).await);
        assert_eq!(parameter(&back, "state").as_deref(), Some("s 1"));
        let code = parameter(&back, "code").unwrap();
        let granted = sign_in.redeem(SHOP, &code, &[], &[]).await.ok();
        assert_eq!(granted["scope"], "openid read");
    }
}

scenario! {
    async fn rfc9126_7_3_a_reference_is_good_once_and_again_only_in_the_same_browser(app) {
        let sign_in = SignIn::opaque(app).await;
        let request_uri = pushed(&sign_in, SHOP, &[]).await;
        let first = open(&sign_in, SHOP, &request_uri, "").await;
        let own = cookie(&first);
        for other in ["", &format!("__Host-jeton-browser={}", "A".repeat(43))] {
            is_page(&open(&sign_in, SHOP, &request_uri, other).await, "invalid_request_uri");
        }
        let again = open(&sign_in, SHOP, &request_uri, &own).await;
        assert_eq!((location(&again), cookie(&again)), (location(&first), own.clone()));
        let begun = Begun { id: id(&first), cookie: own.clone() };
        let redirect_to = sign_in.accept(&begun, json!({})).await;
        is_page(&open(&sign_in, SHOP, &request_uri, &own).await, "invalid_request_uri");
        assert!(location(&sign_in.browse(&redirect_to, &own).await).starts_with(&format!("{CALLBACK}&code=")));
        is_page(&open(&sign_in, SHOP, &request_uri, &own).await, "invalid_request_uri");
        // A browser that is known already keeps its secret.
        let second = open(&sign_in, SHOP, &pushed(&sign_in, SHOP, &[]).await, &own).await;
        assert_eq!(cookie(&second), own);
    }
}

scenario! {
    async fn a_reference_is_the_client_s_own_and_good_for_a_short_time(app) {
        let sign_in = SignIn::opaque(app).await;
        let request_uri = pushed(&sign_in, SHOP, &[]).await;
        is_page(&open(&sign_in, OLD, &request_uri, "").await, "invalid_request_uri");
        let last = request_uri.chars().last().unwrap();
        let other = format!("{}{}", request_uri.trim_end_matches(last), if last == '0' { "g" } else { "0" });
        for unknown in [other.as_str(), PREFIX, &format!("{PREFIX}x"), &request_uri.replacen(":500.", ":600.", 1)] {
            is_page(&open(&sign_in, SHOP, unknown, "").await, "invalid_request_uri");
        }
        is_page(&open(&sign_in, SHOP, "https://shop.example/request.jwt", "").await, "request_uri_not_supported");
        id(&open(&sign_in, SHOP, &request_uri, "").await);

        // One that began in a browser is no pushed request.
        let begun = sign_in.begin(SHOP, &[]).await;
        is_page(&open(&sign_in, SHOP, &format!("{PREFIX}{}", begun.id), "").await, "invalid_request_uri");

        sign_in.set(json!({"pushed_request_duration": 5})).await;
        let told = push(&sign_in, SHOP, &[], &[]).await.created();
        assert_eq!(told["expires_in"], 5);
        app.clock.advance_ms(5_000);
        is_page(&open(&sign_in, SHOP, &text(&told["request_uri"]), "").await, "invalid_request_uri");
        let path = "/v1/orgs/500";
        for bad in [4, 601] {
            let answer = app.patch(path, &app.admin, json!({"settings": {"pushed_request_duration": bad}})).await;
            assert!(answer.error().1.contains("INVALID_REQUEST") && answer.json()["field"] == "settings.pushed_request_duration", "{answer:?}");
        }
    }
}

scenario! {
    async fn rfc9126_2_3_what_is_wrong_is_told_to_the_client_itself(app) {
        let sign_in = SignIn::opaque(app).await;
        for (more, error) in [
            (&[("redirect_uri", "")][..], "invalid_request"),
            (&[("redirect_uri", "https://evil.example/cb")], "invalid_request"),
            (&[("response_type", "")], "invalid_request"),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_mode", "fragment")], "invalid_request"),
            (&[("scope", "unknown")], "invalid_scope"),
            (&[("code_challenge", "")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("resource", "x")], "invalid_target"),
            (&[("authorization_details", "[]")], "invalid_authorization_details"),
            (&[("prompt", "none login")], "invalid_request"),
            (&[("request", "x.y.z")], "request_not_supported"),
            (&[("registration", "{}")], "registration_not_supported"),
            (&[("id_token_hint", "x.y.z")], "invalid_request"),
            (&[("dpop_jkt", "x")], "invalid_request"),
            (&[("claims", "[]")], "invalid_request"),
            // RFC 9126 section 2.1.
            (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], "invalid_request"),
        ] {
            let answer = push(&sign_in, SHOP, more, &[]).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(error)), "{more:?}: {answer:?}");
            assert!(!answer.headers.contains_key("location"));
        }
        let twice = format!("{}&scope=read", sign_in.query(SHOP, &[]));
        let own = basic(&sign_in.tenant.id(SHOP).to_string(), &sign_in.tenant.secret(SHOP));
        is_denied(&push_as(&sign_in, By::Header(&own), &twice, &[]).await, "invalid_request");

        // A client that doesn't prove who it is, says that it is another, or mayn't sign people in.
        let query = sign_in.query(SHOP, &[]);
        is_denied(&push_as(&sign_in, By::Nothing, &query, &[]).await, "invalid_client");
        let others = basic(&sign_in.tenant.id(OLD).to_string(), &sign_in.tenant.secret(OLD));
        is_denied(&push_as(&sign_in, By::Header(&others), &query, &[]).await, "invalid_client");
        is_denied(&push_as(&sign_in, By::Client(WEB), &sign_in.query(WEB, &[("redirect_uri", CALLBACK)]), &[]).await, "invalid_request");
        push(&sign_in, TOOL, &[], &[]).await.created();
        sign_in.set(json!({"supported_grants": ["client_credentials"]})).await;
        is_denied(&push(&sign_in, SHOP, &[], &[]).await, "unauthorized_client");
        sign_in.tenant.set(json!({})).await;
        is_denied(&push(&sign_in, SHOP, &[], &[]).await, "unauthorized_client");
    }
}

scenario! {
    async fn rfc9126_5_and_6_an_org_or_a_client_may_have_to_push(app) {
        let sign_in = SignIn::opaque(app).await;
        let opens = async || id(&open(&sign_in, SHOP, &pushed(&sign_in, SHOP, &[]).await, "").await);
        sign_in.set(json!({"pushed_requests_required": true})).await;
        is_told(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await, "invalid_request");
        opens().await;
        sign_in.set(json!({})).await;
        sign_in.begin(SHOP, &[]).await;
        sign_in.update_by_authlete(SHOP, json!({"parRequired": true})).await;
        is_told(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await, "invalid_request");
        sign_in.begin(OLD, &[]).await;
        opens().await;
        let metadata = app.get("/.well-known/oauth-authorization-server", &app.admin).await.ok();
        assert_eq!(metadata["pushed_authorization_request_endpoint"], "https://jeton.example/oauth2/par");
        assert_eq!(metadata["require_pushed_authorization_requests"], false);
    }
}

scenario! {
    async fn rfc9449_10_1_the_proof_of_a_pushed_request_binds_its_code(app) {
        let sign_in = SignIn::opaque(app).await;
        let at_par = || proof(json!({"htu": "https://jeton.example/oauth2/par"}));
        let code = async |request_uri: &str| {
            let opened = open(&sign_in, SHOP, request_uri, "").await;
            let begun = Begun { id: id(&opened), cookie: cookie(&opened) };
            let redirect_to = sign_in.accept(&begun, json!({"auth_time": NOW})).await;
            parameter(&location(&sign_in.browse(&redirect_to, &begun.cookie).await), "code").unwrap()
        };
        let key = client_thumbprint();
        for more in [&[][..], &[("dpop_jkt", key.as_str())]] {
            let header = at_par();
            let told = push(&sign_in, SHOP, more, &[("DPoP", &header)]).await.created();
            is_denied(&push(&sign_in, SHOP, more, &[("DPoP", &header)]).await, "invalid_dpop_proof");
            let code = code(&text(&told["request_uri"])).await;
            is_denied(&sign_in.redeem(SHOP, &code, &[], &[]).await, "invalid_dpop_proof");
            let granted = sign_in.redeem(SHOP, &code, &[], &[("DPoP", &proof(json!({})))]).await.ok();
            assert_eq!(granted["token_type"], "DPoP");
        }
        let header = at_par();
        let another = challenge(VERIFIER);
        is_denied(&push(&sign_in, SHOP, &[("dpop_jkt", &another)], &[("DPoP", &header)]).await, "invalid_request");
        push(&sign_in, SHOP, &[], &[("DPoP", &header)]).await.created();
        for bad in [proof(json!({})), "x".to_owned()] {
            is_denied(&push(&sign_in, SHOP, &[], &[("DPoP", &bad)]).await, "invalid_dpop_proof");
        }
    }
}

race! {
    /// One reference in many browsers.
    async fn of_many_browsers_with_one_reference_one_goes_on(app, rounds: 30 or 5) {
        let sign_in = SignIn::opaque(app).await;
        for _ in 0..rounds {
            let request_uri = pushed(&sign_in, SHOP, &[]).await;
            let query = format!("client_id={}&request_uri={}", sign_in.tenant.id(SHOP), encoded(&request_uri));
            let tasks = (0..32).map(|_| {
                let (app, query): (Arc<App>, _) = (app.clone(), query.clone());
                tokio::spawn(async move { SignIn::known(&app, Tenant::new(&app, "500")).authorize(&query, "").await })
            });
            let answers = try_join_all(tasks).await.unwrap();
            let (opened, pages): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.as_u16() == 303);
            assert_eq!(opened.len(), 1);
            for page in pages {
                is_page(page, "invalid_request_uri");
            }
        }
    }
}

#[tokio::test]
async fn a_lost_answer_costs_neither_a_pushed_request_nor_its_reference() {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    let sign_in = SignIn::opaque(&app).await;
    let unavailable = |answer: &Answer| {
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (503, &Value::from("temporarily_unavailable")),
            "{answer:?}"
        );
    };
    watched.lose("put_authorization");
    unavailable(&push(&sign_in, SHOP, &[], &[]).await);
    let request_uri = pushed(&sign_in, SHOP, &[]).await;
    // The step is taken, and the browser, which has no cookie yet, doesn't learn of it: the client can be told.
    watched.lose("update_authorization");
    is_told(&open(&sign_in, SHOP, &request_uri, "").await, "temporarily_unavailable");
    let known = format!("__Host-jeton-browser={}", "B".repeat(43));
    let request_uri = pushed(&sign_in, SHOP, &[]).await;
    watched.lose("update_authorization");
    is_told(&open(&sign_in, SHOP, &request_uri, &known).await, "temporarily_unavailable");
    id(&open(&sign_in, SHOP, &request_uri, &known).await);
}
