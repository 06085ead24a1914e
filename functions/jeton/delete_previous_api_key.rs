//! `DELETE /v1/orgs/{org}/api-keys/{id}/previous`: the API keys of members.

use shared::admin::api_keys;
use shared::api::http::{Dialect, Endpoint, NoContent, OrgCredentials, Route};
use shared::api::jeton::api_key::ApiKeyPath;
use shared::domain::Error;
use shared::platform::capabilities::ApiKeyWriter;

/// Ends the key that was before the last rotation, at once. The new one stays good.
#[derive(Debug)]
pub struct DeletePreviousApiKey;

impl Endpoint for DeletePreviousApiKey {
    const ROUTE: Route = Route::delete("jeton.delete_previous_api_key", "/v1/orgs/{org}/api-keys/{id}/previous", Dialect::Jeton)
        .refuses(&[403, 404]);
    type Ports = ApiKeyWriter;
    type Input = (OrgCredentials, ApiKeyPath);
    type Output = NoContent;

    async fn handle(
        ports: &ApiKeyWriter,
        (OrgCredentials(credentials), ApiKeyPath(locator)): Self::Input,
    ) -> Result<Self::Output, Error> {
        api_keys::end_previous(ports, &credentials, locator).await?;
        Ok(NoContent)
    }
}
