//! `GET /v1/authorizations/{id}`: what a login application is asked to decide.

use shared::api::http::{Answer, Dialect, Endpoint, OrgCredentials, Query, Route};
use shared::api::jeton::authorization::{AuthorizationPath, AuthorizationQuery, AuthorizationView};
use shared::domain::Error;
use shared::oauth::authorization::hand_over;
use shared::platform::capabilities::Reader;

/// Shows what a client asks of a person. Needs `urn:jeton:authorizations:decide` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct GetAuthorization;

impl Endpoint for GetAuthorization {
    const ROUTE: Route =
        Route::get("jeton.get_authorization", "/v1/authorizations/{id}", Dialect::Jeton).refuses(&[403, 404, 410]);
    type Ports = Reader;
    type Input = (OrgCredentials, AuthorizationPath, Query<AuthorizationQuery>);
    type Output = Answer<200, AuthorizationView<'static>>;

    async fn handle(
        ports: &Reader,
        (OrgCredentials(credentials), AuthorizationPath(key), Query(query)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let seen = hand_over::read(ports, credentials, &key, query.subject.as_ref()).await?;
        Ok(Answer::from_body(&AuthorizationView::from_seen(&seen, &query)?)?)
    }
}
