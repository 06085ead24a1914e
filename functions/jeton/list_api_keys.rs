//! `GET /v1/orgs/{org}/api-keys`: the API keys of members.

use shared::admin::api_keys;
use shared::api::http::{Answer, Dialect, Endpoint, OrgCredentials, OrgPath, Query, Route};
use shared::api::jeton::api_key::{ApiKeysPage, ApiKeysView};
use shared::domain::Error;
use shared::platform::capabilities::ApiKeyLister;

/// Lists the API keys of an org, newest first, without the keys themselves. Needs `urn:jeton:tokens:read` in the org or above it, or the org's API secret; others see their own.
#[derive(Debug)]
pub struct ListApiKeys;

impl Endpoint for ListApiKeys {
    const ROUTE: Route = Route::get("jeton.list_api_keys", "/v1/orgs/{org}/api-keys", Dialect::Jeton).refuses(&[403]);
    type Ports = ApiKeyLister;
    type Input = (OrgCredentials, OrgPath, Query<ApiKeysPage>);
    type Output = Answer<200, ApiKeysView<'static>>;

    async fn handle(
        ports: &ApiKeyLister,
        (OrgCredentials(credentials), OrgPath(org), Query(page)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let listing = api_keys::list(ports, &credentials, org, page.into()).await?;
        Ok(Answer::from_body(&ApiKeysView::from_listing(&listing))?)
    }
}
