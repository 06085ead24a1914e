//! The status of a stream: OpenID Shared Signals Framework 1.0 section 8.1.2.

use super::{Receiver, wake};
use crate::domain::{Error, EventStream, StreamStatus};
use crate::platform::capabilities::StreamVerifier;

/// Gives a stream of the receiver a status, and returns the stream. Enabled again, a stream that was paused has what waited meanwhile; one
/// that was disabled has nothing.
///
/// # Errors
/// [`Refusal::NotFound`](crate::domain::Refusal::NotFound) if it has none of this id.
pub async fn set(
    ports: &StreamVerifier,
    receiver: &Receiver,
    id: &str,
    status: StreamStatus,
    reason: Option<String>,
) -> Result<EventStream, Error> {
    let now = ports.introspector.reader.now();
    let changed = receiver.change(&*ports.streams, id, |there| {
        let is_or_was_disabled = [there.status, status].contains(&StreamStatus::Disabled);
        let disabled_at = if is_or_was_disabled && there.status != status { Some(now) } else { there.disabled_at };
        Ok(EventStream { status, status_reason: reason.clone(), disabled_at, ..there })
    });
    let changed = changed.await?;
    wake(&ports.signalling, &changed, &format!("revision{}", changed.revision)).await?;
    Ok(changed)
}
