use serde_json::json;

use super::*;
use crate::domain::MetadataValue;
use crate::encoding::json as body;

fn said(text: &Value) -> Result<Registration, Refusal> {
    body::read::<RegistrationBody>(text.to_string().as_bytes())?.registration()
}

fn refused(text: &Value) -> String {
    match said(text) {
        Err(Refusal::Invalid { field, .. }) => field.into_owned(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn rfc7591_2_what_is_left_out_has_its_default() {
    let nothing = json!({"client_name": null, "scope": "", "grant_types": [], "redirect_uris": [], "jwks": null, "software_statement": null});
    for text in [json!({}), nothing, json!({"unknown": {"a": 5}, "registration_access_token": 5})] {
        let said = said(&text).unwrap();
        assert_eq!((said.auth_method, said.grants, said.scopes), (ClientAuthMethod::ClientSecretBasic, None, None));
        assert_eq!((said.name, said.jwks), (None, None));
        assert_eq!((said.metadata, said.redirect_uris), (ClientMetadata::default(), Vec::new()));
    }
}

#[test]
fn the_words_of_a_response_type_have_no_order() {
    let said = said(&json!({"response_types": ["token id_token code", "code id_token token", "code"]})).unwrap();
    assert_eq!(said.response_types, ["code id_token token", "code"]);
    let kept: Vec<_> = said.metadata.iter().map(|(member, value)| (member.name, value.clone())).collect();
    assert_eq!(kept, [("response_types", MetadataValue::Texts(vec!["code id_token token".to_owned(), "code".to_owned()]))]);
    for bad in ["", "code code", "code  token", "CODE", "saml"] {
        assert_eq!(refused(&json!({"response_types": ["code", bad]})), "response_types");
    }
}

#[test]
fn a_member_is_of_its_type_and_length_and_language() {
    for (text, member) in [
        (json!({"client_name#": "x"}), "client_name"),
        (json!({"client_name#f r": "x"}), "client_name"),
        (json!({"tos_uri#fr": "javascript:x"}), "tos_uri"),
        (json!({"scope": "a?"}), "scope"),
        (json!({"scope": ["a"]}), "scope"),
        (json!({"contacts": "a b"}), "contacts"),
        (json!({"contacts": [5]}), "contacts"),
        (json!({"default_max_age": "5"}), "default_max_age"),
        (json!({"default_max_age": 1_u64 << 53}), "default_max_age"),
        (json!({"require_auth_time": "true"}), "require_auth_time"),
        (json!({"subject_type": "PUBLIC"}), "subject_type"),
        (json!({"subject_type": "pairwise"}), "subject_type"),
        (json!({"userinfo_signed_response_alg": "ES256"}), "userinfo_signed_response_alg"),
        (json!({"software_id": "a\u{0}"}), "software_id"),
        (json!({"jwks": "{}"}), "jwks"),
        (json!({"tls_client_auth_san_dns": "a", "tls_client_auth_san_uri": "b"}), "tls_client_auth_san_uri"),
        (json!({"contacts": vec!["x".repeat(4_000); 5]}), ""),
    ] {
        assert_eq!(refused(&text), member, "{text}");
    }
}

#[test]
fn no_private_symmetric_or_ambiguous_key_is_accepted() {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "1"});
    assert!(said(&json!({"jwks": {"keys": [key]}})).unwrap().jwks.is_some());
    let mut private = key.clone();
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    for keys in [json!([private]), json!([{"kty": "oct", "k": "AA"}]), json!([key, key]), json!({})] {
        assert_eq!(refused(&json!({"jwks": {"keys": keys}})), "jwks");
    }
}

#[test]
fn a_body_shows_nothing_of_itself() {
    let body: RegistrationBody = body::read(br#"{"client_secret":"s3cret"}"#).unwrap();
    assert!(!format!("{body:?}").contains("s3cret"));
}
