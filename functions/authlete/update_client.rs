//! `POST /client/update/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::{ClientBody, ClientView};
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::ClientWriter;

/// Replaces what is said of a client.
#[derive(Debug)]
pub struct UpdateClient;

impl Endpoint for UpdateClient {
    const ROUTE: Route = Route::post("authlete.update_client", "/api/{serviceId}/client/update/{id}", Dialect::Authlete)
        .and_at("/api/client/update/{id}");
    type Ports = ClientWriter;
    type Input = (ServiceCredentials, ClientPath, Lenient<ClientBody>);
    type Output = Answer<200, ClientView>;

    async fn handle(
        ports: &ClientWriter,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named.clone()).await?;
        let update = request.into_update_of(&named)?;
        let client = clients::update(ports, &caller.service, &caller.found, &caller.lookup, update).await?;
        Ok(Answer::from_body(&ClientView::from_client(&client))?)
    }
}
