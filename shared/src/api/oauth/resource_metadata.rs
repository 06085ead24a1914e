//! The metadata of an API: RFC 9728 section 2.

use serde::Serialize;

use crate::auth::dpop;
use crate::domain::{Algorithm, Audience, Issuer, Refusal, Scope};
use crate::encoding::form::Parameters;
use crate::oauth::resource_metadata::KnownResource;

/// What clients learn of an API before they ask for a token.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ResourceMetadata<'a> {
    /// The URI of the API, as tokens for it have it in `aud`.
    resource: &'a str,
    authorization_servers: [&'a str; 1],
    /// Always there: some clients ask for every scope of the authorization server where an API names none.
    scopes_supported: Vec<&'a str>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<&'a str>,
    /// Whether the API takes only tokens that are bound to a DPoP key.
    dpop_bound_access_tokens_required: bool,
    /// Only of an API that takes DPoP proofs for sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_signing_alg_values_supported: Option<Vec<&'static str>>,
}

impl<'a> ResourceMetadata<'a> {
    /// Shows an API, whose tokens this issuer makes.
    pub fn from_known(known: &'a KnownResource, issuer: &'a Issuer) -> Self {
        let KnownResource { resource, scopes } = known;
        let algorithms = || dpop::ALGORITHMS.iter().copied().map(Algorithm::as_str).collect();
        Self {
            resource: resource.uri.as_str(),
            authorization_servers: [issuer.as_str()],
            scopes_supported: scopes.iter().map(Scope::as_str).collect(),
            bearer_methods_supported: ["header"],
            resource_name: resource.name.as_deref(),
            resource_documentation: resource.documentation.as_deref(),
            dpop_bound_access_tokens_required: resource.dpop_required,
            dpop_signing_alg_values_supported: resource.dpop_required.then(algorithms),
        }
    }
}

/// The query that names an API of an org.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ResourceQuery {
    /// The URI of the API.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::encoding::FromText<Audience>"))]
    pub resource: Audience,
}

impl TryFrom<Parameters> for ResourceQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let resource = query.parse("resource")?.ok_or_else(|| Refusal::invalid("resource", "is required in the query"))?;
        Ok(Self { resource })
    }
}
