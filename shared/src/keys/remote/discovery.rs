//! Discovery documents of issuers: OpenID Connect Discovery section 3, RFC 8414 section 2.

use serde::Deserialize;

use crate::domain::Invalid;
use crate::encoding::strict_json;

/// Returns the `jwks_uri` of a discovery document, if the document is of this issuer, letter by letter (OpenID Connect Discovery section
/// 4.3).
///
/// # Errors
/// [`Invalid`] if it is no document, of another issuer, or without `jwks_uri`.
pub(super) fn jwks_uri(document: &str, issuer: &str) -> Result<String, Invalid> {
    #[derive(Deserialize)]
    struct Document {
        issuer: String,
        jwks_uri: String,
    }

    let document: Document = strict_json::decode(document.as_bytes())
        .map_err(|_| Invalid("the discovery document must be a JSON object with the texts issuer and jwks_uri"))?;
    if document.issuer != issuer {
        return Err(Invalid("the issuer of the discovery document must be the issuer that the org trusts, letter by letter"));
    }
    Ok(document.jwks_uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_where_the_keys_of_its_own_issuer_are() {
        let document = r#"{"issuer":"https://a.example/","jwks_uri":"https://b.example/keys","x":[1]}"#;
        assert_eq!(jwks_uri(document, "https://a.example/").unwrap(), "https://b.example/keys");
        for other in ["https://a.example", "https://A.example/", "https://b.example/"] {
            assert!(jwks_uri(document, other).is_err(), "{other}");
        }
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"issuer":"https://a.example/"}"#,
            r#"{"issuer":"https://a.example/","jwks_uri":null}"#,
            r#"{"issuer":"https://a.example/","jwks_uri":["https://b.example"]}"#,
            r#"{"issuer":"https://evil.example","issuer":"https://a.example/","jwks_uri":"https://b.example"}"#,
        ] {
            assert!(jwks_uri(bad, "https://a.example/").is_err(), "{bad}");
        }
    }
}
