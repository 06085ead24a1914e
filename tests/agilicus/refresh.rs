//! `POST /v1/tokens/refresh`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{App, Mount, scenario};

async fn with_refresh_token(app: &App, org: &str) -> (String, String) {
    let minted =
        app.mint(org, "ann", json!({"create_refresh_token": true, "scopes": ["urn:app:read"], "session": "s-1"})).await.created();
    pair(&minted)
}

fn pair(minted: &Value) -> (String, String) {
    (minted["token"].as_str().unwrap().to_owned(), minted["refresh_token"].as_str().unwrap().to_owned())
}

async fn refresh(app: &App, token: &str) -> (String, String) {
    pair(&app.post("/v1/tokens/refresh", None, json!({"token": token})).await.created())
}

async fn refused(app: &App, token: &str) {
    app.post("/v1/tokens/refresh", None, json!({"token": token})).await.is_error(400, "REFRESH_TOKEN_INVALID");
}

scenario! {
    async fn a_refresh_token_is_redeemed_for_the_next_pair(app) {
        let (access, refresh_token) = with_refresh_token(app, "1").await;
        let before = app.introspect(&access).await.ok();
        app.clock.advance_ms(30_000);
        let (next, successor) = refresh(app, &refresh_token).await;
        let after = app.introspect(&next).await.ok();
        for same in ["sub", "org", "aud", "scopes", "session", "creating_sub"] {
            assert_eq!(after[same], before[same], "{same}");
        }
        assert_eq!(after["exp"], "2026-11-22T12:10:30Z", "as long as the first was asked for");
        assert_ne!(successor, refresh_token);
        let view = app.introspect(&successor).await.ok();
        assert_eq!(view["refresh_token_jti"], after["jti"]);
        assert_eq!(view["sub"], "ann");
        assert!(app.is_live(&access).await, "what was minted before lives on");
    }
}

scenario! {
    /// The API leaves open which token goes where: both readings.
    async fn the_refresh_token_may_be_the_bearer_with_its_access_token_in_the_body(app) {
        let (access, refresh_token) = with_refresh_token(app, "111").await;
        let bearer = Some(&*refresh_token);
        app.post("/v1/tokens/refresh", bearer, json!({})).await.created();
        app.post("/v1/tokens/refresh", bearer, json!({"token": access})).await.created();
        let other = app.token("111", "ann", &[]).await;
        app.post("/v1/tokens/refresh", bearer, json!({"token": other})).await.is_error(400, "REFRESH_TOKEN_INVALID");
        app.clock.advance_ms(600_000);
        app.post("/v1/tokens/refresh", bearer, json!({"token": access})).await.created();
        app.post("/v1/tokens/refresh", Some(&access), json!({"token": refresh_token})).await.created();
        app.post("/v1/tokens/refresh", Some(&access), json!({})).await.is_error(400, "INVALID_REQUEST");
        app.post("/v1/tokens/refresh", Some(&access), json!({"token": access})).await.is_error(400, "REFRESH_TOKEN_INVALID");
    }
}

scenario! {
    async fn a_refresh_token_opens_nothing_else(app) {
        let (_, refresh_token) = with_refresh_token(app, "1").await;
        app.get("/v1/tokens/introspect_self", &refresh_token).await.is_error(401, "TOKEN_INVALID");
        app.post("/v1/tokens/reissue", None, json!({"token": refresh_token, "org_id": "1"})).await.is_error(400, "TOKEN_INVALID");
    }
}

scenario! {
    /// FAPI 2.0 security profile 5.3.2.1 item 10: a retry with the previous token succeeds, for 60 seconds that don't slide.
    async fn a_repeated_request_gets_the_same_successor_for_sixty_seconds(app) {
        let (_, first) = with_refresh_token(app, "1").await;
        let (_, second) = refresh(app, &first).await;
        for _ in 0..6 {
            app.clock.advance_ms(10_000);
            assert_eq!(refresh(app, &first).await.1, second);
        }
        assert_eq!(refresh(app, &second).await.1.matches('.').count(), 4, "the family is well");
    }
}

scenario! {
    /// RFC 9700 section 4.14.2.
    async fn reuse_after_the_window_ends_the_family_and_its_access_tokens(app) {
        let (access, first) = with_refresh_token(app, "1").await;
        let (next, second) = refresh(app, &first).await;
        let (other, _) = with_refresh_token(app, "1").await;
        app.clock.advance_ms(60_001);
        refused(app, &first).await;
        refused(app, &second).await;
        assert!(!app.is_live(&access).await && !app.is_live(&next).await);
        assert!(app.is_live(&other).await, "no other family is touched");
    }
}

scenario! {
    async fn using_the_successor_closes_the_window(app) {
        let (_, first) = with_refresh_token(app, "1").await;
        let (_, second) = refresh(app, &first).await;
        let (_, third) = refresh(app, &second).await;
        refused(app, &first).await;
        refused(app, &third).await;
    }
}

scenario! {
    async fn a_guess_ends_nothing(app) {
        let (_, first) = with_refresh_token(app, "1").await;
        let (_, second) = refresh(app, &first).await;
        let (head, secret) = first.rsplit_once('.').unwrap();
        let guess = format!("{head}.{}{}", if secret.starts_with('A') { 'B' } else { 'A' }, &secret[1..]);
        app.clock.advance_ms(61_000);
        for bad in [guess.as_str(), "x", &format!("{head}."), &first.replace("jeton-rt", "jwt"), &second.replace(".1.", ".7.")] {
            refused(app, bad).await;
        }
        refresh(app, &second).await;
    }
}

scenario! {
    async fn without_rotation_the_token_stays_the_same(app) {
        let (_, token) = with_refresh_token(app, "111").await;
        for _ in 0..3 {
            app.clock.advance_ms(100_000);
            assert_eq!(refresh(app, &token).await.1, token);
        }
    }
}

scenario! {
    async fn a_family_ends_when_it_ends_however_often_it_is_refreshed(app) {
        let (_, mut token) = with_refresh_token(app, "1").await;
        for _ in 0..29 {
            app.clock.advance_ms(86_400_000);
            token = refresh(app, &token).await.1;
        }
        app.clock.advance_ms(86_399_000);
        let minted = app.post("/v1/tokens/refresh", None, json!({"token": token})).await.created();
        assert_eq!(minted["time_validity"]["duration"], 1, "no access token outlives its family");
        let token = minted["refresh_token"].as_str().unwrap().to_owned();
        app.clock.advance_ms(1_000);
        refused(app, &token).await;
        app.introspect(&token).await.is_error(400, "TOKEN_EXPIRED");
    }
}

scenario! {
    async fn revoking_either_ends_both(app) {
        for presented in [0, 1] {
            let (access, token) = with_refresh_token(app, "1").await;
            let (next, successor) = refresh(app, &token).await;
            let presented = [&next, &successor][presented];
            app.post("/v1/tokens/revoke", None, json!({"token": presented})).await.is_empty();
            assert!(!app.is_live(&access).await && !app.is_live(&next).await);
            refused(app, &successor).await;
            app.introspect(&successor).await.is_error(410, "TOKEN_REVOKED");
        }
    }
}

scenario! {
    async fn a_member_that_has_lost_something_does_not_get_it_back_by_refreshing(app) {
        let (_, token) = with_refresh_token(app, "1").await;
        app.put("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": []})).await.ok();
        let (access, token) = refresh(app, &token).await;
        assert_eq!(app.introspect(&access).await.ok()["scopes"], json!([]));
        app.put("/v1/orgs/1/members/ann", &app.admin, json!({"enabled": false})).await.ok();
        refused(app, &token).await;
        app.delete("/v1/orgs/1/members/ann", &app.admin).await.is_empty();
        app.put("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:app:*"]})).await.created();
        refused(app, &token).await;
    }
}

scenario! {
    async fn nothing_of_a_refresh_token_is_in_the_store(app) {
        use shared::domain::RefreshToken;
        use shared::store::RecordKeys;
        let (_, token) = with_refresh_token(app, "1").await;
        let parsed = RefreshToken::parse(&token).unwrap();
        let found = app.store.read(&RecordKeys { families: vec![parsed.family.clone()], ..RecordKeys::default() }).await.unwrap();
        let family = &found.families[&parsed.family];
        assert_ne!(family.current, *parsed.secret.expose());
        assert!(!format!("{family:?}").contains(&format!("{:?}", parsed.secret.expose())));
    }
}

/// Keycloak's CVE-2026-1035, and its like elsewhere: check-then-write races.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_refreshes_at_once_make_one_generation() {
    let app = Arc::new(App::new(Mount::InProcess).await);
    let (_, mut token) = with_refresh_token(&app, "1").await;
    for round in 1..=20 {
        let all = (0..64).map(|_| {
            let (app, token) = (app.clone(), token.clone());
            tokio::spawn(async move { refresh(&app, &token).await.1 })
        });
        let successors: Vec<_> = futures::future::try_join_all(all).await.unwrap();
        assert!(successors.iter().all(|successor| *successor == successors[0]));
        token = successors[0].clone();
        assert!(token.contains(&format!(".{round}.")), "generation {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refresh_that_races_with_a_revocation_leaves_nothing_alive() {
    let app = Arc::new(App::new(Mount::InProcess).await);
    for _ in 0..50 {
        let (access, token) = with_refresh_token(&app, "1").await;
        let refreshing = {
            let (app, token) = (app.clone(), token.clone());
            tokio::spawn(async move { app.post("/v1/tokens/refresh", None, json!({"token": token})).await })
        };
        let revoking = {
            let app = app.clone();
            tokio::spawn(async move { app.post("/v1/tokens/revoke", None, json!({"token": access})).await })
        };
        revoking.await.unwrap().is_empty();
        let refreshed = refreshing.await.unwrap();
        if refreshed.status.is_success() {
            let (access, token) = pair(&refreshed.json());
            assert!(!app.is_live(&access).await);
            refused(&app, &token).await;
        } else {
            refreshed.is_error(400, "REFRESH_TOKEN_INVALID");
        }
    }
}
