//! `GET /v1/orgs/{org}/members`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, OrgPath, Query, Route};
use shared::api::jeton::member::{MembersPage, MembersView};
use shared::domain::Error;
use shared::platform::capabilities::DirectoryReader;

/// Lists the members of an org by `sub`, a page at a time.
#[derive(Debug)]
pub struct ListMembers;

impl Endpoint for ListMembers {
    const ROUTE: Route = Route::get("jeton.list_members", "/v1/orgs/{org}/members", Dialect::Jeton).refuses(&[403]);
    type Ports = DirectoryReader;
    type Input = (Bearer, OrgPath, Query<MembersPage>);
    type Output = Answer<200, MembersView<'static>>;

    async fn handle(ports: &DirectoryReader, (bearer, OrgPath(org), Query(page)): Self::Input) -> Result<Self::Output, Error> {
        let members = orgs_and_members::members(ports, bearer.token(), &org, page.after.as_ref(), page.limit).await?;
        Ok(Answer::from_body(&MembersView::from_members(&members, page.limit))?)
    }
}
