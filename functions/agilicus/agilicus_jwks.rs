//! `GET /v1/tokens/jwsk` of the Agilicus Tokens API.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, Published, Route};
use shared::domain::Error;
use shared::encoding::JwkSet;
use shared::platform::capabilities::KeyReader;

/// Publishes the public keys. The path is spelled as the Agilicus Tokens API spells it.
#[derive(Debug)]
pub struct AgilicusJwks;

impl Endpoint for AgilicusJwks {
    const ROUTE: Route = Route::get("agilicus.agilicus_jwks", "/v1/tokens/jwsk", Dialect::Agilicus);
    type Ports = KeyReader;
    type Input = IfNoneMatch;
    type Output = Published<JwkSet>;

    async fn handle(ports: &KeyReader, known: IfNoneMatch) -> Result<Self::Output, Error> {
        Ok(Published::keys(ports.keys.now().await?.jwks.clone(), &known))
    }
}
