//! `POST /oauth2/device_authorization`: RFC 8628 section 3.1.

use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::api::oauth::device::DeviceAuthorizationResponse;
use shared::domain::Error;
use shared::oauth::authorization::device::{self, DeviceAuthorizationRequest};
use shared::platform::capabilities::AuthorizationPusher;

/// Keeps what a device asks for, and answers with the code that it polls with and the one that a person types.
#[derive(Debug)]
pub struct AuthorizeDevice;

impl Endpoint for AuthorizeDevice {
    const ROUTE: Route = Route::post("oauth.authorize_device", device::PATH, Dialect::OAuth);
    type Ports = AuthorizationPusher;
    type Input = DeviceAuthorizationRequest;
    type Output = Answer<200, DeviceAuthorizationResponse>;

    async fn handle(ports: &AuthorizationPusher, request: DeviceAuthorizationRequest) -> Result<Self::Output, Error> {
        let begun = Box::pin(device::begin(ports, request)).await?;
        Ok(Answer::from_body(&DeviceAuthorizationResponse::from(begun))?)
    }
}
