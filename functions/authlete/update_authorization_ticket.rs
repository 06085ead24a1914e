//! `POST /auth/authorization/ticket/update` of Authlete's API.

use shared::api::authlete::response::TicketUpdateResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::authorization::update_context;
use shared::platform::capabilities::AuthorizationKeeper;

/// Replaces what an authorization server keeps with the ticket of an authorization request.
#[derive(Debug)]
pub struct UpdateAuthorizationTicket;

impl Endpoint for UpdateAuthorizationTicket {
    const ROUTE: Route = Route::post(
        "authlete.update_authorization_ticket",
        "/api/{serviceId}/auth/authorization/ticket/update",
        Dialect::Authlete,
    )
    .and_at("/api/auth/authorization/ticket/update");
    type Ports = AuthorizationKeeper;
    type Input = (ServiceCredentials, Lenient<request::UpdateTicket>);
    type Output = Answer<200, TicketUpdateResponse>;

    async fn handle(ports: &AuthorizationKeeper, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_parts();
        let lookup = asked.as_ref().ok().map(|(ticket, _)| ticket.clone());
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| lookup).await?;
        let updated = async {
            let (ticket, context) = asked?;
            update_context(ports, &caller.service, &caller.found, &ticket, context).await
        };
        Ok(match split_refusal(updated.await)? {
            Ok(()) => Answer::from_body(&TicketUpdateResponse::updated())?,
            Err(refusal) => Answer::from_body(&TicketUpdateResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal))?,
        })
    }
}
