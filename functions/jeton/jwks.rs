//! `GET /.well-known/jwks.json`.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, Published, Query, Route};
use shared::api::jeton::jwks::{KeySetQuery, MoreKeys};
use shared::domain::Error;
use shared::encoding::JwkSet;
use shared::platform::capabilities::KeyReader;

/// Publishes the public keys: a JWK Set, RFC 7517 section 5. ML-DSA keys are left out, unless the service prefers
/// ML-DSA, because common libraries give up on a set that has a key of a type that they don't know; `?kty=AKP` answers all keys.
#[derive(Debug)]
pub struct Jwks;

impl Endpoint for Jwks {
    const ROUTE: Route = Route::get("jeton.jwks", "/.well-known/jwks.json", Dialect::Jeton);
    type Ports = KeyReader;
    type Input = (Query<KeySetQuery>, IfNoneMatch);
    type Output = Published<JwkSet>;

    async fn handle(ports: &KeyReader, (Query(query), known): Self::Input) -> Result<Self::Output, Error> {
        let keys = ports.keys.now().await?;
        let document = match query.kty {
            Some(MoreKeys::Akp) => &keys.all_jwks,
            None => &keys.jwks,
        };
        Ok(Published::keys(document.clone(), &known))
    }
}
