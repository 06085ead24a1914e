//! `POST /v1/tokens`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::domain::scope::api;

use crate::support::{App, scenario};

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

scenario! {
    /// What the SDK's helpers read from a raw token.
    async fn a_token_is_an_es256_jwt_with_the_claims_that_the_sdk_reads(app) {
        let minted = app.mint("1", "ann", json!({"scopes": ["urn:app:read", "urn:other?"], "roles": {"shop": "owner"}, "session": "s-1"})).await.created();
        let token = minted["token"].as_str().unwrap();
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("JWT")));
        let mut claims = claims(token);
        assert!(claims.as_object_mut().unwrap().remove("jti").is_some_and(|jti| jti.as_str().unwrap().len() == 32));
        assert_eq!(
            claims,
            json!({
                "iss": "https://jeton.example", "sub": "ann", "org": "1", "aud": ["urn:api"], "iat": 1_795_348_800, "exp": 1_795_349_400,
                "session": "s-1", "scopes": ["urn:app:read", "urn:other?"], "roles": {"shop": "owner"}
            })
        );
        assert_eq!(minted["time_validity"], json!({"duration": 600}));
        assert_eq!(minted["session"], "s-1");
        assert!(minted.get("refresh_token").is_none() && minted.get("user").is_none());
    }
}

scenario! {
    /// With `get_user`, `type` is the discriminator without which the SDK raises.
    async fn get_user_returns_the_member_with_its_type(app) {
        let user = app.mint("1", "ann", json!({"get_user": true})).await.created()["user"].clone();
        assert_eq!(
            user,
            json!({
                "id": "ann", "org_id": "1", "type": "user", "enabled": true, "status": "active", "email": "ann@example.org", "first_name": "Ann",
                "last_name": "Lee", "full_name": "Ann Lee", "display_name": "Ann", "external_id": "x-1", "roles": {"shop": ["owner", "editor"]},
                "created": "2026-11-22T12:00:00Z", "updated": "2026-11-22T12:00:00Z"
            })
        );
        for (sub, kind) in [("bot", "service_account"), ("team", "group")] {
            assert_eq!(app.mint("1", sub, json!({"get_user": true})).await.created()["user"]["type"], kind);
        }
    }
}

scenario! {
    async fn without_a_good_bearer_it_is_401(app) {
        app.post("/v1/tokens", None, crate::support::ask("1", "ann", json!({}))).await.is_error(401, "TOKEN_MISSING");
        for bad in ["x", "a.b.c", "....", &format!("{}x", app.admin)] {
            app.mint_as(bad, "1", "ann", json!({})).await.is_error(401, "TOKEN_INVALID");
        }
        let token = app.token("1", "ann", &[]).await;
        app.clock.advance_ms(600_000);
        app.mint_as(&token, "1", "ann", json!({})).await.is_error(401, "TOKEN_EXPIRED");
    }
}

scenario! {
    async fn a_required_scope_must_be_held_and_an_optional_one_need_not_be(app) {
        app.mint("1", "bot", json!({"scopes": ["urn:app:write"]})).await.is_error(403, "SCOPE_NOT_HELD");
        let token = app.token("1", "bot", &["urn:app:write?", "urn:app:read"]).await;
        // Verbatim, mark included: the command line compares what it asked for with what it got.
        assert_eq!(app.introspect(&token).await.ok()["scopes"], json!(["urn:app:write?", "urn:app:read"]));
        app.mint("1", "ann", json!({"scopes": ["urn:app:*"]})).await.created();
        app.mint("1", "bot", json!({"scopes": ["urn:app:*"]})).await.is_error(403, "SCOPE_NOT_HELD");
    }
}

scenario! {
    async fn a_misspelled_lifetime_is_refused_instead_of_replaced_by_the_default(app) {
        for (validity, field) in [("time_validity", "end_time"), ("token_validity", "ends")] {
            let answer = app.mint("1", "ann", json!({validity: {field: "2027-02-26T00:00:00Z"}})).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert!(answer.json()["error_message"].as_str().unwrap().starts_with(&format!("{validity}.{field}: is not a known field")));
        }
        app.mint("1", "ann", json!({"unknown": 1})).await.created();
    }
}

scenario! {
    async fn an_unknown_a_disabled_and_a_foreign_subject_are_one_answer(app) {
        let unknown = app.mint("1", "nobody", json!({})).await;
        let disabled = app.mint("1", "gone", json!({})).await;
        unknown.is_error(403, "MEMBER_UNAVAILABLE");
        assert_eq!(unknown.body, disabled.body);
        let foreign = app.mint("2", "ann", json!({})).await;
        let missing = app.mint("404", "ann", json!({})).await;
        foreign.is_error(403, "ACCESS_DENIED");
        assert_eq!(foreign.body, missing.body);
    }
}

scenario! {
    async fn an_administrator_acts_on_descendants_and_never_upwards(app) {
        app.mint("11", "ann", json!({})).await.created();
        app.mint("111", "ann", json!({})).await.created();
        // Whoever administers the foreign org is nobody here.
        let foreign = app.mint("1", "administrator", json!({"scopes": [api::ADMIN]})).await.created()["token"].as_str().unwrap().to_owned();
        app.mint_as(&foreign, "2", "administrator", json!({})).await.is_error(403, "ACCESS_DENIED");
        app.put("/v1/orgs/11/members/boss", &app.admin, json!({"scopes": [api::ADMIN]})).await.created();
        let boss = app.token("11", "boss", &[api::ADMIN]).await;
        app.mint_as(&boss, "111", "ann", json!({})).await.created();
        app.mint_as(&boss, "1", "ann", json!({})).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn anyone_else_mints_only_for_itself_and_only_less(app) {
        let own = json!({"scopes": ["urn:app:read", "urn:app:x"], "roles": {"shop": "owner"}, "audiences": ["urn:api", "urn:b"], "hosts": [{"upstream_host": "a.example"}], "session": "s-1"});
        let token = app.mint("1", "ann", own).await.created()["token"].as_str().unwrap().to_owned();
        app.mint_as(&token, "1", "bot", json!({})).await.is_error(403, "ACCESS_DENIED");
        app.mint_as(&token, "11", "ann", json!({})).await.is_error(403, "ACCESS_DENIED");
        for (more, field) in [
            (json!({"scopes": ["urn:app:write"]}), "scopes"),
            (json!({"scopes": ["urn:app:*"]}), "scopes"),
            (json!({"roles": {"shop": "editor"}}), "roles"),
            (json!({"roles": {"other": "owner"}}), "roles"),
            (json!({"audiences": ["urn:c"]}), "audiences"),
            (json!({"hosts": [{"upstream_host": "b.example"}]}), "hosts"),
            (json!({"session": "s-2"}), "session"),
        ] {
            let answer = app.mint_as(&token, "1", "ann", more).await;
            answer.is_error(403, "OUTSIDE_AUTHORITY");
            assert!(answer.json()["error_message"].as_str().unwrap().starts_with(field), "{field}");
        }
        let less = json!({"scopes": ["urn:app:read", "urn:app:write?"], "roles": {"shop": "owner"}, "audiences": ["urn:b"], "hosts": [{"upstream_host": "a.example"}], "time_validity": {"duration": 86_400}});
        let child = app.mint_as(&token, "1", "ann", less).await.created();
        assert_eq!(child["time_validity"]["duration"], 600, "it ends when its parent does");
        let view = app.introspect(child["token"].as_str().unwrap()).await.ok();
        assert_eq!((&view["scopes"], &view["session"]), (&json!(["urn:app:read"]), &json!("s-1")));
    }
}

scenario! {
    async fn a_role_that_the_member_has_lost_is_neither_minted_on_reissued_nor_refreshed(app) {
        let asked = json!({"roles": {"shop": "owner", "bank": "clerk"}, "create_refresh_token": true});
        let minted = app.mint("1", "ann", asked).await.created();
        let (token, refresh_token) = (minted["token"].as_str().unwrap(), minted["refresh_token"].as_str().unwrap());
        app.mint_as(token, "1", "ann", json!({"roles": {"shop": "owner", "bank": "clerk"}})).await.created();
        app.patch("/v1/orgs/1/members/ann", &app.admin, json!({"roles": {"shop": ["editor"]}})).await.ok();
        let answer = app.mint_as(token, "1", "ann", json!({"roles": {"shop": "owner"}})).await;
        answer.is_error(403, "OUTSIDE_AUTHORITY");
        assert!(answer.json()["error_message"].as_str().unwrap().contains("roles"), "{answer:?}");
        // What an administrator gave without her having it, she hasn't lost.
        let child = app.mint_as(token, "1", "ann", json!({"roles": {"bank": "clerk"}})).await.created();
        let reissued = app.post("/v1/tokens/reissue", None, json!({"token": token, "org_id": "1"})).await.ok();
        let refreshed = app.post("/v1/tokens/refresh", None, json!({"token": refresh_token})).await.created();
        for token in [child, reissued, refreshed].iter().map(|answer| answer["token"].as_str().unwrap()) {
            assert_eq!(claims(token)["roles"], json!({"bank": "clerk"}));
            assert_eq!(app.introspect(token).await.ok()["roles"], json!({"bank": ["clerk"]}));
        }
    }
}

scenario! {
    /// Nobody hands out a right to Jeton's own API that it lacks, be it by a wildcard or by an optional scope.
    async fn a_minter_cannot_make_itself_an_administrator(app) {
        let minter = app.token("1", "minter", &[api::TOKENS_CREATE]).await;
        app.mint_as(&minter, "1", "ann", json!({"scopes": ["urn:app:read"]})).await.created();
        for scope in [api::ADMIN, "urn:jeton:*", "urn:*", "*"] {
            app.mint_as(&minter, "1", "administrator", json!({"scopes": [scope]})).await.is_error(403, "OUTSIDE_AUTHORITY");
            let optional = app.mint_as(&minter, "1", "administrator", json!({"scopes": [format!("{scope}?")]})).await.created();
            let view = app.introspect(optional["token"].as_str().unwrap()).await.ok();
            assert_eq!(view["scopes"], json!([]), "{scope}? was dropped");
        }
        app.mint_as(&minter, "1", "minter", json!({"scopes": [api::TOKENS_CREATE]})).await.created();
    }
}

scenario! {
    /// Authority = scopes on the token ∩ scopes held now.
    async fn authority_ends_when_the_member_loses_it_and_the_token_needs_it_too(app) {
        let minter = app.token("1", "minter", &[api::TOKENS_CREATE]).await;
        let without = app.token("1", "minter", &[]).await;
        app.mint_as(&without, "1", "ann", json!({})).await.is_error(403, "ACCESS_DENIED");
        app.mint_as(&minter, "1", "ann", json!({})).await.created();
        app.put("/v1/orgs/1/members/minter", &app.admin, json!({"kind": "service_account"})).await.ok();
        app.mint_as(&minter, "1", "ann", json!({})).await.is_error(403, "ACCESS_DENIED");
    }
}

scenario! {
    async fn a_session_is_named_inherited_or_none(app) {
        let named = app.mint("1", "administrator", json!({"session": "s-1", "scopes": [api::ADMIN]})).await.created();
        let bearer = named["token"].as_str().unwrap();
        let session = |minted: Value| minted.get("session").cloned();
        assert_eq!(session(app.mint_as(bearer, "1", "ann", json!({})).await.created()), Some(json!("s-1")));
        assert_eq!(session(app.mint_as(bearer, "1", "ann", json!({"inherit_session": true})).await.created()), Some(json!("s-1")));
        assert_eq!(session(app.mint_as(bearer, "1", "ann", json!({"inherit_session": false})).await.created()), None);
        assert_eq!(session(app.mint_as(bearer, "1", "ann", json!({"session": "s-2"})).await.created()), Some(json!("s-2")));
        assert_eq!(session(app.mint("1", "ann", json!({"inherit_session": true})).await.created()), None, "a sessionless creator");
    }
}

scenario! {
    async fn who_had_it_minted_is_recorded_and_a_person_acting_for_another_masquerades(app) {
        let view = app.introspect(&app.token("1", "ann", &[]).await).await.ok();
        assert_eq!((&view["creating_sub"], &view["creating_org"]), (&json!("administrator"), &json!("1")));
        assert!(view.get("masquerading").is_none(), "a service account is no person");
        app.put("/v1/orgs/1/members/eve", &app.admin, json!({"scopes": [api::ADMIN]})).await.created();
        let eve = app.token("1", "eve", &[api::ADMIN]).await;
        let masked = app.mint_as(&eve, "1", "ann", json!({})).await.created()["token"].as_str().unwrap().to_owned();
        assert_eq!(app.introspect(&masked).await.ok()["masquerading"], true);
        let child = app.mint_as(&masked, "1", "ann", json!({})).await.created()["token"].as_str().unwrap().to_owned();
        let view = app.introspect(&child).await.ok();
        assert_eq!((&view["masquerading"], &view["creating_sub"]), (&json!(true), &json!("eve")), "kept by what is minted with it");
        let own = app.mint_as(&eve, "1", "eve", json!({})).await.created()["token"].as_str().unwrap().to_owned();
        assert!(app.introspect(&own).await.ok().get("creating_sub").is_some(), "eve's own token was the administrator's doing");
    }
}

scenario! {
    /// What goes before what in `TokenValidity`.
    async fn validity_follows_the_richer_member(app) {
        for (more, iat_to_exp) in [
            (json!({"time_validity": {}}), 3_600),
            (json!({"time_validity": {"duration": 60}}), 60),
            (json!({"token_validity": {"duration": 30}}), 30),
            (json!({"token_validity": {"end": "2026-11-22T12:00:40Z"}}), 40),
            (json!({"token_validity": {"end": "2026-11-22T12:00:40", "start": "2026-11-22T12:00:00", "duration": 40}}), 40),
            (json!({"token_validity": {"start": "2026-11-22T12:00:10+00:00", "duration": 30}}), 40),
            (json!({"token_validity": {}}), 600),
        ] {
            let minted = app.mint("1", "ann", more.clone()).await.created();
            let claims = claims(minted["token"].as_str().unwrap());
            assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), iat_to_exp, "{more}");
        }
    }
}

scenario! {
    async fn a_validity_that_makes_no_sense_is_400_and_nothing_is_minted(app) {
        for more in [
            json!({"time_validity": {"duration": 0}}),
            json!({"time_validity": {"duration": -1}}),
            json!({"time_validity": {"duration": i64::MIN}}),
            json!({"time_validity": {"duration": i64::MAX}}),
            json!({"time_validity": {"duration": u64::MAX}}),
            json!({"time_validity": {"duration": 1e30}}),
            json!({"time_validity": {"duration": 3600.0}}),
            json!({"time_validity": {"duration": "3600"}}),
            json!({"time_validity": {"duration": true}}),
            json!({"time_validity": {"duration": null}}),
            json!({"time_validity": [60]}),
            json!({"time_validity": {"duration": 86_401}}),
            json!({"token_validity": {"start": "2026-11-22T12:10:00Z", "end": "2026-11-22T12:09:00Z"}}),
            json!({"token_validity": {"start": "2026-11-22T12:10:00Z", "end": "2026-11-22T12:10:00Z"}}),
            json!({"token_validity": {"end": "2026-11-22T11:59:59Z"}}),
            json!({"token_validity": {"start": "2026-11-22T11:58:59Z"}}),
            json!({"token_validity": {"start": "2036-11-22T12:00:00Z"}}),
            json!({"token_validity": {"start": "2026-11-22T12:00:00Z", "end": "2026-11-22T12:10:00Z", "duration": 5}}),
            json!({"token_validity": {"does_not_expire": true, "duration": 5}}),
            json!({"token_validity": {"does_not_expire": true, "end": "2026-11-22T12:10:00Z"}}),
            json!({"token_validity": {"does_not_expire": true}}),
            json!({"token_validity": {"end": "2026-11-22"}}),
            json!({"token_validity": {"end": "tomorrow"}}),
        ] {
            let answer = app.mint("1", "ann", more.clone()).await;
            assert_eq!(answer.status, 400, "{more}: {answer:?}");
        }
        let rows = app.get("/v1/tokens?sub=ann", &app.admin).await.ok();
        assert_eq!(rows["tokens"], json!([]));
    }
}

scenario! {
    async fn a_token_of_later_is_dead_until_then(app) {
        let token = app.mint("1", "ann", json!({"token_validity": {"start": "2026-11-22T12:01:00Z"}})).await.created()["token"].as_str().unwrap().to_owned();
        app.introspect(&token).await.is_error(400, "TOKEN_NOT_YET_VALID");
        app.get("/v1/tokens/introspect_self", &token).await.is_error(401, "TOKEN_NOT_YET_VALID");
        app.clock.advance_ms(59_000);
        assert!(!app.is_live(&token).await);
        app.clock.advance_ms(1_000);
        assert!(app.is_live(&token).await);
    }
}

scenario! {
    async fn a_token_dies_at_its_exp_and_not_a_second_later(app) {
        let token = app.mint("1", "ann", json!({"time_validity": {"duration": 2}})).await.created()["token"].as_str().unwrap().to_owned();
        app.clock.advance_ms(1_749);
        assert!(app.is_live(&token).await);
        app.clock.advance_ms(1);
        app.introspect(&token).await.is_error(400, "TOKEN_EXPIRED");
    }
}

scenario! {
    async fn a_token_without_end_is_minted_where_the_org_allows_it(app) {
        let token = app.mint("111", "ann", json!({"token_validity": {"does_not_expire": true}})).await.created();
        assert!(token.get("time_validity").is_none());
        let token = token["token"].as_str().unwrap();
        assert_eq!(claims(token)["exp"], 253_402_300_799_i64, "a client takes a token without exp for expired");
        app.clock.advance_ms(1_000 * 86_400 * 3_650);
        assert_eq!(app.introspect(token).await.ok()["exp"], "");
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
        assert!(!app.is_live(token).await);
    }
}

scenario! {
    async fn caps_hold(app) {
        let many = |n: usize| (0..n).map(|i| format!("urn:app:{i}")).collect::<Vec<_>>();
        app.mint("1", "ann", json!({"scopes": many(100), "audiences": many(32), "hosts": vec![json!({}); 100]})).await.created();
        for more in [
            json!({"scopes": many(101)}),
            json!({"audiences": many(33)}),
            json!({"hosts": vec![json!({}); 101]}),
            json!({"scopes": ["urn:app:".to_owned() + &"x".repeat(504)]}),
            json!({"scopes": [""]}),
            json!({"scopes": ["a b"]}),
            json!({"scopes": ["a??"]}),
            json!({"scopes": ["?"]}),
            json!({"sub": ""}),
            json!({"sub": "a\nb"}),
            json!({"org": "1#2"}),
            json!({"audiences": "urn:api"}),
            json!({"roles": {"shop": ["owner"]}}),
            json!({"roles": {"shop": null}}),
            json!({"hosts": [{"allowed_list": [{"methods": ["GET"]}]}]}),
        ] {
            app.mint("1", "ann", more).await.is_error(400, "INVALID_REQUEST");
        }
        let wide: Vec<_> = (0..90).map(|i| format!("urn:app:{i}:{}", "x".repeat(80))).collect();
        app.mint("1", "ann", json!({"scopes": wide})).await.is_error(400, "TOKEN_TOO_LARGE");
        assert_eq!(app.get("/v1/tokens?sub=ann", &app.admin).await.ok()["tokens"].as_array().unwrap().len(), 1, "nothing refused was recorded");
    }
}

scenario! {
    /// ASVS 15.3.3: members that only the service may set.
    async fn members_that_nobody_asked_for_change_nothing(app) {
        let extra = json!({
            "jti": "x", "iat": 1, "exp": 9_999_999_999_i64, "iss": "evil", "kid": "evil", "revoked": false, "creating_sub": "evil", "root_org": "2",
            "masquerading": true, "last_mfa_time": 1, "refresh_token_jti": "x", "client_id": "7", "scope": "urn:jeton:admin", "__proto__": {}
        });
        let view = app.introspect(app.mint("1", "ann", extra).await.created()["token"].as_str().unwrap()).await.ok();
        assert_eq!((&view["root_org"], &view["creating_sub"], &view["scopes"]), (&json!("1"), &json!("administrator"), &json!([])));
        assert!(view.get("masquerading").is_none() && view.get("last_mfa_time").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_tokens_minted_at_once_are_two_thousand() {
    let app = std::sync::Arc::new(App::new(crate::support::Mount::InProcess).await);
    let workers = (0..64).map(|_| {
        let app = app.clone();
        tokio::spawn(async move {
            let mut tokens = Vec::new();
            for _ in 0..32 {
                tokens.push(app.token("1", "ann", &["urn:app:read"]).await);
            }
            tokens
        })
    });
    let tokens: Vec<String> = futures::future::try_join_all(workers).await.unwrap().concat();
    let ids: std::collections::HashSet<_> = tokens.iter().map(|token| claims(token)["jti"].clone().to_string()).collect();
    assert_eq!(ids.len(), 2_048);
    for token in tokens.iter().step_by(97) {
        assert!(app.is_live(token).await);
    }
}

scenario! {
    /// What is issued in the second after a revocation of many is dead, too: nobody may be told that it is good.
    async fn whoever_was_just_revoked_gets_no_dead_token_but_is_asked_to_wait(app) {
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
        for at_ms in [0, 500, 500] {
            app.clock.advance_ms(at_ms);
            app.mint("1", "ann", json!({})).await.must_wait();
        }
        app.clock.advance_ms(1);
        let after = app.token("1", "ann", &[]).await;
        assert!(app.is_live(&after).await);
        assert!(app.is_live(&app.token("1", "bot", &[]).await).await, "others never had to wait");
    }
}

scenario! {
    async fn a_token_for_an_org_in_which_its_subject_was_just_revoked_waits(app) {
        let above = app.token("1", "ann", &[]).await;
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann", "org_id": "11"})).await.ok();
        let ask = json!({"token": above, "org_id": "11"});
        app.post("/v1/tokens/reissue", None, ask.clone()).await.must_wait();
        app.clock.advance_ms(1_001);
        let reissued = app.post("/v1/tokens/reissue", None, ask).await.ok();
        assert!(app.is_live(reissued["token"].as_str().unwrap()).await);
    }
}

scenario! {
    async fn a_token_in_a_session_that_was_just_revoked_waits(app) {
        app.mint("1", "ann", json!({"session": "s-1"})).await.created();
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann", "session_id": "s-1"})).await.ok();
        app.mint("1", "ann", json!({"session": "s-1"})).await.must_wait();
        app.mint("1", "ann", json!({"session": "s-2"})).await.created();
    }
}

scenario! {
    async fn each_audience_is_one_recipient(app) {
        for (audiences, rule) in [
            (json!(["urn:a", "urn:b", "urn:a"]), "must not name a recipient twice"),
            (json!(["*"]), "must not have wildcards or fragments"),
            (json!(["https://*.example"]), "must not have wildcards or fragments"),
            (json!(["https://api.example/#orders"]), "must not have wildcards or fragments"),
        ] {
            let answer = app.mint("1", "ann", json!({"audiences": audiences})).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["error_message"], format!("audiences: {rule}."));
        }
    }
}

scenario! {
    async fn a_wrong_length_of_time_is_told_its_range_and_unit_however_it_is_wrong(app) {
        const RULE: &str = "must be an integer from 1 to 34,560,000 (seconds; the org's max_token_duration may be less)";
        for wrong in [json!("600"), json!(0), json!(-1), json!(1.5), json!(4_294_967_296_u64), json!(true), json!([600])] {
            for field in ["time_validity", "token_validity"] {
                let refused = app.mint("1", "ann", json!({(field): {"duration": wrong}})).await;
                refused.is_error(400, "INVALID_REQUEST");
                assert_eq!(refused.json()["error_message"], format!("{field}.duration: {RULE}."), "{wrong}");
            }
            let refused = app.patch("/v1/orgs/11", &app.admin, json!({"settings": {"token_duration": wrong}})).await;
            let said = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(said.contains("settings.token_duration") && said.contains("an integer from 1 to 34,560,000 (seconds"), "{said}");
        }
    }
}
