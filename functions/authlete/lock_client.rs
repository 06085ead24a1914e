//! `POST /client/lock_flag/update/{id}`: contract `authlete`, section 3.

use shared::clients;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, ClientPath, Dialect, Endpoint, Lenient, Route, ServiceCredentials};
use shared::ports::ClientWriter;
use shared::service::authenticate;
use shared::wire::authlete::client::{LockView, UpdateLock};

/// Locks a client, or unlocks it.
#[derive(Debug)]
pub struct LockClient;

impl Endpoint for LockClient {
    const ROUTE: Route = Route::post("authlete.lock_client", "/api/{serviceId}/client/lock_flag/update/{id}", Dialect::Authlete)
        .and_at("/api/client/lock_flag/update/{id}");
    type Ports = ClientWriter;
    type Input = (ServiceCredentials, ClientPath, Lenient<UpdateLock>);
    type Output = Answer<200>;

    async fn handle(
        ports: &ClientWriter,
        (credentials, ClientPath(id), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| id).await?;
        let locked = request.client_locked;
        let client = clients::lock(ports, &caller.service, &caller.found, &caller.sought, locked).await?;
        Ok(Answer::of(&LockView::of(&client))?)
    }
}
