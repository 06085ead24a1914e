//! Clients that their TLS connection speaks for: RFC 8705.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use shared::api::http::ClientCertificate;
use shared::jose::certificate::thumbprint;

use super::sign_in::{CALLBACK, SHOP, SignIn, VERIFIER};
use super::tenant::basic;
use crate::support::{Answer, App, encoded, on_every_mount, over, text};

pub(super) fn certificate(name: &str) -> String {
    let mut params = CertificateParams::new([format!("{name}.example")]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2026, 11, 1), date_time_ymd(2026, 12, 1));
    let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der.der()))
}

/// A client of org 11 that is known by this.
async fn client(app: &App, more: Value) -> u64 {
    let mut body = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CLIENT_CREDENTIALS"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = app.post("/api/11/client/create", Some(&app.admin), body).await.ok();
    made["clientId"].as_u64().unwrap()
}

/// A token of a client of org 11 that is bound to this certificate.
pub(super) async fn bound_token(app: &App, pem: &str) -> String {
    let names = json!({"tokenAuthMethod": "TLS_CLIENT_AUTH", "tlsClientAuthSubjectDn": "CN=client,O=Example"});
    let id = client(app, over(names, json!({"tlsClientCertificateBoundAccessTokens": true}))).await;
    text(&ask(app, id, Some(pem)).await.ok()["access_token"]).to_owned()
}

fn request(body: String) -> http::Request<Bytes> {
    let request = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
    request.body(body.into()).unwrap()
}

async fn ask(app: &App, client: u64, certificate: Option<&str>) -> Answer {
    let mut request = request(format!("grant_type=client_credentials&client_id={client}"));
    if let Some(pem) = certificate {
        request.extensions_mut().insert(ClientCertificate(pem.to_owned()));
    }
    app.send(request).await
}

mod rfc8705_2_1_a_client_is_known_by_a_name_in_its_certificate {
    use super::*;

    async fn scenario(app: &App) {
        let (own, other) = (certificate("client"), certificate("other"));
        for (member, name) in [("tlsClientAuthSubjectDn", "CN=client,O=Example"), ("tlsClientAuthSanDns", "client.example")] {
            let id = client(app, json!({"tokenAuthMethod": "TLS_CLIENT_AUTH", member: name})).await;
            assert_eq!(ask(app, id, Some(&own)).await.ok()["token_type"], "Bearer");
            for wrong in [Some(&*other), None, Some("no certificate")] {
                assert_eq!(ask(app, id, wrong).await.json()["error"], "invalid_client", "{member}");
            }
        }
    }

    on_every_mount!(scenario: in_process InProcess, on_dynamodb DynamoDb, http_api_v2 HttpApi, rest_api_v1 RestApi, http Http);
}

mod rfc8705_2_2_a_client_is_known_by_its_own_certificate_to_which_its_tokens_are_bound {
    use super::*;

    async fn scenario(app: &App) {
        let (own, other) = (certificate("client"), certificate("client"));
        let x5t = thumbprint(&own).unwrap().to_string();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "x5t#S256": x5t});
        let jwks = json!({"keys": [jwk]}).to_string();
        let more = json!({"tokenAuthMethod": "SELF_SIGNED_TLS_CLIENT_AUTH", "jwks": jwks, "tlsClientCertificateBoundAccessTokens": true});
        let id = client(app, more).await;
        assert_eq!(ask(app, id, Some(&other)).await.json()["error"], "invalid_client");
        let granted = ask(app, id, Some(&own)).await.ok();
        let asked = json!({"token": granted["access_token"]});
        let seen = app.post("/api/11/auth/introspection", Some(&app.admin), asked).await.ok();
        assert_eq!(seen["certificateThumbprint"], x5t, "{seen}");
    }

    on_every_mount!(scenario: in_process InProcess, on_dynamodb DynamoDb, http_api_v2 HttpApi, rest_api_v1 RestApi, http Http);
}

mod rfc8705_3_whoever_presents_a_bound_token_proves_its_certificate_and_gets_one_bound_to_it {
    use super::*;

    async fn exchange(app: &App, broker: u64, token: &str, certificate: Option<&str>) -> Answer {
        let mut request = request(format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id={broker}&subject_token={token}\
             &subject_token_type=urn:ietf:params:oauth:token-type:access_token"
        ));
        if let Some(pem) = certificate {
            request.extensions_mut().insert(ClientCertificate(pem.to_owned()));
        }
        app.send(request).await
    }

    async fn scenario(app: &App) {
        let (own, other) = (certificate("client"), certificate("other"));
        let known = json!({"tokenAuthMethod": "TLS_CLIENT_AUTH", "tlsClientAuthSanDns": "client.example"});
        let mut bound = known.clone();
        bound["tlsClientCertificateBoundAccessTokens"] = json!(true);
        let mut broker =
            json!({"grantTypes": ["CLIENT_CREDENTIALS", "TOKEN_EXCHANGE"], "extension": {"tokenExchangePermitted": true}});
        broker.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
        let (bound, broker) = (client(app, bound).await, client(app, broker).await);
        let token = ask(app, bound, Some(&own)).await.ok();
        let exchanged = exchange(app, broker, token["access_token"].as_str().unwrap(), Some(&own)).await.ok();
        let asked = json!({"token": exchanged["access_token"]});
        let seen = app.post("/api/11/auth/introspection", Some(&app.admin), asked).await.ok();
        assert_eq!(seen["certificateThumbprint"], thumbprint(&own).unwrap().to_string(), "{seen}");
        // What wasn't bound isn't by an exchange.
        let free = ask(app, broker, Some(&own)).await.ok();
        let exchanged = exchange(app, broker, free["access_token"].as_str().unwrap(), Some(&own)).await.ok();
        let asked = json!({"token": exchanged["access_token"]});
        let seen = app.post("/api/11/auth/introspection", Some(&app.admin), asked).await.ok();
        assert_eq!(seen.get("certificateThumbprint"), None, "{seen}");
        for wrong in [None, Some(&*other)] {
            let denied = exchange(app, broker, token["access_token"].as_str().unwrap(), wrong).await;
            assert_eq!(denied.status.as_u16() / 100, 4, "{denied:?}");
        }
    }

    on_every_mount!(scenario: in_process InProcess, on_dynamodb DynamoDb, http_api_v2 HttpApi, rest_api_v1 RestApi, http Http);
}

mod rfc8705_3_at_userinfo_a_bound_token_needs_its_certificate {
    use super::*;

    async fn scenario(app: &App) {
        let sign_in = SignIn::opaque(app).await;
        let id = sign_in.tenant.id(SHOP).to_string();
        app.patch(&format!("/v1/orgs/500/clients/{id}"), &app.admin, json!({"certificate_bound_tokens": true})).await.ok();
        let (own, other) = (certificate("client"), certificate("other"));
        let code = sign_in.code(SHOP, &[], json!({})).await;
        let redirect_uri = encoded(CALLBACK);
        let form = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}&redirect_uri={redirect_uri}");
        let mut redemption = request(form);
        let credentials = basic(&id, &sign_in.tenant.secret(SHOP)).parse().unwrap();
        redemption.headers_mut().insert("authorization", credentials);
        redemption.extensions_mut().insert(ClientCertificate(own.clone()));
        let granted = app.send(redemption).await.ok();
        let bearer = format!("Bearer {}", text(&granted["access_token"]));
        for (pem, status) in [(Some(&own), 200), (Some(&other), 401), (None, 401)] {
            let mut asked = Request::get("/oauth2/userinfo").header("authorization", &bearer).body(Bytes::new()).unwrap();
            if let Some(pem) = pem {
                asked.extensions_mut().insert(ClientCertificate(pem.clone()));
            }
            assert_eq!(app.send(asked).await.status.as_u16(), status);
        }
    }

    on_every_mount!(scenario: in_process InProcess, on_dynamodb DynamoDb, http_api_v2 HttpApi, rest_api_v1 RestApi, http Http);
}

mod a_certificate_that_a_client_only_tells_of_is_none {
    use super::*;

    async fn scenario(app: &App) {
        let pem = certificate("client");
        let id = client(app, json!({"tokenAuthMethod": "TLS_CLIENT_AUTH", "tlsClientAuthSanDns": "client.example"})).await;
        let told = json!({"clientCert": {"clientCertPem": pem}});
        let context = json!({"requestContext": {"authentication": told, "identity": told}}).to_string();
        let encoded: String = form_urlencoded(&context);
        let mut request = request(format!("grant_type=client_credentials&client_id={id}&requestContext={encoded}"));
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        for name in ["client-cert", "x-amzn-mtls-clientcert", "x-amzn-mtls-clientcert-leaf", "x-client-cert", "clientcertpem"] {
            request.headers_mut().insert(name, format!(":{base64}:").parse().unwrap());
        }
        assert_eq!(app.send(request).await.json()["error"], "invalid_client");
    }

    on_every_mount!(scenario: in_process InProcess, http_api_v2 HttpApi, rest_api_v1 RestApi, function_url FunctionUrl, alb Alb);
}

fn form_urlencoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
