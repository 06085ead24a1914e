//! `GET /client/extension/requestable_scopes/get/{id}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::RequestableScopesView;
use shared::api::authlete::{ClientPath, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::Reader;

/// Shows which scopes a client may request, if that is limited.
#[derive(Debug)]
pub struct GetRequestableScopes;

impl Endpoint for GetRequestableScopes {
    const ROUTE: Route = Route::get(
        "authlete.get_requestable_scopes",
        "/api/{serviceId}/client/extension/requestable_scopes/get/{id}",
        Dialect::Authlete,
    )
    .and_at("/api/client/extension/requestable_scopes/get/{id}");
    type Ports = Reader;
    type Input = (ServiceCredentials, ClientPath);
    type Output = Answer<200, RequestableScopesView<'static>>;

    async fn handle(ports: &Reader, (credentials, ClientPath(named)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(ports, &credentials.0, &[api::CLIENTS_READ, api::CLIENTS_WRITE], |_| named).await?;
        let client = clients::get(ports, &caller.service, &caller.found, &caller.lookup).await?;
        Ok(Answer::from_body(&RequestableScopesView::from_client(&client))?)
    }
}
