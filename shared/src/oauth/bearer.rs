//! The access token of a client, at an endpoint of the service itself: the userinfo endpoint, and those of event streams.

use std::sync::Arc;

use crate::auth::client;
use crate::auth::service::Lookup as _;
use crate::domain::{Audience, Error, Fault, Org, OrgId, Refusal, Secret, Service, TokenProblem, TokenStatus};
use crate::jose::certificate;
use crate::platform::capabilities::Introspector;
use crate::store::{RecordKeys, Records};
use crate::telemetry::note_client;
use crate::tokens::introspect::{ProofOfPossession, ResourceRequest, Verdict, introspect_for_resource_server};
use crate::tokens::lookup::{ClientAccessToken, TokenLookup};
use crate::tokens::opaque;

/// An access token of a client, as it was presented, with what proves that it is the sender's.
#[derive(Debug)]
pub struct ClientBearer {
    /// The access token as it was presented.
    pub token: Secret<String>,
    /// The certificate of the client's TLS connection, in PEM, if the gateway has verified one.
    pub certificate: Option<String>,
    /// The DPoP proof of the request, if the token came with the scheme `DPoP`.
    pub dpop: Option<Secret<String>>,
    /// The method of the request, which a DPoP proof names.
    pub method: String,
}

impl ClientBearer {
    /// Authenticates the bearer of a token of a client at the endpoint at this path, and returns the org with the token. A client is there.
    ///
    /// # Errors
    /// [`Refusal::CredentialsRejected`] if the token isn't alive, isn't proved to be the sender's, or is for an API: an API that is handed a
    /// token for itself must not be able to do anything here with it.
    pub async fn authenticate(self, ports: &Introspector, path: &str) -> Result<(Service, ClientAccessToken), Error> {
        let text = self.token.expose();
        let (org, lookup, found) = find(ports, text).await?.filter(|(org, ..)| org.enabled).ok_or(REJECTED)?;
        let uri = format!("{}{path}", ports.reader.keys.issuer().as_str().trim_end_matches('/'));
        let is_proved = self.dpop.is_some();
        let dpop = self.dpop.map(|proof| ProofOfPossession { proof, method: self.method, uri });
        let certificate = self.certificate.and_then(|pem| certificate::thumbprint(&pem).ok());
        let asked = ResourceRequest { certificate, dpop, ..ResourceRequest::default() };
        let (is_for_us, service) = (meant_for_us(ports, &org), Service::of_own_clients(org));
        let seen = introspect_for_resource_server(ports, &service, (&lookup, &found), text, &asked).await?;
        let token = *seen.token.ok_or(REJECTED)?;
        if token.status == TokenStatus::Expired {
            return Err(Refusal::CredentialsRejected(TokenProblem::Expired).into());
        }
        let issuance = token.record.issuance.as_deref().ok_or(REJECTED)?;
        let is_bound = issuance.confirmation.dpop_key.is_some();
        let is_good = token.status == TokenStatus::Live && seen.verdict == Verdict::Sufficient && is_bound == is_proved;
        if !is_good || !token.record.audiences.iter().all(is_for_us) {
            return Err(REJECTED.into());
        }
        note_client(service.id(), token.record.client.ok_or(REJECTED)?);
        Ok((service, token))
    }
}

pub(super) const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);

/// Says of an audience whether a token for it may be used here: it is the issuer, or where the org's tokens are for by default.
fn meant_for_us(ports: &Introspector, org: &Org) -> impl Fn(&Audience) -> bool + use<> {
    let (issuer, default) = (ports.reader.keys.issuer().clone(), org.settings.oauth.default_resource.clone());
    move |audience| audience.as_str() == issuer.as_str() || default.as_ref() == Some(audience)
}

/// Finds the org of a client's token: a JWT names its client, and an opaque token that can be used here its org.
async fn find(ports: &Introspector, text: &str) -> Result<Option<(Arc<Org>, TokenLookup, Records)>, Fault> {
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
    let found = reader.tokens.read(&own.and(lookup.wanted(&org))).await?;
    Ok(found.orgs.get(&org).cloned().map(|org| (org, lookup, found)))
}
