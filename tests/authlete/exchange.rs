//! Token exchange (RFC 8693) and assertions (RFC 7523) at `auth/token` of Authlete's API.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::tenant::{Tenant, WEB, encoded, is_action, is_denied, members, over, text};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;
const GRANT: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
const TYPES: &str = "urn:ietf:params:oauth:token-type:";

/// Parameters of an exchange of this token.
fn exchange(token: &str, kind: &str) -> String {
    format!("{GRANT}&subject_token={}&subject_token_type={TYPES}{kind}", encoded(token))
}

/// A JWT whose signature nobody here can verify.
fn jwt(alg: &str, payload: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signature = if alg == "none" { "" } else { "AAAA" };
    format!("{}.{}.{signature}", part(&json!({ "alg": alg })), part(payload))
}

fn encrypted() -> String {
    format!("{}.AA.AA.AA.AA", URL_SAFE_NO_PAD.encode(json!({"alg": "RSA-OAEP", "enc": "A128GCM"}).to_string()))
}

scenario! {
    async fn the_tokens_of_an_exchange_are_told_with_what_is_known_of_them(app) {
        let tenant = Tenant::opaque(app).await;
        let johns = tenant.created(json!({
            "resources": ["urn:r"], "properties": [{"key": "k", "value": "v", "hidden": true}], "clientIdAliasUsed": true,
        })).await;
        let own = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS"})).await;
        let parameters = format!(
            "{}&actor_token={}&actor_token_type={TYPES}access_token&requested_token_type={TYPES}jwt&audience=a&audience=b&resource=urn:x&scope=write",
            exchange(text(&johns["accessToken"]), "access_token"),
            text(&own["accessToken"]),
        );
        assert_eq!(
            tenant.token(WEB, &parameters, json!({})).await,
            json!({
                "resultCode": "A311001",
                "resultMessage": "[A311001] The token request (grant_type=urn:ietf:params:oauth:grant-type:token-exchange) is valid: decide about the exchange.",
                "action": "TOKEN_EXCHANGE", "grantType": "TOKEN_EXCHANGE", "clientAuthMethod": "CLIENT_SECRET_BASIC", "resources": ["urn:x"],
                "audiences": ["a", "b"], "requestedTokenType": "JWT", "subjectToken": johns["accessToken"], "subjectTokenType": "ACCESS_TOKEN",
                "subjectTokenInfo": {
                    "clientId": WEB, "clientIdAlias": "web", "clientIdAliasUsed": true, "subject": "john", "expiresAt": NOW + 3_600,
                    "properties": [{"key": "k", "value": "v", "hidden": true}], "resources": ["urn:r"],
                },
                "actorToken": own["accessToken"], "actorTokenType": "ACCESS_TOKEN",
                "actorTokenInfo": {"clientId": WEB, "clientIdAlias": "web", "clientIdAliasUsed": false, "expiresAt": NOW + 3_600},
                "clientId": WEB, "clientIdAlias": "web", "clientIdAliasUsed": false, "scopes": ["write"],
                "serviceAttributes": [{"key": "region", "value": "north"}], "clientAttributes": [{"key": "plan", "value": "free"}],
            })
        );
        let refresh = tenant.token(WEB, &exchange(text(&johns["refreshToken"]), "refresh_token"), json!({})).await;
        is_action(&refresh, "TOKEN_EXCHANGE", "A311001");
        assert_eq!((&refresh["subjectTokenType"], &refresh["subjectTokenInfo"]["expiresAt"]), (&json!("REFRESH_TOKEN"), &json!(NOW + 2_592_000)));
    }
}

scenario! {
    async fn an_exchange_needs_registered_types_for_what_it_has(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({})).await;
        let good = exchange(text(&token["accessToken"]), "access_token");
        for (parameters, code) in [
            (format!("{good}&requested_token_type=x"), "A311302"),
            (format!("{GRANT}&subject_token_type={TYPES}jwt"), "A311303"),
            (format!("{GRANT}&subject_token=x"), "A311304"),
            (format!("{GRANT}&subject_token=x&subject_token_type=jwt"), "A311305"),
            (format!("{good}&actor_token=x"), "A311309"),
            (format!("{good}&actor_token=x&actor_token_type=y"), "A311309"),
            (format!("{good}&actor_token_type={TYPES}jwt"), "A311310"),
            (format!("{good}&actor_token=x&actor_token_type={TYPES}access_token"), "A311311"),
        ] {
            is_denied(&tenant.token(WEB, &parameters, json!({})).await, "BAD_REQUEST", code, "invalid_request");
        }
    }
}

scenario! {
    async fn a_token_to_exchange_must_be_ours_of_its_type_and_alive(app) {
        let tenant = Tenant::opaque(app).await;
        let other = Tenant::jwt(app).await;
        let token = tenant.created(json!({"accessTokenDuration": 60})).await;
        let revoked = tenant.created(json!({})).await;
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": revoked["accessToken"]})).await;
        let foreign = other.created(json!({})).await;
        let (access, refresh) = (text(&token["accessToken"]), text(&token["refreshToken"]));
        for (value, kind) in [
            ("x", "access_token"),
            (refresh, "access_token"),
            (access, "refresh_token"),
            (text(&revoked["accessToken"]), "access_token"),
            (text(&revoked["refreshToken"]), "refresh_token"),
            (text(&foreign["accessToken"]), "access_token"),
            (text(&foreign["jwtAccessToken"]), "access_token"),
            (text(&foreign["refreshToken"]), "refresh_token"),
            (&refresh[..refresh.len() - 4], "refresh_token"),
            (&format!("{}AAAA", &refresh[..refresh.len() - 4]), "refresh_token"),
        ] {
            let answer = tenant.token(WEB, &exchange(value, kind), json!({})).await;
            is_denied(&answer, "BAD_REQUEST", "A311306", "invalid_request");
        }
        is_action(&tenant.token(WEB, &exchange(access, "access_token"), json!({})).await, "TOKEN_EXCHANGE", "A311001");
        app.clock.advance_ms(60_000);
        is_denied(&tenant.token(WEB, &exchange(access, "access_token"), json!({})).await, "BAD_REQUEST", "A311306", "invalid_request");
        is_action(&tenant.token(WEB, &exchange(refresh, "refresh_token"), json!({})).await, "TOKEN_EXCHANGE", "A311001");
    }
}

scenario! {
    async fn a_foreign_jwt_to_exchange_must_be_in_its_time(app) {
        let tenant = Tenant::opaque(app).await;
        let good = json!({"sub": "john", "exp": NOW + 60, "iat": NOW - 5, "nbf": NOW - 5});
        let ask = async |token: &str| tenant.token(WEB, &exchange(token, "jwt"), json!({})).await;
        for token in [jwt("HS256", &good), jwt("RS256", &json!({})), jwt("none", &good), encrypted()] {
            let answer = ask(&token).await;
            is_action(&answer, "TOKEN_EXCHANGE", "A311001");
            assert_eq!((&answer["subjectToken"], &answer["subjectTokenType"], answer.get("subjectTokenInfo")), (&json!(token), &json!("JWT"), None));
        }
        for more in [json!({"exp": NOW - 60}), json!({"exp": "x"}), json!({"iat": NOW + 600}), json!({"nbf": NOW + 600})] {
            let answer = ask(&jwt("HS256", &over(good.clone(), more))).await;
            is_denied(&answer, "BAD_REQUEST", "A311306", "invalid_request");
        }
        is_denied(&ask("x").await, "BAD_REQUEST", "A311306", "invalid_request");
        tenant.set(json!({"token_exchange": {"unsigned_jwt_rejected": true, "encrypted_jwt_rejected": true}})).await;
        is_denied(&ask(&jwt("none", &good)).await, "BAD_REQUEST", "A311307", "invalid_request");
        is_denied(&ask(&encrypted()).await, "BAD_REQUEST", "A311308", "invalid_request");
        // SAML is the authorization server's to read.
        for kind in ["saml1", "saml2"] {
            is_action(&tenant.token(WEB, &exchange("<x/>", kind), json!({})).await, "TOKEN_EXCHANGE", "A311001");
        }
    }
}

scenario! {
    /// An ID token's signature is verified, so it must be one of our own; our access tokens are none.
    async fn an_id_token_of_others_is_refused(app) {
        let tenant = Tenant::jwt(app).await;
        let issuer = "https://jeton.example";
        let forged = jwt("ES256", &json!({"iss": issuer, "sub": "john", "aud": "a", "exp": NOW + 60, "iat": NOW}));
        let access = tenant.created(json!({})).await;
        for token in [forged.as_str(), text(&access["jwtAccessToken"]), &app.admin, "x"] {
            is_denied(&tenant.token(WEB, &exchange(token, "id_token"), json!({})).await, "BAD_REQUEST", "A311306", "invalid_request");
        }
        let none = jwt("none", &json!({}));
        is_denied(&tenant.token(WEB, &exchange(&none, "id_token"), json!({})).await, "BAD_REQUEST", "A311307", "invalid_request");
        is_denied(&tenant.token(WEB, &exchange(&encrypted(), "id_token"), json!({})).await, "BAD_REQUEST", "A311308", "invalid_request");
    }
}

scenario! {
    async fn an_assertion_is_handed_on_when_all_but_its_signature_is_right(app) {
        let tenant = Tenant::opaque(app).await;
        let good = json!({"iss": "https://idp.example", "sub": "john", "aud": "https://jeton.example", "exp": NOW + 60, "iat": NOW - 5});
        let ask = async |assertion: &str| {
            let parameters = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}&scope=write&resource=urn:x");
            tenant.token(WEB, &parameters, json!({})).await
        };
        for aud in [json!("https://jeton.example"), json!("https://as.example.org/token"), json!(["urn:other", "https://jeton.example"])] {
            let assertion = jwt("RS256", &over(good.clone(), json!({ "aud": aud })));
            let answer = ask(&assertion).await;
            is_action(&answer, "JWT_BEARER", "A314001");
            assert_eq!((&answer["assertion"], &answer["scopes"], &answer["resources"]), (&json!(assertion), &json!(["write"]), &json!(["urn:x"])));
            for absent in ["ticket", "responseContent", "subject", "accessToken"] {
                assert!(!members(&answer).contains(&absent), "{absent}");
            }
        }
        for (more, code) in [
            (json!({"iss": null}), "A314304"),
            (json!({"iss": 5}), "A314304"),
            (json!({"exp": null}), "A314305"),
            (json!({"sub": null}), "A314306"),
            (json!({"exp": NOW}), "A314307"),
            (json!({"iat": NOW + 600}), "A314308"),
            (json!({"nbf": NOW + 600}), "A314308"),
            (json!({"aud": null}), "A314314"),
            (json!({"aud": "https://jeton.example/"}), "A314314"),
        ] {
            let answer = ask(&jwt("RS256", &over(good.clone(), more))).await;
            is_denied(&answer, "BAD_REQUEST", code, "invalid_grant");
        }
        is_denied(&ask("x").await, "BAD_REQUEST", "A314302", "invalid_grant");
        let missing = tenant.token(WEB, "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", json!({})).await;
        is_denied(&missing, "BAD_REQUEST", "A314301", "invalid_request");
        is_action(&ask(&jwt("none", &good)).await, "JWT_BEARER", "A314001");
        is_action(&ask(&encrypted()).await, "JWT_BEARER", "A314001");
        tenant.set(json!({"jwt_grant": {"unsigned_jwt_rejected": true, "encrypted_jwt_rejected": true}})).await;
        is_denied(&ask(&jwt("none", &good)).await, "BAD_REQUEST", "A314310", "invalid_grant");
        is_denied(&ask(&encrypted()).await, "BAD_REQUEST", "A314303", "invalid_grant");
    }
}

scenario! {
    /// Whoever decides about an exchange or an assertion creates the token: the two calls together.
    async fn what_was_handed_on_becomes_a_token_by_a_creation(app) {
        let tenant = Tenant::opaque(app).await;
        let subject = tenant.created(json!({})).await;
        let answer = tenant.token(WEB, &exchange(text(&subject["accessToken"]), "access_token"), json!({})).await;
        let created = tenant.created(json!({
            "grantType": "TOKEN_EXCHANGE", "clientId": answer["clientId"], "subject": answer["subjectTokenInfo"]["subject"], "scopes": answer["scopes"],
        })).await;
        let introspected = tenant.introspect(&created["accessToken"], json!({})).await;
        assert_eq!((&introspected["grantType"], &introspected["subject"], &introspected["scopes"]), (&json!("TOKEN_EXCHANGE"), &json!("john"), &json!(["read"])));
    }
}
