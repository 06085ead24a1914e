//! Authenticating who acts on an org's tokens and clients as a whole: the authorization server that stands on this one, or
//! a resource server of it.

use crate::auth::bearer::authenticate as authenticate_bearer;
use crate::domain::{Caller, Client, ClientRef, Error, Fault, Org, OrgId, Refusal, Secret, Service, TokenProblem};
use crate::jose::{equal, sha256};
use crate::platform::capabilities::Reader;
use crate::store::{Found, Wanted};

/// What is presented.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The org that the path names. `None`: the credentials tell.
    pub org: Option<OrgId>,
    /// The rest.
    pub proof: Proof,
}

/// By what it is proved.
#[derive(Clone, Debug)]
pub enum Proof {
    /// By an access token of a member.
    Bearer(Secret<String>),
    /// By the org's API secret.
    Secret {
        /// The org.
        org: OrgId,
        /// One of its API secrets.
        secret: Secret<String>,
    },
}

/// Something that is looked for in the org while its service is authenticated: in the same read.
pub trait Seek: Send {
    /// What to look for.
    fn wanted(&self, org: &OrgId) -> Wanted;
}

/// A service, what it wanted, and what was found of it.
#[derive(Debug)]
pub struct Authenticated<S> {
    /// The service.
    pub service: Service,
    /// What was looked for.
    pub sought: S,
    /// What the read has found.
    pub found: Found,
}

/// Authenticates, and looks in the org for what `seek` says: one consistent read. A bearer needs one of these API scopes there;
/// without any, its token must only be alive.
pub async fn authenticate<S: Seek>(
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
            let sought = seek(&org);
            let mut also = sought.wanted(&org);
            also.orgs.push(org.clone());
            let (caller, found) = authenticate_bearer(ports, token.expose(), also).await?;
            let org = permitted(&caller, found.orgs.get(&org), needs)?;
            Ok(Authenticated { service: Service::authenticated(org, Some(caller.member())), sought, found })
        }
        Proof::Secret { org, .. } if credentials.org.as_ref().is_some_and(|named| named != org) => Err(REJECTED.into()),
        Proof::Secret { org, secret } => {
            let sought = seek(org);
            let (service, found) = by_secret(ports, org, secret, sought.wanted(org)).await?;
            Ok(Authenticated { service, sought, found })
        }
    }
}

const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);

/// One answer for a foreign org and for one that isn't there, so that nobody can probe for orgs.
fn permitted(caller: &Caller, org: Option<&Org>, needs: &[&'static str]) -> Result<Org, Refusal> {
    let denied = Refusal::AccessDenied { needs: needs.first().copied().unwrap_or(crate::domain::scope::api::ADMIN) };
    let org = org.filter(|org| org.enabled && org.is_within(caller.org())).ok_or(denied.clone())?;
    if needs.is_empty() || needs.iter().any(|scope| caller.may(scope, org)) { Ok(org.clone()) } else { Err(denied) }
}

async fn by_secret(ports: &Reader, id: &OrgId, secret: &Secret<String>, also: Wanted) -> Result<(Service, Found), Error> {
    let found = ports.tokens.read(&Wanted { orgs: vec![id.clone()], ..Wanted::default() }.and(also)).await?;
    let hash = sha256(secret.expose().as_bytes());
    // All are compared, and where there is none as much is done: nobody can probe for orgs by the time that it takes.
    let hashes = found.orgs.get(id).map(|org| &org.secrets[..]).filter(|hashes| !hashes.is_empty()).unwrap_or(&[[0; 32]]);
    let is_known = hashes.iter().fold(false, |known, there| known | equal(there, &hash));
    let org = found.orgs.get(id).filter(|org| is_known && org.enabled).cloned().ok_or(REJECTED)?;
    Ok((Service::authenticated(org, None), found))
}

impl Seek for () {
    fn wanted(&self, _: &OrgId) -> Wanted {
        Wanted::default()
    }
}

impl<S: Seek> Seek for Option<S> {
    fn wanted(&self, org: &OrgId) -> Wanted {
        self.as_ref().map(|sought| sought.wanted(org)).unwrap_or_default()
    }
}

impl<A: Seek, B: Seek> Seek for (A, B) {
    fn wanted(&self, org: &OrgId) -> Wanted {
        self.0.wanted(org).and(self.1.wanted(org))
    }
}

impl Seek for ClientRef {
    fn wanted(&self, org: &OrgId) -> Wanted {
        match self {
            Self::Id(id) => Wanted { clients: vec![(org.clone(), *id)], ..Wanted::default() },
            Self::Alias(alias) => Wanted { client_aliases: vec![(org.clone(), alias.clone())], ..Wanted::default() },
        }
    }
}

/// A client of the service's org that was looked for, be it disabled. An alias takes a second read.
pub async fn client_named(ports: &Reader, service: &Service, found: &Found, client: &ClientRef) -> Result<Option<Client>, Fault> {
    let org = service.id();
    let id = match client {
        ClientRef::Id(id) => *id,
        ClientRef::Alias(alias) => match found.client_aliases.get(&(org.clone(), alias.clone())) {
            Some(id) => *id,
            None => return Ok(None),
        },
    };
    let key = (org.clone(), id);
    if let Some(client) = found.clients.get(&key) {
        return Ok(Some(client.clone()));
    }
    if matches!(client, ClientRef::Id(_)) {
        return Ok(None);
    }
    let wanted = Wanted { clients: vec![key.clone()], ..Wanted::default() };
    Ok(ports.tokens.read(&wanted).await?.clients.remove(&key))
}
