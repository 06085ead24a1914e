//! `POST /v1/tokens/introspect`, `GET /v1/tokens/introspect_self`, `POST /v1/tokens/introspect_all_sub_orgs`.

use serde_json::json;

use crate::support::scenario;

scenario! {
    async fn a_live_token_is_shown_with_types_that_the_strict_sdk_takes(app) {
        let host = json!({"upstream_host": "a.example", "app_id": "shop", "allowed_list": [{"methods": ["get", "all"], "paths": ["/.*"], "extra": [1]}]});
        let minted = app.mint("1", "ann", json!({"scopes": ["urn:app:read"], "roles": {"shop": "owner"}, "hosts": [host], "session": "s-1"})).await.created();
        let mut view = app.introspect(minted["token"].as_str().unwrap()).await.ok();
        assert_eq!(view.as_object_mut().unwrap().remove("jti").unwrap().as_str().unwrap().len(), 32);
        assert_eq!(
            view,
            json!({
                "sub": "ann", "org": "1", "root_org": "1", "sub_email": "ann@example.org", "roles": {"shop": ["owner"]},
                "iat": "2026-11-22T12:00:00Z", "exp": "2026-11-22T12:10:00Z", "hosts": [host], "aud": ["urn:api"], "session": "s-1",
                "scopes": ["urn:app:read"], "creating_sub": "administrator", "creating_org": "1"
            })
        );
    }
}

scenario! {
    async fn exclude_roles_leaves_them_out(app) {
        let token = app.mint("1", "ann", json!({"roles": {"shop": "owner"}})).await.created()["token"].clone();
        let options = json!({"exclude_roles": true, "support_http_matchers": true, "no_cache": true});
        let view = app.post("/v1/tokens/introspect", None, json!({"token": token, "introspect_options": options})).await.ok();
        assert!(view.get("roles").is_none());
        let own = app.get("/v1/tokens/introspect_self?exclude_roles=True", token.as_str().unwrap()).await.ok();
        assert!(own.get("roles").is_none());
    }
}

scenario! {
    /// 410 is only for what is genuine and revoked.
    async fn everything_that_is_not_ours_is_400_and_only_a_revoked_token_is_410(app) {
        let token = app.token("1", "ann", &[]).await;
        let (head, signature) = token.rsplit_once('.').unwrap();
        let flipped = format!("{head}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
        for bad in ["x", "a.b.c", "jeton-rt.1.x", &flipped, head, &format!("{head}.")] {
            app.introspect(bad).await.is_error(400, "TOKEN_INVALID");
        }
        app.introspect("").await.is_error(400, "INVALID_REQUEST");
        app.post("/v1/tokens/introspect", None, json!({})).await.is_error(400, "INVALID_REQUEST");
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
        app.introspect(&token).await.is_error(410, "TOKEN_REVOKED");
        app.introspect(&flipped).await.is_error(400, "TOKEN_INVALID");
    }
}

scenario! {
    async fn the_tokens_of_a_disabled_member_or_org_are_dead_while_it_is(app) {
        let token = app.token("11", "ann", &["urn:app:read"]).await;
        let admin = app.admin.clone();
        for (path, off, on) in [
            ("/v1/orgs/11/members/ann", json!({"enabled": false, "scopes": ["urn:app:read"]}), json!({"scopes": ["urn:app:read"]})),
            ("/v1/orgs/11", json!({"enabled": false}), json!({"enabled": true})),
        ] {
            app.put(path, &admin, off).await.ok();
            assert!(!app.is_live(&token).await, "{path}");
            app.put(path, &admin, on).await.ok();
            assert!(app.is_live(&token).await, "{path}");
        }
    }
}

scenario! {
    async fn an_authorization_header_is_ignored_where_the_body_decides(app) {
        let token = app.token("1", "ann", &[]).await;
        app.post("/v1/tokens/introspect", Some("garbage"), json!({"token": token})).await.ok();
        app.post("/v1/tokens/revoke", Some("garbage"), json!({"token": token})).await.is_empty();
    }
}

scenario! {
    async fn introspection_shows_neither_roles_nor_scopes_that_the_member_has_lost(app) {
        let asked = json!({
            "scopes": ["urn:app:read", "urn:app:write?", "urn:other?"], "roles": {"shop": "owner", "bank": "clerk"}, "create_refresh_token": true
        });
        let minted = app.mint("1", "ann", asked).await.created();
        let (token, path) = (minted["token"].as_str().unwrap(), "/v1/orgs/1/members/ann");
        let views = async || {
            let of_anyone = app.introspect(token).await.ok();
            let own = app.get("/v1/tokens/introspect_self", token).await.ok();
            let all = app.post("/v1/tokens/introspect_all_sub_orgs", None, json!({"token": token})).await.ok();
            for view in [&own, &all["primary_token"]] {
                assert_eq!((&view["scopes"], &view["roles"]), (&of_anyone["scopes"], &of_anyone["roles"]));
            }
            (of_anyone["scopes"].clone(), of_anyone["roles"].clone())
        };
        let (wanted_in_vain, given) = (json!("urn:other?"), json!(["clerk"]));
        let (scopes, roles) = views().await;
        assert_eq!(scopes, json!(["urn:app:read", "urn:app:write?", wanted_in_vain]));
        assert_eq!(roles, json!({"shop": ["owner"], "bank": given}));
        let held = app.get(path, &app.admin).await.ok();
        app.patch(path, &app.admin, json!({"scopes": [], "roles": null})).await.ok();
        assert_eq!(views().await, (json!([wanted_in_vain]), json!({"bank": given})), "what ann never had she can't lose");
        app.patch(path, &app.admin, json!({"scopes": held["scopes"], "roles": held["roles"]})).await.ok();
        assert_eq!(views().await, (scopes, roles));
    }
}

scenario! {
    async fn a_refresh_token_is_told_apart_and_opens_nothing(app) {
        let asked = json!({
            "create_refresh_token": true, "scopes": ["urn:app:read"], "roles": {"shop": "owner"}, "session": "s-1", "hosts": [{"upstream_host": "a.example"}]
        });
        let minted = app.mint("1", "ann", asked).await.created();
        let access = app.introspect(minted["token"].as_str().unwrap()).await.ok();
        assert!(access.get("refresh_token_jti").is_none() && access.get("token_use").is_none());
        let refresh = json!({"token": minted["refresh_token"]});
        let view = app.post("/v1/tokens/introspect", None, refresh.clone()).await.ok();
        assert_eq!((&view["token_use"], &view["refresh_token_jti"]), (&json!("refresh_token"), &access["jti"]));
        assert_eq!((&view["sub"], &view["session"]), (&json!("ann"), &json!("s-1")));
        assert_eq!((&view["scopes"], &view["roles"], &view["aud"]), (&json!([]), &json!({}), &json!([])));
        assert!(view.get("hosts").is_none());
        let all = app.post("/v1/tokens/introspect_all_sub_orgs", None, refresh).await.ok();
        assert_eq!((&all["primary_token"], &all["sub_org_results"]), (&view, &json!([])));
    }
}

scenario! {
    async fn a_token_is_shown_in_the_orgs_below_its_own_where_its_subject_is_a_member(app) {
        let token = app.mint("1", "ann", json!({"scopes": ["urn:app:read", "urn:app:write"], "roles": {"shop": "editor"}})).await.created()["token"].clone();
        let all = app.post("/v1/tokens/introspect_all_sub_orgs", None, json!({"token": token})).await.ok();
        assert_eq!(all["primary_token"]["org"], "1");
        let views: Vec<_> = all["sub_org_results"].as_array().unwrap().iter().map(|view| (view["org"].clone(), view["scopes"].clone(), view["roles"].clone())).collect();
        assert_eq!(
            views,
            [
                (json!("11"), json!(["urn:app:read"]), json!({"shop": ["editor"]})),
                (json!("111"), json!(["urn:app:read", "urn:app:write"]), json!({}))
            ]
        );
        let only = json!({"target_org_info": {"target_orgs": ["111", "2", "404"]}});
        let some = app.post("/v1/tokens/introspect_all_sub_orgs", None, json!({"token": token, "introspect_options": only})).await.ok();
        assert_eq!(some["sub_org_results"].as_array().unwrap().len(), 1, "foreign orgs are left out silently");
        let flood = json!({"target_org_info": {"target_orgs": vec!["1"; 101]}});
        app.post("/v1/tokens/introspect_all_sub_orgs", None, json!({"token": token, "introspect_options": flood})).await.is_error(400, "INVALID_REQUEST");
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
        app.post("/v1/tokens/introspect_all_sub_orgs", None, json!({"token": token})).await.is_error(410, "TOKEN_REVOKED");
    }
}

scenario! {
    /// The record is the authority. A genuine signature over something else than the record is invalid.
    async fn a_signed_token_that_no_record_agrees_with_is_invalid(app) {
        use shared::domain::{Algorithm, Claims, Issuer, OrgId, TokenId, TokenKey};
        use shared::store::RecordKeys;
        let token = app.token("1", "ann", &["urn:app:read"]).await;
        let id = TokenId::parse(app.introspect(&token).await.ok()["jti"].as_str().unwrap()).unwrap();
        let key = TokenKey { org: OrgId::parse("1").unwrap(), id };
        let record = app.store.read(&RecordKeys { tokens: vec![key.clone()], ..RecordKeys::default() }).await.unwrap().tokens.remove(&key).unwrap();
        let issuer = Issuer::parse("https://jeton.example").unwrap();
        let signer = shared::keys::signer::LocalSigner::for_tests(Algorithm::Es256);
        let honest = Claims::from_record(&record, &issuer);
        let sign = async |claims: &Claims| shared::keys::signer::jws::sign(&signer, "JWT", &shared::jose::claims::to_json(claims).unwrap()).await.unwrap();
        assert!(app.is_live(&sign(&honest).await).await);
        let mut wider = honest.clone();
        wider.scopes.push("urn:jeton:admin".parse().unwrap());
        let mut another = honest.clone();
        another.subject = "administrator".parse().unwrap();
        let mut longer = honest.clone();
        longer.expires_at = longer.expires_at.plus(shared::domain::Seconds::DAY);
        let mut unrecorded = honest.clone();
        unrecorded.id = TokenId::from_bytes([9; 20]);
        for claims in [wider, another, longer, unrecorded] {
            app.introspect(&sign(&claims).await).await.is_error(400, "TOKEN_INVALID");
        }
        let other_type = shared::keys::signer::jws::sign(&signer, "at+jwt", &shared::jose::claims::to_json(&honest).unwrap()).await.unwrap();
        app.introspect(&other_type).await.is_error(400, "TOKEN_INVALID");
    }
}
