//! The connected apps of a person, and their sessions, on the wire.

use std::sync::Arc;

use serde::Serialize;

use super::authorization::{AskedScope, AskingClient};
use super::client::ClientsPage;
use crate::api::agilicus::Rfc3339;
use crate::api::http::{FromRequest, Request};
use crate::domain::{Audience, Client, ClientId, OrgId, PersonGrant, Refusal, SessionId, Subject};
use crate::encoding::form::Parameters;
use crate::oauth::person_grants::{ConnectedApps, MAX_PAGE};

/// The parameters `{org}` and `{sub}` of the path: a person, as tokens name them. They need not be a member.
#[derive(Debug)]
pub struct PersonPath(pub OrgId, pub Subject);

impl FromRequest for PersonPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Ok(Self(request.path_parameter("org")?, request.path_parameter("sub")?))
    }
}

/// The parameters `{org}` and `{session}` of the path: a session of a login application.
#[derive(Debug)]
pub struct OrgSessionPath(pub OrgId, pub SessionId);

impl FromRequest for OrgSessionPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Ok(Self(request.path_parameter("org")?, request.path_parameter("session")?))
    }
}

/// The parameter `{client_id}` of the path: the number of a client. `None`: what can't be one names none.
#[derive(Debug)]
pub struct GrantedClientPath(pub Option<ClientId>);

impl FromRequest for GrantedClientPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let number = request.path_text("client_id")?.parse().ok();
        Ok(Self(number.and_then(|number| ClientId::from_number(number).ok())))
    }
}

/// The query of `GET /v1/orgs/{org}/subjects/{sub}/grants`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PersonGrantsPage {
    /// The `next` of the page before.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<super::settings::Number>"))]
    pub after: Option<ClientId>,
    /// 1 to 100, 100 if absent.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 100)))]
    pub limit: usize,
}

impl TryFrom<Parameters> for PersonGrantsPage {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let after = ClientsPage::after(&mut query)?;
        let page = Self { after, limit: query.number("limit", 1..=MAX_PAGE)?.unwrap_or(MAX_PAGE) };
        query.refuse_unknown()?;
        Ok(page)
    }
}

/// One page of the apps to which a person has granted something.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PersonGrants"))]
pub struct PersonGrantsView<'a> {
    grants: Vec<PersonGrantView<'a>>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// What a person has granted to a client.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PersonGrant"))]
struct PersonGrantView<'a> {
    client: AskingClient<'a>,
    scopes: Vec<AskedScope<'a>>,
    resources: Vec<&'a str>,
    /// Whether the person isn't asked again for what is remembered.
    remembered: bool,
    created: Rfc3339,
    /// When the client last got a token by it, to the hour.
    last_used: Rfc3339,
}

impl<'a> PersonGrantsView<'a> {
    /// Shows a page of the apps.
    pub fn from_apps(apps: &'a ConnectedApps) -> Self {
        let view = |(grant, client): &'a (PersonGrant, Arc<Client>)| PersonGrantView {
            client: AskingClient::from_client(client, &client.id.to_string()),
            scopes: grant.granted.scopes.iter().map(|scope| AskedScope::from_scope(scope, apps.service.org())).collect(),
            resources: grant.granted.resources.iter().map(Audience::as_str).collect(),
            remembered: grant.remembered.is_some(),
            created: Rfc3339(grant.created_at),
            last_used: Rfc3339(grant.used_at),
        };
        Self { grants: apps.grants.iter().map(view).collect(), next: apps.next.map(ClientId::as_number) }
    }
}
