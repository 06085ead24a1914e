//! `client/authorization` and `client/granted_scopes` of Authlete's API.

use http::Method;
use serde_json::{Value, json};

use super::sign_in::{OLD, SHOP, SignIn, TOOL};
use super::tenant::{OPAQUE, Tenant, WEB, is_action, is_denied, members, text, v2};
use crate::support::{Answer, scenario};

const LIST: &str = "client/authorization/get/list";

async fn send(tenant: &Tenant<'_>, method: Method, path: &str, body: Option<Value>) -> Answer {
    tenant.send(method, path, &format!("Bearer {}", tenant.app.admin), body).await
}

/// What a call tells that has no action.
#[track_caller]
fn is_told(answer: &Value, code: &str, text: &str) {
    assert_eq!(*answer, json!({"resultCode": code, "resultMessage": format!("[{code}] {text}")}));
}

/// The numbers of the clients on a page.
fn numbers(page: &Value) -> Vec<u64> {
    page["clients"].as_array().into_iter().flatten().map(|client| client["clientId"].as_u64().unwrap()).collect()
}

scenario! {
    async fn the_clients_that_a_person_has_let_in_are_listed(app) {
        let sign_in = SignIn::opaque(app).await;
        let tenant = &sign_in.tenant;
        let none = send(tenant, Method::GET, &format!("{LIST}/ann?subject=ann"), None).await.ok();
        assert_eq!(none, json!({"start": 0, "end": 5, "totalCount": 0, "subject": "ann"}));
        for client in [SHOP, TOOL, OLD] {
            sign_in.tokens(client, &[], json!({})).await;
        }
        tenant.created(json!({"clientId": WEB, "subject": "ann"})).await;
        tenant.created(json!({"clientId": WEB, "subject": "bob"})).await;
        let get = async |query: &str| send(tenant, Method::GET, &format!("{LIST}/ann{query}"), None).await.ok();
        let all = get("").await;
        assert_eq!((numbers(&all), &all["totalCount"]), (vec![WEB, SHOP, TOOL, OLD], &json!(4)));
        let shown = &all["clients"][1];
        assert_eq!((&shown["clientName"], &shown["clientIdAlias"]), (&json!("Shop"), &json!("shop")));
        for secret in ["clientSecret", "jwks", "tokenAuthMethod"] {
            assert!(members(shown).iter().all(|name| *name != secret), "{secret}");
        }
        assert_eq!(numbers(&get("?start=1&end=3").await), [SHOP, TOOL]);
        assert_eq!(numbers(&get("?start=2").await), [TOOL, OLD]);
        let posted = json!({"subject": "ann", "developer": null, "start": 0, "end": 0});
        assert_eq!(tenant.post(LIST, posted).await, all, "as Java and Python ask");
        assert_eq!(v2(app, OPAQUE, LIST, json!({"subject": "ann"})).await.ok(), all);
        let of_nobody = get("?developer=nobody").await;
        assert_eq!((&of_nobody["developer"], &of_nobody["totalCount"]), (&json!("nobody"), &json!(0)));

        // What has ended isn't listed any more.
        tenant.post("auth/token/revoke", json!({"clientIdentifier": "shop", "subject": "ann"})).await;
        app.clock.advance_ms(3_600_000);
        assert_eq!(numbers(&get("").await), [WEB, TOOL], "those that can be refreshed");
        tenant.post("auth/token/revoke", json!({"subject": "ann"})).await;
        assert_eq!(get("").await["totalCount"], 0);
    }
}

scenario! {
    async fn a_consent_that_is_remembered_is_listed_without_any_token(app) {
        let sign_in = SignIn::opaque(app).await;
        let tenant = &sign_in.tenant;
        let code = sign_in.code_of_own_door(OLD, json!({})).await;
        is_action(&sign_in.redeem(OLD, &code, &[], json!({})).await, "OK", "A050001");
        app.clock.advance_ms(3_600_000);
        let get = async || send(tenant, Method::GET, &format!("{LIST}/ann"), None).await.ok();
        assert_eq!(numbers(&get().await), [OLD]);
        let granted = send(tenant, Method::DELETE, "client/granted_scopes/delete/1013/ann?subject=ann", None).await.ok();
        is_told(&granted, "A142001", "The granted scopes of the client (ID = 1013) of the service (API Key = 100) are forgotten.");
        assert_eq!(numbers(&get().await), [0; 0]);
    }
}

scenario! {
    async fn the_scopes_of_all_tokens_of_a_client_for_a_person_are_replaced(app) {
        let sign_in = SignIn::opaque(app).await;
        let tenant = &sign_in.tenant;
        let mut tokens = Vec::new();
        for scope in ["read write", "write"] {
            tokens.push(sign_in.tokens(SHOP, &[("scope", scope)], json!({})).await["accessToken"].clone());
        }
        let other = sign_in.tokens(TOOL, &[("scope", "read write")], json!({})).await["accessToken"].clone();
        let of_bob = sign_in.tokens(SHOP, &[("scope", "write")], json!({"subject": "bob"})).await["accessToken"].clone();
        let scopes = async |token: &Value| tenant.introspect(token, json!({})).await["scopes"].clone();
        let update = async |client: &str, body: Value| tenant.post(&format!("client/authorization/update/{client}"), body).await;
        let told = |count: u64| format!("Updated {count} access token(s) issued to the client (ID = 1011) of the service (API Key = 100).");

        is_told(&update("shop", json!({"subject": "ann", "scopes": null})).await, "A138001", &told(0));
        assert_eq!(scopes(&tokens[1]).await, json!(["write"]));
        let only = json!({"subject": "ann", "scopes": ["read", "no.such.scope"]});
        is_told(&update("1011", only.clone()).await, "A138001", &told(2));
        for token in &tokens {
            assert_eq!(scopes(token).await, json!(["read"]));
        }
        assert_eq!((scopes(&other).await, scopes(&of_bob).await), (json!(["read", "write"]), json!(["write"])));
        // What a person has granted of OpenID Connect may stay, and nobody adds it.
        let signed_in = sign_in.tokens(SHOP, &[("scope", "openid read")], json!({})).await["accessToken"].clone();
        is_told(&update("1011", json!({"subject": "ann", "scopes": ["openid", "read"]})).await, "A138001", &told(3));
        assert_eq!((scopes(&signed_in).await, scopes(&tokens[0]).await), (json!(["openid", "read"]), json!(["read"])));
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": signed_in})).await;
        // Nothing that the client may not request.
        let limits = json!({"requestableScopes": ["write"]});
        tenant.post("client/extension/requestable_scopes/update/1011", limits).await;
        is_told(&update("1011", only).await, "A138001", &told(2));
        assert!(scopes(&tokens[0]).await.is_null());
        is_told(&v2(app, OPAQUE, "client/authorization/update/1011", json!({"subject": "ann", "scopes": ["write"]})).await.ok(), "A138001", &told(2));
        assert_eq!(scopes(&tokens[0]).await, json!(["write"]));
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": tokens[0]})).await;
        is_told(&update("1011", json!({"subject": "ann", "scopes": []})).await, "A138001", &told(1));
    }
}

scenario! {
    async fn all_that_a_client_has_for_a_person_ends_with_its_codes(app) {
        let sign_in = SignIn::opaque(app).await;
        let tenant = &sign_in.tenant;
        let told = |count: u64| format!("Deleted {count} access token(s) issued to the client (ID = 1011) of the service (API Key = 100).");
        for way in ["DELETE", "POST", "v2"] {
            let granted = sign_in.tokens(SHOP, &[], json!({})).await;
            let own = sign_in.tokens(TOOL, &[], json!({})).await;
            let code = sign_in.code(SHOP, &[], json!({})).await;
            let answer = match way {
                "DELETE" => send(tenant, Method::DELETE, "client/authorization/delete/shop/ann?subject=ann", None).await.ok(),
                "POST" => tenant.post("client/authorization/delete/1011", json!({"subject": "ann"})).await,
                _ => v2(app, OPAQUE, "client/authorization/delete/1011", json!({"subject": "ann"})).await.ok(),
            };
            is_told(&answer, "A137001", &told(1));
            assert!(!tenant.is_live(&granted["accessToken"]).await && tenant.is_live(&own["accessToken"]).await);
            let refreshed = sign_in.token(SHOP, &format!("grant_type=refresh_token&refresh_token={}", text(&granted["refreshToken"])), json!({})).await;
            is_denied(&refreshed, "BAD_REQUEST", "A053301", "invalid_grant");
            is_denied(&sign_in.redeem(SHOP, &code, &[], json!({})).await, "BAD_REQUEST", "A050305", "invalid_grant");
            let shown = tenant.post("client/granted_scopes/get/1011", json!({"subject": "ann"})).await;
            assert!(shown.get("latestGrantedScopes").is_none(), "{shown}");
            app.clock.advance_ms(2_000);
        }
        is_told(&tenant.post("client/authorization/delete/1011", json!({"subject": "ann"})).await, "A137001", &told(0));
    }
}

scenario! {
    async fn what_was_granted_adds_up_until_it_is_forgotten_and_the_tokens_stay(app) {
        let sign_in = SignIn::opaque(app).await;
        let tenant = &sign_in.tenant;
        let shown = async || send(tenant, Method::GET, "client/granted_scopes/get/shop/ann?subject=ann", None).await.ok();
        let nothing = json!({"serviceApiKey": 100, "clientId": 1_011, "subject": "ann"});
        assert_eq!(shown().await, nothing);
        // An approval that nobody redeems leaves nothing behind.
        sign_in.code(SHOP, &[("scope", "openid")], json!({})).await;
        assert_eq!(shown().await, nothing);
        let first = sign_in.tokens(SHOP, &[("scope", "openid read")], json!({})).await;
        app.clock.advance_ms(1_000);
        sign_in.tokens(SHOP, &[("scope", "write")], json!({})).await;
        let both = shown().await;
        assert_eq!((&both["latestGrantedScopes"], &both["mergedGrantedScopes"]), (&json!(["write"]), &json!(["openid", "read", "write"])));
        assert!(both["modifiedAt"].as_i64().is_some_and(|at| at > 1_795_348_800_000), "{both}");
        sign_in.tokens(SHOP, &[("scope", "read")], json!({"scopes": []})).await;
        let last = shown().await;
        assert_eq!((&last["latestGrantedScopes"], &last["mergedGrantedScopes"]), (&json!([]), &both["mergedGrantedScopes"]));
        assert_eq!(tenant.post("client/granted_scopes/get/1011", json!({"subject": "ann"})).await, last, "as Java and Python ask");
        assert_eq!(v2(app, OPAQUE, "client/granted_scopes/get/1011", json!({"subject": "ann"})).await.ok(), last);
        // Jeton's own API knows the same.
        let listed = app.get("/v1/orgs/100/subjects/ann/grants", &app.admin).await.ok();
        assert_eq!(listed["grants"].as_array().map(Vec::len), Some(1), "{listed}");

        let told = "The granted scopes of the client (ID = 1011) of the service (API Key = 100) are forgotten.";
        is_told(&tenant.post("client/granted_scopes/delete/shop", json!({"subject": "ann"})).await, "A142001", told);
        assert_eq!(shown().await, nothing);
        assert!(tenant.is_live(&first["accessToken"]).await);
        is_told(&v2(app, OPAQUE, "client/granted_scopes/delete/1011", json!({"subject": "ann"})).await.ok(), "A142001", told);
        app.clock.advance_ms(1_000);
        sign_in.tokens(SHOP, &[("scope", "write")], json!({})).await;
        let anew = shown().await;
        assert_eq!((&anew["latestGrantedScopes"], &anew["mergedGrantedScopes"]), (&json!(["write"]), &json!(["write"])));
    }
}

scenario! {
    async fn a_client_and_a_person_must_be_named(app) {
        let tenant = Tenant::opaque(app).await;
        for (method, path, body) in [
            (Method::GET, format!("{LIST}/ann?subject=bob"), None),
            (Method::GET, format!("{LIST}/ann?start=5&end=4"), None),
            (Method::GET, format!("{LIST}/ann?end=1001"), None),
            (Method::POST, LIST.to_owned(), Some(json!({}))),
            (Method::POST, LIST.to_owned(), Some(json!({"subject": "ann", "start": -1}))),
            (Method::POST, "client/authorization/update/1001".to_owned(), Some(json!({"scopes": ["read"]}))),
            (Method::POST, "client/authorization/update/1001".to_owned(), Some(json!({"subject": "ann", "scopes": ["a b"]}))),
            (Method::DELETE, "client/authorization/delete/1001/ann?subject=bob".to_owned(), None),
            (Method::POST, "client/authorization/delete/1001".to_owned(), Some(json!({"subject": null}))),
            (Method::GET, "client/granted_scopes/get/1001/ann?subject=bob".to_owned(), None),
            (Method::POST, "client/granted_scopes/get/1001".to_owned(), Some(json!({}))),
            (Method::DELETE, "client/granted_scopes/delete/1001/ann?subject=bob".to_owned(), None),
            (Method::POST, "client/granted_scopes/delete/1001".to_owned(), Some(json!({}))),
        ] {
            let answer = send(&tenant, method.clone(), &path, body).await;
            assert_eq!(answer.status, 400, "{method} {path}: {answer:?}");
            assert!(text(&answer.json()["resultCode"]).starts_with("A4"), "{method} {path}: {answer:?}");
        }
        for call in ["client/authorization/update", "client/authorization/delete", "client/granted_scopes/get", "client/granted_scopes/delete"] {
            let answer = send(&tenant, Method::POST, &format!("{call}/4711"), Some(json!({"subject": "ann"}))).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (404, &json!("A001404")), "{call}");
        }
    }
}
