//! The test of a stream: OpenID Shared Signals Framework 1.0 section 8.1.4.

use super::{Receiver, wake};
use crate::domain::{Error, EventStream, Refusal, Seconds, StreamStatus};
use crate::platform::capabilities::StreamVerifier;
use crate::tokens::signals::verification;

/// Puts a verification event into a stream of the receiver, with its `state`.
///
/// # Errors
/// [`Refusal::NotFound`] if it has none of this id. [`Refusal::Invalid`] if the stream is disabled. [`Refusal::TooManyAttempts`] if one was
/// asked for less than [`EventStream::MIN_VERIFICATION_INTERVAL`] ago.
pub async fn request(ports: &StreamVerifier, receiver: &Receiver, id: &str, state: Option<&str>) -> Result<(), Error> {
    let now = ports.introspector.reader.now();
    let changed = receiver.change(&*ports.streams, id, |there| {
        if there.status == StreamStatus::Disabled {
            return Err(Refusal::invalid("stream_id", "must be of a stream that isn't disabled"));
        }
        let next = there.verified_at.map(|at| at.plus(EventStream::MIN_VERIFICATION_INTERVAL));
        if let Some(next) = next.filter(|next| now < *next) {
            let wait = u32::try_from(next.as_secs().saturating_sub(now.as_secs())).unwrap_or(0).max(1);
            return Err(Refusal::TooManyAttempts { retry_after: Seconds(wait) });
        }
        Ok(EventStream { verified_at: Some(now), ..there })
    });
    let stream = changed.await?;
    let signal = verification(&stream, state, now, &*ports.entropy)?;
    ports.signals.put_signal(&signal).await?;
    Ok(wake(&ports.signalling, &stream, &signal.jti.to_string()).await?)
}
