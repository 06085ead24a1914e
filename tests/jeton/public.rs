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
        assert!(shared::jose::verify_signature(set.iter().next().unwrap(), input.as_bytes(), &signature));
    }
}

scenario! {
    async fn rfc9110_13_1_2_who_has_the_key_set_is_told_that_it_is_the_same(app) {
        for path in ["/.well-known/jwks.json", "/v1/tokens/jwsk"] {
            let get = async |method: Method, known: &[&str]| {
                let request = known.iter().fold(Request::builder().method(method).uri(path), |request, tag| request.header("if-none-match", *tag));
                app.send(request.header("if-modified-since", "Sun, 22 Nov 2026 12:00:00 GMT").header("range", "bytes=0-1").body(bytes::Bytes::new()).unwrap()).await
            };
            let whole = get(Method::GET, &[]).await;
            whole.ok();
            let tag = whole.headers["etag"].to_str().unwrap().to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 45, "{tag}");
            for known in [&[&*tag][..], &[&format!("W/{tag}")], &["*"], &[&format!("\"x\", {tag}")], &["\"x\"", &tag]] {
                for method in [Method::GET, Method::HEAD] {
                    let same = get(method, known).await;
                    assert_eq!((same.status.as_u16(), &same.body[..]), (304, &b""[..]), "{known:?}");
                    assert_eq!(same.headers["etag"], *tag);
                    assert_eq!(same.headers["cache-control"], "public, max-age=300");
                    assert!(!same.headers.contains_key("content-type"));
                }
            }
            for other in [&["\"x\""][..], &[tag.trim_matches('"')], &["garbage"], &[""]] {
                assert_eq!(get(Method::GET, other).await.ok(), whole.json(), "{other:?}");
            }
        }
    }
}

scenario! {
    /// Conditional and range headers count for public documents alone: an introspection is always whole.
    async fn other_answers_are_never_withheld_or_cut(app) {
        let token = app.token("1", "ann", &[]).await;
        let request = Request::get("/v1/tokens/introspect_self").header("authorization", format!("Bearer {token}"));
        let request = request.header("if-none-match", "*").header("range", "bytes=0-1");
        let answer = app.send(request.body(bytes::Bytes::new()).unwrap()).await;
        assert_eq!(answer.ok()["sub"], "ann");
        assert!(!answer.headers.contains_key("etag"));
    }
}

scenario! {
    async fn health_is_ok_and_has_the_version(app) {
        let request = Request::builder().method(Method::GET).uri("/health").body(bytes::Bytes::new()).unwrap();
        assert_eq!(app.send(request).await.ok(), json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
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
