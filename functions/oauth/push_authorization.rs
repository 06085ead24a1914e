//! `POST /oauth2/par`: RFC 9126.

use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::api::oauth::push::PushResponse;
use shared::domain::Error;
use shared::oauth::authorization::push::{self, PushRequest};
use shared::platform::capabilities::AuthorizationPusher;

/// Keeps the authorization request of a client that authenticates, and answers with the `request_uri` that the browser brings instead.
#[derive(Debug)]
pub struct PushAuthorization;

impl Endpoint for PushAuthorization {
    const ROUTE: Route = Route::post("oauth.push_authorization", push::PATH, Dialect::OAuth);
    type Ports = AuthorizationPusher;
    type Input = PushRequest;
    type Output = Answer<201, PushResponse>;

    async fn handle(ports: &AuthorizationPusher, request: PushRequest) -> Result<Self::Output, Error> {
        let pushed = Box::pin(push::push(ports, request)).await?;
        Ok(Answer::from_body(&PushResponse::from(pushed))?)
    }
}
