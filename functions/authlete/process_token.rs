//! `POST /auth/token` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::{Requested, TokenResponse};
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded;
use shared::platform::capabilities::Granter;

/// Processes what a client has sent to the token endpoint of an authorization server.
#[derive(Debug)]
pub struct ProcessToken;

impl Endpoint for ProcessToken {
    const ROUTE: Route =
        Route::post("authlete.process_token", "/api/{serviceId}/auth/token", Dialect::Authlete).and_at("/api/auth/token");
    type Ports = Granter;
    type Input = (ServiceCredentials, Lenient<request::ProcessToken>);
    type Output = Answer<200, TokenResponse<'static>>;

    async fn handle(ports: &Granter, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_request();
        let keys = ports.reader().keys.now().await?;
        let subjects = |org: &_| asked.as_ref().ok().map(|request| request.subjects(&keys, org));
        let caller = authenticate(ports.reader(), &credentials.0, &[api::TOKENS_CREATE], subjects).await?;
        let org = caller.service.org();
        let requested = Requested::from_request(asked.as_ref().ok());
        let processed = async {
            let (request, subjects) = (asked?, caller.lookup.unwrap_or_default());
            // Boxed: it holds all that every grant may need.
            Box::pin(forwarded::process(ports, &caller.service, (&subjects, &caller.found), request)).await
        };
        Ok(match split_refusal(processed.await)? {
            Ok(Ok(outcome)) => Answer::from_body(&TokenResponse::from_outcome(&outcome, &requested, org)?)?,
            Ok(Err(ended)) => {
                let style = ErrorStyle::for_org(org, ports.reader().keys.issuer());
                Answer::from_body(&TokenResponse::ended(ApiCall::at(Self::ROUTE.path), ended, &requested, &style)?)?
            }
            Err(refusal) => {
                let style = ErrorStyle::for_org(org, ports.reader().keys.issuer());
                Answer::from_body(&TokenResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &requested, &style)?)?
            }
        })
    }
}
