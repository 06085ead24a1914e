//! `/v1/orgs/{org}`.

use http::Method;
use serde_json::{Value, json};
use shared::api::jeton::load_seed::NotLoaded;
use shared::domain::OrgId;
use shared::jose::sha256;

use crate::support::scenario;

/// An issuer of assertions, as an org's settings have it.
fn issuer() -> Value {
    json!({
        "issuer": "https://idp.example", "scopes": [], "clients": [7], "any_subject": true, "refresh_tokens": false, "subject_tokens": false, "id_jag": false, "enabled": true, "longest_life": 300,
        "reusable": false,
        "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
    })
}

scenario! {
    async fn an_org_is_made_below_one_that_is_administered_then_changed_then_deleted(app) {
        let mut made = app.put("/v1/orgs/12", &app.admin, json!({"parent": "1", "name": "Shop", "settings": {"token_duration": 60}})).await.created();
        let settings = made["settings"].as_object_mut().unwrap();
        for (name, default) in [
            ("pushed_request_duration", json!(60)), ("pushed_requests_required", json!(false)), ("device_code_duration", json!(600)),
            ("device_poll_interval", json!(5)), ("ciba_delivery_modes", json!(["poll", "ping"])), ("ciba_request_duration", json!(600)),
            ("ciba_poll_interval", json!(5)), ("ciba_user_code", json!(false)),
            (
                "api_keys",
                json!({"self_service": false, "duration": 7_776_000, "max_duration": 31_536_000, "max_per_owner": 20, "require_cidrs": false, "jwt_duration": 600}),
            ),
        ] {
            assert_eq!(settings.remove(name), Some(default), "{name}");
        }
        assert_eq!(
            made,
            json!({
                "id": "12", "parent": "1", "root": "1", "name": "Shop", "enabled": true,
                "settings": {
                    "token_duration": 60, "max_token_duration": 86_400, "refresh_token_duration": 2_592_000,
                    "refresh_token_retry_seconds": 60, "allow_non_expiring": false, "status_list": false,
                    "supported_scopes": [],
                    "supported_grants": [
                        "authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
                        "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer",
                    ],
                    "refresh_token_duration_kept": true, "refresh_token_duration_reset": false, "refresh_token_idempotent": true,
                    "single_token_per_subject": false, "token_expiration_linked": false, "scope_required": false,
                    "error_description_omitted": false, "error_uri_omitted": false,
                    "token_exchange": {
                        "by_identifiable_clients_only": false, "by_confidential_clients_only": false, "by_permitted_clients_only": false,
                        "encrypted_jwt_rejected": false, "unsigned_jwt_rejected": false,
                    },
                    "jwt_grant": {"by_identifiable_clients_only": false, "encrypted_jwt_rejected": false, "unsigned_jwt_rejected": false},
                    "authorization_details_types": [], "exchange_chain_limit": 4, "dpop_nonce_required": false, "authorization_duration": 1_800, "code_duration": 60,
                    "id_token_duration": 3_600, "refresh_needs_offline_access": false,
                    "open_registration": {
                        "enabled": false, "unused_duration": 86_400, "duration": 7_776_000, "most_per_hour": 100, "most_per_address": 10, "schemes": [],
                    },
                    "client_metadata_documents": {"enabled": false, "hosts": []}, "assertion_issuers": [],
                },
                "created": "2026-11-22T12:00:00Z", "updated": "2026-11-22T12:00:00Z"
            })
        );
        app.clock.advance_ms(2_000);
        let changed = app.put("/v1/orgs/12", &app.admin, json!({"enabled": false})).await.ok();
        assert_eq!((&changed["created"], &changed["updated"]), (&json!("2026-11-22T12:00:00Z"), &json!("2026-11-22T12:00:02Z")));
        assert!(changed["settings"].get("token_duration").is_none(), "a PUT replaces");
        assert_eq!(app.get("/v1/orgs/12", &app.admin).await.ok(), changed);
        app.delete("/v1/orgs/12", &app.admin).await.is_empty();
        app.get("/v1/orgs/12", &app.admin).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn what_is_unknown_in_a_body_or_a_query_is_refused_by_name_and_changes_nothing(app) {
        let before = app.get("/v1/orgs/11", &app.admin).await.ok();
        let refused = async |method: &str, path: &str, body: serde_json::Value, message: &str| {
            let request = http::Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", app.admin));
            let answer = app.send(request.header("content-type", "application/json").body(body.to_string().into()).unwrap()).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["detail"], message, "{method} {path}");
        };
        refused("PUT", "/v1/orgs/11", json!({"setings": {}}), "setings: is not a known field (did you mean \"settings\"?).").await;
        refused("PUT", "/v1/orgs/11", json!({"id": "12"}), "id: must be the org in the path.").await;
        refused("PUT", "/v1/orgs/11?dry_run=true", json!({}), "dry_run: is not a known parameter.").await;
        refused("PUT", "/v1/orgs/11/members/ann", json!({"scope": ["a"]}), "scope: is not a known field (did you mean \"scopes\"?).").await;
        refused("PUT", "/v1/orgs/11/members/ann", json!({"sub": "bot"}), "sub: must be the member in the path.").await;
        refused("DELETE", "/v1/orgs/11/members/ann?force=1", json!({}), "force: is not a known parameter.").await;
        refused("GET", "/v1/orgs/11/members?afte=x", json!({}), "afte: is not a known parameter (did you mean \"after\"?).").await;
        assert_eq!(app.get("/v1/orgs/11", &app.admin).await.ok(), before);
        // What was read can be written, and documents that are the same for everybody are found with any query.
        assert_eq!(app.put("/v1/orgs/11", &app.admin, before.clone()).await.ok()["settings"], before["settings"]);
        let member = app.get("/v1/orgs/11/members/ann", &app.admin).await.ok();
        assert_eq!(app.put("/v1/orgs/11/members/ann", &app.admin, member.clone()).await.ok()["scopes"], member["scopes"]);
        for path in ["/.well-known/jwks.json?v=1", "/health?v=1", "/openapi.json?v=1"] {
            assert_eq!(app.get(path, &app.admin).await.status, 200, "{path}");
        }
    }
}

scenario! {
    async fn settings_shape_the_tokens_of_the_org(app) {
        app.put("/v1/orgs/11", &app.admin, json!({"settings": {"token_duration": 60, "max_token_duration": 120}})).await.ok();
        let default = app.mint("11", "ann", json!({"time_validity": {}})).await.created();
        assert_eq!(default["time_validity"]["duration"], 60);
        app.mint("11", "ann", json!({"time_validity": {"duration": 120}})).await.created();
        app.mint("11", "ann", json!({"time_validity": {"duration": 121}})).await.is_error(400, "INVALID_LIFETIME");
    }
}

scenario! {
    async fn settings_of_oauth_clients_are_shown_as_they_were_written(app) {
        let settings = json!({
            "refresh_token_kept": true, "access_token_sign_alg": "ES256",
            "supported_scopes": [{"name": "read", "default": true, "description": "Read", "token_duration": 60, "attributes": {"a": "b"}}],
            "supported_grants": ["password", "refresh_token"], "token_endpoint": "https://as.example.org/token",
            "jwt_grant": {"unsigned_jwt_rejected": true}, "attributes": {"x": "y"}, "dpop_nonce_required": true,
            "assertion_issuers": [{
                "issuer": "https://idp.example", "scopes": ["read"], "clients": [7],
                "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
                "any_subject": true, "refresh_tokens": true, "subject_tokens": true, "id_jag": true, "enabled": false, "longest_life": 3_600,
                "reusable": true,
                "audiences": ["https://a.example"], "claims": {"a": "b"},
            }],
        });
        app.put("/v1/orgs/11", &app.admin, json!({"settings": settings})).await.ok();
        let shown = app.get("/v1/orgs/11", &app.admin).await.ok();
        for (name, value) in settings.as_object().unwrap() {
            if name == "jwt_grant" {
                assert_eq!(shown["settings"][name]["unsigned_jwt_rejected"], true);
            } else {
                assert_eq!(shown["settings"][name], *value, "{name}");
            }
        }
        let remote = json!({"assertion_issuers": [{"issuer": "https://idp.example", "jwks_uri": "https://idp.example/jwks"}]});
        let out_of_reach = app.put("/v1/orgs/11", &app.admin, json!({"settings": remote})).await;
        assert_eq!(out_of_reach.json()["field"], "settings.assertion_issuers[0].jwks_uri", "the deployment allows no such origin");
        out_of_reach.is_error(400, "INVALID_REQUEST");
        let no_key = app.put("/v1/orgs/11", &app.admin, json!({"settings": {"access_token_sign_alg": "RS256"}})).await;
        assert_eq!(no_key.json()["field"], "settings.access_token_sign_alg", "there is no such key here");
        no_key.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn an_org_has_two_api_secrets_at_most_and_each_is_told_once(app) {
        let path = "/v1/orgs/11/secret";
        let made = app.post(path, Some(&app.admin), json!({})).await.ok();
        assert_eq!(made["org"], "11");
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.len() == 52 && secret.starts_with("jeton-sk-"), "{secret}");
        assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{secret}");
        let org = OrgId::parse("11").unwrap();
        let kept = async || app.store.org(&org).await.unwrap().unwrap().secrets;
        let first = kept().await;
        assert_eq!(first, [sha256(secret.as_bytes())]);
        app.put("/v1/orgs/11", &app.admin, json!({"name": "Other"})).await.ok();
        assert_eq!(kept().await, first, "a PUT leaves them");
        app.post(path, Some(&app.admin), json!({})).await.ok();
        let second = kept().await;
        assert_eq!((second.len(), second[1]), (2, first[0]));
        app.post(path, Some(&app.admin), json!({})).await.ok();
        let third = kept().await;
        assert_eq!((third.len(), third[1]), (2, second[0]));
        let shown = app.get("/v1/orgs/11", &app.admin).await.ok();
        assert!(!shown.to_string().contains("secret"));
    }
}

scenario! {
    async fn who_makes_an_api_secret_must_have_all_that_it_opens(app) {
        let all = ["orgs:write", "tokens:create", "tokens:read", "tokens:revoke", "clients:write", "authorizations:decide"];
        let all = all.map(|what| format!("urn:jeton:{what}"));
        app.put("/v1/orgs/1/members/boss", &app.admin, json!({"scopes": all})).await.created();
        for lacking in 0..all.len() {
            let some: Vec<_> = (0..all.len()).filter(|n| *n != lacking).map(|n| all[n].as_str()).collect();
            let boss = app.token("1", "boss", &some).await;
            app.post("/v1/orgs/1/secret", Some(&boss), json!({})).await.is_error(403, "ACCESS_DENIED");
        }
        let boss = app.token("1", "boss", &all.each_ref().map(String::as_str)).await;
        app.post("/v1/orgs/1/secret", Some(&boss), json!({})).await.ok();
        app.post("/v1/orgs/2/secret", Some(&app.admin), json!({})).await.is_error(403, "ACCESS_DENIED");
        app.post("/v1/orgs/404/secret", Some(&app.admin), json!({})).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn what_an_org_cannot_be_is_refused(app) {
        for (path, body, status, code) in [
            ("/v1/orgs/13", json!({}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "2"}), 403, "ACCESS_DENIED"),
            ("/v1/orgs/13", json!({"parent": "404"}), 403, "ACCESS_DENIED"),
            ("/v1/orgs/2", json!({}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/111", json!({"parent": "1"}), 409, "CONFLICT"),
            ("/v1/orgs/a%23b", json!({"parent": "1"}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"token_duration": 0}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"token_duration": 86_401}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"max_token_duration": 34_560_001}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "settings": {"tokn_duration": 5}}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "name": ""}), 400, "INVALID_REQUEST"),
            ("/v1/orgs/13", json!({"parent": "1", "enabled": "yes"}), 400, "INVALID_REQUEST"),
        ] {
            app.put(path, &app.admin, body.clone()).await.is_error(status, code);
        }
        app.get("/v1/orgs/13", &app.admin).await.is_error(403, "ACCESS_DENIED");
        app.delete("/v1/orgs/1", &app.admin).await.is_error(409, "CONFLICT");
        app.delete("/v1/orgs/11", &app.admin).await.is_error(409, "CONFLICT");
        let ann = app.token("1", "ann", &[]).await;
        app.get("/v1/orgs/1", &ann).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    /// Each request reads the org: what one read doesn't cover, all of them would pay for.
    async fn an_org_that_one_read_does_not_cover_is_refused_and_names_what_is_large(app) {
        let scopes = |count: usize| (0..count).map(|n| json!({"name": format!("urn:shop:orders:{n:03}:write")})).collect::<Vec<_>>();
        let attributes = |count: usize| (0..count).map(|n| (format!("k{n:02}"), "v".repeat(900).into())).collect::<serde_json::Map<_, _>>();
        let before = app.get("/v1/orgs/11", &app.admin).await.ok();
        for (settings, field) in [
            (json!({"supported_scopes": scopes(150)}), "settings.supported_scopes"),
            (json!({"supported_scopes": scopes(20), "attributes": attributes(5)}), "settings.attributes"),
        ] {
            for (path, status) in [("/v1/orgs/11", "changed"), ("/v1/orgs/13", "new")] {
                let answer = app.put(path, &app.admin, json!({"parent": "1", "settings": settings})).await;
                assert_eq!(answer.json()["field"], field, "{status}: {answer:?}");
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains("must be smaller: the org would take ") && detail.contains("may take 4096"), "{detail}");
                answer.is_error(400, "INVALID_REQUEST");
            }
            let answer = app.patch("/v1/orgs/11", &app.admin, json!({"settings": settings})).await;
            assert_eq!(answer.json()["field"], field);
            answer.is_error(400, "INVALID_REQUEST");
            let seeded = app.seed(&json!({"orgs": [{"id": "3", "settings": settings}]})).await;
            let Err(NotLoaded::Bad(bad)) = seeded else { panic!("{seeded:?}") };
            assert!(bad.to_string().starts_with(&format!("orgs[0].{field}: must be smaller: the org would take ")), "{bad}");
        }
        assert_eq!(app.get("/v1/orgs/11", &app.admin).await.ok(), before, "nothing is stored");
        for path in ["/v1/orgs/13", "/v1/orgs/3"] {
            app.get(path, &app.admin).await.is_error(403, "ACCESS_DENIED");
        }
        app.put("/v1/orgs/11", &app.admin, json!({"settings": {"supported_scopes": scopes(90)}})).await.ok();
    }
}

scenario! {
    async fn sixteen_levels_are_the_deepest(app) {
        let mut parent = "111".to_owned();
        for level in 4..=16 {
            let id = format!("l{level}");
            app.put(&format!("/v1/orgs/{id}"), &app.admin, json!({"parent": parent})).await.created();
            parent = id;
        }
        app.put("/v1/orgs/l17", &app.admin, json!({"parent": parent})).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn a_problem_names_the_field_in_the_jeton_dialect(app) {
        let answer = app.put("/v1/orgs/13", &app.admin, json!({"parent": "1", "settings": {"token_duration": "s3cret"}})).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(
            answer.json(),
            json!({"title": "Bad Request", "status": 400, "code": "INVALID_REQUEST", "field": "settings.token_duration", "detail": "settings.token_duration: must be an integer from 1 to 34,560,000 (seconds: at most 400 days)."})
        );
    }
}

scenario! {
    async fn orgs_are_listed_each_before_those_below_it_a_page_at_a_time(app) {
        for (id, parent) in [("12", "1"), ("112", "11"), ("1111", "111"), ("121", "12"), ("10", "1")] {
            app.put(&format!("/v1/orgs/{id}"), &app.admin, json!({"parent": parent})).await.created();
        }
        let listed = async |bearer: &str, limit: usize| {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = app.get(&format!("/v1/orgs?limit={limit}{after}"), bearer).await.ok();
                let orgs = page["orgs"].as_array().unwrap();
                assert!(orgs.len() <= limit);
                seen.extend(orgs.iter().map(|org| org["id"].as_str().unwrap().to_owned()));
                let Some(next) = page.get("next") else { break };
                after = format!("&after={}", next.as_str().unwrap());
            }
            seen
        };
        let all = ["1", "10", "11", "111", "1111", "112", "12", "121"];
        for limit in [1, 2, 3, 7, 8, 100] {
            assert_eq!(listed(&app.admin, limit).await, all, "limit {limit}");
        }
        app.put("/v1/orgs/11/members/lead", &app.admin, json!({"scopes": ["urn:jeton:orgs:read"]})).await.created();
        let lead = app.token("11", "lead", &["urn:jeton:orgs:read"]).await;
        for limit in [1, 3, 100] {
            assert_eq!(listed(&lead, limit).await, all[2..6], "limit {limit}");
        }
        let first = app.get("/v1/orgs?limit=1", &lead).await.ok();
        assert_eq!(first, json!({"orgs": [{"id": "11", "parent": "1", "root": "1", "enabled": true, "created": "2026-11-22T12:00:00Z", "updated": "2026-11-22T12:00:00Z"}], "next": "11"}));
        for bad in ["after=1", "after=2", "after=nobody", "limit=101", "parent=1"] {
            app.get(&format!("/v1/orgs?{bad}"), &lead).await.is_error(400, "INVALID_REQUEST");
        }
        let ann = app.token("1", "ann", &[]).await;
        app.get("/v1/orgs", &ann).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn rfc7396_a_patch_changes_one_thing_of_an_org_and_leaves_the_rest(app) {
        let settings = json!({"token_duration": 60, "supported_scopes": [{"name": "urn:a"}], "assertion_issuers": [issuer()]});
        let before = app.put("/v1/orgs/12", &app.admin, json!({"parent": "1", "name": "Shop", "settings": settings})).await.created();
        app.clock.advance_ms(1_000);
        let after = app.patch("/v1/orgs/12", &app.admin, json!({"settings": {"max_token_duration": 7_776_000}})).await.ok();
        let mut expected = before;
        expected["settings"]["max_token_duration"] = json!(7_776_000);
        expected["updated"] = json!("2026-11-22T12:00:01Z");
        assert_eq!(after, expected);
        let after = app.patch("/v1/orgs/12", &app.admin, json!({"name": null, "settings": {"token_duration": null}})).await.ok();
        assert_eq!((after.get("name"), after["settings"].get("token_duration")), (None, None));
        assert_eq!(after["settings"]["assertion_issuers"], expected["settings"]["assertion_issuers"]);
        assert_eq!(app.get("/v1/orgs/12", &app.admin).await.ok(), after);
    }
}

scenario! {
    async fn what_a_patch_of_an_org_cannot_be_is_refused_by_name_and_changes_nothing(app) {
        let before = app.get("/v1/orgs/11", &app.admin).await.ok();
        for (changes, field) in [
            (json!({"setings": {}}), "setings"),
            (json!({"settings": {"token_duraton": null}}), "settings.token_duraton"),
            (json!({"settings": {"token_duration": "60"}}), "settings.token_duration"),
            (json!({"root": "11"}), "root"),
            (json!({"id": "12"}), "id"),
        ] {
            let answer = app.patch("/v1/orgs/11", &app.admin, changes).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field);
        }
        app.patch("/v1/orgs/11", &app.admin, json!({"parent": "12"})).await.is_error(409, "CONFLICT");
        app.patch("/v1/orgs/nobody", &app.admin, json!({"name": "New"})).await.is_error(403, "ACCESS_DENIED");
        assert_eq!(app.get("/v1/orgs/11", &app.admin).await.ok(), before);
    }
}

scenario! {
    async fn rfc9110_13_an_org_is_changed_only_if_it_is_as_the_caller_has_seen_it(app) {
        const PATH: &str = "/v1/orgs/11";
        let seen = app.get(PATH, &app.admin).await;
        let tag = seen.tag().to_owned();
        let change = app.send_if(Method::PATCH, PATH, &app.admin, &[("if-match", &tag)], Some(json!({"name": "First"}))).await;
        assert_eq!((change.status.as_u16(), change.tag()), (200, app.get(PATH, &app.admin).await.tag()));
        for method in [Method::PUT, Method::PATCH] {
            let late = app.send_if(method, PATH, &app.admin, &[("if-match", &tag)], Some(json!({"name": "Second"}))).await;
            late.is_error(412, "PRECONDITION_FAILED");
        }
        let new = Some(json!({"parent": "1"}));
        app.send_if(Method::PUT, PATH, &app.admin, &[("if-none-match", "*")], new.clone()).await.is_error(412, "PRECONDITION_FAILED");
        app.send_if(Method::PUT, "/v1/orgs/12", &app.admin, &[("if-match", "*")], new.clone()).await.is_error(412, "PRECONDITION_FAILED");
        assert_eq!(app.send_if(Method::PUT, "/v1/orgs/12", &app.admin, &[("if-none-match", "*")], new).await.status, 201);
        assert_eq!(app.get(PATH, &app.admin).await.ok()["name"], "First");
    }
}

scenario! {
    async fn patches_of_an_org_at_the_same_time_do_not_lose_one_another(app) {
        let changes = [
            json!({"name": "Shop"}), json!({"settings": {"token_duration": 60}}), json!({"settings": {"assertion_issuers": [issuer()]}}),
            json!({"settings": {"supported_scopes": [{"name": "urn:a"}]}}),
        ];
        let answers = futures::future::join_all(changes.map(|patch| app.patch("/v1/orgs/11", &app.admin, patch))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let org = app.get("/v1/orgs/11", &app.admin).await.ok();
        assert_eq!((&org["name"], &org["settings"]["token_duration"]), (&json!("Shop"), &json!(60)));
        assert_eq!(org["settings"]["supported_scopes"][0]["name"], "urn:a");
        assert_eq!(org["settings"]["assertion_issuers"][0]["issuer"], "https://idp.example");
    }
}

scenario! {
    async fn a_new_org_without_a_parent_is_refused_as_one_of_somebody_else_is(app) {
        app.put("/v1/orgs/11/members/clerk", &app.admin, json!({"scopes": ["urn:jeton:orgs:write"]})).await.created();
        for path in ["/v1/orgs/nobody", "/v1/orgs/1"] {
            let clerk = app.token("11", "clerk", &["urn:jeton:orgs:write"]).await;
            let answer = app.put(path, &clerk, json!({})).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["detail"], "parent: is required for a new org: the id of the org above it.");
        }
    }
}
