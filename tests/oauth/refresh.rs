//! The grant `refresh_token`: RFC 6749 section 6, RFC 9700 section 4.14.

use serde_json::json;

use super::tenant::{API, APP, By, IDP, JWT_BEARER, REFRESH_TOKEN, Tenant, WEB, client_thumbprint, is_denied, proof, text};
use crate::support::scenario;

scenario! {
    async fn a_confidential_client_keeps_its_refresh_token_and_a_public_one_gets_another(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            for (client, keeps) in [(WEB, true), (APP, false)] {
                let first = tenant.for_member(client, &[]).await;
                let second = tenant.refresh(client, &text(&first["refresh_token"]), &[]).await.ok();
                assert_eq!(first["refresh_token"] == second["refresh_token"], keeps);
                assert_ne!(first["access_token"], second["access_token"]);
                for granted in [&first, &second] {
                    assert!(tenant.is_live(&text(&granted["access_token"])).await, "a refresh ends no access token");
                }
            }
        }
    }
}

scenario! {
    async fn the_previous_refresh_token_gets_the_same_successor_for_sixty_seconds(app) {
        let tenant = Tenant::opaque(app).await;
        let first = text(&tenant.for_member(APP, &[]).await["refresh_token"]);
        let second = tenant.refresh(APP, &first, &[]).await.ok();
        for _ in 0..59 {
            app.clock.advance_ms(1_000);
            let again = tenant.refresh(APP, &first, &[]).await.ok();
            assert_eq!(again["refresh_token"], second["refresh_token"]);
            assert!(tenant.is_live(&text(&again["access_token"])).await);
        }
        app.clock.advance_ms(2_000);
        is_denied(&tenant.refresh(APP, &first, &[]).await, "invalid_grant");
        is_denied(&tenant.refresh(APP, &text(&second["refresh_token"]), &[]).await, "invalid_grant");
        assert!(!tenant.is_live(&text(&second["access_token"])).await, "the family is over");
    }
}

scenario! {
    async fn how_long_the_previous_refresh_token_gets_the_same_successor_is_for_the_org_to_say(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"refresh_token_retry_seconds": 1_800})).await;
        // Both begin now: later the assertions would be too old.
        let families = [tenant.for_member(APP, &[]).await, tenant.for_member(APP, &[]).await];
        for (family, slept_ms, is_good) in [(&families[0], 1_799_000, true), (&families[1], 1_801_000, false)] {
            let first = text(&family["refresh_token"]);
            let second = tenant.refresh(APP, &first, &[]).await.ok();
            app.clock.advance_ms(slept_ms);
            let again = tenant.refresh(APP, &first, &[]).await;
            if is_good {
                assert_eq!(again.ok()["refresh_token"], second["refresh_token"]);
                // Never longer than until the successor has been used.
                tenant.refresh(APP, &text(&second["refresh_token"]), &[]).await.ok();
                is_denied(&tenant.refresh(APP, &first, &[]).await, "invalid_grant");
            } else {
                is_denied(&again, "invalid_grant");
            }
        }
    }
}

scenario! {
    async fn a_reuse_ends_its_family_and_no_other(app) {
        let tenant = Tenant::opaque(app).await;
        let other = tenant.for_member(APP, &[]).await;
        for steps in [2, 3] {
            let granted = tenant.for_member(APP, &[]).await;
            let first = text(&granted["refresh_token"]);
            let mut last = first.clone();
            for _ in 0..steps {
                last = text(&tenant.refresh(APP, &last, &[]).await.ok()["refresh_token"]);
            }
            is_denied(&tenant.refresh(APP, &first, &[]).await, "invalid_grant");
            is_denied(&tenant.refresh(APP, &last, &[]).await, "invalid_grant");
            assert!(!tenant.is_live(&text(&granted["access_token"])).await);
        }
        tenant.refresh(APP, &text(&other["refresh_token"]), &[]).await.ok();
    }
}

scenario! {
    async fn a_refresh_token_that_is_not_the_client_s_own_consumes_nothing(app) {
        let (tenant, foreign) = (Tenant::opaque(app).await, Tenant::jwt(app).await);
        let granted = tenant.for_member(APP, &[]).await;
        let token = text(&granted["refresh_token"]);
        let mut bodies = Vec::new();
        for bad in ["x", &token[..token.len() - 1], &format!("{token}x"), &text(&granted["access_token"]), "jeton-rt.500.x.0.y"] {
            let answer = tenant.refresh(APP, bad, &[]).await;
            is_denied(&answer, "invalid_grant");
            bodies.push(answer.body);
        }
        for answer in [tenant.refresh(WEB, &token, &[]).await, foreign.refresh(APP, &token, &[]).await] {
            is_denied(&answer, "invalid_grant");
            bodies.push(answer.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1);
        let confidential = text(&tenant.for_member(WEB, &[]).await["refresh_token"]);
        let id = tenant.id(WEB).to_string();
        let form = [("grant_type", REFRESH_TOKEN), ("refresh_token", &*confidential), ("client_id", &*id)];
        is_denied(&tenant.token(By::Nothing, &form).await, "invalid_client");
        is_denied(&tenant.token(By::Client(WEB), &[("grant_type", REFRESH_TOKEN)]).await, "invalid_request");
        tenant.refresh(APP, &token, &[]).await.ok();
        tenant.refresh(WEB, &confidential, &[]).await.ok();
    }
}

scenario! {
    async fn rfc6749_6_a_refresh_narrows_one_access_token_and_never_widens(app) {
        let tenant = Tenant::opaque(app).await;
        let token = text(&tenant.for_member(WEB, &[("scope", "read write"), ("resource", API)]).await["refresh_token"]);
        let narrow = tenant.refresh(WEB, &token, &[("scope", "read")]).await.ok();
        assert_eq!(narrow["scope"], "read");
        let whole = tenant.refresh(WEB, &token, &[]).await.ok();
        assert_eq!(whole["scope"], "read write");
        let same = tenant.refresh(WEB, &token, &[("resource", API)]).await.ok();
        assert_eq!(tenant.audit(&text(&same["access_token"])).await["aud"], json!([API]));
        is_denied(&tenant.refresh(WEB, &token, &[("resource", "https://other.example")]).await, "invalid_target");
        let limited = text(&tenant.for_member(WEB, &[("scope", "read")]).await["refresh_token"]);
        is_denied(&tenant.refresh(WEB, &limited, &[("scope", "read write")]).await, "invalid_scope");
        tenant.set(json!({"supported_scopes": [{"name": "read", "default": true}]})).await;
        assert_eq!(tenant.refresh(WEB, &token, &[]).await.ok()["scope"], "read", "what the org no longer has is gone");
    }
}

scenario! {
    async fn the_end_of_a_family_never_moves(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"refresh_token_duration": 1_000})).await;
        let mut token = text(&tenant.for_member(APP, &[]).await["refresh_token"]);
        for _ in 0..9 {
            app.clock.advance_ms(100_000);
            token = text(&tenant.refresh(APP, &token, &[]).await.ok()["refresh_token"]);
        }
        app.clock.advance_ms(100_000);
        is_denied(&tenant.refresh(APP, &token, &[]).await, "invalid_grant");
    }
}

scenario! {
    async fn rfc9449_5_who_refreshes_proves_the_key_that_the_token_is_bound_to(app) {
        let tenant = Tenant::opaque(app).await;
        let assertion = tenant.assertion(IDP, json!({}));
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
        let granted = tenant.send("/oauth2/token", By::Client(APP), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        let token = text(&granted["refresh_token"]);
        is_denied(&tenant.refresh(APP, &token, &[]).await, "invalid_dpop_proof");
        let form = [("grant_type", REFRESH_TOKEN), ("refresh_token", &*token)];
        is_denied(&tenant.send("/oauth2/token", By::Client(APP), &form, &[("DPoP", &proof(json!({"htm": "GET"})))]).await, "invalid_dpop_proof");
        let refreshed = tenant.send("/oauth2/token", By::Client(APP), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        assert_eq!(refreshed["token_type"], "DPoP");
        let told = tenant.audit(&text(&refreshed["access_token"])).await;
        assert_eq!(told["cnf"]["jkt"], client_thumbprint());
    }
}

scenario! {
    /// The client authenticates, which is more than a key: it may use another one, or none.
    async fn rfc9449_5_the_refresh_token_of_a_confidential_client_is_bound_to_no_key(app) {
        let tenant = Tenant::opaque(app).await;
        let assertion = tenant.assertion(IDP, json!({}));
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
        let granted = tenant.send("/oauth2/token", By::Client(WEB), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        let token = text(&granted["refresh_token"]);
        assert_eq!(tenant.refresh(WEB, &token, &[]).await.ok()["token_type"], "Bearer");
        let form = [("grant_type", REFRESH_TOKEN), ("refresh_token", &*token)];
        let refreshed = tenant.send("/oauth2/token", By::Client(WEB), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        assert_eq!(refreshed["token_type"], "DPoP");
        assert_eq!(tenant.audit(&text(&refreshed["access_token"])).await["cnf"]["jkt"], client_thumbprint());
    }
}

scenario! {
    async fn what_the_org_no_longer_has_is_no_longer_refreshed(app) {
        let tenant = Tenant::opaque(app).await;
        let resources = |all: &[&str]| json!({"resources": all});
        tenant.set(resources(&[API, "urn:other"])).await;
        let token = text(&tenant.for_member(APP, &[("resource", API), ("scope", "read write")]).await["refresh_token"]);
        let token = text(&tenant.refresh(APP, &token, &[("scope", "write")]).await.ok()["refresh_token"]);
        tenant.set(json!({"resources": [API], "supported_scopes": [{"name": "read", "default": true}]})).await;
        is_denied(&tenant.refresh(APP, &token, &[("scope", "write")]).await, "invalid_scope");
        let kept = tenant.refresh(APP, &token, &[]).await.ok();
        assert_eq!(kept["scope"], "read", "what isn't named is left out, and the answer says so");
        let token = text(&kept["refresh_token"]);
        tenant.set(resources(&["urn:other"])).await;
        is_denied(&tenant.refresh(APP, &token, &[]).await, "invalid_target");
    }
}
