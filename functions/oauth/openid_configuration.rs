//! `GET /.well-known/openid-configuration`: OpenID Connect Discovery section 4.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, Published, Route};
use shared::api::oauth::metadata::Metadata;
use shared::domain::Error;
use shared::platform::capabilities::DocumentReader;

use super::metadata::read;

/// Tells verifiers of tokens where the keys are, in the words of OpenID Connect: API Gateway's JWT authorizer knows no others.
#[derive(Debug)]
pub struct OpenIdConfiguration;

impl Endpoint for OpenIdConfiguration {
    const ROUTE: Route = Route::get("oauth.openid_configuration", "/.well-known/openid-configuration", Dialect::OAuth);
    type Ports = DocumentReader;
    type Input = IfNoneMatch;
    type Output = Published<Metadata<'static>>;

    async fn handle(ports: &DocumentReader, known: IfNoneMatch) -> Result<Self::Output, Error> {
        Ok(Published::document(&read(ports).await, &known)?)
    }
}
