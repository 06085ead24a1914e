//! `POST /auth/authorization/ticket/info` of Authlete's API.

use shared::api::authlete::response::TicketInfoResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::oauth::forwarded::authorization::waiting;
use shared::platform::capabilities::Reader;

/// Tells what an authorization server keeps with the ticket of an authorization request.
#[derive(Debug)]
pub struct GetAuthorizationTicket;

impl Endpoint for GetAuthorizationTicket {
    const ROUTE: Route =
        Route::post("authlete.get_authorization_ticket", "/api/{serviceId}/auth/authorization/ticket/info", Dialect::Authlete)
            .and_at("/api/auth/authorization/ticket/info");
    type Ports = Reader;
    type Input = (ServiceCredentials, Lenient<request::TicketInfo>);
    type Output = Answer<200, TicketInfoResponse<'static>>;

    async fn handle(ports: &Reader, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let ticket = request.try_into_ticket();
        let lookup = ticket.as_ref().ok().cloned();
        let caller = authenticate(ports, &credentials.0, &[api::TOKENS_CREATE], |_| lookup).await?;
        let found: Result<_, Refusal> = ticket.and_then(|ticket| waiting(ports, &caller.service, &caller.found, &ticket));
        Ok(match found {
            Ok(authorization) => {
                let context = authorization.forwarded.as_ref().and_then(|forwarded| forwarded.context.as_deref());
                Answer::from_body(&TicketInfoResponse::from_context(context))?
            }
            Err(refusal) => Answer::from_body(&TicketInfoResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal))?,
        })
    }
}
