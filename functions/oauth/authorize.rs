//! `GET /oauth2/authorize`: what stands for the authorization endpoint, RFC 6749 section 3.1.

use shared::api::http::{Dialect, Endpoint, PlainText, Route};
use shared::domain::Error;
use shared::platform::capabilities::Public;

/// Tells a person that nobody can sign in here. Clients that read the metadata want it to name an authorization endpoint, even if
/// they never send anybody there.
#[derive(Debug)]
pub struct Authorize;

impl Endpoint for Authorize {
    const ROUTE: Route = Route::get("oauth.authorize", "/oauth2/authorize", Dialect::OAuth);
    type Ports = Public;
    type Input = ();
    type Output = PlainText;

    async fn handle(_: &Public, (): Self::Input) -> Result<Self::Output, Error> {
        Ok(PlainText(
            "Nobody can sign in here: this service has no authorization endpoint. Tokens for people come from the authorization \
             server of your team. Programs get tokens at /oauth2/token.\n",
        ))
    }
}
