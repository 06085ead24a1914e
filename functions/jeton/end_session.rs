//! `DELETE /v1/orgs/{org}/sessions/{session}`: a login application ends a session.

use shared::api::http::{Dialect, Endpoint, NoContent, OrgCredentials, Route};
use shared::api::jeton::person_grant::OrgSessionPath;
use shared::auth::service::Credentials;
use shared::domain::Error;
use shared::platform::capabilities::Revoker;
use shared::tokens::revoke;

/// Ends a session that was begun in an org: all tokens in it end now, but for those with `offline_access`. It is a success, too, if there
/// are none. Needs `urn:jeton:grants:write` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct EndSession;

impl Endpoint for EndSession {
    const ROUTE: Route = Route::delete("jeton.end_session", "/v1/orgs/{org}/sessions/{session}", Dialect::Jeton).refuses(&[403]);
    type Ports = Revoker;
    type Input = (OrgCredentials, OrgSessionPath);
    type Output = NoContent;

    async fn handle(
        ports: &Revoker,
        (OrgCredentials(credentials), OrgSessionPath(org, session)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let credentials = Credentials { org: Some(org), ..credentials };
        revoke::end_session(ports, &credentials, session).await?;
        Ok(NoContent)
    }
}
