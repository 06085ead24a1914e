//! `POST /device/complete` of Authlete's API.

use shared::api::authlete::response::DeviceCompleteResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::device::complete;
use shared::platform::capabilities::DeviceDecider;

/// Keeps what an authorization server has decided about what a device asks for.
#[derive(Debug)]
pub struct CompleteDevice;

impl Endpoint for CompleteDevice {
    const ROUTE: Route = Route::post("authlete.complete_device", "/api/{serviceId}/device/complete", Dialect::Authlete)
        .and_at("/api/device/complete");
    type Ports = DeviceDecider;
    type Input = (ServiceCredentials, Lenient<request::CompleteDevice>);
    type Output = Answer<200, DeviceCompleteResponse>;

    async fn handle(ports: &DeviceDecider, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let code = request.user_code();
        let caller = authenticate(&ports.keeper.reader, &credentials.0, &[api::TOKENS_CREATE], |_| code).await?;
        let decided = async {
            let decision = request.try_into_decision()?;
            complete(ports, &caller.service, &caller.found, (caller.lookup.as_ref(), decision)).await
        };
        let answer = match split_refusal(decided.await)? {
            Ok(completion) => DeviceCompleteResponse::from_completion(completion),
            Err(refusal) => DeviceCompleteResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal),
        };
        Ok(Answer::from_body(&answer)?)
    }
}
