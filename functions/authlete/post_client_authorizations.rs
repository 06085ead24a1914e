//! `POST /client/authorization/get/list` of Authlete's API.

use shared::api::authlete::response::ClientAuthorizationListResponse;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::domain::Error;
use shared::platform::capabilities::ClientAuthorizationLister;

use super::list_client_authorizations::answer_list;

/// Lists the clients that a person has let in, whom the body names.
#[derive(Debug)]
pub struct PostClientAuthorizations;

impl Endpoint for PostClientAuthorizations {
    const ROUTE: Route =
        Route::post("authlete.post_client_authorizations", "/api/{serviceId}/client/authorization/get/list", Dialect::Authlete)
            .and_at("/api/client/authorization/get/list");
    type Ports = ClientAuthorizationLister;
    type Input = (ServiceCredentials, Lenient<request::PostedClientAuthorizations>);
    type Output = Answer<200, ClientAuthorizationListResponse<'static>>;

    async fn handle(
        ports: &ClientAuthorizationLister,
        (credentials, Lenient(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        answer_list(ports, &credentials, request.try_into_page()?).await
    }
}
