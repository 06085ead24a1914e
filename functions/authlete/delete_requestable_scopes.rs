//! `DELETE /client/extension/requestable_scopes/delete/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::{ClientPath, ServiceCredentials};
use shared::api::http::{Dialect, Endpoint, NoContent, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::SecretWriter;

/// Lets a client request every scope of the service again.
#[derive(Debug)]
pub struct DeleteRequestableScopes;

impl Endpoint for DeleteRequestableScopes {
    const ROUTE: Route = Route::delete(
        "authlete.delete_requestable_scopes",
        "/api/{serviceId}/client/extension/requestable_scopes/delete/{id}",
        Dialect::Authlete,
    )
    .and_at("/api/client/extension/requestable_scopes/delete/{id}");
    type Ports = SecretWriter;
    type Input = (ServiceCredentials, ClientPath);
    type Output = NoContent;

    async fn handle(ports: &SecretWriter, (credentials, ClientPath(named)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        clients::limit_scopes(ports, &caller.service, &caller.found, &caller.lookup, None).await?;
        Ok(NoContent)
    }
}
