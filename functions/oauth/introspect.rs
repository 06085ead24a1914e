//! `POST /oauth2/introspect`: RFC 7662, RFC 9701.

use shared::api::http::{Dialect, Endpoint, Route, SignedJson};
use shared::api::oauth::introspection::{IntrospectionResponse, SIGNED_TYPE};
use shared::api::oauth::{AskerCredentials, TokenShown, WithRetryAfter};
use shared::auth::client::identify;
use shared::auth::service::{Credentials, Proof, authenticate};
use shared::domain::scope::api;
use shared::domain::{ClientKind, Denial, Error, OrgId, Refusal, Seconds, Service};
use shared::keys::signer::jws;
use shared::platform::capabilities::SigningIntrospector;
use shared::store::Records;
use shared::tokens::introspect::{Asker, Seen, ShownToken, introspect_for_caller};
use shared::tokens::lookup::TokenLookup;

/// Tells what a token is good for, to those who may know.
#[derive(Debug)]
pub struct Introspect;

impl Endpoint for Introspect {
    const ROUTE: Route = Route::post("oauth.introspect", "/oauth2/introspect", Dialect::OAuth);
    type Ports = SigningIntrospector;
    type Input = TokenShown;
    type Output = WithRetryAfter<SignedJson>;

    async fn handle(ports: &SigningIntrospector, shown: TokenShown) -> Result<Self::Output, Error> {
        let reader = &ports.introspector.reader;
        let caller = Caller::authenticate(ports, &shown).await?;
        let org = caller.service.org();
        let asked = ShownToken { text: shown.token.expose(), hint: shown.hint, client_address: shown.client_address };
        let known = (&caller.lookup, &caller.found);
        let seen = introspect_for_caller(reader, &org.id, &caller.asker, &asked, known).await?;
        let retry_after = count(ports, seen.as_ref()).await?;
        let response = match retry_after {
            Some(_) => IntrospectionResponse::rate_limited(),
            None => IntrospectionResponse::from_seen(seen.as_ref(), reader.keys.issuer())?,
        };
        if !shown.signed {
            return Ok(WithRetryAfter { answer: SignedJson::Plain(response.to_json()?), retry_after });
        }
        let signing = ports.signing.now().await?;
        let claims = response.to_claims(reader.keys.issuer(), &caller.name, reader.now())?;
        let signer = signing.signer(org.settings.oauth.access_token_sign_alg)?;
        let answer = SignedJson::Signed(jws::sign(signer, SIGNED_TYPE, &claims).await?);
        Ok(WithRetryAfter { answer, retry_after })
    }
}

/// Counts and notes the use of an API key. Returns how long its limit stays reached, if it is.
async fn count(ports: &SigningIntrospector, seen: Option<&Seen>) -> Result<Option<Seconds>, Error> {
    let Some(Seen::ApiKey(live)) = seen else { return Ok(None) };
    let reader = &ports.introspector.reader;
    match live.count_use(&ports.quotas, reader.now()).await {
        Ok(_) => {
            live.note_use(reader, &*ports.api_keys).await;
            Ok(None)
        }
        Err(Error::Refused(Refusal::LimitReached(reached))) => Ok(Some(reached.retry_after)),
        Err(error) => Err(error),
    }
}

/// Who asks, and what was found of the token meanwhile.
struct Caller {
    service: Service,
    asker: Asker,
    /// For whom a signed answer is.
    name: String,
    lookup: TokenLookup,
    found: Records,
}

impl Caller {
    async fn authenticate(ports: &SigningIntrospector, shown: &TokenShown) -> Result<Self, Error> {
        let reader = &ports.introspector.reader;
        let keys = reader.keys.now().await?;
        let seek = |org: &OrgId| TokenLookup::by_value(&keys, org, shown.token.expose());
        match &shown.asker {
            AskerCredentials::Client(credentials) => {
                let caller = identify(reader, credentials, seek).await?;
                let client = caller.verified.consume_proof(&*ports.introspector.once).await?.into_client();
                // Whoever can pose as a public client could try tokens here.
                if client.settings.kind != ClientKind::Confidential {
                    return Err(Denial::ClientMustBeConfidential.into());
                }
                let (name, asker) = (client.id.to_string(), Asker::Client(client));
                Ok(Self { service: caller.service, asker, name, lookup: caller.lookup, found: caller.found })
            }
            AskerCredentials::Bearer(token) => {
                let credentials = Credentials { org: None, proof: Proof::Bearer(token.clone()) };
                let caller = authenticate(reader, &credentials, &[api::TOKENS_READ], seek).await?;
                let name = caller.service.by().map(ToString::to_string).unwrap_or_default();
                Ok(Self { service: caller.service, asker: Asker::Auditor, name, lookup: caller.lookup, found: caller.found })
            }
        }
    }
}
