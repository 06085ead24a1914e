//! `GET /v1/orgs/{org}/clients/{client_id}/secrets`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, OrgClientPath, Route};
use shared::api::jeton::client::SecretsView;
use shared::auth::service::authenticate_member;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::Reader;

/// Lists the live secrets of an OAuth client, the newest first, without the secrets themselves.
#[derive(Debug)]
pub struct ListClientSecrets;

impl Endpoint for ListClientSecrets {
    const ROUTE: Route = Route::get("jeton.list_client_secrets", "/v1/orgs/{org}/clients/{client_id}/secrets", Dialect::Jeton)
        .refuses(&[403, 404]);
    type Ports = Reader;
    type Input = (Bearer, OrgClientPath);
    type Output = Answer<200, SecretsView>;

    async fn handle(ports: &Reader, (bearer, OrgClientPath(org, named)): Self::Input) -> Result<Self::Output, Error> {
        let needs = [api::CLIENTS_READ, api::CLIENTS_WRITE];
        let caller = authenticate_member(ports, bearer.token(), org, &needs, named).await?;
        let client = clients::get(ports, &caller.service, &caller.found, &caller.lookup).await?;
        let uses = clients::credential_uses(ports, &client).await?;
        Ok(Answer::from_body(&SecretsView::from_client(&client, &uses, ports.now()))?)
    }
}
