//! `PUT /v1/orgs/{org}/clients/{client_id}`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Bearer, Dialect, Endpoint, Json, OrgClientPath, Preconditions, Route, Tagged};
use shared::api::jeton::client;
use shared::api::jeton::client::ClientShown;
use shared::auth::service::authenticate_member;
use shared::domain::scope::api;
use shared::domain::{Client, Error};
use shared::platform::capabilities::ClientWriter;

/// Replaces an OAuth client, but for its secrets. What is left out gets its default: `PATCH` changes one thing and leaves the rest.
#[derive(Debug)]
pub struct PutClient;

impl Endpoint for PutClient {
    const ROUTE: Route =
        Route::put("jeton.put_client", "/v1/orgs/{org}/clients/{client_id}", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = ClientWriter;
    type Input = (Bearer, OrgClientPath, Preconditions, Json<client::PutClient>);
    type Output = Tagged<200, ClientShown<'static>>;

    async fn handle(
        ports: &ClientWriter,
        (bearer, OrgClientPath(org, named), conditions, Json(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &[api::CLIENTS_WRITE], named).await?;
        let draft = |there: &Client| {
            conditions.check(Some(&ClientShown::from_client(there)))?;
            Ok(request.clone().try_into_replacement(there)?)
        };
        let client = clients::write(ports, &caller.service, &caller.found, &caller.lookup, draft).await?;
        Ok(Tagged::from_body(&ClientShown::from_client(&client))?)
    }
}
