//! `GET /v1/orgs/{org}/subjects/{sub}/grants`: the connected apps of a person.

use shared::api::http::{Answer, Dialect, Endpoint, OrgCredentials, Query, Route};
use shared::api::jeton::person_grant::{PersonGrantsPage, PersonGrantsView, PersonPath};
use shared::auth::service::Credentials;
use shared::domain::Error;
use shared::oauth::person_grants;
use shared::platform::capabilities::PersonGrantReader;

/// Lists what a person has granted to OAuth clients, a page at a time, by the number of the client. Needs `urn:jeton:grants:read` in the org
/// or above it, or the org's API secret.
#[derive(Debug)]
pub struct ListGrants;

impl Endpoint for ListGrants {
    const ROUTE: Route = Route::get("jeton.list_grants", "/v1/orgs/{org}/subjects/{sub}/grants", Dialect::Jeton).refuses(&[403]);
    type Ports = PersonGrantReader;
    type Input = (OrgCredentials, PersonPath, Query<PersonGrantsPage>);
    type Output = Answer<200, PersonGrantsView<'static>>;

    async fn handle(
        ports: &PersonGrantReader,
        (OrgCredentials(credentials), PersonPath(org, subject), Query(page)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let credentials = Credentials { org: Some(org), ..credentials };
        let apps = person_grants::list(ports, &credentials, &subject, (page.after, page.limit)).await?;
        Ok(Answer::from_body(&PersonGrantsView::from_apps(&apps))?)
    }
}
