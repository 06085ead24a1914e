//! The authorizer of other APIs, asked about tokens of the token endpoint.

use serde_json::{Value, json};
use shared::api::lambda::InvocationError;
use shared::domain::Requirements;
use shared::jose::sha256;

use super::certificates::certificate;
use super::tenant::{API, BOUND, By, CLIENT_CREDENTIALS, NOW, Tenant, WEB, client_key, fresh_id, jwt, over, proof, text};
use crate::jeton::authorizer::{ask, request, simple, token, unauthorized};
use crate::support::{App, Mount, over as laid_over};
use shared::jose::jwk;
use shared::keys::signer::Signer as _;

/// What an API requires that takes opaque tokens of this org.
fn opaque_of(org: &str) -> Requirements {
    Requirements { org: Some(org.parse().unwrap()), ..Requirements::default() }
}

fn bearer(token: &str) -> Value {
    json!({ "authorization": format!("Bearer {token}") })
}

fn no() -> Value {
    json!({"isAuthorized": false, "context": {"error": "invalid_token"}})
}

fn scoped(org: &str, scope: &str) -> Requirements {
    Requirements { scopes: vec![scope.parse().unwrap()], ..opaque_of(org) }
}

async fn passes(app: &App, requirements: Requirements, event: &Value) -> bool {
    ask(app, requirements, event).await.unwrap()["isAuthorized"] == true
}

#[tokio::test]
async fn a_client_s_token_is_let_in_with_what_it_says() {
    let app = App::new(Mount::InProcess).await;
    for tenant in [Tenant::opaque(&app).await, Tenant::jwt(&app).await] {
        let own = tenant.own_token(WEB, &[("scope", "read write"), ("resource", API)]).await;
        let id = tenant.id(WEB).to_string();
        let mut answer = ask(&app, opaque_of(tenant.org), &simple(bearer(&own))).await.unwrap();
        let context = answer["context"].as_object_mut().unwrap();
        assert_eq!(context.remove("jti").unwrap().as_str().unwrap().len(), 32);
        let expected = json!({
            "sub": id, "client_id": id, "org": tenant.org, "root_org": "1", "aud": API, "scope": "read write", "scopes": "read write",
            "iat": NOW.to_string(), "exp": (NOW + 600).to_string(),
        });
        assert_eq!(answer, json!({"isAuthorized": true, "context": expected}));

        let both = bearer(&own);
        for event in [token(both["authorization"].as_str().unwrap()), request(both, json!(null))] {
            let answer = ask(&app, opaque_of(tenant.org), &event).await.unwrap();
            assert_eq!((&answer["principalId"], &answer["context"]["client_id"]), (&json!(id), &json!(id)));
            assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
        }
    }
}

#[tokio::test]
async fn a_client_s_token_that_is_not_alive_is_none() {
    let app = App::new(Mount::InProcess).await;
    for tenant in [Tenant::opaque(&app).await, Tenant::jwt(&app).await] {
        let [revoked, expired] = [tenant.own_token(WEB, &[]).await, tenant.own_token(WEB, &[]).await];
        tenant.revoke(WEB, &revoked).await;
        let for_member = tenant.for_member(WEB, &[]).await;
        let refresh = text(&for_member["refresh_token"]);
        assert!(passes(&app, opaque_of(tenant.org), &simple(bearer(&text(&for_member["access_token"])))).await);
        for bad in [&revoked, &refresh, &format!("{expired}x"), "x", &"x".repeat(43)] {
            assert_eq!(ask(&app, opaque_of(tenant.org), &simple(bearer(bad))).await.unwrap(), no(), "{bad}");
            unauthorized(ask(&app, opaque_of(tenant.org), &token(&format!("Bearer {bad}"))).await);
        }
        let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(WEB));
        app.patch(&path, &app.admin, json!({"enabled": false})).await.ok();
        assert_eq!(ask(&app, opaque_of(tenant.org), &simple(bearer(&expired))).await.unwrap(), no());
        app.patch(&path, &app.admin, json!({"enabled": true})).await.ok();
        assert!(passes(&app, opaque_of(tenant.org), &simple(bearer(&expired))).await);
        let path = format!("/v1/orgs/{}", tenant.org);
        app.patch(&path, &app.admin, json!({"enabled": false})).await.ok();
        assert_eq!(ask(&app, opaque_of(tenant.org), &simple(bearer(&expired))).await.unwrap(), no());
    }
}

#[tokio::test]
async fn a_value_that_was_chosen_is_let_in_also_if_it_looks_like_a_jwt() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::opaque(&app).await;
    for value in ["chosen", "a.b.c"] {
        let body = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": tenant.id(WEB), "accessToken": value});
        assert_eq!(app.post("/api/500/auth/token/create", Some(&app.admin), body).await.ok()["action"], "OK");
        assert!(passes(&app, opaque_of("500"), &simple(bearer(value))).await);
        assert!(!passes(&app, opaque_of("1"), &simple(bearer(value))).await, "it is of another org");
        assert!(!passes(&app, Requirements::default(), &simple(bearer(value))).await);
    }
}

#[tokio::test]
async fn a_jwt_says_whose_it_is_and_an_opaque_token_is_of_the_org_that_is_set() {
    let app = App::new(Mount::InProcess).await;
    let (opaque, signed) = (Tenant::opaque(&app).await, Tenant::jwt(&app).await);
    let [one, other] = [opaque.own_token(WEB, &[]).await, signed.own_token(WEB, &[]).await];
    for (requirements, is_opaque_let_in) in
        [(opaque_of("500"), true), (opaque_of("600"), false), (Requirements::default(), false)]
    {
        assert_eq!(passes(&app, requirements.clone(), &simple(bearer(&one))).await, is_opaque_let_in);
        assert!(passes(&app, requirements, &simple(bearer(&other))).await);
    }
}

#[tokio::test]
async fn what_is_required_is_required_of_a_client_s_token_too() {
    let app = App::new(Mount::InProcess).await;
    for tenant in [Tenant::opaque(&app).await, Tenant::jwt(&app).await] {
        let own = tenant.own_token(WEB, &[("scope", "read"), ("resource", API)]).await;
        assert!(passes(&app, scoped(tenant.org, "read"), &simple(bearer(&own))).await);
        let answer = ask(&app, scoped(tenant.org, "write"), &simple(bearer(&own))).await.unwrap();
        assert_eq!(answer, json!({"isAuthorized": false, "context": {"error": "insufficient_scope"}}));
        let answer = ask(&app, scoped(tenant.org, "write"), &token(&format!("Bearer {own}"))).await.unwrap();
        assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Deny");
        for (audience, is_met) in [(API, true), ("https://other.example", false)] {
            let requirements = Requirements { audience: Some(audience.parse().unwrap()), ..opaque_of(tenant.org) };
            assert_eq!(passes(&app, requirements, &simple(bearer(&own))).await, is_met);
        }
    }
}

/// The proof for a request to the API with this token, with `more` laid over its claims.
fn proof_for(token: &str, more: Value) -> String {
    use base64::Engine as _;
    let ath = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
    let claims = json!({"jti": fresh_id(), "htm": "GET", "htu": "https://api.example/prod/pets/a%20b", "iat": NOW, "ath": ath});
    let header = json!({"typ": "dpop+jwt", "alg": "ES384", "jwk": jwk::to_json(client_key().jwk())});
    jwt(&client_key(), &header, &over(claims, more))
}

/// The same request as an HTTP API and as a REST API tell of it.
fn events(headers: &Value) -> [Value; 2] {
    let http = laid_over(
        simple(headers.clone()),
        json!({
            "rawPath": "/prod/pets/a b",
            "requestContext": {"domainName": "api.example", "http": {"method": "GET"}, "requestId": "r-1", "stage": "prod"},
        }),
    );
    let rest = laid_over(
        request(headers.clone(), json!(null)),
        json!({
            "requestContext": {"domainName": "api.example", "path": "/prod/pets/a%20b", "stage": "prod"},
        }),
    );
    [http, rest]
}

fn is_yes(answer: Result<Value, InvocationError>) -> bool {
    answer.is_ok_and(|answer| answer["isAuthorized"] == true || answer["policyDocument"]["Statement"][0]["Effect"] == "Allow")
}

#[tokio::test]
async fn rfc9449_7_1_a_token_that_is_bound_to_a_key_needs_its_proof() {
    let app = App::new(Mount::InProcess).await;
    for tenant in [Tenant::opaque(&app).await, Tenant::jwt(&app).await] {
        let proved = [("DPoP", &*proof(json!({})))];
        let form = [("grant_type", CLIENT_CREDENTIALS)];
        let granted = tenant.send("/oauth2/token", By::Client(BOUND), &form, &proved).await.ok();
        let bound = text(&granted["access_token"]);
        let sent = |scheme: &str, proof: &str| json!({"Authorization": format!("{scheme} {bound}"), "DPoP": proof});
        for n in 0..2 {
            let yes = async |headers: Value| is_yes(ask(&app, opaque_of(tenant.org), &events(&headers)[n]).await);
            let good = proof_for(&bound, json!({}));
            assert!(!yes(sent("Bearer", &good)).await, "as a bearer token it is none");
            assert!(yes(sent("DPoP", &good)).await);
            assert!(!yes(sent("DPoP", &good)).await, "a proof is good once");
            assert!(yes(sent("dpop", &proof_for(&bound, json!({})))).await);
            assert!(!yes(json!({"Authorization": format!("DPoP {bound}")})).await);
            for wrong in [
                json!({"htm": "POST"}),
                json!({"htu": "https://api.example/prod/pets/ab"}),
                json!({"htu": "https://other.example/prod/pets/a%20b"}),
                json!({"htu": "https://api.example/pets/a%20b"}),
                json!({"ath": "x"}),
                json!({"iat": NOW - 600}),
            ] {
                assert!(!yes(sent("DPoP", &proof_for(&bound, wrong.clone()))).await, "{wrong}");
            }
            let both = format!("{}, {}", proof_for(&bound, json!({})), proof_for(&bound, json!({})));
            assert!(!yes(sent("DPoP", &both)).await);
            let own = tenant.own_token(WEB, &[]).await;
            let unbound = json!({"Authorization": format!("DPoP {own}"), "DPoP": proof_for(&own, json!({}))});
            assert!(!yes(unbound).await, "nobody has bound it");
        }
        // A REST API that hands over one header tells neither method nor proof.
        unauthorized(ask(&app, opaque_of(tenant.org), &token(&format!("DPoP {bound}"))).await);
        unauthorized(ask(&app, opaque_of(tenant.org), &token(&format!("Bearer {bound}"))).await);
    }
}

#[tokio::test]
async fn rfc8705_3_a_token_that_is_bound_to_a_certificate_needs_it() {
    let app = App::new(Mount::InProcess).await;
    let (own, other) = (certificate("client"), certificate("other"));
    let bound = super::certificates::bound_token(&app, &own).await;
    let headers = bearer(&bound);
    for (pem, is_let_in) in [(Some(&own), true), (Some(&other), false), (None, false)] {
        let [mut http, mut rest] = events(&headers);
        let certificate = json!({"clientCert": pem.map(|pem| json!({"clientCertPem": pem, "subjectDN": "CN=client"}))});
        http["requestContext"]["authentication"] = if pem.is_some() { certificate.clone() } else { Value::Null };
        rest["requestContext"]["identity"] = certificate;
        for event in [http, rest] {
            assert_eq!(is_yes(ask(&app, opaque_of("11"), &event).await), is_let_in, "{event}");
        }
    }
    unauthorized(ask(&app, opaque_of("11"), &token(headers["authorization"].as_str().unwrap())).await);
}
