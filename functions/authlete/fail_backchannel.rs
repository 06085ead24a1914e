//! `POST /backchannel/authentication/fail` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::BackchannelFailResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::backchannel;
use shared::platform::capabilities::AuthorizationKeeper;

/// Tells the client why nothing comes of its request for a person.
#[derive(Debug)]
pub struct FailBackchannel;

impl Endpoint for FailBackchannel {
    const ROUTE: Route =
        Route::post("authlete.fail_backchannel", "/api/{serviceId}/backchannel/authentication/fail", Dialect::Authlete)
            .and_at("/api/backchannel/authentication/fail");
    type Ports = AuthorizationKeeper;
    type Input = (ServiceCredentials, Lenient<request::FailBackchannel>);
    type Output = Answer<200, BackchannelFailResponse>;

    async fn handle(ports: &AuthorizationKeeper, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let ticket = request.ticket();
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let failed = async {
            let reason = request.try_into_reason()?;
            if let Some(ticket) = &caller.lookup {
                backchannel::fail(ports, &caller.service, &caller.found, ticket).await?;
            }
            Ok(reason)
        };
        let style = ErrorStyle::for_org(caller.service.org(), ports.reader.keys.issuer());
        Ok(match split_refusal(failed.await)? {
            Ok((reason, told)) => Answer::from_body(&BackchannelFailResponse::from_reason(reason, told, &style)?)?,
            Err(refusal) => {
                Answer::from_body(&BackchannelFailResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
