//! `GET /oauth2/authorize/continue`: where login applications send browsers back to.

use shared::api::http::{Dialect, Endpoint, Route};
use shared::api::oauth::authorization::{BrowserReply, BrowserReturn};
use shared::domain::Error;
use shared::oauth::authorization::{self, CONTINUE_PATH};
use shared::platform::capabilities::AuthorizationKeeper;

/// Sends a browser on to the client: with the code, if it is the browser in which the request was begun.
#[derive(Debug)]
pub struct ContinueAuthorization;

impl Endpoint for ContinueAuthorization {
    const ROUTE: Route = Route::get("oauth.continue_authorization", CONTINUE_PATH, Dialect::OAuth);
    type Ports = AuthorizationKeeper;
    type Input = BrowserReturn;
    type Output = BrowserReply;

    async fn handle(ports: &AuthorizationKeeper, browser: BrowserReturn) -> Result<BrowserReply, Error> {
        if browser.is_prefetch {
            return Ok(BrowserReply::to_prefetch());
        }
        let issuer = ports.reader.keys.issuer();
        let reply = authorization::resume(ports, browser.into_resumption(issuer)).await;
        Ok(BrowserReply::new(reply, issuer))
    }
}
