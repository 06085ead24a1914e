//! Devices: RFC 8628.

use std::net::IpAddr;
use std::sync::Arc;

use futures::future::try_join_all;
use http::Method;
use serde_json::{Value, json};

use super::sign_in::{SHOP, SignIn};
use super::tenant::{By, NOW, Tenant, basic, is_denied, proof, text};
use crate::support::{Answer, App, Mount, Watched, hashed, over, race, scenario};

/// Public, may refresh.
const TV: u64 = 21;
/// Confidential, with no refresh tokens, and the team's own.
const CONSOLE: u64 = 22;

const DEVICE_PAGE: &str = "https://login.example/device?theme=dark";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Lets devices ask in the org 500.
async fn devices(app: &App) -> SignIn<'_> {
    let sign_in = SignIn::opaque(app).await;
    let tenant = sign_in.tenant;
    let client = |number: u64, more: Value| over(json!({"org": tenant.org, "id": tenant.id(number), "grants": [GRANT]}), more);
    let seed = json!({"clients": [
        client(TV, json!({"kind": "public", "name": "Telly", "grants": [GRANT, "refresh_token"]})),
        client(CONSOLE, json!({"kind": "confidential", "consent": "implied", "secrets_sha256": [hashed(&tenant.secret(CONSOLE))]})),
    ]});
    app.seed(&seed).await.expect("the seed is loaded");
    set(&sign_in, json!({})).await;
    sign_in
}

async fn set(sign_in: &SignIn<'_>, more: Value) {
    sign_in.set(over(json!({"device_url": DEVICE_PAGE}), more)).await;
}

/// The answer to a form of a client.
async fn send(sign_in: &SignIn<'_>, path: &str, client: u64, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let id = sign_in.tenant.id(client).to_string();
    let authorization = basic(&id, &sign_in.tenant.secret(client));
    let mut form = form.to_vec();
    if client == TV {
        form.push(("client_id", &id));
    }
    let by = if client == TV { By::Nothing } else { By::Header(&authorization) };
    sign_in.tenant.send(path, by, &form, headers).await
}

async fn ask(sign_in: &SignIn<'_>, client: u64, form: &[(&str, &str)]) -> Answer {
    send(sign_in, "/oauth2/device_authorization", client, form, &[("User-Agent", "Telly/1.0")]).await
}

async fn poll(sign_in: &SignIn<'_>, client: u64, code: &str, headers: &[(&str, &str)]) -> Answer {
    send(sign_in, "/oauth2/token", client, &[("grant_type", GRANT), ("device_code", code)], headers).await
}

/// The answer to a login application that looks for a code which somebody has typed.
async fn find(sign_in: &SignIn<'_>, user_code: &str, by: &str) -> Answer {
    let attempt = json!({"user_code": user_code, "attempt_by": by, "org": "500"});
    sign_in.hand_over(Method::POST, "find", Some(attempt)).await
}

/// What a device has asked for: its codes, and the id under which a login application finds it.
struct Asked {
    device_code: String,
    user_code: String,
    id: String,
}

async fn asked(sign_in: &SignIn<'_>, client: u64, form: &[(&str, &str)]) -> Asked {
    let told = ask(sign_in, client, form).await.ok();
    let user_code = text(&told["user_code"]);
    let id = text(&find(sign_in, &user_code, &user_code).await.ok()["id"]);
    Asked { device_code: text(&told["device_code"]), user_code, id }
}

scenario! {
    async fn rfc8628_3_a_person_finds_what_a_device_asks_for_and_the_device_gets_tokens(app) {
        let sign_in = devices(app).await;
        let answer = ask(&sign_in, TV, &[("scope", "openid read"), ("acr_values", "urn:mfa")]).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let told = answer.ok();
        assert_eq!((&told["expires_in"], &told["interval"], &told["verification_uri"]), (&json!(600), &json!(5), &json!(DEVICE_PAGE)));
        let (device_code, user_code) = (text(&told["device_code"]), text(&told["user_code"]));
        assert_eq!(told["verification_uri_complete"], format!("{DEVICE_PAGE}&user_code={user_code}"));
        assert!(device_code.starts_with("500.") && user_code.len() == 9, "{told}");
        is_denied(&poll(&sign_in, TV, &device_code, &[]).await, "authorization_pending");

        let shown = find(&sign_in, &user_code.to_lowercase().replace('-', " "), "ann").await.ok();
        let from = &shown["requested_from"];
        assert_eq!(from["user_agent"], "Telly/1.0");
        assert!(from.get("ip").is_none_or(|ip| ip.as_str().unwrap().parse::<IpAddr>().is_ok()), "{from}");
        assert_eq!((&shown["kind"], &shown["status"], &shown["client"]["name"]), (&json!("device"), &json!("pending"), &json!("Telly")));
        assert_eq!((&shown["scopes"], &shown["acr_values"]), (&json!([{"name": "openid"}, {"name": "read"}]), &json!(["urn:mfa"])));
        for none in ["redirect_uri", "redirect_host", "loopback", "prompt", "claims"] {
            assert!(shown.get(none).is_none(), "{none}");
        }
        let id = text(&shown["id"]);
        let again = sign_in.hand_over(Method::GET, &format!("{id}?subject=ann"), None).await.ok();
        assert_eq!(again["consent"], json!({"needed": true}));
        assert_eq!(sign_in.try_accept(&id, json!({"scopes": ["openid"], "session": "s-1"})).await.ok(), json!({}));
        let granted = poll(&sign_in, TV, &device_code, &[]).await.ok();
        assert_eq!((&granted["scope"], &granted["token_type"]), (&json!("openid"), &json!("Bearer")));
        assert!(granted["refresh_token"].is_string() && granted["id_token"].is_string(), "{granted}");
        let known = sign_in.userinfo(&text(&granted["access_token"])).await.ok();
        assert_eq!(known["sub"], "ann");
        // The answer may have been lost: a second poll ends nothing.
        is_denied(&poll(&sign_in, TV, &device_code, &[]).await, "invalid_grant");
        sign_in.userinfo(&text(&granted["access_token"])).await.ok();
        find(&sign_in, &user_code, "ann").await.is_error(404, "AUTHORIZATION_NOT_FOUND");
    }
}

scenario! {
    async fn rfc8628_3_5_a_device_that_polls_too_often_must_slow_down(app) {
        let sign_in = devices(app).await;
        let asked = asked(&sign_in, TV, &[]).await;
        let told = async |after_ms: i64, error: &str| {
            app.clock.advance_ms(after_ms);
            is_denied(&poll(&sign_in, TV, &asked.device_code, &[]).await, error);
        };
        told(0, "authorization_pending").await;
        told(4_999, "slow_down").await;
        // From the poll that was in time, it must now wait for ten seconds.
        told(5_000, "slow_down").await;
        told(5_001, "authorization_pending").await;
        told(14_999, "slow_down").await;
        told(5_001, "authorization_pending").await;
        sign_in.try_accept(&asked.id, json!({})).await.ok();
        poll(&sign_in, TV, &asked.device_code, &[]).await.ok();
    }
}

scenario! {
    async fn rfc8628_3_5_a_device_is_told_that_it_was_denied_or_came_too_late(app) {
        let sign_in = devices(app).await;
        let denied = asked(&sign_in, TV, &[]).await;
        let late = asked(&sign_in, TV, &[]).await;
        assert_eq!(sign_in.hand_over(Method::POST, &format!("{}/deny", denied.id), Some(json!({}))).await.ok(), json!({}));
        for _ in 0..2 {
            is_denied(&poll(&sign_in, TV, &denied.device_code, &[]).await, "access_denied");
        }
        sign_in.try_accept(&late.id, json!({})).await.ok();
        app.clock.advance_ms(599_999);
        is_denied(&poll(&sign_in, TV, &denied.device_code, &[]).await, "access_denied");
        app.clock.advance_ms(1);
        for code in [&denied.device_code, &late.device_code] {
            is_denied(&poll(&sign_in, TV, code, &[]).await, "expired_token");
        }
        find(&sign_in, &late.user_code, "ann").await.is_error(404, "AUTHORIZATION_NOT_FOUND");
        app.clock.advance_ms(600_000);
        is_denied(&poll(&sign_in, TV, &late.device_code, &[]).await, "invalid_grant");
    }
}

scenario! {
    async fn what_a_device_asks_for_is_decided_once(app) {
        let sign_in = devices(app).await;
        for (first, others) in [("accept", ["accept", "deny"]), ("deny", ["accept", "deny"])] {
            let asked = asked(&sign_in, TV, &[]).await;
            let decide = async |call: &str| match call {
                "accept" => sign_in.try_accept(&asked.id, json!({})).await,
                _ => sign_in.hand_over(Method::POST, &format!("{}/deny", asked.id), Some(json!({}))).await,
            };
            decide(first).await.ok();
            for other in others {
                decide(other).await.is_error(409, "AUTHORIZATION_DECIDED");
            }
        }
    }
}

scenario! {
    async fn a_device_code_is_its_client_s_own_and_no_authorization_code(app) {
        let sign_in = devices(app).await;
        let asked = asked(&sign_in, TV, &[("scope", "openid read")]).await;
        for (code, client) in [
            (asked.device_code.clone(), CONSOLE),
            (asked.device_code[..asked.device_code.len() - 1].to_owned(), TV),
            (asked.device_code.replacen("500.", "600.", 1), TV),
            ("x".to_owned(), TV),
        ] {
            is_denied(&poll(&sign_in, client, &code, &[]).await, "invalid_grant");
        }
        is_denied(&send(&sign_in, "/oauth2/token", TV, &[("grant_type", GRANT)], &[]).await, "invalid_request");
        sign_in.try_accept(&asked.id, json!({})).await.ok();
        is_denied(&poll(&sign_in, CONSOLE, &asked.device_code, &[]).await, "invalid_grant");
        // Neither before it is used nor after that it is what a browser would bring.
        let path = format!("/v1/orgs/500/clients/{}", sign_in.tenant.id(TV));
        let both = json!({"grants": [GRANT, "refresh_token", "authorization_code"], "redirect_uris": ["https://tv.example/cb"]});
        app.patch(&path, &app.admin, both).await.ok();
        let as_code = [("grant_type", "authorization_code"), ("code", asked.device_code.as_str())];
        is_denied(&send(&sign_in, "/oauth2/token", TV, &as_code, &[]).await, "invalid_grant");
        let granted = poll(&sign_in, TV, &asked.device_code, &[]).await.ok();
        is_denied(&send(&sign_in, "/oauth2/token", TV, &as_code, &[]).await, "invalid_grant");
        sign_in.userinfo(&text(&granted["access_token"])).await.ok();
        // And a code that a browser brought is no device's.
        let code = sign_in.code(SHOP, &[], json!({})).await;
        is_denied(&poll(&sign_in, TV, &code, &[]).await, "invalid_grant");
        sign_in.redeem(SHOP, &code, &[], &[]).await.ok();
    }
}

scenario! {
    async fn devices_ask_where_their_org_has_a_page_for_them_and_their_client_the_grant(app) {
        let sign_in = devices(app).await;
        let told = ask(&sign_in, CONSOLE, &[("scope", "openid read offline_access")]).await.ok();
        let shown = find(&sign_in, &text(&told["user_code"]), "ann").await.ok();
        assert_eq!(shown["scopes"], json!([{"name": "openid"}, {"name": "read"}]), "no refresh token, no offline access");
        for (form, error) in [
            (&[("scope", "unknown")][..], "invalid_scope"),
            (&[("resource", "x")], "invalid_target"),
            (&[("authorization_details", "[]")], "invalid_authorization_details"),
            (&[("scope", "read"), ("scope", "openid")], "invalid_request"),
        ] {
            is_denied(&ask(&sign_in, TV, form).await, error);
        }
        is_denied(&ask(&sign_in, SHOP, &[]).await, "unauthorized_client");
        let id = sign_in.tenant.id(CONSOLE).to_string();
        is_denied(&sign_in.tenant.send("/oauth2/device_authorization", By::Nothing, &[("client_id", &id)], &[]).await, "invalid_client");
        set(&sign_in, json!({"device_code_duration": 60, "device_poll_interval": 1})).await;
        let told = ask(&sign_in, TV, &[]).await.ok();
        assert_eq!((&told["expires_in"], &told["interval"]), (&json!(60), &json!(1)));
        set(&sign_in, json!({"supported_grants": ["authorization_code"]})).await;
        is_denied(&ask(&sign_in, TV, &[]).await, "unauthorized_client");
        sign_in.set(json!({})).await;
        is_denied(&ask(&sign_in, TV, &[]).await, "unauthorized_client");
        let metadata = app.get("/.well-known/oauth-authorization-server", &app.admin).await.ok();
        assert_eq!(metadata["device_authorization_endpoint"], "https://jeton.example/oauth2/device_authorization");
        assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
    }
}

scenario! {
    async fn rfc9449_5_the_proof_of_a_poll_binds_the_token(app) {
        let sign_in = devices(app).await;
        let asked = asked(&sign_in, TV, &[]).await;
        let header = proof(json!({}));
        is_denied(&poll(&sign_in, TV, &asked.device_code, &[("DPoP", &header)]).await, "authorization_pending");
        sign_in.try_accept(&asked.id, json!({})).await.ok();
        // What a poll in vain has shown isn't used up.
        let granted = poll(&sign_in, TV, &asked.device_code, &[("DPoP", &header)]).await.ok();
        assert_eq!(granted["token_type"], "DPoP");
    }
}

scenario! {
    async fn rfc8628_5_1_nobody_has_more_than_five_guesses_in_ten_minutes(app) {
        let sign_in = devices(app).await;
        let told = ask(&sign_in, TV, &[]).await.ok();
        let right = text(&told["user_code"]);
        // The scenario begins with a stretch of ten minutes.
        app.clock.advance_ms(60_000);
        for guess in ["", "x", "BBBB-BBBB", "BBBB-BBBC"] {
            find(&sign_in, guess, "eve").await.is_error(404, "AUTHORIZATION_NOT_FOUND");
        }
        find(&sign_in, &right, "eve").await.ok();
        let refused = find(&sign_in, &right, "eve").await;
        refused.is_error(429, "TOO_MANY_ATTEMPTS");
        assert_eq!(refused.headers["retry-after"], "540");
        find(&sign_in, &right, "ann").await.ok();
        app.clock.advance_ms(530_000);
        find(&sign_in, &right, "eve").await.is_error(429, "TOO_MANY_ATTEMPTS");
        app.clock.advance_ms(10_000);
        find(&sign_in, &right, "eve").await.is_error(404, "AUTHORIZATION_NOT_FOUND");
    }
}

scenario! {
    async fn a_login_application_looks_for_codes_in_an_org_in_which_it_may_decide(app) {
        let sign_in = devices(app).await;
        let other = SignIn::jwt(app).await;
        let told = ask(&sign_in, TV, &[]).await.ok();
        let look = async |bearer: &str, more: Value| {
            let attempt = over(json!({"user_code": told["user_code"], "attempt_by": "ann"}), more);
            app.post("/v1/authorizations/find", Some(bearer), attempt).await
        };
        look(&sign_in.login_app().await, json!({})).await.ok();
        look(&other.login_app().await, json!({})).await.is_error(404, "AUTHORIZATION_NOT_FOUND");
        look(&other.login_app().await, json!({"org": "500"})).await.is_error(403, "ACCESS_DENIED");
        look(&app.admin, json!({"org": "500"})).await.ok();
        for (bad, field) in [
            (json!({"attempt_by": ""}), "attempt_by"), (json!({"attempt_by": "x".repeat(256)}), "attempt_by"), (json!({"user_code": 1}), "user_code"),
            (json!({"org": "a b"}), "org"), (json!({"subject": "ann"}), "subject"),
        ] {
            let answer = look(&app.admin, bad).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field);
        }
    }
}

race! {
    /// One device code in many polls: of those that wait one is pending, and of those that may one gets tokens.
    async fn of_many_polls_at_once_one_counts(app, rounds: 20 or 3) {
        devices(app).await;
        for _ in 0..rounds {
            let at_500 = || SignIn::known(app, Tenant::new(app, "500"));
            let asked = asked(&at_500(), TV, &[]).await;
            for (one, rest) in [(Some("authorization_pending"), "slow_down"), (None, "invalid_grant")] {
                let tasks = (0..16).map(|_| {
                    let (app, code): (Arc<App>, _) = (app.clone(), asked.device_code.clone());
                    tokio::spawn(async move { poll(&SignIn::known(&app, Tenant::new(&app, "500")), TV, &code, &[]).await })
                });
                let answers = try_join_all(tasks).await.unwrap();
                let errors: Vec<_> = answers.iter().map(|answer| answer.json()["error"].as_str().map(str::to_owned)).collect();
                assert_eq!(errors.iter().filter(|error| error.as_deref() == one).count(), 1, "{errors:?}");
                assert_eq!(errors.iter().filter(|error| error.as_deref() == Some(rest)).count(), 15, "{errors:?}");
                if one.is_some() {
                    at_500().try_accept(&asked.id, json!({"auth_time": NOW})).await.ok();
                }
            }
        }
    }
}

race! {
    /// Guesses at the same time.
    async fn of_many_guesses_at_once_no_more_are_answered_than_may_be(app, rounds: 10 or 3) {
        let sign_in = devices(app).await;
        let bearer = sign_in.login_app().await;
        for round in 0..rounds {
            let tasks = (0..32).map(|_| {
                let (app, bearer): (Arc<App>, _) = (app.clone(), bearer.clone());
                let attempt = json!({"user_code": "BBBB-BBBB", "attempt_by": format!("eve {round}")});
                tokio::spawn(async move { app.post("/v1/authorizations/find", Some(&bearer), attempt).await.status.as_u16() })
            });
            let answers = try_join_all(tasks).await.unwrap();
            assert_eq!(answers.iter().filter(|status| **status == 404).count(), 5, "{answers:?}");
            assert_eq!(answers.iter().filter(|status| **status == 429).count(), 27, "{answers:?}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_costs_a_device_nothing() {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    let sign_in = devices(&app).await;
    let is_lost =
        |answer: &Answer| assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("temporarily_unavailable")));
    for call in ["assign_user_code", "put_authorization"] {
        watched.lose(call);
        is_lost(&ask(&sign_in, TV, &[]).await);
    }
    let asked = asked(&sign_in, TV, &[]).await;
    watched.lose("update_authorization");
    is_lost(&poll(&sign_in, TV, &asked.device_code, &[]).await);
    app.clock.advance_ms(5_000);
    is_denied(&poll(&sign_in, TV, &asked.device_code, &[]).await, "authorization_pending");
    watched.lose("count");
    find(&sign_in, &asked.user_code, "ann").await.is_error(503, "UNAVAILABLE");
    find(&sign_in, &asked.user_code, "ann").await.ok();
    sign_in.try_accept(&asked.id, json!({})).await.ok();
    watched.lose("record");
    is_lost(&poll(&sign_in, TV, &asked.device_code, &[]).await);
    // The device may begin again: it can't be told tokens twice.
    is_denied(&poll(&sign_in, TV, &asked.device_code, &[]).await, "invalid_grant");
}
