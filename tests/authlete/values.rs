//! Values that a caller chooses for its tokens at `auth/token/create`.

use serde_json::json;

use super::tenant::{APP, OPAQUE, Tenant, WEB, content, encoded, is_action, is_denied, text};
use crate::support::scenario;

/// Texts that a system may have used before it came here.
const CHOSEN: [&str; 6] =
    ["x", "a.b.c", "with blanks & signs/+=", "ünïcödé", "jeton-rt.1.2.3.4", "0123456789012345678901234567890123456789012"];

scenario! {
    async fn any_text_can_be_an_access_token(app) {
        let tenant = Tenant::opaque(app).await;
        for chosen in CHOSEN {
            let created = tenant.created(json!({ "accessToken": chosen })).await;
            assert_eq!(created["accessToken"], chosen);
            assert!(tenant.is_live(&json!(chosen)).await, "{chosen}");
            assert!(!tenant.is_live(&json!(format!("{chosen} "))).await, "{chosen}");
        }
        let longest = "x".repeat(4_000);
        tenant.created(json!({ "accessToken": longest })).await;
        assert!(tenant.is_live(&json!(longest)).await);
        app.delete(&tenant.path(&format!("auth/token/delete/{}", encoded(CHOSEN[2]))), &app.admin).await.is_empty();
        assert!(!tenant.is_live(&json!(CHOSEN[2])).await);
    }
}

scenario! {
    async fn any_text_can_be_a_refresh_token(app) {
        let tenant = Tenant::opaque(app).await;
        for chosen in CHOSEN {
            let created = tenant.created(json!({ "refreshToken": chosen })).await;
            assert_eq!(created["refreshToken"], chosen);
            assert_eq!(tenant.standard(&json!(chosen), json!({})).await["active"], true, "{chosen}");
            let parameters = format!("grant_type=refresh_token&refresh_token={}", encoded(chosen));
            let refreshed = tenant.token(WEB, &parameters, json!({})).await;
            is_action(&refreshed, "OK", "A052001");
            // That of a confidential client stays the same.
            assert_eq!((&refreshed["refreshToken"], &content(&refreshed)["refresh_token"]), (&json!(chosen), &json!(chosen)));
            assert!(tenant.is_live(&refreshed["accessToken"]).await && !tenant.is_live(&created["accessToken"]).await);
        }
        let created = tenant.created(json!({"clientId": APP, "refreshToken": "mine"})).await;
        let refreshed = tenant.refresh(APP, &created["refreshToken"], json!({})).await;
        assert_ne!(refreshed["refreshToken"], "mine");
        let next = tenant.refresh(APP, &refreshed["refreshToken"], json!({})).await;
        is_action(&next, "OK", "A052001");
        is_denied(&tenant.refresh(APP, &json!("mine"), json!({})).await, "BAD_REQUEST", "A053301", "invalid_grant");
    }
}

scenario! {
    async fn a_value_that_is_taken_is_refused_and_nothing_is_made(app) {
        let tenant = Tenant::opaque(app).await;
        let taken = tenant.created(json!({"accessToken": "one", "refreshToken": "two"})).await;
        for ask in [
            json!({"accessToken": "one"}),
            json!({"refreshToken": "two"}),
            json!({"accessToken": "fresh", "refreshToken": "two"}),
            json!({"accessToken": "one", "refreshToken": "fresh"}),
            json!({"accessToken": "two"}),
            json!({"refreshToken": "one"}),
            json!({"accessToken": "same", "refreshToken": "same"}),
        ] {
            is_action(&tenant.create(ask.clone()).await, "BAD_REQUEST", "A110204");
        }
        assert_eq!(tenant.list("").await.1, 1);
        for free in ["fresh", "same"] {
            assert!(!tenant.is_live(&json!(free)).await, "{free}");
            tenant.created(json!({ "accessToken": free })).await;
        }
        assert!(tenant.is_live(&taken["accessToken"]).await);
        // Each service has values of its own.
        let other = Tenant::jwt(app).await;
        other.created(json!({"accessToken": "one", "refreshToken": "two"})).await;
    }
}

scenario! {
    async fn a_value_that_the_service_has_made_is_taken_as_well(app) {
        let tenant = Tenant::opaque(app).await;
        let made = tenant.created(json!({})).await;
        for value in [&made["accessToken"], &made["refreshToken"]] {
            is_action(&tenant.create(json!({ "accessToken": value })).await, "BAD_REQUEST", "A110204");
            is_action(&tenant.create(json!({ "refreshToken": value })).await, "BAD_REQUEST", "A110204");
        }
        assert_eq!(tenant.list("").await.1, 1);
        let tenant = Tenant::jwt(app).await;
        let made = tenant.created(json!({})).await;
        is_action(&tenant.create(json!({ "accessToken": made["jwtAccessToken"] })).await, "BAD_REQUEST", "A110204");
    }
}

scenario! {
    /// The hash of a value is kept as long as a token could live that has it.
    async fn the_value_of_a_token_that_is_over_stays_taken(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(json!({"accessToken": "mine", "refreshToken": "yours"})).await;
        app.delete(&tenant.path("auth/token/delete/mine"), &app.admin).await.is_empty();
        is_action(&tenant.create(json!({"accessToken": "mine"})).await, "BAD_REQUEST", "A110204");
        is_action(&tenant.create(json!({"refreshToken": "yours"})).await, "BAD_REQUEST", "A110204");
    }
}

scenario! {
    async fn every_call_that_issues_takes_a_value(app) {
        let tenant = Tenant::opaque(app).await;
        let own = tenant.token(WEB, "grant_type=client_credentials", json!({"accessToken": "a"})).await;
        assert_eq!((&own["accessToken"], &content(&own)["access_token"]), (&json!("a"), &json!("a")));
        let ticket = tenant.ticket(json!({"accessToken": "unused"})).await;
        let issue = |value: &str| json!({"ticket": ticket, "subject": "john", "accessToken": value});
        is_denied(&tenant.post("auth/token/issue", issue("a")).await, "INTERNAL_SERVER_ERROR", "A055204", "server_error");
        let issued = tenant.post("auth/token/issue", issue("b")).await;
        assert_eq!((&issued["accessToken"], &content(&issued)["access_token"]), (&json!("b"), &json!("b")), "the ticket was left");
        let refreshed = tenant.refresh(WEB, &issued["refreshToken"], json!({"accessToken": "c"})).await;
        assert_eq!((&refreshed["accessToken"], &content(&refreshed)["access_token"]), (&json!("c"), &json!("c")));
        for (value, is_live) in [("a", true), ("b", false), ("c", true), ("unused", false)] {
            assert_eq!(tenant.is_live(&json!(value)).await, is_live, "{value}");
        }
        let denied = tenant.token(WEB, "grant_type=client_credentials", json!({"accessToken": "a"})).await;
        is_denied(&denied, "INTERNAL_SERVER_ERROR", "A047204", "server_error");
        // The refresh token outlives a value that can't be had.
        let denied = tenant.refresh(WEB, &issued["refreshToken"], json!({"accessToken": "a"})).await;
        is_denied(&denied, "INTERNAL_SERVER_ERROR", "A047204", "server_error");
        is_action(&tenant.refresh(WEB, &issued["refreshToken"], json!({"accessToken": "d"})).await, "OK", "A052001");
    }
}

scenario! {
    async fn nothing_chosen_is_in_what_the_store_keeps(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"accessToken": "s3cret-access", "refreshToken": "s3cret-refresh"})).await;
        let org = shared::domain::OrgId::parse(OPAQUE).unwrap();
        let page = app.store.list(&org, &shared::store::TokenQuery { limit: 10, ..shared::store::TokenQuery::default() }).await.unwrap();
        let record = &page.tokens[0];
        let family = record.family_key().unwrap();
        let found = app.store.read(&shared::store::RecordKeys { families: vec![family.clone()], ..shared::store::RecordKeys::default() }).await.unwrap();
        let kept = format!("{record:?} {:?}", found.families[&family]);
        assert!(!kept.contains("s3cret"), "{kept}");
        assert!(text(&created["tokenId"]) == family.id.to_string(), "the id is that of the record");
    }
}
