//! `POST /oauth2/revoke`: RFC 7009.

use shared::api::http::{Dialect, Done, Endpoint, Route};
use shared::api::oauth::TokenNamed;
use shared::auth::client::document::Freshness;
use shared::auth::client::identify_any;
use shared::domain::{ApiKeyValue, Error};
use shared::platform::capabilities::ClientRevoker;
use shared::tokens::lookup::TokenLookup;
use shared::tokens::revoke::{revoke_own, revoke_shown_api_key};

/// Revokes a token of the client, with its refresh token. Whether there was one isn't told, nor whose it was: RFC 7009 section 2.2.
#[derive(Debug)]
pub struct Revoke;

impl Endpoint for Revoke {
    const ROUTE: Route = Route::post("oauth.revoke", "/oauth2/revoke", Dialect::OAuth);
    type Ports = ClientRevoker;
    type Input = TokenNamed;
    type Output = Done;

    async fn handle(ports: &ClientRevoker, named: TokenNamed) -> Result<Done, Error> {
        let reader = &ports.revoker.reader;
        let keys = reader.keys.now().await?;
        let seek = |org: &_| TokenLookup::by_value(&keys, org, named.token.expose());
        let caller = identify_any(reader, &ports.documents, Freshness::LastKnown, &named.credentials, seek).await?;
        let client = caller.verified.consume_proof(&*ports.once).await?;
        if ApiKeyValue::looks_like(named.token.expose()) {
            revoke_shown_api_key(ports, client.client(), named.token.expose()).await?;
            return Ok(Done);
        }
        revoke_own(ports, client.client(), (&caller.lookup, &caller.found), named.hint).await?;
        Ok(Done)
    }
}
