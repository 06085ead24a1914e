//! `POST /backchannel/authentication` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::BackchannelResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::backchannel::begin;
use shared::platform::capabilities::PushForwarder;

/// Keeps what a client asks for a person who is not in its browser (OpenID Connect CIBA), until the authorization server has found them.
#[derive(Debug)]
pub struct ProcessBackchannel;

impl Endpoint for ProcessBackchannel {
    const ROUTE: Route =
        Route::post("authlete.process_backchannel", "/api/{serviceId}/backchannel/authentication", Dialect::Authlete)
            .and_at("/api/backchannel/authentication");
    type Ports = PushForwarder;
    type Input = (ServiceCredentials, Lenient<request::ProcessBackchannel>);
    type Output = Answer<200, BackchannelResponse<'static>>;

    async fn handle(ports: &PushForwarder, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let reader = &ports.pusher.keeper.reader;
        let asked = request.try_into_request();
        let client = asked.as_ref().ok().and_then(|asked| asked.credentials.client());
        let caller = authenticate(reader, &credentials.0, &[api::TOKENS_CREATE], |_| client).await?;
        let org = caller.service.org();
        let begun = async { Box::pin(begin(ports, &caller.service, &caller.found, asked?)).await };
        Ok(match split_refusal(begun.await)? {
            Ok(ticketed) => Answer::from_body(&BackchannelResponse::from_ticketed(&ticketed, org)?)?,
            Err(refusal) => {
                let style = ErrorStyle::for_org(org, reader.keys.issuer());
                Answer::from_body(&BackchannelResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
