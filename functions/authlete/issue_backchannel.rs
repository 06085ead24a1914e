//! `POST /backchannel/authentication/issue` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::BackchannelIssueResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::backchannel;
use shared::platform::capabilities::AuthorizationKeeper;

/// Makes the `auth_req_id` of a request, for a person whom the authorization server has found.
#[derive(Debug)]
pub struct IssueBackchannel;

impl Endpoint for IssueBackchannel {
    const ROUTE: Route =
        Route::post("authlete.issue_backchannel", "/api/{serviceId}/backchannel/authentication/issue", Dialect::Authlete)
            .and_at("/api/backchannel/authentication/issue");
    type Ports = AuthorizationKeeper;
    type Input = (ServiceCredentials, Lenient<request::IssueBackchannel>);
    type Output = Answer<200, BackchannelIssueResponse<'static>>;

    async fn handle(ports: &AuthorizationKeeper, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let ticket = request.ticket();
        let sought = ticket.clone().ok();
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| sought).await?;
        let issued = async { backchannel::issue(ports, &caller.service, &caller.found, &ticket?).await };
        let style = ErrorStyle::for_org(caller.service.org(), ports.reader.keys.issuer());
        Ok(match split_refusal(issued.await)? {
            Ok(acknowledged) => Answer::from_body(&BackchannelIssueResponse::from_acknowledged(&acknowledged)?)?,
            Err(refusal) => {
                Answer::from_body(&BackchannelIssueResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
