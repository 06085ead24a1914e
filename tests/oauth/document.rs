//! Clients that nobody has registered: each names itself by the `https` URL of a document about itself, as MCP clients do first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::domain::{Clock as _, Requirements};
use shared::jose::jwk;
use shared::keys::remote::web::FetchFailure;
use shared::keys::signer::{LocalSigner, Signer as _};

use super::sign_in::{VERIFIER, challenge, is_page, location, parameter};
use super::strangers::{CALLBACK, MCP, authorize, get, hand_over, is_refused, open, post_form};
use super::tenant::{ASSERTION_TYPE, ISSUER, NOW, client_key, fresh_id, issuer_key, jwt};
use crate::jeton::authorizer::{ask, simple};
use crate::support::{Answer, App, Mount, encoded, over, scenario, text};

const URL: &str = "https://editor.example/oauth/client.json";
const KEYS: &str = "https://editor.example/keys.json";
const HTTPS_CALLBACK: &str = "https://editor.example/cb";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn document() -> Value {
    json!({
        "client_id": URL, "client_name": "Editor", "client_uri": "https://editor.example",
        "redirect_uris": ["http://127.0.0.1/", HTTPS_CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", DEVICE_GRANT], "response_types": ["code"],
        "token_endpoint_auth_method": "none", "scope": "files.read",
    })
}

/// Lets clients of `editor.example` in by their documents, and puts the usual one there.
async fn let_in_documents(app: &App, more: Value) {
    open(app, json!({"enabled": false})).await;
    let settings = json!({"client_metadata_documents": {"enabled": true, "hosts": ["editor.example"]}, "device_url": "https://login.example/device"});
    app.patch("/v1/orgs/1", &app.admin, json!({"settings": over(settings, more)})).await.ok();
    app.web.put(URL, &document());
}

/// The id of the authorization to which a request led, and the browser's cookie.
fn begun(answer: &Answer) -> (String, String) {
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    (parameter(&location(answer), "authorization").unwrap(), cookie)
}

/// The code for ann, who lets the client in.
async fn code(app: &App, client: &str, more: &[(&str, &str)]) -> String {
    let (id, cookie) = begun(&authorize(app, client, more).await);
    let said = json!({"subject": "ann", "auth_time": NOW});
    let decided = hand_over(app, Method::POST, &format!("{id}/accept"), said).await.ok();
    parameter(&location(&get(app, text(&decided["redirect_to"]), &cookie).await), "code").unwrap()
}

async fn redeem(app: &App, client: &str, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER), ("client_id", client)];
    form.extend_from_slice(more);
    post_form(app, "/oauth2/token", &form).await
}

async fn refresh(app: &App, client: &str, token: &Value) -> Answer {
    let form = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", text(token))];
    post_form(app, "/oauth2/token", &form).await
}

async fn push(app: &App, more: &[(&str, &str)]) -> Answer {
    let challenge = challenge(VERIFIER);
    let mut form = vec![
        ("client_id", URL),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    form.extend_from_slice(more);
    post_form(app, "/oauth2/par", &form).await
}

fn keys_of(key: &LocalSigner) -> Value {
    json!({"keys": [jwk::to_json(key.jwk())]})
}

/// An assertion of the client about itself, with `more` laid over its claims.
fn assertion(key: &LocalSigner, more: Value) -> String {
    let claims = json!({"iss": URL, "sub": URL, "aud": ISSUER, "exp": NOW + 60, "jti": fresh_id()});
    let header = json!({"alg": key.jwk().alg.as_str(), "kid": key.jwk().kid.as_str()});
    jwt(key, &header, &over(claims, more))
}

async fn introspect(app: &App, token: &Value) -> Value {
    let request = Request::post("/oauth2/introspect").header(header::AUTHORIZATION, format!("Bearer {}", app.admin));
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.send(request.body(Bytes::from(format!("token={}", text(token)))).unwrap()).await.ok()
}

/// Moves the clock to so many seconds after the beginning.
fn at(app: &App, after: i64) {
    app.clock.advance_ms((NOW + after) * 1_000 - app.clock.now().as_ms());
}

fn seconds(app: &App) -> i64 {
    app.clock.now().as_secs()
}

/// The number of the only client of the org 1.
async fn number(app: &App) -> String {
    let listed = app.get("/v1/orgs/1/clients", &app.admin).await.ok();
    let [client] = listed["clients"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&client["origin"], &client["metadata_document"]), (&json!("metadata_document"), &json!(URL)));
    client["id"].to_string()
}

scenario! {
    async fn a_client_that_nobody_has_registered_signs_a_person_in_by_its_document(app) {
        let_in_documents(app, json!({"access_token_sign_alg": "ES256"})).await;
        let answer = authorize(app, URL, &[("scope", "openid files.read files.write"), ("redirect_uri", HTTPS_CALLBACK)]).await;
        let (id, cookie) = begun(&answer);
        let shown = hand_over(app, Method::GET, &format!("{id}?subject=ann"), Value::Null).await.ok();
        let expected = json!({
            "client_id": URL, "name": "Editor", "kind": "metadata_document", "host": "editor.example",
            "client_uri": "https://editor.example", "consent": "required",
        });
        assert_eq!((&shown["client"], &shown["redirect_host"]), (&expected, &json!("editor.example")));
        assert_eq!(shown["scopes"], json!([{"name": "openid"}, {"name": "files.read"}]), "what strangers can't have is left out");
        assert_eq!(shown["consent"]["needed"], true);
        let listed = app.get("/v1/orgs/1/clients", &app.admin).await.ok();
        assert_eq!(listed["clients"], json!([]), "a request alone makes no record");
        let said = json!({"subject": "ann", "auth_time": NOW});
        let decided = hand_over(app, Method::POST, &format!("{id}/accept"), said).await.ok();
        let number = number(app).await;
        let code = parameter(&location(&get(app, text(&decided["redirect_to"]), &cookie).await), "code").unwrap();
        let tokens = redeem(app, URL, &code, &[("resource", MCP)]).await.ok();
        let payload = |token: &Value| -> Value {
            let part = text(token).split('.').nth(1).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (access, identity) = (payload(&tokens["access_token"]), payload(&tokens["id_token"]));
        assert_eq!((&access["client_id"], &access["aud"], &access["sub"]), (&json!(URL), &json!(MCP), &json!("ann")));
        assert_eq!((&identity["aud"], &identity["sub"]), (&json!(URL), &json!("ann")));
        let seen = introspect(app, &tokens["access_token"]).await;
        assert_eq!((&seen["active"], &seen["client_id"]), (&json!(true), &json!(URL)));
        let next = refresh(app, URL, &tokens["refresh_token"]).await.ok();
        assert_ne!(next["refresh_token"], tokens["refresh_token"], "a public client's refresh tokens are replaced");
        assert_eq!(payload(&next["access_token"])["client_id"], URL);
        assert_eq!(app.web.asked().len(), 1, "the document was read once");
        // Its number is for administrators: nobody can be asked for anything by it.
        is_page(&authorize(app, &number, &[]).await, "invalid_client");
        is_refused(&refresh(app, &number, &next["refresh_token"]).await, 401, "invalid_client");
        app.patch(&format!("/v1/orgs/1/clients/{number}"), &app.admin, json!({"enabled": false})).await.ok();
        is_page(&authorize(app, URL, &[]).await, "invalid_client");
        is_refused(&refresh(app, URL, &next["refresh_token"]).await, 401, "invalid_client");
        assert_eq!(introspect(app, &next["access_token"]).await["active"], false);
    }
}

scenario! {
    async fn a_client_of_a_document_pushes_its_request_and_asks_for_a_device(app) {
        let_in_documents(app, json!({})).await;
        let pushed = push(app, &[("scope", "files.read")]).await.created();
        let target = format!("/oauth2/authorize?client_id={}&request_uri={}", encoded(URL), encoded(text(&pushed["request_uri"])));
        let (id, cookie) = begun(&get(app, &target, "").await);
        let decided = hand_over(app, Method::POST, &format!("{id}/accept"), json!({"subject": "ann"})).await.ok();
        let code = parameter(&location(&get(app, text(&decided["redirect_to"]), &cookie).await), "code").unwrap();
        assert_eq!(redeem(app, URL, &code, &[]).await.ok()["scope"], "files.read");

        let told = post_form(app, "/oauth2/device_authorization", &[("client_id", URL), ("scope", "files.read")]).await.ok();
        let attempt = json!({"user_code": told["user_code"], "attempt_by": "ann"});
        let found = hand_over(app, Method::POST, "find", attempt).await.ok();
        assert_eq!((&found["client"]["client_id"], &found["client"]["host"]), (&json!(URL), &json!("editor.example")));
        let form = [("grant_type", DEVICE_GRANT), ("device_code", text(&told["device_code"])), ("client_id", URL)];
        is_refused(&post_form(app, "/oauth2/token", &form).await, 400, "authorization_pending");
        hand_over(app, Method::POST, &format!("{}/accept", text(&found["id"])), json!({"subject": "ann"})).await.ok();
        app.clock.advance_ms(5_000);
        assert_eq!(post_form(app, "/oauth2/token", &form).await.ok()["scope"], "files.read");
    }
}

scenario! {
    async fn no_document_is_read_that_the_org_does_not_let_in(app) {
        let refused = async || {
            is_page(&authorize(app, URL, &[]).await, "invalid_client");
            is_refused(&push(app, &[]).await, 401, "invalid_client");
            is_refused(&post_form(app, "/oauth2/device_authorization", &[("client_id", URL)]).await, 401, "invalid_client");
            is_refused(&redeem(app, URL, "x", &[]).await, 401, "invalid_client");
            assert_eq!(app.web.asked(), []);
        };
        app.web.put(URL, &document());
        refused().await;
        for rules in [json!({}), json!({"enabled": true}), json!({"hosts": ["editor.example"]}), json!({"enabled": true, "hosts": ["other.example", "*.editor.example"]})] {
            let_in_documents(app, json!({"client_metadata_documents": rules})).await;
            refused().await;
        }
        let_in_documents(app, json!({"client_metadata_documents": {"enabled": true, "hosts": ["*", "127.0.0.1:8080"]}})).await;
        for bad in [
            "https://editor.example", "https://editor.example/", "https://editor.example/x#y", "https://u@editor.example/x",
            "https://editor.example/a/../x", "https://editor.example/%2e%2e/x", "https://editor.example:8443/x", "https://127.0.0.1/x",
            "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://169.254.169.254/latest", "https://2130706433/x", "http://editor.example/x",
            "http://127.0.0.1:8080/x", "http://169.254.169.254/x", "ftp://editor.example/x", "HTTPS://editor.example/x",
        ] {
            is_page(&authorize(app, bad, &[]).await, "invalid_client");
        }
        assert_eq!(app.web.asked(), []);
        authorize(app, URL, &[]).await;
        assert_eq!(app.web.asked(), [(URL.to_owned(), None)]);
    }
}

scenario! {
    async fn a_document_that_breaks_a_rule_lets_nobody_in(app) {
        let_in_documents(app, json!({})).await;
        let mut private = jwk::to_json(client_key().jwk());
        private["d"] = json!("AA");
        for bad in [
            json!({"client_id": format!("{URL}?")}),
            json!({"redirect_uris": ["cursor://callback"]}),
            json!({"redirect_uris": vec![HTTPS_CALLBACK; 21]}),
            json!({"client_secret": "x"}),
            json!({"token_endpoint_auth_method": "client_secret_post"}),
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [private]}}),
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://keys.example/keys.json"}),
            json!({"client_name": "x".repeat(6_000)}),
        ] {
            app.web.put(URL, &over(document(), bad.clone()));
            is_page(&authorize(app, URL, &[]).await, "invalid_client");
            is_refused(&push(app, &[]).await, 401, "invalid_client");
            assert_eq!(app.web.asked().len(), 1, "{bad}: a bad one isn't read again at once");
            app.clock.advance_ms(10_000);
        }
        app.web.put(URL, &document());
        is_page(&authorize(app, URL, &[("redirect_uri", "https://evil.example/cb")]).await, "invalid_request");
        begun(&authorize(app, URL, &[]).await);
    }
}

scenario! {
    async fn a_client_authenticates_as_its_document_offers(app) {
        let_in_documents(app, json!({})).await;
        let by_key = |assertion: &str| -> Vec<(&'static str, String)> {
            vec![("client_assertion_type", ASSERTION_TYPE.to_owned()), ("client_assertion", assertion.to_owned())]
        };
        let pushed = async |assertion: &str| {
            let more = by_key(assertion);
            push(app, &more.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>()).await
        };
        let good = || assertion(&client_key(), json!({}));
        is_refused(&pushed(&good()).await, 401, "invalid_client");
        push(app, &[]).await.created();
        is_refused(&push(app, &[("client_secret", "x")]).await, 401, "invalid_client");
        let inline = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys_of(&client_key())});
        let by_url = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": KEYS});
        app.web.put(KEYS, &keys_of(&client_key()));
        for changes in [inline, by_url] {
            app.clock.advance_ms(86_400_000);
            let more = |exp: i64| json!({"exp": exp});
            let good = || assertion(&client_key(), more(seconds(app) + 60));
            app.web.put(URL, &over(document(), changes));
            is_refused(&push(app, &[]).await, 401, "invalid_client");
            pushed(&good()).await.created();
            let once = good();
            pushed(&once).await.created();
            is_refused(&pushed(&once).await, 401, "invalid_client");
            is_refused(&pushed(&assertion(&issuer_key(), more(seconds(app) + 60))).await, 401, "invalid_client");
            for bad in [json!({"iss": "https://other.example/x"}), json!({"sub": "4711"}), json!({"aud": "https://other.example"})] {
                let claims = over(more(seconds(app) + 60), bad);
                is_refused(&pushed(&assertion(&client_key(), claims)).await, 401, "invalid_client");
            }
        }
        // Both are offered: nothing need be sent, but what is sent must be good.
        app.clock.advance_ms(86_400_000);
        let both = json!({"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": ["none"], "jwks": keys_of(&client_key())});
        app.web.put(URL, &over(document(), both));
        push(app, &[]).await.created();
        let exp = json!({"exp": seconds(app) + 60});
        pushed(&assertion(&client_key(), exp.clone())).await.created();
        is_refused(&pushed(&assertion(&issuer_key(), exp)).await, 401, "invalid_client");
    }
}

scenario! {
    async fn an_administrator_disables_a_client_whose_keys_are_elsewhere(app) {
        let_in_documents(app, json!({})).await;
        app.web.put(URL, &over(document(), json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": KEYS})));
        app.web.put(KEYS, &keys_of(&client_key()));
        let code = code(app, URL, &[]).await;
        let redeemed = async || {
            let assertion = assertion(&client_key(), json!({}));
            redeem(app, URL, &code, &[("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)]).await
        };
        let number = number(app).await;
        let path = format!("/v1/orgs/1/clients/{number}");
        app.patch(&path, &app.admin, json!({"enabled": false})).await.ok();
        is_refused(&redeemed().await, 401, "invalid_client");
        app.patch(&path, &app.admin, json!({"enabled": true})).await.ok();
        let tokens = redeemed().await.ok();
        is_refused(&refresh(app, URL, &tokens["refresh_token"]).await, 401, "invalid_client");
    }
}

scenario! {
    async fn a_document_is_kept_as_long_as_its_host_says_and_then_asked_for_again(app) {
        let_in_documents(app, json!({})).await;
        app.web.put_with(URL, &document(), Some("\"1\""), Some(600));
        for (seconds, asked) in [(0, Some(None)), (599, None), (600, Some(Some("\"1\""))), (1_199, None), (1_200, Some(Some("\"1\"")))] {
            at(app, seconds);
            begun(&authorize(app, URL, &[]).await);
            let expected: Vec<_> = asked.map(|etag: Option<&str>| (URL.to_owned(), etag.map(str::to_owned))).into_iter().collect();
            assert_eq!(app.web.asked(), expected, "{seconds}");
        }
        app.web.put_with(URL, &over(document(), json!({"client_name": "Renamed"})), Some("\"2\""), None);
        at(app, 1_800);
        let (id, _) = begun(&authorize(app, URL, &[]).await);
        let shown = hand_over(app, Method::GET, &id, Value::Null).await.ok();
        assert_eq!(shown["client"]["name"], "Renamed");
    }
}

scenario! {
    async fn a_client_that_was_let_in_goes_on_for_a_week_without_its_host_and_ends_with_its_document(app) {
        let_in_documents(app, json!({})).await;
        let code = code(app, URL, &[]).await;
        let mut tokens = redeem(app, URL, &code, &[]).await.ok();
        app.web.fail(URL, FetchFailure::Unreachable);
        for day in 1..=6 {
            at(app, day * 86_400);
            is_page(&authorize(app, URL, &[]).await, "invalid_client");
            tokens = refresh(app, URL, &tokens["refresh_token"]).await.ok();
        }
        assert_eq!(app.web.asked().len(), 7, "a URL that fails is left alone for a while");
        at(app, 7 * 86_400 + 1);
        is_refused(&refresh(app, URL, &tokens["refresh_token"]).await, 401, "invalid_client");
        app.web.put(URL, &document());
        at(app, 7 * 86_400 + 11);
        tokens = refresh(app, URL, &tokens["refresh_token"]).await.ok();
        app.web.fail(URL, FetchFailure::Refused);
        at(app, 8 * 86_400);
        is_refused(&refresh(app, URL, &tokens["refresh_token"]).await, 401, "invalid_client");
        is_refused(&refresh(app, URL, &tokens["refresh_token"]).await, 401, "invalid_client");
        app.web.put(URL, &document());
        at(app, 8 * 86_400 + 10);
        refresh(app, URL, &tokens["refresh_token"]).await.ok();
    }
}

scenario! {
    async fn a_client_whose_host_is_not_let_in_any_more_gets_no_tokens(app) {
        let_in_documents(app, json!({})).await;
        let code = code(app, URL, &[]).await;
        let tokens = redeem(app, URL, &code, &[]).await.ok();
        let hosts = json!({"settings": {"client_metadata_documents": {"enabled": true, "hosts": ["other.example"]}}});
        app.patch("/v1/orgs/1", &app.admin, hosts).await.ok();
        is_refused(&refresh(app, URL, &tokens["refresh_token"]).await, 401, "invalid_client");
        let_in_documents(app, json!({})).await;
        refresh(app, URL, &tokens["refresh_token"]).await.ok();
    }
}

scenario! {
    /// RFC 7009 section 2.1, for a client that has no number.
    async fn a_client_of_a_document_ends_its_tokens_while_its_host_is_down(app) {
        let_in_documents(app, json!({})).await;
        let tokens = redeem(app, URL, &code(app, URL, &[("scope", "openid files.read")]).await, &[]).await.ok();
        at(app, 7_200);
        app.web.fail(URL, FetchFailure::Unreachable);
        let token = text(&tokens["refresh_token"]);
        let revoke = async |client: &str| post_form(app, "/oauth2/revoke", &[("client_id", client), ("token", token)]).await;
        is_refused(&revoke("https://other.example/client.json").await, 401, "invalid_client");
        assert_eq!(revoke(URL).await.status.as_u16(), 200);
        is_refused(&refresh(app, URL, &tokens["refresh_token"]).await, 400, "invalid_grant");
    }
}

scenario! {
    async fn a_client_of_a_document_has_its_person_logged_out(app) {
        let_in_documents(app, json!({"logout_url": "https://login.example/logout"})).await;
        let tokens = redeem(app, URL, &code(app, URL, &[("scope", "openid")]).await, &[]).await.ok();
        let log_out = async |parameters: &str| get(app, &format!("/oauth2/logout?{parameters}"), "").await;
        let hint = text(&tokens["id_token"]);
        for parameters in [format!("id_token_hint={hint}"), format!("client_id={}", encoded(URL))] {
            let sent = location(&log_out(&parameters).await);
            assert!(sent.starts_with("https://login.example/logout?logout=1."), "{sent}");
        }
        is_page(&log_out(&format!("client_id={}", encoded("https://editor.example/other.json"))).await, "invalid_client");
        is_page(&log_out(&format!("id_token_hint={hint}&client_id=1")).await, "invalid_client");
    }
}

scenario! {
    async fn consent_is_remembered_only_where_the_answer_goes_back_to_the_document_s_origin(app) {
        let_in_documents(app, json!({})).await;
        let elsewhere = "https://other.example/cb";
        app.web.put(URL, &over(document(), json!({"redirect_uris": ["http://127.0.0.1/", HTTPS_CALLBACK, elsewhere]})));
        for redirect_uri in [CALLBACK, elsewhere, HTTPS_CALLBACK] {
            let more = [("redirect_uri", redirect_uri)];
            let code = code(app, URL, &more).await;
            redeem(app, URL, &code, &[]).await.ok();
            let (id, _) = begun(&authorize(app, URL, &more).await);
            let shown = hand_over(app, Method::GET, &format!("{id}?subject=ann"), Value::Null).await.ok();
            assert_eq!(shown["consent"]["needed"], redirect_uri != HTTPS_CALLBACK, "{redirect_uri}");
        }
        let (id, _) = begun(&authorize(app, URL, &[("redirect_uri", elsewhere)]).await);
        let shown = hand_over(app, Method::GET, &format!("{id}?subject=ann"), Value::Null).await.ok();
        assert_eq!(shown["consent"]["needed"], true, "another installation doesn't inherit it");
        let number = number(app).await;
        let grants = app.get("/v1/orgs/1/subjects/ann/grants", &app.admin).await.ok();
        assert_eq!((&grants["grants"][0]["client"]["client_id"], &grants["grants"][0]["client"]["host"]), (&json!(number), &json!("editor.example")));
        app.delete(&format!("/v1/orgs/1/subjects/ann/grants/{number}"), &app.admin).await.is_empty();
    }
}

scenario! {
    async fn the_code_of_one_document_is_nothing_to_another(app) {
        let_in_documents(app, json!({})).await;
        let other = "https://editor.example/oauth/other.json";
        app.web.put(other, &over(document(), json!({"client_id": other})));
        let code = code(app, URL, &[]).await;
        is_refused(&redeem(app, other, &code, &[]).await, 400, "invalid_grant");
        redeem(app, URL, &code, &[]).await.ok();
        let refused = json!({"subject": URL, "auth_time": NOW});
        let (id, _) = begun(&authorize(app, URL, &[]).await);
        hand_over(app, Method::POST, &format!("{id}/accept"), refused).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn the_metadata_says_whether_documents_are_taken(app) {
        let told = async || get(app, "/.well-known/oauth-authorization-server", "").await.ok();
        assert_eq!(told().await["client_id_metadata_document_supported"], false);
        let_in_documents(app, json!({})).await;
        app.clock.advance_ms(60_000);
        let metadata = told().await;
        assert_eq!(metadata["client_id_metadata_document_supported"], true);
        assert!(metadata["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("none")), "{metadata}");
        assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("files.read")), "{metadata}");
    }
}

#[tokio::test]
async fn the_authorizer_lets_tokens_of_such_clients_in_with_their_urls() {
    let app = App::new(Mount::InProcess).await;
    for jwt in [true, false] {
        let alg = if jwt { json!("ES256") } else { Value::Null };
        let_in_documents(&app, json!({"access_token_sign_alg": alg})).await;
        let tokens = redeem(&app, URL, &code(&app, URL, &[]).await, &[]).await.ok();
        let event = simple(json!({"authorization": format!("Bearer {}", text(&tokens["access_token"]))}));
        let org = (!jwt).then(|| "1".parse().unwrap());
        let answer = ask(&app, Requirements { org, audience: Some(MCP.parse().unwrap()), ..Requirements::default() }, &event)
            .await
            .unwrap();
        assert_eq!((&answer["isAuthorized"], &answer["context"]["client_id"]), (&json!(true), &json!(URL)), "{answer}");
    }
}

#[tokio::test]
async fn many_requests_at_the_same_time_read_a_document_once() {
    let app = App::new(Mount::InProcess).await;
    let_in_documents(&app, json!({})).await;
    let all = futures::future::join_all((0..16).map(|_| authorize(&app, URL, &[]))).await;
    assert!(all.iter().all(|answer| location(answer).contains("authorization=1.")));
    assert_eq!(app.web.asked().len(), 1);
}
