//! `client/…` of Authlete's API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};
use shared::domain::{ClientId, OrgId};
use shared::jose::sha256;

use crate::support::{Answer, App, scenario};

/// A confidential client that may have tokens for itself.
fn machine() -> Value {
    json!({"clientName": "Machine", "clientType": "CONFIDENTIAL", "grantTypes": ["CLIENT_CREDENTIALS"]})
}

async fn create(app: &App, body: Value) -> Value {
    app.post("/api/1/client/create", Some(&app.admin), body).await.ok()
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, code: &str, says: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["resultCode"]), (status, &json!(code)), "{body}");
    assert!(body["resultMessage"].as_str().unwrap().contains(says), "{body}");
}

/// What the token endpoint does with the client's own credentials.
async fn token(app: &App, id: &Value, secret: &str) -> Value {
    let request = json!({"parameters": "grant_type=client_credentials", "clientId": id.to_string(), "clientSecret": secret});
    app.post("/api/1/auth/token", Some(&app.admin), request).await.ok()
}

async fn introspected(app: &App, token: &str) -> Value {
    app.post("/api/1/auth/introspection", Some(&app.admin), json!({ "token": token })).await.ok()["action"].clone()
}

scenario! {
    async fn a_client_is_made_with_a_secret_that_is_told_once(app) {
        let made = create(app, machine()).await;
        let secret = made["clientSecret"].as_str().unwrap();
        assert_eq!(secret.len(), 86);
        assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        let id = made["clientId"].as_u64().unwrap();
        assert!((1..1 << 53).contains(&id));
        assert_eq!((&made["clientIdAlias"], &made["tokenAuthMethod"]), (&json!(id.to_string()), &json!("CLIENT_SECRET_BASIC")));
        let kept = app.store.client(&OrgId::parse("1").unwrap(), ClientId::from_number(id).unwrap()).await.unwrap().unwrap();
        assert_eq!(kept.secrets.iter().map(|kept| kept.hash).collect::<Vec<_>>(), [sha256(secret.as_bytes())]);
        let got = app.get(&format!("/api/1/client/get/{id}"), &app.admin).await.ok();
        assert_eq!(got.get("clientSecret"), None);
        assert_eq!(got["clientName"], "Machine");
        assert_eq!(token(app, &made["clientId"], secret).await["action"], "OK");
        assert_eq!(token(app, &made["clientId"], "x").await["action"], "INVALID_CLIENT");
    }
}

scenario! {
    async fn a_client_is_named_by_its_number_or_its_alias(app) {
        let made = create(app, json!({"clientIdAlias": "shop"})).await;
        for name in [made["clientId"].to_string(), "shop".to_owned()] {
            assert_eq!(app.get(&format!("/api/1/client/get/{name}"), &app.admin).await.ok()["clientId"], made["clientId"]);
        }
        let again = app.post("/api/1/client/create", Some(&app.admin), json!({"clientIdAlias": "shop"})).await;
        is_refused(&again, 400, "A202208", "Another client has this alias or number");
        for unknown in ["4711", "nobody", "no%20name"] {
            is_refused(&app.get(&format!("/api/1/client/get/{unknown}"), &app.admin).await, 404, "A001404", "client");
        }
    }
}

scenario! {
    async fn an_update_replaces_and_leaves_what_is_read_only(app) {
        let made = create(app, json!({"clientName": "A", "description": "B", "clientType": "CONFIDENTIAL"})).await;
        let (id, secret) = (&made["clientId"], made["clientSecret"].as_str().unwrap());
        app.clock.advance_ms(1_000);
        let mut body = machine();
        body["clientSecret"] = "mine".into();
        body["clientId"] = 5.into();
        body["locked"] = true.into();
        body["createdAt"] = 5.into();
        let updated = app.post(&format!("/api/1/client/update/{id}"), Some(&app.admin), body).await.ok();
        assert_eq!((&updated["clientId"], &updated["createdAt"], &updated["locked"]), (id, &made["createdAt"], &json!(false)));
        assert_ne!(updated["modifiedAt"], made["modifiedAt"]);
        assert_eq!((updated.get("description"), updated.get("clientSecret")), (None, None));
        assert_eq!(token(app, id, secret).await["action"], "OK", "the secret stays");
        let wrong = app.post(&format!("/api/1/client/update/{id}"), Some(&app.admin), json!({"clientType": "x"})).await;
        is_refused(&wrong, 400, "A213201", "clientType");
        let unknown = app.post("/api/1/client/update/4711", Some(&app.admin), json!({})).await;
        is_refused(&unknown, 404, "A001404", "client");
    }
}

scenario! {
    /// As Authlete's SDK for Node sends it, which drops `clientId`.
    async fn what_was_answered_about_a_client_can_be_sent_back_and_changes_nothing(app) {
        for body in [json!({"clientName": "A"}), json!({"clientIdAlias": "shop"})] {
            let made = create(app, body).await;
            let path = format!("/api/1/client/update/{}", made["clientId"]);
            let mut shown = app.get(&path.replace("update", "get"), &app.admin).await.ok();
            shown.as_object_mut().unwrap().remove("clientId");
            let mut updated = app.post(&path, Some(&app.admin), shown.clone()).await.ok();
            assert_eq!(updated.as_object_mut().unwrap().remove("clientId"), Some(made["clientId"].clone()));
            assert_eq!(updated, shown);
        }
        let (one, other) = (create(app, machine()).await, create(app, machine()).await);
        let path = format!("/api/1/client/update/{}", one["clientId"]);
        let refused = app.post(&path, Some(&app.admin), json!({"clientIdAlias": other["clientId"].to_string()})).await;
        is_refused(&refused, 400, "A213201", "clientIdAlias");
    }
}

scenario! {
    async fn a_client_is_deleted_with_all_its_tokens(app) {
        let made = create(app, machine()).await;
        let (id, secret) = (&made["clientId"], made["clientSecret"].as_str().unwrap());
        let issued = token(app, id, secret).await;
        let value = issued["accessToken"].as_str().unwrap();
        assert_eq!(introspected(app, value).await, "OK");
        app.delete(&format!("/api/1/client/delete/{id}"), &app.admin).await.is_empty();
        assert_eq!(introspected(app, value).await, "UNAUTHORIZED");
        assert_eq!(token(app, id, secret).await["action"], "INVALID_CLIENT");
        is_refused(&app.delete(&format!("/api/1/client/delete/{id}"), &app.admin).await, 404, "A001404", "client");
    }
}

scenario! {
    async fn clients_are_listed_by_ranges_and_by_their_developer(app) {
        let mut ids = Vec::new();
        for n in 0..7 {
            let developer = if n % 2 == 0 { "ann" } else { "bob" };
            ids.push(create(app, json!({"developer": developer})).await["clientId"].to_string());
        }
        ids.sort();
        let list = async |query: &str| app.get(&format!("/api/1/client/get/list{query}"), &app.admin).await.ok();
        let listed = |page: &Value| -> Vec<String> {
            page["clients"].as_array().unwrap().iter().map(|client| client["clientId"].to_string()).collect()
        };
        let first = list("").await;
        assert_eq!((&first["start"], &first["end"], &first["totalCount"]), (&json!(0), &json!(5), &json!(7)));
        let rest = list("?start=5&end=100").await;
        let mut all = [listed(&first), listed(&rest)].concat();
        all.sort();
        assert_eq!((listed(&first).len(), all), (5, ids));
        let anns = list("?developer=ann").await;
        assert_eq!((&anns["totalCount"], &anns["developer"], listed(&anns).len()), (&json!(4), &json!("ann"), 4));
        assert_eq!(list("?developer=nobody").await["totalCount"], 0);
        let wrong = app.get("/api/1/client/get/list?start=5&end=3", &app.admin).await;
        assert_eq!(wrong.status, 400);
    }
}

scenario! {
    async fn of_two_secrets_both_are_good_and_a_third_ends_the_first(app) {
        let made = create(app, machine()).await;
        let (id, first) = (&made["clientId"], made["clientSecret"].as_str().unwrap());
        let refreshed = app.get(&format!("/api/1/client/secret/refresh/{id}"), &app.admin).await.ok();
        assert_eq!((&refreshed["resultCode"], refreshed.get("oldClientSecret")), (&json!("A218001"), None));
        let second = refreshed["newClientSecret"].as_str().unwrap();
        assert_eq!(token(app, id, first).await["action"], "OK");
        assert_eq!(token(app, id, second).await["action"], "OK");
        let path = format!("/api/1/client/secret/update/{id}");
        let third = "A-secret_of-my_own-choice";
        let updated = app.post(&path, Some(&app.admin), json!({ "clientSecret": third })).await.ok();
        assert_eq!((&updated["resultCode"], &updated["newClientSecret"]), (&json!("A219001"), &json!(third)));
        assert_eq!(token(app, id, first).await["action"], "INVALID_CLIENT", "there are two at most");
        assert_eq!(token(app, id, second).await["action"], "OK");
        assert_eq!(token(app, id, third).await["action"], "OK");
        for bad in [json!({}), json!({"clientSecret": "short"}), json!({"clientSecret": "with a blank in the middle"})] {
            assert_eq!(app.post(&path, Some(&app.admin), bad.clone()).await.status, 400, "{bad}");
        }
        assert_eq!(token(app, id, third).await["action"], "OK");
    }
}

scenario! {
    async fn a_locked_client_can_do_nothing_until_it_is_unlocked(app) {
        let made = create(app, machine()).await;
        let (id, secret) = (&made["clientId"], made["clientSecret"].as_str().unwrap());
        let issued = token(app, id, secret).await;
        let value = issued["accessToken"].as_str().unwrap();
        let lock = async |locked: bool| {
            app.post(&format!("/api/1/client/lock_flag/update/{id}"), Some(&app.admin), json!({ "clientLocked": locked })).await.ok()
        };
        assert_eq!(lock(true).await["resultCode"], "A221001");
        assert_eq!(app.get(&format!("/api/1/client/get/{id}"), &app.admin).await.ok()["locked"], true);
        assert_eq!(introspected(app, value).await, "UNAUTHORIZED");
        assert_eq!(token(app, id, secret).await["action"], "INVALID_CLIENT");
        let update = app.post(&format!("/api/1/client/update/{id}"), Some(&app.admin), machine()).await;
        is_refused(&update, 403, "A001215", "locked");
        let refresh = app.get(&format!("/api/1/client/secret/refresh/{id}"), &app.admin).await;
        is_refused(&refresh, 403, "A001215", "locked");
        lock(false).await;
        assert_eq!(introspected(app, value).await, "OK");
        assert_eq!(token(app, id, secret).await["action"], "OK");
    }
}

scenario! {
    async fn clients_are_of_one_service_and_need_its_scopes(app) {
        let made = create(app, machine()).await;
        let id = &made["clientId"];
        let scopes = ["urn:jeton:clients:read"];
        app.put("/v1/orgs/1/members/viewer", &app.admin, json!({ "scopes": scopes })).await.created();
        let viewer = app.token("1", "viewer", &scopes).await;
        app.get(&format!("/api/1/client/get/{id}"), &viewer).await.ok();
        app.get("/api/1/client/get/list", &viewer).await.ok();
        for (path, body) in [
            ("create".to_owned(), json!({})),
            (format!("update/{id}"), json!({})),
            (format!("secret/update/{id}"), json!({"clientSecret": "x".repeat(30)})),
            (format!("lock_flag/update/{id}"), json!({"clientLocked": true})),
        ] {
            is_refused(&app.post(&format!("/api/1/client/{path}"), Some(&viewer), body).await, 403, "A001216", "clients:write");
        }
        is_refused(&app.get(&format!("/api/1/client/secret/refresh/{id}"), &viewer).await, 403, "A001216", "clients:write");
        is_refused(&app.delete(&format!("/api/1/client/delete/{id}"), &viewer).await, 403, "A001216", "clients:write");
        is_refused(&app.get(&format!("/api/2/client/get/{id}"), &app.admin).await, 403, "A001216", "");
        let elsewhere = app.get(&format!("/api/11/client/get/{id}"), &app.admin).await;
        is_refused(&elsewhere, 404, "A001404", "client");
    }
}

scenario! {
    async fn an_api_secret_of_the_org_opens_the_v2_paths(app) {
        let made = app.post("/v1/orgs/1/secret", Some(&app.admin), json!({})).await.ok();
        let call = async |secret: &str| {
            let credentials = STANDARD.encode(format!("1:{secret}"));
            let request = Request::post("/api/client/create").header(header::AUTHORIZATION, format!("Basic {credentials}"));
            let request = request.header(header::CONTENT_TYPE, "application/json").body(Bytes::from("{}")).expect("a request");
            app.send(request).await
        };
        let client = call(made["secret"].as_str().unwrap()).await.ok();
        assert_eq!(app.get(&format!("/api/client/get/{}", client["clientId"]), &app.admin).await.ok()["clientType"], "PUBLIC");
        assert_eq!(call("wrong").await.status, 401);
    }
}
