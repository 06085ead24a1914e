//! `POST /client/create` of Authlete's API.

use shared::admin::clients::{self, ClientUpdate};
use shared::api::authlete::client::{ClientBody, ClientView};
use shared::api::authlete::{Lenient, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::ClientCreator;

/// Makes a client, and tells its secret once.
#[derive(Debug)]
pub struct CreateClient;

impl Endpoint for CreateClient {
    const ROUTE: Route =
        Route::post("authlete.create_client", "/api/{serviceId}/client/create", Dialect::Authlete).and_at("/api/client/create");
    type Ports = ClientCreator;
    type Input = (ServiceCredentials, Lenient<ClientBody>);
    type Output = Answer<200, ClientView>;

    async fn handle(ports: &ClientCreator, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| ()).await?;
        let (client, secret) = clients::create(ports, &caller.service, ClientUpdate::try_from(request)?.settings).await?;
        Ok(Answer::from_body(&ClientView::from_client(&client).with_secret(&secret))?)
    }
}
