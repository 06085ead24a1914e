//! Authorization of requests to other APIs, which a gateway asks for before it passes them on.

use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::api_key;
use crate::auth::bearer::authenticate;
use crate::auth::client;
use crate::auth::service::Lookup as _;
use crate::domain::{
    ApiKey, ApiKeyValue, Error, Fault, Lacking, Org, OrgId, ReachedLimit, Refusal, Secret, Service, Thumbprint, TokenProblem,
    TokenRecord, TokenStatus,
};
use crate::jose::looks_like_jwt;
use crate::platform::capabilities::Authorizer;
use crate::store::{RecordKeys, Records};
use crate::tokens::introspect::{ProofOfPossession, ResourceRequest, Verdict as ResourceVerdict, introspect_for_resource_server};
use crate::tokens::lookup::TokenLookup;

/// A request to another API, as far as its gateway tells of it.
#[derive(Debug, Default)]
pub struct ApiRequest {
    /// The scheme and the access token of its `Authorization` header. `None`: it has none, or several.
    pub token: Option<(TokenScheme, Secret<String>)>,
    /// The DPoP proof that it has, with its method and URI. `None`: it has none, or the gateway doesn't tell.
    pub dpop: Option<ProofOfPossession>,
    /// The address from which it came. `None`: the gateway doesn't tell.
    pub address: Option<IpAddr>,
    /// The certificate of its TLS connection, which the gateway has verified.
    pub certificate: Option<Thumbprint>,
}

/// By which scheme an access token is presented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenScheme {
    /// The token by itself: RFC 6750 section 2.1.
    Bearer,
    /// The token with the proof of a key: RFC 9449 section 7.1.
    Dpop,
}

/// What a gateway is told to do with a request whose token is alive.
#[derive(Debug)]
pub enum Verdict {
    /// The request may pass. The record has the scopes and roles that the token opens now.
    Allowed(Box<TokenRecord>),
    /// The request may pass by an API key, which is told as a token with the scopes that it opens now.
    AllowedByApiKey(Box<TokenRecord>),
    /// The request is refused: the API key, which is told as a token, was used as often as it may be.
    LimitReached(Box<TokenRecord>, ReachedLimit),
    /// The request is refused: the token or its subject lacks a scope that is required.
    InsufficientScope(Box<TokenRecord>),
}

/// Authorizes a request by its access token: of a member or of an OAuth client, JWT or opaque. One for another audience is as good
/// as none (RFC 9068 section 4), and so is one that is bound to a key or a certificate which the request doesn't prove.
///
/// # Errors
/// [`Refusal::CredentialsMissing`] if there is no token. [`Refusal::CredentialsRejected`] if the token isn't alive, is for
/// another audience, or isn't proved to be the sender's.
pub async fn authorize(ports: &Authorizer, request: &ApiRequest) -> Result<Verdict, Error> {
    let (scheme, token) = request.token.as_ref().ok_or(Refusal::CredentialsMissing)?;
    let text = token.expose();
    if *scheme == TokenScheme::Bearer && ApiKeyValue::looks_like(text) {
        return by_api_key(ports, text, request.address).await;
    }
    let is_client_jwt = ports.introspector.reader.keys.now().await?.verifier.access_token(text).is_some();
    if *scheme == TokenScheme::Bearer && looks_like_jwt(text) && !is_client_jwt {
        match of_member(ports, text).await {
            // A value that was chosen for an opaque token may look like anything.
            Err(Error::Refused(REJECTED)) if ports.requirements.org.is_some() => {}
            verdict => return verdict,
        }
    }
    of_client(ports, request, *scheme, text).await
}

const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);

/// By an API key, which must be for the audience that is required, and of the org whose opaque tokens are taken, if one is named.
async fn by_api_key(ports: &Authorizer, text: &str, address: Option<IpAddr>) -> Result<Verdict, Error> {
    let (reader, requirements) = (&ports.introspector.reader, &*ports.requirements);
    let (found, _) = api_key::find(reader, text, RecordKeys::default()).await?;
    let is_meant = |key: &ApiKey| {
        requirements.audience.as_ref().is_none_or(|audience| key.resources.contains(audience))
            && requirements.org.as_ref().is_none_or(|org| key.org == *org)
    };
    let found = found.filter(|found| is_meant(&found.key)).ok_or(REJECTED)?;
    let live = found.into_live(address).map_err(Refusal::CredentialsRejected)?;
    let record = Box::new(live.to_token());
    match live.count_use(&ports.quotas, reader.now()).await {
        Ok(_) => live.note_use(reader, &*ports.api_keys).await,
        Err(Error::Refused(Refusal::LimitReached(reached))) => return Ok(Verdict::LimitReached(record, reached)),
        Err(error) => return Err(error),
    }
    if requirements.scopes.iter().all(|scope| record.scopes.contains(scope)) {
        Ok(Verdict::AllowedByApiKey(record))
    } else {
        Ok(Verdict::InsufficientScope(record))
    }
}

async fn of_member(ports: &Authorizer, text: &str) -> Result<Verdict, Error> {
    let (caller, _) = authenticate(&ports.introspector.reader, text, RecordKeys::default()).await?;
    let mut record = caller.token().clone();
    record.drop_lost_roles(caller.member());
    record.scopes = caller.scopes().cloned().collect();
    match ports.requirements.check(&caller) {
        Ok(()) => Ok(Verdict::Allowed(Box::new(record))),
        Err(Lacking::Scope) => Ok(Verdict::InsufficientScope(Box::new(record))),
        Err(Lacking::Audience) => Err(REJECTED.into()),
    }
}

async fn of_client(ports: &Authorizer, request: &ApiRequest, scheme: TokenScheme, text: &str) -> Result<Verdict, Error> {
    let Some((org, lookup, found)) = find(ports, text).await?.filter(|(org, ..)| org.enabled) else {
        return Err(REJECTED.into());
    };
    let asked = ResourceRequest {
        scopes: ports.requirements.scopes.clone(),
        audiences: ports.requirements.audience.iter().cloned().collect(),
        certificate: request.certificate,
        // RFC 9449 section 7.1: as a bearer token it proves nothing.
        dpop: request.dpop.clone().filter(|_| scheme == TokenScheme::Dpop),
        ..ResourceRequest::default()
    };
    let service = Service::of_own_clients(org);
    let seen = introspect_for_resource_server(&ports.introspector, &service, (&lookup, &found), text, &asked).await?;
    let Some(token) = seen.token else { return Err(REJECTED.into()) };
    if token.status == TokenStatus::Expired {
        return Err(Refusal::CredentialsRejected(TokenProblem::Expired).into());
    }
    let is_bound = token.record.issuance.as_ref().is_some_and(|issuance| issuance.confirmation.dpop_key.is_some());
    if token.status != TokenStatus::Live || is_bound != (scheme == TokenScheme::Dpop) {
        return Err(REJECTED.into());
    }
    match seen.verdict {
        ResourceVerdict::Sufficient => Ok(Verdict::Allowed(Box::new(token.record))),
        ResourceVerdict::LacksScope(_) => Ok(Verdict::InsufficientScope(Box::new(token.record))),
        ResourceVerdict::Unknown
        | ResourceVerdict::Expired { .. }
        | ResourceVerdict::Unproved(_)
        | ResourceVerdict::OtherAuthentication
        | ResourceVerdict::TooOld
        | ResourceVerdict::OtherSubject
        | ResourceVerdict::OtherAudience => Err(REJECTED.into()),
    }
}

/// Finds the org of a client's token, and reads what the token tells of its place there. A JWT names its client, and so the org;
/// an opaque token is looked for in the org that the requirements name.
async fn find(ports: &Authorizer, text: &str) -> Result<Option<(Arc<Org>, TokenLookup, Records)>, Fault> {
    let reader = &ports.introspector.reader;
    let keys = reader.keys.now().await?;
    let seek = |org: &OrgId| TokenLookup::by_value(&keys, org, text);
    let said = keys.verifier.access_token(text);
    if let Some(client) = said.as_ref().and_then(|said| said.client()) {
        let known = client::find(reader, client, seek).await?;
        return Ok(known.map(|(org, _, lookup, found)| (org, lookup, found)));
    }
    // Clients that are known by a URL are the open org's.
    let own_org = said.as_ref().and_then(|said| said.org());
    let is_by_url = said.is_some_and(|said| said.names_client_by_url());
    let open_org = ports.open_org.id().filter(|_| is_by_url);
    let Some(org) = own_org.as_ref().or(open_org).or(ports.requirements.org.as_ref()) else { return Ok(None) };
    let lookup = seek(org);
    let own = RecordKeys { orgs: vec![org.clone()], ..RecordKeys::default() };
    let found = reader.tokens.read(&own.and(lookup.wanted(org))).await?;
    Ok(found.orgs.get(org).cloned().map(|org| (org, lookup, found)))
}
