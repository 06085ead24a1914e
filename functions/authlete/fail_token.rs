//! `POST /auth/token/fail` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::TokenFailResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::TicketRevoker;
use shared::tokens::issue;

/// Spends a ticket on which no token shall be issued.
#[derive(Debug)]
pub struct FailToken;

impl Endpoint for FailToken {
    const ROUTE: Route =
        Route::post("authlete.fail_token", "/api/{serviceId}/auth/token/fail", Dialect::Authlete).and_at("/api/auth/token/fail");
    type Ports = TicketRevoker;
    type Input = (ServiceCredentials, Lenient<request::FailToken>);
    type Output = Answer<200, TokenFailResponse>;

    async fn handle(ports: &TicketRevoker, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_parts();
        let ticket = asked.as_ref().ok().map(|(ticket, _)| ticket.clone());
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let style = ErrorStyle::for_org(caller.service.org(), ports.reader.keys.issuer());
        let failed = async {
            let (ticket, reason) = asked?;
            issue::fail(ports, &caller.service, &caller.found, &ticket).await?;
            Ok(reason)
        };
        let answer = match split_refusal(failed.await)? {
            Ok(reason) => TokenFailResponse::from_reason(reason, &style)?,
            Err(refusal) => TokenFailResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?,
        };
        Ok(Answer::from_body(&answer)?)
    }
}
