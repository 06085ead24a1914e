//! `POST /client/authorization/update/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::response::ClientAuthorizationResponse;
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::client_authorizations::update;
use shared::platform::capabilities::ClientAuthorizationUpdater;

/// Replaces the scopes of all access tokens that a client has for a person.
#[derive(Debug)]
pub struct UpdateClientAuthorization;

impl Endpoint for UpdateClientAuthorization {
    const ROUTE: Route = Route::post(
        "authlete.update_client_authorization",
        "/api/{serviceId}/client/authorization/update/{id}",
        Dialect::Authlete,
    )
    .and_at("/api/client/authorization/update/{id}");
    type Ports = ClientAuthorizationUpdater;
    type Input = (ServiceCredentials, ClientPath, Lenient<request::UpdateClientAuthorization>);
    type Output = Answer<200, ClientAuthorizationResponse>;

    async fn handle(
        ports: &ClientAuthorizationUpdater,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let reader = &ports.lister.reader;
        let caller = authenticate(reader, &credentials.0, &[api::TOKENS_CREATE], |_| named).await?;
        let (subject, scopes) = request.try_into_parts()?;
        let client = clients::get(reader, &caller.service, &caller.found, &caller.lookup).await?;
        let count = Box::pin(update(ports, &caller.service, (&client, subject), scopes)).await?;
        Ok(Answer::from_body(&ClientAuthorizationResponse::updated(count, &client, caller.service.org()))?)
    }
}
