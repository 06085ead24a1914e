//! Creating, reading, changing and deleting streams: OpenID Shared Signals Framework 1.0 section 8.1.1.

use std::collections::BTreeSet;

use super::{MAX_ATTEMPTS, Receiver, changed_all_the_time, replace, wake};
use crate::domain::{Audience, Entropy, Error, EventDelivery, EventStream, EventUri, Fault, Refusal, Secret, TokenId};
use crate::keys::SigningKeys;
use crate::keys::remote::Receivers;
use crate::platform::capabilities::{StreamCreator, StreamLister, StreamReader, StreamRemover, StreamWriter};
use crate::store::EventStreamInsert;
use crate::tokens::signals::seal_header;

/// What a receiver wants a stream to be.
#[derive(Debug)]
pub struct StreamSettings {
    /// How the receiver gets its signals. `None`: as it was, and by poll for a new stream.
    pub delivery: Option<RequestedDelivery>,
    /// The events that the receiver wants.
    pub events_requested: BTreeSet<EventUri>,
    /// What the receiver calls the stream.
    pub description: Option<String>,
}

/// How a receiver wants to get its signals.
#[derive(Debug)]
pub enum RequestedDelivery {
    /// They shall be sent to it.
    Push {
        /// Where they shall be sent.
        endpoint_url: String,
        /// What the header `Authorization` shall have.
        authorization_header: Option<Secret<String>>,
    },
    /// The receiver fetches them.
    Poll,
}

/// Creates a stream, and returns it.
///
/// # Errors
/// [`Refusal::Invalid`] if signals may not be sent where the receiver wants them. [`Refusal::Conflict`] if the client or the org has as many
/// streams as may be, if the client ends by itself, or if this server tells of nothing.
pub async fn create(ports: &StreamCreator, receiver: &Receiver, settings: StreamSettings) -> Result<EventStream, Error> {
    if !ports.signalling.collects {
        return Err(Refusal::Conflict("this server has no signals to send, because it runs with --no-audit").into());
    }
    if receiver.client.origin.expires_at().is_some() {
        return Err(Refusal::Conflict("only a client that an administrator has made can have event streams").into());
    }
    let now = ports.introspector.reader.now();
    let key = receiver.key(TokenId::generate(now, None, &*ports.entropy)?);
    let audience = Audience::parse(&receiver.client.id.to_string()).map_err(|rule| Fault::internal(CREATING).because(rule))?;
    let new = EventStream::new(key, audience, now);
    let sealer = Sealer { receivers: &ports.receivers, signing: &ports.signing, entropy: &*ports.entropy };
    let new = sealer.apply(&new, settings).await?;
    if ports.streams.event_streams(&receiver.org.id, None).await?.len() >= EventStream::MAX_PER_ORG {
        return Err(Refusal::Conflict("this org has 100 event streams, as many as it may have: delete one first").into());
    }
    match ports.streams.create_event_stream(&new, EventStream::MAX_PER_CLIENT).await? {
        EventStreamInsert::Done => Ok(new),
        EventStreamInsert::TooMany => {
            Err(Refusal::Conflict("this client has 4 event streams, as many as it may have: delete one first").into())
        }
        EventStreamInsert::Dangling => Err(super::REJECTED.into()),
    }
}

/// Reads a stream of the receiver.
///
/// # Errors
/// [`Refusal::NotFound`] if it has none of this id.
pub async fn read(ports: &StreamReader, receiver: &Receiver, id: &str) -> Result<EventStream, Error> {
    receiver.stream(&*ports.streams, id).await
}

/// Reads all streams of the receiver.
///
/// # Errors
/// Only a fault: the streams can't be read.
pub async fn list(ports: &StreamLister, receiver: &Receiver) -> Result<Vec<EventStream>, Error> {
    Ok(ports.reader.streams.event_streams(&receiver.org.id, Some(receiver.client.id)).await?)
}

/// Changes a stream of the receiver into what `settings` says of the one that is there, and returns it.
///
/// # Errors
/// [`Refusal::NotFound`] if it has none of this id. What `settings` refuses, and [`Refusal::Invalid`] as from [`create`].
pub async fn change(
    ports: &StreamWriter,
    receiver: &Receiver,
    id: &str,
    settings: impl Fn(&EventStream) -> Result<StreamSettings, Refusal>,
) -> Result<EventStream, Error> {
    let sealer = Sealer { receivers: &ports.receivers, signing: &ports.signing, entropy: &*ports.entropy };
    for _ in 0..MAX_ATTEMPTS {
        let there = receiver.stream(&*ports.streams, id).await?;
        let wanted = settings(&there)?;
        let changed = sealer.apply(&there, wanted).await?;
        if let Some(changed) = replace(&*ports.streams, there, changed).await? {
            // What waited to be fetched may be to be sent now.
            wake(&ports.signalling, &changed, &format!("revision{}", changed.revision)).await?;
            return Ok(changed);
        }
    }
    Err(changed_all_the_time().into())
}

/// Deletes a stream of the receiver, with what waits in it.
///
/// # Errors
/// [`Refusal::NotFound`] if it has none of this id.
pub async fn delete(ports: &StreamRemover, receiver: &Receiver, id: &str) -> Result<(), Error> {
    let id = TokenId::parse(id).map_err(|_| super::NO_STREAM)?;
    let was_there = ports.streams.delete_event_stream(&receiver.key(id)).await?;
    if was_there { Ok(()) } else { Err(super::NO_STREAM.into()) }
}

/// What says where signals may be sent, and seals what shall be sent with them.
struct Sealer<'a> {
    receivers: &'a Receivers,
    signing: &'a SigningKeys,
    entropy: &'a dyn Entropy,
}

impl Sealer<'_> {
    /// Makes of a stream what its receiver wants it to be.
    async fn apply(&self, there: &EventStream, settings: StreamSettings) -> Result<EventStream, Error> {
        let StreamSettings { delivery, events_requested, description } = settings;
        let delivery = match delivery {
            None => there.delivery.clone(),
            Some(RequestedDelivery::Poll) => EventDelivery::Poll,
            Some(RequestedDelivery::Push { endpoint_url, authorization_header }) => {
                if !self.receivers.allow(&endpoint_url) {
                    let rule = "must be an https URL with a name, without user and fragment";
                    return Err(Refusal::invalid("delivery.endpoint_url", rule).into());
                }
                let authorization_header = match &authorization_header {
                    Some(header) => Some(seal_header(self.signing, &there.key, header, self.entropy).await?),
                    None => None,
                };
                EventDelivery::Push { endpoint_url, authorization_header }
            }
        };
        Ok(EventStream { delivery, events_requested, description, ..there.clone() })
    }
}

const CREATING: &str = "creating an event stream";
