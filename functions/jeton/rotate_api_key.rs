//! `POST /v1/orgs/{org}/api-keys/{id}/rotate`: the API keys of members.

use shared::admin::api_keys;
use shared::api::http::{Created, Dialect, Endpoint, MaybeJson, OrgCredentials, Route};
use shared::api::jeton::api_key::{ApiKeyCreated, ApiKeyPath, RotateApiKey as RotateApiKeyRequest};
use shared::domain::Error;
use shared::platform::capabilities::ApiKeyRotator;

/// Makes a new key in the place of one, and tells it once. The id stays. The key before is good for a day, or for as long as is said; an earlier one ends.
#[derive(Debug)]
pub struct RotateApiKey;

impl Endpoint for RotateApiKey {
    const ROUTE: Route =
        Route::post("jeton.rotate_api_key", "/v1/orgs/{org}/api-keys/{id}/rotate", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = ApiKeyRotator;
    type Input = (OrgCredentials, ApiKeyPath, MaybeJson<RotateApiKeyRequest>);
    type Output = Created<ApiKeyCreated<'static>>;

    async fn handle(
        ports: &ApiKeyRotator,
        (OrgCredentials(credentials), ApiKeyPath(locator), MaybeJson(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let new = api_keys::rotate(ports, &credentials, locator, request.into_rotation()?).await?;
        Ok(Created::at(ApiKeyCreated::location(&new), &ApiKeyCreated::from_new(&new))?)
    }
}
