//! `POST /auth/token/issue` of Authlete's API.

use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, Dialect, Endpoint, Lenient, Route, ServiceCredentials, understood};
use shared::issue;
use shared::ports::Granter;
use shared::service::authenticate;
use shared::wire::authlete::content::Style;
use shared::wire::authlete::request;
use shared::wire::authlete::response::TokenIssueResponse;
use shared::wire::authlete::result::Call;

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
