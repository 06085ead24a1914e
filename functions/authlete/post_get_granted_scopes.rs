//! `POST /client/granted_scopes/get/{id}` of Authlete's API.

use shared::api::authlete::response::GrantedScopesResponse;
use shared::api::authlete::{ClientPath, Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::domain::Error;
use shared::platform::capabilities::Reader;

use super::get_granted_scopes::answer_granted;

/// Tells which scopes a client has been granted by a person, whom the body names.
#[derive(Debug)]
pub struct PostGetGrantedScopes;

impl Endpoint for PostGetGrantedScopes {
    const ROUTE: Route =
        Route::post("authlete.post_get_granted_scopes", "/api/{serviceId}/client/granted_scopes/get/{id}", Dialect::Authlete)
            .and_at("/api/client/granted_scopes/get/{id}");
    type Ports = Reader;
    type Input = (ServiceCredentials, ClientPath, Lenient<request::PostedSubject>);
    type Output = Answer<200, GrantedScopesResponse<'static>>;

    async fn handle(
        ports: &Reader,
        (credentials, ClientPath(named), Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        answer_granted(ports, &credentials, named, request.try_into_subject()?).await
    }
}
