//! `GET /health`.

use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::api::jeton::Healthy;
use shared::domain::Error;
use shared::platform::capabilities::Public;

/// Says that it is there. Reads nothing, so that it stays cheap and tells of this process only.
#[derive(Debug)]
pub struct Health;

impl Endpoint for Health {
    const ROUTE: Route = Route::get("jeton.health", "/health", Dialect::Jeton);
    type Ports = Public;
    type Input = ();
    type Output = Answer<200, Healthy>;

    async fn handle(_: &Public, (): Self::Input) -> Result<Self::Output, Error> {
        Ok(Answer::from_body(&Healthy::OK)?)
    }
}
