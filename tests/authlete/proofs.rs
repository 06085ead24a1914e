//! What clients prove with keys: `private_key_jwt` (RFC 7523), DPoP (RFC 9449), and certificates of their own (RFC 8705).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use serde_json::{Value, json};
use shared::domain::Algorithm;
use shared::jose::{jwk, sha256};
use shared::keys::signer::{LocalSigner, Signer};

use crate::support::{App, scenario};

const NOW: i64 = 1_795_348_800;
pub(super) const TOKEN_ENDPOINT: &str = "https://as.example.org/token";
/// RFC 8705 appendix A.
pub(super) const CERTIFICATE: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
pub(super) const X5T: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

pub(super) fn signer() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::EdDsa)
}

fn jwt(header: &Value, payload: &Value) -> String {
    let input = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = signer().sign(input.as_bytes()).now_or_never().unwrap().unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn assertion(client: &Value, id: &str) -> String {
    let client = client.to_string();
    let payload = json!({"iss": client, "sub": client, "aud": "https://jeton.example", "exp": NOW + 60, "jti": id});
    jwt(&json!({"alg": "EdDSA"}), &payload)
}

pub(super) fn proof(id: &str, method: &str, uri: &str, token: Option<&str>) -> String {
    let mut payload = json!({"jti": id, "htm": method, "htu": uri, "iat": NOW});
    if let Some(token) = token {
        payload["ath"] = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())).into();
    }
    jwt(&json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk::to_json(signer().jwk())}), &payload)
}

async fn client(app: &App, extra: Value) -> Value {
    let mut body = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CLIENT_CREDENTIALS"]});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    app.put("/v1/orgs/1", &app.admin, json!({"settings": {"token_endpoint": TOKEN_ENDPOINT}})).await.ok();
    app.post("/api/1/client/create", Some(&app.admin), body).await.ok()
}

async fn call(app: &App, path: &str, body: Value) -> Value {
    app.post(&format!("/api/1/{path}"), Some(&app.admin), body).await.ok()
}

#[track_caller]
fn is_denied(answer: &Value, action: &str, error: &str) {
    let content: Value = serde_json::from_str(answer["responseContent"].as_str().unwrap()).unwrap();
    assert_eq!((&answer["action"], &content["error"]), (&json!(action), &json!(error)), "{answer}");
}

scenario! {
    async fn an_assertion_proves_its_client_once_whatever_the_endpoint(app) {
        let jwks = json!({"keys": [jwk::to_json(signer().jwk())]}).to_string();
        let client = client(app, json!({"tokenAuthMethod": "PRIVATE_KEY_JWT", "jwks": jwks})).await;
        let form = |grant: &str, assertion: &str| {
            let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
            json!({"parameters": format!("{grant}&client_assertion_type={kind}&client_assertion={assertion}")})
        };
        let first = assertion(&client["clientId"], "a");
        let issued = call(app, "auth/token", form("grant_type=client_credentials", &first)).await;
        assert_eq!((&issued["action"], &issued["clientAuthMethod"]), (&json!("OK"), &json!("PRIVATE_KEY_JWT")), "{issued}");
        is_denied(&call(app, "auth/token", form("grant_type=client_credentials", &first)).await, "INVALID_CLIENT", "invalid_client");
        let revocation = format!("token={}", issued["accessToken"].as_str().unwrap());
        is_denied(&call(app, "auth/revocation", form(&revocation, &first)).await, "INVALID_CLIENT", "invalid_client");
        let second = assertion(&client["clientId"], "b");
        assert_eq!(call(app, "auth/revocation", form(&revocation, &second)).await["action"], "OK");
        let named = json!({"clientId": client["clientId"].to_string(), "clientSecret": client["clientSecret"], "parameters": "grant_type=client_credentials"});
        is_denied(&call(app, "auth/token", named).await, "INVALID_CLIENT", "invalid_client");
    }
}

scenario! {
    async fn client_secret_jwt_is_refused_with_what_to_use_instead(app) {
        let client = client(app, json!({})).await;
        let id = client["clientId"].to_string();
        let parts = [json!({"alg": "HS256"}), json!({"iss": id, "sub": id})].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let parameters = format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={}.AAAA", parts.join("."));
        let denied = call(app, "auth/token", json!({ "parameters": parameters })).await;
        is_denied(&denied, "INVALID_CLIENT", "invalid_client");
        assert!(denied["resultMessage"].as_str().unwrap().contains("private_key_jwt"), "{denied}");
    }
}

scenario! {
    async fn a_token_that_a_proof_came_with_is_bound_to_its_key(app) {
        let client = client(app, json!({})).await;
        let request = |proof: &str| {
            json!({
                "parameters": "grant_type=client_credentials", "dpop": proof,
                "clientId": client["clientId"].to_string(), "clientSecret": client["clientSecret"],
            })
        };
        let good = proof("a", "POST", TOKEN_ENDPOINT, None);
        let issued = call(app, "auth/token", request(&good)).await;
        let content: Value = serde_json::from_str(issued["responseContent"].as_str().unwrap()).unwrap();
        assert_eq!((&issued["action"], &content["token_type"]), (&json!("OK"), &json!("DPoP")), "{issued}");
        is_denied(&call(app, "auth/token", request(&good)).await, "BAD_REQUEST", "invalid_dpop_proof");
        for bad in [proof("b", "GET", TOKEN_ENDPOINT, None), proof("c", "POST", "https://as.example.org/other", None), "x".to_owned()] {
            is_denied(&call(app, "auth/token", request(&bad)).await, "BAD_REQUEST", "invalid_dpop_proof");
        }

        let token = issued["accessToken"].as_str().unwrap();
        let resource = "https://api.example.org/orders";
        let introspected = async |proof: Option<String>| {
            let request = json!({"token": token, "dpop": proof, "htm": "GET", "htu": resource});
            call(app, "auth/introspection", request).await["action"].clone()
        };
        assert_eq!(introspected(None).await, "UNAUTHORIZED");
        assert_eq!(introspected(Some(proof("d", "GET", resource, Some("another token")))).await, "UNAUTHORIZED");
        let shown = proof("e", "GET", resource, Some(token));
        assert_eq!(introspected(Some(shown.clone())).await, "OK");
        assert_eq!(introspected(Some(shown)).await, "UNAUTHORIZED", "it was used before");
        let standard = call(app, "auth/introspection/standard", json!({"parameters": format!("token={token}")})).await;
        let standard: Value = serde_json::from_str(standard["responseContent"].as_str().unwrap()).unwrap();
        let jkt = jwk::thumbprint(&signer().jwk().key, Algorithm::EdDsa);
        assert_eq!((&standard["token_type"], &standard["cnf"]["jkt"]), (&json!("DPoP"), &json!(jkt.as_str())));
    }
}

scenario! {
    async fn a_self_signed_certificate_proves_its_client_and_binds_its_tokens(app) {
        let mut key = jwk::to_json(signer().jwk());
        key["x5c"] = json!([CERTIFICATE]);
        let settings = json!({
            "tokenAuthMethod": "SELF_SIGNED_TLS_CLIENT_AUTH", "jwks": json!({"keys": [key]}).to_string(),
            "tlsClientCertificateBoundAccessTokens": true,
        });
        let client = client(app, settings).await;
        let pem = format!("-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----\n");
        let request = |certificate: Option<&str>| {
            let parameters = format!("grant_type=client_credentials&client_id={}", client["clientId"]);
            json!({"parameters": parameters, "clientCertificate": certificate})
        };
        let issued = call(app, "auth/token", request(Some(&pem))).await;
        assert_eq!(issued["action"], "OK", "{issued}");
        for other in [None, Some("x")] {
            is_denied(&call(app, "auth/token", request(other)).await, "INVALID_CLIENT", "invalid_client");
        }
        let introspected = async |certificate: Option<&str>| {
            call(app, "auth/introspection", json!({"token": issued["accessToken"], "clientCertificate": certificate})).await
        };
        let bound = introspected(Some(&pem)).await;
        assert_eq!((&bound["action"], &bound["certificateThumbprint"]), (&json!("OK"), &json!(X5T)));
        assert_eq!(introspected(None).await["action"], "UNAUTHORIZED");
    }
}
