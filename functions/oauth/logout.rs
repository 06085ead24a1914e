//! `GET /oauth2/logout`: OpenID Connect RP-Initiated Logout 1.0.

use shared::api::http::{Dialect, Endpoint, Route};
use shared::api::oauth::logout::{LogoutAnswer, LogoutRequest};
use shared::domain::Error;
use shared::oauth::logout::{self, LogoutReply};
use shared::platform::capabilities::LogoutStarter;

/// Checks whom a client wants logged out, and sends their browser to the login application of the client's org.
#[derive(Debug)]
pub struct Logout;

impl Endpoint for Logout {
    const ROUTE: Route = Route::get("oauth.logout", logout::PATH, Dialect::OAuth);
    type Ports = LogoutStarter;
    type Input = LogoutRequest;
    type Output = LogoutAnswer;

    async fn handle(ports: &LogoutStarter, request: LogoutRequest) -> Result<LogoutAnswer, Error> {
        if request.is_prefetch {
            return Ok(LogoutAnswer::to_prefetch());
        }
        let reply = match request.form {
            Ok(form) => logout::begin(ports, form).await,
            Err(denial) => LogoutReply::Page(denial),
        };
        Ok(LogoutAnswer::from_reply(reply))
    }
}
