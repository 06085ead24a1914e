//! `POST /service/configuration` of Authlete's API.

use shared::domain::Error;
use shared::http::{Answer, Dialect, Endpoint, Lenient, Route, ServiceCredentials};
use shared::ports::Reader;
use shared::service::authenticate;
use shared::wire::authlete::request::Configuration;
use shared::wire::authlete::response::Metadata;

/// Tells what the service can do, in the words of OpenID Connect Discovery: with the same members in a body.
#[derive(Debug)]
pub struct PostConfiguration;

impl Endpoint for PostConfiguration {
    const ROUTE: Route = Route::post("authlete.post_configuration", "/api/{serviceId}/service/configuration", Dialect::Authlete)
        .and_at("/api/service/configuration");
    type Ports = Reader;
    type Input = (ServiceCredentials, Lenient<Configuration>);
    type Output = Answer<200, Metadata<'static>>;

    async fn handle(ports: &Reader, (credentials, Lenient(asked)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(ports, &credentials.0, &[], |_| ()).await?;
        let metadata = Metadata::of(caller.service.org(), ports.keys.issuer()).shown(&asked)??;
        Ok(Answer::shown(&metadata, asked.pretty)?)
    }
}
