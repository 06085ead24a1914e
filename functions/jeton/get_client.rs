//! `GET /v1/orgs/{org}/clients/{client_id}`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Bearer, Dialect, Endpoint, OrgClientPath, Route, Tagged};
use shared::api::jeton::client::ClientShown;
use shared::auth::service::authenticate_member;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::Reader;

/// Shows an OAuth client without its secrets, with its `ETag`. It is named by its number or its alias.
#[derive(Debug)]
pub struct GetClient;

impl Endpoint for GetClient {
    const ROUTE: Route =
        Route::get("jeton.get_client", "/v1/orgs/{org}/clients/{client_id}", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = Reader;
    type Input = (Bearer, OrgClientPath);
    type Output = Tagged<200, ClientShown<'static>>;

    async fn handle(ports: &Reader, (bearer, OrgClientPath(org, named)): Self::Input) -> Result<Self::Output, Error> {
        let needs = [api::CLIENTS_READ, api::CLIENTS_WRITE];
        let caller = authenticate_member(ports, bearer.token(), org, &needs, named).await?;
        let client = clients::get(ports, &caller.service, &caller.found, &caller.lookup).await?;
        Ok(Tagged::from_body(&ClientShown::from_client(&client))?)
    }
}
