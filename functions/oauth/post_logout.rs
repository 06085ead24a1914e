//! `POST /oauth2/logout`: OpenID Connect RP-Initiated Logout section 2.

use shared::api::http::{Dialect, Endpoint, Route};
use shared::api::oauth::logout::{LogoutAnswer, LogoutRequest};
use shared::domain::Error;
use shared::oauth::logout;
use shared::platform::capabilities::LogoutStarter;

use super::logout::Logout;

/// Does the same as a `GET`, so that no ID token stands in an address.
#[derive(Debug)]
pub struct PostLogout;

impl Endpoint for PostLogout {
    const ROUTE: Route = Route::post("oauth.post_logout", logout::PATH, Dialect::OAuth);
    type Ports = LogoutStarter;
    type Input = LogoutRequest;
    type Output = LogoutAnswer;

    async fn handle(ports: &LogoutStarter, request: LogoutRequest) -> Result<LogoutAnswer, Error> {
        Logout::handle(ports, request).await
    }
}
