//! `GET /service/jwks/get` of Authlete's API.

use serde_json::Value;
use shared::api::authlete::ServiceCredentials;
use shared::api::authlete::request::KeySetQuery;
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service::authenticate;
use shared::domain::{Error, Fault};
use shared::encoding::JwkSet;
use shared::platform::capabilities::Reader;

/// Tells the public keys by which the service's tokens are signed.
#[derive(Debug)]
pub struct GetJwks;

impl Endpoint for GetJwks {
    const ROUTE: Route =
        Route::get("authlete.get_jwks", "/api/{serviceId}/service/jwks/get", Dialect::Authlete).and_at("/api/service/jwks/get");
    type Ports = Reader;
    type Input = (ServiceCredentials, Query<KeySetQuery>);
    type Output = Answer<200, JwkSet>;

    async fn handle(ports: &Reader, (credentials, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        authenticate(ports, &credentials.0, &[], |_| ()).await?;
        let keys = ports.keys.now().await?;
        let set: Value =
            serde_json::from_slice(&keys.jwks).map_err(|error| Fault::internal("reading the key set").because(error))?;
        Ok(Answer::shown(&set, query.pretty)?)
    }
}
