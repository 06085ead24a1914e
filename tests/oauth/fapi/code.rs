//! The modules of `fapi2-security-profile-final-test-plan` that the authorization code adds: `plain_fapi`, requests that are pushed and not
//! signed, plain responses, OpenID Connect. Each test is named after its module. What the suite has a person do, the login application says.

use bytes::Bytes;
use http::{Method, Request};

use super::super::sign_in::{Begun, CALLBACK, SignIn, VERIFIER, challenge, is_page, is_told, location, parameter};
use super::*;
use crate::support::encoded;

/// A client of FAPI 2.0 to which people sign in.
struct CodeFlow<'a> {
    client: Fapi<'a>,
    sign_in: SignIn<'a>,
}

impl<'a> CodeFlow<'a> {
    /// One that signs by PS256, and one by ES256, in an org that takes pushed requests only.
    async fn both(app: &'a App) -> [Self; 2] {
        let sign_in = SignIn::jwt(app).await;
        sign_in.set(json!({"pushed_requests_required": true})).await;
        let tenant = sign_in.tenant;
        let registered =
            json!({"grants": ["authorization_code", REFRESH_TOKEN], "redirect_uris": [CALLBACK], "consent": "implied"});
        let clients = Fapi::registered_with(tenant, registered).await;
        clients.map(|client| Self { client, sign_in: SignIn::known(app, tenant) })
    }

    /// A proof for the endpoint of pushed requests.
    fn proof_at_par(&self) -> String {
        self.client.proof(json!({"htu": format!("{ISSUER}/oauth2/par")}))
    }

    /// The answer to a good request that is pushed, with `more` in place of parameters of the same name; an empty value leaves one out.
    async fn try_push(&self, more: &[(&str, &str)], assertion: &str, headers: &[(&str, &str)]) -> Answer {
        let (id, challenge) = (self.client.id.to_string(), challenge(VERIFIER));
        let usual = [
            ("response_type", "code"),
            ("client_id", &*id),
            ("redirect_uri", CALLBACK),
            ("scope", "openid read"),
            ("state", "s 1"),
            ("nonce", "n-1"),
            ("code_challenge", &*challenge),
            ("code_challenge_method", "S256"),
        ];
        let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let form: Vec<_> = usual.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty()).collect();
        self.client.ask_at("/oauth2/par", &form, assertion, headers).await
    }

    /// The reference to a request that is pushed, which must be taken.
    async fn push(&self, more: &[(&str, &str)], headers: &[(&str, &str)]) -> String {
        let told = self.try_push(more, &self.client.assertion(json!({})), headers).await.created();
        assert!(told["expires_in"].as_u64().unwrap() < 600, "FAPI 2.0 section 5.3.2.2");
        text(&told["request_uri"])
    }

    /// The error that a pushed request is refused with.
    async fn refused(&self, more: &[(&str, &str)], headers: &[(&str, &str)]) -> String {
        let answer = self.try_push(more, &self.client.assertion(json!({})), headers).await;
        assert_eq!(answer.status.as_u16(), 400, "{more:?}: {answer:?}");
        text(&answer.json()["error"])
    }

    /// The answer to a browser that brings a reference, and `beside` it.
    async fn open(&self, request_uri: &str, beside: &str, cookie: &str) -> Answer {
        let query = format!("client_id={}&request_uri={}{beside}", self.client.id, encoded(request_uri));
        self.sign_in.authorize(&query, cookie).await
    }

    /// An authorization that waits for the login application.
    async fn begin(&self, request_uri: &str, beside: &str) -> Begun {
        let answer = self.open(request_uri, beside, "").await;
        let id = parameter(&location(&answer), "authorization").unwrap();
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Begun { id, cookie }
    }

    /// Where the browser is sent once the person has signed in.
    async fn answered(&self, begun: &Begun, said: Value) -> String {
        let redirect_to = self.sign_in.accept(begun, said).await;
        let answer = self.sign_in.browse(&redirect_to, &begun.cookie).await;
        let location = location(&answer);
        assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER), "FAPI 2.0 section 5.3.2.2");
        location
    }

    /// The code of a sign-in.
    async fn code(&self, more: &[(&str, &str)], headers: &[(&str, &str)]) -> String {
        let begun = self.begin(&self.push(more, headers).await, "").await;
        parameter(&self.answered(&begun, json!({})).await, "code").expect("a code")
    }

    /// The answer to a redemption, with `more` in place of parameters of the same name; an empty value leaves one out.
    async fn redeem(&self, code: &str, more: &[(&str, &str)], proof: &str) -> Answer {
        let usual =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let form: Vec<_> = usual.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty()).collect();
        self.client.ask(&form, &self.client.assertion(json!({})), &[("DPoP", proof)]).await
    }

    /// What it gets for a code.
    async fn tokens(&self, code: &str) -> Value {
        let granted = self.redeem(code, &[], &self.client.proof(json!({}))).await.ok();
        assert_eq!(granted["token_type"], "DPoP");
        granted
    }

    /// The claims of the ID token that comes of a sign-in.
    async fn told(&self, more: &[(&str, &str)], said: Value) -> Value {
        let begun = self.begin(&self.push(more, &[]).await, "").await;
        let code = parameter(&self.answered(&begun, said).await, "code").expect("a code");
        claims(&text(&self.tokens(&code).await["id_token"]))
    }

    /// The thumbprint of the key of its proofs.
    fn jkt(&self) -> String {
        let key = self.client.dpop.jwk();
        jwk::thumbprint(&key.key, key.alg).as_str().to_owned()
    }
}

scenario! {
    /// `…-happy-flow` and `…-par-without-duplicate-parameters`: the browser brings the reference and the client's name alone.
    async fn happy_flow_with_a_person(app) {
        for flow in CodeFlow::both(app).await {
            let begun = flow.begin(&flow.push(&[], &[]).await, "").await;
            let back = flow.answered(&begun, json!({})).await;
            assert_eq!(parameter(&back, "state").as_deref(), Some("s 1"));
            let code = parameter(&back, "code").unwrap();
            let granted = flow.tokens(&code).await;
            let told = claims(&text(&granted["id_token"]));
            let id = flow.client.id.to_string();
            assert_eq!((&told["iss"], &told["aud"], &told["nonce"], &told["sub"]), (&json!(ISSUER), &json!(id), &json!("n-1"), &json!("ann")));
            let token = text(&granted["access_token"]);
            let resource = dpop::Place::resource(&token);
            assert_eq!(resource.ask(&flow.client, Some(&resource.proof(&flow.client.dpop, json!({}), json!({})))).await, "OK");
            assert_eq!(resource.ask(&flow.client, None).await, "UNAUTHORIZED", "it is bound");
            assert_eq!(flow.client.tenant.audit(&token).await["cnf"], json!({"jkt": flow.jkt()}));
        }
    }
}

scenario! {
    /// `…-user-rejects-authentication`
    async fn user_rejects_authentication(app) {
        for flow in CodeFlow::both(app).await {
            let begun = flow.begin(&flow.push(&[], &[]).await, "").await;
            let denied = flow.sign_in.hand_over(Method::POST, &format!("{}/deny", begun.id), Some(json!({}))).await.ok();
            is_told(&flow.sign_in.browse(&text(&denied["redirect_to"]), &begun.cookie).await, "access_denied");
        }
    }
}

scenario! {
    /// `…-ensure-authorization-request-without-state-success` and `…-ensure-authorization-request-with-long-state`
    async fn ensure_authorization_request_without_state_and_with_long_state(app) {
        let [flow, _] = CodeFlow::both(app).await;
        let long = "s".repeat(1_000);
        for (state, told) in [("", None), (&*long, Some(long.as_str()))] {
            let begun = flow.begin(&flow.push(&[("state", state)], &[]).await, "").await;
            assert_eq!(parameter(&flow.answered(&begun, json!({})).await, "state").as_deref(), told);
        }
    }
}

scenario! {
    /// `…-ensure-authorization-request-without-nonce-success`, `…-with-64-char-nonce-success` and `…-with-long-nonce`
    async fn ensure_authorization_request_without_nonce_and_with_64_char_and_long_nonce(app) {
        let [flow, _] = CodeFlow::both(app).await;
        for nonce in ["n".repeat(64), "n".repeat(384)] {
            assert_eq!(flow.told(&[("nonce", &nonce)], json!({})).await["nonce"], nonce);
        }
        assert_eq!(flow.told(&[("nonce", "")], json!({})).await.get("nonce"), None);
        assert_eq!(flow.refused(&[("nonce", &"n".repeat(513))], &[]).await, "invalid_request");
    }
}

scenario! {
    /// `…-ensure-other-scope-order-succeeds` and `…-test-claims-parameter-identity-claims`
    async fn ensure_other_scope_order_and_identity_claims(app) {
        let [flow, _] = CodeFlow::both(app).await;
        let asked = r#"{"id_token": {"name": {"essential": true}, "phone_number": null}, "userinfo": {"email": null}}"#;
        let person = json!({"claims": {"name": "Ann Lee", "email": "ann@example.org", "gender": "female"}});
        let told = flow.told(&[("scope", "read openid"), ("claims", asked)], person).await;
        assert_eq!((&told["name"], told.get("phone_number"), told.get("gender")), (&json!("Ann Lee"), None, None));
    }
}

scenario! {
    /// `…-ensure-different-nonce-inside-and-outside-request-object`, `…-ensure-different-state-…` and
    /// `…-state-only-outside-request-object-not-used`: what was pushed counts, and nothing beside the reference.
    async fn nothing_outside_of_a_pushed_request_is_used(app) {
        let [flow, _] = CodeFlow::both(app).await;
        let begun = flow.begin(&flow.push(&[], &[]).await, "&nonce=other&state=other").await;
        let back = flow.answered(&begun, json!({})).await;
        assert_eq!(parameter(&back, "state").as_deref(), Some("s 1"));
        let granted = flow.tokens(&parameter(&back, "code").unwrap()).await;
        assert_eq!(claims(&text(&granted["id_token"]))["nonce"], "n-1");
        let begun = flow.begin(&flow.push(&[("state", "")], &[]).await, "&state=outside").await;
        assert_eq!(parameter(&flow.answered(&begun, json!({})).await, "state"), None);
    }
}

scenario! {
    /// `…-ensure-mismatched-dpop-jkt-fails`
    async fn ensure_mismatched_dpop_jkt_fails(app) {
        for flow in CodeFlow::both(app).await {
            let another = challenge(VERIFIER);
            let proof = flow.proof_at_par();
            assert_eq!(flow.refused(&[("dpop_jkt", &another)], &[("DPoP", &proof)]).await, "invalid_request");
            flow.push(&[("dpop_jkt", &flow.jkt())], &[("DPoP", &proof)]).await;
        }
    }
}

scenario! {
    /// `…-ensure-dpopproof-at-par-endpoint-binding-success`, `…-ensure-dpop-auth-code-binding-success`,
    /// `…-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt` and `…-ensure-token-endpoint-fails-with-mismatched-dpop-jkt`
    async fn ensure_dpop_auth_code_binding(app) {
        let [first, second] = CodeFlow::both(app).await;
        let (proof, jkt) = (first.proof_at_par(), first.jkt());
        for (more, headers) in [(&[][..], &[("DPoP", &*proof)][..]), (&[("dpop_jkt", &*jkt)], &[])] {
            let code = first.code(more, headers).await;
            let by_another_key = first.redeem(&code, &[], &second.client.proof(json!({}))).await;
            is_denied(&by_another_key, "invalid_grant");
            first.tokens(&code).await;
        }
    }
}

scenario! {
    /// `…-ensure-request-object-without-redirect-uri-fails`, `…-ensure-redirect-uri-in-authorization-request` and
    /// `…-plain-fapi-tolerate-unregistered-redirect-uri`: an address that isn't registered is refused, for all clients alike.
    async fn ensure_redirect_uri_in_authorization_request(app) {
        for flow in CodeFlow::both(app).await {
            for redirect_uri in ["", "https://shop.example/cb", "https://shop.example/cb?tenant=1&more", "https://other.example/cb?tenant=1"] {
                assert_eq!(flow.refused(&[("redirect_uri", redirect_uri)], &[]).await, "invalid_request", "{redirect_uri}");
            }
        }
    }
}

scenario! {
    /// `…-ensure-unsigned-authorization-request-without-using-par-fails`
    async fn ensure_unsigned_authorization_request_without_using_par_fails(app) {
        for flow in CodeFlow::both(app).await {
            let (id, challenge) = (flow.client.id, challenge(VERIFIER));
            let query = format!(
                "response_type=code&client_id={id}&redirect_uri={}&scope=openid&state=s%201&code_challenge={challenge}&code_challenge_method=S256",
                encoded(CALLBACK)
            );
            is_told(&flow.sign_in.authorize(&query, "").await, "invalid_request");
        }
    }
}

scenario! {
    /// `…-ensure-response-type-code-idtoken-fails` and `…-ensure-response-type-token-fails`
    async fn ensure_response_type_code_idtoken_and_token_fail(app) {
        let [flow, _] = CodeFlow::both(app).await;
        for response_type in ["code id_token", "token"] {
            assert_eq!(flow.refused(&[("response_type", response_type)], &[]).await, "unsupported_response_type");
        }
    }
}

scenario! {
    /// `…-ensure-authorization-code-is-bound-to-client`; the try of another client costs the code nothing.
    async fn ensure_authorization_code_is_bound_to_client(app) {
        let [first, second] = CodeFlow::both(app).await;
        let code = first.code(&[], &[]).await;
        is_denied(&second.redeem(&code, &[], &second.client.proof(json!({}))).await, "invalid_grant");
        first.tokens(&code).await;
    }
}

scenario! {
    /// `…-attempt-reuse-authorization-code-after-one-second`: the second use ends what came of the first (RFC 6749 section 4.1.2).
    async fn attempt_reuse_authorization_code_after_one_second(app) {
        for flow in CodeFlow::both(app).await {
            let code = flow.code(&[], &[]).await;
            let granted = flow.tokens(&code).await;
            app.clock.advance_ms(1_000);
            is_denied(&flow.redeem(&code, &[], &flow.client.proof(json!({"iat": NOW + 1}))).await, "invalid_grant");
            assert_eq!(flow.client.tenant.audit(&text(&granted["access_token"])).await, json!({"active": false}));
            app.clock.advance_ms(-1_000);
        }
    }
}

scenario! {
    /// `…-ensure-token-endpoint-fails-with-expired-auth-code`: after 60 seconds at most (FAPI 2.0 section 5.3.2.2).
    async fn ensure_token_endpoint_fails_with_expired_auth_code(app) {
        let [flow, _] = CodeFlow::both(app).await;
        let [early, late] = [flow.code(&[], &[]).await, flow.code(&[], &[]).await];
        app.clock.advance_ms(59_000);
        let now = json!({"iat": NOW + 59, "exp": NOW + 119});
        let ask = async |code: &str| {
            let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
            let proof = flow.client.proof(json!({"iat": NOW + 60}));
            flow.client.ask(&form, &flow.client.assertion(now.clone()), &[("DPoP", &proof)]).await
        };
        ask(&early).await.ok();
        app.clock.advance_ms(1_000);
        is_denied(&ask(&late).await, "invalid_grant");
    }
}

scenario! {
    /// `…-ensure-holder-of-key-required` and `…-ensure-client-assertion-in-token-endpoint`, with a code, which neither try costs anything.
    async fn ensure_holder_of_key_and_client_assertion_with_a_code(app) {
        for flow in CodeFlow::both(app).await {
            let code = flow.code(&[], &[]).await;
            let form = [
                ("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER),
            ];
            is_denied(&flow.client.ask(&form, &flow.client.assertion(json!({})), &[]).await, "invalid_dpop_proof");
            let (id, proof) = (flow.client.id.to_string(), flow.client.proof(json!({})));
            let form: Vec<_> = form.into_iter().chain([("client_id", &*id)]).collect();
            let without = flow.client.tenant.send("/oauth2/token", By::Nothing, &form, &[("DPoP", &proof)]).await;
            is_denied(&without, "invalid_client");
            flow.tokens(&code).await;
        }
    }
}

scenario! {
    /// `…-refresh-token`, of a person: bound to its client, and the access tokens that come of it to the key.
    async fn refresh_token_of_a_person(app) {
        let [first, second] = CodeFlow::both(app).await;
        let granted = first.tokens(&first.code(&[], &[]).await).await;
        let refresh_token = text(&granted["refresh_token"]);
        let form = [("grant_type", REFRESH_TOKEN), ("refresh_token", &*refresh_token)];
        let (assertion, proof) = (second.client.assertion(json!({})), second.client.proof(json!({})));
        is_denied(&second.client.ask(&form, &assertion, &[("DPoP", &proof)]).await, "invalid_grant");
        let refreshed = first.client.granted(&form).await;
        assert_ne!(refreshed["access_token"], granted["access_token"]);
        assert_eq!(first.client.tenant.audit(&text(&refreshed["access_token"])).await["cnf"], json!({"jkt": first.jkt()}));
    }
}

scenario! {
    /// `…-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds` and `…-par-attempt-reuse-request_uri`
    async fn par_request_uri_is_used_again_only_before_the_person_has_signed_in(app) {
        for flow in CodeFlow::both(app).await {
            let request_uri = flow.push(&[], &[]).await;
            let begun = flow.begin(&request_uri, "").await;
            let again = location(&flow.open(&request_uri, "", &begun.cookie).await);
            assert_eq!(parameter(&again, "authorization").as_deref(), Some(&*begun.id));
            let code = parameter(&flow.answered(&begun, json!({})).await, "code").unwrap();
            is_page(&flow.open(&request_uri, "", &begun.cookie).await, "invalid_request_uri");
            flow.tokens(&code).await;
        }
    }
}

scenario! {
    /// `…-par-attempt-to-use-expired-request_uri` and `…-par-attempt-to-use-request_uri-for-different-client`
    async fn par_request_uri_is_good_for_a_short_time_and_for_its_client(app) {
        let [first, second] = CodeFlow::both(app).await;
        let request_uri = first.push(&[], &[]).await;
        is_page(&second.open(&request_uri, "", "").await, "invalid_request_uri");
        app.clock.advance_ms(60_000);
        is_page(&first.open(&request_uri, "", "").await, "invalid_request_uri");
    }
}

scenario! {
    /// `…-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted` and `…-nbf-over-60-seconds-in-the-future-fails`
    async fn par_ensure_jwt_client_assertions_in_the_future(app) {
        for flow in CodeFlow::both(app).await {
            let ahead = |seconds: i64| flow.client.assertion(json!({"iat": NOW + seconds, "nbf": NOW + seconds, "exp": NOW + seconds + 60}));
            flow.try_push(&[], &ahead(8), &[]).await.created();
            is_denied(&flow.try_push(&[], &ahead(61), &[]).await, "invalid_client");
        }
    }
}

scenario! {
    /// `…-par-test-array-as-audience-fails`, `…-par-test-par-endpoint-url-as-audience-fails` and
    /// `…-par-test-token-endpoint-url-as-audience-fails`
    async fn par_audience_is_the_issuer_alone(app) {
        for flow in CodeFlow::both(app).await {
            let [par, token] = ["par", "token"].map(|name| format!("{ISSUER}/oauth2/{name}"));
            for aud in [json!([ISSUER]), json!([par]), json!(par), json!(token)] {
                let assertion = flow.client.assertion(json!({ "aud": aud }));
                is_denied(&flow.try_push(&[], &assertion, &[]).await, "invalid_client");
            }
        }
    }
}

scenario! {
    /// `…-par-authorization-request-containing-request_uri-form-param` and `…-par-attempt-invalid-http-method`
    async fn par_takes_no_reference_and_only_post(app) {
        let [flow, _] = CodeFlow::both(app).await;
        let request_uri = flow.push(&[], &[]).await;
        assert_eq!(flow.refused(&[("request_uri", &request_uri)], &[]).await, "invalid_request");
        for method in [Method::PUT, Method::GET] {
            let answer = app.send(Request::builder().method(method).uri("/oauth2/par").body(Bytes::new()).unwrap()).await;
            assert_eq!((answer.status.as_u16(), &answer.headers["allow"]), (405, &"POST".parse().unwrap()));
        }
    }
}

scenario! {
    /// `…-par-ensure-pkce-required`, `…-par-plain-pkce-rejected`, `…-ensure-pkce-code-verifier-required` and
    /// `…-incorrect-pkce-code-verifier-rejected`; no wrong verifier costs the code anything.
    async fn pkce_is_required_by_s256_and_checked(app) {
        for flow in CodeFlow::both(app).await {
            assert_eq!(flow.refused(&[("code_challenge", ""), ("code_challenge_method", "")], &[]).await, "invalid_request");
            for method in ["", "plain"] {
                assert_eq!(flow.refused(&[("code_challenge_method", method)], &[]).await, "invalid_request");
            }
            let code = flow.code(&[], &[]).await;
            for verifier in ["", &"w".repeat(43)] {
                let answer = flow.redeem(&code, &[("code_verifier", verifier)], &flow.client.proof(json!({}))).await;
                is_denied(&answer, "invalid_grant");
            }
            flow.tokens(&code).await;
        }
    }
}
