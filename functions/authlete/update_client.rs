//! `POST /client/update/{id}` of Authlete's API.

use shared::clients;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, ClientPath, Dialect, Endpoint, Lenient, Route, ServiceCredentials};
use shared::ports::ClientWriter;
use shared::service::authenticate;
use shared::wire::authlete::client::{ClientBody, ClientView};

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
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        let client = clients::update(ports, &caller.service, &caller.found, &caller.sought, request.try_into()?).await?;
        Ok(Answer::of(&ClientView::of(&client)?)?)
    }
}
