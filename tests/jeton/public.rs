//! What anyone may read.

use base64::Engine as _;
use http::{Method, Request};
use serde_json::json;

use crate::support::scenario;

scenario! {
    async fn the_key_set_verifies_what_is_minted_and_is_the_same_in_both_places(app) {
        let get = async |path: &str| app.send(Request::builder().method(Method::GET).uri(path).body(bytes::Bytes::new()).unwrap()).await.ok();
        let keys = get("/.well-known/jwks.json").await;
        assert_eq!(keys, get("/v1/tokens/jwsk").await);
        let key = keys["keys"][0].as_object().unwrap();
        let mut members: Vec<_> = key.keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"], "no private member");
        let set = shared::jose::jwk::set_from_json(keys.to_string().as_bytes()).unwrap();
        let token = app.token("1", "ann", &[]).await;
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(shared::jose::jws::verify_signature(set.iter().next().unwrap(), input.as_bytes(), &signature));
    }
}

scenario! {
    async fn health_is_ok(app) {
        let request = Request::builder().method(Method::GET).uri("/health").body(bytes::Bytes::new()).unwrap();
        assert_eq!(app.send(request).await.ok(), json!({"status": "ok"}));
    }
}

scenario! {
    async fn the_page_of_an_error_says_what_the_error_says(app) {
        let body = json!({"parameters": "scope=read"});
        let answer = app.post("/api/1/auth/token", Some(&app.admin), body).await.ok();
        let content: serde_json::Value = serde_json::from_str(answer["responseContent"].as_str().unwrap()).unwrap();
        let page = content["error_uri"].as_str().unwrap().strip_prefix("https://jeton.example").unwrap().to_owned();
        let get = async |path: &str| app.send(Request::builder().method(Method::GET).uri(path).body(bytes::Bytes::new()).unwrap()).await;
        let said = get(&page).await;
        let described = content["error_description"].as_str().unwrap();
        assert_eq!((said.status.as_u16(), described.split_once("] ").unwrap().1.as_bytes()), (200, &said.body[..]));
        for unknown in ["A000000", "A1", "x", "A-00001", "A0048301"] {
            assert_eq!(get(&format!("/errors/{unknown}")).await.status, 404, "{unknown}");
        }
    }
}
