//! `POST /v1/orgs/{org}/api-keys`: the API keys of members.

use shared::admin::api_keys;
use shared::api::http::{Created, Dialect, Endpoint, Json, OrgCredentials, OrgPath, Route};
use shared::api::jeton::api_key::{ApiKeyCreated, CreateApiKey as CreateApiKeyRequest};
use shared::domain::Error;
use shared::platform::capabilities::ApiKeyCreator;

/// Makes an API key for a member, and tells it once. Needs `urn:jeton:tokens:create` in the org or above it, or the org's API secret; where the org lets members look after their keys, they make their own.
#[derive(Debug)]
pub struct CreateApiKey;

impl Endpoint for CreateApiKey {
    const ROUTE: Route = Route::post("jeton.create_api_key", "/v1/orgs/{org}/api-keys", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = ApiKeyCreator;
    type Input = (OrgCredentials, OrgPath, Json<CreateApiKeyRequest>);
    type Output = Created<ApiKeyCreated<'static>>;

    async fn handle(
        ports: &ApiKeyCreator,
        (OrgCredentials(credentials), OrgPath(org), Json(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let new = api_keys::create(ports, &credentials, org, request.into_draft()?).await?;
        Ok(Created::at(ApiKeyCreated::location(&new), &ApiKeyCreated::from_new(&new))?)
    }
}
