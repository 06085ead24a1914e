//! `GET /oauth2/register/{client_id}`: RFC 7592 section 2.1.

use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::api::oauth::RegistrationAccess;
use shared::api::oauth::registration::ClientInformation;
use shared::domain::Error;
use shared::oauth::registration::identify;
use shared::platform::capabilities::RegistrationReader;

/// Shows a client how it is registered.
#[derive(Debug)]
pub struct GetRegistration;

impl Endpoint for GetRegistration {
    const ROUTE: Route = Route::get("oauth.get_registration", "/oauth2/register/{client_id}", Dialect::OAuth);
    type Ports = RegistrationReader;
    type Input = RegistrationAccess;
    type Output = Answer<200, ClientInformation>;

    async fn handle(ports: &RegistrationReader, access: RegistrationAccess) -> Result<Self::Output, Error> {
        let registered = identify(&ports.reader, &access.id, access.token).await?;
        Ok(Answer::from_body(&ClientInformation::from_registered(&registered, ports.reader.keys.issuer())?)?)
    }
}
