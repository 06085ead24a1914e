//! `GET /oauth2/resource-metadata/{org}?resource=`: RFC 9728, for APIs on any host.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, OrgPath, Published, Query, Route};
use shared::api::oauth::resource_metadata::{ResourceMetadata, ResourceQuery};
use shared::domain::Error;
use shared::oauth::resource_metadata::find;
use shared::platform::capabilities::DocumentReader;

/// Tells clients about an API of an org, wherever it is. An API names this address as `resource_metadata` in its challenge.
#[derive(Debug)]
pub struct GetOrgResourceMetadata;

impl Endpoint for GetOrgResourceMetadata {
    const ROUTE: Route =
        Route::get("oauth.org_resource_metadata", "/oauth2/resource-metadata/{org}", Dialect::OAuth).refuses(&[404]);
    type Ports = DocumentReader;
    type Input = (OrgPath, Query<ResourceQuery>, IfNoneMatch);
    type Output = Published<ResourceMetadata<'static>>;

    async fn handle(ports: &DocumentReader, (OrgPath(org), Query(asked), known): Self::Input) -> Result<Self::Output, Error> {
        let resource = find(ports, &org, &asked.resource).await?;
        Ok(Published::document(&ResourceMetadata::from_known(&resource, &ports.info.issuer), &known)?)
    }
}
