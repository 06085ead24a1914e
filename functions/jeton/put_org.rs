//! `PUT /v1/orgs/{org}`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, Json, OrgPath, Route, Written};
use shared::api::jeton::org;
use shared::api::jeton::org::OrgView;
use shared::domain::Error;
use shared::platform::capabilities::OrgWriter;
use shared::store::Put;

/// Creates an org below one that the bearer administers, or changes one that it administers.
#[derive(Debug)]
pub struct PutOrg;

impl Endpoint for PutOrg {
    const ROUTE: Route = Route::put("jeton.put_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403, 409]);
    type Ports = OrgWriter;
    type Input = (Bearer, OrgPath, Json<org::PutOrg>);
    type Output = Written<OrgView<'static>>;

    async fn handle(ports: &OrgWriter, (bearer, OrgPath(id), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let (org, assertions, put) = orgs_and_members::put_org(ports, bearer.token(), &id, request.into_draft(&id)?).await?;
        Ok(Written::from_body(put == Put::Created, &OrgView::from_org(&org, &assertions))?)
    }
}
