//! The grant `urn:ietf:params:oauth:grant-type:jwt-bearer`: RFC 7523 section 2.1.

use serde_json::json;

use super::tenant::{
    APP, By, IDP, ISSUER, JWT_BEARER, KEYED, NOW, PARTNER, ROBOT, Tenant, WEB, client_key, is_denied, jwt, text,
};
use crate::support::{Answer, scenario};

async fn ask(tenant: &Tenant<'_>, client: u64, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let own = [("grant_type", JWT_BEARER), ("assertion", assertion)];
    let form: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
    tenant.token(By::Client(client), &form).await
}

scenario! {
    async fn rfc7523_2_1_an_assertion_becomes_a_token_for_its_subject(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            for client in [WEB, KEYED, APP] {
                let granted = ask(&tenant, client, &tenant.assertion(IDP, json!({"acr": "high"})), &[("scope", "write")]).await.ok();
                assert!(text(&granted["refresh_token"]).starts_with("jeton-rt."), "{granted}");
                let told = tenant.audit(&text(&granted["access_token"])).await;
                assert_eq!((&told["sub"], &told["client_id"]), (&json!("ann"), &json!(tenant.id(client).to_string())));
                assert_eq!((&told["scope"], &told["acr"]), (&json!("write"), &json!("high")), "{told}");
            }
            let granted = ask(&tenant, WEB, &tenant.assertion(PARTNER, json!({"sub": "stranger"})), &[]).await.ok();
            assert_eq!((granted.get("refresh_token"), &granted["scope"]), (None, &json!("read")));
        }
    }
}

scenario! {
    async fn an_assertion_is_by_a_trusted_issuer_about_somebody_who_may_act(app) {
        let tenant = Tenant::opaque(app).await;
        for issuer in ["https://unknown.example", "https://former.example", ISSUER, ""] {
            is_denied(&ask(&tenant, WEB, &tenant.assertion(issuer, json!({})), &[]).await, "invalid_grant");
        }
        for subject in [json!("gone"), json!("nobody"), json!(5), json!(null), json!("")] {
            is_denied(&ask(&tenant, WEB, &tenant.assertion(IDP, json!({"sub": subject})), &[]).await, "invalid_grant");
        }
        is_denied(&ask(&tenant, ROBOT, &tenant.assertion(IDP, json!({})), &[]).await, "unauthorized_client");
        is_denied(&ask(&tenant, WEB, "", &[]).await, "invalid_request");
    }
}

scenario! {
    async fn rfc7523_3_an_assertion_is_for_us_alone_signed_by_its_issuer_and_for_now(app) {
        let tenant = Tenant::opaque(app).await;
        for bad in [
            json!({"aud": [ISSUER, "https://other.example"]}), json!({"aud": format!("{ISSUER}/oauth2/token")}), json!({"aud": null}), json!({"exp": null}),
            json!({"exp": NOW}), json!({"exp": NOW + 3_600}), json!({"iat": NOW + 61}), json!({"nbf": NOW + 61}), json!({"jti": null}),
        ] {
            is_denied(&ask(&tenant, WEB, &tenant.assertion(IDP, bad), &[]).await, "invalid_grant");
        }
        let claims = json!({"iss": IDP, "sub": "ann", "aud": ISSUER, "exp": NOW + 60, "jti": "x"});
        is_denied(&ask(&tenant, WEB, &jwt(&client_key(), &json!({"alg": "ES384"}), &claims), &[]).await, "invalid_grant");
        ask(&tenant, WEB, &tenant.assertion(IDP, json!({"iat": NOW + 8})), &[]).await.ok();
    }
}

scenario! {
    async fn scopes_are_those_that_issuer_client_and_member_have(app) {
        let tenant = Tenant::opaque(app).await;
        for (issuer, subject, scope) in [(IDP, "reader", "write"), (PARTNER, "ann", "write"), (IDP, "ann", "unknown"), (IDP, "ann", "urn:jeton:admin")] {
            let assertion = tenant.assertion(issuer, json!({"sub": subject}));
            is_denied(&ask(&tenant, WEB, &assertion, &[("scope", scope)]).await, "invalid_scope");
            assert_eq!(ask(&tenant, WEB, &assertion, &[("scope", "read")]).await.ok()["scope"], "read", "it was not used up");
        }
    }
}

scenario! {
    async fn an_assertion_is_used_once_and_its_id_is_its_issuer_s_own(app) {
        let tenant = Tenant::opaque(app).await;
        let assertion = tenant.assertion(IDP, json!({"jti": "same"}));
        ask(&tenant, WEB, &assertion, &[]).await.ok();
        is_denied(&ask(&tenant, KEYED, &assertion, &[]).await, "invalid_grant");
        ask(&tenant, WEB, &tenant.assertion(PARTNER, json!({"jti": "same"})), &[]).await.ok();
        let client_assertion = tenant.client_assertion(json!({"jti": "same"}));
        let form = [
            ("grant_type", JWT_BEARER), ("assertion", &*tenant.assertion(IDP, json!({}))),
            ("client_assertion_type", crate::oauth::tenant::ASSERTION_TYPE), ("client_assertion", &*client_assertion),
        ];
        tenant.token(By::Nothing, &form).await.ok();
    }
}

scenario! {
    async fn a_token_for_a_member_lives_as_long_as_the_member_may_act(app) {
        let tenant = Tenant::jwt(app).await;
        let granted = tenant.for_member(WEB, &[]).await;
        let (token, refresh_token) = (text(&granted["access_token"]), text(&granted["refresh_token"]));
        assert!(tenant.is_live(&token).await);
        let path = format!("/v1/orgs/{}/members/ann", tenant.org);
        app.put(&path, &app.admin, json!({"scopes": ["read"], "enabled": false})).await.ok();
        assert!(!tenant.is_live(&token).await);
        is_denied(&tenant.refresh(WEB, &refresh_token, &[]).await, "invalid_grant");
    }
}
