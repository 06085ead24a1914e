//! A token is good for what whoever has it may do now, not for what they could when it was granted.

use http::StatusCode;
use serde_json::{Value, json};

use super::tenant::{
    ACCESS_TOKEN, API, APP, BROKER, By, CLIENT_CREDENTIALS, ISSUER, JWT_BEARER, PARTNER, REFRESH_TOKEN, ROBOT, SERVER,
    TOKEN_EXCHANGE, Tenant, WEB, basic, claims, is_denied, proof, text,
};
use crate::support::{Answer, App, Mount, log, scenario};

/// Sets what a member holds.
async fn hold(tenant: &Tenant<'_>, member: &str, scopes: Value) {
    let path = format!("/v1/orgs/{}/members/{member}", tenant.org);
    let answer = tenant.app.put(&path, &tenant.app.admin, json!({"scopes": scopes})).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

scenario! {
    async fn what_a_member_no_longer_holds_no_token_about_it_opens(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let granted = tenant.for_member(WEB, &[("scope", "read write")]).await;
            let (token, refresh) = (text(&granted["access_token"]), text(&granted["refresh_token"]));
            assert_eq!(tenant.introspect(WEB, &token).await["scope"], "read write");
            hold(&tenant, "ann", json!(["read"])).await;
            let refreshed = tenant.refresh(WEB, &refresh, &[]).await.ok();
            assert_eq!(refreshed["scope"], "read");
            for token in [&token, &text(&refreshed["access_token"])] {
                assert_eq!(tenant.introspect(WEB, token).await["scope"], "read");
                is_denied(&tenant.exchange(WEB, token, &[("scope", "write")]).await, "invalid_scope");
                assert_eq!(tenant.exchange(WEB, token, &[]).await.ok()["scope"], "read");
            }
            assert_eq!(tenant.introspect(WEB, &refresh).await["token_use"], "refresh_token");
            hold(&tenant, "ann", json!(["read", "write"])).await;
            assert_eq!(tenant.refresh(WEB, &refresh, &[]).await.ok()["scope"], "read write", "what was granted is not lost");
        }
    }
}

scenario! {
    async fn what_a_client_may_no_longer_request_no_refresh_gives_it(app) {
        let tenant = Tenant::opaque(app).await;
        let refresh = text(&tenant.for_member(WEB, &[("scope", "read write")]).await["refresh_token"]);
        let client = format!("/api/{}/client", tenant.org);
        let mut whole = app.get(&format!("{client}/get/{}", tenant.id(WEB)), &app.admin).await.ok();
        whole["extension"] = json!({"requestableScopesEnabled": true, "requestableScopes": ["read"]});
        app.post(&format!("{client}/update/{}", tenant.id(WEB)), Some(&app.admin), whole).await.ok();
        assert_eq!(tenant.refresh(WEB, &refresh, &[]).await.ok()["scope"], "read");
    }
}

scenario! {
    async fn a_client_that_has_become_public_gets_another_refresh_token_with_each_use(app) {
        let tenant = Tenant::opaque(app).await;
        let first = text(&tenant.for_member(WEB, &[]).await["refresh_token"]);
        let client = format!("/api/{}/client", tenant.org);
        let mut whole = app.get(&format!("{client}/get/{}", tenant.id(WEB)), &app.admin).await.ok();
        (whole["clientType"], whole["tokenAuthMethod"]) = (json!("PUBLIC"), json!("NONE"));
        app.post(&format!("{client}/update/{}", tenant.id(WEB)), Some(&app.admin), whole).await.ok();
        let id = tenant.id(WEB).to_string();
        let refresh = async |token: &str| -> Answer {
            let form = [("grant_type", REFRESH_TOKEN), ("refresh_token", token), ("client_id", &id)];
            tenant.token(By::Nothing, &form).await
        };
        let second = text(&refresh(&first).await.ok()["refresh_token"]);
        assert_ne!(first, second);
        let third = text(&refresh(&second).await.ok()["refresh_token"]);
        is_denied(&refresh(&first).await, "invalid_grant");
        is_denied(&refresh(&third).await, "invalid_grant");
    }
}

scenario! {
    async fn an_actor_s_token_must_be_for_the_client_to_exchange_and_its_binding_proved(app) {
        let tenant = Tenant::opaque(app).await;
        let subject = tenant.own_token(WEB, &[]).await;
        let act = async |client: u64, actor: &str, dpop: Option<&str>| -> Answer {
            let form = [
                ("grant_type", TOKEN_EXCHANGE), ("subject_token", &*subject), ("subject_token_type", ACCESS_TOKEN),
                ("actor_token", actor), ("actor_token_type", ACCESS_TOKEN),
            ];
            let headers: Vec<_> = dpop.map(|proof| ("DPoP", proof)).into_iter().collect();
            tenant.send("/oauth2/token", By::Client(client), &form, &headers).await
        };
        is_denied(&act(WEB, &tenant.own_token(SERVER, &[]).await, None).await, "unauthorized_client");
        act(BROKER, &tenant.own_token(SERVER, &[]).await, None).await.ok();
        let form = [("grant_type", CLIENT_CREDENTIALS)];
        let bound = tenant.send("/oauth2/token", By::Client(BROKER), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        let bound = text(&bound["access_token"]);
        is_denied(&act(BROKER, &bound, None).await, "invalid_dpop_proof");
        let granted = act(BROKER, &bound, Some(&proof(json!({})))).await.ok();
        assert_eq!(tenant.audit(&text(&granted["access_token"])).await["act"]["sub"], tenant.id(BROKER).to_string());
    }
}

scenario! {
    async fn rfc9700_4_14_2_a_used_up_refresh_token_ends_its_family_whatever_else_is_wrong(app) {
        let tenant = Tenant::opaque(app).await;
        for wrong in [("scope", "unknown"), ("resource", "https://zz.example")] {
            let first = text(&tenant.for_member(APP, &[]).await["refresh_token"]);
            let second = text(&tenant.refresh(APP, &first, &[]).await.ok()["refresh_token"]);
            let third = text(&tenant.refresh(APP, &second, &[]).await.ok()["refresh_token"]);
            is_denied(&tenant.refresh(APP, &first, &[wrong]).await, "invalid_grant");
            is_denied(&tenant.refresh(APP, &third, &[]).await, "invalid_grant");
        }
    }
}

scenario! {
    async fn where_an_org_demands_a_permit_a_client_needs_one_for_its_own_token_too(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"token_exchange": {"by_permitted_clients_only": true}})).await;
        is_denied(&tenant.exchange(WEB, &tenant.own_token(WEB, &[]).await, &[]).await, "unauthorized_client");
        tenant.exchange(BROKER, &tenant.own_token(BROKER, &[]).await, &[]).await.ok();
    }
}

scenario! {
    async fn scope_required_holds_for_exchanges_and_refreshes(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"scope_required": true})).await;
        let token = tenant.own_token(BROKER, &[("scope", "write")]).await;
        is_denied(&tenant.exchange(ROBOT, &token, &[]).await, "unauthorized_client");
        hold(&tenant, "reader", json!([])).await;
        let of_member = app.token(tenant.org, "reader", &[]).await;
        is_denied(&tenant.exchange(BROKER, &of_member, &[]).await, "invalid_scope");
        let refresh = text(&tenant.for_member(WEB, &[]).await["refresh_token"]);
        hold(&tenant, "ann", json!([])).await;
        is_denied(&tenant.refresh(WEB, &refresh, &[]).await, "invalid_scope");
    }
}

scenario! {
    async fn rfc9068_3_a_token_for_nobody_in_particular_is_for_the_issuer_and_becomes_nothing_else(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let token = tenant.own_token(BROKER, &[]).await;
            if token.contains('.') {
                assert_eq!(claims(&token)["aud"], ISSUER);
            }
            assert_eq!(tenant.introspect(SERVER, &token).await["aud"], json!([ISSUER]));
            // It wasn't meant for the default resource, so an exchange doesn't make it so.
            let of_member = app.token(tenant.org, "ann", &["read"]).await;
            tenant.set(json!({"default_resource": API})).await;
            for original in [token, of_member] {
                is_denied(&tenant.exchange(BROKER, &original, &[("audience", API)]).await, "invalid_target");
                let exchanged = text(&tenant.exchange(BROKER, &original, &[]).await.ok()["access_token"]);
                assert_ne!(tenant.audit(&exchanged).await["aud"], json!([API]));
            }
            assert_eq!(tenant.audit(&tenant.own_token(WEB, &[]).await).await["aud"], json!([API]));
        }
    }
}

scenario! {
    async fn nobody_else_s_token_looks_like_a_client_s_own(app) {
        let tenant = Tenant::jwt(app).await;
        let id = tenant.id(WEB).to_string();
        let assertion = |sub: &str| tenant.assertion(PARTNER, json!({"sub": sub}));
        let ask = async |assertion: &str| tenant.token(By::Client(WEB), &[("grant_type", JWT_BEARER), ("assertion", assertion)]).await;
        is_denied(&ask(&assertion(&id)).await, "invalid_grant");
        ask(&assertion("1007")).await.ok();
        for sub in ["x".repeat(256), "é".to_owned()] {
            is_denied(&ask(&assertion(&sub)).await, "invalid_grant");
        }
        let broker = tenant.id(BROKER).to_string();
        hold(&tenant, &broker, json!(["read"])).await;
        let of_member = app.token(tenant.org, &broker, &["read"]).await;
        is_denied(&tenant.exchange(BROKER, &of_member, &[]).await, "invalid_request");
    }
}

scenario! {
    async fn a_token_lives_ten_minutes_where_no_lifetime_is_configured(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"token_duration": null})).await;
        assert_eq!(tenant.own(WEB, &[]).await["expires_in"], 600);
        tenant.set(json!({"token_duration": 3_600})).await;
        assert_eq!(tenant.own(WEB, &[]).await["expires_in"], 3_600);
        tenant.set(json!({"token_duration": null, "max_token_duration": 60})).await;
        assert_eq!(tenant.own(WEB, &[]).await["expires_in"], 60);
    }
}

scenario! {
    async fn each_parameter_of_a_request_stands_once_and_in_its_place(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        let (long, bearer) = ("n".repeat(257), format!("Bearer {}", app.token(tenant.org, "auditor", &["urn:jeton:tokens:read"]).await));
        let grant = ("grant_type", CLIENT_CREDENTIALS);
        for (bad, why) in [
            (&[grant, ("x", "1"), ("x", "1")][..], "A parameter must be given only once."),
            (&[grant, (&*long, "1")], "The request must have no parameter with a name of more than 256 bytes."),
            (&[grant, ("access_token", "x")], "access_token must be sent in the Authorization header."),
        ] {
            let answer = tenant.token(By::Client(WEB), bad).await;
            is_denied(&answer, "invalid_request");
            assert_eq!(answer.json()["error_description"], why);
        }
        let id = tenant.id(WEB).to_string();
        let shown = ("token", &*token);
        for bad in [("client_id", &*id), ("client_secret", "x"), ("client_assertion", "x"), ("access_token", "x")] {
            is_denied(&tenant.send("/oauth2/introspect", By::Header(&bearer), &[shown, bad], &[]).await, "invalid_request");
        }
        let padded = basic(&format!("0{id}"), &tenant.secret(WEB));
        is_denied(&tenant.token(By::Header(&padded), &[grant]).await, "invalid_client");
    }
}

scenario! {
    async fn rfc9110_12_4_2_the_answer_that_is_preferred_is_given(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        for (accept, is_signed) in [
            ("application/json, application/token-introspection+jwt", true),
            ("application/json;q=0.5, application/token-introspection+jwt", true),
            ("application/json;q=1, application/token-introspection+jwt;q=0.1", false),
            ("application/token-introspection+jwt;q=0", false),
            ("application/token-introspection+jwt;Q=0", false),
            ("application/token-introspection+jwt, */*", true),
            ("application/token-introspection+jwt;q=0.1, */*", false),
            ("*/*", false),
        ] {
            let answer = tenant.send("/oauth2/introspect", By::Client(WEB), &[("token", &token)], &[("accept", accept)]).await;
            assert_eq!(answer.status, StatusCode::OK);
            let is_jwt = answer.headers["content-type"] == "application/token-introspection+jwt";
            assert_eq!(is_jwt, is_signed, "{accept}");
        }
    }
}

scenario! {
    async fn rfc9396_7_details_are_told_as_they_were_asked_for(app) {
        let tenant = Tenant::jwt(app).await;
        let details = r#"[{"type":"payment","amount":6.169062368256605e174,"small":2.9084241945153242e-08,"limit":9007199254740993}]"#;
        let granted = tenant.own(WEB, &[("authorization_details", details)]).await;
        let asked: Value = serde_json::from_str(details).unwrap();
        assert_eq!(granted["authorization_details"], asked);
        let token = text(&granted["access_token"]);
        assert_eq!(claims(&token)["authorization_details"], asked);
        assert_eq!(tenant.introspect(WEB, &token).await["authorization_details"], asked);
    }
}

#[tokio::test]
async fn the_log_tells_which_client_was_denied_and_why() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::opaque(&app).await;
    log::begin();
    is_denied(&tenant.token(By::Client(WEB), &[("grant_type", CLIENT_CREDENTIALS), ("scope", "unknown")]).await, "invalid_scope");
    let logged = log::drain();
    let line = logged.lines().find(|line| line.contains("oauth.token")).unwrap();
    for part in ["ScopeInvalid", "org=\"500\"", &format!("client=\"{}\"", tenant.id(WEB))] {
        assert!(line.contains(part), "{line}");
    }
}
