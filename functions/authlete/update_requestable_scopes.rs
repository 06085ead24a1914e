//! `POST /client/extension/requestable_scopes/update/{id}` of Authlete's API: some of its SDKs send this instead of `PUT`.

use shared::api::authlete::client::{RequestableScopes, RequestableScopesView};
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::domain::Error;
use shared::platform::capabilities::SecretWriter;

use super::put_requestable_scopes::PutRequestableScopes;

/// Says which scopes a client may request. Scopes that the service doesn't support are left out.
#[derive(Debug)]
pub struct UpdateRequestableScopes;

impl Endpoint for UpdateRequestableScopes {
    const ROUTE: Route = Route::post(
        "authlete.update_requestable_scopes",
        "/api/{serviceId}/client/extension/requestable_scopes/update/{id}",
        Dialect::Authlete,
    )
    .and_at("/api/client/extension/requestable_scopes/update/{id}");
    type Ports = SecretWriter;
    type Input = (ServiceCredentials, ClientPath, Lenient<RequestableScopes>);
    type Output = Answer<200, RequestableScopesView<'static>>;

    async fn handle(ports: &SecretWriter, input: Self::Input) -> Result<Self::Output, Error> {
        PutRequestableScopes::handle(ports, input).await
    }
}
