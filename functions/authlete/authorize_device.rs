//! `POST /device/authorization` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::DeviceAuthorizationResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::device::begin;
use shared::platform::capabilities::PushForwarder;

/// Keeps what a device asks for (RFC 8628), until somebody types the code that it shows.
#[derive(Debug)]
pub struct AuthorizeDevice;

impl Endpoint for AuthorizeDevice {
    const ROUTE: Route = Route::post("authlete.authorize_device", "/api/{serviceId}/device/authorization", Dialect::Authlete)
        .and_at("/api/device/authorization");
    type Ports = PushForwarder;
    type Input = (ServiceCredentials, Lenient<request::AuthorizeDevice>);
    type Output = Answer<200, DeviceAuthorizationResponse<'static>>;

    async fn handle(ports: &PushForwarder, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let reader = &ports.pusher.keeper.reader;
        let asked = request.try_into_request();
        let client = asked.as_ref().ok().and_then(|asked| asked.credentials.client());
        let caller = authenticate(reader, &credentials.0, &[api::TOKENS_CREATE], |_| client).await?;
        let org = caller.service.org();
        let begun = async { Box::pin(begin(ports, &caller.service, &caller.found, asked?)).await };
        Ok(match split_refusal(begun.await)? {
            Ok(kept) => Answer::from_body(&DeviceAuthorizationResponse::from_kept(&kept, org)?)?,
            Err(refusal) => {
                let style = ErrorStyle::for_org(org, reader.keys.issuer());
                Answer::from_body(&DeviceAuthorizationResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
