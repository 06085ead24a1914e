//! `POST /v1/authorizations/find`: a login application finds what a device asks for.

use shared::api::http::{Answer, Dialect, Endpoint, Json, OrgCredentials, Route};
use shared::api::jeton::authorization::{AttemptBody, AuthorizationQuery, AuthorizationView};
use shared::domain::Error;
use shared::oauth::authorization::find;
use shared::platform::capabilities::AuthorizationFinder;

/// Finds what a device asks for by the code that a person has typed. Each attempt counts: five in ten minutes for each `attempt_by`. Needs
/// `urn:jeton:authorizations:decide` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct FindAuthorization;

impl Endpoint for FindAuthorization {
    const ROUTE: Route =
        Route::post("jeton.find_authorization", "/v1/authorizations/find", Dialect::Jeton).refuses(&[403, 404, 429]);
    type Ports = AuthorizationFinder;
    type Input = (OrgCredentials, Json<AttemptBody>);
    type Output = Answer<200, AuthorizationView<'static>>;

    async fn handle(
        ports: &AuthorizationFinder,
        (OrgCredentials(credentials), Json(body)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let seen = find::find(ports, credentials, body.into_attempt()).await?;
        Ok(Answer::from_body(&AuthorizationView::from_seen(&seen, &AuthorizationQuery { subject: None })?)?)
    }
}
