//! `GET /api/lifecycle/healthcheck` of Authlete's API.

use shared::api::http::{Dialect, Endpoint, PlainText, Route};
use shared::domain::Error;
use shared::platform::capabilities::Public;

/// Says that it is there, to anybody.
#[derive(Debug)]
pub struct Healthcheck;

impl Endpoint for Healthcheck {
    const ROUTE: Route = Route::get("authlete.healthcheck", "/api/lifecycle/healthcheck", Dialect::Authlete);
    type Ports = Public;
    type Input = ();
    type Output = PlainText;

    async fn handle(_: &Public, (): Self::Input) -> Result<Self::Output, Error> {
        Ok(PlainText("OK"))
    }
}
