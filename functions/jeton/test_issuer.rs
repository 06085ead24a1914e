//! `POST /v1/orgs/{org}/issuers/test`: Jeton's own directory.

use shared::admin::issuers;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Json, OrgPath, Route};
use shared::api::jeton::issuer::{TestLookup, TestResult, TestToken};
use shared::auth::service::authenticate_member;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::IssuerTester;

/// Tells which rule stops the token of a platform, and all that can be judged of it. Nothing is used up or
/// issued. An org has 60 tests a minute. Needs
/// `orgs:read` in the org or above it.
#[derive(Debug)]
pub struct TestIssuer;

impl Endpoint for TestIssuer {
    const ROUTE: Route =
        Route::post("jeton.test_issuer", "/v1/orgs/{org}/issuers/test", Dialect::Jeton).refuses(&[403, 404, 429]);
    type Ports = IssuerTester;
    type Input = (Bearer, OrgPath, Json<TestToken>);
    type Output = Answer<200, TestResult<'static>>;

    async fn handle(ports: &IssuerTester, (bearer, OrgPath(org), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_test()?;
        let needs = [api::ORGS_READ, api::ORGS_WRITE];
        let caller = authenticate_member(&ports.directory.reader, bearer.token(), org, &needs, TestLookup(asked.client)).await?;
        let report = issuers::test(ports, &caller.service, caller.found, &asked).await?;
        Ok(Answer::from_body(&TestResult::from_report(&report))?)
    }
}
