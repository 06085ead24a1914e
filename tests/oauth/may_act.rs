//! `may_act`: RFC 8693 section 4.4.

use serde_json::{Value, json};

use super::tenant::{ACCESS_TOKEN, API, BROKER, By, SERVER, TOKEN_EXCHANGE, Tenant, WEB, claims, is_denied, text};
use crate::support::scenario;

scenario! {
    async fn rfc8693_4_4_who_may_act_is_told_and_nobody_else_exchanges_the_token(app) {
        let tenant = Tenant::opaque(app).await;
        let of = async |permit: Value| {
            let more = json!({"scopes": ["read"], "audiences": [API], "may_act": permit});
            text(&app.mint("500", "ann", more).await.created()["token"])
        };
        let server = tenant.id(SERVER).to_string();
        let named = of(json!({"sub": server, "client_id": server})).await;
        let permit = json!({"sub": server, "client_id": server});
        assert_eq!((&claims(&named)["may_act"], &tenant.audit(&named).await["may_act"]), (&permit, &permit));
        let exchanged = text(&tenant.exchange(SERVER, &named, &[]).await.ok()["access_token"]);
        assert_eq!(tenant.audit(&exchanged).await.get("may_act"), None, "it isn't carried over");
        is_denied(&tenant.exchange(BROKER, &named, &[]).await, "invalid_request");
        for other in [json!({"sub": "somebody"}), json!({"sub": server, "client_id": tenant.id(WEB).to_string()}), json!({})] {
            is_denied(&tenant.exchange(SERVER, &of(other).await, &[]).await, "invalid_request");
        }
        // With an actor's token its subject acts, and not the client that presents both.
        let actor = tenant.own_token(BROKER, &[]).await;
        let broker = tenant.id(BROKER).to_string();
        let act = async |token: &str| {
            let form = [
                ("grant_type", TOKEN_EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS_TOKEN),
                ("actor_token", &*actor), ("actor_token_type", ACCESS_TOKEN),
            ];
            tenant.token(By::Client(BROKER), &form).await
        };
        act(&of(json!({"sub": broker})).await).await.ok();
        is_denied(&act(&named).await, "invalid_request");
    }
}

scenario! {
    async fn a_permit_to_act_is_of_a_client_s_token_too_and_of_what_it_is_refreshed_to(app) {
        let tenant = Tenant::jwt(app).await;
        let server = tenant.id(SERVER).to_string();
        let create = async |permit: Value| {
            let body = json!({"grantType": "AUTHORIZATION_CODE", "clientId": tenant.id(WEB), "subject": "ann", "scopes": ["read"], "resources": [API], "may_act": permit});
            app.post("/api/600/auth/token/create", Some(&app.admin), body).await
        };
        let made = create(json!({"sub": server})).await.ok();
        let (token, refresh) = (text(&made["accessToken"]), text(&made["refreshToken"]));
        assert_eq!(tenant.audit(&token).await["may_act"], json!({"sub": server}));
        tenant.exchange(SERVER, &token, &[]).await.ok();
        is_denied(&tenant.exchange(WEB, &token, &[]).await, "invalid_request");
        let refreshed = text(&tenant.refresh(WEB, &refresh, &[]).await.ok()["access_token"]);
        assert_eq!(claims(&refreshed)["may_act"], json!({"sub": server}));
        is_denied(&tenant.exchange(WEB, &refreshed, &[]).await, "invalid_request");
        let without = create(json!({"client_id": server})).await;
        assert_eq!((without.status.as_u16(), without.json()["action"].as_str()), (200, Some("BAD_REQUEST")), "{without:?}");
    }
}

scenario! {
    async fn whoever_mints_for_itself_passes_a_permit_to_act_on_and_can_t_change_it(app) {
        let ask = |more: Value| crate::support::over(json!({"scopes": ["read"], "audiences": [API]}), more);
        let tenant = Tenant::opaque(app).await;
        let first = text(&app.mint("500", "ann", ask(json!({"may_act": {"sub": "agent"}}))).await.created()["token"]);
        let second = text(&app.mint_as(&first, "500", "ann", ask(json!({}))).await.created()["token"]);
        assert_eq!(tenant.audit(&second).await["may_act"], json!({"sub": "agent"}));
        let other = app.mint_as(&first, "500", "ann", ask(json!({"may_act": {"sub": "other"}}))).await;
        assert_eq!(other.error().0, 403, "{other:?}");
        for wrong in [json!({"subject": "agent"}), json!({"client_id": "5"}), json!({"sub": "a", "client_id": "x"}), json!("agent")] {
            let answer = app.mint("500", "ann", ask(json!({"may_act": wrong}))).await;
            assert_eq!(answer.status.as_u16(), 400, "{answer:?}");
        }
    }
}
