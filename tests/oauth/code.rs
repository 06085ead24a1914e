//! The grant `authorization_code`, ID tokens and the userinfo endpoint: RFC 6749 section 4.1.3, RFC 7636, RFC 9449 section 10, OpenID
//! Connect Core.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, Request, header};
use serde_json::json;
use shared::jose::sha256;

use super::sign_in::{OLD, SHOP, SignIn, TOOL};
use super::tenant::{NOW, WEB, claims, client_thumbprint, is_denied, part, proof};
use crate::support::{race, scenario, text};

scenario! {
    async fn a_code_becomes_tokens_for_the_person_and_only_once(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            let code = sign_in.code(SHOP, &[], json!({"acr": "urn:mfa", "amr": ["pwd", "otp"], "session": "s-1"})).await;
            let answer = sign_in.redeem(SHOP, &code, &[], &[]).await;
            assert_eq!(answer.headers["cache-control"], "no-store");
            let granted = answer.ok();
            assert_eq!((&granted["token_type"], &granted["scope"], &granted["expires_in"]), (&json!("Bearer"), &json!("openid read"), &json!(600)));
            let seen = sign_in.tenant.audit(text(&granted["access_token"])).await;
            let told = ["active", "sub", "scope", "acr", "auth_time", "amr"].map(|name| &seen[name]);
            assert_eq!(told, [&json!(true), &json!("ann"), &json!("openid read"), &json!("urn:mfa"), &json!(NOW), &json!(["pwd", "otp"])]);
            assert!(granted["refresh_token"].is_string());
            // RFC 6749 section 4.1.2: a second use ends what came of the first, refresh token included.
            is_denied(&sign_in.redeem(SHOP, &code, &[], &[]).await, "invalid_grant");
            assert!(!sign_in.tenant.is_live(text(&granted["access_token"])).await);
            is_denied(&sign_in.tenant.refresh(SHOP, text(&granted["refresh_token"]), &[]).await, "invalid_grant");
        }
    }
}

scenario! {
    async fn a_second_use_after_the_code_is_over_still_ends_the_tokens_but_not_one_with_a_wrong_verifier(app) {
        let sign_in = SignIn::opaque(app).await;
        let code = sign_in.code(SHOP, &[], json!({})).await;
        let granted = sign_in.redeem(SHOP, &code, &[], &[]).await.ok();
        app.clock.advance_ms(120_000);
        is_denied(&sign_in.redeem(SHOP, &code, &[("code_verifier", &"x".repeat(43))], &[]).await, "invalid_grant");
        assert!(sign_in.tenant.is_live(text(&granted["access_token"])).await, "who has only seen a code logs nobody out");
        is_denied(&sign_in.redeem(SHOP, &code, &[], &[]).await, "invalid_grant");
        assert!(!sign_in.tenant.is_live(text(&granted["access_token"])).await);
    }
}

scenario! {
    async fn what_is_wrong_with_a_redemption_uses_nothing_up(app) {
        let sign_in = SignIn::opaque(app).await;
        let code = sign_in.code(SHOP, &[], json!({})).await;
        let other = sign_in.code(TOOL, &[], json!({})).await;
        for (more, error) in [
            (&[("code", "")][..], "invalid_request"),
            (&[("code", "x")], "invalid_grant"),
            (&[("code", &code[..code.len() - 1])], "invalid_grant"),
            (&[("code", &other)], "invalid_grant"),
            (&[("redirect_uri", "https://shop.example/other")], "invalid_grant"),
            (&[("redirect_uri", "https://shop.example/cb?tenant=1&x=1")], "invalid_grant"),
            (&[("code_verifier", "")], "invalid_grant"),
            (&[("code_verifier", "short")], "invalid_request"),
            (&[("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong")], "invalid_grant"),
            (&[("resource", "https://api.example")], "invalid_target"),
        ] {
            is_denied(&sign_in.redeem(SHOP, &code, more, &[]).await, error);
        }
        // Another client of the org, and one of another org, get the same answer as for a code that isn't there.
        is_denied(&sign_in.redeem(TOOL, &code, &[], &[]).await, "invalid_grant");
        let foreign = SignIn::jwt(app).await;
        is_denied(&foreign.redeem(SHOP, &code, &[], &[]).await, "invalid_grant");
        is_denied(&sign_in.redeem(WEB, &code, &[], &[]).await, "unauthorized_client");
        let granted = sign_in.redeem(SHOP, &code, &[("redirect_uri", "")], &[]).await.ok();
        assert!(sign_in.tenant.is_live(text(&granted["access_token"])).await, "with PKCE the redirect URI need not be sent");
        sign_in.redeem(TOOL, &other, &[], &[]).await.ok();
    }
}

scenario! {
    async fn rfc9700_4_8_a_challenge_can_not_be_taken_away(app) {
        let sign_in = SignIn::opaque(app).await;
        let code = sign_in.code(OLD, &[], json!({})).await;
        is_denied(&sign_in.redeem(OLD, &code, &[("code_verifier", &"x".repeat(43))], &[]).await, "invalid_grant");
        is_denied(&sign_in.redeem(OLD, &code, &[("redirect_uri", "")], &[]).await, "invalid_grant");
        let granted = sign_in.redeem(OLD, &code, &[], &[]).await.ok();
        assert_eq!(granted.get("refresh_token"), None, "the client isn't registered for it");
    }
}

scenario! {
    async fn a_code_lives_for_a_minute_or_as_long_as_the_org_says(app) {
        let sign_in = SignIn::opaque(app).await;
        let codes = [sign_in.code(SHOP, &[], json!({})).await, sign_in.code(SHOP, &[], json!({})).await];
        app.clock.advance_ms(59_999);
        sign_in.redeem(SHOP, &codes[0], &[], &[]).await.ok();
        app.clock.advance_ms(1);
        is_denied(&sign_in.redeem(SHOP, &codes[1], &[], &[]).await, "invalid_grant");
    }
}

scenario! {
    async fn whatever_revokes_a_person_s_tokens_also_ends_their_codes(app) {
        let sign_in = SignIn::opaque(app).await;
        for target in [json!({"subject": "ann"}), json!({"client_id": sign_in.tenant.id(SHOP).to_string()}), json!({"session": "s-1"})] {
            // What is revoked must be there: a token of the same kind.
            sign_in.tokens(SHOP, &[], json!({"session": "s-1"})).await;
            let code = sign_in.code(SHOP, &[], json!({"session": "s-1"})).await;
            app.clock.advance_ms(5_000);
            app.post("/v1/orgs/500/revocations", Some(&app.admin), target.clone()).await.ok();
            app.clock.advance_ms(5_000);
            is_denied(&sign_in.redeem(SHOP, &code, &[], &[]).await, "invalid_grant");
            let again = sign_in.code(SHOP, &[], json!({"session": "s-2", "auth_time": NOW})).await;
            sign_in.redeem(SHOP, &again, &[], &[]).await.ok();
        }
    }
}

scenario! {
    async fn rfc9449_10_a_code_is_bound_to_the_key_of_its_request(app) {
        let sign_in = SignIn::opaque(app).await;
        let bound = [("dpop_jkt", &*client_thumbprint())];
        let code = sign_in.code(TOOL, &bound, json!({})).await;
        is_denied(&sign_in.redeem(TOOL, &code, &[], &[]).await, "invalid_dpop_proof");
        let granted = sign_in.redeem(TOOL, &code, &[], &[("DPoP", &proof(json!({})))]).await.ok();
        assert_eq!(granted["token_type"], "DPoP");
        let other = URL_SAFE_NO_PAD.encode([7; 32]);
        let code = sign_in.code(TOOL, &[("dpop_jkt", &other)], json!({})).await;
        is_denied(&sign_in.redeem(TOOL, &code, &[], &[("DPoP", &proof(json!({})))]).await, "invalid_grant");
    }
}

scenario! {
    async fn openid_core_2_an_id_token_tells_the_client_who_has_signed_in(app) {
        let sign_in = SignIn::jwt(app).await;
        let said = json!({
            "acr": "urn:mfa", "amr": ["pwd"], "session": "s-1", "claims": {"email": "ann@example.org", "name": "Ann", "secret": 1},
            "id_token_claims": {"tenant": "t-1"}, "access_token_claims": {"plan": "gold", "limits": {"day": 5}},
        });
        let asked = [("nonce", "n-1"), ("scope", "openid email read"), ("claims", r#"{"id_token":{"name":null}}"#)];
        let granted = sign_in.tokens(SHOP, &asked, said.clone()).await;
        let (id_token, access_token) = (text(&granted["id_token"]), text(&granted["access_token"]));
        let hash = URL_SAFE_NO_PAD.encode(&sha256(access_token.as_bytes())[..16]);
        let expected = json!({
            "iss": "https://jeton.example", "sub": "ann", "aud": sign_in.tenant.id(SHOP).to_string(), "iat": NOW, "exp": NOW + 3_600,
            "nonce": "n-1", "auth_time": NOW, "acr": "urn:mfa", "amr": ["pwd"], "sid": "s-1", "at_hash": hash, "name": "Ann", "tenant": "t-1",
        });
        assert_eq!((part(id_token, 0)["typ"].as_str(), claims(id_token)), (Some("JWT"), expected));
        let of_access = claims(access_token);
        assert_eq!((&of_access["plan"], &of_access["limits"], &of_access["amr"]), (&json!("gold"), &json!({"day": 5}), &json!(["pwd"])));
        assert_eq!(sign_in.tenant.audit(access_token).await["plan"], "gold");
        // Neither passes for the other.
        assert!(!sign_in.tenant.is_live(id_token).await);
        app.get("/v1/orgs/600", id_token).await.is_error(401, "TOKEN_INVALID");
        // A refresh tells the same, at a new time, and without the nonce.
        app.clock.advance_ms(5_000);
        let refreshed = sign_in.tenant.refresh(SHOP, text(&granted["refresh_token"]), &[]).await.ok();
        let again = claims(text(&refreshed["id_token"]));
        assert_eq!((again["iat"].as_i64(), &again["auth_time"], again.get("nonce"), &again["name"]), (Some(NOW + 5), &json!(NOW), None, &json!("Ann")));
        assert_eq!(claims(text(&refreshed["access_token"]))["plan"], "gold");
        // Where the client wants it, the claims of its scopes are in it.
        let plain = sign_in.tokens(OLD, &asked, said).await;
        assert_eq!(claims(text(&plain["id_token"]))["email"], "ann@example.org");
    }
}

scenario! {
    async fn without_openid_there_is_no_id_token(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(SHOP, &[("scope", "read")], json!({})).await;
        assert_eq!(granted.get("id_token"), None);
        let narrowed = sign_in.tokens(SHOP, &[], json!({"scopes": ["read"]})).await;
        assert_eq!((narrowed.get("id_token"), &narrowed["scope"]), (None, &json!("read")));
        let default = sign_in.tokens(SHOP, &[("scope", "")], json!({})).await;
        assert_eq!(default["scope"], "read", "the org's default one");
    }
}

scenario! {
    async fn openid_core_11_tokens_end_with_the_session_unless_they_are_offline(app) {
        let sign_in = SignIn::opaque(app).await;
        let online = sign_in.tokens(SHOP, &[], json!({"session": "s-1"})).await;
        let offline = sign_in.tokens(SHOP, &[("scope", "openid offline_access read")], json!({"session": "s-1"})).await;
        app.clock.advance_ms(5_000);
        app.post("/v1/orgs/500/revocations", Some(&app.admin), json!({"session": "s-1"})).await.ok();
        assert!(!sign_in.tenant.is_live(text(&online["access_token"])).await);
        assert!(sign_in.tenant.is_live(text(&offline["access_token"])).await);
        sign_in.set(json!({"refresh_needs_offline_access": true})).await;
        assert_eq!(sign_in.tokens(SHOP, &[], json!({})).await.get("refresh_token"), None);
        assert!(sign_in.tokens(SHOP, &[("scope", "openid offline_access")], json!({})).await["refresh_token"].is_string());
    }
}

scenario! {
    async fn openid_core_5_3_userinfo_tells_what_the_scopes_and_the_request_name(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            let said = json!({"claims": {"email": "ann@example.org", "email_verified": true, "name": "Ann", "phone_number": "1", "secret": 1, "acr": "theirs"}});
            let asked = [("scope", "openid email"), ("claims", r#"{"userinfo":{"phone_number":null,"acr":null}}"#)];
            for client in [SHOP, OLD] {
                let granted = sign_in.tokens(client, &asked, said.clone()).await;
                let expected = json!({"sub": "ann", "email": "ann@example.org", "email_verified": true, "phone_number": "1"});
                assert_eq!(sign_in.userinfo(text(&granted["access_token"])).await.ok(), expected);
                let Some(refresh_token) = granted["refresh_token"].as_str() else { continue };
                let refreshed = sign_in.tenant.refresh(client, refresh_token, &[]).await.ok();
                assert_eq!(sign_in.userinfo(text(&refreshed["access_token"])).await.ok(), expected);
            }
            let granted = sign_in.tokens(SHOP, &asked, said.clone()).await;
            let body = format!("access_token={}", text(&granted["access_token"]));
            let form = Request::builder().method(Method::POST).uri("/oauth2/userinfo").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            assert_eq!(app.send(form.body(body.into()).unwrap()).await.ok()["sub"], "ann");
        }
    }
}

scenario! {
    async fn rfc6750_3_1_who_may_not_know_of_a_person_is_told_why(app) {
        let sign_in = SignIn::jwt(app).await;
        sign_in.set(json!({"resources": ["https://api.example"]})).await;
        let challenge = |answer: &crate::support::Answer| answer.headers["www-authenticate"].to_str().unwrap().to_owned();
        let none = app.send(Request::builder().uri("/oauth2/userinfo").body(bytes::Bytes::new()).unwrap()).await;
        assert_eq!((none.status.as_u16(), challenge(&none).contains("error")), (401, false));
        // RFC 9449 section 7.1: who proves a key finds by which algorithms.
        assert!(challenge(&none).starts_with("Bearer realm=\"jeton\", DPoP algs=\"") && challenge(&none).contains("ES256"));
        let machine = sign_in.tenant.own_token(WEB, &[]).await;
        let plain = sign_in.tokens(SHOP, &[("scope", "read")], json!({})).await;
        for token in [&machine, text(&plain["access_token"])] {
            let answer = sign_in.userinfo(token).await;
            assert_eq!(answer.status.as_u16(), 403);
            assert!(challenge(&answer).contains("error=\"insufficient_scope\", scope=\"openid\""));
        }
        // An API that is handed a token for itself reads nobody's e-mail address with it.
        let for_api = sign_in.tokens(SHOP, &[("resource", "https://api.example")], json!({})).await;
        assert_eq!(claims(text(&for_api["access_token"]))["aud"], "https://api.example");
        for bad in [text(&for_api["access_token"]), text(&for_api["id_token"]), "x", &app.admin, &format!("500.{}", "A".repeat(43))] {
            let answer = sign_in.userinfo(bad).await;
            assert_eq!((answer.status.as_u16(), challenge(&answer).contains("invalid_token")), (401, true), "{bad}");
            assert!(challenge(&answer).contains(", DPoP error=\"invalid_token\", algs=\""));
        }
        let in_query = format!("/oauth2/userinfo?access_token={machine}");
        assert_eq!(app.get(&in_query, &machine).await.status.as_u16(), 400);
    }
}

scenario! {
    async fn rfc8707_2_a_token_is_for_one_of_the_resources_that_a_person_grants(app) {
        let sign_in = SignIn::jwt(app).await;
        sign_in.set(json!({"resources": ["https://a.example", "https://b.example"]})).await;
        let both = [("resource", "https://a.example"), ("resource", "https://b.example")];
        let code = sign_in.code(SHOP, &both, json!({})).await;
        is_denied(&sign_in.redeem(SHOP, &code, &[], &[]).await, "invalid_target");
        is_denied(&sign_in.redeem(SHOP, &code, &both, &[]).await, "invalid_target");
        is_denied(&sign_in.redeem(SHOP, &code, &[("resource", "https://c.example")], &[]).await, "invalid_target");
        let granted = sign_in.redeem(SHOP, &code, &[("resource", "https://b.example")], &[]).await.ok();
        assert_eq!(claims(text(&granted["access_token"]))["aud"], "https://b.example");
        // RFC 8707 section 2.2: whoever may have both may have either, at each refresh.
        let refresh_token = text(&granted["refresh_token"]);
        is_denied(&sign_in.tenant.refresh(SHOP, refresh_token, &both).await, "invalid_target");
        is_denied(&sign_in.tenant.refresh(SHOP, refresh_token, &[("resource", "https://c.example")]).await, "invalid_target");
        let refreshed = sign_in.tenant.refresh(SHOP, refresh_token, &both[..1]).await.ok();
        assert_eq!(claims(text(&refreshed["access_token"]))["aud"], "https://a.example");
        let refreshed = sign_in.tenant.refresh(SHOP, text(&refreshed["refresh_token"]), &[]).await.ok();
        assert_eq!(claims(text(&refreshed["access_token"]))["aud"], "https://b.example", "as at the redemption");
        let code = sign_in.code(SHOP, &both, json!({"resources": ["https://a.example"]})).await;
        is_denied(&sign_in.redeem(SHOP, &code, &[("resource", "https://b.example")], &[]).await, "invalid_target");
        let granted = sign_in.redeem(SHOP, &code, &[], &[]).await.ok();
        assert_eq!(claims(text(&granted["access_token"]))["aud"], "https://a.example");
    }
}

scenario! {
    async fn what_can_not_be_signed_leaves_the_client_its_code(app) {
        let sign_in = SignIn::jwt(app).await;
        // In JSON, each of these characters is written with six.
        let asked = [("scope", "openid profile"), ("nonce", &"\u{1}".repeat(512))];
        let code = sign_in.code(OLD, &asked, json!({"claims": {"name": "x".repeat(3_300)}})).await;
        for _ in 0..2 {
            let refused = sign_in.redeem(OLD, &code, &[], &[]).await;
            assert_eq!(refused.status.as_u16(), 400);
            assert_ne!(refused.json()["error"], "invalid_grant", "{refused:?}");
        }
    }
}

race! {
    async fn of_many_redemptions_at_once_one_gets_tokens_which_the_others_end(app, rounds: 4 or 2) {
        for _ in 0..rounds {
            let sign_in = SignIn::opaque(app).await;
            let code = sign_in.code(SHOP, &[], json!({})).await;
            let redemptions = (0..64).map(|_| sign_in.redeem(SHOP, &code, &[], &[]));
            let answers = futures::future::join_all(redemptions).await;
            let granted: Vec<_> = answers.iter().filter(|answer| answer.status.as_u16() == 200).collect();
            assert_eq!(granted.len(), 1);
            assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 400)), "a conflict is no fault");
            assert!(!sign_in.tenant.is_live(text(&granted[0].json()["access_token"])).await);
        }
    }
}
