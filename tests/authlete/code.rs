//! The grant `authorization_code` at `auth/token` of Authlete's API, and the ID tokens that come with it.

use std::sync::Arc;

use serde_json::{Value, json};

use shared::keys::signer::Signer as _;

use super::proofs::{TOKEN_ENDPOINT, proof, signer};
use super::sign_in::{CALLBACK, NOW, OLD, SHOP, SignIn, TOOL, VERIFIER, claims, token_header};
use super::tenant::{Tenant, WEB, content, encoded, is_action, is_denied, over, secret, text};
use crate::support::{App, race, scenario};

scenario! {
    async fn a_code_becomes_tokens_with_what_the_server_said(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            let said = json!({
                "acr": "gold", "claims": r#"{"email":"ann@a.example","amr":["pwd"],"jti":"x"}"#, "sessionId": "s-1",
                "properties": [{"key": "a", "value": "1"}, {"key": "b", "value": "1", "hidden": true}],
                "jwtAtClaims": r#"{"plan":"free","tier":1,"iss":"x"}"#, "idtHeaderParams": r#"{"x-tenant":"7","kid":"y"}"#,
            });
            let code = sign_in.code(SHOP, &[("nonce", "n-1"), ("resource", "urn:a")], said).await;
            let more = json!({
                "properties": [{"key": "b", "value": "2"}], "accessTokenDuration": 600, "refreshTokenDuration": 7_200,
                "jwtAtClaims": r#"{"tier":2}"#,
            });
            let granted = sign_in.redeem(SHOP, &code, &[], more).await;
            is_action(&granted, "OK", "A050001");
            let told = ["grantType", "subject", "scopes", "clientId", "clientIdAliasUsed", "accessTokenDuration", "refreshTokenDuration", "accessTokenResources", "sessionId"];
            assert_eq!(told.map(|name| &granted[name]), [
                &json!("AUTHORIZATION_CODE"), &json!("ann"), &json!(["openid", "read"]), &json!(sign_in.id(SHOP)), &json!(false), &json!(600),
                &json!(7_200), &json!(["urn:a"]), &json!("s-1"),
            ]);
            assert_eq!(granted["properties"], json!([{"key": "a", "value": "1", "hidden": false}, {"key": "b", "value": "2", "hidden": false}]));
            let sent = content(&granted);
            let is_jwt = granted.get("jwtAccessToken").is_some();
            let token = if is_jwt { &granted["jwtAccessToken"] } else { &granted["accessToken"] };
            assert_eq!(sent, json!({
                "access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": "openid read", "refresh_token": granted["refreshToken"],
                "id_token": granted["idToken"], "a": "1", "b": "2",
            }));
            if is_jwt {
                let payload = claims(token);
                let expected = [&json!("free"), &json!(2), &json!("https://jeton.example"), &json!("ann"), &json!("urn:a")];
                assert_eq!(["plan", "tier", "iss", "sub", "aud"].map(|name| &payload[name]), expected);
            }
            let seen = sign_in.tenant.introspect(token, json!({})).await;
            let expected = [&json!("OK"), &json!("ann"), &json!("gold"), &json!(NOW), &json!("AUTHORIZATION_CODE"), &json!(["urn:a"])];
            assert_eq!(["action", "subject", "acr", "authTime", "grantType", "resources"].map(|name| &seen[name]), expected);

            let mut payload = claims(&granted["idToken"]);
            assert!(payload.as_object_mut().unwrap().remove("at_hash").unwrap().is_string());
            assert_eq!(payload, json!({
                "iss": "https://jeton.example", "sub": "ann", "aud": [sign_in.id(SHOP).to_string()], "iat": NOW, "exp": NOW + 3_600, "nonce": "n-1",
                "auth_time": NOW, "acr": "gold", "sid": "s-1", "email": "ann@a.example", "amr": ["pwd"],
            }));
            let header = token_header(&granted["idToken"]);
            assert_eq!((&header["x-tenant"], &header["typ"]), (&json!("7"), &json!("JWT")));
            assert_ne!(header["kid"], "y", "the service's own members can't be said");
        }
    }
}

scenario! {
    async fn an_id_token_says_what_the_server_chose_for_it_and_none_comes_without_openid(app) {
        let sign_in = SignIn::opaque(app).await;
        let chosen = json!({"sub": "pairwise-7", "idTokenAudType": "string", "authTime": null});
        let granted = sign_in.tokens(SHOP, &[("client_id", "shop")], chosen).await;
        let payload = claims(&granted["idToken"]);
        assert_eq!((&payload["sub"], &payload["aud"], payload.get("auth_time")), (&json!("pairwise-7"), &json!("shop"), None), "as the client named itself");
        assert_eq!(granted["subject"], "ann", "the token's subject is the person");
        // An ID token is a hint, by whichever name the client asks.
        for name in ["shop", "1011"] {
            let hint = [("client_id", name), ("id_token_hint", text(&granted["idToken"]))];
            let asked = sign_in.ask(SHOP, &hint).await;
            assert_eq!(asked["subject"], "pairwise-7");
            let issued = sign_in.issue(text(&asked["ticket"]), json!({"sub": "pairwise-7"})).await;
            is_action(&issued, "LOCATION", "A040001");
        }
        let without = sign_in.tokens(SHOP, &[("scope", "read")], json!({})).await;
        assert!(without.get("idToken").is_none() && content(&without).get("id_token").is_none());
        let dropped = sign_in.tokens(SHOP, &[], json!({"scopes": ["read", "write"]})).await;
        assert!(dropped["scopes"] == json!(["read", "write"]) && dropped.get("idToken").is_none());
        let none = sign_in.tokens(SHOP, &[("scope", "read")], json!({"scopes": []})).await;
        assert!(none.get("scopes").is_none() && content(&none)["scope"].is_null());
    }
}

scenario! {
    async fn a_server_can_not_add_openid_nor_what_the_client_may_not_request(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(SHOP, &[("scope", "read")], json!({"scopes": ["openid", "write", "email"]})).await;
        assert_eq!(granted["scopes"], json!(["write", "email"]));
        assert!(granted.get("idToken").is_none());
        let code = sign_in.code(OLD, &[("scope", "read")], json!({"scopes": ["read", "write"]})).await;
        let granted = sign_in.redeem(OLD, &code, &[], json!({})).await;
        assert_eq!((&granted["action"], &granted["scopes"]), (&json!("OK"), &json!(["read"])));
        assert!(granted.get("refreshToken").is_none(), "the client has no refresh tokens");
    }
}

scenario! {
    async fn a_refused_redemption_leaves_the_code(app) {
        let sign_in = SignIn::opaque(app).await;
        let (code, other) = (sign_in.code(SHOP, &[], json!({})).await, sign_in.code(TOOL, &[], json!({})).await);
        for (more, result, error) in [
            (&[("code", "")][..], "A050301", "invalid_request"),
            (&[("code", "x")], "A050305", "invalid_grant"),
            (&[("code", &code[..code.len() - 1])], "A050305", "invalid_grant"),
            (&[("code", &other)], "A050305", "invalid_grant"),
            (&[("redirect_uri", "https://shop.example/other")], "A050309", "invalid_grant"),
            (&[("code_verifier", "")], "A050312", "invalid_grant"),
            (&[("code_verifier", "short")], "A050314", "invalid_request"),
            (&[("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong")], "A050315", "invalid_grant"),
            (&[("resource", "urn:a")], "A053308", "invalid_target"),
        ] {
            is_denied(&sign_in.redeem(SHOP, &code, more, json!({})).await, "BAD_REQUEST", result, error);
        }
        // Another client, and the same number elsewhere.
        is_denied(&sign_in.redeem(TOOL, &code, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
        let wrong = json!({"clientId": "1011", "clientSecret": secret(sign_in.tenant.org, WEB)});
        is_denied(&sign_in.redeem(SHOP, &code, &[], wrong).await, "INVALID_CLIENT", "A049301", "invalid_client");
        let elsewhere = SignIn::jwt(app).await;
        is_denied(&elsewhere.redeem(SHOP, &code, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
        is_denied(&sign_in.redeem(SHOP, &code, &[], json!({"accessTokenDuration": 100_000})).await, "INTERNAL_SERVER_ERROR", "A047205", "server_error");
        is_action(&sign_in.redeem(SHOP, &code, &[("redirect_uri", "")], json!({})).await, "OK", "A050001");
        is_action(&sign_in.redeem(TOOL, &other, &[], json!({})).await, "OK", "A050001");
        let unchallenged = sign_in.code(OLD, &[], json!({})).await;
        let verifier = [("code_verifier", &*"v".repeat(43))];
        is_denied(&sign_in.redeem(OLD, &unchallenged, &verifier, json!({})).await, "BAD_REQUEST", "A050317", "invalid_grant");
        is_denied(&sign_in.redeem(OLD, &unchallenged, &[("redirect_uri", "")], json!({})).await, "BAD_REQUEST", "A050309", "invalid_grant");
        is_action(&sign_in.redeem(OLD, &unchallenged, &[], json!({})).await, "OK", "A050001");
        let late = sign_in.code(SHOP, &[], json!({})).await;
        app.clock.advance_ms(60_000);
        is_denied(&sign_in.redeem(SHOP, &late, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
    }
}

scenario! {
    /// RFC 6749 section 4.1.2.
    async fn a_second_use_ends_what_came_of_the_first(app) {
        let sign_in = SignIn::opaque(app).await;
        let code = sign_in.code(SHOP, &[], json!({})).await;
        let granted = sign_in.redeem(SHOP, &code, &[], json!({})).await;
        let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&granted["refreshToken"]));
        let refreshed = sign_in.token(SHOP, &refresh, json!({})).await;
        is_denied(&sign_in.redeem(TOOL, &code, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
        assert!(sign_in.tenant.is_live(&refreshed["accessToken"]).await, "another client ends nothing");
        is_denied(&sign_in.redeem(SHOP, &code, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
        assert!(!sign_in.tenant.is_live(&refreshed["accessToken"]).await);
        is_denied(&sign_in.token(SHOP, &refresh, json!({})).await, "BAD_REQUEST", "A053301", "invalid_grant");
    }
}

scenario! {
    async fn a_refresh_brings_an_id_token_of_the_same_sign_in_without_its_nonce(app) {
        for (since, sign_in) in (1..).zip([SignIn::opaque(app).await, SignIn::jwt(app).await]) {
            let said = json!({"claims": r#"{"email":"ann@a.example"}"#, "sub": "pair", "jwtAtClaims": r#"{"plan":"free"}"#});
            let granted = sign_in.tokens(SHOP, &[("nonce", "n-1"), ("scope", "openid read email")], said).await;
            app.clock.advance_ms(1_000);
            let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&granted["refreshToken"]));
            let refreshed = sign_in.token(SHOP, &refresh, json!({})).await;
            is_action(&refreshed, "OK", "A052001");
            assert_eq!(refreshed["scopes"], json!(["openid", "read", "email"]));
            let payload = claims(&refreshed["idToken"]);
            let expected = [&json!("pair"), &json!([sign_in.id(SHOP).to_string()]), &json!(NOW), &json!("ann@a.example"), &json!(NOW + since)];
            assert_eq!(["sub", "aud", "auth_time", "email", "iat"].map(|name| &payload[name]), expected);
            assert!(payload.get("nonce").is_none());
            assert_eq!(content(&refreshed)["id_token"], refreshed["idToken"]);
            if let Some(jwt) = refreshed.get("jwtAccessToken") {
                assert_eq!(claims(jwt)["plan"], "free");
            }
            let less = sign_in.token(SHOP, &format!("{refresh}&scope=read"), json!({})).await;
            assert!(less["scopes"] == json!(["read"]) && less.get("idToken").is_none(), "{less}");
        }
    }
}

scenario! {
    /// RFC 9449 section 10.
    async fn a_code_that_is_bound_to_a_key_needs_its_proof(app) {
        let sign_in = SignIn::opaque(app).await;
        let bound = sign_in.tokens(SHOP, &[], json!({})).await;
        assert_eq!(content(&bound)["token_type"], "Bearer");
        let jkt = signer().jwk().kid.to_string();
        let code = sign_in.code(SHOP, &[("dpop_jkt", &jkt)], json!({})).await;
        is_denied(&sign_in.redeem(SHOP, &code, &[], json!({})).await, "BAD_REQUEST", "A254302", "invalid_dpop_proof");
        let granted = sign_in.redeem(SHOP, &code, &[], json!({"dpop": proof("a", "POST", TOKEN_ENDPOINT, None)})).await;
        is_action(&granted, "OK", "A050001");
        assert_eq!(content(&granted)["token_type"], "DPoP");
        let code = sign_in.code(SHOP, &[("dpop_jkt", &"A".repeat(43))], json!({})).await;
        let answer = sign_in.redeem(SHOP, &code, &[], json!({"dpop": proof("b", "POST", TOKEN_ENDPOINT, None)})).await;
        is_denied(&answer, "BAD_REQUEST", "A050318", "invalid_grant");
    }
}

scenario! {
    /// The record decides, not the door at which it was made.
    async fn a_code_of_one_door_is_redeemed_at_the_other(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            let said = json!({"claims": r#"{"email":"ann@a.example"}"#, "sub": "pair", "acr": "gold"});
            let code = sign_in.code(SHOP, &[], said).await;
            let granted = sign_in.redeem_at_own_door(SHOP, &code).await.ok();
            let payload = claims(&granted["id_token"]);
            assert_eq!((&payload["sub"], &payload["email"], &payload["acr"]), (&json!("pair"), &json!("ann@a.example"), &json!("gold")));
            assert_eq!(app.get("/oauth2/userinfo", text(&granted["access_token"])).await.ok(), json!({"sub": "pair"}));
            assert_eq!(sign_in.tenant.introspect(&granted["access_token"], json!({})).await["subject"], "ann");
            is_denied(&sign_in.redeem(SHOP, &code, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
            assert!(!sign_in.tenant.is_live(&granted["access_token"]).await, "a second use at the other door is one, too");

            let code = sign_in.code_of_own_door(SHOP, json!({"acr": "gold", "claims": {"email": "ann@a.example"}})).await;
            let granted = sign_in.redeem(SHOP, &code, &[], json!({})).await;
            is_action(&granted, "OK", "A050001");
            let payload = claims(&granted["idToken"]);
            assert_eq!((&payload["sub"], &payload["aud"], &payload["acr"]), (&json!("ann"), &json!(sign_in.id(SHOP).to_string()), &json!("gold")));
            assert_eq!(sign_in.redeem_at_own_door(SHOP, &code).await.json()["error"], "invalid_grant");
            assert!(!sign_in.tenant.is_live(&granted["accessToken"]).await);
        }
    }
}

scenario! {
    async fn what_ends_a_client_s_tokens_ends_its_codes(app) {
        let sign_in = SignIn::opaque(app).await;
        let code = sign_in.code(SHOP, &[], json!({})).await;
        app.clock.advance_ms(1_000);
        sign_in.tenant.post("auth/token/revoke", json!({"clientIdentifier": "1011", "subject": "ann"})).await;
        app.clock.advance_ms(2_000);
        is_denied(&sign_in.redeem(SHOP, &code, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
        let code = sign_in.code(SHOP, &[], json!({"authTime": null})).await;
        is_action(&sign_in.redeem(SHOP, &code, &[], json!({})).await, "OK", "A050001");
        let code = sign_in.code(SHOP, &[], json!({"authTime": null})).await;
        sign_in.tenant.post("client/lock_flag/update/1011", json!({"clientLocked": true})).await;
        is_denied(&sign_in.redeem(SHOP, &code, &[], json!({})).await, "INVALID_CLIENT", "A049303", "invalid_client");
    }
}

race! {
    async fn of_sixteen_redemptions_of_one_code_one_gets_tokens(app) {
        let sign_in = SignIn::opaque(app).await;
        let code = sign_in.code(SHOP, &[], json!({})).await;
        let tasks: Vec<_> = (0..16).map(|_| {
            let (app, code): (Arc<App>, _) = (app.clone(), code.clone());
            tokio::spawn(async move {
                let body = json!({
                    "parameters": format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={}", encoded(CALLBACK), VERIFIER),
                    "clientId": "1011", "clientSecret": secret("100", SHOP),
                });
                Tenant::new(&app, "100").post("auth/token", body).await
            })
        }).collect();
        let answers: Vec<Value> = futures::future::try_join_all(tasks).await.unwrap();
        let granted: Vec<_> = answers.iter().filter(|answer| answer["action"] == "OK").collect();
        assert!(granted.len() <= 1 && answers.iter().all(|answer| answer["action"] == "OK" || answer["resultCode"] == "A050305"), "{answers:?}");
        for one in granted {
            assert!(!sign_in.tenant.is_live(&one["accessToken"]).await, "the others were a reuse");
        }
    }
}

scenario! {
    async fn a_token_of_openid_can_be_created_outside_of_any_flow(app) {
        let sign_in = SignIn::opaque(app).await;
        let created = sign_in.tenant.created(json!({"scopes": ["openid", "email", "read"]})).await;
        assert_eq!(created["scopes"], json!(["openid", "email", "read"]));
        let own = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": WEB, "scopes": ["openid"]});
        assert_eq!(sign_in.tenant.post("auth/token/create", over(own, json!({}))).await["action"], "BAD_REQUEST", "nobody is there to sign in");
    }
}
