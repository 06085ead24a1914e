//! `DELETE /v1/orgs/{org}`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, NoContent, OrgPath, Route};
use shared::domain::Error;
use shared::platform::capabilities::OrgRemover;

/// Deletes an org in which nothing is left.
#[derive(Debug)]
pub struct DeleteOrg;

impl Endpoint for DeleteOrg {
    const ROUTE: Route = Route::delete("jeton.delete_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = OrgRemover;
    type Input = (Bearer, OrgPath);
    type Output = NoContent;

    async fn handle(ports: &OrgRemover, (bearer, OrgPath(id)): Self::Input) -> Result<Self::Output, Error> {
        orgs_and_members::delete_org(ports, bearer.token(), &id).await?;
        Ok(NoContent)
    }
}
