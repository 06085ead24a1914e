//! How clients authenticate: RFC 6749 section 2.3, RFC 7523 section 2.2.

use base64::Engine as _;
use serde_json::json;

use super::tenant::{
    APP, ASSERTION_TYPE, By, CLIENT_CREDENTIALS, ISSUER, KEYED, LOCKED, NOW, REFRESH_TOKEN, ROBOT, Tenant, WEB, basic,
    client_key, is_denied, issuer_key, jwt,
};
use crate::support::{Answer, scenario};

const GRANT: (&str, &str) = ("grant_type", CLIENT_CREDENTIALS);

async fn with_assertion(tenant: &Tenant<'_>, assertion: &str) -> Answer {
    let form = [GRANT, ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)];
    tenant.token(By::Nothing, &form).await
}

scenario! {
    async fn an_unknown_client_and_a_wrong_secret_get_the_same_answer(app) {
        let tenant = Tenant::opaque(app).await;
        let (id, secret) = (tenant.id(WEB).to_string(), tenant.secret(WEB));
        let wrong = [
            basic("999999", &secret),
            basic(&id, "wrong"),
            basic(&id, &format!("{secret}x")),
            basic(&id, &secret.to_uppercase()),
            basic(&format!("web-{}", tenant.org), &secret),
            basic(&tenant.id(LOCKED).to_string(), "wrong"),
            "Basic !".to_owned(),
            "Basic bm9jb2xvbg==".to_owned(),
            "Digest x".to_owned(),
            format!("Bearer {}", app.admin),
        ];
        let nobody = tenant.token(By::Nothing, &[GRANT]).await;
        is_denied(&nobody, "invalid_client");
        for header in &wrong {
            let answer = tenant.token(By::Header(header), &[GRANT]).await;
            is_denied(&answer, "invalid_client");
            assert_eq!((&answer.body, &answer.headers["www-authenticate"]), (&nobody.body, &nobody.headers["www-authenticate"]));
        }
        let named = tenant.token(By::Nothing, &[GRANT, ("client_id", &id)]).await;
        assert_eq!((named.status, named.body), (nobody.status, nobody.body), "an id without a secret says no more than nothing");
    }
}

scenario! {
    async fn credentials_in_basic_are_form_encoded(app) {
        let tenant = Tenant::opaque(app).await;
        let raw = |text: String| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
        let (id, secret) = (tenant.id(WEB), tenant.secret(WEB));
        assert!(secret.contains('%') && secret.contains('+') && secret.contains(':'));
        tenant.token(By::Header(&basic(&id.to_string(), &secret)), &[GRANT]).await.ok();
        is_denied(&tenant.token(By::Header(&raw(format!("{id}:{secret}"))), &[GRANT]).await, "invalid_client");
    }
}

scenario! {
    async fn a_client_uses_its_one_method_of_authentication_once(app) {
        let tenant = Tenant::opaque(app).await;
        let secret = tenant.secret(WEB);
        is_denied(&tenant.token(By::Client(WEB), &[GRANT, ("client_secret", &secret)]).await, "invalid_request");
        let assertion = tenant.client_assertion(json!({}));
        let asserted = [GRANT, ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)];
        is_denied(&tenant.token(By::Client(WEB), &asserted).await, "invalid_request");
        let both: Vec<_> = asserted.into_iter().chain([("client_secret", "x")]).collect();
        is_denied(&tenant.token(By::Nothing, &both).await, "invalid_request");
        let id = tenant.id(WEB).to_string();
        let by_form = [GRANT, ("client_id", id.as_str()), ("client_secret", secret.as_str())];
        is_denied(&tenant.token(By::Nothing, &by_form).await, "invalid_client");
        let robot = basic(&tenant.id(ROBOT).to_string(), &tenant.secret(ROBOT));
        is_denied(&tenant.token(By::Header(&robot), &[GRANT]).await, "invalid_client");
        let keyed = basic(&tenant.id(KEYED).to_string(), &tenant.secret(KEYED));
        is_denied(&tenant.token(By::Header(&keyed), &[GRANT]).await, "invalid_client");
        let other = tenant.id(ROBOT).to_string();
        is_denied(&tenant.token(By::Client(WEB), &[GRANT, ("client_id", &other)]).await, "invalid_client");
        let same = tenant.id(WEB).to_string();
        tenant.token(By::Client(WEB), &[GRANT, ("client_id", &same)]).await.ok();
    }
}

scenario! {
    async fn a_disabled_client_can_do_nothing_from_its_next_request_on(app) {
        let tenant = Tenant::opaque(app).await;
        is_denied(&tenant.token(By::Client(LOCKED), &[GRANT]).await, "invalid_client");
        let token = tenant.own_token(WEB, &[]).await;
        let lock = format!("/api/{}/client/lock_flag/update/{}", tenant.org, tenant.id(WEB));
        app.post(&lock, Some(&app.admin), json!({"clientLocked": true})).await.ok();
        is_denied(&tenant.token(By::Client(WEB), &[GRANT]).await, "invalid_client");
        for path in ["/oauth2/introspect", "/oauth2/revoke"] {
            is_denied(&tenant.send(path, By::Client(WEB), &[("token", &token)], &[]).await, "invalid_client");
        }
        assert!(!tenant.is_live(&token).await);
        let delete = format!("/api/{}/client/delete/{}", tenant.org, tenant.id(ROBOT));
        app.delete(&delete, &app.admin).await.is_empty();
        is_denied(&tenant.token(By::Client(ROBOT), &[GRANT]).await, "invalid_client");
    }
}

scenario! {
    async fn an_assertion_is_by_the_client_for_us_alone_and_for_now(app) {
        let tenant = Tenant::opaque(app).await;
        with_assertion(&tenant, &tenant.client_assertion(json!({}))).await.ok();
        let other = tenant.id(WEB).to_string();
        for bad in [
            json!({"iss": other}), json!({"sub": other}), json!({"sub": null}), json!({"iss": null}),
            json!({"aud": format!("{ISSUER}/oauth2/token")}), json!({"aud": "https://other.example"}), json!({"aud": [ISSUER]}),
            json!({"aud": format!("{ISSUER}/")}), json!({"aud": null}), json!({"aud": "HTTPS://JETON.EXAMPLE"}),
            json!({"exp": null}), json!({"exp": NOW}), json!({"exp": NOW - 300}), json!({"exp": NOW + 3_600}), json!({"exp": "soon"}),
            json!({"iat": NOW + 61}), json!({"iat": NOW - 315_360_000}), json!({"nbf": NOW + 61}), json!({"jti": null}), json!({"jti": ""}), json!({"jti": 5}),
        ] {
            is_denied(&with_assertion(&tenant, &tenant.client_assertion(bad.clone())).await, "invalid_client");
        }
        for good in [json!({"iat": NOW + 8}), json!({"nbf": NOW + 8}), json!({"iat": null}), json!({"aud": ISSUER})] {
            with_assertion(&tenant, &tenant.client_assertion(good)).await.ok();
        }
        let id = tenant.id(KEYED).to_string();
        let claims = json!({"iss": id, "sub": id, "aud": ISSUER, "exp": NOW + 60, "jti": "other-key"});
        is_denied(&with_assertion(&tenant, &jwt(&issuer_key(), &json!({"alg": "EdDSA"}), &claims)).await, "invalid_client");
        let good = jwt(&client_key(), &json!({"alg": "ES384", "typ": "client-authentication+jwt"}), &claims);
        with_assertion(&tenant, &good).await.ok();
        let mismatched = [GRANT, ("client_id", &*other), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &*tenant.client_assertion(json!({})))];
        is_denied(&tenant.token(By::Nothing, &mismatched).await, "invalid_client");
        let untyped = [GRANT, ("client_assertion", &*tenant.client_assertion(json!({})))];
        is_denied(&tenant.token(By::Nothing, &untyped).await, "invalid_client");
    }
}

scenario! {
    async fn an_assertion_is_used_once_at_whatever_endpoint_as_long_as_it_lives(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(KEYED, &[]).await;
        let assertion = tenant.client_assertion(json!({}));
        let asserted = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &*assertion), ("token", &*token)];
        tenant.send("/oauth2/introspect", By::Nothing, &asserted, &[]).await.ok();
        for path in ["/oauth2/introspect", "/oauth2/revoke"] {
            is_denied(&tenant.send(path, By::Nothing, &asserted, &[]).await, "invalid_client");
        }
        is_denied(&with_assertion(&tenant, &assertion).await, "invalid_client");
        assert!(tenant.is_live(&token).await, "nothing was revoked");
        app.clock.advance_ms(61_000);
        is_denied(&with_assertion(&tenant, &assertion).await, "invalid_client");
    }
}

scenario! {
    async fn rfc6749_2_1_a_public_client_only_names_itself(app) {
        let tenant = Tenant::opaque(app).await;
        is_denied(&tenant.token(By::Client(APP), &[GRANT]).await, "unauthorized_client");
        is_denied(&tenant.token(By::Client(APP), &[("grant_type", REFRESH_TOKEN), ("refresh_token", "x")]).await, "invalid_grant");
        let secret = basic(&tenant.id(APP).to_string(), "x");
        is_denied(&tenant.token(By::Header(&secret), &[GRANT]).await, "invalid_client");
        is_denied(&tenant.send("/oauth2/introspect", By::Client(APP), &[("token", "x")], &[]).await, "unauthorized_client");
    }
}

scenario! {
    async fn the_secrets_of_a_seed_are_all_good_and_a_new_one_ends_the_older(app) {
        let tenant = Tenant::opaque(app).await;
        for secret in [tenant.secret(WEB), tenant.older_secret(WEB)] {
            tenant.token(By::Header(&basic(&tenant.id(WEB).to_string(), &secret)), &[GRANT]).await.ok();
        }
        let path = format!("/api/{}/client/secret/refresh/{}", tenant.org, tenant.id(WEB));
        let changed = app.get(&path, &app.admin).await.ok();
        let fresh = basic(&tenant.id(WEB).to_string(), changed["newClientSecret"].as_str().unwrap());
        tenant.token(By::Header(&fresh), &[GRANT]).await.ok();
        // Of the two before, one stays good for a day.
        let older = basic(&tenant.id(WEB).to_string(), &tenant.secret(WEB));
        is_denied(&tenant.token(By::Header(&older), &[GRANT]).await, "invalid_client");
        let newer = basic(&tenant.id(WEB).to_string(), &tenant.older_secret(WEB));
        tenant.token(By::Header(&newer), &[GRANT]).await.ok();
        app.clock.advance_ms(24 * 3_600_000);
        is_denied(&tenant.token(By::Header(&newer), &[GRANT]).await, "invalid_client");
        tenant.token(By::Header(&fresh), &[GRANT]).await.ok();
    }
}
