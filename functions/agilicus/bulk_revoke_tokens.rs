//! `POST /v1/tokens/bulk_revoke` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::agilicus::response::BulkRevoked;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Json, Route};
use shared::domain::Error;
use shared::platform::capabilities::BulkRevoker;
use shared::tokens::revoke;

/// Revokes all that a member has, or all that it has in one session.
#[derive(Debug)]
pub struct BulkRevokeTokens;

impl Endpoint for BulkRevokeTokens {
    const ROUTE: Route = Route::post("agilicus.bulk_revoke_tokens", "/v1/tokens/bulk_revoke", Dialect::Agilicus).refuses(&[403]);
    type Ports = BulkRevoker;
    type Input = (Bearer, Json<request::BulkRevoke>);
    type Output = Answer<200, BulkRevoked>;

    async fn handle(ports: &BulkRevoker, (bearer, Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let counted = revoke::bulk_revoke(ports, bearer.token(), request.into()).await?;
        Ok(Answer::from_body(&BulkRevoked { number_of_tokens_revoked: counted.tokens })?)
    }
}
