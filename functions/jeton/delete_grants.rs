//! `DELETE /v1/orgs/{org}/subjects/{sub}/grants`: a person disconnects all apps.

use shared::api::http::{Dialect, Endpoint, NoContent, OrgCredentials, Route};
use shared::api::jeton::person_grant::PersonPath;
use shared::auth::service::Credentials;
use shared::domain::Error;
use shared::oauth::person_grants;
use shared::platform::capabilities::ConnectedAppsRemover;

/// Ends all that a person has granted to OAuth clients, and all tokens that clients have for the person. What the person has as a member
/// of the org stays. Needs `urn:jeton:grants:write` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct DeleteGrants;

impl Endpoint for DeleteGrants {
    const ROUTE: Route =
        Route::delete("jeton.delete_grants", "/v1/orgs/{org}/subjects/{sub}/grants", Dialect::Jeton).refuses(&[403]);
    type Ports = ConnectedAppsRemover;
    type Input = (OrgCredentials, PersonPath);
    type Output = NoContent;

    async fn handle(
        ports: &ConnectedAppsRemover,
        (OrgCredentials(credentials), PersonPath(org, subject)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let credentials = Credentials { org: Some(org), ..credentials };
        person_grants::end_all(ports, &credentials, &subject).await?;
        Ok(NoContent)
    }
}
