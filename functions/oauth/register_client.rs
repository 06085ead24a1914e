//! `POST /oauth2/register`: RFC 7591.

use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Json, Route};
use shared::api::oauth::registration::{ClientInformation, RegistrationBody};
use shared::auth::service::{Credentials, Proof, authenticate};
use shared::domain::scope::api;
use shared::domain::{Error, Secret};
use shared::oauth::registration::{PATH, register};
use shared::platform::capabilities::Registrar;

/// Registers a client in the org of the initial access token, and tells its secret once.
#[derive(Debug)]
pub struct RegisterClient;

impl Endpoint for RegisterClient {
    const ROUTE: Route = Route::post("oauth.register_client", PATH, Dialect::OAuth).refuses(&[403]);
    type Ports = Registrar;
    type Input = (Bearer, Json<RegistrationBody>);
    type Output = Answer<201, ClientInformation>;

    async fn handle(ports: &Registrar, (bearer, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let credentials = Credentials { org: None, proof: Proof::Bearer(Secret::new(bearer.token().to_owned())) };
        let needs = [api::CLIENTS_REGISTER, api::CLIENTS_WRITE];
        let caller = authenticate(&ports.reader, &credentials, &needs, |_| ()).await?;
        let registered = register(ports, caller.service, body.registration()?).await?;
        Ok(Answer::from_body(&ClientInformation::from_registered(&registered, ports.reader.keys.issuer())?)?)
    }
}
