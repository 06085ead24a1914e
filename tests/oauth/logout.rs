//! A client has a person logged out: what browsers are answered, what the login application reads, and what ends.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::sign_in::{CALLBACK, GOODBYE, OLD, SHOP, SignIn, TOOL, is_page, location, parameter};
use super::tenant::{NOW, claims, is_denied, issuer_key, jwt};
use crate::support::{Answer, App, Mount, Watched, basic, encoded, race, scenario, text};

/// The page of the login application.
const LOGOUT: &str = "https://login.example/logout?theme=dark";

/// An org whose people can sign in and log out.
async fn tenant(app: &App) -> SignIn<'_> {
    let sign_in = SignIn::opaque(app).await;
    sign_in.set(json!({ "logout_url": LOGOUT })).await;
    sign_in
}

fn query(parameters: &[(&str, &str)]) -> String {
    parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

/// The answer to a browser that a client sends with these parameters.
async fn log_out(app: &App, parameters: &[(&str, &str)]) -> Answer {
    let request = Request::get(format!("/oauth2/logout?{}", query(parameters)));
    app.send(request.body(Bytes::new()).unwrap()).await
}

/// The same, posted.
async fn post(app: &App, target: &str, media_type: &str, body: &str) -> Answer {
    let request = Request::post(target).header(header::CONTENT_TYPE, media_type);
    app.send(request.body(Bytes::from(body.to_owned())).unwrap()).await
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The id of the logout for which a browser is sent to the login application.
#[track_caller]
fn asked(answer: &Answer) -> String {
    let location = location(answer);
    assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
    location.strip_prefix(&format!("{LOGOUT}&logout=")).unwrap_or_else(|| panic!("{location}")).to_owned()
}

/// The token of a login application that may end sessions.
async fn login_app(app: &App, org: &str) -> String {
    app.put(&format!("/v1/orgs/{org}/members/account"), &app.admin, json!({"scopes": ["urn:jeton:grants:*"]})).await;
    app.token(org, "account", &["urn:jeton:grants:write"]).await
}

/// What the login application reads of a logout.
async fn read(app: &App, id: &str) -> Value {
    app.get(&format!("/v1/logouts/{id}"), &app.admin).await.ok()
}

/// The answer to the login application when it has ended a session.
async fn complete(app: &App, id: &str, body: Value) -> Answer {
    app.post(&format!("/v1/logouts/{id}/complete"), Some(&app.admin), body).await
}

scenario! {
    async fn a_client_sends_a_person_to_the_login_application_and_the_session_ends_with_its_tokens(app) {
        let sign_in = tenant(app).await;
        let mine = json!({"session": "s-1"});
        let in_session = sign_in.tokens(SHOP, &[], mine.clone()).await;
        let of_other_app = sign_in.tokens(OLD, &[], mine.clone()).await;
        let early = sign_in.code(SHOP, &[], mine).await;
        let in_other = sign_in.tokens(SHOP, &[], json!({"session": "s-2"})).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let parameters = [
            ("id_token_hint", text(&in_session["id_token"])), ("client_id", &client), ("post_logout_redirect_uri", GOODBYE),
            ("state", "s 1&\"é"), ("ui_locales", "fr en"), ("logout_hint", "ann@example.org"), ("unknown", "x"),
        ];
        let id = asked(&log_out(app, &parameters).await);
        let bearer = login_app(app, sign_in.tenant.org).await;
        let shown = app.get(&format!("/v1/logouts/{id}"), &bearer).await;
        assert_eq!(shown.headers["cache-control"], "no-store");
        assert_eq!(shown.ok(), json!({
            "id": id, "status": "pending", "created": "2026-11-22T12:00:00Z", "expires": "2026-11-22T12:30:00Z",
            "client": {"client_id": client, "name": "Shop", "kind": "registered", "consent": "implied"},
            "subject": "ann", "session": "s-1", "confirmed": true, "post_logout_redirect_uri": GOODBYE,
            "logout_hint": "ann@example.org", "ui_locales": ["fr", "en"],
        }));
        assert!(sign_in.tenant.is_live(text(&in_session["access_token"])).await, "nothing has ended yet");
        let completed = app.post(&format!("/v1/logouts/{id}/complete"), Some(&bearer), json!({"session": "s-1"})).await;
        assert_eq!(completed.headers["cache-control"], "no-store");
        let redirect_to = completed.ok()["redirect_to"].clone();
        assert_eq!(text(&redirect_to), format!("{GOODBYE}&state=s+1%26%22%C3%A9"));
        assert_eq!(parameter(text(&redirect_to), "state").as_deref(), Some("s 1&\"é"), "to the letter");
        for granted in [&in_session, &of_other_app] {
            assert!(!sign_in.tenant.is_live(text(&granted["access_token"])).await, "it is dead at once");
        }
        is_denied(&sign_in.tenant.refresh(SHOP, text(&in_session["refresh_token"]), &[]).await, "invalid_grant");
        is_denied(&sign_in.redeem(SHOP, &early, &[], &[]).await, "invalid_grant");
        assert!(sign_in.tenant.is_live(text(&in_other["access_token"])).await, "another session");
        assert_eq!(read(app, &id).await["status"], "completed");
    }
}

scenario! {
    async fn a_logout_is_completed_once_and_ends_nothing_the_second_time(app) {
        let sign_in = tenant(app).await;
        let granted = sign_in.tokens(SHOP, &[], json!({"session": "s-2"})).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let id = asked(&log_out(app, &[("client_id", &client), ("post_logout_redirect_uri", GOODBYE)]).await);
        for bad in [json!({"session": ""}), json!({"session": "a b"}), json!({"session": "a".repeat(65)}), json!({"session": null}), json!({"sid": "s-1"})] {
            complete(app, &id, bad).await.is_error(400, "INVALID_REQUEST");
        }
        assert_eq!(complete(app, &id, json!({"session": "s-1"})).await.ok(), json!({"redirect_to": GOODBYE}), "without a state");
        complete(app, &id, json!({"session": "s-1"})).await.is_error(409, "LOGOUT_COMPLETED");
        complete(app, &id, json!({"session": "s-2"})).await.is_error(409, "LOGOUT_COMPLETED");
        assert!(sign_in.tenant.is_live(text(&granted["access_token"])).await, "that session goes on");
    }
}

scenario! {
    async fn a_logout_is_good_for_half_an_hour(app) {
        let sign_in = tenant(app).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let id = asked(&log_out(app, &[("client_id", &client)]).await);
        let late = asked(&log_out(app, &[("client_id", &client)]).await);
        app.clock.advance_ms(1_799_999);
        assert_eq!(complete(app, &id, json!({"session": "s-1"})).await.ok(), json!({}), "without an address");
        app.clock.advance_ms(1);
        app.get(&format!("/v1/logouts/{late}"), &app.admin).await.is_error(410, "LOGOUT_EXPIRED");
        for over in [&late, &id] {
            complete(app, over, json!({"session": "s-1"})).await.is_error(410, "LOGOUT_EXPIRED");
        }
    }
}

scenario! {
    async fn rp_initiated_logout_3_nobody_is_sent_to_an_address_that_the_client_has_not_registered(app) {
        let sign_in = tenant(app).await;
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let other = sign_in.tenant.id(OLD).to_string();
        let hint = ("id_token_hint", text(&granted["id_token"]));
        for uri in [
            // Registered for other answers.
            CALLBACK,
            "https://shop.example/bye", "https://shop.example/bye?tenant=1&x=1", "https://shop.example/bye/?tenant=1", "https://shop.example/BYE?tenant=1",
            "https://SHOP.example/bye?tenant=1", "https://shop.example./bye?tenant=1", "https://shop.example:443/bye?tenant=1",
            "https://shop.example/x/../bye?tenant=1", "https://shop.example/%62ye?tenant=1", "https://shop.example/bye?tenant=1#x",
            "https://eve@shop.example/bye?tenant=1", "https://shop.example.evil.example/bye?tenant=1", "https://evil.example/bye?tenant=1",
            "http://shop.example/bye?tenant=1", "//shop.example/bye?tenant=1", "javascript:alert(1)", "x",
            // The port is of the address here.
            "http://127.0.0.1:7001/bye", "http://127.0.0.1/bye", "http://localhost:7000/bye",
        ] {
            let uri = ("post_logout_redirect_uri", uri);
            for parameters in [&[hint, uri][..], &[("client_id", &client), uri], &[hint, ("client_id", &client), uri]] {
                let answer = log_out(app, parameters).await;
                is_page(&answer, "invalid_request");
                assert!(!String::from_utf8_lossy(&answer.body).contains("example/"), "nothing of the request is repeated");
            }
        }
        let uri = ("post_logout_redirect_uri", GOODBYE);
        is_page(&log_out(app, &[("client_id", &other), uri]).await, "invalid_request");
        is_page(&log_out(app, &[uri]).await, "invalid_request");
        for good in [GOODBYE, "http://127.0.0.1:7000/bye"] {
            let id = asked(&log_out(app, &[hint, ("post_logout_redirect_uri", good)]).await);
            assert_eq!(complete(app, &id, json!({"session": "s-1"})).await.ok(), json!({"redirect_to": good}));
        }
        // What isn't registered any more by then is no way out, nor is that of a client that is locked by then.
        let path = format!("/v1/orgs/{}/clients/{client}", sign_in.tenant.org);
        for change in [json!({"post_logout_redirect_uris": []}), json!({"post_logout_redirect_uris": [GOODBYE], "enabled": false})] {
            app.patch(&path, &app.admin, json!({"post_logout_redirect_uris": [GOODBYE], "enabled": true})).await.ok();
            let id = asked(&log_out(app, &[hint, uri, ("state", "x")]).await);
            app.patch(&path, &app.admin, change).await.ok();
            assert_eq!(read(app, &id).await.get("post_logout_redirect_uri"), None);
            assert_eq!(complete(app, &id, json!({"session": "s-1"})).await.ok(), json!({}));
        }
    }
}

scenario! {
    async fn rp_initiated_logout_2_a_hint_is_an_id_token_of_ours_for_the_client_and_may_be_over(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            sign_in.set(json!({ "logout_url": LOGOUT })).await;
            let granted = sign_in.tokens(SHOP, &[], json!({"session": "s-1"})).await;
            let [client, other, public] = [SHOP, OLD, TOOL].map(|client| sign_in.tenant.id(client).to_string());
            let hint = text(&granted["id_token"]);
            app.clock.advance_ms(7_200_000);
            for parameters in [&[("id_token_hint", hint)][..], &[("id_token_hint", hint), ("client_id", &client)]] {
                let shown = read(app, &asked(&log_out(app, parameters).await)).await;
                assert_eq!((&shown["client"]["client_id"], &shown["subject"], &shown["session"]), (&json!(client), &json!("ann"), &json!("s-1")));
                assert_eq!(shown["confirmed"], true, "also when it has expired");
            }
            for other in [&other, &public] {
                is_page(&log_out(app, &[("id_token_hint", hint), ("client_id", other)]).await, "invalid_request");
            }
            // A stranger has signed it, or it has been changed, or it is another token.
            let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "k-1"});
            let forged = jwt(&issuer_key(), &header, &claims(hint));
            let parts: Vec<_> = hint.split('.').collect();
            let changed = [parts[0], jwt(&issuer_key(), &header, &json!({"sub": "bob"})).split('.').nth(1).unwrap(), parts[2]].join(".");
            let unsigned = format!("{}.{}.", parts[0], parts[1]);
            for bad in [&forged, &changed, &unsigned, text(&granted["access_token"]), &app.admin, "x", "x.y.z", &"x".repeat(7_168)] {
                for more in [&[][..], &[("client_id", client.as_str())]] {
                    let parameters = [&[("id_token_hint", bad)][..], more].concat();
                    is_page(&log_out(app, &parameters).await, "invalid_request");
                }
            }
        }
    }
}

scenario! {
    async fn rp_initiated_logout_6_without_a_hint_the_person_must_be_asked(app) {
        let sign_in = tenant(app).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let id = asked(&log_out(app, &[("client_id", &client), ("logout_hint", "ann"), ("state", "x")]).await);
        let shown = read(app, &id).await;
        assert_eq!((&shown["confirmed"], &shown["client"]["client_id"]), (&json!(false), &json!(client)));
        assert_eq!(["subject", "session", "post_logout_redirect_uri"].map(|name| shown.get(name)), [None; 3], "nobody has said who it is");
        assert_eq!(complete(app, &id, json!({})).await.ok(), json!({}), "nobody was signed in");
        // Whoever names no client is served by the org that is open to those who bring none.
        is_page(&log_out(app, &[]).await, "unauthorized_client");
        app.patch("/v1/orgs/1", &app.admin, json!({"settings": {"logout_url": LOGOUT}})).await.ok();
        for parameters in [&[][..], &[("state", "x")], &[("client_id", "")]] {
            let id = asked(&log_out(app, parameters).await);
            assert!(id.starts_with("1."), "{id}");
            let shown = read(app, &id).await;
            assert_eq!((&shown["confirmed"], shown.get("client")), (&json!(false), None));
            assert_eq!(complete(app, &id, json!({"session": "s-1"})).await.ok(), json!({}));
        }
        app.patch("/v1/orgs/1", &app.admin, json!({"enabled": false})).await.ok();
        is_page(&log_out(app, &[]).await, "unauthorized_client");
    }
}

scenario! {
    async fn unknown_and_locked_clients_get_the_same_page_and_so_does_an_org_without_a_page(app) {
        let sign_in = tenant(app).await;
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        let hint = text(&granted["id_token"]);
        let client = sign_in.tenant.id(SHOP).to_string();
        let unknown = log_out(app, &[("client_id", "4294967295")]).await;
        is_page(&unknown, "invalid_client");
        let org = sign_in.tenant.org;
        let path = format!("/v1/orgs/{org}/clients/{client}");
        app.patch(&path, &app.admin, json!({"enabled": false})).await.ok();
        for other in [client.as_str(), "shop", "https://shop.example/client"] {
            assert_eq!(log_out(app, &[("client_id", other)]).await.body, unknown.body, "{other}");
        }
        is_page(&log_out(app, &[("id_token_hint", hint)]).await, "invalid_request");
        app.patch(&path, &app.admin, json!({"enabled": true})).await.ok();
        asked(&log_out(app, &[("id_token_hint", hint)]).await);
        app.patch(&format!("/v1/orgs/{org}"), &app.admin, json!({"settings": {"logout_url": null}})).await.ok();
        is_page(&log_out(app, &[("id_token_hint", hint), ("post_logout_redirect_uri", GOODBYE)]).await, "unauthorized_client");
        for bad in ["http://login.example/logout", "https://login.example/#x", "javascript:x", "https://eve@login.example/"] {
            let patched = app.patch(&format!("/v1/orgs/{org}"), &app.admin, json!({"settings": {"logout_url": bad}})).await;
            patched.is_error(400, "INVALID_REQUEST");
        }
        app.patch(&format!("/v1/orgs/{org}"), &app.admin, json!({"enabled": false})).await.ok();
        assert_eq!(log_out(app, &[("client_id", &client)]).await.body, unknown.body);
    }
}

scenario! {
    async fn a_request_is_a_query_or_a_form_and_a_browser_that_fetches_ahead_gets_nothing(app) {
        let sign_in = tenant(app).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        let good = query(&[("client_id", &client), ("id_token_hint", text(&granted["id_token"])), ("post_logout_redirect_uri", GOODBYE)]);
        asked(&post(app, "/oauth2/logout", FORM, &good).await);
        for (target, media_type) in [(format!("/oauth2/logout?{good}"), FORM), ("/oauth2/logout".to_owned(), "application/json")] {
            is_page(&post(app, &target, media_type, &good).await, "invalid_request");
        }
        let long = "x".repeat(1_001);
        for bad in [
            &[("client_id", client.as_str()), ("client_id", &client)][..],
            &[("client_id", &client), ("state", "a"), ("state", "b")],
            &[("client_id", &client), ("logout_hint", &long)],
            &[("client_id", &client), ("ui_locales", &long)],
            &[("client_id", &client), ("state", "\0")],
            &[("client_id", &client), ("state", &"x".repeat(4_001))],
        ] {
            is_page(&log_out(app, bad).await, "invalid_request");
        }
        let target = format!("/oauth2/logout?{good}");
        let ahead = Request::get(&target).header("sec-purpose", "prefetch;prerender").body(Bytes::new()).unwrap();
        assert_eq!(app.send(ahead).await.status.as_u16(), 503);
        let head = Request::builder().method(Method::HEAD).uri(&target).body(Bytes::new()).unwrap();
        assert_eq!(app.send(head).await.status.as_u16(), 405, "a preview of a link must not make anything");
    }
}

scenario! {
    async fn only_who_may_end_the_sessions_of_the_org_sees_to_its_logouts(app) {
        let sign_in = tenant(app).await;
        let org = sign_in.tenant.org;
        let other = SignIn::jwt(app).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let id = asked(&log_out(app, &[("client_id", &client)]).await);
        let (seen, completion) = (format!("/v1/logouts/{id}"), format!("/v1/logouts/{id}/complete"));
        let writer = login_app(app, org).await;
        let reader = app.token(org, "account", &["urn:jeton:grants:read"]).await;
        let said = json!({"session": "s-1"});
        app.get(&seen, &reader).await.ok();
        app.post(&completion, Some(&reader), said.clone()).await.is_error(403, "ACCESS_DENIED");
        for bearer in [sign_in.login_app().await, login_app(app, other.tenant.org).await] {
            app.get(&seen, &bearer).await.is_error(403, "ACCESS_DENIED");
            app.post(&completion, Some(&bearer), said.clone()).await.is_error(403, "ACCESS_DENIED");
        }
        app.get(&seen, "x").await.is_error(401, "TOKEN_INVALID");
        app.post(&completion, None, said.clone()).await.is_error(401, "TOKEN_MISSING");
        for unknown in [format!("{org}.06h0"), "x".to_owned(), org.to_owned(), id.replacen(&format!("{org}."), "600.", 1)] {
            app.get(&format!("/v1/logouts/{unknown}"), &app.admin).await.is_error(404, "LOGOUT_NOT_FOUND");
            complete(app, &unknown, said.clone()).await.is_error(404, "LOGOUT_NOT_FOUND");
        }
        // The org may by its API secret, and no other.
        for (org, may) in [("600", false), (org, true)] {
            let secret = app.post(&format!("/v1/orgs/{org}/secret"), Some(&app.admin), json!({})).await.ok();
            let own = basic(org, text(&secret["secret"]));
            let request = Request::post(&completion).header(header::AUTHORIZATION, own).header(header::CONTENT_TYPE, "application/json");
            let answer = app.send(request.body(Bytes::from(said.to_string())).unwrap()).await;
            if may { drop(answer.ok()) } else { answer.is_error(401, "TOKEN_INVALID") }
        }
        app.post(&completion, Some(&writer), said).await.is_error(409, "LOGOUT_COMPLETED");
    }
}

scenario! {
    async fn a_client_registers_where_people_may_go_after_a_logout(app) {
        app.patch("/v1/orgs/1", &app.admin, json!({"settings": {"logout_url": LOGOUT, "open_registration": {"enabled": true}}})).await.ok();
        let register = async |more: Value| {
            let mut said = json!({"redirect_uris": ["https://tool.example/cb"], "token_endpoint_auth_method": "none"});
            said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            app.send(Request::post("/oauth2/register").header(header::CONTENT_TYPE, "application/json").body(Bytes::from(said.to_string())).unwrap()).await
        };
        let made = register(json!({"post_logout_redirect_uris": ["https://tool.example/bye", "http://127.0.0.1:7000/"]})).await.created();
        assert_eq!(made["post_logout_redirect_uris"], json!(["https://tool.example/bye", "http://127.0.0.1:7000/"]));
        let client = text(&made["client_id"]).to_owned();
        let parameters = [("client_id", client.as_str()), ("post_logout_redirect_uri", "https://tool.example/bye")];
        asked(&log_out(app, &parameters).await);
        for bad in [json!(["http://tool.example/bye"]), json!(["cursor://bye"]), json!(["javascript:x"]), json!("https://tool.example/bye"), json!(vec!["https://tool.example/bye"; 51])] {
            let refused = register(json!({ "post_logout_redirect_uris": bad })).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_client_metadata")), "{refused:?}");
        }
        let place = format!("/oauth2/register/{client}");
        let update = json!({"client_id": client, "redirect_uris": ["https://tool.example/cb"], "token_endpoint_auth_method": "none"});
        let updated = app.put(&place, text(&made["registration_access_token"]), update).await.ok();
        assert_eq!(updated.get("post_logout_redirect_uris"), None, "what is left out is gone");
        is_page(&log_out(app, &parameters).await, "invalid_request");
    }
}

scenario! {
    async fn an_administrator_registers_where_people_may_go_and_an_update_by_authletes_api_keeps_it(app) {
        let sign_in = tenant(app).await;
        let path = format!("/v1/orgs/{}/clients/{}", sign_in.tenant.org, sign_in.tenant.id(SHOP));
        let uris = json!([GOODBYE, "http://127.0.0.1:7000/bye"]);
        assert_eq!(app.get(&path, &app.admin).await.ok()["post_logout_redirect_uris"], uris, "as the seed says");
        sign_in.update_by_authlete(SHOP, json!({"clientName": "Other"})).await;
        let shown = app.get(&path, &app.admin).await.ok();
        assert_eq!((&shown["name"], &shown["post_logout_redirect_uris"]), (&json!("Other"), &uris));
        let custom = json!({"post_logout_redirect_uris": ["cursor://bye"]});
        assert_eq!(app.patch(&path, &app.admin, custom.clone()).await.ok()["post_logout_redirect_uris"], custom["post_logout_redirect_uris"]);
        for bad in [json!(["http://shop.example/bye"]), json!(["https://shop.example/#x"]), json!(["javascript:x"]), json!(vec![GOODBYE; 51])] {
            app.patch(&path, &app.admin, json!({ "post_logout_redirect_uris": bad })).await.is_error(400, "INVALID_REQUEST");
        }
        assert_eq!(app.patch(&path, &app.admin, json!({"post_logout_redirect_uris": null})).await.ok()["post_logout_redirect_uris"], json!([]));
    }
}

race! {
    async fn of_many_completions_at_once_one_is_told_where_the_person_goes(app, rounds: 8 or 2) {
        let sign_in = tenant(app).await;
        let client = sign_in.tenant.id(SHOP).to_string();
        let bearer = login_app(app, sign_in.tenant.org).await;
        for _ in 0..rounds {
            let id = asked(&log_out(app, &[("client_id", &client), ("post_logout_redirect_uri", GOODBYE)]).await);
            let tasks = (0..64).map(|_| {
                let (app, bearer, path) = (app.clone(), bearer.clone(), format!("/v1/logouts/{id}/complete"));
                tokio::spawn(async move { app.post(&path, Some(&bearer), json!({"session": "s-1"})).await })
            });
            let answers = try_join_all(tasks).await.unwrap();
            let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.as_u16() == 200);
            assert_eq!(won.len(), 1, "{won:?} {lost:?}");
            assert_eq!(won[0].ok(), json!({"redirect_to": GOODBYE}));
            for answer in lost {
                answer.is_error(409, "LOGOUT_COMPLETED");
            }
        }
    }
}

/// Whichever call of the store fails, before it happens or after, the person sees that it is ours, and once the login application has
/// repeated the completion the session has ended.
#[tokio::test]
async fn whichever_call_fails_a_logout_is_repeated_with_success() {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    let sign_in = tenant(&app).await;
    let client = sign_in.tenant.id(SHOP).to_string();
    let bearer = login_app(&app, sign_in.tenant.org).await;
    for after in [false, true] {
        let mut id = String::new();
        for count in 0.. {
            watched.fail_in(count, after);
            let answer = log_out(&app, &[("client_id", &client), ("post_logout_redirect_uri", GOODBYE)]).await;
            if !watched.recover() {
                assert!(count >= 2, "there are a read and a write that can fail: {count}");
                id = asked(&answer);
                break;
            }
            assert_eq!(answer.status.as_u16(), 503, "{answer:?}");
            assert!(answer.body.starts_with(b"error: temporarily_unavailable\n"), "{answer:?}");
        }
        let path = format!("/v1/logouts/{id}/complete");
        for count in 0.. {
            let id = asked(&log_out(&app, &[("client_id", &client), ("post_logout_redirect_uri", GOODBYE)]).await);
            let path = format!("/v1/logouts/{id}/complete");
            let session = format!("s-{after}-{count}");
            let granted = sign_in.tokens(SHOP, &[], json!({ "session": session, "auth_time": NOW })).await;
            watched.fail_in(count, after);
            let answer = app.post(&path, Some(&bearer), json!({ "session": session })).await;
            if !watched.recover() {
                assert!(count >= 4, "there are two reads and two writes that can fail: {count}");
                assert_eq!(answer.ok(), json!({"redirect_to": GOODBYE}));
                break;
            }
            answer.must_wait();
            let again = app.post(&path, Some(&bearer), json!({ "session": session })).await;
            assert!(matches!(again.status.as_u16(), 200 | 409), "{again:?}");
            assert!(!sign_in.tenant.is_live(text(&granted["access_token"])).await, "{count}");
        }
        app.post(&path, Some(&bearer), json!({})).await.ok();
    }
}
