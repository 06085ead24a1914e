//! `GET /v1/orgs/{org}`: Jeton's own directory.

use shared::directory;
use shared::domain::Error;
use shared::http::{Answer, Bearer, Dialect, Endpoint, OrgPath, Route};
use shared::ports::Reader;
use shared::wire::jeton::org::OrgView;

/// Shows an org.
#[derive(Debug)]
pub struct GetOrg;

impl Endpoint for GetOrg {
    const ROUTE: Route = Route::get("jeton.get_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403]);
    type Ports = Reader;
    type Input = (Bearer, OrgPath);
    type Output = Answer<200, OrgView<'static>>;

    async fn handle(ports: &Reader, (bearer, OrgPath(id)): Self::Input) -> Result<Self::Output, Error> {
        let org = directory::org(ports, bearer.token(), &id).await?;
        Ok(Answer::of(&OrgView::of(&org))?)
    }
}
