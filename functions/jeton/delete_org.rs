//! `DELETE /v1/orgs/{org}`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, NoContent, OrgPath, Preconditions, Route};
use shared::api::jeton::org::OrgView;
use shared::domain::{Error, Org};
use shared::platform::capabilities::OrgRemover;

/// Deletes an org in which nothing is left.
#[derive(Debug)]
pub struct DeleteOrg;

impl Endpoint for DeleteOrg {
    const ROUTE: Route = Route::delete("jeton.delete_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = OrgRemover;
    type Input = (Bearer, OrgPath, Preconditions);
    type Output = NoContent;

    async fn handle(ports: &OrgRemover, (bearer, OrgPath(id), conditions): Self::Input) -> Result<Self::Output, Error> {
        let condition = |org: &Org, assertions: &_| conditions.check(Some(&OrgView::from_org(org, assertions)));
        orgs_and_members::delete_org(ports, bearer.token(), &id, condition).await?;
        Ok(NoContent)
    }
}
