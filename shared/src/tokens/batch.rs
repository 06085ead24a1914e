//! Issuing many tokens in the background: Authlete's `/auth/token/create/batch`.
//!
//! What is asked for is decided and made ready at once, with nothing in it but hashes; then it is handed over to a queue, in
//! parts. To record a part twice does no harm, so a part may be delivered as often as it likes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::auth::service::Lookup;
use crate::domain::{Batch, BatchKey, Client, ClientRef, Error, Fault, OrgId, Refusal, Service, TokenId};
use crate::platform::capabilities::{BatchReader, BatchWorker, Batcher};
use crate::platform::queue::MAX_MESSAGE_BYTES;
use crate::policy::{self, ClientTokenRequest, RefreshOf};
use crate::store::codec::{decode_part, encode_part, encode_recording};
use crate::store::{InsertOutcome, RecordKeys, Records, ValueKind};
use crate::tokens::custom_value;
use crate::tokens::issue::predecessors;
use crate::tokens::mint::{LiveGrant, prepared};

/// A token of a batch.
#[derive(Debug)]
pub struct BatchRequest {
    /// The client that the token is for.
    pub client: ClientRef,
    /// What the token is to say.
    pub ask: ClientTokenRequest,
}

/// Why a batch isn't taken: one of its tokens can't be issued.
#[derive(Debug)]
pub struct BadItem {
    /// Which one, from 0.
    pub index: usize,
    /// Why the entry was refused.
    pub refusal: Refusal,
}

/// Takes a batch, or says what is wrong with the first of its tokens that can't be issued. Of a dry run nothing is kept.
///
/// # Errors
/// Only a fault: what is wrong with a token is a [`BadItem`].
pub async fn accept(
    ports: &Batcher,
    service: &Service,
    asks: Vec<BatchRequest>,
    dry_run: bool,
) -> Result<Result<BatchKey, BadItem>, Error> {
    let now = ports.reader.now();
    let clients = clients(ports, service.id(), &asks).await?;
    let batch = BatchKey { org: service.id().clone(), id: TokenId::generate(now, None, &*ports.entropy)? };
    let count = u32::try_from(asks.len()).map_err(|e| Fault::internal("counting a batch").because(e))?;
    let (mut grants, mut owners) = (Vec::with_capacity(asks.len()), Vec::with_capacity(asks.len()));
    for (index, BatchRequest { client, ask }) in asks.into_iter().enumerate() {
        let Some(client) = clients.get(&named(&client)) else {
            return Ok(Err(BadItem { index, refusal: Refusal::ClientUnavailable }));
        };
        match policy::issue(service, client, ask, RefreshOf::Org, now) {
            Ok(grant) => grants.push(grant),
            Err(refusal) => return Ok(Err(BadItem { index, refusal })),
        }
        owners.push(client);
    }
    if let Some((index, refusal)) = custom_value::conflict(&ports.reader, service.id(), &grants).await? {
        return Ok(Err(BadItem { index, refusal }));
    }
    let grants = LiveGrant::check_all(&ports.reader, grants).await?;
    let mut recordings = Vec::with_capacity(grants.len());
    for (grant, client) in grants.iter().zip(owners) {
        let recording = prepared(grant, &*ports.entropy)?;
        let mark = predecessors(service, client, &recording.token);
        recordings.push(encode_recording(&recording, mark.as_ref())?);
    }
    if dry_run {
        return Ok(Ok(batch));
    }
    let messages = parts(&batch, recordings)?;
    let begun = Batch {
        id: batch.id,
        org: batch.org.clone(),
        tokens: count,
        parts: u32::try_from(messages.len()).map_err(|e| Fault::internal("counting a batch").because(e))?,
        done: Vec::new(),
        failure: None,
        created_at: now,
        updated_at: now,
    };
    ports.batches.put_batch(&begun).await?;
    ports.queue.enqueue(&messages).await?;
    Ok(Ok(batch))
}

/// Reads how far a batch of this service has come.
///
/// # Errors
/// Only a fault: the store can't be read.
pub async fn status(ports: &BatchReader, service: &Service, id: TokenId) -> Result<Option<Batch>, Error> {
    Ok(ports.batches.batch(&BatchKey { org: service.id().clone(), id }).await?)
}

/// Records a part of a batch. A fault that may pass is returned, so that the part comes again; anything else ends the batch.
///
/// # Errors
/// A [`Fault`] if the message can't be read, or if the store fails in a way that may pass.
pub async fn work(ports: &BatchWorker, message: &str) -> Result<(), Fault> {
    let part = decode_part(message)?;
    let mut failure = None;
    for (recording, mark) in &part.recordings {
        match ports.write.record(recording).await {
            Ok(InsertOutcome::Done) => {
                if let Some(mark) = mark {
                    ports.revoke.set_not_before(mark).await?;
                }
            }
            Ok(InsertOutcome::ValueTaken(ValueKind::Access)) => {
                failure = failure.or(Some("accessToken: is taken by another token"));
            }
            Ok(InsertOutcome::ValueTaken(ValueKind::Refresh)) => {
                failure = failure.or(Some("refreshToken: is taken by another token"));
            }
            Ok(InsertOutcome::TicketSpent | InsertOutcome::AuthorizationChanged | InsertOutcome::PersonGrantEnded) => {
                failure = failure.or(Some("a token could not be recorded"));
            }
            Err(fault) if fault.can_retry() => return Err(fault),
            Err(fault) => {
                crate::telemetry::log_fault("batch", &fault);
                failure = failure.or(Some("a token could not be recorded"));
            }
        }
    }
    ports.batches.end_part(&part.batch, part.part, failure, ports.clock.now()).await
}

/// Records some parts, each with the name under which it was delivered. Answers the names of those that must come again.
pub async fn work_on_all(ports: &BatchWorker, messages: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut failed = Vec::new();
    for (name, message) in messages {
        if let Err(fault) = work(ports, &message).await {
            crate::telemetry::log_fault("batch", &fault);
            failed.push(name);
        }
    }
    failed
}

/// [`work`] for a queue within the process.
#[cfg(feature = "sqlite")]
pub fn worker(ports: BatchWorker) -> crate::platform::queue::local::Work {
    std::sync::Arc::new(move |message| {
        let ports = ports.clone();
        Box::pin(async move { work(&ports, &message).await })
    })
}

/// The clients that are named, by name: as many as there are, a hundred at a time.
async fn clients(ports: &Batcher, org: &OrgId, asks: &[BatchRequest]) -> Result<HashMap<String, Arc<Client>>, Error> {
    let mut names: Vec<&ClientRef> = Vec::new();
    for BatchRequest { client, .. } in asks {
        if !names.contains(&client) {
            names.push(client);
        }
    }
    let mut clients = HashMap::new();
    for names in names.chunks(RecordKeys::MAX_KEYS) {
        let wanted = names.iter().fold(RecordKeys::default(), |wanted, name| wanted.and(name.wanted(org)));
        let mut found = ports.reader.tokens.read(&wanted).await?;
        let by_alias: Vec<_> = found.client_aliases.values().map(|id| (org.clone(), *id)).collect();
        if !by_alias.is_empty() {
            let wanted = RecordKeys { clients: by_alias, ..RecordKeys::default() };
            found.clients.extend(ports.reader.tokens.read(&wanted).await?.clients);
        }
        for name in names {
            clients.extend(client_in(&found, org, name).map(|client| (named(name), client)));
        }
    }
    Ok(clients)
}

fn client_in(found: &Records, org: &OrgId, name: &ClientRef) -> Option<Arc<Client>> {
    let id = match name {
        ClientRef::Id(id) => *id,
        ClientRef::Alias(alias) => *found.client_aliases.get(&(org.clone(), alias.clone()))?,
    };
    found.clients.get(&(org.clone(), id)).cloned()
}

/// Returns a client's name as text. No alias is all digits, so it can't be taken for an id.
fn named(client: &ClientRef) -> String {
    match client {
        ClientRef::Id(id) => id.to_string(),
        ClientRef::Alias(alias) => alias.clone(),
    }
}

/// Messages of as many recordings as go into one.
fn parts(batch: &BatchKey, recordings: Vec<String>) -> Result<Vec<String>, Fault> {
    const ENVELOPE: usize = 512;
    let (mut messages, mut part, mut length) = (Vec::new(), Vec::new(), ENVELOPE);
    for recording in recordings {
        if length + recording.len() > MAX_MESSAGE_BYTES && !part.is_empty() {
            messages.push(std::mem::take(&mut part));
            length = ENVELOPE;
        }
        length += recording.len() + 1;
        part.push(recording);
    }
    messages.push(part);
    let numbered = (0_u32..).zip(messages);
    numbered.map(|(number, recordings)| encode_part(batch, number, recordings)).collect()
}
