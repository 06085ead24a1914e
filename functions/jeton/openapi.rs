//! `GET /openapi.json`: OpenAPI 3.1.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, Published, Route};
use shared::domain::Error;
use shared::encoding::ApiDocument;
use shared::platform::capabilities::Public;

/// Describes this API, all of it.
#[derive(Debug)]
pub struct Openapi;

impl Endpoint for Openapi {
    const ROUTE: Route = Route::get("jeton.openapi", "/openapi.json", Dialect::Jeton);
    type Ports = Public;
    type Input = IfNoneMatch;
    type Output = Published<ApiDocument>;

    async fn handle(_: &Public, known: IfNoneMatch) -> Result<Self::Output, Error> {
        // Made by the tests, from the catalogue and the types of the wire.
        Ok(Published::description(include_str!("../openapi.json"), &known))
    }
}
