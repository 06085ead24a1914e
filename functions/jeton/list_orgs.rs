//! `GET /v1/orgs`: Jeton's own directory.

use shared::admin::org_tree;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Query, Route};
use shared::api::jeton::org::{OrgsPage, OrgsView};
use shared::domain::Error;
use shared::platform::capabilities::DirectoryReader;

/// Lists the orgs at and below the bearer's own, a page at a time: each before those below it. Settings are shown of one alone.
#[derive(Debug)]
pub struct ListOrgs;

impl Endpoint for ListOrgs {
    const ROUTE: Route = Route::get("jeton.list_orgs", "/v1/orgs", Dialect::Jeton).refuses(&[403]);
    type Ports = DirectoryReader;
    type Input = (Bearer, Query<OrgsPage>);
    type Output = Answer<200, OrgsView<'static>>;

    async fn handle(ports: &DirectoryReader, (bearer, Query(page)): Self::Input) -> Result<Self::Output, Error> {
        let found = org_tree::orgs(ports, bearer.token(), page.after.as_ref(), page.limit).await?;
        Ok(Answer::from_body(&OrgsView::from_page(&found))?)
    }
}
