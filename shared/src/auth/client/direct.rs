//! Clients that come straight to the service: first it must be found out whose they are.

use std::sync::Arc;

use super::federated::{self, IssuersLookup};
use super::{ClientCredentials, VerifiedClient, verify_credentials};
use crate::auth::service::Lookup;
use crate::domain::{Client, ClientId, ClientRef, Denial, Error, Fault, Org, OrgId, Service};
use crate::platform::capabilities::Reader;
use crate::store::{RecordKeys, Records};
use crate::telemetry::note_client;

/// A client whose credentials are right, with its org and the records that were read for it.
#[derive(Debug)]
pub struct Identified<S> {
    /// The client's org, in whose name it is served.
    pub service: Service,
    /// The client, as its credentials were verified.
    pub verified: VerifiedClient,
    /// The look-up whose records were read.
    pub lookup: S,
    /// The records that were found.
    pub found: Records,
}

/// Authenticates a client by its number, and looks in its org for what `seek` says: one consistent read, and another one the first
/// time that the client is seen.
///
/// # Errors
///
/// What [`verify_credentials`] finds. Clients that are unknown, of a disabled org, or without the right credentials get one answer.
pub async fn identify<S: Lookup>(
    reader: &Reader,
    credentials: &ClientCredentials,
    seek: impl Fn(&OrgId) -> S,
) -> Result<Identified<S>, Error> {
    let platform_token = credentials.platform_token();
    let seek = |org: &OrgId| (seek(org), platform_token.is_some().then_some(IssuersLookup));
    let known = match credentials.client() {
        Some(ClientRef::Id(id)) => find(reader, id, seek).await?.filter(|(org, ..)| org.enabled),
        Some(ClientRef::Alias(_)) | None => None,
    };
    let Some((org, client, (lookup, _), mut found)) = known else {
        // As much is done for one that isn't there.
        if let Some(token) = platform_token {
            return Err(token.refuse(reader).into());
        }
        verify_credentials(reader, None, credentials)?;
        return Err(Denial::ClientUnauthenticated.into());
    };
    note_client(&org.id, client.id);
    let verified = match platform_token.filter(|token| token.is_proof_of(&client)) {
        Some(token) => {
            let settings = found.assertion_settings.remove(&org.id).unwrap_or_default();
            Box::pin(federated::verify(reader, &org, client, &settings, token)).await?
        }
        None => verify_credentials(reader, Some(client), credentials)?,
    };
    Ok(Identified { service: Service::of_own_clients(org), verified, lookup, found })
}

/// An org and a client of it, with what was looked for there, and what was found of it.
pub(crate) type Known<S> = (Arc<Org>, Arc<Client>, S, Records);

/// Finds a client of any org by its number, even if it is disabled. One that is known by a metadata document isn't found so.
pub(crate) async fn find<S: Lookup>(
    reader: &Reader,
    id: ClientId,
    seek: impl Fn(&OrgId) -> S,
) -> Result<Option<Known<S>>, Fault> {
    if let Some(org) = reader.client_orgs.find(id) {
        if let Some(known) = read_in(reader, id, org, &seek).await? {
            return Ok(Some(known));
        }
        reader.client_orgs.forget(id);
    }
    let mut wanted = RecordKeys { client_orgs: vec![id], ..RecordKeys::default() };
    // To find that there is no such client must take as long as to find one.
    if let Some((org, client)) = reader.client_orgs.any() {
        wanted.orgs.push(org.clone());
        wanted.clients.push((org, client));
    }
    let Some(org) = reader.tokens.read(&wanted).await?.client_orgs.remove(&id) else { return Ok(None) };
    reader.client_orgs.note(id, &org);
    read_in(reader, id, org, &seek).await
}

async fn read_in<S: Lookup>(
    reader: &Reader,
    id: ClientId,
    org: OrgId,
    seek: impl Fn(&OrgId) -> S,
) -> Result<Option<Known<S>>, Fault> {
    let lookup = seek(&org);
    let key = (org.clone(), id);
    let own = RecordKeys { orgs: vec![org.clone()], clients: vec![key.clone()], ..RecordKeys::default() };
    let found = reader.tokens.read(&own.and(lookup.wanted(&org))).await?;
    let known = found.orgs.get(&org).cloned().zip(found.clients.get(&key).cloned());
    let known = known.filter(|(org, client)| client.document_url().is_none() && org.still_has(client, reader.now()));
    Ok(known.map(|(org, client)| (org, client, lookup, found)))
}
