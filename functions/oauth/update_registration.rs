//! `PUT /oauth2/register/{client_id}`: RFC 7592 section 2.2.

use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::api::oauth::RegistrationAccess;
use shared::api::oauth::registration::{ClientInformation, RegistrationBody};
use shared::domain::Error;
use shared::oauth::registration::{identify, replace};
use shared::platform::capabilities::RegistrationWriter;

/// Replaces what a client has said of itself.
#[derive(Debug)]
pub struct UpdateRegistration;

impl Endpoint for UpdateRegistration {
    const ROUTE: Route = Route::put("oauth.update_registration", "/oauth2/register/{client_id}", Dialect::OAuth);
    type Ports = RegistrationWriter;
    type Input = (RegistrationAccess, Json<RegistrationBody>);
    type Output = Answer<200, ClientInformation>;

    async fn handle(ports: &RegistrationWriter, (access, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let known = identify(&ports.reader, &access.id, access.token).await?;
        let rules = known.service.org().settings.oauth.open_registration.clone();
        let registered = replace(ports, known, |client| body.update(client, &rules)).await?;
        Ok(Answer::from_body(&ClientInformation::from_registered(&registered, ports.reader.keys.issuer())?)?)
    }
}
