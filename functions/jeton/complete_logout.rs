//! `POST /v1/logouts/{id}/complete`: a login application has logged somebody out.

use shared::api::http::{Answer, Dialect, Endpoint, Json, OrgCredentials, Route};
use shared::api::jeton::logout::{CompletionBody, LogoutCompleted, LogoutPath};
use shared::domain::Error;
use shared::oauth::logout::hand_over;
use shared::platform::capabilities::LogoutCompleter;

/// Completes a logout: all tokens in the session end now, but for those with `offline_access`, and the answer tells where the person can go.
/// Needs `urn:jeton:grants:write` in the org or above it, or the org's API secret.
#[derive(Debug)]
pub struct CompleteLogout;

impl Endpoint for CompleteLogout {
    const ROUTE: Route =
        Route::post("jeton.complete_logout", "/v1/logouts/{id}/complete", Dialect::Jeton).refuses(&[403, 404, 409, 410]);
    type Ports = LogoutCompleter;
    type Input = (OrgCredentials, LogoutPath, Json<CompletionBody>);
    type Output = Answer<200, LogoutCompleted>;

    async fn handle(
        ports: &LogoutCompleter,
        (OrgCredentials(credentials), LogoutPath(key), Json(said)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let url = hand_over::complete(ports, credentials, &key, said.into_session()).await?;
        Ok(Answer::from_body(&LogoutCompleted::to(url))?)
    }
}
