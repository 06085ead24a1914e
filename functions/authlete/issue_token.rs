//! `POST /auth/token/issue` of Authlete's API.

use shared::api::authlete::content::Style;
use shared::api::authlete::response::TokenIssueResponse;
use shared::api::authlete::result::Call;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, understood};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::Granter;
use shared::tokens::issue;

/// Issues a token on a ticket, for a user whom the authorization server has authenticated.
#[derive(Debug)]
pub struct IssueToken;

impl Endpoint for IssueToken {
    const ROUTE: Route = Route::post("authlete.issue_token", "/api/{serviceId}/auth/token/issue", Dialect::Authlete)
        .and_at("/api/auth/token/issue");
    type Ports = Granter;
    type Input = (ServiceCredentials, Lenient<request::IssueToken>);
    type Output = Answer<200, TokenIssueResponse<'static>>;

    async fn handle(ports: &Granter, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.take();
        let ticket = asked.as_ref().ok().map(|(ticket, _)| ticket.clone());
        let caller = authenticate(ports.reader(), &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let issued = async {
            let (ticket, word) = asked?;
            issue::issue(ports, &caller.service, &caller.found, &ticket, word).await
        };
        Ok(match understood(issued.await)? {
            Ok(issued) => Answer::of(&TokenIssueResponse::of(&issued, caller.service.org())?)?,
            Err(refusal) => {
                let style = Style::of(caller.service.org(), ports.reader().keys.issuer());
                Answer::of(&TokenIssueResponse::refused(Call::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
