//! `POST /v1/tokens/bulk_revoke`.

use serde_json::json;
use shared::domain::scope::api;

use std::sync::Arc;

use crate::support::{App, Mount, Watched, scenario};

scenario! {
    async fn everything_that_a_member_has_dies_at_once_and_nothing_else(app) {
        let mut tokens = Vec::new();
        for i in 0..5 {
            tokens.push(app.mint("1", "ann", json!({"session": format!("s-{i}"), "create_refresh_token": true})).await.created());
        }
        let bot = app.token("1", "bot", &[]).await;
        let elsewhere = app.token("11", "ann", &[]).await;
        app.post("/v1/tokens/revoke", None, json!({"token": tokens[0]["token"]})).await.is_empty();
        app.clock.advance_ms(10);
        let answer = app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann", "org_id": "1"})).await.ok();
        assert_eq!(answer, json!({"number_of_tokens_revoked": 4}));
        for minted in &tokens {
            assert!(!app.is_live(minted["token"].as_str().unwrap()).await);
            app.post("/v1/tokens/refresh", None, json!({"token": minted["refresh_token"]})).await.is_error(400, "REFRESH_TOKEN_INVALID");
        }
        assert!(app.is_live(&bot).await && app.is_live(&elsewhere).await);
        let again = app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
        assert_eq!(again["number_of_tokens_revoked"], 0);
        app.clock.advance_ms(1_001);
        let next = app.token("1", "ann", &[]).await;
        assert!(app.is_live(&next).await, "the member itself is as it was");
    }
}

scenario! {
    async fn one_session_of_a_member_dies_and_its_others_live(app) {
        let one = app.mint("1", "ann", json!({"session": "s-1"})).await.created()["token"].as_str().unwrap().to_owned();
        let two = app.mint("1", "ann", json!({"session": "s-2"})).await.created()["token"].as_str().unwrap().to_owned();
        let answer = app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann", "session_id": "s-1"})).await.ok();
        assert_eq!(answer["number_of_tokens_revoked"], 1);
        assert!(!app.is_live(&one).await && app.is_live(&two).await);
        // Not this member's session: nothing of it is touched.
        let none = app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "bot", "session_id": "s-2"})).await.ok();
        assert_eq!(none["number_of_tokens_revoked"], 0);
        assert!(app.is_live(&two).await);
    }
}

scenario! {
    async fn a_misspelled_name_revokes_nothing(app) {
        let ann = app.token("1", "ann", &[]).await;
        for (bad, message) in [
            (json!({"user_id": "ann", "session": "s-1"}), "session: is not a known field (did you mean \"session_id\"?)."),
            (json!({"user_id": "ann", "orgid": "1"}), "orgid: is not a known field (did you mean \"org_id\"?)."),
            (json!({"user_id": "ann", "zzz": 1}), "zzz: is not a known field."),
        ] {
            let answer = app.post("/v1/tokens/bulk_revoke", Some(&app.admin), bad).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["error_message"], message);
        }
        app.post("/v1/tokens/revoke", None, json!({"token": ann, "all_session": true})).await.is_error(400, "INVALID_REQUEST");
        assert!(app.is_live(&ann).await);
    }
}

scenario! {
    async fn it_takes_the_right_to_and_a_foreign_member_is_like_an_unknown_one(app) {
        let revoker = app.token("1", "revoker", &[api::TOKENS_REVOKE]).await;
        let ann = app.token("1", "ann", &[]).await;
        app.post("/v1/tokens/bulk_revoke", Some(&ann), json!({"user_id": "bot"})).await.is_error(403, "ACCESS_DENIED");
        let unknown = app.post("/v1/tokens/bulk_revoke", Some(&revoker), json!({"user_id": "nobody"})).await;
        unknown.is_error(403, "MEMBER_UNAVAILABLE");
        let message = unknown.json()["error_message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("user_id: the org has no member with this id."), "{message}");
        assert!(message.contains("/v1/orgs/{org}/revocations"), "what is right for who isn't a member: {message}");
        let foreign = app.post("/v1/tokens/bulk_revoke", Some(&revoker), json!({"user_id": "ann", "org_id": "2"})).await;
        let missing = app.post("/v1/tokens/bulk_revoke", Some(&revoker), json!({"user_id": "ann", "org_id": "404"})).await;
        foreign.is_error(403, "ACCESS_DENIED");
        assert_eq!(foreign.body, missing.body);
        for bad in [json!({}), json!({"user_id": ""}), json!({"user_id": null}), json!({"session_id": "s-1"})] {
            app.post("/v1/tokens/bulk_revoke", Some(&revoker), bad).await.is_error(400, "INVALID_REQUEST");
        }
        let own = app.post("/v1/tokens/bulk_revoke", Some(&ann), json!({"user_id": "ann"})).await.ok();
        assert_eq!(own["number_of_tokens_revoked"], 1, "everyone may log itself out everywhere");
        app.post("/v1/tokens/bulk_revoke", Some(&revoker), json!({"user_id": "gone"})).await.ok();
    }
}

/// A store may give less than it is asked for, and two sessions of one name may have begun in two orgs.
#[tokio::test]
async fn a_session_dies_however_short_the_pages_of_the_listing_are() {
    let short = |store| {
        let watched = Watched::new(store);
        watched.shorten_pages(1);
        Arc::new(watched) as Arc<dyn shared::store::Store>
    };
    let app = App::with_store(Mount::InProcess, short).await;
    let above = app.mint("1", "ann", json!({"session": "s-1"})).await.created();
    let reissued = app.post("/v1/tokens/reissue", None, json!({"token": above["token"], "org_id": "11"})).await.ok();
    app.clock.advance_ms(1);
    let named = app.mint("11", "ann", json!({"session": "s-1"})).await.created();
    let bulk = json!({"user_id": "ann", "org_id": "11", "session_id": "s-1"});
    assert_eq!(app.post("/v1/tokens/bulk_revoke", Some(&app.admin), bulk).await.ok()["number_of_tokens_revoked"], 2);
    for token in [&reissued["token"], &named["token"]] {
        assert!(!app.is_live(token.as_str().unwrap()).await);
    }
}

/// A page of the listing takes a second, and there are nine.
async fn crowded() -> (App, Arc<Watched>) {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let watched = watched.unwrap();
    for _ in 0..9 {
        app.mint("1", "ann", json!({"session": "s-1"})).await.created();
    }
    watched.shorten_pages(1);
    watched.slow_down(app.clock.clone(), 1_000);
    watched.calls();
    (app, watched)
}

#[tokio::test]
async fn however_many_tokens_there_are_they_are_dead_before_they_are_counted_and_not_for_long() {
    let (app, watched) = crowded().await;
    let answer = app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
    assert_eq!(answer["number_of_tokens_revoked"], 2, "the time is over");
    let calls = watched.calls();
    let at = |name: &str| calls.iter().position(|call| *call == name);
    assert!(at("mark").is_some() && at("mark") < at("list"), "{calls:?}");

    let (app, watched) = crowded().await;
    let answer = app.post("/api/1/auth/token/revoke", Some(&app.admin), json!({"subject": "ann"})).await.ok();
    assert!(answer["resultMessage"].as_str().unwrap().contains("Revoked at least "), "{answer}");
    let calls = watched.calls();
    assert!(calls.iter().position(|call| *call == "mark") < calls.iter().position(|call| *call == "list"), "{calls:?}");
}

#[tokio::test]
async fn a_session_is_dead_as_soon_as_one_of_its_tokens_is_found() {
    let (app, watched) = crowded().await;
    let body = json!({"user_id": "ann", "session_id": "s-1"});
    let answer = app.post("/v1/tokens/bulk_revoke", Some(&app.admin), body.clone()).await;
    assert_eq!(answer.status, 503, "it isn't known yet where else it was begun: {answer:?}");
    let calls: Vec<_> = watched.calls().into_iter().skip_while(|call| *call != "list").collect();
    assert_eq!(calls[..4], ["list", "read", "mark", "list"]);
    watched.slow_down(app.clock.clone(), 0);
    assert_eq!(app.post("/v1/tokens/bulk_revoke", Some(&app.admin), body).await.ok()["number_of_tokens_revoked"], 0);
}
