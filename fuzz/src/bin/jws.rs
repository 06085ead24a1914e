//! Compact JWS: a token has one spelling, and no other than the one that was signed verifies.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use shared::encoding::strict_json;
use shared::jose::jws::Compact;
use shared::jose::{VerifyingKey, jwk};

/// RFC 8037 appendix A.4, which is among the seeds. Signatures of Ed25519 have one spelling.
const SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
                      hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

/// RFC 8037 appendix A.2.
static KEY: LazyLock<VerifyingKey> = LazyLock::new(|| {
    let json = br#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    VerifyingKey::new(&jwk::from_json(json).unwrap()).unwrap()
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(token) = std::str::from_utf8(bytes) {
        read(token);
    }
    // The same bytes as a header, for a change of base64 rarely leaves any JSON behind.
    read(&format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(bytes)));
});

fn read(token: &str) {
    let Some(jws) = Compact::parse(token) else {
        assert!(Compact::parse_with_key(token).is_none());
        assert_ne!(token, SIGNED);
        return;
    };
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = *parts else { panic!("{} parts", parts.len()) };
    for part in [header, signature] {
        assert_eq!(URL_SAFE_NO_PAD.encode(URL_SAFE_NO_PAD.decode(part).unwrap()), part);
    }
    assert_eq!(URL_SAFE_NO_PAD.encode(&jws.payload), payload);
    let header: Map<String, Value> = strict_json::decode(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert!(["crit", "b64", "zip"].iter().all(|name| !header.contains_key(*name)));
    assert!(header["alg"].as_str().is_some_and(|alg| !["none", "HS256", "HS384", "HS512"].contains(&alg)));
    assert_eq!(header.get("kid").and_then(Value::as_str), jws.kid.as_deref());
    assert_eq!(header.get("typ").and_then(Value::as_str), jws.typ.as_deref());
    assert_eq!(jws.is_signed_by(&KEY), token == SIGNED);
    if let Some((proof, key)) = Compact::parse_with_key(token) {
        assert_eq!((proof.kid, proof.alg), (None, key.jwk().alg));
    }
}
