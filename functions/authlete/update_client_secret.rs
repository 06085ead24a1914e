//! `POST /client/secret/update/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::{SecretView, UpdateSecret};
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::SecretWriter;

/// Gives a client a secret of the caller's choice.
#[derive(Debug)]
pub struct UpdateClientSecret;

impl Endpoint for UpdateClientSecret {
    const ROUTE: Route =
        Route::post("authlete.update_client_secret", "/api/{serviceId}/client/secret/update/{id}", Dialect::Authlete)
            .and_at("/api/client/secret/update/{id}");
    type Ports = SecretWriter;
    type Input = (ServiceCredentials, ClientPath, Lenient<UpdateSecret>);
    type Output = Answer<200, SecretView<'static>>;

    async fn handle(
        ports: &SecretWriter,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        let secret = request.try_into_secret()?;
        clients::update_secret(ports, &caller.service, &caller.found, &caller.lookup, &secret).await?;
        Ok(Answer::from_body(&SecretView::updated(secret.as_secret()))?)
    }
}
