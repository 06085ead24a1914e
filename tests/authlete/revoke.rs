//! `auth/token/delete` and `auth/token/revoke` of Authlete's API.

use serde_json::{Value, json};

use super::tenant::{APP, JWT, OPAQUE, Tenant, WEB, creation, encoded, is_action, renamed, text, token_request};
use crate::support::scenario;

/// How many were revoked.
async fn revoke(tenant: &Tenant<'_>, body: Value) -> u64 {
    let answer = tenant.post("auth/token/revoke", body).await;
    let count = answer["count"].as_u64().unwrap();
    let expected = json!({"resultCode": "A312001", "resultMessage": format!("Revoked {count} access token(s)."), "count": count});
    assert_eq!(answer, expected, "no action, and no bracket in the message");
    count
}

async fn delete(tenant: &Tenant<'_>, identifier: &Value) {
    let path = tenant.path(&format!("auth/token/delete/{}", encoded(text(identifier))));
    tenant.app.delete(&path, &tenant.app.admin).await.is_empty();
}

/// There is nothing to delete, and the answer says so.
async fn delete_nothing(tenant: &Tenant<'_>, identifier: &Value) {
    let path = tenant.path(&format!("auth/token/delete/{}", encoded(text(identifier))));
    let answer = tenant.app.delete(&path, &tenant.app.admin).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (404, &json!("A001404")));
}

/// Neither the access token nor the refresh token is good for anything, and the list has neither.
async fn is_dead(tenant: &Tenant<'_>, client: u64, token: &Value) {
    assert!(!tenant.is_live(&token["accessToken"]).await, "{token}");
    is_action(&tenant.refresh(client, &token["refreshToken"], json!({})).await, "BAD_REQUEST", "A053301");
    assert_eq!(tenant.standard(&token["refreshToken"], json!({})).await, json!({"active": false}));
}

scenario! {
    async fn a_token_is_deleted_by_its_value_its_hash_or_its_jwt(app) {
        for org in ["100", JWT] {
            let tenant = if org == JWT { Tenant::jwt(app).await } else { Tenant::opaque(app).await };
            let other = tenant.created(json!({})).await;
            let by_value = tenant.created(json!({})).await;
            delete(&tenant, &by_value["accessToken"]).await;
            is_dead(&tenant, WEB, &by_value).await;
            app.clock.advance_ms(1);
            let by_hash = tenant.created(json!({})).await;
            let rows = tenant.list("").await.0;
            delete(&tenant, &rows.last().unwrap()["accessTokenHash"]).await;
            is_dead(&tenant, WEB, &by_hash).await;
            let by_jti = tenant.created(json!({})).await;
            let found = app.get(&format!("/v1/tokens?org={org}&limit=1"), &app.admin).await.ok();
            delete(&tenant, &found["tokens"][0]["jti"]).await;
            is_dead(&tenant, WEB, &by_jti).await;
            if org == JWT {
                let by_jwt = tenant.created(json!({})).await;
                delete(&tenant, &by_jwt["jwtAccessToken"]).await;
                is_dead(&tenant, WEB, &by_jwt).await;
            }
            assert!(tenant.is_live(&other["accessToken"]).await);
            assert_eq!(tenant.list("").await.1, 1);
        }
    }
}

scenario! {
    async fn whoever_deletes_what_is_unknown_is_told_so_and_what_is_dead_is_deleted(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let (mine, theirs) = (tenant.created(json!({})).await, other.created(json!({})).await);
        let row = other.list("").await.0[0].clone();
        for unknown in [
            json!("x"), json!("a.b/c+d=="), json!("ü #"), json!("A".repeat(43)), theirs["accessToken"].clone(), theirs["jwtAccessToken"].clone(),
            row["accessTokenHash"].clone(),
        ] {
            delete_nothing(&tenant, &unknown).await;
        }
        assert!(tenant.is_live(&mine["accessToken"]).await && other.is_live(&theirs["accessToken"]).await);
        for _ in 0..2 {
            delete(&tenant, &mine["accessToken"]).await;
        }
    }
}

scenario! {
    /// One that a refresh has replaced is no token any more, so it must not end its successor.
    async fn a_value_that_was_replaced_ends_nothing(app) {
        let tenant = Tenant::opaque(app).await;
        let first = tenant.created(json!({"clientId": APP})).await;
        let second = tenant.refresh(APP, &first["refreshToken"], json!({})).await;
        delete(&tenant, &first["accessToken"]).await;
        assert_eq!(revoke(&tenant, json!({"accessTokenIdentifier": first["accessToken"]})).await, 0);
        assert!(tenant.is_live(&second["accessToken"]).await);
    }
}

scenario! {
    async fn one_token_is_revoked_with_its_twin(app) {
        let tenant = Tenant::opaque(app).await;
        let other = tenant.created(json!({})).await;
        for identifier in ["accessTokenIdentifier", "refreshTokenIdentifier"] {
            let member = identifier.replace("Identifier", "");
            let by_value = tenant.created(json!({})).await;
            assert_eq!(revoke(&tenant, json!({identifier: by_value[&member]})).await, 1);
            is_dead(&tenant, WEB, &by_value).await;
            assert_eq!(revoke(&tenant, json!({identifier: by_value[&member]})).await, 0, "it is gone");
            app.clock.advance_ms(1);
            let by_hash = tenant.created(json!({})).await;
            let row = tenant.list("").await.0.last().unwrap().clone();
            assert_eq!(revoke(&tenant, json!({identifier: row[format!("{member}Hash")]})).await, 1);
            is_dead(&tenant, WEB, &by_hash).await;
            assert_eq!(revoke(&tenant, json!({ identifier: "unknown" })).await, 0);
        }
        assert!(tenant.is_live(&other["accessToken"]).await);
    }
}

scenario! {
    async fn a_refresh_token_that_nobody_has_had_revokes_nothing(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({})).await;
        let refresh = text(&token["refreshToken"]);
        let (head, secret) = refresh.rsplit_once('.').unwrap();
        let other = if secret.starts_with('A') { 'B' } else { 'A' };
        for forged in [format!("{head}.{other}{}", &secret[1..]), refresh.replace(".0.", ".1.")] {
            assert_eq!(revoke(&tenant, json!({"refreshTokenIdentifier": forged})).await, 0, "{forged}");
            delete_nothing(&tenant, &json!(forged)).await;
        }
        assert!(tenant.is_live(&token["accessToken"]).await);
    }
}

scenario! {
    async fn what_is_said_first_counts(app) {
        let tenant = Tenant::opaque(app).await;
        let (first, second) = (tenant.created(json!({})).await, tenant.created(json!({})).await);
        let all = |access: &Value, refresh: &Value| {
            json!({"accessTokenIdentifier": access, "refreshTokenIdentifier": refresh, "clientIdentifier": "1001", "subject": "john"})
        };
        assert_eq!(revoke(&tenant, all(&json!("unknown"), &second["refreshToken"])).await, 0);
        assert_eq!(revoke(&tenant, all(&first["accessToken"], &second["refreshToken"])).await, 1);
        assert!(tenant.is_live(&second["accessToken"]).await);
        assert_eq!(revoke(&tenant, all(&Value::Null, &second["refreshToken"])).await, 1);
        assert!(!tenant.is_live(&second["accessToken"]).await);
    }
}

scenario! {
    async fn a_client_a_subject_or_both_lose_all_that_they_have(app) {
        let tenant = Tenant::opaque(app).await;
        let create = async |client: u64, subject: &str| tenant.created(json!({"clientId": client, "subject": subject})).await;
        let john_web = create(WEB, "john").await;
        let mary_web = create(WEB, "mary").await;
        let john_app = create(APP, "john").await;
        let mary_app = create(APP, "mary").await;
        let own_web = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS"})).await;
        // Those that are over do not count, and those that can only be refreshed do.
        let dead = create(WEB, "john").await;
        delete(&tenant, &dead["accessToken"]).await;
        let expired = tenant.created(json!({"accessTokenDuration": 1})).await;
        app.clock.advance_ms(2_000);

        assert_eq!(revoke(&tenant, json!({"clientIdentifier": "web", "subject": "john"})).await, 2);
        is_dead(&tenant, WEB, &john_web).await;
        is_dead(&tenant, WEB, &expired).await;
        for other in [&mary_web, &john_app, &mary_app, &own_web] {
            assert!(tenant.is_live(&other["accessToken"]).await);
        }
        assert_eq!(revoke(&tenant, json!({"subject": "john"})).await, 1);
        is_dead(&tenant, APP, &john_app).await;
        assert!(tenant.is_live(&mary_app["accessToken"]).await);
        assert_eq!(revoke(&tenant, json!({"clientIdentifier": "1001"})).await, 2);
        is_dead(&tenant, WEB, &mary_web).await;
        assert!(!tenant.is_live(&own_web["accessToken"]).await && tenant.is_live(&mary_app["accessToken"]).await);
        assert_eq!(revoke(&tenant, json!({"clientIdentifier": "1001"})).await, 0);
        assert_eq!(tenant.list("").await.1, 1);
    }
}

scenario! {
    async fn what_is_created_later_lives(app) {
        let tenant = Tenant::opaque(app).await;
        for body in [json!({"clientIdentifier": "1001", "subject": "john"}), json!({"clientIdentifier": "1001"}), json!({"subject": "john"})] {
            tenant.created(json!({})).await;
            assert_eq!(revoke(&tenant, body.clone()).await, 1, "{body}");
            app.clock.advance_ms(1_002);
            let later = tenant.created(json!({})).await;
            assert!(tenant.is_live(&later["accessToken"]).await, "{body}");
            delete(&tenant, &later["accessToken"]).await;
        }
    }
}

scenario! {
    async fn who_is_unknown_has_nothing_to_lose(app) {
        let tenant = Tenant::opaque(app).await;
        let mine = tenant.created(json!({})).await;
        for body in [
            json!({"clientIdentifier": "4711"}), json!({"clientIdentifier": "nobody"}), json!({"clientIdentifier": "no name"}),
            json!({"clientIdentifier": "4711", "subject": "john"}), json!({"subject": "nobody"}),
            // Whom the client stands for when it stands for itself.
            json!({"subject": "1001"}),
        ] {
            assert_eq!(revoke(&tenant, body.clone()).await, 0, "{body}");
        }
        assert!(tenant.is_live(&mine["accessToken"]).await);
    }
}

scenario! {
    async fn a_client_s_own_token_is_not_that_of_a_user_with_its_number_as_a_name(app) {
        let tenant = Tenant::opaque(app).await;
        let own = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS"})).await;
        let namesake = tenant.created(json!({"subject": "1001"})).await;
        assert_eq!(tenant.list("subject=1001").await.1, 1);
        assert_eq!(revoke(&tenant, json!({"subject": "1001"})).await, 1);
        assert!(tenant.is_live(&own["accessToken"]).await && !tenant.is_live(&namesake["accessToken"]).await);
    }
}

scenario! {
    async fn without_any_parameter_it_is_400(app) {
        let tenant = Tenant::opaque(app).await;
        for body in [json!({}), json!({"accessTokenIdentifier": null, "refreshTokenIdentifier": "", "clientIdentifier": "", "subject": ""})] {
            let answer = app.post(&tenant.path("auth/token/revoke"), Some(&app.admin), body).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (400, &json!("A313201")));
        }
    }
}

scenario! {
    /// What is issued in the second after a revocation of many is dead, too. A ticket is still good when it is over.
    async fn nobody_gets_a_dead_token_in_the_second_after_a_revocation_of_many(app) {
        let tenant = Tenant::opaque(app).await;
        let send = async |path: &str, body: Value| app.post(&tenant.path(path), Some(&app.admin), renamed(OPAQUE, body)).await;
        let ticket = tenant.ticket(json!({})).await;
        let issue = json!({"ticket": ticket, "subject": "john"});
        let requests = || [
            ("auth/token/create", creation(json!({"accessToken": "chosen"}))),
            ("auth/token/create", creation(json!({"clientId": null, "clientIdentifier": "web"}))),
            ("auth/token/create/batch", json!([creation(json!({}))])),
            ("auth/token/issue", issue.clone()),
        ];
        for (mark, owns) in [(json!({"subject": "john"}), false), (json!({"clientIdentifier": WEB.to_string()}), true)] {
            send("auth/token/revoke", mark).await.ok();
            for (path, body) in requests() {
                send(path, body).await.must_wait();
            }
            let own = send("auth/token", token_request(OPAQUE, WEB, "grant_type=client_credentials", json!({}))).await;
            if owns { own.must_wait() } else { drop(own.ok()) }
            app.clock.advance_ms(1_001);
        }
        send("auth/token/revoke", json!({"clientIdentifier": WEB.to_string(), "subject": "john"})).await.ok();
        send("auth/token/issue", issue.clone()).await.must_wait();
        app.clock.advance_ms(1_002);
        for (path, body) in requests() {
            let answer = send(path, body).await.ok();
            if path != "auth/token/create/batch" {
                assert!(tenant.is_live(&answer["accessToken"]).await, "{answer}");
            }
        }
    }
}
