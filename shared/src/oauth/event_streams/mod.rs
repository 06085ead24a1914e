//! Event streams: what a receiver of shared signals manages of them, and how it fetches what waits (OpenID Shared Signals Framework 1.0
//! section 8, RFC 8936).
//!
//! A receiver is a client that presents a token of its own with a scope of [`signals`]. It has no more than its own streams: of those of
//! others it hears what it hears of none. What happens and becomes a signal, and how signals are sent, is in
//! [`tokens::signals`](crate::tokens::signals).

pub mod configuration;
pub mod poll;
pub mod status;
pub mod subjects;
pub mod verification;

use std::sync::Arc;

use super::bearer::{ClientBearer, REJECTED};
use crate::domain::scope::signals;
use crate::domain::{Client, Error, EventDelivery, EventStream, EventStreamKey, Fault, Org, Refusal, StreamStatus, TokenId};
use crate::platform::capabilities::Introspector;
use crate::platform::queue::Signalling;
use crate::store::KeepEventStreams;

/// The path of the configuration endpoint.
pub const CONFIGURATION_PATH: &str = "/ssf/stream";
/// The path of the status endpoint.
pub const STATUS_PATH: &str = "/ssf/status";
/// The path of the endpoint that adds subjects.
pub const ADD_SUBJECT_PATH: &str = "/ssf/subjects/add";
/// The path of the endpoint that removes subjects.
pub const REMOVE_SUBJECT_PATH: &str = "/ssf/subjects/remove";
/// The path of the verification endpoint.
pub const VERIFICATION_PATH: &str = "/ssf/verify";
/// The path of the endpoint at which the signals of a stream are fetched, with the parameter [`STREAM_PARAMETER`].
pub const POLL_PATH: &str = "/ssf/poll/{stream_id}";
/// The name of the parameter that names a stream.
pub const STREAM_PARAMETER: &str = "stream_id";

/// A client that receives signals: only authentication makes one.
#[derive(Debug)]
pub struct Receiver {
    org: Arc<Org>,
    client: Arc<Client>,
}

/// What a receiver needs to be allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// To read and to fetch: `ssf.read` or `ssf.manage`.
    Read,
    /// To create, change and delete: `ssf.manage`.
    Manage,
}

impl Receiver {
    /// Authenticates a receiver at the endpoint at this path.
    ///
    /// # Errors
    /// What [`ClientBearer::authenticate`] refuses, and [`Refusal::CredentialsRejected`] for a token that stands for somebody else than the
    /// client. [`Refusal::AccessDenied`] if the token lacks the scope.
    pub async fn authenticate(ports: &Introspector, bearer: ClientBearer, path: &str, access: Access) -> Result<Self, Error> {
        let (service, token) = bearer.authenticate(ports, path).await?;
        let is_own = token.record.issuance.as_deref().is_some_and(|issuance| issuance.for_client);
        let client = token.client.filter(|_| is_own).ok_or(REJECTED)?;
        let has = |name: &str| token.record.scopes.iter().any(|scope| scope.as_str() == name);
        let needs = match access {
            Access::Read => signals::READ,
            Access::Manage => signals::MANAGE,
        };
        if !has(needs) && !has(signals::MANAGE) {
            return Err(Refusal::AccessDenied { needs }.into());
        }
        Ok(Self { org: service.into_org(), client })
    }

    fn key(&self, id: TokenId) -> EventStreamKey {
        EventStreamKey { org: self.org.id.clone(), client: self.client.id, id }
    }

    /// Finds a stream of the receiver by its id as it was sent.
    async fn stream(&self, streams: &dyn KeepEventStreams, id: &str) -> Result<EventStream, Error> {
        // What can't be an id is none's.
        let id = TokenId::parse(id).map_err(|_| NO_STREAM)?;
        Ok(streams.event_stream(&self.key(id)).await?.ok_or(NO_STREAM)?)
    }

    /// Changes a stream of the receiver into what `change` makes of it, which may be asked again if somebody else was faster.
    async fn change(
        &self,
        streams: &dyn KeepEventStreams,
        id: &str,
        mut change: impl FnMut(EventStream) -> Result<EventStream, Refusal>,
    ) -> Result<EventStream, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let there = self.stream(streams, id).await?;
            let changed = change(there.clone())?;
            if let Some(changed) = replace(streams, there, changed).await? {
                return Ok(changed);
            }
        }
        Err(changed_all_the_time().into())
    }
}

/// Writes what was changed of a stream, if it is still what was seen, and returns it.
async fn replace(streams: &dyn KeepEventStreams, there: EventStream, changed: EventStream) -> Result<Option<EventStream>, Fault> {
    if changed == there {
        return Ok(Some(there));
    }
    let next = EventStream { revision: there.revision.saturating_add(1), ..changed };
    Ok(streams.replace_event_stream(&next).await?.then_some(next))
}

/// How often a change is tried that others are faster than.
const MAX_ATTEMPTS: usize = 8;

fn changed_all_the_time() -> Fault {
    Fault::unavailable("changing an event stream that others change all the time")
}

const NO_STREAM: Refusal = Refusal::NotFound("event stream of this client");

/// Has what waits in a stream sent, if it is sent at all and now. `cause` tells this from what else has it sent.
async fn wake(signalling: &Signalling, stream: &EventStream, cause: &str) -> Result<(), Fault> {
    let is_sent = match stream.delivery {
        EventDelivery::Push { .. } => true,
        EventDelivery::Poll => false,
    };
    if is_sent && stream.status == StreamStatus::Enabled {
        signalling.pusher.wake(&stream.key, cause).await?;
    }
    Ok(())
}
