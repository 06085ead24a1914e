//! `GET /oauth2/authorize`: RFC 6749 section 3.1.

use shared::api::http::{Dialect, Endpoint, Route};
use shared::api::oauth::authorization::{BrowserReply, BrowserRequest};
use shared::domain::Error;
use shared::oauth::authorization::{self, AuthorizationReply};
use shared::platform::capabilities::AuthorizationStarter;

/// Checks what a client asks of a person, and sends their browser to the login application of the client's org.
#[derive(Debug)]
pub struct Authorize;

impl Endpoint for Authorize {
    const ROUTE: Route = Route::get("oauth.authorize", authorization::PATH, Dialect::OAuth);
    type Ports = AuthorizationStarter;
    type Input = BrowserRequest;
    type Output = BrowserReply;

    async fn handle(ports: &AuthorizationStarter, request: BrowserRequest) -> Result<BrowserReply, Error> {
        if request.is_prefetch {
            return Ok(BrowserReply::to_prefetch());
        }
        let issuer = ports.keeper.reader.keys.issuer();
        let browser = request.browser(issuer);
        let reply = match request.form {
            Ok(form) => authorization::begin(ports, form, browser).await,
            Err(denial) => AuthorizationReply::Page(denial),
        };
        Ok(BrowserReply::new(reply, issuer))
    }
}
