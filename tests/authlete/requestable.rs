//! `client/extension/requestable_scopes` of Authlete's API.

use http::Method;
use serde_json::{Value, json};

use super::sign_in::{SHOP, SignIn};
use super::tenant::{OPAQUE, Tenant, WEB, v2};
use crate::support::{Answer, scenario};

async fn send(tenant: &Tenant<'_>, method: Method, path: &str, body: Option<Value>) -> Answer {
    let bearer = format!("Bearer {}", tenant.app.admin);
    tenant.send(method, &format!("client/extension/requestable_scopes/{path}"), &bearer, body).await
}

scenario! {
    async fn what_a_client_may_request_is_set_shown_and_freed(app) {
        let sign_in = SignIn::opaque(app).await;
        let tenant = &sign_in.tenant;
        let shown = || async { send(tenant, Method::GET, "get/web", None).await.ok() };
        assert_eq!(shown().await, json!({}), "nothing is limited");
        let only = json!({"requestableScopes": ["read", "email", "unknown", "read"]});
        for method in [Method::PUT, Method::POST] {
            let kept = send(tenant, method, "update/1001", Some(only.clone())).await.ok();
            assert_eq!(kept, json!({"requestableScopes": ["read", "email"]}));
            assert_eq!(shown().await, kept);
        }
        assert_eq!(tenant.get("client/get/web").await["extension"]["requestableScopes"], json!(["read", "email"]));
        let granted = tenant.token(WEB, "grant_type=client_credentials&scope=read+write", json!({})).await;
        assert_eq!(granted["scopes"], json!(["read"]));
        let kept = v2(app, OPAQUE, "client/extension/requestable_scopes/update/1001", json!({"requestableScopes": []})).await.ok();
        assert_eq!(kept, json!({"requestableScopes": []}));
        assert!(tenant.token(WEB, "grant_type=client_credentials&scope=read", json!({})).await.get("scopes").is_none());
        send(tenant, Method::DELETE, "delete/web", None).await.is_empty();
        assert_eq!(shown().await, json!({}));
        for none in [json!({}), json!({"requestableScopes": null})] {
            send(tenant, Method::PUT, "update/1001", Some(only.clone())).await.ok();
            assert_eq!(send(tenant, Method::POST, "update/1001", Some(none)).await.ok(), json!({}));
        }
        // Those who ask a person get no more either.
        send(tenant, Method::PUT, "update/shop", Some(json!({"requestableScopes": ["write"]}))).await.ok();
        let asked = sign_in.ask(SHOP, &[("scope", "openid read write")]).await;
        assert_eq!(asked["scopes"], json!([{"name": "openid", "defaultEntry": false}, {"name": "write", "defaultEntry": false}]));
    }
}

scenario! {
    async fn what_is_wrong_with_the_scopes_or_the_client_is_named(app) {
        let tenant = Tenant::opaque(app).await;
        for bad in [json!(["a?"]), json!(["a b"]), json!(["\""]), json!({"a": 1}), json!(vec!["a"; 201])] {
            let answer = send(&tenant, Method::PUT, "update/1001", Some(json!({ "requestableScopes": bad }))).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (400, &json!("A412201")), "{bad}");
        }
        for (method, path) in [(Method::GET, "get/nobody"), (Method::DELETE, "delete/nobody"), (Method::POST, "update/nobody")] {
            let answer = send(&tenant, method, path, Some(json!({}))).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (404, &json!("A001404")), "{path}");
        }
        let locked = send(&tenant, Method::DELETE, "delete/1004", None).await;
        assert_eq!((locked.status.as_u16(), &locked.json()["resultCode"]), (403, &json!("A001215")));
    }
}
