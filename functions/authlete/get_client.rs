//! `GET /client/get/{id}` of Authlete's API.

use shared::clients;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, ClientPath, Dialect, Endpoint, Route, ServiceCredentials};
use shared::ports::Reader;
use shared::service::authenticate;
use shared::wire::authlete::client::ClientView;

/// Shows a client.
#[derive(Debug)]
pub struct GetClient;

impl Endpoint for GetClient {
    const ROUTE: Route =
        Route::get("authlete.get_client", "/api/{serviceId}/client/get/{id}", Dialect::Authlete).and_at("/api/client/get/{id}");
    type Ports = Reader;
    type Input = (ServiceCredentials, ClientPath);
    type Output = Answer<200, ClientView>;

    async fn handle(ports: &Reader, (credentials, ClientPath(named)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(ports, &credentials.0, &[api::CLIENTS_READ, api::CLIENTS_WRITE], |_| named).await?;
        let client = clients::get(ports, &caller.service, &caller.found, &caller.sought).await?;
        Ok(Answer::of(&ClientView::of(&client)?)?)
    }
}
