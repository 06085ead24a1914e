//! `POST /v1/tokens/revoke` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::http::{Dialect, Endpoint, Json, NoContent, Route};
use shared::domain::Error;
use shared::platform::capabilities::Revoker;
use shared::tokens::revoke;

/// Revokes the presented token, and its whole session if that is asked for.
#[derive(Debug)]
pub struct RevokeToken;

impl Endpoint for RevokeToken {
    const ROUTE: Route = Route::post("agilicus.revoke_token", "/v1/tokens/revoke", Dialect::Agilicus);
    type Ports = Revoker;
    type Input = Json<request::RevokeToken>;
    type Output = NoContent;

    async fn handle(ports: &Revoker, Json(request): Self::Input) -> Result<Self::Output, Error> {
        let (token, whole_session) = request.parts()?;
        revoke::revoke(ports, token, whole_session).await?;
        Ok(NoContent)
    }
}
