//! Several signing algorithms at once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use shared::api::jeton::load_seed::NotLoaded;
use shared::domain::Algorithm;
use shared::jose::VerifyingKey;
use shared::jose::jwk;
use shared::jose::jws::Compact;

use crate::support::{App, Mount, ask};

const BOTH: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

async fn key_set(app: &App) -> Value {
    app.send(Request::get("/.well-known/jwks.json?kty=AKP").body(Bytes::new()).unwrap()).await.ok()
}

fn algorithm(jwt: &str) -> Value {
    let header = URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["alg"].clone()
}

#[tokio::test]
async fn all_keys_are_published_and_the_preferred_one_signs_what_asks_for_none() {
    let app = App::signed_by(Mount::InProcess, &BOTH).await;
    let keys = key_set(&app).await;
    let published: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(published, ["RS256", "ES256"]);
    let token = app.token("1", "ann", &[]).await;
    assert_eq!(algorithm(&token), "RS256");
    assert!(app.is_live(&token).await);
}

/// `jsonwebtoken` 10 and `authlib.jose` read no set that has a key of a type that they don't know.
#[tokio::test]
async fn ml_dsa_keys_are_published_to_who_asks_for_them_or_where_they_are_preferred() {
    let types = async |algorithms: &[Algorithm], path: &str| {
        let app = App::signed_by(Mount::InProcess, algorithms).await;
        let set = app.send(Request::get(path).body(Bytes::new()).unwrap()).await.ok();
        set["keys"].as_array().unwrap().iter().map(|key| key["kty"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (classical, ml_dsa) = ([Algorithm::Es256, Algorithm::MlDsa44], [Algorithm::MlDsa44, Algorithm::Es256]);
    for path in ["/.well-known/jwks.json", "/.well-known/jwks.json?v=1", "/v1/tokens/jwsk"] {
        assert_eq!(types(&classical, path).await, ["EC"], "{path}");
        assert_eq!(types(&ml_dsa, path).await, ["AKP", "EC"], "{path}");
    }
    assert_eq!(types(&classical, "/.well-known/jwks.json?kty=AKP").await, ["EC", "AKP"]);
    let app = App::signed_by(Mount::InProcess, &classical).await;
    let refused = app.send(Request::get("/.well-known/jwks.json?kty=EC").body(Bytes::new()).unwrap()).await;
    refused.is_error(400, "INVALID_REQUEST");
}

#[tokio::test]
async fn the_tokens_of_an_org_are_signed_by_the_algorithm_that_it_asks_for() {
    for &alg in Algorithm::ALL {
        // None is signed by the preferred algorithm here unless that is what its org asks for.
        let preferred = if alg == Algorithm::EdDsa { Algorithm::Es256 } else { Algorithm::EdDsa };
        let app = App::signed_by(Mount::InProcess, &[preferred, alg]).await;
        let settings = json!({"access_token_sign_alg": alg.as_str()});
        app.put("/v1/orgs/11", &app.admin, json!({ "settings": settings })).await.ok();
        let client = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CLIENT_CREDENTIALS"]});
        let client = app.post("/api/11/client/create", Some(&app.admin), client).await.ok();
        let body = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": client["clientId"]});
        let created = app.post("/api/11/auth/token/create", Some(&app.admin), body).await.ok();
        let jwt = created["jwtAccessToken"].as_str().unwrap_or_else(|| panic!("{alg}: {created}"));
        assert_eq!(algorithm(jwt), alg.as_str());
        let set = jwk::set_from_json(key_set(&app).await.to_string().as_bytes()).unwrap();
        let jws = Compact::parse(jwt).unwrap();
        assert!(set.iter().any(|key| jws.is_signed_by(&VerifyingKey::new(key).unwrap())), "{alg}");
    }
}

#[tokio::test]
async fn what_could_not_be_signed_is_refused_by_name_when_it_is_written() {
    let app = App::signed_by(Mount::InProcess, &BOTH).await;
    let put = async |alg: &str| app.put("/v1/orgs/11", &app.admin, json!({"settings": {"access_token_sign_alg": alg}})).await;
    for &alg in Algorithm::ALL {
        let answer = put(alg.as_str()).await;
        if BOTH.contains(&alg) {
            assert_eq!(answer.ok()["settings"]["access_token_sign_alg"], alg.as_str());
        } else {
            assert_eq!(answer.json()["field"], "settings.access_token_sign_alg", "{alg}");
            answer.is_error(400, "INVALID_REQUEST");
        }
    }
    let minted = app.post("/v1/tokens", Some(&app.admin), ask("11", "ann", json!({}))).await;
    minted.created();
}

#[tokio::test]
async fn a_seed_whose_tokens_could_not_be_signed_is_refused_whole() {
    let app = App::signed_by(Mount::InProcess, &BOTH).await;
    let client = |form: &str| json!({"orgs": [{"id": "3"}], "clients": [{"org": "3", "id": 7, "kind": "confidential", "access_token_form": form}]});
    for (seed, entry) in [
        (
            json!({"orgs": [{"id": "3", "settings": {"access_token_sign_alg": "PS384"}}]}),
            "orgs[0].settings.access_token_sign_alg",
        ),
        (client("ES384"), "clients[0].access_token_form"),
    ] {
        let refused = app.seed(&seed).await;
        let Err(NotLoaded::Bad(bad)) = refused else { panic!("{refused:?}") };
        assert_eq!(bad.to_string(), format!("{entry}: must be an algorithm that the service has a signing key for"));
    }
    app.get("/v1/orgs/3", &app.admin).await.is_error(403, "ACCESS_DENIED");
    for form in ["opaque", "RS256", "ES256"] {
        assert_eq!(app.seed(&client(form)).await.unwrap().clients, 1, "{form}");
    }
}
