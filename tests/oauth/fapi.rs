//! The modules of the OpenID Foundation's conformance suite for FAPI 2.0 (plan
//! `fapi2-security-profile-final-client-credentials-grant-test-plan`), as scenarios: clients that authenticate by `private_key_jwt`, and whose
//! tokens are bound by DPoP. What a resource server checks of a token is asked here as it asks: with the proof that it was shown. The modules of
//! `fapi2-security-profile-final-test-plan`, in which people sign in, are in `code`.

use serde_json::{Value, json};
use shared::domain::Algorithm;
use shared::jose::{jwk, sha256};
use shared::keys::signer::{LocalSigner, Signer as _};

use super::tenant::{
    ASSERTION_TYPE, By, CLIENT_CREDENTIALS, IDP, ISSUER, JWT_BEARER, NOW, REFRESH_TOKEN, Tenant, claims, fresh_id, is_denied,
    jwt, over, text,
};
use crate::support::{Answer, App, scenario};

mod code;
mod dpop;

const GRANT: (&str, &str) = ("grant_type", CLIENT_CREDENTIALS);

/// A client of FAPI 2.0 with the key of its assertions and the one of its proofs.
struct Fapi<'a> {
    tenant: Tenant<'a>,
    id: u64,
    key: LocalSigner,
    dpop: LocalSigner,
}

impl<'a> Fapi<'a> {
    /// One that signs by PS256, and one by ES256: FAPI 2.0 section 5.4.1.
    async fn both(app: &'a App) -> [Self; 2] {
        Self::registered_with(Tenant::jwt(app).await, json!({})).await
    }

    /// Both, with `more` laid over what they are registered with.
    async fn registered_with(tenant: Tenant<'a>, more: Value) -> [Self; 2] {
        let client = |id: u64, alg: Algorithm, dpop: Algorithm| Self {
            tenant,
            id,
            key: LocalSigner::for_tests(alg),
            dpop: LocalSigner::for_tests(dpop),
        };
        let both = [client(6_011, Algorithm::Ps256, Algorithm::Es256), client(6_012, Algorithm::Es256, Algorithm::Ps256)];
        let clients: Vec<_> = both.iter().map(|client| over(client.registered(), more.clone())).collect();
        tenant.app.seed(&json!({ "clients": clients })).await.expect("the seed is loaded");
        both
    }

    fn registered(&self) -> Value {
        json!({
            "org": self.tenant.org, "id": self.id, "kind": "confidential", "auth_method": "private_key_jwt", "dpop_bound_tokens": true,
            "grants": [CLIENT_CREDENTIALS, REFRESH_TOKEN, JWT_BEARER], "jwks": {"keys": [jwk::to_json(self.key.jwk())]},
        })
    }

    fn assertion(&self, more: Value) -> String {
        self.assertion_by(&self.key, more)
    }

    /// By a key that need not be its own.
    fn assertion_by(&self, key: &LocalSigner, more: Value) -> String {
        let id = self.id.to_string();
        let claims = json!({"iss": id, "sub": id, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": fresh_id()});
        jwt(key, &json!({"alg": key.jwk().alg.as_str(), "kid": key.jwk().kid.as_str()}), &over(claims, more))
    }

    /// For the token endpoint.
    fn proof(&self, more: Value) -> String {
        dpop::Place::token_endpoint().proof(&self.dpop, json!({}), more)
    }

    /// The answer to a form, by this assertion and this proof.
    async fn ask(&self, form: &[(&str, &str)], assertion: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask_at("/oauth2/token", form, assertion, headers).await
    }

    /// The answer of an endpoint where clients authenticate.
    async fn ask_at(&self, path: &str, form: &[(&str, &str)], assertion: &str, headers: &[(&str, &str)]) -> Answer {
        let by = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)];
        let form: Vec<_> = form.iter().copied().chain(by).collect();
        self.tenant.send(path, By::Nothing, &form, headers).await
    }

    /// The answer where only the assertion is in question.
    async fn with_assertion(&self, assertion: &str) -> Answer {
        self.ask(&[GRANT], assertion, &[("DPoP", &self.proof(json!({})))]).await
    }

    /// The answer where only the proof is.
    async fn with_proof(&self, proof: &str) -> Answer {
        self.ask(&[GRANT], &self.assertion(json!({})), &[("DPoP", proof)]).await
    }

    /// What it gets for a good request.
    async fn granted(&self, form: &[(&str, &str)]) -> Value {
        let (assertion, proof) = (self.assertion(json!({})), self.proof(json!({})));
        let granted = self.ask(form, &assertion, &[("DPoP", &proof)]).await.ok();
        assert_eq!(granted["token_type"], "DPoP");
        granted
    }
}

scenario! {
    /// `fapi2-security-profile-final-happy-flow`
    async fn happy_flow(app) {
        for client in Fapi::both(app).await {
            let granted = client.granted(&[GRANT, ("scope", "read")]).await;
            let token = text(&granted["access_token"]);
            assert_eq!((&granted["expires_in"], granted.get("refresh_token"), granted.get("id_token")), (&json!(600), None, None));
            assert!(token.len() >= 43, "128 bits of entropy: FAPI 2.0 section 5.4.1");
            let resource = dpop::Place::resource(&token);
            assert_eq!(resource.ask(&client, Some(&resource.proof(&client.dpop, json!({}), json!({})))).await, "OK");
            let jkt = jwk::thumbprint(&client.dpop.jwk().key, client.dpop.jwk().alg);
            assert_eq!(client.tenant.audit(&token).await["cnf"], json!({"jkt": jkt.as_str()}));
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-discovery-end-point-verification`
    async fn discovery_end_point_verification(app) {
        for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
            let metadata = app.get(path, &app.admin).await.ok();
            assert_eq!(metadata["issuer"], ISSUER);
            for (member, wanted) in [
                ("grant_types_supported", &[CLIENT_CREDENTIALS][..]),
                ("token_endpoint_auth_methods_supported", &["private_key_jwt"]),
                ("token_endpoint_auth_signing_alg_values_supported", &["PS256", "ES256", "EdDSA"]),
                ("dpop_signing_alg_values_supported", &["PS256", "ES256", "EdDSA"]),
            ] {
                let all = metadata[member].as_array().unwrap_or_else(|| panic!("{member}: {metadata}"));
                assert!(wanted.iter().all(|one| all.contains(&json!(one))), "{member}: {all:?}");
                let is_symmetric = |one: &Value| one == "none" || text(one).starts_with("HS");
                assert!(!member.contains("_alg_") || !all.iter().any(is_symmetric), "{member}: {all:?}");
            }
            let proofs = metadata["dpop_signing_alg_values_supported"].as_array().unwrap();
            assert!(proofs.iter().all(|one| !one.as_str().unwrap().starts_with("RS")), "{proofs:?}");
            for member in ["token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"] {
                assert!(text(&metadata[member]).starts_with("https://"), "{member}");
            }
            assert_eq!(metadata["authorization_endpoint"], format!("{ISSUER}/oauth2/authorize"), "a page that says that there is none");
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-access-token-type-header-case-sensitivity`
    async fn access_token_type_header_case_sensitivity(app) {
        let [client, _] = Fapi::both(app).await;
        let token = text(&client.granted(&[GRANT]).await["access_token"]);
        let auditor = app.token(client.tenant.org, "auditor", &["urn:jeton:tokens:read"]).await;
        for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
            let header = format!("{scheme} {auditor}");
            let answer = client.tenant.send("/oauth2/introspect", By::Header(&header), &[("token", &token)], &[]).await;
            assert_eq!(answer.ok()["active"], true, "{scheme}");
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-check-dpop-proof-nbf-exp`
    async fn check_dpop_proof_nbf_exp(app) {
        for client in Fapi::both(app).await {
            let times = json!({"nbf": NOW, "exp": NOW + 300});
            let token = text(&client.with_proof(&client.proof(times.clone())).await.ok()["access_token"]);
            let resource = dpop::Place::resource(&token);
            assert_eq!(resource.ask(&client, Some(&resource.proof(&client.dpop, json!({}), times))).await, "OK");
            for past in [json!({"exp": NOW - 1}), json!({"nbf": NOW + 3_600})] {
                is_denied(&client.with_proof(&client.proof(past)).await, "invalid_dpop_proof");
            }
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint`
    async fn ensure_client_assertion_in_token_endpoint(app) {
        for client in Fapi::both(app).await {
            let (id, proof) = (client.id.to_string(), client.proof(json!({})));
            let without = [GRANT, ("client_id", &*id)];
            let answer = client.tenant.send("/oauth2/token", By::Nothing, &without, &[("DPoP", &proof)]).await;
            is_denied(&answer, "invalid_client");
            client.with_assertion(&client.assertion(json!({}))).await.ok();
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails`
    async fn ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(app) {
        for client in Fapi::both(app).await {
            let assertion = client.assertion(json!({"exp": NOW - 300, "iat": NOW - 360}));
            is_denied(&client.with_assertion(&assertion).await, "invalid_client");
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails`
    async fn ensure_client_assertion_with_no_sub_fails(app) {
        for client in Fapi::both(app).await {
            let (assertion, id) = (client.assertion(json!({"sub": null})), client.id.to_string());
            is_denied(&client.with_assertion(&assertion).await, "invalid_client");
            let answer = client.ask(&[GRANT, ("client_id", &*id)], &assertion, &[("DPoP", &client.proof(json!({})))]).await;
            is_denied(&answer, "invalid_client");
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails`
    async fn ensure_client_assertion_with_wrong_aud_fails(app) {
        for client in Fapi::both(app).await {
            for aud in [json!("https://other.example/"), json!(format!("{ISSUER}/oauth2/token")), json!([ISSUER])] {
                is_denied(&client.with_assertion(&client.assertion(json!({ "aud": aud }))).await, "invalid_client");
            }
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-client-id-in-token-endpoint`: the second client, by the key of the first one.
    async fn ensure_client_id_in_token_endpoint(app) {
        let [first, second] = Fapi::both(app).await;
        let (id, proof) = (second.id.to_string(), first.proof(json!({})));
        let form = [GRANT, ("client_id", &*id)];
        for assertion in [second.assertion_by(&first.key, json!({})), first.assertion(json!({}))] {
            is_denied(&first.ask(&form, &assertion, &[("DPoP", &proof)]).await, "invalid_client");
        }
        first.ask(&form, &second.assertion(json!({})), &[("DPoP", &proof)]).await.ok();
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds` and
    /// `fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds`
    async fn ensure_dpopproof_with_iat_10seconds_after_or_before_succeeds(app) {
        for client in Fapi::both(app).await {
            for iat in [NOW + 10, NOW - 10] {
                let token = text(&client.with_proof(&client.proof(json!({ "iat": iat }))).await.ok()["access_token"]);
                let resource = dpop::Place::resource(&token);
                assert_eq!(resource.ask(&client, Some(&resource.proof(&client.dpop, json!({}), json!({ "iat": iat })))).await, "OK");
            }
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-holder-of-key-required`
    async fn ensure_holder_of_key_required(app) {
        for client in Fapi::both(app).await {
            let assertion = client.assertion(json!({}));
            is_denied(&client.ask(&[GRANT], &assertion, &[]).await, "invalid_dpop_proof");
            client.with_assertion(&assertion).await.ok();
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails`: by the very key that is registered for PS256.
    async fn ensure_signed_client_assertion_with_rs256_fails(app) {
        let [client, _] = Fapi::both(app).await;
        let key = LocalSigner::for_tests(Algorithm::Rs256);
        assert_eq!(key.jwk().key, client.key.jwk().key);
        let said = claims(&client.assertion(json!({})));
        for kid in [json!(client.key.jwk().kid.as_str()), json!(key.jwk().kid.as_str()), Value::Null] {
            let header = over(json!({"alg": "RS256"}), json!({ "kid": kid }));
            is_denied(&client.with_assertion(&jwt(&key, &header, &said)).await, "invalid_client");
        }
        client.with_assertion(&client.assertion(json!({}))).await.ok();
    }
}

scenario! {
    /// `fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted` and
    /// `fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails`, at the token endpoint.
    async fn ensure_jwt_client_assertions_in_the_future(app) {
        for client in Fapi::both(app).await {
            let ahead = |seconds: i64| json!({"iat": NOW + seconds, "nbf": NOW + seconds, "exp": NOW + seconds + 60});
            client.with_assertion(&client.assertion(ahead(8))).await.ok();
            for claim in [ahead(61), json!({"iat": NOW + 61}), json!({"nbf": NOW + 61})] {
                is_denied(&client.with_assertion(&client.assertion(claim)).await, "invalid_client");
            }
        }
    }
}

scenario! {
    /// `fapi2-security-profile-final-refresh-token`: kept, or replaced and good for another 30 seconds; bound to its client, which
    /// may change its key (RFC 9449 section 5).
    async fn refresh_token(app) {
        for kept in [true, false] {
            let [client, other] = Fapi::both(app).await;
            client.tenant.set(json!({ "refresh_token_kept": kept })).await;
            let assertion = client.tenant.assertion(IDP, json!({}));
            let granted = client.granted(&[("grant_type", JWT_BEARER), ("assertion", &assertion)]).await;
            let first = text(&granted["refresh_token"]);
            assert!(first.bytes().all(|b| (0x20..=0x7e).contains(&b)), "RFC 6749 appendix A.17");
            let form = [("grant_type", REFRESH_TOKEN), ("refresh_token", &*first)];
            let refreshed = client.granted(&form).await;
            assert_eq!(refreshed["refresh_token"] == granted["refresh_token"], kept);
            assert_ne!(refreshed["access_token"], granted["access_token"]);
            app.clock.advance_ms(30_000);
            assert_eq!(client.granted(&form).await["refresh_token"], refreshed["refresh_token"], "RFC 6749 says nothing of lost answers");
            is_denied(&client.ask(&form, &client.assertion(json!({})), &[]).await, "invalid_dpop_proof");
            let by_another = other.ask(&form, &other.assertion(json!({})), &[("DPoP", &other.proof(json!({})))]).await;
            is_denied(&by_another, "invalid_grant");
            let by_another_key = client.ask(&form, &client.assertion(json!({})), &[("DPoP", &other.proof(json!({})))]).await;
            assert_eq!(by_another_key.ok()["token_type"], "DPoP");
            client.granted(&form).await;
            app.clock.advance_ms(-30_000);
        }
    }
}
