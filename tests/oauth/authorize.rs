//! The authorization endpoint: RFC 6749 section 4.1.1, RFC 9700, RFC 9207, OpenID Connect Core section 3.1.2.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::json;

use super::sign_in::{
    CALLBACK, LOGIN, LOOPBACK, NOWHERE, OLD, SHOP, SignIn, TOOL, challenge, is_page, is_told, location, parameter,
};
use super::tenant::{NOW, WEB};
use crate::support::{Answer, App, Mount, Watched, scenario};

scenario! {
    async fn a_good_request_goes_to_the_login_application_with_a_cookie_for_this_browser(app) {
        let sign_in = SignIn::opaque(app).await;
        let answer = sign_in.authorize(&sign_in.query(SHOP, &[]), "").await;
        let target = location(&answer);
        assert!(target.starts_with(&format!("{LOGIN}&authorization=500.")), "{target}");
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        let (pair, attributes) = cookie.split_once(';').unwrap();
        assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=None; Partitioned; Max-Age=86400");
        let value = pair.strip_prefix("__Host-jeton-browser=").unwrap();
        assert_eq!(value.len(), 43);
        // Several tabs, one cookie.
        let again = sign_in.authorize(&sign_in.query(SHOP, &[]), &format!("other=1; {pair}")).await;
        assert_eq!(again.headers["set-cookie"], cookie.as_str());
        assert_ne!(location(&again), target, "another request");
        let others = sign_in.authorize(&sign_in.query(SHOP, &[]), "__Host-jeton-browser=short").await;
        assert_ne!(others.headers["set-cookie"], cookie.as_str(), "what can't be ours is replaced");
    }
}

scenario! {
    async fn rfc6749_4_1_2_1_nobody_is_sent_to_an_address_that_is_not_known_to_be_the_client_s(app) {
        let sign_in = SignIn::opaque(app).await;
        for (more, error) in [
            (&[("client_id", "")][..], "invalid_client"),
            (&[("client_id", "9007199254740991")], "invalid_client"),
            (&[("client_id", "shop")], "invalid_client"),
            (&[("client_id", "5005")], "invalid_client"),
            (&[("redirect_uri", "")], "invalid_request"),
            (&[("redirect_uri", "https://evil.example/cb")], "invalid_request"),
            (&[("redirect_uri", "https://shop.example/cb")], "invalid_request"),
            (&[("redirect_uri", "https://shop.example/cb?tenant=1&x=2")], "invalid_request"),
            (&[("redirect_uri", "https://shop.example/CB?tenant=1")], "invalid_request"),
            (&[("redirect_uri", "https://shop.example/x/../cb?tenant=1")], "invalid_request"),
            (&[("redirect_uri", "https://shop.example%2ecb")], "invalid_request"),
            (&[("request_uri", "https://shop.example/request.jwt")], "request_uri_not_supported"),
            (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], "invalid_request_uri"),
        ] {
            is_page(&sign_in.authorize(&sign_in.query(SHOP, more), "").await, error);
        }
        for query in [
            sign_in.query(SHOP, &[]) + "&client_id=1",
            sign_in.query(SHOP, &[]) + "&redirect_uri=https%3A%2F%2Fevil.example",
            format!("{}&x={}", sign_in.query(SHOP, &[]), "y".repeat(4_001)),
        ] {
            is_page(&sign_in.authorize(&query, "").await, "invalid_request");
        }
        is_page(&sign_in.authorize(&sign_in.query(NOWHERE, &[]), "").await, "invalid_request");
        sign_in.tenant.set(json!({})).await;
        is_page(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await, "unauthorized_client");
        sign_in.set(json!({})).await;
        sign_in.begin(SHOP, &[]).await;
    }
}

scenario! {
    async fn what_the_client_can_not_be_told_is_told_on_the_page_of_its_org_if_it_has_one(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.set(json!({"error_url": "https://login.example/error?lang=en"})).await;
        let told = |answer: &Answer, error: &str| {
            let sent = location(answer);
            assert!(sent.starts_with(&format!("https://login.example/error?lang=en&error={error}&error_description=")), "{sent}");
            assert!(!sent.contains("evil") && !answer.headers.contains_key("set-cookie"), "nothing of the request is in it: {sent}");
        };
        let evil = ("redirect_uri", "https://evil.example/cb");
        told(&sign_in.authorize(&sign_in.query(SHOP, &[evil]), "").await, "invalid_request");
        let pushed = ("request_uri", "urn:ietf:params:oauth:request_uri:x");
        told(&sign_in.authorize(&sign_in.query(SHOP, &[pushed]), "").await, "invalid_request_uri");
        let begun = sign_in.begin(SHOP, &[]).await;
        let redirect_to = sign_in.accept(&begun, json!({})).await;
        told(&sign_in.browse(&redirect_to, "").await, "access_denied");
        assert!(location(&sign_in.browse(&redirect_to, &begun.cookie).await).starts_with(CALLBACK));
        told(&sign_in.browse(&redirect_to, &begun.cookie).await, "invalid_request");
        // Nobody knows whose page that would be.
        is_page(&sign_in.authorize(&sign_in.query(SHOP, &[("client_id", "9007199254740991"), evil]), "").await, "invalid_client");
    }
}

scenario! {
    async fn rfc8252_7_3_a_tool_on_a_person_s_machine_may_use_any_port(app) {
        let sign_in = SignIn::opaque(app).await;
        for good in [LOOPBACK, "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "com.example.tool:/cb"] {
            sign_in.begin(TOOL, &[("redirect_uri", good)]).await;
        }
        for bad in ["http://127.0.0.1:52011/", "http://127.0.0.1:52011/cb/", "http://localhost:52011/cb", "http://127.0.0.1.evil.example/cb"] {
            is_page(&sign_in.authorize(&sign_in.query(TOOL, &[("redirect_uri", bad)]), "").await, "invalid_request");
        }
    }
}

scenario! {
    async fn what_else_is_wrong_is_told_to_the_client_with_its_state_and_the_issuer(app) {
        let sign_in = SignIn::opaque(app).await;
        for (more, error) in [
            (&[("response_type", "")][..], "invalid_request"),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_type", "code id_token")], "unsupported_response_type"),
            (&[("response_mode", "fragment")], "invalid_request"),
            (&[("response_mode", "web_message")], "invalid_request"),
            (&[("request", "x.y.z")], "request_not_supported"),
            (&[("registration", "{}")], "registration_not_supported"),
            (&[("code_challenge", "")], "invalid_request"),
            (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("code_challenge", "short")], "invalid_request"),
            (&[("scope", "unknown")], "invalid_scope"),
            (&[("scope", "urn:jeton:admin")], "invalid_scope"),
            (&[("scope", "openid read unknown")], "invalid_scope"),
            (&[("resource", "not a uri")], "invalid_target"),
            (&[("resource", "http://plain.example")], "invalid_target"),
            (&[("authorization_details", "[{}]")], "invalid_authorization_details"),
            (&[("prompt", "none login")], "invalid_request"),
            (&[("prompt", "create")], "invalid_request"),
            (&[("max_age", "-1")], "invalid_request"),
            (&[("max_age", "1.5")], "invalid_request"),
            (&[("dpop_jkt", "x")], "invalid_request"),
            (&[("claims", "[]")], "invalid_request"),
            (&[("claims", "{\"other\":{}}")], "invalid_request"),
            (&[("claims", "{\"id_token\":{\"email\":1}}")], "invalid_request"),
            (&[("claims", r#"{"id_token":{"acr":{"essential":true,"values":[1]}}}"#)], "invalid_request"),
            (&[("claims", r#"{"id_token":{"acr":{"essential":true,"values":[]}}}"#)], "invalid_request"),
            (&[("claims", r#"{"id_token":{"acr":{"essential":true,"value":5}}}"#)], "invalid_request"),
            (&[("claims", r#"{"id_token":{"sub":{"value":5}}}"#)], "invalid_request"),
            (&[("id_token_hint", "x.y.z")], "invalid_request"),
        ] {
            let answer = sign_in.authorize(&sign_in.query(SHOP, more), "").await;
            is_told(&answer, error);
            assert!(!answer.headers.contains_key("set-cookie"));
        }
        is_told(&sign_in.authorize(&(sign_in.query(SHOP, &[]) + "&scope=read"), "").await, "invalid_request");
        // RFC 6749 section 3.1: without a value, a parameter is left out.
        let with_empty = sign_in.query(SHOP, &[]) + "&request=&request_uri=&registration=";
        assert!(location(&sign_in.authorize(&with_empty, "").await).starts_with(LOGIN));
        for flag in ["parRequired", "requestObjectRequired"] {
            sign_in.update_by_authlete(SHOP, json!({flag: true})).await;
            is_told(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await, "invalid_request");
            sign_in.update_by_authlete(SHOP, json!({flag: false})).await;
        }
        sign_in.set(json!({"supported_grants": ["client_credentials"]})).await;
        is_told(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await, "unauthorized_client");
    }
}

scenario! {
    async fn rfc9700_2_1_1_only_a_confidential_client_that_an_administrator_exempts_needs_no_challenge(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.begin(OLD, &[]).await;
        sign_in.begin(OLD, &[("code_challenge", &challenge("x")), ("code_challenge_method", "S256")]).await;
        let path = format!("/v1/orgs/500/clients/{}", sign_in.tenant.id(TOOL));
        app.patch(&path, &app.admin, json!({"pkce": "optional"})).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn a_client_of_another_org_and_one_without_the_grant_are_told_so(app) {
        let sign_in = SignIn::opaque(app).await;
        // It has no redirect URI, so nobody is sent there.
        is_page(&sign_in.authorize(&sign_in.query(WEB, &[]), "").await, "invalid_request");
        let path = format!("/v1/orgs/500/clients/{}", sign_in.tenant.id(SHOP));
        app.patch(&path, &app.admin, json!({"grants": ["client_credentials"]})).await.ok();
        is_told(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await, "unauthorized_client");
        app.patch(&path, &app.admin, json!({"enabled": false})).await.ok();
        is_page(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await, "invalid_client");
    }
}

scenario! {
    async fn openid_core_3_1_2_1_a_request_may_be_posted(app) {
        const FORM: &str = "application/x-www-form-urlencoded";
        let sign_in = SignIn::opaque(app).await;
        let post = |target: &str, media_type: &str, body: String| {
            let request = Request::builder().method(Method::POST).uri(target).header(header::CONTENT_TYPE, media_type);
            request.body(Bytes::from(body)).unwrap()
        };
        let query = sign_in.query(SHOP, &[]);
        let answer = app.send(post("/oauth2/authorize", FORM, query.clone())).await;
        assert!(location(&answer).starts_with(LOGIN));
        is_page(&app.send(post("/oauth2/authorize?x=1", FORM, query.clone())).await, "invalid_request");
        is_page(&app.send(post("/oauth2/authorize", "text/plain", query)).await, "invalid_request");
    }
}

scenario! {
    async fn form_post_takes_an_answer_to_the_client_in_a_form(app) {
        let sign_in = SignIn::opaque(app).await;
        let more = &[("response_mode", "form_post"), ("prompt", "none login"), ("state", "\"><script>alert(1)</script>")];
        let answer = sign_in.authorize(&sign_in.query(SHOP, more), "").await;
        assert_eq!((answer.status.as_u16(), &answer.headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; base-uri 'none'; script-src 'sha256-") && !policy.contains("form-action"), "{policy}");
        let body = std::str::from_utf8(&answer.body).unwrap();
        for part in [
            "<form method=\"post\" action=\"https://shop.example/cb?tenant=1\">",
            "<input type=\"hidden\" name=\"error\" value=\"invalid_request\">",
            "<input type=\"hidden\" name=\"state\" value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">",
            "<input type=\"hidden\" name=\"iss\" value=\"https://jeton.example\">",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
    }
}

scenario! {
    async fn what_a_browser_fetches_ahead_begins_nothing_and_a_head_is_refused(app) {
        let sign_in = SignIn::opaque(app).await;
        let target = format!("/oauth2/authorize?{}", sign_in.query(SHOP, &[]));
        let request = |method: Method| Request::builder().method(method).uri(&target).header("sec-purpose", "prefetch;prerender");
        let ahead = app.send(request(Method::GET).body(Bytes::new()).unwrap()).await;
        assert_eq!((ahead.status.as_u16(), ahead.headers.contains_key("set-cookie")), (503, false));
        assert_eq!(app.send(request(Method::HEAD).body(Bytes::new()).unwrap()).await.status.as_u16(), 405);
    }
}

scenario! {
    async fn rfc9207_2_the_issuer_of_the_metadata_is_in_every_answer(app) {
        let sign_in = SignIn::opaque(app).await;
        let metadata = app.get("/.well-known/oauth-authorization-server", &app.admin).await.ok();
        assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
        assert_eq!((&metadata["response_types_supported"], &metadata["code_challenge_methods_supported"]), (&json!(["code"]), &json!(["S256"])));
        let begun = sign_in.begin(SHOP, &[]).await;
        let redirect_to = sign_in.accept(&begun, json!({})).await;
        let answer = location(&sign_in.browse(&redirect_to, &begun.cookie).await);
        assert!(answer.starts_with(&format!("{CALLBACK}&code=500.")), "{answer}");
        assert_eq!(parameter(&answer, "iss").as_deref(), metadata["issuer"].as_str());
        assert_eq!(parameter(&answer, "state").as_deref(), Some("s 1"));
        let begun = sign_in.begin(SHOP, &[("state", ""), ("max_age", "0")]).await;
        let redirect_to = sign_in.accept(&begun, json!({"auth_time": NOW})).await;
        let answer = location(&sign_in.browse(&redirect_to, &begun.cookie).await);
        assert_eq!(parameter(&answer, "state"), None, "absent stays absent");
    }
}

#[tokio::test]
async fn a_store_that_fails_before_the_client_is_known_is_a_page_for_the_person() {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    let sign_in = SignIn::opaque(&app).await;
    let begun = sign_in.begin(SHOP, &[]).await;
    let redirect_to = sign_in.accept(&begun, json!({})).await;
    let is_page = |answer: &Answer| {
        assert!(answer.status == 503 && answer.headers["content-type"] == "text/plain; charset=utf-8", "{answer:?}");
        assert!(
            answer.body.starts_with(b"error: temporarily_unavailable\ndescription: ") && answer.headers["retry-after"] == "1"
        );
    };
    watched.fail_in(0, false);
    is_page(&sign_in.authorize(&sign_in.query(SHOP, &[]), "").await);
    watched.fail_in(0, false);
    is_page(&sign_in.browse(&redirect_to, &begun.cookie).await);
    assert!(location(&sign_in.browse(&redirect_to, &begun.cookie).await).contains("code="), "nothing was used up");
}
