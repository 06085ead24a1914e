//! `auth/token/get/list` of Authlete's API.

use serde_json::{Value, json};

use super::tenant::{APP, Tenant, WEB, text};
use crate::support::scenario;

const NOW_MS: i64 = 1_795_348_800_250;

/// Subjects in the order of the list.
fn subjects(listed: &Value) -> Vec<&str> {
    let rows = listed.get("accessTokens").and_then(Value::as_array);
    rows.into_iter().flatten().map(|row| row.get("subject").and_then(Value::as_str).unwrap_or("-")).collect()
}

scenario! {
    async fn a_row_tells_all_of_a_record_but_its_values(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({
            "grantType": "AUTHORIZATION_CODE", "scopes": ["read", "write"], "properties": [{"key": "k", "value": "v", "hidden": true}],
        })).await;
        app.clock.advance_ms(1_000);
        let own = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS", "scopes": null})).await;
        let listed = tenant.get("auth/token/get/list").await;
        let mut rows = listed["accessTokens"].as_array().unwrap().clone();
        let hashes: Vec<_> = rows.iter_mut().flat_map(|row| {
            let row = row.as_object_mut().unwrap();
            [row.remove("accessTokenHash"), row.remove("refreshTokenHash")].into_iter().flatten()
        }).collect();
        assert_eq!(hashes.len(), 3);
        assert!(hashes.iter().all(|hash| text(hash).len() == 43));
        assert_eq!(
            rows,
            [
                json!({
                    "accessTokenExpiresAt": created["expiresAt"], "refreshTokenExpiresAt": NOW_MS - 250 + 2_592_000_000, "createdAt": NOW_MS,
                    "lastRefreshedAt": 0, "clientId": WEB, "subject": "john", "grantType": "AUTHORIZATION_CODE", "scopes": ["read", "write"],
                    "properties": [{"key": "k", "value": "v", "hidden": true}], "refreshTokenScopes": ["read", "write"],
                }),
                json!({
                    "accessTokenExpiresAt": own["expiresAt"], "refreshTokenExpiresAt": 0, "createdAt": NOW_MS + 1_000, "lastRefreshedAt": 0,
                    "clientId": WEB, "grantType": "CLIENT_CREDENTIALS",
                }),
            ]
        );
        let whole = listed.to_string();
        for value in [&created["accessToken"], &created["refreshToken"], &own["accessToken"]] {
            assert!(!whole.contains(text(value)) && !whole.contains(text(value).rsplit('.').next().unwrap()));
        }
    }
}

scenario! {
    async fn pages_are_ranges_of_all_that_match_oldest_first(app) {
        let tenant = Tenant::opaque(app).await;
        let nothing = tenant.get("auth/token/get/list").await;
        assert_eq!(nothing, json!({"start": 0, "end": 5, "totalCount": 0}));
        for subject in ["a", "b", "c", "d", "e", "f", "g"] {
            app.clock.advance_ms(1);
            tenant.created(json!({ "subject": subject })).await;
        }
        for (query, start, end, expected) in [
            ("", 0, 5, "abcde"), ("?start=5", 5, 10, "fg"), ("?end=2", 0, 2, "ab"), ("?start=2&end=4", 2, 4, "cd"), ("?start=0&end=100", 0, 100, "abcdefg"),
            ("?start=7&end=9", 7, 9, ""), ("?start=3&end=3", 3, 3, ""), ("?start=6&end=1006", 6, 1_006, "g"),
        ] {
            let listed = tenant.get(&format!("auth/token/get/list{query}")).await;
            assert_eq!((&listed["start"], &listed["end"], &listed["totalCount"]), (&json!(start), &json!(end), &json!(7)), "{query}");
            assert_eq!(subjects(&listed).concat(), expected, "{query}");
            assert_eq!(listed.get("accessTokens").is_some(), !expected.is_empty(), "{query}");
        }
        for bad in ["start=-1", "end=x", "start=2&end=1", "end=1001", "start=1&start=2", "tokenStatus=valid", "subject=a%0Ab", "clientIdentifier=4711", "clientIdentifier=no%20name"] {
            let answer = app.get(&tenant.path(&format!("auth/token/get/list?{bad}")), &app.admin).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (400, &json!("A140201")), "{bad}");
        }
    }
}

scenario! {
    async fn client_and_subject_narrow_it_and_are_told(app) {
        let tenant = Tenant::opaque(app).await;
        for (client, subject) in [(WEB, "john"), (WEB, "mary"), (APP, "john")] {
            app.clock.advance_ms(1);
            tenant.created(json!({"clientId": client, "subject": subject})).await;
        }
        let of_web = tenant.get("auth/token/get/list?clientIdentifier=web").await;
        assert_eq!((subjects(&of_web), &of_web["totalCount"], of_web.get("subject")), (vec!["john", "mary"], &json!(2), None));
        assert_eq!(
            of_web["client"],
            json!({"clientId": WEB, "clientIdAlias": "web", "clientIdAliasEnabled": true, "clientName": "Web", "clientType": "CONFIDENTIAL"})
        );
        let of_john = tenant.get("auth/token/get/list?subject=john").await;
        assert_eq!((&of_john["totalCount"], &of_john["subject"], of_john.get("client")), (&json!(2), &json!("john"), None));
        let of_both = tenant.get("auth/token/get/list?subject=john&clientIdentifier=1002").await;
        assert_eq!((&of_both["totalCount"], &of_both["client"]["clientType"]), (&json!(1), &json!("PUBLIC")));
        assert_eq!(tenant.get("auth/token/get/list?subject=nobody").await["totalCount"], 0);
    }
}

scenario! {
    async fn the_status_tells_the_expired_from_the_valid(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(json!({"subject": "long"})).await;
        tenant.created(json!({"subject": "short", "accessTokenDuration": 60})).await;
        tenant.created(json!({"subject": "gone", "grantType": "IMPLICIT", "accessTokenDuration": 60})).await;
        let by = async |status: &str| {
            let mut found: Vec<_> = subjects(&tenant.get(&format!("auth/token/get/list?tokenStatus={status}")).await).iter().map(|it| (*it).to_owned()).collect();
            found.sort();
            found.concat()
        };
        assert_eq!((by("ALL").await, by("VALID").await, by("INVALID").await), ("gonelongshort".into(), "gonelongshort".into(), String::new()));
        app.clock.advance_ms(60_000);
        // What has expired and can't be refreshed is no record any more.
        assert_eq!((by("ALL").await, by("VALID").await, by("INVALID").await), ("longshort".into(), "long".into(), "short".into()));
    }
}

scenario! {
    async fn a_record_stays_one_row_through_refreshes_and_updates(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"clientId": APP, "grantType": "AUTHORIZATION_CODE"})).await;
        app.clock.advance_ms(60_000);
        let refreshed = tenant.refresh(APP, &created["refreshToken"], json!({})).await;
        app.clock.advance_ms(60_000);
        let again = tenant.refresh(APP, &refreshed["refreshToken"], json!({})).await;
        tenant.post("auth/token/update", json!({"accessToken": again["accessToken"], "accessTokenValueUpdated": true, "scopes": ["write"]})).await;
        let (rows, total) = tenant.list("").await;
        assert_eq!((total, rows.len()), (1, 1));
        let row = &rows[0];
        assert_eq!((&row["createdAt"], &row["lastRefreshedAt"]), (&json!(NOW_MS), &json!(NOW_MS + 120_000)));
        assert_eq!((&row["grantType"], &row["scopes"], &row["refreshTokenScopes"]), (&json!("AUTHORIZATION_CODE"), &json!(["write"]), &json!(["read"])));
        // The hash of the access token is good wherever an identifier is.
        let updated = tenant.post("auth/token/update", json!({"accessTokenHash": row["accessTokenHash"]})).await;
        assert_eq!(updated["tokenId"], created["tokenId"]);
        let revoked = tenant.post("auth/token/revoke", json!({"refreshTokenIdentifier": row["refreshTokenHash"]})).await;
        assert_eq!((&revoked["count"], tenant.list("").await.1), (&json!(1), 0));
    }
}

scenario! {
    async fn the_tokens_of_members_and_of_other_services_are_not_there(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        app.mint("100", "service", json!({"create_refresh_token": true})).await.created();
        other.created(json!({"subject": "theirs"})).await;
        tenant.created(json!({"subject": "mine"})).await;
        assert_eq!(subjects(&tenant.get("auth/token/get/list").await), ["mine"]);
        assert_eq!(subjects(&other.get("auth/token/get/list").await), ["theirs"]);
    }
}
