//! `POST /auth/authorization/issue` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::AuthorizationIssueResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::oauth::forwarded::authorization;
use shared::platform::capabilities::AuthorizationKeeper;

/// Makes the code of an authorization request, for a person whom the authorization server has authenticated.
#[derive(Debug)]
pub struct IssueAuthorization;

impl Endpoint for IssueAuthorization {
    const ROUTE: Route =
        Route::post("authlete.issue_authorization", "/api/{serviceId}/auth/authorization/issue", Dialect::Authlete)
            .and_at("/api/auth/authorization/issue");
    type Ports = AuthorizationKeeper;
    type Input = (ServiceCredentials, Lenient<request::IssueAuthorization>);
    type Output = Answer<200, AuthorizationIssueResponse<'static>>;

    async fn handle(ports: &AuthorizationKeeper, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let ticket = request.ticket();
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let decided = async {
            let said = request.try_into_approval()?;
            let ticket = caller.lookup.as_ref().ok_or(Refusal::TicketRejected)?;
            authorization::issue(ports, &caller.service, &caller.found, ticket, said).await
        };
        let style = ErrorStyle::for_org(caller.service.org(), ports.reader.keys.issuer());
        Ok(match split_refusal(decided.await)? {
            Ok(decided) => Answer::from_body(&AuthorizationIssueResponse::from_decided(&decided, &style))?,
            Err(refusal) => {
                Answer::from_body(&AuthorizationIssueResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
