//! `PUT /client/extension/requestable_scopes/update/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::{RequestableScopes, RequestableScopesView};
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::SecretWriter;

/// Says which scopes a client may request. Scopes that the service doesn't support are left out.
#[derive(Debug)]
pub struct PutRequestableScopes;

impl Endpoint for PutRequestableScopes {
    const ROUTE: Route = Route::put(
        "authlete.put_requestable_scopes",
        "/api/{serviceId}/client/extension/requestable_scopes/update/{id}",
        Dialect::Authlete,
    )
    .and_at("/api/client/extension/requestable_scopes/update/{id}");
    type Ports = SecretWriter;
    type Input = (ServiceCredentials, ClientPath, Lenient<RequestableScopes>);
    type Output = Answer<200, RequestableScopesView<'static>>;

    async fn handle(
        ports: &SecretWriter,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_WRITE], |_| named).await?;
        let scopes = request.try_into_scopes()?;
        let client = clients::limit_scopes(ports, &caller.service, &caller.found, &caller.lookup, scopes).await?;
        Ok(Answer::from_body(&RequestableScopesView::from_client(&client))?)
    }
}
