//! `POST /v1/authorizations/{id}/accept`: a login application says who has signed in, and what they grant.

use shared::api::http::{Answer, Dialect, Endpoint, Json, OrgCredentials, Route};
use shared::api::jeton::authorization::{AcceptanceBody, AuthorizationDecided, AuthorizationPath};
use shared::domain::{AuthorizationDetailsType, Error};
use shared::oauth::authorization::hand_over;
use shared::platform::capabilities::AuthorizationAccepter;

/// Accepts what a client asks of a person, and tells where their browser must be sent. Needs `urn:jeton:authorizations:decide` in the org
/// or above it, or the org's API secret.
#[derive(Debug)]
pub struct AcceptAuthorization;

impl Endpoint for AcceptAuthorization {
    const ROUTE: Route = Route::post("jeton.accept_authorization", "/v1/authorizations/{id}/accept", Dialect::Jeton)
        .refuses(&[403, 404, 409, 410, 422]);
    type Ports = AuthorizationAccepter;
    type Input = (OrgCredentials, AuthorizationPath, Json<AcceptanceBody>);
    type Output = Answer<200, AuthorizationDecided>;

    async fn handle(
        ports: &AuthorizationAccepter,
        (OrgCredentials(credentials), AuthorizationPath(key), Json(said)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let read = |types: &[AuthorizationDetailsType]| said.try_into_acceptance(types);
        let url = hand_over::accept(ports, credentials, &key, read).await?;
        Ok(Answer::from_body(&AuthorizationDecided::to(url))?)
    }
}
