//! `POST /client/lock_flag/update/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::{LockView, UpdateLock};
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::SecretWriter;

/// Locks a client, or unlocks it.
#[derive(Debug)]
pub struct UpdateClientLock;

impl Endpoint for UpdateClientLock {
    const ROUTE: Route =
        Route::post("authlete.update_client_lock", "/api/{serviceId}/client/lock_flag/update/{id}", Dialect::Authlete)
            .and_at("/api/client/lock_flag/update/{id}");
    type Ports = SecretWriter;
    type Input = (ServiceCredentials, ClientPath, Lenient<UpdateLock>);
    type Output = Answer<200, LockView>;

    async fn handle(
        ports: &SecretWriter,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        let client = clients::lock(ports, &caller.service, &caller.found, &caller.lookup, request.client_locked).await?;
        Ok(Answer::from_body(&LockView::from_client(&client))?)
    }
}
