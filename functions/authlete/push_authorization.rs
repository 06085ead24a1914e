//! `POST /pushed_auth_req` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::PushedAuthorizationResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::push::push;
use shared::platform::capabilities::PushForwarder;

/// Keeps the authorization request that a client has pushed to an authorization server (RFC 9126), until a browser brings the reference
/// to it.
#[derive(Debug)]
pub struct PushAuthorization;

impl Endpoint for PushAuthorization {
    const ROUTE: Route = Route::post("authlete.push_authorization", "/api/{serviceId}/pushed_auth_req", Dialect::Authlete)
        .and_at("/api/pushed_auth_req");
    type Ports = PushForwarder;
    type Input = (ServiceCredentials, Lenient<request::PushAuthorization>);
    type Output = Answer<200, PushedAuthorizationResponse>;

    async fn handle(ports: &PushForwarder, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let reader = &ports.pusher.keeper.reader;
        let asked = request.try_into_request();
        let client = asked.as_ref().ok().and_then(|asked| asked.credentials.client());
        let caller = authenticate(reader, &credentials.0, &[api::TOKENS_CREATE], |_| client).await?;
        let pushed = async { Box::pin(push(ports, &caller.service, &caller.found, asked?)).await };
        Ok(match split_refusal(pushed.await)? {
            Ok(kept) => Answer::from_body(&PushedAuthorizationResponse::from_kept(kept)?)?,
            Err(refusal) => {
                let style = ErrorStyle::for_org(caller.service.org(), reader.keys.issuer());
                Answer::from_body(&PushedAuthorizationResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?)?
            }
        })
    }
}
