//! `DELETE /v1/orgs/{org}/subjects/{sub}/grants/{client_id}`: a person disconnects an app.

use shared::api::http::{Dialect, Endpoint, NoContent, OrgCredentials, Route};
use shared::api::jeton::person_grant::{GrantedClientPath, PersonPath};
use shared::auth::service::Credentials;
use shared::domain::Error;
use shared::oauth::person_grants;
use shared::platform::capabilities::PersonGrantRemover;

/// Ends what a person has granted to an OAuth client: the consent is forgotten, and all tokens that the client has for the person end.
/// Needs `urn:jeton:grants:write` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct DeleteGrant;

impl Endpoint for DeleteGrant {
    const ROUTE: Route = Route::delete("jeton.delete_grant", "/v1/orgs/{org}/subjects/{sub}/grants/{client_id}", Dialect::Jeton)
        .refuses(&[403, 404]);
    type Ports = PersonGrantRemover;
    type Input = (OrgCredentials, PersonPath, GrantedClientPath);
    type Output = NoContent;

    async fn handle(
        ports: &PersonGrantRemover,
        (OrgCredentials(credentials), PersonPath(org, subject), GrantedClientPath(client)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let credentials = Credentials { org: Some(org), ..credentials };
        person_grants::end(ports, &credentials, subject, client).await?;
        Ok(NoContent)
    }
}
