//! `GET /v1/orgs/{org}/api-keys/{id}`: the API keys of members.

use shared::admin::api_keys;
use shared::api::http::{Dialect, Endpoint, OrgCredentials, Route, Tagged};
use shared::api::jeton::api_key::{ApiKeyPath, ApiKeyView};
use shared::domain::Error;
use shared::platform::capabilities::Reader;

/// Shows an API key, without the key itself: to its owner, and to whoever has `urn:jeton:tokens:read` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct GetApiKey;

impl Endpoint for GetApiKey {
    const ROUTE: Route = Route::get("jeton.get_api_key", "/v1/orgs/{org}/api-keys/{id}", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = Reader;
    type Input = (OrgCredentials, ApiKeyPath);
    type Output = Tagged<200, ApiKeyView<'static>>;

    async fn handle(
        ports: &Reader,
        (OrgCredentials(credentials), ApiKeyPath(locator)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let state = api_keys::get(ports, &credentials, locator).await?;
        Ok(Tagged::from_body(&ApiKeyView::from_state(&state))?)
    }
}
