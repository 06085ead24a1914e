//! `POST /v1/authorizations/{id}/deny`: a login application says no.

use shared::api::http::{Answer, Dialect, Endpoint, MaybeJson, OrgCredentials, Route};
use shared::api::jeton::authorization::{AuthorizationDecided, AuthorizationPath, DenialBody};
use shared::domain::Error;
use shared::oauth::authorization::hand_over;
use shared::platform::capabilities::AuthorizationKeeper;

/// Denies what a client asks of a person, and tells where their browser must be sent. Needs `urn:jeton:authorizations:decide` in the org
/// or above it, or the org's API secret.
#[derive(Debug)]
pub struct DenyAuthorization;

impl Endpoint for DenyAuthorization {
    const ROUTE: Route =
        Route::post("jeton.deny_authorization", "/v1/authorizations/{id}/deny", Dialect::Jeton).refuses(&[403, 404, 409, 410]);
    type Ports = AuthorizationKeeper;
    type Input = (OrgCredentials, AuthorizationPath, MaybeJson<DenialBody>);
    type Output = Answer<200, AuthorizationDecided>;

    async fn handle(
        ports: &AuthorizationKeeper,
        (OrgCredentials(credentials), AuthorizationPath(key), MaybeJson(said)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let (error, description) = said.into_parts();
        let url = hand_over::deny(ports, credentials, &key, error, description).await?;
        Ok(Answer::from_body(&AuthorizationDecided::to(url))?)
    }
}
