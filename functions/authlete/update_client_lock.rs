//! `POST /client/lock_flag/update/{id}` of Authlete's API.

use shared::clients;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, ClientPath, Dialect, Endpoint, Lenient, Route, ServiceCredentials};
use shared::ports::AccessKeeper;
use shared::service::authenticate;
use shared::wire::authlete::client::{LockView, UpdateLock};

/// Locks a client, or unlocks it.
#[derive(Debug)]
pub struct UpdateClientLock;

impl Endpoint for UpdateClientLock {
    const ROUTE: Route =
        Route::post("authlete.update_client_lock", "/api/{serviceId}/client/lock_flag/update/{id}", Dialect::Authlete)
            .and_at("/api/client/lock_flag/update/{id}");
    type Ports = AccessKeeper;
    type Input = (ServiceCredentials, ClientPath, Lenient<UpdateLock>);
    type Output = Answer<200, LockView>;

    async fn handle(
        ports: &AccessKeeper,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        let client = clients::lock(ports, &caller.service, &caller.found, &caller.sought, request.client_locked).await?;
        Ok(Answer::of(&LockView::of(&client))?)
    }
}
