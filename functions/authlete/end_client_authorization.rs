//! `POST /client/authorization/delete/{id}` of Authlete's API.

use shared::api::authlete::response::ClientAuthorizationResponse;
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::domain::Error;
use shared::platform::capabilities::ClientAuthorizationRemover;

use super::delete_client_authorization::answer_deletion;

/// Ends all that a client has for a person, whom the body names.
#[derive(Debug)]
pub struct EndClientAuthorization;

impl Endpoint for EndClientAuthorization {
    const ROUTE: Route =
        Route::post("authlete.end_client_authorization", "/api/{serviceId}/client/authorization/delete/{id}", Dialect::Authlete)
            .and_at("/api/client/authorization/delete/{id}");
    type Ports = ClientAuthorizationRemover;
    type Input = (ServiceCredentials, ClientPath, Lenient<request::PostedSubject>);
    type Output = Answer<200, ClientAuthorizationResponse>;

    async fn handle(
        ports: &ClientAuthorizationRemover,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        answer_deletion(ports, &credentials, named, request.try_into_subject()?).await
    }
}
