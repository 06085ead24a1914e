//! `POST /v1/orgs/{org}/clients/{client_id}/secrets`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Bearer, Created, Dialect, Endpoint, MaybeJson, OrgClientPath, Route};
use shared::api::jeton::client::{NewSecretRequest, SecretCreated};
use shared::auth::service::authenticate_member;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::SecretWriter;

/// Makes another secret for an OAuth client, and tells it once. The one before stays good for a day, or for as long as is said; all earlier ones end.
#[derive(Debug)]
pub struct CreateClientSecret;

impl Endpoint for CreateClientSecret {
    const ROUTE: Route = Route::post("jeton.create_client_secret", "/v1/orgs/{org}/clients/{client_id}/secrets", Dialect::Jeton)
        .refuses(&[403, 404, 409]);
    type Ports = SecretWriter;
    type Input = (Bearer, OrgClientPath, MaybeJson<NewSecretRequest>);
    type Output = Created<SecretCreated<'static>>;

    async fn handle(
        ports: &SecretWriter,
        (bearer, OrgClientPath(org, named), MaybeJson(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &[api::CLIENTS_WRITE], named).await?;
        let new = clients::add_secret(ports, &caller.service, &caller.found, &caller.lookup, request.overlap()).await?;
        let (org, id) = (caller.service.id(), clients::secret_id(&new.kept));
        let place = format!("/v1/orgs/{org}/clients/{}/secrets/{id}", new.client);
        Ok(Created::at(place, &SecretCreated::from_new(&new))?)
    }
}
