//! What a client asks for where the authorization server shows it to a person, and the client itself.

use serde::Serialize;

use super::resources;
use super::scope::ScopeView;
use crate::api::authlete::details::AuthzDetailsView;
use crate::api::authlete::property::Pair;
use crate::domain::{Authorization, Client, Fault, Org};
use crate::oauth::person_claims;
use crate::policy;

/// What a client asks for, and the client.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
pub(super) struct AskedView<'a> {
    #[serde(flatten)]
    asker: AskerView<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<ScopeView<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claim_names: Vec<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    acrs: &'a [String],
}

impl<'a> AskedView<'a> {
    /// Shows what is asked for.
    ///
    /// # Errors
    /// A [`Fault`] if what is kept as JSON isn't.
    pub(super) fn from_authorization(asked: (&'a Authorization, &'a Client), org: &'a Org) -> Result<Self, Fault> {
        let request = &asked.0.request;
        let names = |at| person_claims::names(request.claims.as_ref(), &request.scopes, at);
        Ok(Self {
            asker: AskerView::from_authorization(asked, org)?,
            scopes: request.scopes.iter().map(|scope| ScopeView::named(scope, org)).collect(),
            claim_names: policy::deduplicated([names("id_token")?, names("userinfo")?].concat()),
            acrs: &request.acr_values,
        })
    }
}

/// The client that asks, and what the tokens will be good for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
pub(super) struct AskerView<'a> {
    client_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias: Option<&'a str>,
    client_id_alias_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<AuthzDetailsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_attributes: Option<Vec<Pair<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_attributes: Option<Vec<Pair<'a>>>,
}

impl<'a> AskerView<'a> {
    /// Shows the client of an authorization.
    ///
    /// # Errors
    /// A [`Fault`] if what is kept as JSON isn't.
    pub(super) fn from_authorization(
        (authorization, client): (&'a Authorization, &'a Client),
        org: &'a Org,
    ) -> Result<Self, Fault> {
        let request = &authorization.request;
        Ok(Self {
            client_id: client.id.as_number(),
            client_id_alias: client.settings.alias.as_deref(),
            client_id_alias_used: authorization.alias_used(),
            client_name: client.settings.name.as_deref(),
            resources: resources(&request.resources),
            authorization_details: AuthzDetailsView::from_details(request.details.as_ref())?,
            service_attributes: Pair::list(&org.settings.oauth.attributes),
            client_attributes: Pair::list(&client.settings.attributes),
        })
    }
}
