//! `DELETE /v1/orgs/{org}/clients/{client_id}/secrets/{secret_id}`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Bearer, Dialect, Endpoint, NoContent, OrgClientPath, Route, SecretPath};
use shared::auth::service::authenticate_member;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::SecretWriter;

/// Ends a secret of an OAuth client at once.
#[derive(Debug)]
pub struct DeleteClientSecret;

impl Endpoint for DeleteClientSecret {
    const ROUTE: Route =
        Route::delete("jeton.delete_client_secret", "/v1/orgs/{org}/clients/{client_id}/secrets/{secret_id}", Dialect::Jeton)
            .refuses(&[403, 404]);
    type Ports = SecretWriter;
    type Input = (Bearer, OrgClientPath, SecretPath);
    type Output = NoContent;

    async fn handle(
        ports: &SecretWriter,
        (bearer, OrgClientPath(org, named), SecretPath(id)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &[api::CLIENTS_WRITE], named).await?;
        clients::delete_secret(ports, &caller.service, &caller.found, &caller.lookup, &id).await?;
        Ok(NoContent)
    }
}
