//! `POST /v1/orgs/{org}/issuers/test`: Jeton's own directory.

use shared::admin::issuers;
use shared::api::http::{Answer, Dialect, Endpoint, Json, OrgCredentials, OrgPath, Route};
use shared::api::jeton::issuer::{TestLookup, TestResult, TestToken};
use shared::auth::service::{Credentials, authenticate};
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::IssuerTester;

/// Tells which rule stops the token of a platform, and all that can be judged of it. Nothing is used up or issued. An org has 60 tests a
/// minute. Needs `orgs:read` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct TestIssuer;

impl Endpoint for TestIssuer {
    const ROUTE: Route =
        Route::post("jeton.test_issuer", "/v1/orgs/{org}/issuers/test", Dialect::Jeton).refuses(&[403, 404, 429]);
    type Ports = IssuerTester;
    type Input = (OrgCredentials, OrgPath, Json<TestToken>);
    type Output = Answer<200, TestResult<'static>>;

    async fn handle(
        ports: &IssuerTester,
        (OrgCredentials(credentials), OrgPath(org), Json(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let asked = request.try_into_test()?;
        let needs = [api::ORGS_READ, api::ORGS_WRITE];
        let credentials = Credentials { org: Some(org), ..credentials };
        let caller = authenticate(&ports.directory.reader, &credentials, &needs, |_| TestLookup(asked.client)).await?;
        let report = issuers::test(ports, &caller.service, caller.found, &asked).await?;
        Ok(Answer::from_body(&TestResult::from_report(&report))?)
    }
}
