//! The service's metadata: OpenID Connect Discovery section 3 and RFC 8414 section 2, as Authlete has it.

use json_patch::Patch;
use serde::Serialize;
use serde_json::Value;

use crate::api::authlete::request::Configuration;
use crate::auth::dpop;
use crate::domain::{Algorithm, ClientAuthMethod, Fault, GrantType, Issuer, Org, Refusal};
use crate::encoding::strict_json;

/// What there is. What there isn't is left out, as is what only an OpenID provider has.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ServiceConfiguration", extend("additionalProperties" = true)))]
pub struct Metadata<'a> {
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<&'a str>,
    jwks_uri: String,
    scopes_supported: Vec<&'a str>,
    #[cfg_attr(feature = "openapi", schemars(with = "Vec<String>", length(max = 0)))]
    response_types_supported: [&'static str; 0],
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    dpop_signing_alg_values_supported: Vec<&'static str>,
    tls_client_certificate_bound_access_tokens: bool,
}

impl<'a> Metadata<'a> {
    /// Makes the metadata of an org whose tokens have this issuer.
    pub fn from_org(org: &'a Org, issuer: &'a Issuer) -> Self {
        let settings = &org.settings.oauth;
        let methods: Vec<_> = ClientAuthMethod::ALL.iter().copied().map(ClientAuthMethod::as_str).collect();
        Self {
            issuer: issuer.as_str(),
            token_endpoint: settings.token_endpoint.as_deref(),
            jwks_uri: format!("{}/.well-known/jwks.json", issuer.as_str().trim_end_matches('/')),
            scopes_supported: settings.supported_scopes.iter().map(|scope| scope.name.as_str()).collect(),
            response_types_supported: [],
            grant_types_supported: settings.supported_grants.iter().copied().map(GrantType::as_str).collect(),
            token_endpoint_auth_methods_supported: methods.clone(),
            token_endpoint_auth_signing_alg_values_supported: Algorithm::ALL.iter().copied().map(Algorithm::as_str).collect(),
            revocation_endpoint_auth_methods_supported: methods,
            dpop_signing_alg_values_supported: dpop::ALGORITHMS.iter().copied().map(Algorithm::as_str).collect(),
            tls_client_certificate_bound_access_tokens: true,
        }
    }

    /// Returns the metadata, with the patch that was asked for.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written. The refusal within says that the patch doesn't fit.
    pub fn shown(&self, asked: &Configuration) -> Result<Result<Value, Refusal>, Fault> {
        let metadata = serde_json::to_value(self).map_err(|error| Fault::internal("writing the metadata").because(error))?;
        Ok(match &asked.patch {
            Some(patch) => patched(metadata, patch),
            None => Ok(metadata),
        })
    }
}

const MAX_PATCH_STEPS: usize = 100;
/// Each `copy` can double a document.
const MAX_DOCUMENT_BYTES: usize = 65_536;

/// Applies a JSON Patch: RFC 6902.
fn patched(mut document: Value, patch: &str) -> Result<Value, Refusal> {
    let refused = |rule: &'static str| Refusal::invalid("patch", rule);
    strict_json::check(patch.as_bytes()).map_err(|_| refused("must be the text of a JSON Patch"))?;
    let Patch(steps) = serde_json::from_str(patch).map_err(|_| refused("must be the text of a JSON Patch"))?;
    if steps.len() > MAX_PATCH_STEPS {
        return Err(refused("must have at most 100 operations"));
    }
    for step in steps {
        json_patch::patch(&mut document, &[step]).map_err(|_| refused("can't be applied to the metadata"))?;
        if document.to_string().len() > MAX_DOCUMENT_BYTES {
            return Err(refused("makes the metadata too large"));
        }
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rfc6902_a_patch_is_applied_whole_or_refused() {
        let document = json!({"issuer": "https://a.example", "x": [1]});
        let patch = r#"[{"op":"add","path":"/y","value":{"z":2}},{"op":"remove","path":"/x/0"}]"#;
        assert_eq!(patched(document.clone(), patch), Ok(json!({"issuer": "https://a.example", "x": [], "y": {"z": 2}})));
        for bad in ["", "{}", "[1]", r#"[{"op":"remove","path":"/none"}]"#, r#"[{"op":"test","path":"/x","value":2}]"#] {
            let Err(Refusal::Invalid { field, .. }) = patched(document.clone(), bad) else { panic!("{bad}") };
            assert_eq!(field, "patch", "{bad}");
        }
    }

    #[test]
    fn no_patch_makes_the_metadata_large() {
        let copies: Vec<_> = (0..60).map(|n| json!({"op": "copy", "from": "", "path": format!("/c{n}")})).collect();
        let copies = serde_json::to_string(&copies).unwrap();
        assert_eq!(patched(json!({"a": "b"}), &copies), Err(Refusal::invalid("patch", "makes the metadata too large")));
    }
}
