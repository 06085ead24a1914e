//! `pushed_auth_req` of Authlete's API, and what becomes of the requests at both doors: RFC 9126.

use std::sync::Arc;

use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::keys::signer::Signer as _;

use super::proofs::{TOKEN_ENDPOINT, proof, signer};
use super::sign_in::{CALLBACK, OLD, SHOP, SignIn, TOOL, claims, is_told, parameter};
use super::tenant::{OPAQUE, Tenant, content, encoded, is_action, is_denied, members, secret, text, v2};
use crate::support::{App, race, scenario};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

scenario! {
    async fn rfc9126_2_2_a_pushed_request_is_kept_and_the_client_gets_a_reference(app) {
        let sign_in = SignIn::opaque(app).await;
        for (client, method) in [(SHOP, "CLIENT_SECRET_BASIC"), (TOOL, "NONE")] {
            let kept = sign_in.push(client, &[], json!({})).await;
            is_action(&kept, "CREATED", "A245001");
            assert_eq!(members(&kept), ["action", "clientAuthMethod", "requestUri", "responseContent", "resultCode", "resultMessage"]);
            let request_uri = text(&kept["requestUri"]);
            assert!(request_uri.starts_with(&format!("{PREFIX}100.")), "{request_uri}");
            assert_eq!(content(&kept), json!({"expires_in": 60, "request_uri": request_uri}));
            assert_eq!(kept["clientAuthMethod"], method);
            assert!(!text(&kept["resultMessage"]).contains(request_uri), "{kept}");
        }
        sign_in.tenant.set(json!({"pushed_request_duration": 5})).await;
        assert_eq!(content(&sign_in.push(SHOP, &[], json!({})).await)["expires_in"], 5);
    }
}

scenario! {
    async fn rfc9126_4_a_browser_brings_a_reference_and_nothing_else_of_it_counts(app) {
        let sign_in = SignIn::opaque(app).await;
        let asked = [
            ("client_id", "shop"), ("scope", "openid unknown email"), ("nonce", "n-1"), ("prompt", "consent"), ("max_age", "60"),
            ("purpose", "To send you things"), ("claims_locales", "fr de"), ("response_mode", "form_post"),
        ];
        let kept = sign_in.push(SHOP, &asked, json!({"clientId": "shop"})).await;
        let beside = "&redirect_uri=https%3A%2F%2Fevil.example&scope=read&state=other&response_type=token&prompt=none&nonce=x";
        let parameters = format!("client_id=shop&request_uri={}{beside}", encoded(text(&kept["requestUri"])));
        let answer = sign_in.tenant.post("auth/authorization", json!({"parameters": parameters, "context": "kept"})).await;
        is_action(&answer, "INTERACTION", "A004001");
        let told = ["clientIdAliasUsed", "maxAge", "prompts", "purpose", "claimsLocales", "claims"].map(|name| &answer[name]);
        let names = json!(["email", "email_verified"]);
        assert_eq!(told, [&json!(true), &json!(60), &json!(["CONSENT"]), &json!("To send you things"), &json!(["fr", "de"]), &names]);
        let scopes: Vec<_> = answer["scopes"].as_array().unwrap().iter().map(|scope| text(&scope["name"])).collect();
        assert_eq!(scopes, ["openid", "email"]);
        assert!(!answer.to_string().contains("evil.example"), "{answer}");

        let issued = sign_in.issue(text(&answer["ticket"]), json!({})).await;
        is_action(&issued, "FORM", "A040001");
        assert_eq!(issued["ticketInfo"], json!({"context": "kept"}));
        assert!(text(&issued["responseContent"]).contains("value=\"s 1\""), "{issued}");
        let granted = sign_in.redeem(SHOP, text(&issued["authorizationCode"]), &[], json!({})).await;
        is_action(&granted, "OK", "A050001");
        let said = claims(&granted["idToken"]);
        assert_eq!((&said["nonce"], &said["aud"]), (&json!("n-1"), &json!(["shop"])));
    }
}

scenario! {
    async fn a_reference_is_good_once_for_its_client_and_a_short_time(app) {
        let sign_in = SignIn::opaque(app).await;
        let unknown = |answer: &Value| is_denied(answer, "BAD_REQUEST", "A008303", "invalid_request_uri");
        let request_uri = sign_in.pushed(SHOP, &[]).await;
        unknown(&sign_in.open(OLD, &request_uri, "").await);
        let parameters = format!("request_uri={}", encoded(&request_uri));
        let answer = sign_in.tenant.post("auth/authorization", json!({ "parameters": parameters })).await;
        is_denied(&answer, "BAD_REQUEST", "A004301", "invalid_request");
        for bad in [PREFIX, &format!("{PREFIX}x"), &request_uri[..request_uri.len() - 1], &request_uri.replacen(":100.", ":200.", 1)] {
            unknown(&sign_in.open(SHOP, bad, "").await);
        }
        let other = SignIn::jwt(app).await;
        unknown(&other.open(SHOP, &request_uri, "").await);
        // None of these has used it up.
        let opened = sign_in.open(SHOP, &request_uri, "").await;
        is_action(&opened, "INTERACTION", "A004001");
        unknown(&sign_in.open(SHOP, &request_uri, "").await);
        is_action(&sign_in.fail(text(&opened["ticket"]), "DENIED").await, "LOCATION", "A060306");
        unknown(&sign_in.open(SHOP, &request_uri, "").await);
        // A request that nobody pushed has no reference.
        let ticket = sign_in.ticket(SHOP, &[]).await;
        unknown(&sign_in.open(SHOP, &format!("{PREFIX}100.{ticket}"), "").await);

        let request_uri = sign_in.pushed(SHOP, &[]).await;
        app.clock.advance_ms(60_000);
        unknown(&sign_in.open(SHOP, &request_uri, "").await);
        let silent = sign_in.open(SHOP, &sign_in.pushed(SHOP, &[("prompt", "none")]).await, "").await;
        is_action(&silent, "NO_INTERACTION", "A004001");
    }
}

scenario! {
    async fn the_ticket_of_a_pushed_request_is_as_good_as_any_and_none_can_be_made_of_the_reference(app) {
        let sign_in = SignIn::opaque(app).await;
        let request_uri = sign_in.pushed(SHOP, &[]).await;
        let id = request_uri.rsplit_once('.').unwrap().1.to_owned();
        let ticket = text(&sign_in.open(SHOP, &request_uri, "").await["ticket"]).to_owned();
        for forged in [id.clone(), format!("{id}."), format!("{id}.{}", "A".repeat(43)), format!("100.{id}")] {
            is_denied(&sign_in.issue(&forged, json!({})).await, "BAD_REQUEST", "A041202", "invalid_request");
        }
        let update = sign_in.tenant.post("auth/authorization/ticket/update", json!({"ticket": ticket, "info": "other"})).await;
        is_action(&update, "OK", "A390001");
        let info = sign_in.tenant.post("auth/authorization/ticket/info", json!({ "ticket": ticket })).await;
        assert_eq!(info["info"], json!({"context": "other"}));
        // The person has the usual time.
        app.clock.advance_ms(86_399_000);
        let issued = sign_in.issue(&ticket, json!({})).await;
        is_action(&issued, "LOCATION", "A040001");
        is_denied(&sign_in.issue(&ticket, json!({})).await, "BAD_REQUEST", "A041202", "invalid_request");
    }
}

scenario! {
    async fn what_is_wrong_is_told_when_the_client_pushes(app) {
        let sign_in = SignIn::opaque(app).await;
        for (more, code, error) in [
            (&[("redirect_uri", "")][..], "A246339", "invalid_request"),
            (&[("redirect_uri", "https://evil.example/")], "A246348", "invalid_request"),
            (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], "A246610", "invalid_request"),
            (&[("request", "x.y.z")], "A246326", "request_not_supported"),
            (&[("response_type", "token")], "A246329", "unsupported_response_type"),
            (&[("response_mode", "jwt")], "A246349", "invalid_request"),
            (&[("code_challenge", ""), ("code_challenge_method", "")], "A246361", "invalid_request"),
            (&[("scope", "\"")], "A246336", "invalid_scope"),
            (&[("prompt", "none login")], "A246363", "invalid_request"),
            (&[("max_age", "0"), ("prompt", "none")], "A246398", "login_required"),
            (&[("resource", "x")], "A246338", "invalid_target"),
            (&[("authorization_details", "x")], "A246322", "invalid_authorization_details"),
            (&[("state", "a"), ("state", "b")], "A246307", "invalid_request"),
        ] {
            let answer = sign_in.push(SHOP, more, json!({})).await;
            is_denied(&answer, "BAD_REQUEST", code, error);
            assert!(answer.get("requestUri").is_none(), "{answer}");
        }
        for (client, said, code) in [
            (SHOP, json!({"clientSecret": "wrong"}), "A246310"),
            (SHOP, json!({"clientId": "4711"}), "A246315"),
            (TOOL, json!({"parameters": "client_id=4711"}), "A246310"),
            (TOOL, json!({"parameters": "scope=read"}), "A246311"),
            (SHOP, json!({"clientId": null, "clientSecret": null, "parameters": "client_id=1011"}), "A246310"),
        ] {
            is_denied(&sign_in.push(client, &[], said).await, "UNAUTHORIZED", code, "invalid_client");
        }
        is_denied(&sign_in.push(SHOP, &[], json!({"parameters": null})).await, "INTERNAL_SERVER_ERROR", "A246201", "server_error");
        is_denied(&sign_in.push(SHOP, &[], json!({"dpop": "x"})).await, "INTERNAL_SERVER_ERROR", "A246201", "server_error");
        sign_in.tenant.post("client/lock_flag/update/1011", json!({"clientLocked": true})).await;
        is_denied(&sign_in.push(SHOP, &[], json!({})).await, "UNAUTHORIZED", "A246312", "invalid_client");
    }
}

scenario! {
    async fn a_client_that_must_push_cannot_ask_otherwise(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.tenant.set(json!({"pushed_requests_required": true})).await;
        is_told(&sign_in.ask(SHOP, &[]).await, "A004309", "invalid_request");
        let opened = sign_in.open(SHOP, &sign_in.pushed(SHOP, &[]).await, "").await;
        is_action(&opened, "INTERACTION", "A004001");
    }
}

scenario! {
    /// RFC 9449 section 10.1.
    async fn a_proof_binds_the_code_to_its_key(app) {
        let sign_in = SignIn::opaque(app).await;
        let htu = "https://as.example.org/par";
        let said = |proof: String| json!({"dpop": proof, "htu": htu});
        let kept = sign_in.push(SHOP, &[], said(proof("a", "POST", htu, None))).await;
        is_action(&kept, "CREATED", "A245001");
        let other = sign_in.push(SHOP, &[("dpop_jkt", &"A".repeat(43))], said(proof("b", "POST", htu, None))).await;
        is_denied(&other, "BAD_REQUEST", "A246611", "invalid_request");
        let elsewhere = json!({"dpop": proof("c", "POST", htu, None), "htu": "https://as.example.org/other"});
        is_denied(&sign_in.push(SHOP, &[], elsewhere).await, "BAD_REQUEST", "A246345", "invalid_dpop_proof");
        // What was refused has used nothing up, and what was kept has.
        let named = signer().jwk().kid.as_str().to_owned();
        let again = sign_in.push(SHOP, &[("dpop_jkt", &named)], said(proof("b", "POST", htu, None))).await;
        is_action(&again, "CREATED", "A245001");
        is_denied(&sign_in.push(SHOP, &[], said(proof("b", "POST", htu, None))).await, "BAD_REQUEST", "A246343", "invalid_dpop_proof");

        let opened = sign_in.open(SHOP, text(&kept["requestUri"]), "").await;
        let issued = sign_in.issue(text(&opened["ticket"]), json!({})).await;
        let redeem = |said: Value| sign_in.redeem(SHOP, text(&issued["authorizationCode"]), &[], said);
        is_denied(&redeem(json!({})).await, "BAD_REQUEST", "A254302", "invalid_dpop_proof");
        let token = proof("d", "POST", TOKEN_ENDPOINT, None);
        is_action(&redeem(json!({ "dpop": token })).await, "OK", "A050001");
    }
}

scenario! {
    async fn a_request_that_was_pushed_at_one_door_is_opened_at_the_other(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.tenant.set(json!({"login_url": "https://login.example/sign-in"})).await;
        // Pushed at Jeton's own door.
        let form = sign_in.query(SHOP, &[("max_age", "0")]);
        let authorization = crate::support::basic(&SHOP.to_string(), &secret(OPAQUE, SHOP));
        let request = Request::builder().method(Method::POST).uri("/oauth2/par").header(header::AUTHORIZATION, authorization);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.into()).unwrap();
        let pushed = app.send(request).await.created();
        let opened = sign_in.open(SHOP, text(&pushed["request_uri"]), "").await;
        is_action(&opened, "INTERACTION", "A004001");
        assert_eq!((&opened["maxAge"], &opened["prompts"]), (&json!(0), &json!(["LOGIN"])), "as if it had been asked here");
        let issued = sign_in.issue(text(&opened["ticket"]), json!({})).await;
        is_action(&issued, "LOCATION", "A040001");
        is_action(&sign_in.redeem(SHOP, text(&issued["authorizationCode"]), &[], json!({})).await, "OK", "A050001");

        // Pushed at an authorization server's, and opened by a browser that comes to Jeton.
        let request_uri = sign_in.pushed(SHOP, &[]).await;
        let target = format!("/oauth2/authorize?client_id={SHOP}&request_uri={}", encoded(&request_uri));
        let request = Request::builder().method(Method::GET).uri(target).body(bytes::Bytes::new()).unwrap();
        let begun = app.send(request).await;
        let location = begun.headers["location"].to_str().unwrap().to_owned();
        let id = parameter(&location, "authorization").unwrap_or_else(|| panic!("{location}"));
        assert_eq!(Some(id.as_str()), request_uri.strip_prefix(PREFIX));
        is_denied(&sign_in.open(SHOP, &request_uri, "").await, "BAD_REQUEST", "A008303", "invalid_request_uri");
        let seen = app.get(&format!("/v1/authorizations/{id}"), &app.admin).await.ok();
        assert_eq!((&seen["redirect_uri"], &seen["status"]), (&json!(CALLBACK), &json!("pending")));
    }
}

scenario! {
    async fn version_2_has_the_same_call(app) {
        let sign_in = SignIn::opaque(app).await;
        let body = json!({"parameters": sign_in.query(SHOP, &[]), "clientId": "1011", "clientSecret": secret(OPAQUE, SHOP)});
        let kept = v2(app, OPAQUE, "pushed_auth_req", body).await.ok();
        is_action(&kept, "CREATED", "A245001");
        is_action(&sign_in.open(SHOP, text(&kept["requestUri"]), "").await, "INTERACTION", "A004001");
    }
}

race! {
    async fn of_sixty_four_browsers_with_one_reference_one_gets_a_ticket(app) {
        let sign_in = SignIn::opaque(app).await;
        for _ in 0..3 {
            let request_uri = sign_in.pushed(SHOP, &[]).await;
            let open = |app: Arc<App>| {
                let parameters = format!("client_id={SHOP}&request_uri={}", encoded(&request_uri));
                tokio::spawn(async move {
                    Tenant::new(&app, OPAQUE).post("auth/authorization", json!({ "parameters": parameters })).await
                })
            };
            let answers = futures::future::try_join_all((0..64).map(|_| open(app.clone()))).await.unwrap();
            let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer["action"] == "INTERACTION");
            assert_eq!((good.len(), bad.len()), (1, 63));
            assert!(bad.iter().all(|answer| answer["resultCode"] == "A008303"));
            is_action(&sign_in.issue(text(&good[0]["ticket"]), json!({})).await, "LOCATION", "A040001");
        }
    }
}
