//! `GET /v1/tokens`.

use serde_json::{Value, json};
use shared::domain::scope::api;

use crate::support::{App, scenario};

async fn subs(app: &App, query: &str) -> Vec<String> {
    let rows = app.get(&format!("/v1/tokens?{query}"), &app.admin).await.ok();
    rows["tokens"].as_array().unwrap().iter().map(|row| row["aud"][0].as_str().unwrap_or_default().to_owned()).collect()
}

/// Five tokens, a minute apart: `a` of ann, `b` of bot in a session, `c` of ann with scopes, `d` of ann revoked, `e` of ann, later.
async fn five(app: &App) {
    // Later than the administrator's own: ids of one millisecond have no order.
    app.clock.advance_ms(1);
    for (name, sub, more) in [
        ("a", "ann", json!({})),
        ("b", "bot", json!({"session": "s-1"})),
        ("c", "ann", json!({"scopes": ["urn:app:Read", "urn:app:write?"]})),
        ("d", "ann", json!({})),
        ("e", "ann", json!({"time_validity": {"duration": 7_200}})),
    ] {
        let mut more = more;
        more["audiences"] = json!([name]);
        let minted = app.mint("1", sub, more).await.created();
        if name == "d" {
            app.post("/v1/tokens/revoke", None, json!({"token": minted["token"]})).await.is_empty();
        }
        app.clock.advance_ms(60_000);
    }
}

scenario! {
    async fn rows_have_every_member_that_the_command_line_reads_newest_first(app) {
        five(app).await;
        let listed = app.get("/v1/tokens", &app.admin).await.ok();
        assert_eq!(listed["limit"], 100);
        let rows = listed["tokens"].as_array().unwrap();
        let order: Vec<_> = rows.iter().map(|row| row["aud"].get(0).cloned().unwrap_or_default()).collect();
        assert_eq!(order, [json!("e"), json!("d"), json!("c"), json!("b"), json!("a"), Value::Null]);
        for row in rows {
            for member in ["jti", "roles", "iat", "exp", "aud", "sub", "session", "revoked", "scopes", "updated"] {
                assert!(row.get(member).is_some(), "{member}");
            }
        }
        assert_eq!((&rows[5]["session"], &rows[5]["roles"], &rows[0]["scopes"]), (&json!(""), &json!({}), &json!([])));
        assert_eq!(rows[0]["iat"], "2026-11-22T12:04:00Z");
    }
}

scenario! {
    async fn filters_narrow_and_combine(app) {
        five(app).await;
        for (query, expected) in [
            ("sub=ann", "edca"),
            ("sub=bot", "b"),
            ("sub=bot&session=s-1", "b"),
            ("session=s-1", "b"),
            ("session=s-2", ""),
            ("sub=ann&revoked=True", "d"),
            ("sub=ann&revoked=false", "eca"),
            ("sub=ann&limit=2", "ed"),
            ("sub=ann&limit=2&revoked=False", "ec"),
            ("jti=nobody-has-this", ""),
            ("scopes=urn%3Aapp%3Aread", "c"),
            ("scopes=URN:APP:%25", "c"),
            ("scopes=%25write%25", "c"),
            ("scopes=urn:app:read&scopes=nope", ""),
            ("sub=ann&iat_from=2026-11-22T12%3A02%3A00%2B00%3A00", "edc"),
            ("sub=ann&iat_to=2026-11-22T12:02:00Z", "a"),
            // It is a quarter of a second past, and `iat` is in whole seconds.
            ("sub=ann&iat_from=3+minutes+ago", "ed"),
            ("sub=ann&iat_to=now-3min", "ca"),
            ("sub=ann&exp_from=in+1+hour", "e"),
            ("sub=ann&exp_to=in+1+hour", "dca"),
            ("sub=ann&exp_from=&iat_from=", "edca"),
        ] {
            assert_eq!(subs(app, query).await.concat(), expected, "{query}");
        }
        let jti = app.get("/v1/tokens?sub=bot", &app.admin).await.ok()["tokens"][0]["jti"].as_str().unwrap().to_owned();
        assert_eq!(subs(app, &format!("jti={jti}")).await, ["b"]);
    }
}

scenario! {
    async fn a_filter_that_is_unknown_is_refused_instead_of_listing_more(app) {
        for (query, message) in [
            ("subject=ann", "subject: is not a known parameter (did you mean \"sub\"?)."),
            ("sub=ann&revokd=true", "revokd: is not a known parameter (did you mean \"revoked\"?)."),
            ("sub=ann&unknown=", "unknown: is not a known parameter."),
            ("sub=ann&unknown=x%00", "unknown: must be form-encoded UTF-8 without NUL."),
        ] {
            let answer = app.get(&format!("/v1/tokens?{query}"), &app.admin).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["error_message"], message, "{query}");
        }
    }
}

scenario! {
    async fn expired_tokens_are_listed_as_not_revoked(app) {
        five(app).await;
        app.clock.advance_ms(600_000);
        assert_eq!(subs(app, "sub=ann&exp_to=now&revoked=false").await.concat(), "ca");
    }
}

scenario! {
    async fn what_a_filter_cannot_mean_is_400_by_name(app) {
        for query in [
            "limit=0", "limit=101", "limit=x", "limit=-1", "limit=1&limit=2", "revoked=maybe", "exp_from=garbage", "iat_to=99999999999+days+ago",
            "exp_from=in+999999999999+years", "iat_from=%F0%9F%98%80", "org=a%23b", "sub=a%00b", "exp_to=%", "exp_to=%C3%28",
        ] {
            let answer = app.get(&format!("/v1/tokens?{query}"), &app.admin).await;
            answer.is_error(400, "INVALID_REQUEST");
            let message = answer.json()["error_message"].as_str().unwrap().to_owned();
            let name = query.split('=').next().unwrap();
            assert!(message.starts_with(name) || message.contains("form-encoded"), "{query}: {message}");
        }
        let long = format!("/v1/tokens?scopes={}", "%25".repeat(600));
        app.get(&long, &app.admin).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn who_may_not_read_others_sees_its_own(app) {
        five(app).await;
        let ann = app.token("1", "ann", &[]).await;
        let own = app.get("/v1/tokens", &ann).await.ok();
        assert!(own["tokens"].as_array().unwrap().iter().all(|row| row["sub"] == "ann"));
        app.get("/v1/tokens?sub=bot", &ann).await.is_error(403, "ACCESS_DENIED");
        app.get("/v1/tokens?org=11", &ann).await.is_error(403, "ACCESS_DENIED");
        let reader = app.token("1", "reader", &[api::TOKENS_READ]).await;
        assert_eq!(app.get("/v1/tokens?sub=bot", &reader).await.ok()["tokens"].as_array().unwrap().len(), 1);
        app.mint("11", "ann", json!({})).await.created();
        assert_eq!(app.get("/v1/tokens?org=11", &reader).await.ok()["tokens"].as_array().unwrap().len(), 1, "a parent reads below");
        let foreign = app.get("/v1/tokens?org=2", &reader).await;
        let missing = app.get("/v1/tokens?org=404", &reader).await;
        foreign.is_error(403, "ACCESS_DENIED");
        assert_eq!(foreign.body, missing.body);
    }
}

scenario! {
    async fn one_revoked_token_is_found_among_many_live_ones(app) {
        let token = app.token("1", "ann", &[]).await;
        app.post("/v1/tokens/revoke", None, json!({"token": token})).await.is_empty();
        for _ in 0..120 {
            app.clock.advance_ms(1);
            app.token("1", "ann", &[]).await;
        }
        let rows = app.get("/v1/tokens?sub=ann&revoked=True&limit=1", &app.admin).await.ok();
        assert_eq!(rows["tokens"].as_array().unwrap().len(), 1);
        assert_eq!(rows["limit"], 1);
    }
}

scenario! {
    async fn no_row_carries_a_token(app) {
        let minted = app.mint("1", "ann", json!({"create_refresh_token": true})).await.created();
        let listed = String::from_utf8(app.get("/v1/tokens", &app.admin).await.body.to_vec()).unwrap();
        for secret in [&minted["token"], &minted["refresh_token"]] {
            let secret = secret.as_str().unwrap();
            assert!(!listed.contains(secret) && !listed.contains(secret.rsplit('.').next().unwrap()));
        }
    }
}

scenario! {
    async fn everything_is_listed_page_after_page(app) {
        five(app).await;
        let all = subs(app, "").await;
        for (limit, filter) in [(1, ""), (2, ""), (1, "&revoked=false"), (1, "&revoked=true"), (100, "")] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = app.get(&format!("/v1/tokens?limit={limit}{filter}{after}"), &app.admin).await.ok();
                let rows = page["tokens"].as_array().unwrap();
                assert!(rows.len() <= limit);
                seen.extend(rows.iter().map(|row| row["aud"][0].as_str().unwrap_or_default().to_owned()));
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            let wanted: Vec<_> = match filter {
                "" => all.clone(),
                "&revoked=true" => vec!["d".to_owned()],
                _ => all.iter().filter(|name| *name != "d").cloned().collect(),
            };
            assert_eq!(seen, wanted, "limit={limit}{filter}");
        }
        app.get("/v1/tokens?after=x", &app.admin).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn one_token_is_found_by_its_id_in_whichever_org_below_it_is(app) {
        let minted = app.mint("11", "ann", json!({})).await.created();
        let jti = app.introspect(minted["token"].as_str().unwrap()).await.ok()["jti"].clone();
        let query = format!("/v1/tokens?jti={}", jti.as_str().unwrap());
        let found = app.get(&query, &app.admin).await.ok();
        assert_eq!((&found["tokens"][0]["jti"], &found["tokens"][0]["org"]), (&jti, &json!("11")));
        let reader = app.token("1", "reader", &[api::TOKENS_READ]).await;
        assert_eq!(app.get(&query, &reader).await.ok()["tokens"][0]["jti"], jti);
        for stranger in [app.token("1", "ann", &[]).await, app.token("111", "ann", &[]).await] {
            assert_eq!(app.get(&query, &stranger).await.ok()["tokens"], json!([]));
        }
    }
}

scenario! {
    async fn a_label_is_shown_and_found_and_stays_with_what_is_reissued_and_refreshed(app) {
        let more = json!({"label": "Bob's laptop", "create_refresh_token": true});
        let minted = app.mint("1", "ann", more).await.created();
        app.mint("1", "ann", json!({"label": "bob's laptop"})).await.created();
        app.mint("1", "ann", json!({})).await.created();
        app.post("/v1/tokens/reissue", None, json!({"token": minted["token"], "org_id": "11"})).await.ok();
        app.post("/v1/tokens/refresh", None, json!({"token": minted["refresh_token"]})).await.created();
        for (org, count) in [("1", 2), ("11", 1)] {
            let found = app.get(&format!("/v1/tokens?org={org}&label=Bob%27s%20laptop"), &app.admin).await.ok();
            let labels: Vec<_> = found["tokens"].as_array().unwrap().iter().map(|row| row["label"].as_str()).collect();
            assert_eq!(labels, vec![Some("Bob's laptop"); count], "{org}");
        }
        let all = app.get("/v1/tokens?sub=ann", &app.admin).await.ok();
        assert!(all["tokens"].as_array().unwrap().iter().any(|row| row.get("label").is_none()));
        let introspected = app.introspect(minted["token"].as_str().unwrap()).await.ok();
        assert!(introspected.get("label").is_none(), "it is for those who manage tokens");
        let shown = app.get(&format!("/v1/tokens/{}", introspected["jti"].as_str().unwrap()), &app.admin).await.ok();
        assert_eq!(shown["label"], "Bob's laptop");
        for (wrong, right) in [(String::new(), "l".to_owned()), ("é".repeat(101), "é".repeat(100)), ("a\nb".into(), "a b".into())] {
            let refused = app.mint("1", "ann", json!({"label": wrong})).await;
            refused.is_error(400, "INVALID_REQUEST");
            let said = refused.json()["error_message"].as_str().unwrap().to_owned();
            assert!(said.contains("label") && said.contains("1 to 100 characters"), "{said}");
            app.mint("1", "ann", json!({"label": right})).await.created();
        }
        app.get(&format!("/v1/tokens?label={}", "x".repeat(101)), &app.admin).await.is_error(400, "INVALID_REQUEST");
    }
}
