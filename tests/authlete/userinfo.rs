//! `auth/userinfo` and `auth/userinfo/issue` of Authlete's API.

use serde_json::{Value, json};

use super::proofs::{TOKEN_ENDPOINT, proof};
use super::sign_in::{CALLBACK, SHOP, SignIn, claims};
use super::tenant::{WEB, is_action, over, text};
use crate::support::scenario;

async fn ask(sign_in: &SignIn<'_>, token: &Value, more: Value) -> Value {
    sign_in.tenant.post("auth/userinfo", over(json!({ "token": token }), more)).await
}

async fn issue(sign_in: &SignIn<'_>, token: &Value, more: Value) -> Value {
    let claims = json!({"email": "ann@a.example", "sub": "forged", "roles": ["a"]}).to_string();
    sign_in.tenant.post("auth/userinfo/issue", over(json!({"token": token, "claims": claims}), more)).await
}

fn content(answer: &Value) -> Value {
    serde_json::from_str(text(&answer["responseContent"])).unwrap()
}

scenario! {
    async fn a_token_of_a_person_tells_what_it_may_know(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            let wanted = r#"{"userinfo":{"name":{"essential":true},"iss":null},"id_token":{"phone_number":null}}"#;
            let said = json!({"consentedClaims": ["email"], "properties": [{"key": "k", "value": "v", "hidden": true}]});
            let granted = sign_in.tokens(SHOP, &[("scope", "openid read email"), ("claims", wanted)], said).await;
            let token = granted.get("jwtAccessToken").unwrap_or(&granted["accessToken"]);
            assert_eq!(ask(&sign_in, token, json!({"htm": "GET", "dpop": null})).await, json!({
                "resultCode": "A091001", "resultMessage": "[A091001] The access token is valid for the userinfo endpoint.", "action": "OK",
                "token": token, "clientId": sign_in.id(SHOP), "clientIdAlias": "shop", "clientIdAliasUsed": false, "subject": "ann",
                "scopes": ["openid", "read", "email"], "claims": ["email", "email_verified", "name"],
                "userInfoClaims": r#"{"iss":null,"name":{"essential":true}}"#, "consentedClaims": ["email"],
                "properties": [{"key": "k", "value": "v", "hidden": true}], "serviceAttributes": [{"key": "region", "value": "north"}],
            }));
            let told = issue(&sign_in, token, json!({})).await;
            is_action(&told, "JSON", "A096001");
            assert_eq!(content(&told), json!({"sub": "ann", "email": "ann@a.example", "roles": ["a"]}));
            let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&granted["refreshToken"]));
            let refreshed = sign_in.token(SHOP, &refresh, json!({})).await;
            let token = refreshed.get("jwtAccessToken").unwrap_or(&refreshed["accessToken"]);
            assert_eq!(ask(&sign_in, token, json!({})).await["claims"], json!(["email", "email_verified", "name"]));
        }
    }
}

scenario! {
    async fn the_sub_is_the_token_s_or_the_one_that_is_said(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(SHOP, &[], json!({"sub": "pair"})).await;
        let token = &granted["accessToken"];
        assert_eq!(ask(&sign_in, token, json!({})).await["subject"], "ann");
        assert_eq!(content(&issue(&sign_in, token, json!({})).await)["sub"], "pair");
        assert_eq!(content(&issue(&sign_in, token, json!({"sub": "other", "claims": null})).await), json!({"sub": "other"}));
        // A token that was created outside of any flow is of a person, too.
        let created = sign_in.tenant.created(json!({"scopes": ["openid", "phone"]})).await;
        let told = ask(&sign_in, &created["accessToken"], json!({})).await;
        assert_eq!((&told["subject"], &told["claims"]), (&json!("john"), &json!(["phone_number", "phone_number_verified"])));
        assert_eq!(content(&issue(&sign_in, &created["accessToken"], json!({})).await)["sub"], "john");
    }
}

scenario! {
    /// OpenID Connect Core section 5.3.2.
    async fn a_client_that_wants_a_signed_answer_gets_one_that_passes_for_no_other_token(app) {
        let sign_in = SignIn::jwt(app).await;
        let id = sign_in.id(SHOP);
        let known = app.get(&sign_in.tenant.path(&format!("client/get/{id}")), &app.admin).await.ok();
        let update = sign_in.tenant.path(&format!("client/update/{id}"));
        app.post(&update, Some(&app.admin), over(known, json!({"userInfoSignAlg": "ES256", "redirectUris": [CALLBACK]}))).await.ok();
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        let said = json!({"email": "ann@a.example", "iss": "x", "jti": "y", "org": "1", "at_hash": "z", "exp": 1}).to_string();
        let told = issue(&sign_in, &granted["jwtAccessToken"], json!({ "claims": said })).await;
        is_action(&told, "JWT", "A096001");
        let expected = json!({"iss": "https://jeton.example", "sub": "ann", "aud": id.to_string(), "email": "ann@a.example"});
        assert_eq!(claims(&told["responseContent"]), expected);
        is_action(&ask(&sign_in, &told["responseContent"], json!({})).await, "UNAUTHORIZED", "A088302");
        is_action(&sign_in.ask(SHOP, &[("id_token_hint", text(&told["responseContent"]))]).await, "LOCATION", "A018301");
    }
}

scenario! {
    async fn what_opens_nothing_is_told_by_a_challenge(app) {
        let sign_in = SignIn::opaque(app).await;
        let without = sign_in.tokens(SHOP, &[("scope", "read")], json!({})).await;
        let own = sign_in.tenant.token(WEB, "grant_type=client_credentials", json!({})).await;
        let dead = sign_in.tokens(SHOP, &[], json!({})).await;
        sign_in.tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": dead["accessToken"]})).await;
        let short = sign_in.tenant.created(json!({"scopes": ["openid"], "accessTokenDuration": 1})).await;
        let other = SignIn::jwt(app).await;
        let foreign = other.tokens(SHOP, &[], json!({})).await;
        app.clock.advance_ms(1_000);
        for (token, action, code, error) in [
            (&json!(null), "BAD_REQUEST", ["A092201", "A097201"], "invalid_request"),
            (&json!("x"), "UNAUTHORIZED", ["A088302"; 2], "invalid_token"),
            (&dead["accessToken"], "UNAUTHORIZED", ["A088302"; 2], "invalid_token"),
            (&foreign["jwtAccessToken"], "UNAUTHORIZED", ["A088302"; 2], "invalid_token"),
            (&short["accessToken"], "UNAUTHORIZED", ["A088303"; 2], "invalid_token"),
            (&own["accessToken"], "UNAUTHORIZED", ["A088304"; 2], "invalid_token"),
            (&without["accessToken"], "FORBIDDEN", ["A090301"; 2], "insufficient_scope"),
        ] {
            for (answer, code) in [ask(&sign_in, token, json!({})).await, issue(&sign_in, token, json!({})).await].iter().zip(code) {
                is_action(answer, action, code);
                let challenge = text(&answer["responseContent"]);
                let scope = if action == "FORBIDDEN" { ",scope=\"openid\"" } else { "" };
                let message = text(&answer["resultMessage"]);
                let expected = format!(
                    "Bearer error=\"{error}\",error_description=\"{message}\",error_uri=\"https://jeton.example/errors/{code}\"{scope}"
                );
                assert_eq!(challenge, expected);
                assert_eq!(app.get(&format!("/errors/{code}"), &app.admin).await.status.as_u16(), 200, "{code}");
            }
        }
        let good = sign_in.tokens(SHOP, &[], json!({"authTime": null})).await;
        for bad in [json!({"claims": "[]"}), json!({"claims": "{\"a\":1,\"a\":2}"}), json!({"sub": "ü"})] {
            is_action(&issue(&sign_in, &good["accessToken"], bad).await, "INTERNAL_SERVER_ERROR", "A097201");
        }
    }
}

scenario! {
    /// RFC 9449 section 7.1. The proof is examined at the first call; at the second there is none any more.
    async fn a_bound_token_needs_its_proof_at_the_first_call(app) {
        let sign_in = SignIn::opaque(app).await;
        let code = sign_in.code(SHOP, &[], json!({})).await;
        let granted = sign_in.redeem(SHOP, &code, &[], json!({"dpop": proof("a", "POST", TOKEN_ENDPOINT, None)})).await;
        let token = &granted["accessToken"];
        let uri = "https://as.example.org/userinfo";
        let shown = |id: &str, uri: &str| json!({"dpop": proof(id, "GET", uri, Some(text(token))), "htm": "GET", "htu": "https://as.example.org/userinfo"});
        is_action(&ask(&sign_in, token, json!({})).await, "UNAUTHORIZED", "A089311");
        is_action(&ask(&sign_in, token, shown("b", "https://as.example.org/other")).await, "UNAUTHORIZED", "A089312");
        is_action(&ask(&sign_in, token, shown("c", uri)).await, "OK", "A091001");
        let replayed = ask(&sign_in, token, shown("c", uri)).await;
        is_action(&replayed, "UNAUTHORIZED", "A089312");
        assert!(text(&replayed["responseContent"]).starts_with("DPoP error=\"invalid_dpop_proof\""), "{replayed}");
        is_action(&issue(&sign_in, token, json!({})).await, "JSON", "A096001");
    }
}
