//! The grant `urn:ietf:params:oauth:grant-type:token-exchange`: RFC 8693.

use serde_json::json;

use super::tenant::{
    ACCESS_TOKEN, API, APP, BROKER, By, IDP, JWT_BEARER, NOW, SERVER, TOKEN_EXCHANGE, Tenant, WEB, claims, is_denied, proof, text,
};
use crate::support::scenario;

const JWT_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";

scenario! {
    async fn rfc8693_2_2_1_a_token_becomes_a_lesser_one_and_stays_as_it_is(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let subject = text(&tenant.for_member(WEB, &[("scope", "read write"), ("resource", API)]).await["access_token"]);
            let before = tenant.audit(&subject).await;
            app.clock.advance_ms(1_000);
            let exchanged = tenant.exchange(SERVER, &subject, &[("scope", "read"), ("audience", API)]).await.ok();
            assert_eq!(exchanged["issued_token_type"], ACCESS_TOKEN);
            assert_eq!((&exchanged["expires_in"], &exchanged["scope"]), (&json!(599), &json!("read")));
            assert_eq!(exchanged.get("refresh_token"), None);
            let told = tenant.audit(&text(&exchanged["access_token"])).await;
            assert_eq!((&told["sub"], &told["aud"], &told["exp"]), (&json!("ann"), &json!([API]), &before["exp"]), "{told}");
            assert_eq!((&told["client_id"], told.get("act")), (&json!(tenant.id(SERVER).to_string()), None));
            assert_eq!(tenant.audit(&subject).await, before, "the subject token stays as it was");
        }
    }
}

scenario! {
    async fn rfc8693_4_1_an_actor_is_told_and_those_before_it(app) {
        let tenant = Tenant::jwt(app).await;
        let subject = text(&tenant.for_member(WEB, &[]).await["access_token"]);
        let first = tenant.own_token(SERVER, &[]).await;
        let second = tenant.own_token(BROKER, &[]).await;
        let act = async |token: &str, actor: &str| {
            let form = [("actor_token", actor), ("actor_token_type", ACCESS_TOKEN)];
            text(&tenant.exchange(BROKER, token, &form).await.ok()["access_token"])
        };
        let one = act(&subject, &first).await;
        let server = json!({"sub": tenant.id(SERVER).to_string(), "client_id": tenant.id(SERVER).to_string()});
        assert_eq!(claims(&one)["act"], server);
        let two = act(&one, &second).await;
        let broker = tenant.id(BROKER).to_string();
        assert_eq!(claims(&two)["act"], json!({"sub": broker, "client_id": broker, "act": server}));
        assert_eq!(tenant.audit(&two).await["act"], claims(&two)["act"]);
        let plain = text(&tenant.exchange(BROKER, &two, &[("act", "x"), ("may_act", "x")]).await.ok()["access_token"]);
        assert_eq!(claims(&plain)["act"], claims(&two)["act"], "it is kept, and nobody can add to it");
        tenant.revoke(SERVER, &first).await;
        for dead in [&one, &two, &plain] {
            assert!(!tenant.is_live(dead).await, "whoever acts no more acts through none");
        }
        assert!(tenant.is_live(&subject).await);
    }
}

scenario! {
    async fn what_a_member_s_token_was_exchanged_for_dies_with_all_that_it_came_of(app) {
        let tenant = Tenant::opaque(app).await;
        let first = app.mint("500", "ann", json!({"scopes": ["read"], "audiences": [API]})).await.created();
        let first = text(&first["token"]);
        let second = app.mint_as(&first, "500", "ann", json!({"scopes": ["read"], "audiences": [API]})).await.created();
        let exchanged = text(&tenant.exchange(SERVER, &text(&second["token"]), &[]).await.ok()["access_token"]);
        let further = text(&tenant.exchange(SERVER, &exchanged, &[]).await.ok()["access_token"]);
        assert!(tenant.is_live(&exchanged).await && tenant.is_live(&further).await);
        app.post("/v1/tokens/revoke", None, json!({"token": first})).await.is_empty();
        assert!(!tenant.is_live(&exchanged).await && !tenant.is_live(&further).await);
    }
}

scenario! {
    async fn nothing_is_gained_by_an_exchange(app) {
        let tenant = Tenant::opaque(app).await;
        let subject = tenant.own_token(WEB, &[("scope", "read"), ("resource", API)]).await;
        for scope in ["write", "read write", "READ", "read *", "urn:jeton:admin"] {
            is_denied(&tenant.exchange(WEB, &subject, &[("scope", scope)]).await, "invalid_scope");
        }
        for target in [("audience", "other"), ("resource", "https://other.example"), ("resource", "relative")] {
            is_denied(&tenant.exchange(WEB, &subject, &[target]).await, "invalid_target");
        }
        is_denied(&tenant.exchange(WEB, &subject, &[("audience", API), ("audience", "other")]).await, "invalid_target");
        tenant.exchange(WEB, &subject, &[("audience", API), ("resource", API)]).await.ok();
        let has_no_audience = tenant.own_token(WEB, &[]).await;
        is_denied(&tenant.exchange(WEB, &has_no_audience, &[("resource", API)]).await, "invalid_target");
        is_denied(&tenant.exchange(WEB, &subject, &[("authorization_details", r#"[{"type":"payment"}]"#)]).await, "invalid_authorization_details");
    }
}

scenario! {
    async fn only_a_confidential_client_with_the_permit_exchanges(app) {
        let tenant = Tenant::opaque(app).await;
        let own = tenant.own_token(WEB, &[]).await;
        let shown = tenant.own_token(WEB, &[("resource", API)]).await;
        tenant.exchange(WEB, &own, &[]).await.ok();
        tenant.exchange(BROKER, &own, &[]).await.ok();
        tenant.exchange(SERVER, &shown, &[]).await.ok();
        is_denied(&tenant.exchange(SERVER, &own, &[]).await, "unauthorized_client");
        is_denied(&tenant.exchange(crate::oauth::tenant::KEYED, &shown, &[]).await, "unauthorized_client");
        is_denied(&tenant.exchange(APP, &own, &[]).await, "unauthorized_client");
    }
}

scenario! {
    async fn broken_tokens_and_types_are_errors_and_not_treated_as_absent(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        let granted = tenant.for_member(WEB, &[]).await;
        let ask = async |form: &[(&str, &str)]| {
            let form: Vec<_> = [("grant_type", TOKEN_EXCHANGE)].into_iter().chain(form.iter().copied()).collect();
            tenant.token(By::Client(WEB), &form).await
        };
        let good = [("subject_token", &*token), ("subject_token_type", ACCESS_TOKEN)];
        ask(&good).await.ok();
        is_denied(&ask(&good[..1]).await, "invalid_request");
        is_denied(&ask(&good[1..]).await, "invalid_request");
        for kind in ["id_token", "refresh_token", "saml1", "saml2", "jwt", "unknown"] {
            let kind = format!("urn:ietf:params:oauth:token-type:{kind}");
            is_denied(&ask(&[good[0], ("subject_token_type", &kind)]).await, "invalid_request");
        }
        for bad in ["x", "a.b.c", &text(&granted["refresh_token"])] {
            is_denied(&ask(&[("subject_token", bad), good[1]]).await, "invalid_request");
        }
        for more in [
            &[("actor_token", &*token)][..], &[("actor_token_type", ACCESS_TOKEN)], &[("actor_token", "x"), ("actor_token_type", ACCESS_TOKEN)],
            &[("actor_token", &*token), ("actor_token_type", "x")], &[("actor_token", &*token), ("actor_token_type", ACCESS_TOKEN)],
            &[("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")], &[("requested_token_type", JWT_TYPE)], &[("requested_token_type", "x")],
        ] {
            is_denied(&ask(&[&good[..], more].concat()).await, "invalid_request");
        }
        tenant.revoke(WEB, &token).await;
        is_denied(&ask(&good).await, "invalid_request");
        app.clock.advance_ms(600_000);
        is_denied(&tenant.exchange(WEB, &text(&granted["access_token"]), &[]).await, "invalid_request");
    }
}

scenario! {
    async fn a_jwt_is_exchanged_for_a_jwt_where_tokens_are_jwts(app) {
        let tenant = Tenant::jwt(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        let form = [("grant_type", TOKEN_EXCHANGE), ("subject_token", &*token), ("subject_token_type", JWT_TYPE), ("requested_token_type", JWT_TYPE)];
        let exchanged = tenant.token(By::Client(WEB), &form).await.ok();
        assert_eq!((&exchanged["issued_token_type"], &claims(&text(&exchanged["access_token"]))["iat"]), (&json!(JWT_TYPE), &json!(NOW)));
    }
}

scenario! {
    async fn a_member_s_own_token_opens_to_a_client_what_the_member_holds(app) {
        let tenant = Tenant::opaque(app).await;
        let scopes = json!({"scopes": ["read?", "write?"], "audiences": [API]});
        let of = async |member: &str| text(&app.mint("500", member, scopes.clone()).await.created()["token"]);
        let (ann, reader) = (of("ann").await, of("reader").await);
        assert_eq!(tenant.exchange(SERVER, &ann, &[]).await.ok()["scope"], "read write");
        let lesser = tenant.exchange(SERVER, &reader, &[]).await.ok();
        assert_eq!(lesser["scope"], "read");
        is_denied(&tenant.exchange(SERVER, &reader, &[("scope", "write")]).await, "invalid_scope");
        is_denied(&tenant.exchange(SERVER, &app.admin, &[]).await, "invalid_request");
        let token = text(&lesser["access_token"]);
        assert_eq!(tenant.audit(&token).await["sub"], "reader");
        app.delete("/v1/orgs/500/members/reader", &app.admin).await.is_empty();
        assert!(!tenant.is_live(&token).await);
    }
}

scenario! {
    async fn what_comes_of_a_token_dies_with_it_and_not_before(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let parent = tenant.own_token(WEB, &[]).await;
            let mut line = vec![parent.clone()];
            for _ in 0..3 {
                line.push(text(&tenant.exchange(WEB, line.last().unwrap(), &[]).await.ok()["access_token"]));
            }
            let sibling = text(&tenant.exchange(WEB, &parent, &[]).await.ok()["access_token"]);
            tenant.revoke(WEB, &line[1]).await;
            assert!(tenant.is_live(&parent).await && tenant.is_live(&sibling).await, "parent and sibling live on");
            for token in &line[1..] {
                assert!(!tenant.is_live(token).await, "what came of it is dead");
            }
            tenant.revoke(WEB, &parent).await;
            assert!(!tenant.is_live(&sibling).await);
        }
    }
}

scenario! {
    async fn a_chain_of_exchanges_has_at_most_eight_generations(app) {
        let tenant = Tenant::opaque(app).await;
        let mut token = tenant.own_token(WEB, &[]).await;
        for _ in 0..8 {
            token = text(&tenant.exchange(WEB, &token, &[]).await.ok()["access_token"]);
        }
        assert!(tenant.is_live(&token).await);
        is_denied(&tenant.exchange(WEB, &token, &[]).await, "invalid_request");
    }
}

scenario! {
    async fn a_binding_is_never_lost_by_an_exchange(app) {
        let tenant = Tenant::opaque(app).await;
        let assertion = tenant.assertion(IDP, json!({}));
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
        let bound = tenant.send("/oauth2/token", By::Client(WEB), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        let bound = text(&bound["access_token"]);
        is_denied(&tenant.exchange(WEB, &bound, &[]).await, "invalid_dpop_proof");
        let form = [("grant_type", TOKEN_EXCHANGE), ("subject_token", &*bound), ("subject_token_type", ACCESS_TOKEN)];
        let exchanged = tenant.send("/oauth2/token", By::Client(WEB), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        let told = tenant.audit(&text(&exchanged["access_token"])).await;
        assert_eq!(told["cnf"], tenant.audit(&bound).await["cnf"]);
    }
}
