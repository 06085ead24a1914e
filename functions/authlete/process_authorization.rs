//! `POST /auth/authorization` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::AuthorizationResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::oauth::forwarded::authorization::{Examined, ForwardedAuthorization, examine};
use shared::platform::capabilities::AuthorizationKeeper;

/// Processes what a client has sent to the authorization endpoint of an authorization server.
#[derive(Debug)]
pub struct ProcessAuthorization;

impl Endpoint for ProcessAuthorization {
    const ROUTE: Route = Route::post("authlete.process_authorization", "/api/{serviceId}/auth/authorization", Dialect::Authlete)
        .and_at("/api/auth/authorization");
    type Ports = AuthorizationKeeper;
    type Input = (ServiceCredentials, Lenient<request::ProcessAuthorization>);
    type Output = Answer<200, AuthorizationResponse<'static>>;

    async fn handle(ports: &AuthorizationKeeper, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_request();
        let subjects = asked.as_ref().ok().map(ForwardedAuthorization::subjects);
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| subjects).await?;
        let (call, org, issuer) = (ApiCall::at(Self::ROUTE.path), caller.service.org(), ports.reader.keys.issuer());
        let examined = async { examine(ports, &caller.service, &caller.found, asked?).await };
        Ok(match split_refusal(examined.await)? {
            Ok(Examined::Ticketed(ticketed)) => {
                Answer::from_body(&AuthorizationResponse::from_ticketed(&ticketed, org, issuer)?)?
            }
            Ok(Examined::Denied(denied)) => Answer::from_body(&AuthorizationResponse::denied(call, &denied, org, issuer)?)?,
            // As in every call: a locked client is no request's business.
            Err(Refusal::ClientLocked) => return Err(Refusal::ClientLocked.into()),
            Err(refusal) => {
                let style = ErrorStyle::for_org(org, issuer);
                Answer::from_body(&AuthorizationResponse::refused(call, &refusal, &style)?)?
            }
        })
    }
}
