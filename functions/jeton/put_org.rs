//! `PUT /v1/orgs/{org}`: Jeton's own directory.

use shared::admin::orgs_and_members::{self, OrgWrite};
use shared::api::http::{Bearer, Dialect, Endpoint, Json, OrgPath, Preconditions, Query, Route, Written};
use shared::api::jeton::org;
use shared::api::jeton::org::{OrgView, OrgWriteQuery};
use shared::domain::{AssertionSettings, Error, Org};
use shared::platform::capabilities::OrgWriter;
use shared::store::Put;

/// Creates an org below one that the bearer administers, or replaces one that it administers. What is left out gets its default:
/// `PATCH` changes one thing and leaves the rest.
#[derive(Debug)]
pub struct PutOrg;

impl Endpoint for PutOrg {
    const ROUTE: Route = Route::put("jeton.put_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403, 409]);
    type Ports = OrgWriter;
    type Input = (Bearer, OrgPath, Preconditions, Query<OrgWriteQuery>, Json<org::PutOrg>);
    type Output = Written<OrgView<'static>>;

    async fn handle(
        ports: &OrgWriter,
        (bearer, OrgPath(id), conditions, Query(query), Json(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let said = request.into_draft(&id)?;
        let draft = |there: Option<(&Org, &AssertionSettings)>| {
            conditions.check(there.map(|(org, assertions)| OrgView::from_org(org, assertions)).as_ref())?;
            Ok(said.clone())
        };
        let write = OrgWrite::CreateOrChange { parent: said.parent.as_ref() };
        let (org, assertions, put) =
            orgs_and_members::write_org(&ports.changer, bearer.token(), &id, write, query.key_check, draft).await?;
        Ok(Written::from_body(put == Put::Created, &OrgView::from_org(&org, &assertions))?)
    }
}
