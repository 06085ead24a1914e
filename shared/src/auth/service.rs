//! Authenticating who acts on an org's tokens and clients as a whole: the authorization server that stands on this one, or
//! a resource server of it.

use std::sync::Arc;

use crate::auth::bearer::{authenticate as authenticate_bearer, require_scope};
use crate::auth::secret;
use crate::domain::{Caller, Client, ClientRef, Error, Fault, Org, OrgId, Refusal, Secret, Service, TokenProblem};
use crate::platform::capabilities::Reader;
use crate::store::{RecordKeys, Records};
use crate::telemetry::note_org;

/// The credentials of a service: what acts on an org's tokens and clients as a whole.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The org that the path names. `None`: the credentials say which org it is.
    pub org: Option<OrgId>,
    /// What the service proves its identity by.
    pub proof: Proof,
}

/// What a service proves its identity by.
#[derive(Clone, Debug)]
pub enum Proof {
    /// An access token of a member.
    Bearer(Secret<String>),
    /// One of the org's API secrets.
    Secret {
        /// The org that the secret is said to be of.
        org: OrgId,
        /// The secret as it was presented.
        secret: Secret<String>,
    },
}

/// Records that are looked up in an org in the same read that authenticates its service or client.
pub trait Lookup: Send {
    /// Lists the records to read.
    fn wanted(&self, org: &OrgId) -> RecordKeys;
}

/// An authenticated service, with the records that were read for it.
#[derive(Debug)]
pub struct Authenticated<S> {
    /// The service, whose org is enabled.
    pub service: Service,
    /// The look-up whose records were read.
    pub lookup: S,
    /// The records that were found.
    pub found: Records,
}

/// Authenticates a service, and reads what `seek` asks for in its org: one consistent read.
///
/// A bearer needs one of the API scopes of `needs` in the org; if there are none, its token must only be alive.
///
/// # Errors
///
/// [`Refusal::CredentialsRejected`] if the secret isn't the org's, the token isn't alive, the org is disabled, or the path names
/// another org than the secret is of; [`Refusal::AccessDenied`] if the bearer has none of the scopes in the org.
pub async fn authenticate<S: Lookup>(
    ports: &Reader,
    credentials: &Credentials,
    needs: &[&'static str],
    seek: impl FnOnce(&OrgId) -> S,
) -> Result<Authenticated<S>, Error> {
    match &credentials.proof {
        Proof::Bearer(token) => {
            let org = match &credentials.org {
                Some(org) => org.clone(),
                None => ports.keys.now().await?.verifier.org_of(token.expose(), ports.now()).ok_or(REJECTED)?,
            };
            let lookup = seek(&org);
            let mut also = lookup.wanted(&org);
            also.orgs.push(org.clone());
            let (caller, found) = authenticate_bearer(ports, token.expose(), also).await?;
            let org = service_org(&caller, found.orgs.get(&org), needs)?;
            Ok(Authenticated { service: Service::authenticated(org, Some(&caller)), lookup, found })
        }
        Proof::Secret { org, .. } if credentials.org.as_ref().is_some_and(|named| named != org) => Err(REJECTED.into()),
        Proof::Secret { org, secret } => {
            let lookup = seek(org);
            let (service, found) = by_secret(ports, org, secret, lookup.wanted(org)).await?;
            Ok(Authenticated { service, lookup, found })
        }
    }
}

/// Authenticates a member who acts on an org that a path names, by its token.
///
/// # Errors
///
/// [`Refusal::CredentialsRejected`] and [`Refusal::AccessDenied`], as [`authenticate`] has them for a bearer.
pub async fn authenticate_member<S: Lookup>(
    ports: &Reader,
    token: &str,
    org: OrgId,
    needs: &[&'static str],
    lookup: S,
) -> Result<Authenticated<S>, Error> {
    let credentials = Credentials { org: Some(org), proof: Proof::Bearer(Secret::new(token.to_owned())) };
    authenticate(ports, &credentials, needs, |_| lookup).await
}

const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);

/// Returns the org, if it is enabled and the caller may act on it as a service.
fn service_org(caller: &Caller, org: Option<&Arc<Org>>, needs: &[&'static str]) -> Result<Arc<Org>, Refusal> {
    let org = org.filter(|org| org.enabled);
    if needs.is_empty() {
        let own = org.filter(|org| org.is_within(caller.org()));
        return own.cloned().ok_or(Refusal::AccessDenied { needs: crate::domain::scope::api::ADMIN });
    }
    require_scope(caller, org, needs).cloned()
}

async fn by_secret(
    ports: &Reader,
    id: &OrgId,
    presented: &Secret<String>,
    also: RecordKeys,
) -> Result<(Service, Records), Error> {
    let found = ports.tokens.read(&RecordKeys { orgs: vec![id.clone()], ..RecordKeys::default() }.and(also)).await?;
    // Where there is no org as much is done.
    let is_known = secret::is_among(presented, found.orgs.get(id).map_or(&[], |org| &org.secrets));
    let org = found.orgs.get(id).filter(|org| is_known && org.enabled).cloned().ok_or(REJECTED)?;
    note_org(&org.id);
    Ok((Service::authenticated(org, None), found))
}

impl Lookup for () {
    fn wanted(&self, _: &OrgId) -> RecordKeys {
        RecordKeys::default()
    }
}

impl<S: Lookup> Lookup for Option<S> {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        self.as_ref().map(|lookup| lookup.wanted(org)).unwrap_or_default()
    }
}

impl<A: Lookup, B: Lookup> Lookup for (A, B) {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        self.0.wanted(org).and(self.1.wanted(org))
    }
}

impl Lookup for ClientRef {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        match self {
            Self::Id(id) => RecordKeys { clients: vec![(org.clone(), *id)], ..RecordKeys::default() },
            Self::Alias(alias) => RecordKeys { client_aliases: vec![(org.clone(), alias.clone())], ..RecordKeys::default() },
        }
    }
}

/// Returns a client of the service's org that was looked up, even if it is disabled. One that is named by its alias takes a second
/// read.
///
/// # Errors
/// A [`Fault`] if the second read fails.
pub async fn client_named(
    ports: &Reader,
    service: &Service,
    found: &Records,
    client: &ClientRef,
) -> Result<Option<Arc<Client>>, Fault> {
    let org = service.id();
    let id = match client {
        ClientRef::Id(id) => *id,
        ClientRef::Alias(alias) => match found.client_aliases.get(&(org.clone(), alias.clone())) {
            Some(id) => *id,
            None => return Ok(None),
        },
    };
    let key = (org.clone(), id);
    let is_there = |client: &Arc<Client>| service.org().still_has(client, ports.now());
    if let Some(client) = found.clients.get(&key) {
        return Ok(Some(client.clone()).filter(is_there));
    }
    if matches!(client, ClientRef::Id(_)) {
        return Ok(None);
    }
    let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
    Ok(ports.tokens.read(&wanted).await?.clients.remove(&key).filter(is_there))
}
