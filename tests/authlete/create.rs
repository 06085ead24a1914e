//! `auth/token/create` of Authlete's API.

use serde_json::{Value, json};

use super::tenant::{BRIEF, LOCKED, OPAQUE, ROBOT, SINGLE, Tenant, WEB, creation, is_action, members, text, v2};
use crate::support::scenario;

/// Of the moment at which every scenario begins, in whole seconds.
const NOW: i64 = 1_795_348_800;
const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

#[track_caller]
fn is_refused(answer: &Value, action: &str, code: &str) {
    is_action(answer, action, code);
    assert_eq!(members(answer), ["action", "resultCode", "resultMessage"], "nothing else: {answer}");
}

scenario! {
    async fn all_twenty_members_are_answered(app) {
        let tenant = Tenant::jwt(app).await;
        let mut created = tenant.create(json!({
            "grantType": "AUTHORIZATION_CODE", "clientIdentifier": "web", "scopes": ["read", "write"], "accessTokenDuration": 600,
            "refreshTokenDuration": 7_200, "resources": ["https://api.example"], "forExternalAttachment": true, "sessionId": "s-1",
            "properties": [{"key": "shown", "value": "1"}, {"key": "kept", "value": "2", "hidden": true}],
            "authorizationDetails": {"elements": [{"type": "t", "dataTypes": ["d"], "otherFields": "{\"sum\":5}"}]},
        })).await;
        assert_eq!(members(&created).len(), 20, "{created}");
        let mut take = |name: &str| created.as_object_mut().unwrap().remove(name).unwrap_or_default();
        assert_eq!(text(&take("accessToken")).len(), 43);
        assert_eq!(text(&take("jwtAccessToken")).split('.').count(), 3);
        assert!(text(&take("refreshToken")).len() >= 43);
        assert_eq!(text(&take("tokenId")).len(), 32);
        assert_eq!(
            created,
            json!({
                "resultCode": "A109001", "action": "OK",
                "resultMessage": "[A109001] An access token was created successfully: authorization_code, client = 2001",
                "clientId": WEB, "clientIdentifier": "web", "subject": "john", "grantType": "AUTHORIZATION_CODE", "scopes": ["read", "write"],
                "tokenType": "Bearer", "expiresIn": 600, "expiresAt": (NOW + 600) * 1_000, "refreshTokenScopes": ["read", "write"],
                "properties": [{"key": "shown", "value": "1", "hidden": false}, {"key": "kept", "value": "2", "hidden": true}],
                "authorizationDetails": {"elements": [{"type": "t", "dataTypes": ["d"], "otherFields": "{\"sum\":5}"}]},
                "forExternalAttachment": true, "sessionId": "s-1",
            })
        );
    }
}

scenario! {
    async fn the_least_token_has_no_member_that_says_nothing(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS", "subject": null, "scopes": null})).await;
        let expected = [
            "accessToken", "action", "clientId", "clientIdentifier", "expiresAt", "expiresIn", "forExternalAttachment", "grantType",
            "resultCode", "resultMessage", "tokenId", "tokenType",
        ];
        assert_eq!(members(&created), expected);
        assert_eq!((&created["clientIdentifier"], &created["forExternalAttachment"]), (&json!("1001"), &json!(false)));
        assert_eq!((&created["expiresIn"], &created["expiresAt"]), (&json!(3_600), &json!((NOW + 3_600) * 1_000)));
    }
}

scenario! {
    async fn a_grant_decides_on_subject_and_refresh_token(app) {
        let tenant = Tenant::opaque(app).await;
        for (grant, owned, needs_owner, refreshed) in [
            ("AUTHORIZATION_CODE", true, true, true),
            ("IMPLICIT", true, true, false),
            ("PASSWORD", true, true, true),
            ("CLIENT_CREDENTIALS", false, false, false),
            ("CIBA", true, true, true),
            ("DEVICE_CODE", true, true, true),
            ("TOKEN_EXCHANGE", true, true, true),
            ("JWT_BEARER", true, false, true),
            ("PRE_AUTHORIZED_CODE", true, true, true),
        ] {
            let created = tenant.created(json!({ "grantType": grant })).await;
            assert_eq!((&created["grantType"], created.get("subject").is_some()), (&json!(grant), owned), "{grant}");
            assert_eq!(created.get("refreshToken").is_some(), refreshed, "{grant}");
            assert_eq!(created.get("refreshTokenScopes").is_some(), refreshed, "{grant}");
            let nobody = tenant.create(json!({"grantType": grant, "subject": null})).await;
            if needs_owner {
                is_refused(&nobody, "BAD_REQUEST", "A110201");
            } else {
                assert_eq!((&nobody["action"], nobody.get("subject")), (&json!("OK"), None), "{grant}");
            }
        }
        for bad in [json!(null), json!("REFRESH_TOKEN"), json!("password"), json!("HOPE")] {
            is_refused(&tenant.create(json!({ "grantType": bad })).await, "BAD_REQUEST", "A110201");
        }
    }
}

scenario! {
    async fn the_client_is_named_by_its_number_or_else_by_its_identifier(app) {
        let tenant = Tenant::opaque(app).await;
        for (named, identifier) in [
            (json!({}), "1001"),
            (json!({"clientId": "1001"}), "1001"),
            (json!({"clientId": 0, "clientIdentifier": "1001"}), "1001"),
            (json!({"clientId": null, "clientIdentifier": "web"}), "web"),
            (json!({"clientIdentifier": "anything"}), "anything"),
        ] {
            let created = tenant.created(named.clone()).await;
            assert_eq!((&created["clientId"], &created["clientIdentifier"]), (&json!(WEB), &json!(identifier)), "{named}");
        }
        for unknown in [json!({"clientId": 4_711}), json!({"clientId": null, "clientIdentifier": "nobody"})] {
            is_refused(&tenant.create(unknown).await, "FORBIDDEN", "A110203");
        }
        for bad in [json!({"clientId": null}), json!({"clientId": -1}), json!({"clientId": null, "clientIdentifier": "no name"})] {
            is_refused(&tenant.create(bad).await, "BAD_REQUEST", "A110201");
        }
        let locked = app.post(&tenant.path("auth/token/create"), Some(&app.admin), creation(json!({"clientId": LOCKED}))).await;
        assert_eq!((locked.status.as_u16(), &locked.json()["resultCode"]), (403, &json!("A001215")));
    }
}

scenario! {
    /// Alias, federation and metadata document: one way of being named at most.
    async fn a_client_is_called_by_its_alias_if_it_has_one(app) {
        let tenant = Tenant::opaque(app).await;
        for (client, has_alias) in [(WEB, true), (BRIEF, false)] {
            let created = tenant.created(json!({"clientId": client, "clientIdAliasUsed": true})).await;
            let introspected = tenant.introspect(&created["accessToken"], json!({})).await;
            assert_eq!(introspected["clientIdAliasUsed"], has_alias, "{client}");
        }
        for other in ["clientEntityIdUsed", "metadataDocumentUsed"] {
            tenant.created(json!({ other: true })).await;
            is_refused(&tenant.create(json!({"clientIdAliasUsed": true, other: true})).await, "BAD_REQUEST", "A110201");
        }
    }
}

scenario! {
    async fn a_subject_is_up_to_255_ascii_characters(app) {
        let tenant = Tenant::opaque(app).await;
        for good in ["a".repeat(255), "a b@c/d#e".to_owned()] {
            assert_eq!(tenant.created(json!({ "subject": good })).await["subject"], good);
        }
        for bad in ["a".repeat(256), "jürgen".to_owned(), "a\nb".to_owned()] {
            is_refused(&tenant.create(json!({ "subject": bad })).await, "BAD_REQUEST", "A110201");
        }
    }
}

scenario! {
    async fn each_scope_must_be_supported_and_counts_once(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"scopes": ["write", "read", "write"]})).await;
        assert_eq!((&created["scopes"], &created["refreshTokenScopes"]), (&json!(["write", "read"]), &json!(["write", "read"])));
        for none in [json!(null), json!([])] {
            let created = tenant.created(json!({ "scopes": none })).await;
            assert_eq!((created.get("scopes"), created.get("refreshTokenScopes")), (None, None), "the default ones are for flows");
        }
        let before = tenant.list("").await.1;
        for bad in [json!(["read", "unknown"]), json!(["urn:jeton:admin"]), json!(["read write"])] {
            is_refused(&tenant.create(json!({ "scopes": bad })).await, "BAD_REQUEST", "A110201");
        }
        assert_eq!(tenant.list("").await.1, before, "nothing was made");
        // What a client may request concerns its own requests.
        assert_eq!(tenant.created(json!({"clientId": ROBOT, "scopes": ["write"]})).await["scopes"], json!(["write"]));
        tenant.set(json!({"scope_required": true})).await;
        is_refused(&tenant.create(json!({"scopes": null})).await, "BAD_REQUEST", "A110337");
    }
}

scenario! {
    /// What the request says wins, otherwise the smallest of what service, scopes and client say.
    async fn a_token_lives_as_long_as_the_request_or_else_the_settings_say(app) {
        let tenant = Tenant::opaque(app).await;
        for (more, access, refresh) in [
            (json!({}), 3_600, 2_592_000),
            (json!({"scopes": ["read", "brief"]}), 600, 6_000),
            (json!({"scopes": ["brief", "briefer", "read"]}), 300, 3_000),
            (json!({"clientId": BRIEF}), 1_200, 12_000),
            (json!({"clientId": BRIEF, "scopes": ["brief"]}), 600, 6_000),
            (json!({"clientId": BRIEF, "scopes": ["brief"], "accessTokenDuration": 7_200, "refreshTokenDuration": 70_000}), 7_200, 70_000),
            (json!({"accessTokenDuration": 86_400}), 86_400, 2_592_000),
            (json!({"accessTokenDuration": 1, "refreshTokenDuration": 1}), 1, 1),
            (json!({"accessTokenDuration": 0, "refreshTokenDuration": -5}), 3_600, 2_592_000),
        ] {
            let created = tenant.created(more.clone()).await;
            assert_eq!((&created["expiresIn"], &created["expiresAt"]), (&json!(access), &json!((NOW + access) * 1_000)), "{more}");
            let standard = tenant.standard(&created["refreshToken"], json!({})).await;
            assert_eq!(standard["exp"], json!(NOW + refresh), "{more}");
        }
        is_refused(&tenant.create(json!({"accessTokenDuration": 86_401})).await, "BAD_REQUEST", "A110205");
        is_refused(&tenant.create(json!({"refreshTokenDuration": 34_560_001})).await, "BAD_REQUEST", "A110205");
        is_refused(&tenant.create(json!({"accessTokenDuration": 4_294_967_296_u64})).await, "BAD_REQUEST", "A110201");
        let created = tenant.created(json!({})).await;
        tenant.set(json!({"token_duration": 60})).await;
        assert_eq!(tenant.created(json!({})).await["expiresIn"], 60);
        assert_eq!(tenant.introspect(&created["accessToken"], json!({})).await["expiresAt"], created["expiresAt"], "what is issued stays");
    }
}

scenario! {
    async fn an_access_token_may_be_linked_to_the_end_of_its_refresh_token(app) {
        let tenant = Tenant::opaque(app).await;
        let short = json!({"accessTokenDuration": 600, "refreshTokenDuration": 60});
        assert_eq!(tenant.created(short.clone()).await["expiresIn"], 600);
        tenant.set(json!({"token_expiration_linked": true, "allow_non_expiring": true})).await;
        assert_eq!(tenant.created(short).await["expiresIn"], 60);
        assert_eq!(tenant.created(json!({"accessTokenDuration": 60})).await["expiresIn"], 60);
        let alone = json!({"grantType": "IMPLICIT", "accessTokenDuration": 600, "refreshTokenDuration": 60});
        assert_eq!(tenant.created(alone).await["expiresIn"], 600, "without a refresh token there is nothing to be linked to");
        // To be persistent beats all.
        let persistent = tenant.created(json!({"accessTokenPersistent": true, "refreshTokenDuration": 60})).await;
        assert_eq!((&persistent["expiresIn"], &persistent["expiresAt"]), (&json!(0), &json!(0)));
    }
}

scenario! {
    async fn a_token_is_persistent_only_where_the_org_allows_it(app) {
        let tenant = Tenant::opaque(app).await;
        is_refused(&tenant.create(json!({"accessTokenPersistent": true})).await, "BAD_REQUEST", "A110205");
        tenant.set(json!({"allow_non_expiring": true})).await;
        let ask = json!({"accessTokenPersistent": true, "accessTokenDuration": 60, "scopes": ["briefer"]});
        let created = tenant.created(ask).await;
        assert_eq!((&created["expiresIn"], &created["expiresAt"]), (&json!(0), &json!(0)));
        app.clock.advance_ms(500 * 86_400_000);
        // The administrator's own token has expired long since.
        let introspected = v2(app, OPAQUE, "auth/introspection", json!({"token": created["accessToken"]})).await.ok();
        assert_eq!((&introspected["action"], &introspected["expiresAt"]), (&json!("OK"), &json!(0)));
    }
}

scenario! {
    /// For a creation only the service is asked, and of it only whether it has the grant at all.
    async fn there_are_refresh_tokens_only_where_the_service_supports_them(app) {
        let tenant = Tenant::opaque(app).await;
        assert!(tenant.created(json!({"clientId": ROBOT})).await.get("refreshToken").is_some());
        tenant.set(json!({"supported_grants": ["password"]})).await;
        let created = tenant.created(json!({"refreshTokenDuration": 60})).await;
        assert_eq!((created.get("refreshToken"), created.get("refreshTokenScopes")), (None, None));
        assert_eq!(tenant.introspect(&created["accessToken"], json!({})).await["refreshable"], false);
    }
}

scenario! {
    async fn a_token_can_be_bound_to_a_certificate_or_to_a_key(app) {
        let tenant = Tenant::opaque(app).await;
        for (member, kind, confirmation) in [("certificateThumbprint", "Bearer", "x5t#S256"), ("dpopKeyThumbprint", "DPoP", "jkt")] {
            let created = tenant.created(json!({ member: THUMBPRINT })).await;
            assert_eq!(created["tokenType"], kind);
            let standard = tenant.standard(&created["accessToken"], json!({})).await;
            assert_eq!((&standard["token_type"], &standard["cnf"]), (&json!(kind), &json!({ confirmation: THUMBPRINT })));
            assert_eq!(tenant.introspect(&created["accessToken"], json!({})).await["action"], "UNAUTHORIZED", "without the proof");
            for bad in ["x", &THUMBPRINT[1..], &format!("{THUMBPRINT}=")] {
                is_refused(&tenant.create(json!({ member: bad })).await, "BAD_REQUEST", "A110201");
            }
        }
    }
}

scenario! {
    async fn what_is_said_of_the_user_is_kept_only_where_there_is_one(app) {
        let tenant = Tenant::opaque(app).await;
        let said = |grant: &str| json!({"grantType": grant, "acr": "gold", "authTime": NOW - 60, "sessionId": "s-1"});
        let created = tenant.created(said("PASSWORD")).await;
        let introspected = tenant.introspect(&created["accessToken"], json!({})).await;
        assert_eq!((&introspected["acr"], &introspected["authTime"]), (&json!("gold"), &json!(NOW - 60)));
        assert_eq!(created["sessionId"], "s-1");
        let created = tenant.created(said("CLIENT_CREDENTIALS")).await;
        let introspected = tenant.introspect(&created["accessToken"], json!({})).await;
        assert_eq!((introspected.get("acr"), introspected.get("authTime"), introspected.get("subject")), (None, None, None));
        is_refused(&tenant.create(json!({"authTime": -1})).await, "BAD_REQUEST", "A110201");
    }
}

scenario! {
    /// Older records of the same client and subject go.
    async fn a_subject_may_have_one_token_of_a_client_only(app) {
        let tenant = Tenant::opaque(app).await;
        let create = async |more: Value| {
            app.clock.advance_ms(1);
            tenant.created(more).await["accessToken"].clone()
        };
        let johns = create(json!({"clientId": SINGLE})).await;
        let marys = create(json!({"clientId": SINGLE, "subject": "mary"})).await;
        let own = create(json!({"clientId": SINGLE, "grantType": "CLIENT_CREDENTIALS"})).await;
        let elsewhere = create(json!({})).await;
        let next = create(json!({"clientId": SINGLE})).await;
        create(json!({"clientId": SINGLE, "grantType": "CLIENT_CREDENTIALS"})).await;
        assert!(!tenant.is_live(&johns).await);
        for other in [&marys, &own, &elsewhere, &next] {
            assert!(tenant.is_live(other).await);
        }
        assert_eq!(tenant.list("clientIdentifier=1006&subject=john").await.1, 1);
        // The same for all clients of the service.
        let second = create(json!({})).await;
        assert!(tenant.is_live(&elsewhere).await);
        tenant.set(json!({"single_token_per_subject": true})).await;
        let third = create(json!({})).await;
        assert!(!tenant.is_live(&elsewhere).await && !tenant.is_live(&second).await && tenant.is_live(&third).await);
        assert!(tenant.is_live(&next).await, "that is another client's");
    }
}

scenario! {
    async fn claims_for_a_jwt_must_be_an_object_and_details_must_have_a_type(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.created(json!({"jwtAtClaims": "{\"a\":[1,null]}"})).await;
        for bad in ["[]", "5", "{", "{\"a\":1,\"a\":2}"] {
            is_refused(&tenant.create(json!({ "jwtAtClaims": bad })).await, "BAD_REQUEST", "A110201");
        }
        for bad in [json!({"elements": [{}]}), json!({"elements": [{"type": "t", "otherFields": "[]"}]})] {
            is_refused(&tenant.create(json!({ "authorizationDetails": bad })).await, "BAD_REQUEST", "A110201");
        }
    }
}
