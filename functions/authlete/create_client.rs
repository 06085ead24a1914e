//! `POST /client/create` of Authlete's API.

use shared::clients;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, Dialect, Endpoint, Lenient, Route, ServiceCredentials};
use shared::ports::ClientCreator;
use shared::service::authenticate;
use shared::wire::authlete::client::{ClientBody, ClientView};

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
        let (client, secret) = clients::create(ports, &caller.service, request.try_into()?).await?;
        Ok(Answer::of(&ClientView::of(&client)?.with_secret(&secret))?)
    }
}
