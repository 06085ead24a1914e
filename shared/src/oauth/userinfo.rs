//! The userinfo endpoint: what a client may know of the person who has signed in (OpenID Connect Core section 5.3).

use serde_json::{Map, Value};

use crate::auth::client;
use crate::auth::service::Lookup as _;
use crate::domain::scope::openid;
use crate::domain::{Audience, Error, Fault, Org, OrgId, Refusal, Secret, Service, TokenProblem, TokenStatus};
use crate::jose::certificate;
use crate::oauth::person_claims;
use crate::platform::capabilities::Introspector;
use crate::store::{RecordKeys, Records};
use crate::telemetry::note_client;
use crate::tokens::introspect::{ProofOfPossession, ResourceRequest, Verdict, introspect_for_resource_server};
use crate::tokens::lookup::TokenLookup;
use crate::tokens::opaque;

/// The path of the endpoint.
pub const PATH: &str = "/oauth2/userinfo";

/// A request for what is known of a person.
#[derive(Debug)]
pub struct UserinfoRequest {
    /// The access token, as it was presented.
    pub token: Secret<String>,
    /// The certificate of the client's TLS connection, in PEM, if the gateway has verified one.
    pub certificate: Option<String>,
    /// The DPoP proof of the request, if the token came with the scheme `DPoP`.
    pub dpop: Option<Secret<String>>,
    /// The method of the request, which a DPoP proof names.
    pub method: &'static str,
}

/// Returns what the bearer of an access token may know of the person: `sub`, and the claims of the granted scopes and of the request's
/// parameter `claims`.
///
/// # Errors
/// [`Refusal::CredentialsRejected`] if the token isn't alive, isn't proved to be the sender's, or is for an API: an API that is handed a
/// token for itself must not be able to read the person's e-mail address with it. [`Refusal::AccessDenied`] if it lacks the scope
/// `openid`.
pub async fn userinfo(ports: &Introspector, request: UserinfoRequest) -> Result<Map<String, Value>, Error> {
    let text = request.token.expose();
    let (org, lookup, found) = find(ports, text).await?.filter(|(org, ..)| org.enabled).ok_or(REJECTED)?;
    let uri = format!("{}{PATH}", ports.reader.keys.issuer().as_str().trim_end_matches('/'));
    let is_proved = request.dpop.is_some();
    let dpop = request.dpop.map(|proof| ProofOfPossession { proof, method: request.method.to_owned(), uri });
    let certificate = request.certificate.and_then(|pem| certificate::thumbprint(&pem).ok());
    let asked = ResourceRequest { certificate, dpop, ..ResourceRequest::default() };
    let (is_for_us, service) = (meant_for_us(ports, &org), Service::of_own_clients(org));
    let seen = introspect_for_resource_server(ports, &service, (&lookup, &found), text, &asked).await?;
    let token = seen.token.ok_or(REJECTED)?;
    if token.status == TokenStatus::Expired {
        return Err(Refusal::CredentialsRejected(TokenProblem::Expired).into());
    }
    let record = &token.record;
    let issuance = record.issuance.as_deref().ok_or(REJECTED)?;
    let is_bound = issuance.confirmation.dpop_key.is_some();
    let is_good = token.status == TokenStatus::Live && seen.verdict == Verdict::Sufficient && is_bound == is_proved;
    if !is_good || !record.audiences.iter().all(is_for_us) {
        return Err(REJECTED.into());
    }
    note_client(service.id(), record.client.ok_or(REJECTED)?);
    if !record.scopes.iter().any(|scope| scope.as_str() == openid::OPENID) {
        return Err(Refusal::AccessDenied { needs: openid::OPENID }.into());
    }
    let of_family = token.family.as_ref().and_then(|family| family.issuance.as_deref()?.sign_in.as_deref());
    let sign_in = of_family.or(issuance.sign_in.as_deref());
    let mut claims =
        sign_in.map(|sign_in| person_claims::select(sign_in, &record.scopes, "userinfo")).transpose()?.unwrap_or_default();
    let told = sign_in.and_then(|sign_in| sign_in.forwarded.as_ref()?.told_subject.as_ref());
    claims.insert("sub".to_owned(), told.unwrap_or(&record.subject).as_str().into());
    Ok(claims)
}

const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);

/// Says of an audience whether a token for it may be used here: it is the issuer, or where the org's tokens are for by default.
fn meant_for_us(ports: &Introspector, org: &Org) -> impl Fn(&Audience) -> bool + use<> {
    let (issuer, default) = (ports.reader.keys.issuer().clone(), org.settings.oauth.default_resource.clone());
    move |audience| audience.as_str() == issuer.as_str() || default.as_ref() == Some(audience)
}

/// Finds the org of a client's token: a JWT names its client, and an opaque token of a person its org.
async fn find(ports: &Introspector, text: &str) -> Result<Option<(Org, TokenLookup, Records)>, Fault> {
    let reader = &ports.reader;
    let keys = reader.keys.now().await?;
    let seek = |org: &OrgId| TokenLookup::by_value(&keys, org, text);
    if let Some(client) = keys.verifier.access_token(text).and_then(|said| said.client()) {
        let known = client::find(reader, client, seek).await?;
        return Ok(known.map(|(org, _, lookup, found)| (org, lookup, found)));
    }
    let Some((org, _)) = opaque::split_org(text) else { return Ok(None) };
    let lookup = seek(&org);
    let own = RecordKeys { orgs: vec![org.clone()], ..RecordKeys::default() };
    let mut found = reader.tokens.read(&own.and(lookup.wanted(&org))).await?;
    Ok(found.orgs.remove(&org).map(|org| (org, lookup, found)))
}
