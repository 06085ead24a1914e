//! `GET /.well-known/oauth-protected-resource`: RFC 9728 section 3.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, PathBehind, Published, Route};
use shared::api::oauth::resource_metadata::ResourceMetadata;
use shared::domain::Error;
use shared::oauth::resource_metadata::{WELL_KNOWN, find_on_issuer};
use shared::platform::capabilities::DocumentReader;

/// Tells clients about an API on the issuer's own host. Where the API has a path it is found behind the well-known one: section 3.1.
#[derive(Debug)]
pub struct GetResourceMetadata;

impl Endpoint for GetResourceMetadata {
    const ROUTE: Route = Route::get("oauth.resource_metadata", WELL_KNOWN, Dialect::OAuth)
        .and_at("/.well-known/oauth-protected-resource/{path+}")
        .refuses(&[404]);
    type Ports = DocumentReader;
    type Input = (PathBehind, IfNoneMatch);
    type Output = Published<ResourceMetadata<'static>>;

    async fn handle(ports: &DocumentReader, (PathBehind(path), known): Self::Input) -> Result<Self::Output, Error> {
        let resource = find_on_issuer(ports, path.as_deref().unwrap_or_default()).await?;
        Ok(Published::document(&ResourceMetadata::from_known(&resource, &ports.info.issuer), &known)?)
    }
}
