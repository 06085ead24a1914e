//! `GET /v1/orgs/{org}`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, OrgPath, Route, Tagged};
use shared::api::jeton::org::OrgView;
use shared::domain::Error;
use shared::platform::capabilities::Reader;

/// Returns an org with its settings and its `ETag`. Needs `orgs:read` in it or above.
#[derive(Debug)]
pub struct GetOrg;

impl Endpoint for GetOrg {
    const ROUTE: Route = Route::get("jeton.get_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403]);
    type Ports = Reader;
    type Input = (Bearer, OrgPath);
    type Output = Tagged<200, OrgView<'static>>;

    async fn handle(ports: &Reader, (bearer, OrgPath(id)): Self::Input) -> Result<Self::Output, Error> {
        let (org, assertions) = orgs_and_members::org(ports, bearer.token(), &id).await?;
        Ok(Tagged::from_body(&OrgView::from_org(&org, &assertions))?)
    }
}
