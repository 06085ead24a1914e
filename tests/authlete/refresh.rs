//! Refresh tokens of clients, at `auth/token` of Authlete's API.

use serde_json::{Value, json};
use shared::domain::Algorithm;
use shared::jose::jwk;
use shared::keys::signer::Signer as _;

use super::proofs::{CERTIFICATE, TOKEN_ENDPOINT, X5T, proof, signer};
use super::tenant::{APP, BRIEF, Tenant, WEB, content, is_action, is_denied, members, text};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;
/// An hour less than the administrator's own token lives.
const HOURS_23: i64 = 23 * 3_600;

/// A refresh that must succeed.
async fn refreshed(tenant: &Tenant<'_>, client: u64, token: &Value, more: Value) -> Value {
    let answer = tenant.refresh(client, token, more).await;
    is_action(&answer, "OK", "A052001");
    answer
}

async fn is_rejected(tenant: &Tenant<'_>, client: u64, token: &Value) {
    is_denied(&tenant.refresh(client, token, json!({})).await, "BAD_REQUEST", "A053301", "invalid_grant");
}

/// When a refresh token ends, in seconds.
async fn end_of(tenant: &Tenant<'_>, token: &Value) -> i64 {
    tenant.standard(token, json!({})).await["exp"].as_i64().unwrap()
}

scenario! {
    async fn a_refresh_changes_the_same_record(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({
            "grantType": "AUTHORIZATION_CODE", "scopes": ["read", "write"], "resources": ["urn:a"], "sessionId": "s-1", "acr": "gold", "authTime": NOW - 5,
            "authorizationDetails": {"elements": [{"type": "t"}]}, "accessTokenDuration": 600,
        })).await;
        app.clock.advance_ms(60_000);
        let mut answer = refreshed(&tenant, WEB, &created["refreshToken"], json!({})).await;
        let mut take = |name: &str| answer.as_object_mut().unwrap().remove(name).unwrap();
        let (access, said) = (take("accessToken"), take("responseContent"));
        assert_ne!(access, created["accessToken"]);
        let said: Value = serde_json::from_str(text(&said)).unwrap();
        let told = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": 3_600, "scope": "read write", "refresh_token": created["refreshToken"],
        });
        assert_eq!(said, told);
        assert_eq!(
            answer,
            json!({
                "resultCode": "A052001", "resultMessage": "[A052001] The token request (grant_type=refresh_token) was processed successfully.",
                "action": "OK", "grantType": "REFRESH_TOKEN", "clientAuthMethod": "CLIENT_SECRET_BASIC",
                "accessTokenExpiresAt": (NOW + 3_660) * 1_000, "accessTokenDuration": 3_600, "refreshToken": created["refreshToken"],
                "refreshTokenExpiresAt": (NOW + 2_592_000) * 1_000, "refreshTokenDuration": 2_592_000 - 60, "refreshTokenScopes": ["read", "write"],
                "clientId": WEB, "clientIdAlias": "web", "clientIdAliasUsed": false, "subject": "john", "scopes": ["read", "write"],
                "accessTokenResources": ["urn:a"], "authorizationDetails": {"elements": [{"type": "t"}]}, "sessionId": "s-1",
                "previousRefreshTokenUsed": false,
                "serviceAttributes": [{"key": "region", "value": "north"}], "clientAttributes": [{"key": "plan", "value": "free"}],
            })
        );
        assert!(!tenant.is_live(&created["accessToken"]).await, "the old value dies at once");
        let introspected = tenant.introspect(&access, json!({})).await;
        for (member, value) in [
            ("grantType", json!("AUTHORIZATION_CODE")), ("acr", json!("gold")), ("authTime", json!(NOW - 5)), ("resources", json!(["urn:a"])),
            ("refreshable", json!(true)),
        ] {
            assert_eq!(introspected[member], value, "{member}");
        }
        let (rows, total) = tenant.list("").await;
        assert_eq!((total, &rows[0]["grantType"]), (1, &json!("AUTHORIZATION_CODE")));
        assert_eq!((&rows[0]["createdAt"], &rows[0]["lastRefreshedAt"]), (&json!(NOW * 1_000 + 250), &json!(NOW * 1_000 + 60_250)));
        let updated = tenant.post("auth/token/update", json!({"accessToken": access})).await;
        assert_eq!(updated["tokenId"], created["tokenId"]);
    }
}

scenario! {
    async fn a_refresh_token_is_kept_or_replaced_as_the_settings_say(app) {
        let tenant = Tenant::opaque(app).await;
        for (setting, client, kept) in [
            (json!({}), WEB, true), (json!({}), APP, false),
            (json!({"refresh_token_kept": true}), APP, true), (json!({"refresh_token_kept": false}), WEB, false),
        ] {
            tenant.set(setting.clone()).await;
            let mut token = tenant.created(json!({ "clientId": client })).await["refreshToken"].clone();
            for _ in 0..3 {
                app.clock.advance_ms(100_000);
                let answer = refreshed(&tenant, client, &token, json!({})).await;
                assert_eq!(answer["refreshToken"] == token, kept, "{client} {setting}");
                assert_eq!(content(&answer)["refresh_token"], answer["refreshToken"]);
                assert!(tenant.is_live(&answer["accessToken"]).await);
                token = answer["refreshToken"].clone();
            }
        }
    }
}

scenario! {
    async fn the_end_of_a_refresh_token_moves_only_if_the_settings_say_so(app) {
        let tenant = Tenant::opaque(app).await;
        let create = async |settings: Value| {
            tenant.set(settings).await;
            tenant.created(json!({"refreshTokenDuration": 6_000})).await["refreshToken"].clone()
        };
        let mut kept = create(json!({"refresh_token_kept": true})).await;
        let mut reset = create(json!({"refresh_token_kept": true, "refresh_token_duration_reset": true})).await;
        let mut replaced = create(json!({"refresh_token_kept": false})).await;
        let mut fresh = create(json!({"refresh_token_kept": false, "refresh_token_duration_kept": false})).await;
        for step in 1..=3 {
            app.clock.advance_ms(2_000_000);
            for (token, moves) in [(&mut kept, false), (&mut reset, true), (&mut replaced, false), (&mut fresh, true)] {
                let answer = tenant.refresh(WEB, token, json!({})).await;
                if step == 3 && !moves {
                    is_denied(&answer, "BAD_REQUEST", "A053301", "invalid_grant");
                    continue;
                }
                is_action(&answer, "OK", "A052001");
                let end = NOW + 6_000 + if moves { step * 2_000 } else { 0 };
                assert_eq!((&answer["refreshTokenExpiresAt"], end_of(&tenant, &answer["refreshToken"]).await), (&json!(end * 1_000), end));
                *token = answer["refreshToken"].clone();
            }
        }
    }
}

scenario! {
    async fn a_length_of_time_that_is_said_moves_the_end_of_the_refresh_token_this_once(app) {
        let tenant = Tenant::opaque(app).await;
        for client in [WEB, APP] {
            let token = tenant.created(json!({ "clientId": client })).await["refreshToken"].clone();
            let answer = refreshed(&tenant, client, &token, json!({"refreshTokenDuration": 500})).await;
            let ends = (&answer["refreshTokenExpiresAt"], &answer["refreshTokenDuration"]);
            assert_eq!(ends, (&json!((NOW + 500) * 1_000), &json!(500)), "{client}");
            app.clock.advance_ms(400_000);
            let next = refreshed(&tenant, client, &answer["refreshToken"], json!({"refreshTokenDuration": 0})).await;
            assert_eq!(next["refreshTokenExpiresAt"], json!((NOW + 500) * 1_000), "{client}");
            app.clock.advance_ms(-400_000);
        }
    }
}

scenario! {
    /// FAPI 2.0 security profile section 5.3.2.1 item 10: a client whose answer was lost may ask again.
    async fn the_token_that_was_just_replaced_gets_the_same_successor_for_a_minute(app) {
        let tenant = Tenant::opaque(app).await;
        let first = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        let second = refreshed(&tenant, APP, &first, json!({})).await;
        assert_eq!(second["previousRefreshTokenUsed"], false);
        let mut newest = second["accessToken"].clone();
        for _ in 0..3 {
            app.clock.advance_ms(20_000);
            let again = refreshed(&tenant, APP, &first, json!({})).await;
            assert_eq!((&again["previousRefreshTokenUsed"], &again["refreshToken"]), (&json!(true), &second["refreshToken"]));
            assert!(tenant.is_live(&again["accessToken"]).await && !tenant.is_live(&newest).await, "only the newest is alive");
            newest = again["accessToken"].clone();
        }
        app.clock.advance_ms(1);
        is_rejected(&tenant, APP, &first).await;
        is_rejected(&tenant, APP, &second["refreshToken"]).await;
        assert!(!tenant.is_live(&newest).await, "reuse has ended the family");
    }
}

scenario! {
    async fn an_org_says_for_how_long_a_refresh_can_be_repeated_and_the_use_of_the_successor_ends_that(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"refresh_token_retry_seconds": 3_600})).await;
        let first = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        let second = refreshed(&tenant, APP, &first, json!({})).await["refreshToken"].clone();
        app.clock.advance_ms(3_600_000);
        assert_eq!(refreshed(&tenant, APP, &first, json!({})).await["refreshToken"], second);
        refreshed(&tenant, APP, &second, json!({})).await;
        is_rejected(&tenant, APP, &first).await;

        tenant.set(json!({"refresh_token_retry_seconds": 1})).await;
        let first = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        refreshed(&tenant, APP, &first, json!({})).await;
        app.clock.advance_ms(1_001);
        is_rejected(&tenant, APP, &first).await;
    }
}

scenario! {
    /// RFC 9700 section 4.14.2.
    async fn reuse_ends_the_family_at_once_where_no_repetition_is_allowed(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"refresh_token_idempotent": false})).await;
        let first = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        let other = tenant.created(json!({"clientId": APP})).await;
        let second = refreshed(&tenant, APP, &first, json!({})).await;
        assert!(tenant.is_live(&second["accessToken"]).await);
        is_rejected(&tenant, APP, &first).await;
        is_rejected(&tenant, APP, &second["refreshToken"]).await;
        assert!(!tenant.is_live(&second["accessToken"]).await);
        assert!(tenant.is_live(&other["accessToken"]).await, "no other family is touched");
        refreshed(&tenant, APP, &other["refreshToken"], json!({})).await;
    }
}

scenario! {
    /// RFC 6749 section 6.
    async fn scopes_can_be_narrowed_and_come_back_but_never_grow(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({"scopes": ["read", "write"]})).await["refreshToken"].clone();
        let ask = async |scope: &str| {
            tenant.token(WEB, &format!("grant_type=refresh_token&refresh_token={}&scope={scope}", text(&token)), json!({})).await
        };
        let narrow = ask("write").await;
        assert_eq!((&narrow["scopes"], &narrow["refreshTokenScopes"]), (&json!(["write"]), &json!(["read", "write"])));
        assert_eq!(content(&narrow)["scope"], "write");
        assert_eq!(tenant.introspect(&narrow["accessToken"], json!({})).await["scopes"], json!(["write"]));
        assert_eq!(ask("").await["scopes"], json!(["read", "write"]));
        for wide in ["read+brief", "unknown", "urn:jeton:admin"] {
            is_denied(&ask(wide).await, "BAD_REQUEST", "A053305", "invalid_scope");
        }
        is_denied(&ask("%22").await, "BAD_REQUEST", "A053306", "invalid_scope");
        tenant.set(json!({"supported_scopes": [{"name": "write"}]})).await;
        assert_eq!(ask("").await["scopes"], json!(["write"]), "what the service no longer has is left out");
    }
}

scenario! {
    async fn properties_are_laid_over_those_that_are_there_and_stay(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"clientId": APP, "properties": [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]})).await;
        let more = json!({"properties": [{"key": "b", "value": "2"}, {"key": "c", "value": "2", "hidden": true}]});
        let second = refreshed(&tenant, APP, &created["refreshToken"], more).await;
        let expected = json!([
            {"key": "a", "value": "1", "hidden": false}, {"key": "b", "value": "2", "hidden": false}, {"key": "c", "value": "2", "hidden": true},
        ]);
        assert_eq!(second["properties"], expected);
        let said = content(&second);
        assert_eq!((&said["a"], &said["b"], said.get("c")), (&json!("1"), &json!("2"), None));
        let third = refreshed(&tenant, APP, &second["refreshToken"], json!({})).await;
        assert_eq!(third["properties"], expected);
        assert_eq!(tenant.introspect(&third["accessToken"], json!({})).await["properties"], expected);
    }
}

scenario! {
    /// What is attached has a size that no series of refreshes gets past.
    async fn properties_do_not_grow_without_end(app) {
        let tenant = Tenant::opaque(app).await;
        let mut token = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        let large = |n: i64| json!({"properties": [{"key": format!("k{n}"), "value": "v".repeat(30_000), "hidden": true}]});
        for n in 0..2 {
            token = refreshed(&tenant, APP, &token, large(n)).await["refreshToken"].clone();
        }
        is_denied(&tenant.refresh(APP, &token, large(2)).await, "INTERNAL_SERVER_ERROR", "A047201", "server_error");
        // The token has not been used up by that.
        let last = refreshed(&tenant, APP, &token, large(1)).await;
        assert_eq!(last["properties"].as_array().unwrap().len(), 2);
    }
}

scenario! {
    async fn how_long_the_next_access_token_lives_is_resolved_anew(app) {
        let tenant = Tenant::opaque(app).await;
        let of_brief = tenant.created(json!({"clientId": BRIEF, "accessTokenDuration": 10})).await;
        assert_eq!(refreshed(&tenant, BRIEF, &of_brief["refreshToken"], json!({})).await["accessTokenDuration"], 1_200);
        let token = &tenant.created(json!({"scopes": ["read", "brief"], "refreshTokenDuration": 1_000})).await["refreshToken"];
        assert_eq!(refreshed(&tenant, WEB, token, json!({})).await["accessTokenDuration"], 600);
        assert_eq!(refreshed(&tenant, WEB, token, json!({"accessTokenDuration": 7_000})).await["accessTokenDuration"], 7_000);
        tenant.set(json!({"token_expiration_linked": true})).await;
        assert_eq!(refreshed(&tenant, WEB, token, json!({"accessTokenDuration": 7_000})).await["accessTokenDuration"], 1_000);
    }
}

scenario! {
    async fn a_refresh_token_is_its_client_s_and_its_service_s(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let token = tenant.created(json!({})).await["refreshToken"].clone();
        is_rejected(&tenant, APP, &token).await;
        is_rejected(&tenant, BRIEF, &token).await;
        is_rejected(&other, WEB, &token).await;
        let (head, secret) = text(&token).rsplit_once('.').unwrap();
        let guess = format!("{head}.{}{}", if secret.starts_with('A') { 'B' } else { 'A' }, &secret[1..]);
        for bad in [json!("x"), json!(head), json!(guess), tenant.created(json!({})).await["accessToken"].clone()] {
            is_rejected(&tenant, WEB, &bad).await;
        }
        // What the list shows in its place opens nothing.
        let shown = tenant.list("").await.0[0]["refreshTokenHash"].clone();
        is_rejected(&tenant, WEB, &shown).await;
        is_denied(&tenant.token(WEB, "grant_type=refresh_token", json!({})).await, "BAD_REQUEST", "A053302", "invalid_request");
        refreshed(&tenant, WEB, &token, json!({})).await;
    }
}

scenario! {
    async fn what_has_become_of_client_and_service_counts(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({})).await["refreshToken"].clone();
        tenant.post("client/lock_flag/update/1001", json!({"clientLocked": true})).await;
        is_denied(&tenant.refresh(WEB, &token, json!({})).await, "INVALID_CLIENT", "A049303", "invalid_client");
        tenant.post("client/lock_flag/update/1001", json!({"clientLocked": false})).await;
        tenant.set(json!({"supported_grants": ["client_credentials"]})).await;
        is_denied(&tenant.refresh(WEB, &token, json!({})).await, "BAD_REQUEST", "A048303", "unsupported_grant_type");
        tenant.set(json!({})).await;
        refreshed(&tenant, WEB, &token, json!({})).await;
        app.clock.advance_ms(HOURS_23 * 1_000);
        let last = tenant.created(json!({"refreshTokenDuration": 60})).await;
        app.clock.advance_ms(60_000);
        is_rejected(&tenant, WEB, &last["refreshToken"]).await;
        assert!(tenant.is_live(&last["accessToken"]).await, "it lives on without");
        let introspected = tenant.introspect(&last["accessToken"], json!({})).await;
        assert_eq!(introspected["refreshable"], false);
    }
}

scenario! {
    async fn once_the_access_token_has_expired_the_refresh_token_makes_the_next(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({"accessTokenDuration": 60})).await;
        app.clock.advance_ms(60_000);
        let expired = tenant.introspect(&created["accessToken"], json!({})).await;
        assert_eq!((&expired["resultCode"], &expired["refreshable"]), (&json!("A065301"), &json!(true)));
        let next = refreshed(&tenant, WEB, &created["refreshToken"], json!({})).await;
        assert!(tenant.is_live(&next["accessToken"]).await);
        let replaced = tenant.introspect(&created["accessToken"], json!({})).await;
        assert_eq!((&replaced["resultCode"], &replaced["existent"]), (&json!("A063301"), &json!(false)));
    }
}

scenario! {
    async fn a_persistent_token_is_replaced_by_one_that_expires(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"allow_non_expiring": true})).await;
        let created = tenant.created(json!({"accessTokenPersistent": true})).await;
        assert_eq!(tenant.list("tokenStatus=VALID").await.0[0]["accessTokenExpiresAt"], 0);
        let next = refreshed(&tenant, WEB, &created["refreshToken"], json!({})).await;
        assert_eq!(next["accessTokenDuration"], 3_600);
        assert!(!tenant.is_live(&created["accessToken"]).await && tenant.is_live(&next["accessToken"]).await);
    }
}

scenario! {
    /// RFC 9449 section 5: a public client's refresh token that is bound to a key needs a proof by that key.
    async fn a_token_bound_to_a_key_is_refreshed_by_that_key_only(app) {
        let tenant = Tenant::opaque(app).await;
        let key = jwk::thumbprint(&signer().jwk().key, Algorithm::EdDsa);
        let bound_to = |key: &str| json!({"clientId": APP, "dpopKeyThumbprint": key});
        let token = tenant.created(bound_to(key.as_str())).await["refreshToken"].clone();
        is_denied(&tenant.refresh(APP, &token, json!({})).await, "BAD_REQUEST", "A254302", "invalid_dpop_proof");
        let by = |id: &str| json!({"dpop": proof(id, "POST", TOKEN_ENDPOINT, None)});
        let next = refreshed(&tenant, APP, &token, by("a")).await;
        assert_eq!(content(&next)["token_type"], "DPoP");
        is_denied(&tenant.refresh(APP, &token, by("a")).await, "BAD_REQUEST", "A254304", "invalid_dpop_proof");
        let foreign = tenant.created(bound_to(X5T)).await["refreshToken"].clone();
        is_denied(&tenant.refresh(APP, &foreign, by("b")).await, "BAD_REQUEST", "A254305", "invalid_grant");
        // One that was bound to nothing is bound by the first proof.
        let free = tenant.created(json!({"clientId": APP})).await["refreshToken"].clone();
        let bound = refreshed(&tenant, APP, &free, by("c")).await;
        assert_eq!(content(&bound)["token_type"], "DPoP");
        is_denied(&tenant.refresh(APP, &bound["refreshToken"], json!({})).await, "BAD_REQUEST", "A254302", "invalid_dpop_proof");
        refreshed(&tenant, APP, &bound["refreshToken"], by("d")).await;
        // That of a confidential client is bound to the client.
        let token = tenant.created(json!({"dpopKeyThumbprint": X5T})).await["refreshToken"].clone();
        assert_eq!(content(&refreshed(&tenant, WEB, &token, json!({})).await)["token_type"], "Bearer");
        assert_eq!(content(&refreshed(&tenant, WEB, &token, by("e")).await)["token_type"], "DPoP");
    }
}

scenario! {
    /// RFC 8705 section 4.
    async fn a_token_bound_to_a_certificate_is_refreshed_with_that_certificate_only(app) {
        let tenant = Tenant::opaque(app).await;
        let client = tenant.post("client/create", json!({
            "clientType": "PUBLIC", "grantTypes": ["REFRESH_TOKEN"], "tlsClientCertificateBoundAccessTokens": true,
        })).await;
        let create = async |thumbprint: &str| {
            tenant.created(json!({"clientId": client["clientId"], "certificateThumbprint": thumbprint})).await["refreshToken"].clone()
        };
        let pem = format!("-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----\n");
        let ask = async |token: &Value, certificate: Option<&str>| {
            let parameters = format!("grant_type=refresh_token&refresh_token={}&client_id={}", text(token), client["clientId"]);
            tenant.post("auth/token", json!({"parameters": parameters, "clientCertificate": certificate})).await
        };
        let token = create(X5T).await;
        is_denied(&ask(&token, None).await, "BAD_REQUEST", "A254301", "invalid_grant");
        is_denied(&ask(&create(&X5T.replace('A', "B")).await, Some(&pem)).await, "BAD_REQUEST", "A254301", "invalid_grant");
        let answer = ask(&token, Some(&pem)).await;
        is_action(&answer, "OK", "A052001");
        assert!(members(&answer).contains(&"refreshToken"));
        let shown = tenant.introspect(&answer["accessToken"], json!({ "clientCertificate": pem })).await;
        assert_eq!((&shown["action"], &shown["certificateThumbprint"]), (&json!("OK"), &json!(X5T)));
    }
}
