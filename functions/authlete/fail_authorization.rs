//! `POST /auth/authorization/fail` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::AuthorizationFailResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::oauth::forwarded::authorization;
use shared::platform::capabilities::AuthorizationKeeper;

/// Tells the client why nothing comes of its authorization request.
#[derive(Debug)]
pub struct FailAuthorization;

impl Endpoint for FailAuthorization {
    const ROUTE: Route =
        Route::post("authlete.fail_authorization", "/api/{serviceId}/auth/authorization/fail", Dialect::Authlete)
            .and_at("/api/auth/authorization/fail");
    type Ports = AuthorizationKeeper;
    type Input = (ServiceCredentials, Lenient<request::FailAuthorization>);
    type Output = Answer<200, AuthorizationFailResponse>;

    async fn handle(ports: &AuthorizationKeeper, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let ticket = request.ticket();
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let failed = async {
            let reason = request.try_into_reason()?;
            let ticket = caller.lookup.as_ref().ok_or(Refusal::TicketRejected)?;
            Ok((authorization::fail(ports, &caller.service, &caller.found, ticket).await?, reason))
        };
        let style = ErrorStyle::for_org(caller.service.org(), ports.reader.keys.issuer());
        Ok(match split_refusal(failed.await)? {
            Ok((answer, (reason, description))) => {
                Answer::from_body(&AuthorizationFailResponse::from_answer(&answer, reason, description, &style))?
            }
            Err(refusal) => {
                Answer::from_body(&AuthorizationFailResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
