//! `DELETE /v1/orgs/{org}/api-keys/{id}`: the API keys of members.

use shared::admin::api_keys;
use shared::api::http::{Dialect, Endpoint, NoContent, OrgCredentials, Route};
use shared::api::jeton::api_key::ApiKeyPath;
use shared::domain::Error;
use shared::platform::capabilities::ApiKeyWriter;

/// Ends an API key at once: for its owner, and for whoever has `urn:jeton:tokens:revoke` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct DeleteApiKey;

impl Endpoint for DeleteApiKey {
    const ROUTE: Route =
        Route::delete("jeton.delete_api_key", "/v1/orgs/{org}/api-keys/{id}", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = ApiKeyWriter;
    type Input = (OrgCredentials, ApiKeyPath);
    type Output = NoContent;

    async fn handle(
        ports: &ApiKeyWriter,
        (OrgCredentials(credentials), ApiKeyPath(locator)): Self::Input,
    ) -> Result<Self::Output, Error> {
        api_keys::revoke(ports, &credentials, locator).await?;
        Ok(NoContent)
    }
}
