//! `POST /oauth2/authorize`: OpenID Connect Core section 3.1.2.1.

use shared::api::http::{Dialect, Endpoint, Route};
use shared::api::oauth::authorization::{BrowserReply, BrowserRequest};
use shared::domain::Error;
use shared::oauth::authorization;
use shared::platform::capabilities::AuthorizationStarter;

use super::authorize::Authorize;

/// Does the same as a `GET`, for requests that are too long for an address.
#[derive(Debug)]
pub struct PostAuthorize;

impl Endpoint for PostAuthorize {
    const ROUTE: Route = Route::post("oauth.post_authorize", authorization::PATH, Dialect::OAuth);
    type Ports = AuthorizationStarter;
    type Input = BrowserRequest;
    type Output = BrowserReply;

    async fn handle(ports: &AuthorizationStarter, request: BrowserRequest) -> Result<BrowserReply, Error> {
        Authorize::handle(ports, request).await
    }
}
