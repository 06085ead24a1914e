//! `GET /.well-known/jwks.json`.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, Published, Route};
use shared::domain::Error;
use shared::encoding::JwkSet;
use shared::platform::capabilities::KeyReader;

/// Publishes the public keys: a JWK Set, RFC 7517 section 5.
#[derive(Debug)]
pub struct Jwks;

impl Endpoint for Jwks {
    const ROUTE: Route = Route::get("jeton.jwks", "/.well-known/jwks.json", Dialect::Jeton);
    type Ports = KeyReader;
    type Input = IfNoneMatch;
    type Output = Published<JwkSet>;

    async fn handle(ports: &KeyReader, known: IfNoneMatch) -> Result<Self::Output, Error> {
        Ok(Published::keys(ports, &known).await?)
    }
}
