//! What people have let clients do, as an authorization server lists, changes and ends it: Authlete's `/client/authorization/…` and
//! `/client/granted_scopes/…`.
//!
//! What a person has granted is one record, however it came to be: the [connected apps](crate::oauth::person_grants) of Jeton's own API
//! are the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::{Client, ClientId, Error, Fault, PersonGrant, PersonGrantKey, Refusal, Scope, Seconds, Service, Subject};
use crate::oauth::person_grants::MAX_PAGE;
use crate::platform::capabilities::{
    ClientAuthorizationLister, ClientAuthorizationRemover, ClientAuthorizationUpdater, PersonGrantRemover, Reader,
};
use crate::store::RecordKeys;
use crate::tokens::list::{ClientFilter, MAX_LISTED_TOKENS, list_of_clients};
use crate::tokens::revoke::{Counted, RevocationTarget, revoke_of_clients};
use crate::tokens::update::{self, Update};

/// Clients that a person has let in.
#[derive(Debug)]
pub struct AuthorizedClients {
    /// How many there are on all pages.
    pub total: usize,
    /// Those that are asked for, by number.
    pub clients: Vec<Arc<Client>>,
}

/// Lists the clients that hold tokens of a person or needn't ask them again, from `start` (inclusive) to `end` (exclusive) of those that are
/// `wanted`.
///
/// # Errors
/// Only a fault: the store can't be read.
pub async fn list(
    ports: &ClientAuthorizationLister,
    service: &Service,
    subject: &Subject,
    wanted: impl Fn(&Client) -> bool,
    (start, end): (usize, usize),
) -> Result<AuthorizedClients, Error> {
    let org = service.id();
    let filter = ClientFilter { subject: Some(subject.clone()), end: MAX_LISTED_TOKENS, ..ClientFilter::default() };
    let page = list_of_clients(&ports.lister, service, &filter).await?;
    let mut numbers: BTreeSet<ClientId> = page.rows.iter().filter_map(|(token, _)| token.client).collect();
    let mut after = None;
    loop {
        let page = ports.person_grants.person_grants(org, subject, after, MAX_PAGE).await?;
        let remembered = page.grants.iter().filter(|grant| grant.remembered.is_some());
        numbers.extend(remembered.map(|grant| grant.key.client));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let (reader, mut clients) = (&ports.lister.reader, Vec::new());
    for numbers in numbers.into_iter().collect::<Vec<_>>().chunks(RecordKeys::MAX_KEYS) {
        let keys = numbers.iter().map(|number| (org.clone(), *number)).collect();
        let mut found = reader.tokens.read(&RecordKeys { clients: keys, ..RecordKeys::default() }).await?.clients;
        let there = numbers.iter().filter_map(|number| found.remove(&(org.clone(), *number)));
        clients.extend(there.filter(|client| service.org().still_has(client, reader.now()) && wanted(client)));
    }
    let total = clients.len();
    let clients = clients.into_iter().skip(start).take(end.saturating_sub(start)).collect();
    Ok(AuthorizedClients { total, clients })
}

/// Replaces the scopes of all access tokens that a client has for a person, and returns how many those are. `None`: they stay. Scopes that
/// the client may not request are dropped, and refresh tokens keep theirs.
///
/// # Errors
/// A fault if the store can't be read or written, or if there are so many tokens that it takes too long: those that were changed stay so,
/// and a repetition goes on.
pub async fn update(
    ports: &ClientAuthorizationUpdater,
    service: &Service,
    (client, subject): (&Client, Subject),
    scopes: Option<Vec<Scope>>,
) -> Result<usize, Error> {
    /// A function has ten seconds for all that it does.
    const CHANGING: Seconds = Seconds(6);
    let Some(scopes) = scopes else { return Ok(0) };
    let reader = &ports.lister.reader;
    let until = reader.now().plus(CHANGING);
    let filter =
        ClientFilter { client: Some(client.id), subject: Some(subject), valid: Some(true), start: 0, end: MAX_LISTED_TOKENS };
    let page = list_of_clients(&ports.lister, service, &filter).await?;
    let change = Update { scopes: Some(scopes), ..Update::default() };
    let mut changed = 0;
    for (record, _) in page.rows {
        if reader.now() > until {
            return Err(Fault::unavailable("changing the scopes of a client's tokens: there are too many").into());
        }
        match update::update_record(&ports.updater, service, record, &change).await {
            Ok(_) => changed += 1,
            // It was revoked meanwhile.
            Err(Error::Refused(Refusal::NotFound(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

/// Ends all that a client has for a person, and what the person isn't asked for again. Returns how many tokens that hit. Codes and device
/// codes that were decided before end with it.
///
/// # Errors
/// Only a fault: the store can't be read or written.
pub async fn delete(
    ports: &ClientAuthorizationRemover,
    service: &Service,
    client: &Client,
    subject: Subject,
) -> Result<Counted, Error> {
    let key = key(service, client, subject.clone());
    let counted = revoke_of_clients(&ports.revoker, service, RevocationTarget::ClientOf(client.id, subject)).await?;
    ports.person_grants.end_person_grant(&key, ports.revoker.reader.now()).await?;
    Ok(counted)
}

/// Reads what a person has granted to a client. `None`: nothing, or nothing since it was last forgotten.
///
/// # Errors
/// A fault if the store can't be read.
pub async fn granted(
    reader: &Reader,
    service: &Service,
    client: &Client,
    subject: Subject,
) -> Result<Option<PersonGrant>, Fault> {
    let key = key(service, client, subject);
    let wanted = RecordKeys { person_grants: vec![key.clone()], ..RecordKeys::default() };
    let found = reader.tokens.read(&wanted).await?.person_grants.remove(&key);
    Ok(found.filter(|grant| grant.ended_at.is_none()))
}

/// Forgets what a person has granted to a client. The tokens that came of it stay. A code that was decided before can't be redeemed any
/// more, because it would bring back what was forgotten.
///
/// # Errors
/// A fault if the store can't be written.
pub async fn forget(ports: &PersonGrantRemover, service: &Service, client: &Client, subject: Subject) -> Result<(), Fault> {
    ports.person_grants.end_person_grant(&key(service, client, subject), ports.reader.now()).await.map(drop)
}

fn key(service: &Service, client: &Client, subject: Subject) -> PersonGrantKey {
    PersonGrantKey { org: service.id().clone(), subject, client: client.id }
}
