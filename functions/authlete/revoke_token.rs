//! `POST /auth/token/revoke` of Authlete's API.

use shared::api::authlete::request::Revoked;
use shared::api::authlete::response::TokenRevokeResponse;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::{Authenticated, authenticate, client_named};
use shared::domain::scope::api;
use shared::domain::{ClientRef, Error, OrgId, RevocationStamp};
use shared::keys::PublishedKeys;
use shared::platform::capabilities::BulkRevoker;
use shared::tokens::lookup::TokenLookup;
use shared::tokens::revoke::{Counted, RevocationTarget, revoke_located, revoke_of_clients};

/// Revokes a token, or all that a client or a subject has, and tells how many there were.
#[derive(Debug)]
pub struct RevokeToken;

impl Endpoint for RevokeToken {
    const ROUTE: Route = Route::post("authlete.revoke_token", "/api/{serviceId}/auth/token/revoke", Dialect::Authlete)
        .and_at("/api/auth/token/revoke");
    type Ports = BulkRevoker;
    type Input = (ServiceCredentials, Lenient<request::RevokeToken>);
    type Output = Answer<200, TokenRevokeResponse>;

    async fn handle(ports: &BulkRevoker, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let revoked = request.try_into_request();
        let keys = ports.reader.keys.now().await?;
        let seek = |org: &_| revoked.as_ref().map_or((None, None), |revoked| lookup(revoked, &keys, org));
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_REVOKE], seek).await?;
        Ok(Answer::from_body(&TokenRevokeResponse::from_counted(count(ports, &caller, revoked?).await?))?)
    }
}

type Target = (Option<TokenLookup>, Option<ClientRef>);

fn lookup(revoked: &Revoked, keys: &PublishedKeys, org: &OrgId) -> Target {
    match revoked {
        Revoked::Token(token, _) => (Some(TokenLookup::new(keys, org, token)), None),
        Revoked::OfClient(client, _) => (None, client.clone()),
        Revoked::OfSubject(_) => (None, None),
    }
}

async fn count(ports: &BulkRevoker, caller: &Authenticated<Target>, revoked: Revoked) -> Result<Counted, Error> {
    let Authenticated { service, lookup, found } = caller;
    let target = match (revoked, lookup) {
        (Revoked::Token(_, hint), (Some(token), _)) => {
            let token = token.find(&ports.reader, found, hint).await?;
            let stamp = RevocationStamp::new(ports.reader.now(), service.as_revoking_party());
            let is_revoked = revoke_located(&*ports.revoke, token, stamp).await?;
            return Ok(Counted { tokens: u64::from(is_revoked), is_whole: true });
        }
        (Revoked::OfClient(Some(client), subject), _) => match client_named(&ports.reader, service, found, &client).await? {
            Some(client) => RevocationTarget::from_client(client.id, subject),
            None => return Ok(NOTHING),
        },
        (Revoked::OfSubject(subject), _) => RevocationTarget::Subject(subject),
        (Revoked::Token(..) | Revoked::OfClient(None, _), _) => return Ok(NOTHING),
    };
    revoke_of_clients(ports, service, target).await
}

const NOTHING: Counted = Counted { tokens: 0, is_whole: true };
