//! `GET /v1/orgs/{org}/issuers`: Jeton's own directory.

use shared::admin::issuers;
use shared::api::http::{Answer, Dialect, Endpoint, OrgCredentials, OrgPath, Route};
use shared::api::jeton::issuer::{IssuersView, TestLookup};
use shared::auth::service::{Credentials, authenticate};
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::DirectoryReader;

/// Lists the issuers that an org trusts, with their keys, as they can be had now, and how many clients are workloads of each. Needs
/// `orgs:read` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct ListIssuers;

impl Endpoint for ListIssuers {
    const ROUTE: Route = Route::get("jeton.list_issuers", "/v1/orgs/{org}/issuers", Dialect::Jeton).refuses(&[403]);
    type Ports = DirectoryReader;
    type Input = (OrgCredentials, OrgPath);
    type Output = Answer<200, IssuersView<'static>>;

    async fn handle(
        ports: &DirectoryReader,
        (OrgCredentials(credentials), OrgPath(org)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let needs = [api::ORGS_READ, api::ORGS_WRITE];
        let credentials = Credentials { org: Some(org.clone()), ..credentials };
        let caller = authenticate(&ports.reader, &credentials, &needs, |_| TestLookup(None)).await?;
        let settings = caller.found.into_assertion_settings(&org);
        let reports = issuers::list(ports, &org, settings).await?;
        Ok(Answer::from_body(&IssuersView::from_reports(&reports))?)
    }
}
