//! Access tokens that are JWTs: RFC 9068.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::jose::VerifyingKey;
use shared::jose::jwk;
use shared::jose::jws::Compact;

use super::tenant::{JWT, OPAQUE, Tenant, WEB, content, encoded, is_action, text};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;
const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

fn part(jwt: &str, n: usize) -> Value {
    let part = jwt.split('.').nth(n).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn claims(created: &Value) -> Value {
    part(text(&created["jwtAccessToken"]), 1)
}

scenario! {
    async fn the_header_names_algorithm_type_and_key_and_the_served_key_verifies_it(app) {
        let tenant = Tenant::jwt(app).await;
        let created = tenant.created(json!({})).await;
        let jwt = text(&created["jwtAccessToken"]);
        let header = part(jwt, 0);
        let served = tenant.get("service/jwks/get").await;
        let keys = served["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key is served");
        assert_eq!(header, json!({"alg": "ES256", "typ": "at+jwt", "kid": key["kid"]}));
        assert_eq!(key.get("d"), None);
        let set = jwk::set_from_json(served.to_string().as_bytes()).unwrap();
        let verifies = |jwt: &str| {
            let jws = Compact::parse(jwt).unwrap();
            set.iter().any(|key| jws.is_signed_by(&VerifyingKey::new(key).unwrap()))
        };
        assert!(verifies(jwt));
        let other = tenant.created(json!({})).await;
        let (_, signature) = text(&other["jwtAccessToken"]).rsplit_once('.').unwrap();
        assert!(!verifies(&format!("{}.{signature}", jwt.rsplit_once('.').unwrap().0)));
    }
}

scenario! {
    async fn the_claims_are_those_of_the_token(app) {
        let tenant = Tenant::jwt(app).await;
        let created = tenant.created(json!({
            "scopes": ["read", "write"], "resources": ["https://a.example", "https://b.example"], "acr": "gold", "authTime": NOW - 60,
            "certificateThumbprint": THUMBPRINT, "properties": [{"key": "shown", "value": "1"}, {"key": "kept", "value": "2", "hidden": true}],
            "authorizationDetails": {"elements": [{"type": "t", "dataTypes": ["d"], "otherFields": "{\"sum\":5}"}]},
        })).await;
        assert_eq!(
            claims(&created),
            json!({
                "iss": "https://jeton.example", "sub": "john", "aud": ["https://a.example", "https://b.example"], "iat": NOW, "exp": NOW + 3_600,
                "jti": created["accessToken"], "client_id": "2001", "scope": "read write", "grant_type": "password", "acr": "gold",
                "auth_time": NOW - 60, "cnf": {"x5t#S256": THUMBPRINT}, "shown": "1",
                "authorization_details": [{"type": "t", "datatypes": ["d"], "sum": 5}],
            })
        );
        let bound = tenant.created(json!({"dpopKeyThumbprint": THUMBPRINT})).await;
        assert_eq!(claims(&bound)["cnf"], json!({"jkt": THUMBPRINT}));
        let least = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS", "scopes": null})).await;
        assert_eq!(
            claims(&least),
            json!({
                "iss": "https://jeton.example", "iat": NOW, "exp": NOW + 3_600, "jti": least["accessToken"], "client_id": "2001",
                "grant_type": "client_credentials", "sub": "2001", "aud": "https://jeton.example",
            })
        );
        tenant.set(json!({"allow_non_expiring": true})).await;
        assert_eq!(claims(&tenant.created(json!({"accessTokenPersistent": true})).await).get("exp"), None);
    }
}

scenario! {
    async fn claims_can_be_added_and_none_of_the_service_s_replaced(app) {
        let tenant = Tenant::jwt(app).await;
        let reserved = [
            "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "cnf", "authorization_details", "acr", "auth_time", "grant_type",
        ];
        let mut added = json!({"shown": "theirs", "roles": ["a", {"b": null}], "level": 5});
        for name in reserved {
            added[name] = "forged".into();
        }
        let created = tenant.created(json!({"jwtAtClaims": added.to_string(), "properties": [{"key": "shown", "value": "ours"}]})).await;
        let made = claims(&created);
        assert!(!made.to_string().contains("forged"), "{made}");
        assert_eq!((&made["shown"], &made["roles"], &made["level"]), (&json!("ours"), &json!(["a", {"b": null}]), &json!(5)));
        // Also with a token request for the client itself and with an issue, but with no other token request.
        let added = json!({"jwtAtClaims": "{\"level\":6}"});
        let own = tenant.token(WEB, "grant_type=client_credentials", added.clone()).await;
        assert_eq!(claims(&own)["level"], 6);
        let ticket = tenant.ticket(added.clone()).await;
        let issued = tenant.post("auth/token/issue", json!({"ticket": ticket, "subject": "john"})).await;
        assert_eq!(claims(&issued).get("level"), None);
        let refreshed = tenant.refresh(WEB, &issued["refreshToken"], added).await;
        assert_eq!(claims(&refreshed).get("level"), None);
        let ticket = tenant.ticket(json!({})).await;
        let issued = tenant.post("auth/token/issue", json!({"ticket": ticket, "subject": "john", "jwtAtClaims": "{\"level\":7}"})).await;
        assert_eq!(claims(&issued)["level"], 7);
    }
}

scenario! {
    async fn the_client_gets_the_jwt_and_both_forms_open(app) {
        let tenant = Tenant::jwt(app).await;
        let own = tenant.token(WEB, "grant_type=client_credentials", json!({})).await;
        assert_eq!(content(&own)["access_token"], own["jwtAccessToken"]);
        assert_ne!(own["accessToken"], own["jwtAccessToken"]);
        for form in ["accessToken", "jwtAccessToken"] {
            assert!(tenant.is_live(&own[form]).await, "{form}");
        }
        let path = tenant.path(&format!("auth/token/delete/{}", encoded(text(&own["jwtAccessToken"]))));
        app.delete(&path, &app.admin).await.is_empty();
        for form in ["accessToken", "jwtAccessToken"] {
            assert!(!tenant.is_live(&own[form]).await, "{form}");
        }
        let created = tenant.created(json!({})).await;
        let revoked = tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": created["jwtAccessToken"]})).await;
        assert_eq!((&revoked["count"], tenant.is_live(&created["accessToken"]).await), (&json!(1), false));
        let chosen = tenant.created(json!({"accessToken": "mine"})).await;
        assert_eq!((&claims(&chosen)["jti"], tenant.is_live(&chosen["jwtAccessToken"]).await), (&json!("mine"), true));
    }
}

scenario! {
    async fn a_jwt_that_is_forged_or_of_another_service_is_unknown(app) {
        let tenant = Tenant::jwt(app).await;
        let created = tenant.created(json!({})).await;
        let jwt = text(&created["jwtAccessToken"]);
        let [header, payload, signature]: [&str; 3] = jwt.split('.').collect::<Vec<_>>().try_into().unwrap();
        let mut more = part(jwt, 1);
        more["scope"] = "admin".into();
        let more = URL_SAFE_NO_PAD.encode(more.to_string());
        let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string());
        for forged in [
            format!("{header}.{more}.{signature}"),
            format!("{none}.{payload}."),
            format!("{header}.{payload}."),
            format!("{header}.{payload}.{}", signature.chars().rev().collect::<String>()),
        ] {
            let answer = tenant.introspect(&json!(forged), json!({})).await;
            assert_eq!((&answer["action"], &answer["existent"]), (&json!("UNAUTHORIZED"), &json!(false)), "{forged}");
            let revoked = tenant.post("auth/token/revoke", json!({ "accessTokenIdentifier": forged })).await;
            assert_eq!(revoked["count"], 0, "{forged}");
        }
        let foreign = Tenant::opaque(app).await;
        assert!(!foreign.is_live(&created["jwtAccessToken"]).await && !foreign.is_live(&created["accessToken"]).await);
        foreign.set(json!({"access_token_sign_alg": "ES256"})).await;
        let theirs = foreign.created(json!({})).await;
        assert!(foreign.is_live(&theirs["jwtAccessToken"]).await);
        for token in [&theirs["jwtAccessToken"], &theirs["accessToken"]] {
            assert!(!tenant.is_live(token).await);
        }
        assert!(tenant.is_live(&created["jwtAccessToken"]).await);
        // A token of the other dialect is signed by the same keys, and still none of a client.
        let members = app.mint(JWT, "service", json!({})).await.created();
        assert!(!tenant.is_live(&members["token"]).await);
        // And one of a client opens nothing of our own API.
        for (token, org) in [(&created["jwtAccessToken"], JWT), (&theirs["jwtAccessToken"], OPAQUE)] {
            let answer = app.get(&format!("/api/{org}/service/jwks/get"), text(token)).await;
            assert_eq!(answer.status, 401);
            app.get("/v1/tokens/introspect_self", text(token)).await.is_error(401, "TOKEN_INVALID");
        }
    }
}

scenario! {
    /// An update re-signs nothing, and the record decides.
    async fn the_record_decides_and_not_the_claims(app) {
        let tenant = Tenant::jwt(app).await;
        let created = tenant.created(json!({})).await;
        let updated = tenant.post("auth/token/update", json!({"accessToken": created["accessToken"], "scopes": ["write"]})).await;
        assert_eq!((&updated["action"], updated.get("jwtAccessToken")), (&json!("OK"), None));
        let introspected = tenant.introspect(&created["jwtAccessToken"], json!({})).await;
        assert_eq!((&introspected["scopes"], &claims(&created)["scope"]), (&json!(["write"]), &json!("read")));
        let later = json!({"accessToken": created["accessToken"], "accessTokenExpiresAt": (NOW + 7_200) * 1_000});
        tenant.post("auth/token/update", later).await;
        app.clock.advance_ms(5_000_000);
        assert!(tenant.is_live(&created["jwtAccessToken"]).await, "its exp has passed, and still it lives");
    }
}

scenario! {
    async fn a_token_too_large_to_be_carried_is_refused(app) {
        let tenant = Tenant::jwt(app).await;
        let large = tenant.create(json!({"properties": [{"key": "k", "value": "v".repeat(8_000)}]})).await;
        is_action(&large, "BAD_REQUEST", "A110207");
        let hidden = json!({"properties": [{"key": "k", "value": "v".repeat(8_000), "hidden": true}]});
        tenant.created(hidden).await;
    }
}
