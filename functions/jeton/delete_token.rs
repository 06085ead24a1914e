//! `DELETE /v1/tokens/{jti}`: one token is revoked by its id, by whoever doesn't have its text.

use shared::api::http::{Bearer, Dialect, Endpoint, NoContent, Query, Route};
use shared::api::jeton::token::{OrgQuery, TokenPath};
use shared::domain::Error;
use shared::platform::capabilities::TokenRemover;
use shared::tokens::revoke;

/// Revokes one token with its refresh token, at once.
#[derive(Debug)]
pub struct DeleteToken;

impl Endpoint for DeleteToken {
    const ROUTE: Route = Route::delete("jeton.delete_token", "/v1/tokens/{jti}", Dialect::Jeton).refuses(&[404]);
    type Ports = TokenRemover;
    type Input = (Bearer, TokenPath, Query<OrgQuery>);
    type Output = NoContent;

    async fn handle(ports: &TokenRemover, (bearer, TokenPath(id), Query(query)): Self::Input) -> Result<Self::Output, Error> {
        revoke::revoke_by_id(ports, bearer.token(), id, query.org).await?;
        Ok(NoContent)
    }
}
