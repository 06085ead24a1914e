//! `POST /oauth2/token`: RFC 6749 section 3.2, and the grant `client_credentials`.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::tenant::{
    API, APP, ASSERTION_TYPE, BOUND, BROKER, By, CLIENT_CREDENTIALS, IDP, ISSUER, JWT_BEARER, KEYED, NOW, ROBOT, Tenant, WEB,
    basic, claims, client_thumbprint, is_denied, part, proof, text,
};
use crate::support::scenario;

scenario! {
    async fn rfc6749_4_4_a_client_gets_a_token_for_itself_and_no_refresh_token(app) {
        let tenant = Tenant::opaque(app).await;
        for client in [WEB, ROBOT, KEYED] {
            let granted = tenant.own(client, &[]).await;
            let access_token = text(&granted["access_token"]);
            assert_eq!(access_token.len(), 43, "{granted}");
            let rest = json!({"access_token": access_token, "token_type": "Bearer", "expires_in": 600, "scope": "read"});
            assert_eq!(granted, rest);
            let told = tenant.introspect(client, &access_token).await;
            assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!(tenant.id(client).to_string())), "{told}");
        }
    }
}

scenario! {
    async fn rfc9068_2_a_jwt_has_the_claims_of_the_profile_and_an_id_that_opens_nothing(app) {
        let tenant = Tenant::jwt(app).await;
        let token = tenant.own_token(WEB, &[("resource", API), ("scope", "write read")]).await;
        let (id, said) = (tenant.id(WEB).to_string(), claims(&token));
        let jti = text(&said["jti"]);
        let expected = json!({
            "iss": ISSUER, "sub": id, "client_id": id, "aud": API, "iat": NOW, "exp": NOW + 600, "jti": jti, "scope": "write read",
            "grant_type": CLIENT_CREDENTIALS,
        });
        assert_eq!((said, part(&token, 0)["typ"].clone()), (expected, json!("at+jwt")));
        assert!(tenant.is_live(&token).await);
        assert!(!tenant.is_live(&jti).await);
        let has_no_audience = claims(&tenant.own_token(WEB, &[]).await);
        assert_eq!(has_no_audience["aud"], ISSUER, "RFC 9068 section 3");
    }
}

scenario! {
    async fn a_client_s_own_form_of_tokens_goes_before_the_org_s(app) {
        let tenant = Tenant::opaque(app).await;
        let change = json!({"jeton": {"access_token_form": "ES256"}, "clientType": "CONFIDENTIAL", "grantTypes": ["CLIENT_CREDENTIALS"]});
        let path = format!("/api/500/client/update/{}", tenant.id(WEB));
        app.post(&path, Some(&app.admin), change).await.ok();
        assert_eq!(tenant.own_token(WEB, &[]).await.split('.').count(), 3);
        assert_eq!(tenant.own_token(ROBOT, &[]).await.split('.').count(), 1);
    }
}

scenario! {
    async fn a_grant_type_is_one_that_there_is_to_the_letter(app) {
        let tenant = Tenant::opaque(app).await;
        is_denied(&tenant.token(By::Client(WEB), &[]).await, "invalid_request");
        is_denied(&tenant.token(By::Client(WEB), &[("grant_type", "")]).await, "invalid_request");
        for unsupported in ["Client_Credentials", "client_credentials ", "password", "implicit", "x", "urn:ietf:params:oauth:grant-type:Device_code"] {
            is_denied(&tenant.token(By::Client(WEB), &[("grant_type", unsupported)]).await, "unsupported_grant_type");
        }
        for grant in [crate::oauth::tenant::TOKEN_EXCHANGE, "authorization_code", "urn:ietf:params:oauth:grant-type:device_code"] {
            is_denied(&tenant.token(By::Client(ROBOT), &[("grant_type", grant)]).await, "unauthorized_client");
        }
        tenant.set(json!({"supported_grants": ["refresh_token"]})).await;
        is_denied(&tenant.token(By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS)]).await, "unauthorized_client");
    }
}

scenario! {
    async fn a_scope_is_granted_whole_or_refused(app) {
        let tenant = Tenant::opaque(app).await;
        let ask = async |client, scope: &str| {
            tenant.token(By::Client(client), &[("grant_type", CLIENT_CREDENTIALS), ("scope", scope)]).await
        };
        for (scope, granted) in [("write read", "write read"), ("read read  read", "read"), ("  ", "read"), ("", "read")] {
            assert_eq!(ask(WEB, scope).await.ok()["scope"], granted, "{scope:?}");
        }
        let many = "read ".repeat(790);
        assert_eq!(ask(WEB, &many).await.ok()["scope"], "read", "the same scope many times");
        for bad in ["read unknown", "urn:jeton:admin", "READ", "a+b", "a%20b", "rea\u{e9}", "a\"b", "a\\b", "read\twrite", "read*"] {
            is_denied(&ask(WEB, bad).await, "invalid_scope");
        }
        is_denied(&ask(ROBOT, "write").await, "invalid_scope");
    }
}

scenario! {
    async fn a_resource_is_one_absolute_uri_that_the_org_has(app) {
        let tenant = Tenant::opaque(app).await;
        let ask = async |resources: &[&str]| {
            let form: Vec<_> = resources.iter().map(|resource| ("resource", *resource)).collect();
            let form: Vec<_> = [("grant_type", CLIENT_CREDENTIALS)].into_iter().chain(form).collect();
            tenant.token(By::Client(WEB), &form).await
        };
        let token = text(&ask(&[API]).await.ok()["access_token"]);
        assert_eq!(tenant.audit(&token).await["aud"], json!([API]));
        for bad in ["api", "/api", "https://api.example/#part", "http://api.example", "javascript:alert(1)"] {
            is_denied(&ask(&[bad]).await, "invalid_target");
        }
        is_denied(&ask(&[API, "https://other.example"]).await, "invalid_target");
        tenant.set(json!({"resources": [API], "default_resource": API})).await;
        is_denied(&ask(&["https://other.example"]).await, "invalid_target");
        let token = text(&ask(&[]).await.ok()["access_token"]);
        assert_eq!(tenant.audit(&token).await["aud"], json!([API]));
    }
}

scenario! {
    async fn rfc9396_details_are_kept_and_echoed_if_they_are_of_a_type_that_there_is(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let details = r#"[{"type":"payment","amount":1.50,"to":"é"}]"#;
            let ask = async |text: &str| {
                tenant.token(By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS), ("authorization_details", text)]).await
            };
            let granted = ask(details).await.ok();
            let expected: serde_json::Value = serde_json::from_str(details).unwrap();
            assert_eq!(granted["authorization_details"], expected);
            let token = text(&granted["access_token"]);
            assert_eq!(tenant.audit(&token).await["authorization_details"], expected);
            for bad in ["x", "{}", "[]", "[1]", "[{}]", r#"[{"type":"other"}]"#, r#"[{"type":5}]"#, r#"[{"type":"payment","type":"payment"}]"#] {
                is_denied(&ask(bad).await, "invalid_authorization_details");
            }
        }
    }
}

scenario! {
    async fn parameters_stand_once_in_a_form_and_nowhere_else(app) {
        let tenant = Tenant::opaque(app).await;
        for twice in ["grant_type", "scope", "client_id"] {
            let form = [("grant_type", CLIENT_CREDENTIALS), (twice, "read"), (twice, "read")];
            is_denied(&tenant.token(By::Client(WEB), &form).await, "invalid_request");
        }
        let many: Vec<String> = (0..1_001).map(|n| format!("p{n}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
        is_denied(&tenant.token(By::Client(WEB), &many).await, "invalid_request");
        let long = "x".repeat(4_001);
        is_denied(&tenant.token(By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS), ("scope", &long)]).await, "invalid_request");
        let long = "x".repeat(16_385);
        is_denied(&tenant.refresh(WEB, &long, &[]).await, "invalid_request");
        for path in ["/oauth2/token?grant_type=client_credentials", "/oauth2/token?x=1", "/oauth2/introspect?token=x", "/oauth2/revoke?token=x"] {
            let answer = tenant.send(path, By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS), ("token", "x")], &[]).await;
            is_denied(&answer, "invalid_request");
        }
    }
}

const GOOD: &[u8] = b"grant_type=client_credentials";

scenario! {
    async fn the_body_of_a_token_request_is_a_well_formed_form_in_utf8(app) {
        let tenant = Tenant::opaque(app).await;
        let authorization = basic(&tenant.id(WEB).to_string(), &tenant.secret(WEB));
        let send = async |media_type: Option<&str>, body: &'static [u8]| {
            let mut request = Request::builder().method(Method::POST).uri("/oauth2/token").header("authorization", &authorization);
            if let Some(media_type) = media_type {
                request = request.header("content-type", media_type);
            }
            app.send(request.body(Bytes::from_static(body)).unwrap()).await
        };
        for media_type in ["application/x-www-form-urlencoded", "APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8"] {
            send(Some(media_type), GOOD).await.ok();
        }
        for media_type in [None, Some("application/json"), Some("text/plain"), Some("application/x-www-form-urlencoded; charset=iso-8859-1")] {
            is_denied(&send(media_type, GOOD).await, "invalid_request");
        }
        for body in [&b""[..], b"grant_type=%", b"grant_type=%ff", b"grant_type=%c3%28"] {
            is_denied(&send(Some("application/x-www-form-urlencoded"), body).await, "invalid_request");
        }
    }
}

scenario! {
    async fn answers_never_repeat_what_was_sent_and_host_headers_change_nothing(app) {
        let tenant = Tenant::jwt(app).await;
        let hostile = "<script>alert(1)</script>";
        for name in ["grant_type", "scope", "client_id", hostile] {
            let answer = tenant.token(By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS), (name, hostile), (name, hostile)]).await;
            assert!(!String::from_utf8_lossy(&answer.body).contains("alert"), "{answer:?}");
        }
        let headers = [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example"), ("x-http-method-override", "DELETE")];
        let answer = tenant.send("/oauth2/token", By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS)], &headers).await.ok();
        assert_eq!(claims(&text(&answer["access_token"]))["iss"], ISSUER);
    }
}

scenario! {
    async fn the_endpoints_of_oauth_accept_only_post(app) {
        for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "FOO"] {
            for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
                let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
                let answer = app.send(request).await;
                assert_eq!((answer.status.as_u16(), &answer.headers["allow"]), (405, &"POST".parse().unwrap()), "{method} {path}");
            }
        }
    }
}

scenario! {
    async fn rfc9449_5_a_proof_binds_the_token_to_its_key(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let ask = async |client, proof: &str| {
                tenant.send("/oauth2/token", By::Client(client), &[("grant_type", CLIENT_CREDENTIALS)], &[("DPoP", proof)]).await
            };
            let granted = ask(WEB, &proof(json!({}))).await.ok();
            assert_eq!(granted["token_type"], "DPoP");
            let told = tenant.audit(&text(&granted["access_token"])).await;
            assert_eq!((&told["cnf"], &told["token_type"]), (&json!({"jkt": client_thumbprint()}), &json!("DPoP")), "{told}");
            is_denied(&tenant.token(By::Client(BOUND), &[("grant_type", CLIENT_CREDENTIALS)]).await, "invalid_dpop_proof");
            assert_eq!(ask(BOUND, &proof(json!({}))).await.ok()["token_type"], "DPoP");
            let two = [("DPoP", &*proof(json!({}))), ("dpop", &*proof(json!({})))];
            let twice = tenant.send("/oauth2/token", By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS)], &two).await;
            is_denied(&twice, "invalid_dpop_proof");
            let joined = format!("{}, {}", proof(json!({})), proof(json!({})));
            for bad in ["", "x", "a.b.c", &joined] {
                is_denied(&ask(WEB, bad).await, "invalid_dpop_proof");
            }
        }
    }
}

scenario! {
    async fn a_refused_request_uses_nothing_up(app) {
        let tenant = Tenant::opaque(app).await;
        let assertion = tenant.client_assertion(json!({}));
        let form = [
            ("grant_type", CLIENT_CREDENTIALS),
            ("client_assertion_type", crate::oauth::tenant::ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        let send = async |proof: &str| tenant.send("/oauth2/token", By::Nothing, &form, &[("DPoP", proof)]).await;
        is_denied(&send(&proof(json!({"htm": "GET"}))).await, "invalid_dpop_proof");
        let good = proof(json!({}));
        for wrong in [("scope", "unknown"), ("resource", "http://x.example"), ("authorization_details", "[]")] {
            let form: Vec<_> = form.into_iter().chain([wrong]).collect();
            let answer = tenant.send("/oauth2/token", By::Nothing, &form, &[("DPoP", &good)]).await;
            assert_eq!(answer.status.as_u16(), 400, "{wrong:?}: {answer:?}");
        }
        send(&good).await.ok();
        is_denied(&send(&good).await, "invalid_dpop_proof");
        is_denied(&send(&proof(json!({}))).await, "invalid_client");
    }
}

scenario! {
    async fn rfc9449_8_an_org_may_want_a_nonce_which_it_hands_out(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"dpop_nonce_required": true})).await;
        let send = async |proof: &str| {
            tenant.send("/oauth2/token", By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS)], &[("DPoP", proof)]).await
        };
        let refused = send(&proof(json!({}))).await;
        is_denied(&refused, "use_dpop_nonce");
        let nonce = refused.headers["dpop-nonce"].to_str().unwrap();
        let granted = send(&proof(json!({"nonce": nonce}))).await;
        assert_eq!(granted.ok()["token_type"], "DPoP");
        let next = granted.headers["dpop-nonce"].to_str().unwrap();
        send(&proof(json!({"nonce": next}))).await.ok();
        is_denied(&send(&proof(json!({"nonce": "x"}))).await, "use_dpop_nonce");
        // RFC 9449 section 11.1: the nonce says when it was made, whatever the client's clock says. It is still good only once.
        for hours in [-10, 10] {
            let fresh = send(&proof(json!({}))).await.headers["dpop-nonce"].to_str().unwrap().to_owned();
            let skewed = proof(json!({"nonce": fresh, "iat": NOW + hours * 3_600}));
            assert_eq!(send(&skewed).await.ok()["token_type"], "DPoP");
            is_denied(&send(&skewed).await, "invalid_dpop_proof");
        }
    }
}

scenario! {
    async fn rfc8707_2_and_rfc6749_3_3_tokens_of_two_orgs_are_apart(app) {
        let (one, other) = (Tenant::opaque(app).await, Tenant::jwt(app).await);
        for (mine, theirs) in [(one, other), (other, one)] {
            let token = mine.own_token(WEB, &[]).await;
            assert_eq!(theirs.introspect(crate::oauth::tenant::SERVER, &token).await, json!({"active": false}));
            theirs.revoke(WEB, &token).await;
            assert!(mine.is_live(&token).await);
            is_denied(&theirs.exchange(crate::oauth::tenant::BROKER, &token, &[]).await, "invalid_request");
        }
    }
}

scenario! {
    /// What is issued in the second after a revocation of many is dead, too. Nothing is used up by a request that must wait.
    async fn in_the_second_after_a_revocation_of_many_a_client_waits_and_loses_nothing(app) {
        let tenant = Tenant::opaque(app).await;
        let revoke = async |what: Value| app.post("/api/500/auth/token/revoke", Some(&app.admin), what).await.ok();
        let (keyed, own) = (tenant.client_assertion(json!({})), [("grant_type", CLIENT_CREDENTIALS)]);
        let by_key = [own[0], ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", keyed.as_str())];
        let assertion = tenant.assertion(IDP, json!({}));
        let for_user = [("grant_type", JWT_BEARER), ("assertion", assertion.as_str())];
        let subject_token = text(&tenant.for_member(APP, &[]).await["access_token"]);
        revoke(json!({"clientIdentifier": tenant.id(KEYED).to_string()})).await;
        revoke(json!({"clientIdentifier": tenant.id(WEB).to_string()})).await;
        revoke(json!({"clientIdentifier": tenant.id(BROKER).to_string()})).await;
        for _ in 0..2 {
            tenant.token(By::Nothing, &by_key).await.must_wait();
            tenant.token(By::Client(WEB), &own).await.must_wait();
            tenant.token(By::Client(WEB), &for_user).await.must_wait();
            tenant.exchange(BROKER, &subject_token, &[]).await.must_wait();
        }
        app.clock.advance_ms(1_001);
        for (by, form) in [(By::Nothing, &by_key[..]), (By::Client(WEB), &own[..]), (By::Client(WEB), &for_user[..])] {
            let token = text(&tenant.token(by, form).await.ok()["access_token"]);
            assert!(tenant.is_live(&token).await);
        }
    }
}
