//! `POST /v1/orgs/{org}/secret`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, OrgPath, Route};
use shared::api::jeton::org::OrgSecret;
use shared::domain::Error;
use shared::platform::capabilities::SecretWriter;

/// Makes a new API secret for an org, and tells it once.
#[derive(Debug)]
pub struct RefreshOrgSecret;

impl Endpoint for RefreshOrgSecret {
    const ROUTE: Route = Route::post("jeton.refresh_org_secret", "/v1/orgs/{org}/secret", Dialect::Jeton).refuses(&[403, 409]);
    type Ports = SecretWriter;
    type Input = (Bearer, OrgPath);
    type Output = Answer<200, OrgSecret<'static>>;

    async fn handle(ports: &SecretWriter, (bearer, OrgPath(id)): Self::Input) -> Result<Self::Output, Error> {
        let secret = orgs_and_members::refresh_org_secret(ports, bearer.token(), &id).await?;
        Ok(Answer::from_body(&OrgSecret::new(&id, &secret))?)
    }
}
