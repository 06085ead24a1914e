//! `POST /auth/revocation` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::RevocationResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::client;
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Denial, Error};
use shared::platform::capabilities::ClientRevoker;
use shared::tokens::lookup::TokenLookup;
use shared::tokens::revoke::revoke_for_client;

/// Revokes what a client wants revoked (RFC 7009), for an authorization server to answer it.
#[derive(Debug)]
pub struct ProcessRevocation;

impl Endpoint for ProcessRevocation {
    const ROUTE: Route = Route::post("authlete.process_revocation", "/api/{serviceId}/auth/revocation", Dialect::Authlete)
        .and_at("/api/auth/revocation");
    type Ports = ClientRevoker;
    type Input = (ServiceCredentials, Lenient<request::Revocation>);
    type Output = Answer<200, RevocationResponse>;

    async fn handle(ports: &ClientRevoker, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let (asked, reader) = (request.try_into_parameters(), &ports.revoker.reader);
        let keys = reader.keys.now().await?;
        let seek = |org: &_| {
            let asked = asked.as_ref().ok();
            let token = asked.and_then(|asked| asked.token.as_ref());
            let token = token.map(|token| TokenLookup::by_value(&keys, org, token.expose()));
            (asked.and_then(|asked| asked.credentials.client()), token)
        };
        let caller = authenticate(reader, &credentials.0, &[api::TOKENS_REVOKE], seek).await?;
        let revoked = async {
            let asked = asked?;
            let client = client::authenticate(reader, &*ports.once, &caller.service, &caller.found, &asked.credentials).await?;
            let token = (caller.lookup.1.as_ref().ok_or(Denial::TokenMissing)?, &caller.found);
            revoke_for_client(ports, client.client(), token, asked.hint).await?;
            Ok(asked.callback)
        };
        let answer = match split_refusal(revoked.await)? {
            Ok(callback) => RevocationResponse::done(callback.as_deref()),
            Err(refusal) => {
                let style = ErrorStyle::for_org(caller.service.org(), reader.keys.issuer());
                RevocationResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?
            }
        };
        Ok(Answer::from_body(&answer)?)
    }
}
