//! Registrations beside others: many at once, the Authlete calls, and what is kept.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::domain::{ClientId, OrgId};

use super::registration::{REGISTER, access, place};
use crate::support::{App, race, scenario, text};

async fn register(app: &App, body: Value) -> Value {
    app.post(REGISTER, Some(&app.admin), body).await.created()
}

scenario! {
    async fn the_authlete_calls_show_what_a_client_has_registered(app) {
        let made = register(app, json!({
            "client_name": "Shop", "client_name#fr": "Magasin", "client_uri": "https://shop.example", "tos_uri#de": "https://shop.example/agb",
            "contacts": ["ann@shop.example"], "redirect_uris": ["https://shop.example/cb"], "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"], "id_token_signed_response_alg": "ES256",
            "id_token_encrypted_response_alg": "ECDH-ES+A128KW", "default_max_age": 60, "software_id": "s-1",
            "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "shop.example", "dpop_bound_access_tokens": true
        })).await;
        let seen = app.get(&format!("/api/1/client/get/{}", text(&made["client_id"])), &app.admin).await.ok();
        for (name, value) in [
            ("clientName", json!("Shop")), ("clientNames", json!([{"tag": "fr", "value": "Magasin"}])), ("clientType", json!("CONFIDENTIAL")),
            ("clientUri", json!("https://shop.example")), ("tosUris", json!([{"tag": "de", "value": "https://shop.example/agb"}])),
            ("contacts", json!(["ann@shop.example"])), ("redirectUris", json!(["https://shop.example/cb"])),
            ("applicationType", json!("NATIVE")), ("grantTypes", json!(["AUTHORIZATION_CODE", "REFRESH_TOKEN"])),
            ("idTokenSignAlg", json!("ES256")), ("idTokenEncryptionAlg", json!("ECDH_ES_A128KW")), ("defaultMaxAge", json!(60)),
            ("softwareId", json!("s-1")), ("tokenAuthMethod", json!("TLS_CLIENT_AUTH")), ("tlsClientAuthSanDns", json!("shop.example")),
            ("responseTypes", json!(["CODE"])),
        ] {
            assert_eq!(seen[name], value, "{name}");
        }
        let path = format!("/api/1/client/update/{}", text(&made["client_id"]));
        assert_eq!(app.post(&path, Some(&app.admin), seen.clone()).await.ok()["clientName"], "Shop");
        assert_eq!(app.get(&place(&made), access(&made)).await.ok(), made, "what was read can be written back");
    }
}

scenario! {
    async fn a_client_sees_what_others_have_made_of_it_and_can_t_take_it_back(app) {
        let made = register(app, json!({"client_name": "Shop"})).await;
        let id = text(&made["client_id"]);
        let update = json!({
            "clientIdAlias": "shop", "clientName": "Store", "clientType": "CONFIDENTIAL", "tokenAuthMethod": "CLIENT_SECRET_POST",
            "grantTypes": ["CLIENT_CREDENTIALS", "TOKEN_EXCHANGE"], "logoUri": "https://shop.example/logo", "logoUris": [{"tag": "fr", "value": "https://shop.example/fr"}],
            "userInfoEncryptionEnc": "A128CBC_HS256", "subjectType": "PAIRWISE", "developer": "ann", "description": "Theirs",
            "extension": {"tokenExchangePermitted": true, "accessTokenDuration": 60}
        });
        app.post(&format!("/api/1/client/update/{id}"), Some(&app.admin), update).await.ok();
        let seen = app.get(&place(&made), access(&made)).await.ok();
        for (name, value) in [
            ("client_name", json!("Store")), ("token_endpoint_auth_method", json!("client_secret_post")),
            ("grant_types", json!(["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"])),
            ("logo_uri", json!("https://shop.example/logo")), ("logo_uri#fr", json!("https://shop.example/fr")),
            ("userinfo_encrypted_response_enc", json!("A128CBC-HS256")), ("subject_type", json!("pairwise")), ("response_types", json!([])),
        ] {
            assert_eq!(seen[name], value, "{name}");
        }
        let changed = app.put(&place(&made), access(&made), json!({ "client_id": id })).await.ok();
        assert_eq!((changed.get("client_name"), changed.get("logo_uri"), changed.get("logo_uri#fr")), (None, None, None));
        let kept = app.get(&format!("/api/1/client/get/{id}"), &app.admin).await.ok();
        assert_eq!((&kept["clientIdAlias"], &kept["developer"], &kept["description"]), (&json!("shop"), &json!("ann"), &json!("Theirs")));
        assert_eq!((&kept["extension"]["tokenExchangePermitted"], &kept["extension"]["accessTokenDuration"]), (&json!(true), &json!(60)));
    }
}

race! {
    async fn of_sixty_four_registrations_each_has_a_number_of_its_own(app) {
        let tasks = (0..64).map(|n| {
            let app = app.clone();
            tokio::spawn(async move { register(&app, json!({"client_name": format!("c{n}")})).await })
        });
        let made = futures::future::try_join_all(tasks).await.unwrap();
        for name in ["client_id", "client_secret", "registration_access_token"] {
            assert_eq!(made.iter().map(|made| text(&made[name])).collect::<BTreeSet<_>>().len(), 64, "{name}");
        }
        for (n, made) in made.iter().enumerate() {
            assert_eq!(app.get(&place(made), access(made)).await.ok()["client_name"], format!("c{n}"));
        }
    }
}

race! {
    async fn no_update_brings_back_a_client_that_is_deleted_or_unlocks_one(app) {
        for round in 0..8 {
            let made = register(app, json!({})).await;
            let id = text(&made["client_id"]).to_owned();
            let updates: Vec<_> = (0..8).map(|n| {
                let (app, made, id) = (app.clone(), made.clone(), id.clone());
                tokio::spawn(async move {
                    let body = json!({"client_id": id, "client_name": format!("c{n}")});
                    app.put(&place(&made), access(&made), body).await.status.as_u16()
                })
            }).collect();
            let number = ClientId::from_number(id.parse().unwrap()).unwrap();
            let kept = async || app.store.client(&OrgId::parse("1").unwrap(), number).await.unwrap();
            if round % 2 == 0 {
                app.delete(&place(&made), access(&made)).await.is_empty();
                futures::future::try_join_all(updates).await.unwrap();
                assert_eq!(kept().await, None);
            } else {
                app.post(&format!("/api/1/client/lock_flag/update/{id}"), Some(&app.admin), json!({"clientLocked": true})).await.ok();
                futures::future::try_join_all(updates).await.unwrap();
                assert!(!kept().await.unwrap().enabled);
            }
        }
    }
}

/// Neither token nor secret is anywhere in the data file.
#[tokio::test]
async fn nothing_raw_is_kept_of_a_registration() {
    let folder = std::env::temp_dir().join(format!("jeton-registration-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut secrets = Vec::new();
    {
        let app = App::on_file(&folder.join("data")).await;
        for _ in 0..20 {
            let made = register(&app, json!({"client_name": "to be found"})).await;
            app.put(&place(&made), access(&made), json!({"client_id": made["client_id"], "client_name": "to be found"}))
                .await
                .ok();
            secrets.extend([access(&made).to_owned(), text(&made["client_secret"]).to_owned()]);
        }
    }
    let kept: Vec<u8> =
        std::fs::read_dir(&folder).unwrap().flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    let holds = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("to be found"));
    for secret in secrets {
        assert!(!holds(&secret) && !holds(&secret[secret.len() - 20..]));
    }
}
