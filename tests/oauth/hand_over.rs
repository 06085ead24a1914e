//! The hand-over to the login application, and the way back: login CSRF, session swapping, stale sign-ins, made-up consent.

use http::Method;
use serde_json::json;

use super::sign_in::{CALLBACK, OLD, SHOP, SignIn, TOOL, is_page, location, parameter};
use super::tenant::NOW;
use crate::support::{basic, race, scenario, text};

scenario! {
    async fn the_login_application_reads_what_a_client_asks_for(app) {
        let sign_in = SignIn::opaque(app).await;
        let asked = [
            ("scope", "openid read offline_access"),
            ("prompt", "login consent"),
            ("max_age", "60"),
            ("login_hint", "ann@example.org"),
            ("acr_values", "urn:mfa urn:pwd"),
            ("ui_locales", "fr en"),
            ("display", "page"),
            ("claims", r#"{"id_token":{"acr":{"essential":true,"values":["urn:mfa"]},"email":{"essential":false}}}"#),
        ];
        let begun = sign_in.begin(TOOL, &asked).await;
        let shown = sign_in.hand_over(Method::GET, &begun.id, None).await.ok();
        let expected = json!({
            "id": begun.id, "kind": "browser", "status": "pending", "created": "2026-11-22T12:00:00Z", "expires": "2026-11-22T12:30:00Z",
            "client": {"client_id": "5012", "kind": "registered", "consent": "required"},
            "redirect_uri": "http://127.0.0.1:52011/cb", "redirect_host": "127.0.0.1", "loopback": true,
            "scopes": [{"name": "openid"}, {"name": "read"}, {"name": "offline_access"}], "resources": [],
            "prompt": ["login", "consent"], "authenticated_after": NOW, "login_hint": "ann@example.org",
            "acr_values": ["urn:mfa", "urn:pwd"], "acr_required": ["urn:mfa"], "ui_locales": ["fr", "en"], "display": "page",
            "claims": {"id_token": {"acr": {"essential": true, "values": ["urn:mfa"]}, "email": {"essential": false}}}
        });
        assert_eq!(shown, expected);
        let for_ann = sign_in.hand_over(Method::GET, &format!("{}?subject=ann", begun.id), None).await.ok();
        assert_eq!(for_ann["consent"], json!({"needed": true}));
        let own = sign_in.begin(SHOP, &[]).await;
        let shown = sign_in.hand_over(Method::GET, &format!("{}?subject=ann", own.id), None).await.ok();
        assert_eq!((&shown["consent"]["needed"], &shown["client"]["name"]), (&json!(false), &json!("Shop")));
    }
}

scenario! {
    async fn only_who_may_decide_in_the_org_of_the_client_can(app) {
        let sign_in = SignIn::opaque(app).await;
        let other = SignIn::jwt(app).await;
        let begun = sign_in.begin(SHOP, &[]).await;
        let path = format!("/v1/authorizations/{}", begun.id);
        let reader = app.token("500", "auditor", &["urn:jeton:tokens:read"]).await;
        app.get(&path, &reader).await.is_error(403, "ACCESS_DENIED");
        app.get(&path, &other.login_app().await).await.is_error(403, "ACCESS_DENIED");
        app.get(&path, "x").await.is_error(401, "TOKEN_INVALID");
        // An administrator of an org above may, and so may the org by its API secret.
        app.get(&path, &app.admin).await.ok();
        for (org, may) in [("500", true), ("600", false)] {
            let secret = app.post(&format!("/v1/orgs/{org}/secret"), Some(&app.admin), json!({})).await.ok();
            let own = basic(org, text(&secret["secret"]));
            let request = http::Request::builder().uri(&path).header(http::header::AUTHORIZATION, own);
            let answer = app.send(request.body(bytes::Bytes::new()).unwrap()).await;
            if may { drop(answer.ok()) } else { answer.is_error(401, "TOKEN_INVALID") }
        }
        for unknown in ["500.06h0", "x", "500", &begun.id.replacen("500.", "600.", 1)] {
            let answer = app.get(&format!("/v1/authorizations/{unknown}"), &app.admin).await;
            answer.is_error(404, "AUTHORIZATION_NOT_FOUND");
        }
    }
}

scenario! {
    async fn a_sign_in_is_finished_only_in_the_browser_in_which_it_was_begun(app) {
        let sign_in = SignIn::opaque(app).await;
        let (mine, others) = (sign_in.begin(SHOP, &[]).await, sign_in.begin(SHOP, &[]).await);
        let redirect_to = sign_in.accept(&mine, json!({})).await;
        // Login CSRF and session swapping: a link that works in another browser would sign somebody in as somebody else.
        for cookie in ["", &others.cookie, &mine.cookie.replace("__Host-", "")] {
            is_page(&sign_in.browse(&redirect_to, cookie).await, "access_denied");
        }
        let wrong = redirect_to.replace("verifier=", "verifier=x");
        is_page(&sign_in.browse(&wrong, &mine.cookie).await, "invalid_request");
        is_page(&sign_in.browse("/oauth2/authorize/continue", &mine.cookie).await, "invalid_request");
        // Nothing of that has used it up.
        let answer = location(&sign_in.browse(&redirect_to, &mine.cookie).await);
        assert!(answer.starts_with(CALLBACK));
        // The code isn't told twice: going back or reloading shows a page.
        is_page(&sign_in.browse(&redirect_to, &mine.cookie).await, "invalid_request");
        sign_in.redeem(SHOP, &parameter(&answer, "code").unwrap(), &[], &[]).await.ok();
    }
}

scenario! {
    async fn accepting_again_replaces_what_was_said_until_the_browser_is_back(app) {
        let sign_in = SignIn::opaque(app).await;
        let begun = sign_in.begin(SHOP, &[]).await;
        let first = sign_in.accept(&begun, json!({"subject": "bob"})).await;
        let second = sign_in.accept(&begun, json!({})).await;
        is_page(&sign_in.browse(&first, &begun.cookie).await, "invalid_request");
        let answer = location(&sign_in.browse(&second, &begun.cookie).await);
        let granted = sign_in.redeem(SHOP, &parameter(&answer, "code").unwrap(), &[], &[]).await.ok();
        assert_eq!(sign_in.tenant.audit(text(&granted["access_token"])).await["sub"], "ann");
        sign_in.try_accept(&begun.id, json!({})).await.is_error(409, "AUTHORIZATION_DECIDED");
        sign_in.hand_over(Method::POST, &format!("{}/deny", begun.id), Some(json!({}))).await.is_error(409, "AUTHORIZATION_DECIDED");
        assert_eq!(sign_in.hand_over(Method::GET, &begun.id, None).await.ok()["status"], "redeemed");
    }
}

race! {
    async fn of_many_decisions_at_once_the_last_is_kept_and_none_is_told_to_start_again(app, rounds: 4 or 2) {
        let sign_in = SignIn::opaque(app).await;
        let login_app = sign_in.login_app().await;
        for _ in 0..rounds {
            let begun = sign_in.begin(SHOP, &[]).await;
            let path = format!("/v1/authorizations/{}/accept", begun.id);
            let said = json!({"subject": "ann", "auth_time": NOW});
            let decisions = (0..4).map(|_| app.post(&path, Some(&login_app), said.clone()));
            let mut finished = 0;
            for decided in futures::future::join_all(decisions).await {
                let back = sign_in.browse(text(&decided.ok()["redirect_to"]), &begun.cookie).await;
                finished += usize::from(back.status.as_u16() == 303);
            }
            assert_eq!(finished, 1);
        }
    }
}

scenario! {
    async fn a_denial_is_told_to_the_client_even_without_the_cookie(app) {
        let sign_in = SignIn::opaque(app).await;
        for (said, error) in [
            (json!({}), "access_denied"),
            (json!({"error": "login_required", "error_description": "Nobody is there."}), "login_required"),
            (json!({"error": "unmet_authentication_requirements"}), "unmet_authentication_requirements"),
        ] {
            let begun = sign_in.begin(SHOP, &[("prompt", "none")]).await;
            let denied = sign_in.hand_over(Method::POST, &format!("{}/deny", begun.id), Some(said.clone())).await.ok();
            let answer = location(&sign_in.browse(text(&denied["redirect_to"]), "").await);
            let told = ["error", "error_description", "state", "iss"].map(|name| parameter(&answer, name));
            let description = said["error_description"].as_str();
            assert_eq!(told.each_ref().map(Option::as_deref), [Some(error), description, Some("s 1"), Some("https://jeton.example")]);
            sign_in.try_accept(&begun.id, json!({})).await.is_error(409, "AUTHORIZATION_DECIDED");
        }
        let begun = sign_in.begin(SHOP, &[]).await;
        for bad in [json!({"error": "invalid_grant"}), json!({"error_description": "a \"quote\""}), json!({"reason": "x"})] {
            let answer = sign_in.hand_over(Method::POST, &format!("{}/deny", begun.id), Some(bad)).await;
            answer.is_error(400, "INVALID_REQUEST");
        }
        // An accepted one can be denied until the browser is back.
        sign_in.accept(&begun, json!({})).await;
        sign_in.hand_over(Method::POST, &format!("{}/deny", begun.id), None).await.ok();
    }
}

scenario! {
    async fn openid_core_3_1_2_1_what_a_client_demands_of_a_sign_in_is_enforced(app) {
        let sign_in = SignIn::opaque(app).await;
        let essential = r#"{"id_token":{"acr":{"essential":true,"value":"urn:mfa"}}}"#;
        for (asked, bad, code, good) in [
            (&[("max_age", "60")][..], json!({"auth_time": NOW - 61}), "AUTHENTICATION_TOO_OLD", json!({"auth_time": NOW - 60})),
            (&[("max_age", "0")], json!({"auth_time": NOW - 1}), "AUTHENTICATION_TOO_OLD", json!({})),
            (&[("prompt", "login")], json!({"auth_time": NOW - 1}), "AUTHENTICATION_TOO_OLD", json!({})),
            (&[("prompt", "login"), ("max_age", "60")], json!({"auth_time": NOW - 1}), "AUTHENTICATION_TOO_OLD", json!({})),
            (&[("claims", essential)], json!({"acr": "urn:pwd"}), "ACR_NOT_MET", json!({"acr": "urn:mfa"})),
            (&[("claims", essential)], json!({}), "ACR_NOT_MET", json!({"acr": "urn:mfa"})),
            (&[("claims", r#"{"id_token":{"sub":{"value":"ann"}}}"#)], json!({"subject": "bob"}), "SUBJECT_MISMATCH", json!({})),
        ] {
            let begun = sign_in.begin(SHOP, asked).await;
            sign_in.try_accept(&begun.id, bad).await.is_error(422, code);
            sign_in.try_accept(&begun.id, good).await.ok();
        }
        sign_in.update_by_authlete(TOOL, json!({"defaultMaxAge": 60})).await;
        let begun = sign_in.begin(TOOL, &[]).await;
        sign_in.try_accept(&begun.id, json!({"auth_time": NOW - 61})).await.is_error(422, "AUTHENTICATION_TOO_OLD");
        let begun = sign_in.begin(TOOL, &[("max_age", "120")]).await;
        sign_in.try_accept(&begun.id, json!({"auth_time": NOW - 61})).await.ok();
        // `prompt=none` can't be accepted where a person must be asked.
        let begun = sign_in.begin(OLD, &[("prompt", "none")]).await;
        sign_in.try_accept(&begun.id, json!({})).await.is_error(422, "CONSENT_REQUIRED");
        let begun = sign_in.begin(SHOP, &[("prompt", "none")]).await;
        sign_in.try_accept(&begun.id, json!({})).await.ok();
    }
}

scenario! {
    async fn the_person_of_an_id_token_hint_must_be_there(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        let hint = text(&granted["id_token"]).to_owned();
        app.clock.advance_ms(7_200_000);
        let begun = sign_in.begin(SHOP, &[("id_token_hint", &hint)]).await;
        assert_eq!(sign_in.hand_over(Method::GET, &begun.id, None).await.ok()["subject_hint"], "ann", "an expired one is a hint, too");
        sign_in.try_accept(&begun.id, json!({"subject": "bob"})).await.is_error(422, "SUBJECT_MISMATCH");
        sign_in.try_accept(&begun.id, json!({})).await.ok();
        // Not of another client, and no other token passes for one.
        let of_other = sign_in.authorize(&sign_in.query(OLD, &[("id_token_hint", &hint)]), "").await;
        assert_eq!(parameter(&location(&of_other), "error").as_deref(), Some("invalid_request"));
        for other in [app.admin.as_str(), &hint[..hint.len() - 4]] {
            let answer = sign_in.authorize(&sign_in.query(SHOP, &[("id_token_hint", other)]), "").await;
            assert_eq!(parameter(&location(&answer), "error").as_deref(), Some("invalid_request"));
        }
    }
}

scenario! {
    async fn no_more_is_granted_than_was_asked_for(app) {
        let sign_in = SignIn::opaque(app).await;
        let begun = sign_in.begin(SHOP, &[]).await;
        let long = "x".repeat(4_100);
        for (bad, field) in [
            (json!({"scopes": ["openid", "write"]}), "scopes"),
            (json!({"resources": ["https://api.example"]}), "resources"),
            (json!({"subject": ""}), "subject"),
            (json!({"subject": sign_in.tenant.id(SHOP).to_string()}), "subject"),
            (json!({"subject": "anné"}), "subject"),
            (json!({"subject": " ann"}), "subject"),
            (json!({"auth_time": NOW + 61}), "auth_time"),
            (json!({"auth_time": -1}), "auth_time"),
            (json!({"session": "a b"}), "session"),
            (json!({"amr": ["a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"]}), "amr"),
            (json!({"id_token_claims": {"aud": "x"}}), "id_token_claims.aud"),
            (json!({"id_token_claims": {"scopes": ["urn:jeton:admin"]}}), "id_token_claims.scopes"),
            (json!({"access_token_claims": {"cnf": {}}}), "access_token_claims.cnf"),
            (json!({"claims": {"a": long}}), "claims"),
            (json!({"authorization_details": [{"type": "unknown"}]}), "authorization_details"),
            (json!({"remember": "yes"}), "remember"),
            (json!({"remembers": true}), "remembers"),
        ] {
            let answer = sign_in.try_accept(&begun.id, bad.clone()).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field, "{bad}");
        }
        let without_time = json!({"subject": "ann"});
        let answer = sign_in.hand_over(Method::POST, &format!("{}/accept", begun.id), Some(without_time.clone())).await;
        answer.is_error(400, "INVALID_REQUEST");
        assert_eq!(answer.json()["field"], "auth_time", "`openid` is granted");
        let plain = sign_in.begin(SHOP, &[("scope", "read")]).await;
        sign_in.hand_over(Method::POST, &format!("{}/accept", plain.id), Some(without_time)).await.ok();
        let large = json!({"claims": {"a": "x".repeat(3_000)}, "id_token_claims": {"b": "x".repeat(2_000)}});
        sign_in.try_accept(&begun.id, large).await.is_error(422, "CLAIMS_TOO_LARGE");
    }
}

scenario! {
    async fn a_person_has_as_long_as_the_org_says(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.set(json!({"authorization_duration": 60})).await;
        let (begun, accepted) = (sign_in.begin(SHOP, &[]).await, sign_in.begin(SHOP, &[]).await);
        let redirect_to = sign_in.accept(&accepted, json!({})).await;
        app.clock.advance_ms(60_000);
        sign_in.try_accept(&begun.id, json!({})).await.is_error(410, "AUTHORIZATION_EXPIRED");
        sign_in.hand_over(Method::GET, &begun.id, None).await.is_error(410, "AUTHORIZATION_EXPIRED");
        is_page(&sign_in.browse(&redirect_to, &accepted.cookie).await, "invalid_request");
    }
}
