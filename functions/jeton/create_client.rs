//! `POST /v1/orgs/{org}/clients`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Bearer, Created, Dialect, Endpoint, Json, OrgPath, Route};
use shared::api::jeton::client::{ClientCreated, ClientShown, PutClient};
use shared::auth::service::authenticate_member;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::ClientCreator;

/// Creates an OAuth client, with a number of the service's making. The secret of one that authenticates by a secret is told once.
#[derive(Debug)]
pub struct CreateClient;

impl Endpoint for CreateClient {
    const ROUTE: Route = Route::post("jeton.create_client", "/v1/orgs/{org}/clients", Dialect::Jeton).refuses(&[403, 409]);
    type Ports = ClientCreator;
    type Input = (Bearer, OrgPath, Json<PutClient>);
    type Output = Created<ClientCreated<'static>>;

    async fn handle(ports: &ClientCreator, (bearer, OrgPath(org), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let draft = request.try_into_new(&org)?;
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &[api::CLIENTS_WRITE], ()).await?;
        let (client, secret) = clients::create_as_drafted(ports, &caller.service, draft).await?;
        let place = format!("/v1/orgs/{}/clients/{}", client.org, client.id);
        let created = Created::at(place, &ClientCreated::new(&client, secret.as_ref()))?;
        Ok(created.tagged(&ClientShown::from_client(&client))?)
    }
}
