//! `GET /v1/api-keys/pattern`: what API keys look like.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, Published, Route};
use shared::api::jeton::api_key::ApiKeyPattern;
use shared::domain::Error;
use shared::platform::capabilities::Public;

/// Tells what API keys look like, for scanners of secrets. Needs no credentials.
#[derive(Debug)]
pub struct GetApiKeyPattern;

impl Endpoint for GetApiKeyPattern {
    const ROUTE: Route = Route::get("jeton.get_api_key_pattern", "/v1/api-keys/pattern", Dialect::Jeton);
    type Ports = Public;
    type Input = IfNoneMatch;
    type Output = Published<ApiKeyPattern>;

    async fn handle(_: &Public, known: IfNoneMatch) -> Result<Self::Output, Error> {
        Ok(Published::document(&ApiKeyPattern::new(), &known)?)
    }
}
