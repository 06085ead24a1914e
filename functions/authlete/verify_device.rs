//! `POST /device/verification` of Authlete's API.

use shared::api::authlete::response::DeviceVerificationResponse;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::device::see;
use shared::platform::capabilities::AuthorizationFinder;

/// Tells an authorization server what the user code stands for that a person has typed.
#[derive(Debug)]
pub struct VerifyDevice;

impl Endpoint for VerifyDevice {
    const ROUTE: Route = Route::post("authlete.verify_device", "/api/{serviceId}/device/verification", Dialect::Authlete)
        .and_at("/api/device/verification");
    type Ports = AuthorizationFinder;
    type Input = (ServiceCredentials, Lenient<request::VerifyDevice>);
    type Output = Answer<200, DeviceVerificationResponse<'static>>;

    async fn handle(ports: &AuthorizationFinder, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let code = request.user_code();
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], |_| code).await?;
        let verified = see(ports, &caller.service, &caller.found, caller.lookup.as_ref()).await?;
        Ok(Answer::from_body(&DeviceVerificationResponse::from_verified(&verified, caller.service.org())?)?)
    }
}
