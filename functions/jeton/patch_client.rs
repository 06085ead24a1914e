//! `PATCH /v1/orgs/{org}/clients/{client_id}`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Bearer, Dialect, Endpoint, MergePatch, OrgClientPath, Preconditions, Route, Tagged};
use shared::api::jeton::client::{ClientShown, PutClient};
use shared::auth::service::authenticate_member;
use shared::domain::scope::api;
use shared::domain::{Client, Error};
use shared::platform::capabilities::ClientWriter;

/// Changes an OAuth client by a merge patch: what is left out stays as it is, and `null` means the default.
#[derive(Debug)]
pub struct PatchClient;

impl Endpoint for PatchClient {
    const ROUTE: Route =
        Route::patch("jeton.patch_client", "/v1/orgs/{org}/clients/{client_id}", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = ClientWriter;
    type Input = (Bearer, OrgClientPath, Preconditions, MergePatch<PutClient>);
    type Output = Tagged<200, ClientShown<'static>>;

    async fn handle(
        ports: &ClientWriter,
        (bearer, OrgClientPath(org, named), conditions, patch): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &[api::CLIENTS_WRITE], named).await?;
        let draft = |there: &Client| {
            let shown = ClientShown::from_client(there);
            conditions.check(Some(&shown))?;
            Ok(patch.applied_to(&shown)?.try_into_replacement(there)?)
        };
        let client = clients::write(ports, &caller.service, &caller.found, &caller.lookup, draft).await?;
        Ok(Tagged::from_body(&ClientShown::from_client(&client))?)
    }
}
