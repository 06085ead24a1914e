//! `DELETE /auth/token/delete/{accessTokenIdentifier}` of Authlete's API.

use shared::api::authlete::{IdentifierPath, ServiceCredentials};
use shared::api::http::{Dialect, Endpoint, NoContent, Route};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal, RevocationStamp};
use shared::platform::capabilities::Revoker;
use shared::tokens::lookup::{Hint, TokenLookup};
use shared::tokens::revoke::revoke_located;

/// Deletes an access token with its refresh token, or says that there is none. One that is dead already is as good as deleted.
#[derive(Debug)]
pub struct DeleteToken;

impl Endpoint for DeleteToken {
    const ROUTE: Route =
        Route::delete("authlete.delete_token", "/api/{serviceId}/auth/token/delete/{accessTokenIdentifier+}", Dialect::Authlete)
            .and_at("/api/auth/token/delete/{accessTokenIdentifier+}")
            .refuses(&[404]);
    type Ports = Revoker;
    type Input = (ServiceCredentials, IdentifierPath);
    type Output = NoContent;

    async fn handle(ports: &Revoker, (credentials, IdentifierPath(token)): Self::Input) -> Result<Self::Output, Error> {
        let keys = ports.reader.keys.now().await?;
        let seek = |org: &_| TokenLookup::by_identifier(&keys, org, token.expose());
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_REVOKE], seek).await?;
        let found = caller.lookup.find(&ports.reader, &caller.found, Hint::AccessToken).await?;
        let found = found.ok_or(Refusal::NotFound("access token"))?;
        let stamp = RevocationStamp::new(ports.reader.now(), caller.service.as_revoking_party());
        revoke_located(&*ports.revoke, Some(found), stamp).await?;
        Ok(NoContent)
    }
}
