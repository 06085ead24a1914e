//! `POST /v1/orgs/{org}/secret`: Jeton's own directory.

use shared::directory;
use shared::domain::Error;
use shared::http::{Answer, Bearer, Dialect, Endpoint, OrgPath, Route};
use shared::ports::AccessKeeper;
use shared::wire::jeton::org::OrgSecret;

/// Makes a new API secret for an org, and tells it once.
#[derive(Debug)]
pub struct RefreshOrgSecret;

impl Endpoint for RefreshOrgSecret {
    const ROUTE: Route = Route::post("jeton.refresh_org_secret", "/v1/orgs/{org}/secret", Dialect::Jeton).refuses(&[403, 409]);
    type Ports = AccessKeeper;
    type Input = (Bearer, OrgPath);
    type Output = Answer<200, OrgSecret<'static>>;

    async fn handle(ports: &AccessKeeper, (bearer, OrgPath(id)): Self::Input) -> Result<Self::Output, Error> {
        let secret = directory::refresh_org_secret(ports, bearer.token(), &id).await?;
        Ok(Answer::of(&OrgSecret::of(&id, &secret))?)
    }
}
