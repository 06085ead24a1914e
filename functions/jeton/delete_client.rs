//! `DELETE /v1/orgs/{org}/clients/{client_id}`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Bearer, Dialect, Endpoint, NoContent, OrgClientPath, Preconditions, Route};
use shared::api::jeton::client::ClientShown;
use shared::auth::service::authenticate_member;
use shared::domain::scope::api;
use shared::domain::{Client, Error};
use shared::platform::capabilities::ClientRemover;

/// Deletes an OAuth client and kills its tokens.
#[derive(Debug)]
pub struct DeleteClient;

impl Endpoint for DeleteClient {
    const ROUTE: Route =
        Route::delete("jeton.delete_client", "/v1/orgs/{org}/clients/{client_id}", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = ClientRemover;
    type Input = (Bearer, OrgClientPath, Preconditions);
    type Output = NoContent;

    async fn handle(
        ports: &ClientRemover,
        (bearer, OrgClientPath(org, named), conditions): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &[api::CLIENTS_WRITE], named).await?;
        let (service, found, named) = (&caller.service, &caller.found, &caller.lookup);
        if conditions.is_empty() {
            clients::delete(ports, service, found, named).await?;
        } else {
            let condition = |there: &Client| conditions.check(Some(&ClientShown::from_client(there)));
            clients::delete_if(ports, service, found, named, condition).await?;
        }
        Ok(NoContent)
    }
}
