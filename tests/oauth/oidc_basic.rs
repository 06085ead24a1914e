//! The modules of the OpenID Foundation's conformance suite for the basic profile of OpenID Connect (plan
//! `oidcc-basic-certification-test-plan`), as scenarios: each is named after its module. What the suite has a person do, the login
//! application says here.

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::sign_in::{CALLBACK, OLD, SHOP, SignIn, challenge, is_page, is_told, location, parameter};
use super::tenant::{By, NOW, claims, is_denied};
use crate::support::{over, scenario, text};

/// All that the login application knows of a person.
fn person() -> Value {
    json!({
        "name": "Ann Lee", "given_name": "Ann", "family_name": "Lee", "middle_name": "M.", "nickname": "annie", "preferred_username": "ann",
        "profile": "https://ann.example", "picture": "https://ann.example/me.png", "website": "https://ann.example", "gender": "female",
        "birthdate": "1990-01-01", "zoneinfo": "Europe/Paris", "locale": "fr", "updated_at": 1_700_000_000, "email": "ann@example.org",
        "email_verified": true, "address": {"country": "FR", "locality": "Paris"}, "phone_number": "+33 1", "phone_number_verified": false,
    })
}

/// What the scopes of a request tell at the userinfo endpoint, beside `sub`.
async fn told_by(sign_in: &SignIn<'_>, scope: &str) -> Vec<String> {
    let granted = sign_in.tokens(OLD, &[("scope", scope)], json!({"claims": person()})).await;
    let known = sign_in.userinfo(text(&granted["access_token"])).await.ok();
    assert_eq!(known["sub"], "ann");
    known.as_object().unwrap().keys().filter(|name| *name != "sub").cloned().collect()
}

scenario! {
    async fn server(app) {
        for sign_in in [SignIn::opaque(app).await, SignIn::jwt(app).await] {
            let granted = sign_in.tokens(OLD, &[("nonce", "n-1"), ("scope", "openid")], json!({})).await;
            let told = claims(text(&granted["id_token"]));
            let id = sign_in.tenant.id(OLD).to_string();
            assert_eq!((&told["iss"], &told["aud"], &told["nonce"]), (&json!("https://jeton.example"), &json!(id), &json!("n-1")));
            assert_eq!((&told["sub"], &told["iat"], &told["auth_time"]), (&json!("ann"), &json!(NOW), &json!(NOW)));
            assert_eq!((&granted["token_type"], granted["expires_in"].is_u64()), (&json!("Bearer"), true));
        }
    }
}

scenario! {
    async fn response_type_missing(app) {
        let sign_in = SignIn::opaque(app).await;
        is_told(&sign_in.authorize(&sign_in.query(OLD, &[("response_type", "")]), "").await, "invalid_request");
    }
}

scenario! {
    async fn userinfo_get_and_post_header_and_post_body(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(OLD, &[("scope", "openid")], json!({})).await;
        let token = text(&granted["access_token"]);
        assert_eq!(sign_in.userinfo(token).await.ok(), json!({"sub": "ann"}));
        let post = || Request::builder().method(Method::POST).uri("/oauth2/userinfo");
        let by_header = post().header(header::AUTHORIZATION, format!("Bearer {token}")).body(Bytes::new()).unwrap();
        assert_eq!(app.send(by_header).await.ok()["sub"], "ann");
        let form = post().header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert_eq!(app.send(form.body(format!("access_token={token}").into()).unwrap()).await.ok()["sub"], "ann");
    }
}

scenario! {
    async fn ensure_request_without_nonce_succeeds_for_code_flow(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(OLD, &[("nonce", "")], json!({})).await;
        assert_eq!(claims(text(&granted["id_token"])).get("nonce"), None);
    }
}

scenario! {
    async fn scope_profile_email_address_phone_and_all(app) {
        let sign_in = SignIn::opaque(app).await;
        let profile = [
            "birthdate", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname", "picture",
            "preferred_username", "profile", "updated_at", "website", "zoneinfo",
        ];
        let sorted = |mut names: Vec<String>| { names.sort_unstable(); names };
        assert_eq!(sorted(told_by(&sign_in, "openid profile").await), profile);
        assert_eq!(sorted(told_by(&sign_in, "openid email").await), ["email", "email_verified"]);
        assert_eq!(sorted(told_by(&sign_in, "openid address").await), ["address"]);
        assert_eq!(sorted(told_by(&sign_in, "openid phone").await), ["phone_number", "phone_number_verified"]);
        assert_eq!(told_by(&sign_in, "openid profile email address phone").await.len(), person().as_object().unwrap().len());
        assert_eq!(told_by(&sign_in, "openid").await, Vec::<String>::new());
    }
}

scenario! {
    async fn ensure_other_scope_order_succeeds(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(OLD, &[("scope", "email openid")], json!({"claims": person()})).await;
        assert_eq!(sign_in.userinfo(text(&granted["access_token"])).await.ok()["email"], "ann@example.org");
        assert!(granted["id_token"].is_string());
    }
}

scenario! {
    async fn display_page_and_popup_and_login_hint_and_ui_locales_and_claims_locales_and_acr_values(app) {
        let sign_in = SignIn::opaque(app).await;
        for (name, value, shown) in [
            ("display", "page", json!("page")), ("display", "popup", json!("popup")), ("login_hint", "ann@example.org", json!("ann@example.org")),
            ("ui_locales", "se", json!(["se"])), ("claims_locales", "se", Value::Null), ("acr_values", "1 2", json!(["1", "2"])),
        ] {
            let begun = sign_in.begin(OLD, &[(name, value)]).await;
            assert_eq!(sign_in.hand_over(Method::GET, &begun.id, None).await.ok()[name], shown);
            sign_in.accept(&begun, json!({"acr": "1"})).await;
        }
        let granted = sign_in.tokens(OLD, &[("acr_values", "1 2")], json!({"acr": "1"})).await;
        assert_eq!(claims(text(&granted["id_token"]))["acr"], "1");
    }
}

scenario! {
    async fn prompt_login(app) {
        let sign_in = SignIn::opaque(app).await;
        let first = sign_in.tokens(SHOP, &[], json!({})).await;
        app.clock.advance_ms(2_000);
        // The session of the person would do, if the client didn't ask for more.
        let begun = sign_in.begin(SHOP, &[("prompt", "login")]).await;
        sign_in.try_accept(&begun.id, json!({})).await.is_error(422, "AUTHENTICATION_TOO_OLD");
        let second = sign_in.tokens(SHOP, &[("prompt", "login")], json!({"auth_time": NOW + 2})).await;
        let [first, second] = [first, second].map(|granted| claims(text(&granted["id_token"])));
        assert_eq!((&first["auth_time"], &second["auth_time"], &second["sub"]), (&json!(NOW), &json!(NOW + 2), &first["sub"]));
    }
}

scenario! {
    async fn prompt_none_not_logged_in(app) {
        let sign_in = SignIn::opaque(app).await;
        let begun = sign_in.begin(SHOP, &[("prompt", "none")]).await;
        let denied = sign_in.hand_over(Method::POST, &format!("{}/deny", begun.id), Some(json!({"error": "login_required"}))).await.ok();
        is_told(&sign_in.browse(text(&denied["redirect_to"]), &begun.cookie).await, "login_required");
    }
}

scenario! {
    async fn prompt_none_logged_in_and_id_token_hint(app) {
        let sign_in = SignIn::opaque(app).await;
        let first = sign_in.tokens(SHOP, &[], json!({})).await;
        app.clock.advance_ms(2_000);
        let hint = text(&first["id_token"]);
        for asked in [&[("prompt", "none")][..], &[("prompt", "none"), ("id_token_hint", hint)]] {
            let again = claims(text(&sign_in.tokens(SHOP, asked, json!({})).await["id_token"]));
            assert_eq!((&again["sub"], &again["auth_time"]), (&json!("ann"), &json!(NOW)));
        }
    }
}

scenario! {
    async fn max_age_1_and_10000(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.tokens(SHOP, &[], json!({})).await;
        app.clock.advance_ms(2_000);
        let begun = sign_in.begin(SHOP, &[("max_age", "1")]).await;
        sign_in.try_accept(&begun.id, json!({})).await.is_error(422, "AUTHENTICATION_TOO_OLD");
        let fresh = sign_in.tokens(SHOP, &[("max_age", "1")], json!({"auth_time": NOW + 2})).await;
        assert_eq!(claims(text(&fresh["id_token"]))["auth_time"], NOW + 2);
        let old = sign_in.tokens(SHOP, &[("max_age", "10000")], json!({})).await;
        assert_eq!(claims(text(&old["id_token"]))["auth_time"], NOW);
    }
}

scenario! {
    async fn ensure_request_with_unknown_parameter_succeeds(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.tokens(OLD, &[("extra", "foobar")], json!({})).await;
    }
}

scenario! {
    async fn codereuse_and_codereuse_30seconds(app) {
        let sign_in = SignIn::opaque(app).await;
        for wait_ms in [0, 30_000] {
            let code = sign_in.code(OLD, &[], json!({})).await;
            let granted = sign_in.redeem(OLD, &code, &[], &[]).await.ok();
            app.clock.advance_ms(wait_ms);
            assert!(sign_in.tenant.is_live(text(&granted["access_token"])).await);
            is_denied(&sign_in.redeem(OLD, &code, &[], &[]).await, "invalid_grant");
            assert!(!sign_in.tenant.is_live(text(&granted["access_token"])).await, "RFC 6749 section 4.1.2");
        }
    }
}

scenario! {
    async fn ensure_registered_redirect_uri(app) {
        let sign_in = SignIn::opaque(app).await;
        let elsewhere = format!("{CALLBACK}/unregistered");
        is_page(&sign_in.authorize(&sign_in.query(OLD, &[("redirect_uri", &elsewhere)]), "").await, "invalid_request");
    }
}

scenario! {
    async fn ensure_post_request_succeeds(app) {
        let sign_in = SignIn::opaque(app).await;
        let request = Request::builder().method(Method::POST).uri("/oauth2/authorize");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = app.send(request.body(sign_in.query(OLD, &[]).into()).unwrap()).await;
        assert!(parameter(&location(&answer), "authorization").is_some());
    }
}

scenario! {
    async fn server_client_secret_post(app) {
        let sign_in = SignIn::opaque(app).await;
        sign_in.update_by_authlete(OLD, json!({"tokenAuthMethod": "CLIENT_SECRET_POST"})).await;
        let code = sign_in.code(OLD, &[], json!({})).await;
        is_denied(&sign_in.redeem(OLD, &code, &[], &[]).await, "invalid_client");
        let (id, secret) = (sign_in.tenant.id(OLD).to_string(), sign_in.tenant.secret(OLD));
        let form = [
            ("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", CALLBACK), ("client_id", &*id), ("client_secret", &*secret),
        ];
        let granted = sign_in.tenant.send("/oauth2/token", By::Nothing, &form, &[]).await.ok();
        assert_eq!(claims(text(&granted["id_token"]))["sub"], "ann");
    }
}

scenario! {
    async fn claims_essential(app) {
        let sign_in = SignIn::opaque(app).await;
        let asked = [("scope", "openid"), ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#)];
        let granted = sign_in.tokens(OLD, &asked, json!({"claims": person()})).await;
        assert_eq!(sign_in.userinfo(text(&granted["access_token"])).await.ok(), json!({"sub": "ann", "name": "Ann Lee"}));
    }
}

scenario! {
    async fn unsigned_request_object_and_ensure_request_object_with_redirect_uri(app) {
        let sign_in = SignIn::opaque(app).await;
        // {"alg":"none"}.{"redirect_uri":"https://shop.example/other"}.
        let unsigned = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL3Nob3AuZXhhbXBsZS9vdGhlciJ9.";
        is_told(&sign_in.authorize(&sign_in.query(OLD, &[("request", unsigned)]), "").await, "request_not_supported");
        let metadata = app.send(Request::builder().uri("/.well-known/openid-configuration").body(Bytes::new()).unwrap()).await.ok();
        assert_eq!((&metadata["request_parameter_supported"], &metadata["request_uri_parameter_supported"]), (&json!(false), &json!(false)));
    }
}

scenario! {
    async fn refresh_token(app) {
        let sign_in = SignIn::opaque(app).await;
        let granted = sign_in.tokens(SHOP, &[("scope", "openid offline_access")], json!({"session": "s-1"})).await;
        let first = claims(text(&granted["id_token"]));
        app.clock.advance_ms(5_000);
        let refreshed = sign_in.tenant.refresh(SHOP, text(&granted["refresh_token"]), &[]).await.ok();
        let again = claims(text(&refreshed["id_token"]));
        let moved = json!({"iat": NOW + 5, "exp": again["exp"], "at_hash": again["at_hash"]});
        assert_eq!(again, over(first, moved), "OpenID Connect Core section 12.2: about the same sign-in");
        assert_ne!(refreshed["access_token"], granted["access_token"]);
        is_denied(&sign_in.tenant.refresh(OLD, text(&granted["refresh_token"]), &[]).await, "unauthorized_client");
    }
}

scenario! {
    async fn ensure_request_with_valid_pkce_succeeds(app) {
        let sign_in = SignIn::opaque(app).await;
        let verifier = "a".repeat(128);
        let asked = [("code_challenge", &*challenge(&verifier)), ("code_challenge_method", "S256")];
        let code = sign_in.code(OLD, &asked, json!({})).await;
        is_denied(&sign_in.redeem(OLD, &code, &[], &[]).await, "invalid_grant");
        sign_in.redeem(OLD, &code, &[("code_verifier", &verifier)], &[]).await.ok();
    }
}
