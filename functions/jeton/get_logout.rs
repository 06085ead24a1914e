//! `GET /v1/logouts/{id}`: whom a login application is asked to log out.

use shared::api::http::{Answer, Dialect, Endpoint, OrgCredentials, Route};
use shared::api::jeton::logout::{LogoutPath, LogoutView};
use shared::domain::Error;
use shared::oauth::logout::hand_over;
use shared::platform::capabilities::Reader;

/// Shows whom a client wants logged out. Needs `urn:jeton:grants:read` or `urn:jeton:grants:write` in the org or above it, or the org's API
/// secret.
#[derive(Debug)]
pub struct GetLogout;

impl Endpoint for GetLogout {
    const ROUTE: Route = Route::get("jeton.get_logout", "/v1/logouts/{id}", Dialect::Jeton).refuses(&[403, 404, 410]);
    type Ports = Reader;
    type Input = (OrgCredentials, LogoutPath);
    type Output = Answer<200, LogoutView<'static>>;

    async fn handle(ports: &Reader, (OrgCredentials(credentials), LogoutPath(key)): Self::Input) -> Result<Self::Output, Error> {
        let seen = hand_over::read(ports, credentials, &key).await?;
        Ok(Answer::from_body(&LogoutView::from_seen(&seen))?)
    }
}
