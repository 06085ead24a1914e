//! `auth/introspection` of Authlete's API.

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};
use shared::domain::Algorithm;
use shared::jose::jwk;
use shared::keys::signer::Signer as _;

use super::proofs::{CERTIFICATE, X5T, proof, signer};
use super::tenant::{Tenant, WEB, encoded, is_action, members, over, text};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;
const FLAGS: [&str; 4] = ["existent", "usable", "sufficient", "refreshable"];

/// The flags in that order.
fn flags(answer: &Value) -> [bool; 4] {
    FLAGS.map(|flag| answer[flag].as_bool().unwrap_or_else(|| panic!("{flag}: {answer}")))
}

/// `responseContent` of a refusal, of this scheme and with these attributes at its end.
fn challenge(scheme: &str, error: &str, answer: &Value, more: &str) -> String {
    let (code, message) = (text(&answer["resultCode"]), text(&answer["resultMessage"]));
    format!("{scheme} error=\"{error}\",error_description=\"{message}\",error_uri=\"https://jeton.example/errors/{code}\"{more}")
}

scenario! {
    async fn a_valid_token_is_told_with_all_that_is_known_of_it(app) {
        let tenant = Tenant::opaque(app).await;
        let created = tenant.created(json!({
            "grantType": "AUTHORIZATION_CODE", "scopes": ["read", "brief"], "accessTokenDuration": 700, "resources": ["urn:a"], "acr": "gold",
            "authTime": NOW - 60, "forExternalAttachment": true, "clientIdAliasUsed": true,
            "properties": [{"key": "shown", "value": "1"}, {"key": "kept", "value": "2", "hidden": true}],
            "authorizationDetails": {"elements": [{"type": "t"}]},
        })).await;
        assert_eq!(
            tenant.introspect(&created["accessToken"], json!({})).await,
            json!({
                "resultCode": "A056001", "resultMessage": "[A056001] The access token is valid.", "action": "OK",
                "responseContent": "Bearer error=\"invalid_request\"",
                "existent": true, "usable": true, "sufficient": true, "refreshable": true,
                "clientId": WEB, "clientIdAlias": "web", "clientIdAliasUsed": true, "subject": "john", "scopes": ["read", "brief"],
                "scopeDetails": [
                    {"name": "read", "defaultEntry": true, "description": "Read"},
                    {"name": "brief", "defaultEntry": false, "attributes": [
                        {"key": "access_token.duration", "value": "600"}, {"key": "refresh_token.duration", "value": "6000"}, {"key": "colour", "value": "red"},
                    ]},
                ],
                "expiresAt": (NOW + 700) * 1_000, "resources": ["urn:a"], "accessTokenResources": ["urn:a"],
                "properties": [{"key": "shown", "value": "1", "hidden": false}, {"key": "kept", "value": "2", "hidden": true}],
                "authorizationDetails": {"elements": [{"type": "t"}]}, "grantType": "AUTHORIZATION_CODE", "acr": "gold", "authTime": NOW - 60,
                "forExternalAttachment": true,
                "serviceAttributes": [{"key": "region", "value": "north"}], "clientAttributes": [{"key": "plan", "value": "free"}],
            })
        );
        let own = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS", "scopes": null})).await;
        let answer = tenant.introspect(&own["accessToken"], json!({})).await;
        assert_eq!(flags(&answer), [true, true, true, false]);
        for absent in ["subject", "scopes", "scopeDetails", "properties", "resources", "acr", "authTime", "certificateThumbprint"] {
            assert_eq!(answer.get(absent), None, "{absent}");
        }
    }
}

scenario! {
    async fn without_a_token_the_request_is_bad(app) {
        let tenant = Tenant::opaque(app).await;
        for nothing in [json!({}), json!({"token": null}), json!({"token": ""})] {
            let answer = tenant.post("auth/introspection", nothing).await;
            is_action(&answer, "BAD_REQUEST", "A057201");
            assert_eq!(answer["responseContent"], challenge("Bearer", "invalid_request", &answer, ""));
            assert_eq!(flags(&answer), [false; 4]);
        }
        for bad in [json!({"subject": "a\nb"}), json!({"scopes": vec!["a"; 101]})] {
            is_action(&tenant.introspect(&json!("x"), bad).await, "BAD_REQUEST", "A057201");
        }
    }
}

scenario! {
    async fn what_is_no_token_any_more_is_as_unknown_as_what_never_was_one(app) {
        let tenant = Tenant::opaque(app).await;
        let create = async || tenant.created(json!({})).await;
        let (revoked, refresh, of_locked) = (create().await, create().await, create().await);
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": revoked["accessToken"]})).await;
        let row = tenant.list("").await.0[0].clone();
        for token in [&json!("x"), &json!("A".repeat(43)), &revoked["accessToken"], &refresh["refreshToken"], &row["accessTokenHash"], &json!(app.admin)] {
            let answer = tenant.introspect(token, json!({"scopes": ["read"]})).await;
            is_action(&answer, "UNAUTHORIZED", "A063301");
            assert_eq!(answer["responseContent"], challenge("Bearer", "invalid_token", &answer, ""));
            assert_eq!(flags(&answer), [false; 4]);
            assert_eq!(members(&answer).len(), 8, "nothing else: {answer}");
        }
        tenant.post("client/lock_flag/update/1001", json!({"clientLocked": true})).await;
        is_action(&tenant.introspect(&of_locked["accessToken"], json!({})).await, "UNAUTHORIZED", "A063301");
        tenant.post("client/lock_flag/update/1001", json!({"clientLocked": false})).await;
        is_action(&tenant.introspect(&of_locked["accessToken"], json!({})).await, "OK", "A056001");
        app.delete(&tenant.path("client/delete/1001"), &app.admin).await.is_empty();
        is_action(&tenant.introspect(&of_locked["accessToken"], json!({})).await, "UNAUTHORIZED", "A063301");
    }
}

scenario! {
    async fn an_expired_token_is_told_with_what_is_known_of_it(app) {
        let tenant = Tenant::opaque(app).await;
        let refreshable = tenant.created(json!({"accessTokenDuration": 60})).await;
        let alone = tenant.created(json!({"accessTokenDuration": 60, "grantType": "IMPLICIT"})).await;
        app.clock.advance_ms(59_749);
        assert!(tenant.is_live(&alone["accessToken"]).await, "until the last millisecond");
        app.clock.advance_ms(1);
        for (created, code, can_be_refreshed) in [(&refreshable, "A065301", true), (&alone, "A065304", false)] {
            let answer = tenant.introspect(&created["accessToken"], json!({"scopes": ["write"], "subject": "mary"})).await;
            is_action(&answer, "UNAUTHORIZED", code);
            assert_eq!(answer["responseContent"], challenge("Bearer", "invalid_token", &answer, ""));
            assert_eq!(flags(&answer), [true, false, false, can_be_refreshed]);
            assert_eq!((&answer["clientId"], &answer["expiresAt"]), (&json!(WEB), &json!((NOW + 60) * 1_000)));
        }
    }
}

scenario! {
    async fn a_scope_that_is_missing_is_forbidden_and_named(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({"scopes": ["read", "brief"]})).await["accessToken"].clone();
        for scopes in [json!([]), json!(null), json!(["brief"]), json!(["read", "brief", "read"]), json!("brief read")] {
            let answer = tenant.introspect(&token, json!({ "scopes": scopes })).await;
            assert_eq!((&answer["action"], flags(&answer)), (&json!("OK"), [true, true, true, true]), "{scopes}");
        }
        for (scopes, missing, said) in [
            (json!(["read", "write"]), "write", "read write"),
            // One that the service doesn't know, what is no scope at all, and two in one.
            (json!(["unknown"]), "unknown", "unknown"),
            (json!(["rea", "read"]), "rea", "rea read"),
            (json!(["READ"]), "READ", "READ"),
            (json!(["read brief"]), "read brief", "read brief"),
        ] {
            let answer = tenant.introspect(&token, json!({ "scopes": scopes })).await;
            is_action(&answer, "FORBIDDEN", "A064302");
            assert_eq!(answer["resultMessage"], format!("[A064302] The access token does not cover the required scope '{missing}'."));
            assert_eq!(answer["responseContent"], challenge("Bearer", "insufficient_scope", &answer, &format!(",scope=\"{said}\"")));
            assert_eq!((flags(&answer), &answer["subject"]), ([true, true, false, true], &json!("john")), "what is known is told");
        }
        let injected = tenant.introspect(&token, json!({"scopes": ["a\",error=\"none\r\nX: y"]})).await;
        let content = text(&injected["responseContent"]);
        assert!(!content.contains('\n') && !content.contains("error=\"none"), "{content}");
    }
}

scenario! {
    async fn another_subject_and_another_resource_are_forbidden(app) {
        let tenant = Tenant::opaque(app).await;
        let johns = tenant.created(json!({"resources": ["urn:a", "urn:b"]})).await["accessToken"].clone();
        let own = tenant.created(json!({"grantType": "CLIENT_CREDENTIALS"})).await["accessToken"].clone();
        is_action(&tenant.introspect(&johns, json!({"subject": "john", "resources": ["urn:b"]})).await, "OK", "A056001");
        // Whom a client's own token stands for is nobody.
        for (token, subject) in [(&johns, "mary"), (&johns, "John"), (&own, "john"), (&own, "1001")] {
            let answer = tenant.introspect(token, json!({ "subject": subject })).await;
            is_action(&answer, "FORBIDDEN", "A064303");
            assert_eq!(answer["responseContent"], challenge("Bearer", "invalid_request", &answer, ""));
        }
        for (token, resources) in [(&johns, json!(["urn:a", "urn:c"])), (&own, json!(["urn:a"]))] {
            let answer = tenant.introspect(token, json!({ "resources": resources })).await;
            is_action(&answer, "FORBIDDEN", "A064304");
            assert_eq!(answer["responseContent"], challenge("Bearer", "invalid_target", &answer, ""));
        }
    }
}

scenario! {
    /// RFC 9470 section 3.
    async fn how_and_when_the_user_was_authenticated_can_be_demanded(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({"acr": "silver", "authTime": NOW - 60})).await["accessToken"].clone();
        let bare = tenant.created(json!({})).await["accessToken"].clone();
        for more in [json!({"acrValues": ["gold", "silver"]}), json!({"maxAge": 60}), json!({"maxAge": 0, "acrValues": []})] {
            is_action(&tenant.introspect(&token, more).await, "OK", "A056001");
        }
        for (token, more, code, said) in [
            (&token, json!({"acrValues": ["gold", "platinum"]}), "A065401", "acr_values=\"gold platinum\""),
            (&bare, json!({"acrValues": ["silver"]}), "A065401", "acr_values=\"silver\""),
            (&token, json!({"maxAge": 59}), "A065402", "max_age=\"59\""),
            (&bare, json!({"maxAge": 100_000}), "A065402", "max_age=\"100000\""),
        ] {
            let answer = tenant.introspect(token, more).await;
            is_action(&answer, "UNAUTHORIZED", code);
            assert_eq!(answer["responseContent"], challenge("Bearer", "insufficient_user_authentication", &answer, &format!(",{said}")));
        }
    }
}

scenario! {
    /// What is wrong first is told: each case leaves away what was wrong in the one before.
    async fn the_checks_are_made_in_authlete_s_order(app) {
        let tenant = Tenant::opaque(app).await;
        let bound = tenant.created(json!({"certificateThumbprint": X5T, "acr": "silver", "authTime": NOW - 60, "accessTokenDuration": 60})).await;
        let pem = format!("-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----\n");
        let mut request = json!({"acrValues": ["gold"], "maxAge": 5, "scopes": ["write"], "subject": "mary", "resources": ["urn:x"]});
        for (more, action, code) in [
            (json!({}), "UNAUTHORIZED", "A065302"),
            (json!({"clientCertificate": "no certificate"}), "UNAUTHORIZED", "A065302"),
            (json!({"clientCertificate": pem}), "UNAUTHORIZED", "A065401"),
            (json!({"acrValues": null}), "UNAUTHORIZED", "A065402"),
            (json!({"maxAge": null}), "FORBIDDEN", "A064302"),
            (json!({"scopes": null}), "FORBIDDEN", "A064303"),
            (json!({"subject": null}), "FORBIDDEN", "A064304"),
            (json!({"resources": null}), "OK", "A056001"),
        ] {
            request = over(request, more);
            is_action(&tenant.introspect(&bound["accessToken"], request.clone()).await, action, code);
        }
        app.clock.advance_ms(60_000);
        is_action(&tenant.introspect(&bound["accessToken"], json!({"scopes": ["write"]})).await, "UNAUTHORIZED", "A065301");
        tenant.post("auth/token/revoke", json!({"accessTokenIdentifier": bound["accessToken"]})).await;
        is_action(&tenant.introspect(&bound["accessToken"], json!({"scopes": ["write"]})).await, "UNAUTHORIZED", "A063301");
    }
}

scenario! {
    async fn a_token_bound_to_another_certificate_stays_closed(app) {
        let tenant = Tenant::opaque(app).await;
        let pem = format!("-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----\n");
        let other = tenant.created(json!({"certificateThumbprint": X5T.replace('A', "B")})).await;
        let answer = tenant.introspect(&other["accessToken"], json!({ "clientCertificate": pem })).await;
        is_action(&answer, "UNAUTHORIZED", "A065303");
        assert_eq!(answer["responseContent"], challenge("Bearer", "invalid_token", &answer, ""));
        assert_eq!(flags(&answer), [true, true, true, true], "the token is as good as before");
    }
}

scenario! {
    /// RFC 9449 section 7.1.
    async fn a_token_bound_to_a_key_is_challenged_by_the_scheme_of_its_proofs(app) {
        let tenant = Tenant::opaque(app).await;
        let key = jwk::thumbprint(&signer().jwk().key, Algorithm::EdDsa);
        let token = tenant.created(json!({"dpopKeyThumbprint": key.as_str()})).await["accessToken"].clone();
        let foreign = tenant.created(json!({"dpopKeyThumbprint": X5T})).await["accessToken"].clone();
        let resource = "https://api.example/orders";
        let with = |id: &str, method: &str, token: &Value| {
            json!({"dpop": proof(id, method, resource, Some(text(token))), "htm": "GET", "htu": resource})
        };
        let algorithms = ",algs=\"ES256 ES384 ES512 EdDSA ML-DSA-44 ML-DSA-65 ML-DSA-87 PS256 PS384 PS512\"";
        for (token, more, code, error) in [
            (&token, json!({}), "A065308", "invalid_dpop_proof"),
            (&token, json!({"dpop": "x", "htm": "GET", "htu": resource}), "A065309", "invalid_dpop_proof"),
            (&token, with("a", "POST", &token), "A065309", "invalid_dpop_proof"),
            (&foreign, with("b", "GET", &foreign), "A065311", "invalid_token"),
        ] {
            let answer = tenant.introspect(token, more).await;
            is_action(&answer, "UNAUTHORIZED", code);
            assert_eq!(answer["responseContent"], challenge("DPoP", error, &answer, algorithms));
        }
        is_action(&tenant.introspect(&token, with("c", "GET", &token)).await, "OK", "A056001");
        is_action(&tenant.introspect(&token, with("c", "GET", &token)).await, "UNAUTHORIZED", "A065310");
        let forbidden = tenant.introspect(&token, over(with("d", "GET", &token), json!({"scopes": ["write"]}))).await;
        assert_eq!(forbidden["responseContent"], challenge("DPoP", "insufficient_scope", &forbidden, &format!(",scope=\"write\"{algorithms}")));
    }
}

scenario! {
    async fn a_resource_server_may_ask_by_a_form(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({"scopes": ["read", "write"]})).await["accessToken"].clone();
        let ask = async |body: String| {
            let request = Request::post(tenant.path("auth/introspection")).header(header::AUTHORIZATION, format!("Bearer {}", app.admin));
            let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Bytes::from(body));
            app.send(request.unwrap()).await.ok()["action"].clone()
        };
        let token = encoded(text(&token));
        assert_eq!(ask(format!("token={token}&scopes=read+write&subject=john")).await, "OK");
        assert_eq!(ask(format!("token={token}&scopes=read&scopes=brief")).await, "FORBIDDEN");
        assert_eq!(ask("scopes=read".to_owned()).await, "BAD_REQUEST");
    }
}

scenario! {
    async fn the_service_chooses_how_much_a_challenge_says(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"error_description_omitted": true, "error_uri_omitted": true})).await;
        let answer = tenant.introspect(&json!("x"), json!({})).await;
        assert_eq!(answer["responseContent"], "Bearer error=\"invalid_token\"");
    }
}
