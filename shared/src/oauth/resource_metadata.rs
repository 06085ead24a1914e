//! What the APIs of an org say of themselves: RFC 9728.
//!
//! The service tells it for them: at the well-known place for those on its own host, and at `/oauth2/resource-metadata/{org}` for all.

use crate::domain::scope::openid;
use crate::domain::{Audience, Error, Org, OrgId, ProtectedResource, Refusal, Scope};
use crate::platform::capabilities::DocumentReader;
use crate::policy::find_resource;

/// The well-known path of the metadata of APIs on the issuer's own host: RFC 9728 section 3.
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// An API that clients can have tokens for.
#[derive(Debug)]
pub struct KnownResource {
    /// What is known of it.
    pub resource: ProtectedResource,
    /// The scopes that its clients need: never `offline_access`, which says nothing about an API.
    pub scopes: Vec<Scope>,
}

/// Finds an API on the issuer's own host by its path, which has no slash at its beginning. It is one of the org that is open to strangers.
///
/// # Errors
/// [`Refusal::NotFound`] if that org has no such API. A fault if the org can't be read.
pub async fn find_on_issuer(ports: &DocumentReader, path: &str) -> Result<KnownResource, Error> {
    let issuer = ports.info.issuer.as_str();
    let behind_scheme = issuer.find("://").map_or(0, |at| at + 3);
    let end = issuer[behind_scheme..].find('/').map_or(issuer.len(), |at| behind_scheme + at);
    let uri = Audience::parse(&format!("{}/{path}", &issuer[..end])).map_err(|_| UNKNOWN)?;
    let org = ports.open_org.recent().await?.ok_or(UNKNOWN)?;
    find_in(&org, &uri)
}

/// Finds an API of an org.
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such org, or it has no such API. A fault if the org can't be read.
pub async fn find(ports: &DocumentReader, org: &OrgId, uri: &Audience) -> Result<KnownResource, Error> {
    if ports.open_org.id() == Some(org) {
        return find_in(&*ports.open_org.recent().await?.ok_or(UNKNOWN)?, uri);
    }
    let org = ports.directory.org(org).await?.filter(|org| org.enabled).ok_or(UNKNOWN)?;
    find_in(&org, uri)
}

const UNKNOWN: Refusal = Refusal::NotFound("resource in this org");

fn find_in(org: &Org, uri: &Audience) -> Result<KnownResource, Error> {
    let settings = &org.settings.oauth;
    let known = settings.resources.as_deref().unwrap_or_default();
    let resource = find_resource(known, uri).filter(|resource| resource.ensure_describable().is_ok()).ok_or(UNKNOWN)?;
    let defaults = settings.supported_scopes.iter().filter(|scope| scope.default && !scope.name.reaches_api());
    let scopes = match &resource.scopes {
        Some(scopes) => scopes.clone(),
        None => defaults.map(|scope| scope.name.clone()).collect(),
    };
    let is_of_the_api = |scope: &Scope| scope.as_str() != openid::OFFLINE_ACCESS;
    Ok(KnownResource { resource: resource.clone(), scopes: scopes.into_iter().filter(is_of_the_api).collect() })
}
