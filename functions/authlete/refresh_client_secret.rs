//! `GET /client/secret/refresh/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::SecretView;
use shared::api::authlete::{ClientPath, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::SecretWriter;

/// Makes a new secret for a client, and tells it once. A `GET` that changes something: so the SDKs want it.
#[derive(Debug)]
pub struct RefreshClientSecret;

impl Endpoint for RefreshClientSecret {
    const ROUTE: Route =
        Route::get("authlete.refresh_client_secret", "/api/{serviceId}/client/secret/refresh/{id}", Dialect::Authlete)
            .and_at("/api/client/secret/refresh/{id}");
    type Ports = SecretWriter;
    type Input = (ServiceCredentials, ClientPath);
    type Output = Answer<200, SecretView<'static>>;

    async fn handle(ports: &SecretWriter, (credentials, ClientPath(named)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        let secret = clients::refresh_secret(ports, &caller.service, &caller.found, &caller.lookup).await?;
        Ok(Answer::from_body(&SecretView::refreshed(&secret))?)
    }
}
