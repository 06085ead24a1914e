//! `idtoken/reissue` of Authlete's API.

use serde_json::{Value, json};

use super::sign_in::{SHOP, SignIn, TOOL, claims, token_header};
use super::tenant::{JWT, OPAQUE, Tenant, WEB, content, is_action, text, v2};
use crate::support::scenario;

/// The answer to a reissue for the tokens of this answer, with `more` laid over it.
async fn reissue(tenant: &Tenant<'_>, granted: &Value, more: Value) -> Value {
    let access = granted.get("jwtAccessToken").unwrap_or(&granted["accessToken"]);
    let asked = crate::support::over(json!({"accessToken": access, "refreshToken": granted["refreshToken"]}), more);
    tenant.post("idtoken/reissue", asked).await
}

scenario! {
    async fn a_new_id_token_comes_with_the_tokens_of_a_refresh(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            let tenant = &sign_in.tenant;
            let said = json!({"acr": "gold", "claims": "{\"email\":\"old@a.example\"}", "idtHeaderParams": "{\"x\":1}", "sub": "pair"});
            let granted = sign_in.tokens(SHOP, &[("nonce", "n-1")], said).await;
            app.clock.advance_ms(600_000);
            let form = format!("grant_type=refresh_token&refresh_token={}", text(&granted["refreshToken"]));
            let refreshed = sign_in.token(SHOP, &form, json!({})).await;
            is_action(&refreshed, "OK", "A052001");
            app.clock.advance_ms(60_000);
            let more = json!({"claims": "{\"email\":\"new@a.example\",\"iss\":\"x\"}", "idTokenAudType": "string"});
            let answer = reissue(tenant, &refreshed, more).await;
            is_action(&answer, "OK", "A360001");
            let body = content(&answer);
            let token = refreshed.get("jwtAccessToken").unwrap_or(&refreshed["accessToken"]);
            assert_eq!((&body["id_token"], &body["access_token"]), (&answer["idToken"], token));
            assert_eq!((&body["refresh_token"], &body["expires_in"]), (&refreshed["refreshToken"], &json!(3_540)));
            let (old, new) = (claims(&refreshed["idToken"]), claims(&answer["idToken"]));
            for same in ["iss", "sub", "acr", "auth_time", "at_hash"] {
                assert_eq!(old[same], new[same], "{same}");
            }
            assert_eq!((&new["email"], &new["aud"], new.get("nonce")), (&json!("new@a.example"), &json!(sign_in.id(SHOP).to_string()), None));
            assert_eq!(new["iat"].as_i64().unwrap() - old["iat"].as_i64().unwrap(), 60, "it is of now");
            assert_eq!(new["exp"].as_i64().unwrap() - new["iat"].as_i64().unwrap(), 3_600);
            assert_eq!((&new["sub"], token_header(&answer["idToken"]).get("x").is_some()), (&json!("pair"), true));
            let plain = reissue(tenant, &refreshed, json!({"sub": "other", "idtHeaderParams": "{\"y\":2}"})).await;
            let plain_claims = claims(&plain["idToken"]);
            assert_eq!((&plain_claims["sub"], &plain_claims["email"]), (&json!("other"), &json!("old@a.example")));
            assert_eq!(token_header(&plain["idToken"])["y"], 2);
            // Nothing is used up.
            is_action(&reissue(tenant, &refreshed, json!({})).await, "OK", "A360001");
            assert!(tenant.is_live(token).await);
        }
    }
}

scenario! {
    async fn only_a_pair_that_is_good_gets_one(app) {
        let sign_in = SignIn::opaque(app).await;
        let tenant = &sign_in.tenant;
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        let other = sign_in.tokens(TOOL, &[], json!({})).await;
        let without = sign_in.tokens(SHOP, &[("scope", "read")], json!({})).await;
        for wrong in [
            json!({"accessToken": null}),
            json!({"refreshToken": null}),
            json!({"accessToken": "x"}),
            json!({"refreshToken": "x"}),
            json!({"refreshToken": other["refreshToken"]}),
            json!({"accessToken": other["accessToken"]}),
            json!({"accessToken": granted["refreshToken"], "refreshToken": granted["accessToken"]}),
            json!({"accessToken": without["accessToken"], "refreshToken": without["refreshToken"]}),
            json!({"claims": "[]"}),
            json!({"idTokenAudType": "list"}),
        ] {
            let refused = reissue(tenant, &granted, wrong.clone()).await;
            is_action(&refused, "CALLER_ERROR", "A360201");
            assert!(refused.get("idToken").is_none() && refused.get("responseContent").is_none(), "{wrong}: {refused}");
        }
        let elsewhere = Tenant::jwt(app).await;
        is_action(&reissue(&elsewhere, &granted, json!({})).await, "CALLER_ERROR", "A360201");
        let asked = json!({"accessToken": granted["accessToken"], "refreshToken": granted["refreshToken"]});
        is_action(&v2(app, OPAQUE, "idtoken/reissue", asked.clone()).await.ok(), "OK", "A360001");
        is_action(&v2(app, JWT, "idtoken/reissue", asked).await.ok(), "CALLER_ERROR", "A360201");
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": granted["accessToken"]})).await;
        is_action(&reissue(tenant, &granted, json!({})).await, "CALLER_ERROR", "A360201");

        // One that the authorization server has created itself.
        let created = tenant.created(json!({"clientId": WEB, "subject": "john", "scopes": ["openid", "read"]})).await;
        let own = reissue(tenant, &created, json!({"claims": "{\"email\":\"john@a.example\"}"})).await;
        is_action(&own, "OK", "A360001");
        let said = claims(&own["idToken"]);
        assert_eq!((&said["sub"], &said["aud"], &said["email"]), (&json!("john"), &json!(["1001"]), &json!("john@a.example")));
        app.clock.advance_ms(3_600_000);
        is_action(&reissue(tenant, &created, json!({})).await, "CALLER_ERROR", "A360201");
    }
}
