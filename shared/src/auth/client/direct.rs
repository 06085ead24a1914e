//! Clients that come straight to the service: first it must be found out whose they are.

use super::{ClientCredentials, Proven, prove};
use crate::auth::service::Seek;
use crate::domain::{Client, ClientId, ClientRef, Denial, Error, Fault, Org, OrgId, Service};
use crate::platform::capabilities::Reader;
use crate::store::{Found, Wanted};
use crate::telemetry::note_client;

/// A client that has proved who it is, and what was found of what it wants.
#[derive(Debug)]
pub struct Identified<S> {
    /// Its org, in whose name it is served.
    pub service: Service,
    /// The client.
    pub proven: Proven,
    /// What was looked for.
    pub sought: S,
    /// What the read has found.
    pub found: Found,
}

/// Authenticates a client by its number, and looks in its org for what `seek` says: one consistent read, and another one the first
/// time that the client is seen.
///
/// Clients that are unknown, of a disabled org, or without the right credentials get one answer.
pub async fn identify<S: Seek>(
    reader: &Reader,
    credentials: &ClientCredentials,
    seek: impl Fn(&OrgId) -> S,
) -> Result<Identified<S>, Error> {
    let known = match credentials.client() {
        Some(ClientRef::Id(id)) => find(reader, id, seek).await?.filter(|(org, ..)| org.enabled),
        _ => None,
    };
    let Some((org, client, sought, found)) = known else {
        // As much is done for one that isn't there.
        prove(reader, None, credentials)?;
        return Err(Denial::ClientUnauthenticated.into());
    };
    note_client(&org.id, client.id);
    let proven = prove(reader, Some(client), credentials)?;
    Ok(Identified { service: Service::of_own_clients(org), proven, sought, found })
}

/// An org and a client of it, with what was looked for there, and what was found of it.
pub(crate) type Known<S> = (Org, Client, S, Found);

/// Finds a client of whatever org by its number, be it disabled.
pub(crate) async fn find<S: Seek>(reader: &Reader, id: ClientId, seek: impl Fn(&OrgId) -> S) -> Result<Option<Known<S>>, Fault> {
    if let Some(org) = reader.client_orgs.find(id) {
        if let Some(known) = read_in(reader, id, org, &seek).await? {
            return Ok(Some(known));
        }
        reader.client_orgs.forget(id);
    }
    let mut wanted = Wanted { client_orgs: vec![id], ..Wanted::default() };
    // To find that there is no such client must take as long as to find one.
    if let Some((org, client)) = reader.client_orgs.any() {
        wanted.orgs.push(org.clone());
        wanted.clients.push((org, client));
    }
    let Some(org) = reader.tokens.read(&wanted).await?.client_orgs.remove(&id) else { return Ok(None) };
    reader.client_orgs.note(id, &org);
    read_in(reader, id, org, &seek).await
}

async fn read_in<S: Seek>(
    reader: &Reader,
    id: ClientId,
    org: OrgId,
    seek: impl Fn(&OrgId) -> S,
) -> Result<Option<Known<S>>, Fault> {
    let sought = seek(&org);
    let key = (org.clone(), id);
    let own = Wanted { orgs: vec![org.clone()], clients: vec![key.clone()], ..Wanted::default() };
    let mut found = reader.tokens.read(&own.and(sought.wanted(&org))).await?;
    let known = found.orgs.remove(&org).zip(found.clients.remove(&key));
    Ok(known.map(|(org, client)| (org, client, sought, found)))
}
