//! The connected apps of a person: what they have granted to clients, as their account page lists and ends it.
//!
//! A grant begins and grows at the [`token_endpoint`](super::token_endpoint), when a code is redeemed, and lets the
//! [hand-over](super::authorization::hand_over) skip the question.

use std::sync::Arc;

use crate::auth::service::{Authenticated, Credentials, Lookup, authenticate};
use crate::domain::scope::api;
use crate::domain::{Client, ClientId, Error, OrgId, PersonGrant, PersonGrantKey, Refusal, Service, Subject};
use crate::platform::capabilities::{ConnectedAppsRemover, PersonGrantReader, PersonGrantRemover};
use crate::store::RecordKeys;
use crate::tokens::revoke::{RevocationTarget, end_all_of};

/// A page of what a person has granted.
#[derive(Debug)]
pub struct ConnectedApps {
    /// The org of the clients.
    pub service: Service,
    /// The grants, each with its client, by the number of the client.
    pub grants: Vec<(PersonGrant, Arc<Client>)>,
    /// After which client the next page begins; `None`: this was the last.
    pub next: Option<ClientId>,
}

/// How many grants one page has at most: their clients are read together.
pub const MAX_PAGE: usize = RecordKeys::MAX_KEYS;

/// Lists what a person has granted, after `after`, at most `limit` of [`MAX_PAGE`]. Clients that are gone aren't shown.
///
/// # Errors
/// As [`authenticate`], with the scope `urn:jeton:grants:read`.
pub async fn list(
    ports: &PersonGrantReader,
    credentials: &Credentials,
    subject: &Subject,
    (after, limit): (Option<ClientId>, usize),
) -> Result<ConnectedApps, Error> {
    let needs = [api::GRANTS_READ, api::GRANTS_WRITE];
    let Authenticated { service, .. } = authenticate(&ports.reader, credentials, &needs, |_| ()).await?;
    let org = service.id();
    let page = ports.person_grants.person_grants(org, subject, after, limit.min(MAX_PAGE)).await?;
    let clients: Vec<_> = page.grants.iter().map(|grant| (org.clone(), grant.key.client)).collect();
    let mut found = ports.reader.tokens.read(&RecordKeys { clients, ..RecordKeys::default() }).await?.clients;
    let with_client = |grant: PersonGrant| {
        let client = found.remove(&(org.clone(), grant.key.client))?;
        Some((grant, client))
    };
    let grants = page.grants.into_iter().filter_map(with_client).collect();
    Ok(ConnectedApps { grants, next: page.next, service })
}

/// Ends what a person has granted to a client: the consent is forgotten, and all that the client has for the person ends now.
///
/// # Errors
/// As [`authenticate`], with the scope `urn:jeton:grants:write`. [`Refusal::NotFound`] if there is no such grant.
pub async fn end(
    ports: &PersonGrantRemover,
    credentials: &Credentials,
    subject: Subject,
    client: Option<ClientId>,
) -> Result<(), Error> {
    let lookup = PersonGrantLookup { subject, client };
    let needs = [api::GRANTS_WRITE];
    let Authenticated { service, lookup, found } = authenticate(&ports.reader, credentials, &needs, |_| lookup).await?;
    let grant = found.person_grants.into_values().find(|grant| grant.ended_at.is_none());
    let PersonGrant { key, .. } = grant.ok_or(Refusal::NotFound("grant"))?;
    let now = ports.reader.now();
    // The tokens first: as long as the grant is there, whoever tries again finds it.
    end_all_of(&*ports.revoke, &service, RevocationTarget::ClientOf(key.client, lookup.subject), now).await?;
    ports.person_grants.end_person_grant(&key, now).await?;
    Ok(())
}

/// Ends all that a person has granted: all that clients have for the person ends now, and nothing that the person has as a member.
///
/// # Errors
/// As [`authenticate`], with the scope `urn:jeton:grants:write`.
pub async fn end_all(ports: &ConnectedAppsRemover, credentials: &Credentials, subject: &Subject) -> Result<(), Error> {
    let ports = &ports.remover;
    let Authenticated { service, .. } = authenticate(&ports.reader, credentials, &[api::GRANTS_WRITE], |_| ()).await?;
    let now = ports.reader.now();
    end_all_of(&*ports.revoke, &service, RevocationTarget::ClientsOf(subject.clone()), now).await?;
    let mut after = None;
    loop {
        let page = ports.person_grants.person_grants(service.id(), subject, after, MAX_PAGE).await?;
        for grant in page.grants {
            ports.person_grants.end_person_grant(&grant.key, now).await?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// The grant that shall end. `None`: no client has such a name.
struct PersonGrantLookup {
    subject: Subject,
    client: Option<ClientId>,
}

impl Lookup for PersonGrantLookup {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        let key = |client| PersonGrantKey { org: org.clone(), subject: self.subject.clone(), client };
        RecordKeys { person_grants: self.client.map(key).into_iter().collect(), ..RecordKeys::default() }
    }
}
