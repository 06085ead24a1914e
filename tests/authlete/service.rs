//! `service/…` and `lifecycle/healthcheck` of Authlete's API.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::tenant::{JWT, OPAQUE, Tenant, basic, encoded, text};
use crate::support::scenario;

scenario! {
    async fn the_key_set_has_public_keys_only(app) {
        let tenant = Tenant::jwt(app).await;
        let set = tenant.get("service/jwks/get").await;
        let keys = set["keys"].as_array().unwrap();
        assert!(!keys.is_empty() && set.as_object().unwrap().len() == 1);
        for key in keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k", "priv"] {
                assert_eq!(key.get(private), None, "{private}");
            }
        }
        let public = Request::get("/.well-known/jwks.json").body(Bytes::new()).unwrap();
        assert_eq!(app.send(public).await.ok(), set, "the same as anybody gets");
        for query in ["pretty=True", "pretty=true&includePrivateKeys=False"] {
            let answer = app.get(&tenant.path(&format!("service/jwks/get?{query}")), &app.admin).await;
            assert_eq!((answer.ok(), answer.body.contains(&b'\n')), (set.clone(), true), "{query}");
        }
        let answer = app.get(&tenant.path("service/jwks/get?includePrivateKeys=True"), &app.admin).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (400, &json!("A149201")));
    }
}

scenario! {
    async fn the_configuration_is_that_of_the_service(app) {
        let tenant = Tenant::opaque(app).await;
        let configuration = tenant.get("service/configuration").await;
        for (member, value) in [
            ("issuer", json!("https://jeton.example")),
            ("token_endpoint", json!("https://as.example.org/token")),
            ("jwks_uri", json!("https://jeton.example/.well-known/jwks.json")),
            ("scopes_supported", json!(["read", "write", "brief", "briefer"])),
            ("grant_types_supported", json!([
                "authorization_code", "client_credentials", "refresh_token", "password",
                "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer",
            ])),
        ] {
            assert_eq!(configuration[member], value, "{member}");
        }
        assert_eq!(configuration.get("resultCode"), None);
        // As Python asks, and as Java does.
        for body in [json!({}), json!({"pretty": false, "patch": null}), json!({"pretty": true})] {
            let pretty = body["pretty"] == true;
            let answer = app.post(&tenant.path("service/configuration"), Some(&app.admin), body).await;
            assert_eq!((answer.ok(), answer.body.contains(&b'\n')), (configuration.clone(), pretty));
        }
        tenant.set(json!({"token_endpoint": null, "supported_grants": [], "supported_scopes": []})).await;
        let least = tenant.get("service/configuration?pretty=True").await;
        assert_eq!((least.get("token_endpoint"), &least["scopes_supported"]), (None, &json!([])));
    }
}

scenario! {
    /// RFC 6902.
    async fn a_patch_is_applied_or_refused(app) {
        let tenant = Tenant::opaque(app).await;
        let patch = r#"[{"op":"add","path":"/x","value":{"y":[1]}},{"op":"replace","path":"/issuer","value":"https://as.example"},{"op":"remove","path":"/jwks_uri"}]"#;
        let by_query = tenant.get(&format!("service/configuration?patch={}", encoded(patch))).await;
        let by_body = tenant.post("service/configuration", json!({ "patch": patch })).await;
        for patched in [&by_query, &by_body] {
            assert_eq!((&patched["x"], &patched["issuer"], patched.get("jwks_uri")), (&json!({"y": [1]}), &json!("https://as.example"), None));
        }
        for bad in ["x", "{}", r#"[{"op":"remove","path":"/nothing"}]"#] {
            let answer = app.post(&tenant.path("service/configuration"), Some(&app.admin), json!({ "patch": bad })).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (400, &json!("A150201")), "{bad}");
        }
        assert_eq!(tenant.get("service/configuration").await["issuer"], "https://jeton.example");
    }
}

scenario! {
    /// Any live caller of the service, with whatever scopes.
    async fn who_acts_for_the_service_may_know_what_it_is(app) {
        let tenant = Tenant::opaque(app).await;
        Tenant::jwt(app).await;
        app.put(&format!("/v1/orgs/{OPAQUE}/members/nobody"), &app.admin, json!({})).await.created();
        let nobody = format!("Bearer {}", app.token(OPAQUE, "nobody", &[]).await);
        for path in ["service/jwks/get", "service/configuration"] {
            tenant.send(Method::GET, path, &nobody, None).await.ok();
            let elsewhere = Tenant::new(app, JWT).send(Method::GET, path, &nobody, None).await;
            assert_eq!((elsewhere.status.as_u16(), &elsewhere.json()["resultCode"]), (403, &json!("A001216")));
            let v2 = Request::get(format!("/api/{path}")).header("authorization", basic(OPAQUE)).body(Bytes::new()).unwrap();
            app.send(v2).await.ok();
        }
        tenant.send(Method::POST, "service/configuration", &nobody, Some(json!({}))).await.ok();
    }
}

scenario! {
    async fn anybody_may_ask_whether_it_is_there(app) {
        for path in ["/api/lifecycle/healthcheck", "/api/lifecycle/healthcheck?extended=true"] {
            let answer = app.send(Request::get(path).body(Bytes::new()).unwrap()).await;
            assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"OK"[..]));
            assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
        }
    }
}

scenario! {
    /// What the key set serves verifies what the service signs: RFC 7517.
    async fn every_key_is_named_and_says_what_it_is_for(app) {
        let tenant = Tenant::jwt(app).await;
        let set: Value = tenant.get("service/jwks/get").await;
        for key in set["keys"].as_array().unwrap() {
            assert_eq!((&key["kty"], &key["use"], &key["alg"]), (&json!("EC"), &json!("sig"), &json!("ES256")));
            assert!(!text(&key["kid"]).is_empty());
        }
    }
}
