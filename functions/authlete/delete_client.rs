//! `DELETE /client/delete/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::{ClientPath, ServiceCredentials};
use shared::api::http::{Dialect, Endpoint, NoContent, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::ClientRemover;

/// Deletes a client, and with it all its tokens.
#[derive(Debug)]
pub struct DeleteClient;

impl Endpoint for DeleteClient {
    const ROUTE: Route = Route::delete("authlete.delete_client", "/api/{serviceId}/client/delete/{id}", Dialect::Authlete)
        .and_at("/api/client/delete/{id}");
    type Ports = ClientRemover;
    type Input = (ServiceCredentials, ClientPath);
    type Output = NoContent;

    async fn handle(ports: &ClientRemover, (credentials, ClientPath(named)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        clients::delete(ports, &caller.service, &caller.found, &caller.lookup).await?;
        Ok(NoContent)
    }
}
