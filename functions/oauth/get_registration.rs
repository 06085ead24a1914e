//! `GET /oauth2/register/{client_id}`: RFC 7592 section 2.1.

use shared::domain::Error;
use shared::http::{Answer, Dialect, Endpoint, RegistrationAccess, Route};
use shared::ports::Reader;
use shared::registration::identify;
use shared::wire::oauth::registration::ClientInformation;

/// Shows a client how it is registered.
#[derive(Debug)]
pub struct GetRegistration;

impl Endpoint for GetRegistration {
    const ROUTE: Route = Route::get("oauth.get_registration", "/oauth2/register/{client_id}", Dialect::OAuth);
    type Ports = Reader;
    type Input = RegistrationAccess;
    type Output = Answer<200, ClientInformation>;

    async fn handle(ports: &Reader, access: RegistrationAccess) -> Result<Self::Output, Error> {
        let registered = identify(ports, &access.id, access.token).await?;
        Ok(Answer::of(&ClientInformation::of(&registered, ports.keys.issuer())?)?)
    }
}
