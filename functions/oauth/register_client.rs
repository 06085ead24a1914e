//! `POST /oauth2/register`: RFC 7591.

use shared::api::http::{Answer, CallerAddress, Dialect, Endpoint, Json, Route};
use shared::api::oauth::InitialAccess;
use shared::api::oauth::registration::{ClientInformation, RegistrationBody};
use shared::auth::service::{Credentials, Proof, authenticate};
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::registration::{PATH, register, register_stranger};
use shared::platform::capabilities::Registrar;

/// Registers a client in the org of the initial access token, or without one in the org that is open to strangers, if it lets them. Tells
/// its secret once.
#[derive(Debug)]
pub struct RegisterClient;

impl Endpoint for RegisterClient {
    const ROUTE: Route = Route::post("oauth.register_client", PATH, Dialect::OAuth).refuses(&[403, 429]);
    type Ports = Registrar;
    type Input = (InitialAccess, CallerAddress, Json<RegistrationBody>);
    type Output = Answer<201, ClientInformation>;

    async fn handle(
        ports: &Registrar,
        (InitialAccess(token), CallerAddress(address), Json(body)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let registered = match token {
            Some(token) => {
                let credentials = Credentials { org: None, proof: Proof::Bearer(token) };
                let needs = [api::CLIENTS_REGISTER, api::CLIENTS_WRITE];
                let caller = authenticate(&ports.reader, &credentials, &needs, |_| ()).await?;
                register(ports, caller.service, body.registration()?).await?
            }
            None => register_stranger(ports, address, |rules| body.registration_of_stranger(rules)).await?,
        };
        Ok(Answer::from_body(&ClientInformation::from_registered(&registered, ports.reader.keys.issuer())?)?)
    }
}
