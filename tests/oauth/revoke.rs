//! `POST /oauth2/revoke`: RFC 7009.

use serde_json::json;

use super::tenant::{APP, By, CLIENT_CREDENTIALS, KEYED, Tenant, WEB, is_denied, text};
use crate::support::scenario;

scenario! {
    async fn rfc7009_2_2_a_client_revokes_its_token_and_the_rest_is_silence(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let token = tenant.own_token(WEB, &[]).await;
            tenant.revoke(KEYED, &token).await;
            assert!(tenant.is_live(&token).await, "another's stays");
            for _ in 0..2 {
                tenant.revoke(WEB, &token).await;
                assert!(!tenant.is_live(&token).await);
            }
            for unknown in ["x", "a.b.c", &"A".repeat(43), &app.admin] {
                tenant.revoke(WEB, unknown).await;
            }
            assert!(app.is_live(&app.admin).await);
        }
    }
}

scenario! {
    async fn rfc7009_2_1_a_wrong_hint_still_revokes(app) {
        let tenant = Tenant::opaque(app).await;
        for hint in ["access_token", "refresh_token", "saml2", "unknown"] {
            let token = tenant.own_token(WEB, &[]).await;
            let form = [("token", &*token), ("token_type_hint", hint)];
            assert_eq!(tenant.send("/oauth2/revoke", By::Client(WEB), &form, &[]).await.status.as_u16(), 200);
            assert!(!tenant.is_live(&token).await, "{hint}");
        }
        let long = "x".repeat(4_001);
        is_denied(&tenant.send("/oauth2/revoke", By::Client(WEB), &[("token", "x"), ("token_type_hint", &long)], &[]).await, "invalid_request");
    }
}

scenario! {
    async fn either_token_of_a_family_ends_all_of_it(app) {
        let tenant = Tenant::opaque(app).await;
        for client in [WEB, APP] {
            for by_refresh_token in [true, false] {
                let granted = tenant.for_member(client, &[]).await;
                let tokens = [text(&granted["access_token"]), text(&granted["refresh_token"])];
                tenant.revoke(client, &tokens[usize::from(by_refresh_token)]).await;
                assert!(!tenant.is_live(&tokens[0]).await && !tenant.is_live(&tokens[1]).await);
                is_denied(&tenant.refresh(client, &tokens[1], &[]).await, "invalid_grant");
            }
        }
    }
}

scenario! {
    async fn without_a_client_or_a_token_nothing_is_revoked(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        let id = tenant.id(WEB).to_string();
        for form in [&[("token", &*token)][..], &[("token", &*token), ("client_id", &*id)], &[("token", &*token), ("client_id", &*id), ("client_secret", "x")]] {
            is_denied(&tenant.send("/oauth2/revoke", By::Nothing, form, &[]).await, "invalid_client");
        }
        for form in [&[][..], &[("token", "")], &[("token", &*token), ("token", &*token)]] {
            is_denied(&tenant.send("/oauth2/revoke", By::Client(WEB), form, &[]).await, "invalid_request");
        }
        assert!(tenant.is_live(&token).await);
    }
}

scenario! {
    async fn what_a_client_was_granted_dies_with_it(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        app.delete(&format!("/api/{}/client/delete/{}", tenant.org, tenant.id(WEB)), &app.admin).await.is_empty();
        assert!(!tenant.is_live(&token).await);
        is_denied(&tenant.token(By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS)]).await, "invalid_client");
        assert_eq!(tenant.audit(&token).await, json!({"active": false}));
    }
}
