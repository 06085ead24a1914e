//! `POST /oauth2/introspect`: RFC 7662 and RFC 9701.

use http::StatusCode;
use serde_json::json;

use super::tenant::{API, By, ISSUER, KEYED, NOW, ROBOT, SERVER, Tenant, WEB, claims, is_denied, part, text};
use crate::support::{Answer, scenario};

const INTROSPECT: &str = "/oauth2/introspect";
const SIGNED: (&str, &str) = ("accept", "application/token-introspection+jwt");

/// The claims of a signed answer.
fn signed(answer: &Answer) -> serde_json::Value {
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (StatusCode::OK, &"application/token-introspection+jwt".parse().unwrap())
    );
    let jwt = std::str::from_utf8(&answer.body).unwrap();
    let header = part(jwt, 0);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("token-introspection+jwt"), &json!("ES256")));
    claims(jwt)
}

scenario! {
    async fn rfc7662_2_2_a_resource_server_hears_what_a_token_is_good_for(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let token = tenant.own_token(WEB, &[("resource", API)]).await;
            let told = tenant.introspect(SERVER, &token).await;
            let id = tenant.id(WEB).to_string();
            let expected = json!({
                "active": true, "iss": ISSUER, "sub": id, "client_id": id, "aud": [API], "scope": "read", "token_type": "Bearer",
                "iat": NOW, "exp": NOW + 600, "jti": told["jti"],
            });
            assert_eq!(told, expected);
            assert_eq!(text(&told["jti"]).len(), 32);
            for hint in ["access_token", "refresh_token", "x"] {
                let form = [("token", &*token), ("token_type_hint", hint)];
                assert_eq!(tenant.send(INTROSPECT, By::Client(SERVER), &form, &[]).await.ok(), told, "hint {hint}");
            }
        }
    }
}

scenario! {
    async fn a_token_that_the_caller_may_not_see_is_inactive_byte_for_byte(app) {
        let (tenant, other) = (Tenant::opaque(app).await, Tenant::jwt(app).await);
        let elsewhere = tenant.own_token(WEB, &[("resource", "https://elsewhere.example")]).await;
        let revoked = tenant.own_token(SERVER, &[]).await;
        tenant.revoke(SERVER, &revoked).await;
        let foreign = other.own_token(SERVER, &[]).await;
        let refresh = text(&tenant.for_member(WEB, &[]).await["refresh_token"]);
        let expired = tenant.own_token(SERVER, &[]).await;
        app.clock.advance_ms(600_000);
        let living = tenant.own_token(SERVER, &[]).await;
        let unknown = "A".repeat(43);
        let jwt = format!("{}.AAAA", foreign.rsplit_once('.').unwrap().0);
        for token in [&*elsewhere, &revoked, &foreign, &refresh, &expired, &unknown, "x", "a.b.c", &jwt, "jeton-rt.500.x.0.y"] {
            let answer = tenant.send(INTROSPECT, By::Client(SERVER), &[("token", token)], &[]).await;
            assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &br#"{"active":false}"#[..]), "{token}");
            let answer = tenant.send(INTROSPECT, By::Client(SERVER), &[("token", token)], &[SIGNED]).await;
            let said = signed(&answer);
            assert_eq!(said["token_introspection"], json!({"active": false}), "{token}");
            assert_eq!(said.as_object().unwrap().len(), 4);
        }
        assert_eq!(tenant.introspect(SERVER, &living).await["active"], true);
    }
}

scenario! {
    async fn a_client_knows_its_own_tokens_and_a_resource_server_those_that_it_is_shown(app) {
        let tenant = Tenant::opaque(app).await;
        let (own, for_api, for_id) = (
            tenant.own_token(WEB, &[]).await,
            tenant.own_token(WEB, &[("resource", API)]).await,
            text(&tenant.for_member(WEB, &[]).await["refresh_token"]),
        );
        for (client, token, knows) in [
            (WEB, &own, true), (WEB, &for_api, true), (WEB, &for_id, true),
            (SERVER, &own, true), (SERVER, &for_api, true), (SERVER, &for_id, false),
            (ROBOT, &own, false), (ROBOT, &for_api, false), (KEYED, &for_id, false),
        ] {
            assert_eq!(tenant.introspect(client, token).await["active"], knows, "{client} {token}");
        }
        let members = app.token("500", "ann", &["read?"]).await;
        assert_eq!(tenant.audit(&members).await["sub"], "ann");
        assert_eq!(tenant.introspect(SERVER, &members).await, json!({"active": false}), "it is for urn:api");
        assert_eq!(tenant.audit(&app.admin).await, json!({"active": false}), "it is of another org");
    }
}

scenario! {
    /// RFC 7662 section 2.2 has a `token_type` for access tokens only.
    async fn a_refresh_token_is_told_apart_and_opens_nothing(app) {
        let tenant = Tenant::opaque(app).await;
        let issued = tenant.for_member(WEB, &[]).await;
        let access = tenant.introspect(WEB, &text(&issued["access_token"])).await;
        assert_eq!((&access["token_type"], access.get("token_use")), (&json!("Bearer"), None));
        let refresh = text(&issued["refresh_token"]);
        for said in [tenant.introspect(WEB, &refresh).await, tenant.audit(&refresh).await] {
            assert_eq!((&said["active"], &said["token_use"], &said["sub"]), (&json!(true), &json!("refresh_token"), &access["sub"]));
            for member in ["token_type", "scope", "aud", "authorization_details", "jti"] {
                assert!(said.get(member).is_none(), "{member}: {said}");
            }
        }
    }
}

scenario! {
    async fn whoever_introspects_is_authenticated_and_permitted(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        let ask = async |by: By<'_>| tenant.send(INTROSPECT, by, &[("token", &token)], &[]).await;
        is_denied(&ask(By::Nothing).await, "invalid_client");
        let reader = format!("Bearer {}", app.token("500", "reader", &["read"]).await);
        let refused = ask(By::Header(&reader)).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (403, &json!("insufficient_scope")));
        for bearer in ["Bearer x".to_owned(), format!("Bearer {token}")] {
            let refused = ask(By::Header(&bearer)).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("invalid_token")));
        }
        for form in [&[][..], &[("token", "")], &[("token", "x"), ("token", "x")]] {
            is_denied(&tenant.send(INTROSPECT, By::Client(WEB), form, &[]).await, "invalid_request");
        }
        let auditor = app.token("500", "auditor", &["urn:jeton:tokens:read"]).await;
        let header = format!("Bearer {auditor}");
        let about_itself = tenant.send(INTROSPECT, By::Header(&header), &[("token", &auditor)], &[]).await;
        assert_eq!(about_itself.status.as_u16(), 401, "a token does not introspect itself here");
    }
}

scenario! {
    async fn rfc9701_5_the_answer_is_signed_for_who_asks_for_that(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[("resource", API)]).await;
        let plain = tenant.introspect(SERVER, &token).await;
        let answer = tenant.send(INTROSPECT, By::Client(SERVER), &[("token", &token)], &[SIGNED]).await;
        let expected = json!({"iss": ISSUER, "aud": tenant.id(SERVER).to_string(), "iat": NOW, "token_introspection": plain});
        assert_eq!(signed(&answer), expected);
        for accept in ["application/json", "*/*", "application/token-introspection+jwt;q=0"] {
            let answer = tenant.send(INTROSPECT, By::Client(SERVER), &[("token", &token)], &[("accept", accept)]).await;
            assert_eq!(answer.ok(), plain, "{accept}");
        }
        let jwt = std::str::from_utf8(&answer.body).unwrap();
        assert_eq!(tenant.introspect(SERVER, jwt).await, json!({"active": false}), "it is no access token");
    }
}
