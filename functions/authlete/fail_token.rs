//! `POST /auth/token/fail` of Authlete's API.

use shared::api::authlete::content::Style;
use shared::api::authlete::response::TokenFailResponse;
use shared::api::authlete::result::Call;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, understood};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::TicketEnder;
use shared::tokens::issue;

/// Spends a ticket on which no token shall be issued.
#[derive(Debug)]
pub struct FailToken;

impl Endpoint for FailToken {
    const ROUTE: Route =
        Route::post("authlete.fail_token", "/api/{serviceId}/auth/token/fail", Dialect::Authlete).and_at("/api/auth/token/fail");
    type Ports = TicketEnder;
    type Input = (ServiceCredentials, Lenient<request::FailToken>);
    type Output = Answer<200, TokenFailResponse>;

    async fn handle(ports: &TicketEnder, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.take();
        let ticket = asked.as_ref().ok().map(|(ticket, _)| ticket.clone());
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let style = Style::of(caller.service.org(), ports.reader.keys.issuer());
        let failed = async {
            let (ticket, reason) = asked?;
            issue::fail(ports, &caller.service, &caller.found, &ticket).await?;
            Ok(reason)
        };
        let answer = match understood(failed.await)? {
            Ok(reason) => TokenFailResponse::of(reason, &style)?,
            Err(refusal) => TokenFailResponse::refused(Call::at(Self::ROUTE.path), &refusal, &style)?,
        };
        Ok(Answer::of(&answer)?)
    }
}
