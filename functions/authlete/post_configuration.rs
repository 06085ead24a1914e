//! `POST /service/configuration` of Authlete's API.

use shared::api::authlete::request::Configuration;
use shared::api::authlete::response::Metadata;
use shared::api::authlete::{Lenient, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::platform::capabilities::Reader;

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
        let metadata = Metadata::from_org(caller.service.org(), ports.keys.issuer()).shown(&asked)??;
        Ok(Answer::shown(&metadata, asked.pretty)?)
    }
}
