//! `POST /client/granted_scopes/delete/{id}` of Authlete's API.

use shared::api::authlete::response::ClientAuthorizationResponse;
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::domain::Error;
use shared::platform::capabilities::PersonGrantRemover;

use super::delete_granted_scopes::answer_forgotten;

/// Forgets which scopes a client has been granted by a person, whom the body names.
#[derive(Debug)]
pub struct PostDeleteGrantedScopes;

impl Endpoint for PostDeleteGrantedScopes {
    const ROUTE: Route = Route::post(
        "authlete.post_delete_granted_scopes",
        "/api/{serviceId}/client/granted_scopes/delete/{id}",
        Dialect::Authlete,
    )
    .and_at("/api/client/granted_scopes/delete/{id}");
    type Ports = PersonGrantRemover;
    type Input = (ServiceCredentials, ClientPath, Lenient<request::PostedSubject>);
    type Output = Answer<200, ClientAuthorizationResponse>;

    async fn handle(
        ports: &PersonGrantRemover,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        answer_forgotten(ports, &credentials, named, request.try_into_subject()?).await
    }
}
