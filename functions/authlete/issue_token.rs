//! `POST /auth/token/issue` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::TokenIssueResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
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
        let asked = request.try_into_parts();
        let ticket = asked.as_ref().ok().map(|(ticket, _)| ticket.clone());
        let caller = authenticate(ports.reader(), &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let issued = async {
            let (ticket, word) = asked?;
            issue::issue(ports, &caller.service, &caller.found, &ticket, word).await
        };
        Ok(match split_refusal(issued.await)? {
            Ok(issued) => Answer::from_body(&TokenIssueResponse::from_issued(&issued, caller.service.org())?)?,
            Err(refusal) => {
                let style = ErrorStyle::for_org(caller.service.org(), ports.reader().keys.issuer());
                Answer::from_body(&TokenIssueResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
