//! `POST /backchannel/authentication/complete` of Authlete's API.

use shared::api::authlete::response::BackchannelCompleteResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::oauth::forwarded::backchannel::complete;
use shared::platform::capabilities::AuthorizationKeeper;

/// Keeps what a person has decided about what a client asks for, and says whether the client must be told.
#[derive(Debug)]
pub struct CompleteBackchannel;

impl Endpoint for CompleteBackchannel {
    const ROUTE: Route =
        Route::post("authlete.complete_backchannel", "/api/{serviceId}/backchannel/authentication/complete", Dialect::Authlete)
            .and_at("/api/backchannel/authentication/complete");
    type Ports = AuthorizationKeeper;
    type Input = (ServiceCredentials, Lenient<request::CompleteBackchannel>);
    type Output = Answer<200, BackchannelCompleteResponse<'static>>;

    async fn handle(ports: &AuthorizationKeeper, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let call = ApiCall::at(Self::ROUTE.path);
        let ticket = request.ticket();
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| ticket).await?;
        let decided = async {
            let decision = request.try_into_decision()?;
            let ticket = caller.lookup.as_ref().ok_or(Refusal::TicketRejected)?;
            complete(ports, &caller.service, &caller.found, (ticket, decision)).await
        };
        Ok(match split_refusal(decided.await)? {
            Ok(decided) => Answer::from_body(&BackchannelCompleteResponse::from_decided(call, &decided, caller.service.org())?)?,
            Err(refusal) => Answer::from_body(&BackchannelCompleteResponse::refused(call, &refusal))?,
        })
    }
}
