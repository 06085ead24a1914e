//! `PUT /v1/orgs/{org}`: Jeton's own directory.

use shared::directory;
use shared::domain::Error;
use shared::http::{Bearer, Dialect, Endpoint, Json, OrgPath, Route, Written};
use shared::ports::OrgWriter;
use shared::store::Put;
use shared::wire::jeton::org::{self, OrgView};

/// Creates an org below one that the bearer administers, or changes one that it administers.
#[derive(Debug)]
pub struct PutOrg;

impl Endpoint for PutOrg {
    const ROUTE: Route = Route::put("jeton.put_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403, 409]);
    type Ports = OrgWriter;
    type Input = (Bearer, OrgPath, Json<org::PutOrg>);
    type Output = Written<OrgView<'static>>;

    async fn handle(ports: &OrgWriter, (bearer, OrgPath(id), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let (org, put) = directory::put_org(ports, bearer.token(), &id, request.try_into()?).await?;
        Ok(Written::of(put == Put::Created, &OrgView::of(&org))?)
    }
}
