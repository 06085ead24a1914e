//! `GET /client/get/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::ClientView;
use shared::api::authlete::{ClientPath, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::Reader;

/// Returns a client with its settings, as `GET /client/get` of Authlete's API.
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
        let client = clients::get(ports, &caller.service, &caller.found, &caller.lookup).await?;
        Ok(Answer::from_body(&ClientView::from_client(&client))?)
    }
}
