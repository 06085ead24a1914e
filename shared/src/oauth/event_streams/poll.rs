//! Fetching the signals of a stream: RFC 8936.

use futures::{StreamExt as _, TryStreamExt as _};

use super::{NO_STREAM, Receiver};
use crate::domain::{Error, EventDelivery, StreamStatus, TokenId};
use crate::keys::remote::receivers::PushError;
use crate::platform::capabilities::SignalPoller;
use crate::telemetry::log_lost_signal;
use crate::tokens::signals::sign;

/// What a receiver has of the signals before, and wants now.
#[derive(Debug)]
pub struct PollRequest {
    /// How many signals it wants at most, up to [`MAX_SIGNALS`].
    pub max_signals: usize,
    /// The ids of signals that it has: it gets them no more.
    pub acknowledged: Vec<TokenId>,
    /// The ids of signals that it rejects, with the error if it is a known one: it gets them no more either.
    pub rejected: Vec<(TokenId, Option<PushError>)>,
}

/// The signals that a receiver gets.
#[derive(Debug)]
pub struct PolledSignals {
    /// Each with its id, oldest first.
    pub signals: Vec<(TokenId, String)>,
    /// Whether other signals wait.
    pub more_available: bool,
}

/// The path at which the signals of a stream are fetched, up to the id of the stream.
pub const POLL_PATH_BEFORE_STREAM: &str = "/ssf/poll/";

/// How many signals a receiver gets at once.
pub const MAX_SIGNALS: usize = 50;

/// Deletes the signals that the receiver has, and returns the oldest of the others, each signed. It gets them again until it acknowledges
/// them. It isn't made to wait where there are none.
///
/// # Errors
/// [`Refusal::NotFound`](crate::domain::Refusal::NotFound) if it has no stream of this id whose signals are fetched.
pub async fn poll(ports: &SignalPoller, receiver: &Receiver, id: &str, request: &PollRequest) -> Result<PolledSignals, Error> {
    let there = receiver.stream(&*ports.streams, id).await?;
    match there.delivery {
        EventDelivery::Poll => {}
        EventDelivery::Push { .. } => return Err(NO_STREAM.into()),
    }
    for (id, error) in &request.rejected {
        log_lost_signal(&there.key, *id, error.map_or("it was rejected without a known error", PushError::as_str));
    }
    let done: Vec<_> = request.rejected.iter().map(|(id, _)| id).chain(&request.acknowledged).copied().collect();
    if !done.is_empty() {
        ports.signals.delete_signals(&there.key, &done).await?;
    }
    let nothing = PolledSignals { signals: Vec::new(), more_available: false };
    match there.status {
        StreamStatus::Enabled => {}
        StreamStatus::Paused | StreamStatus::Disabled => return Ok(nothing),
    }
    let now = ports.introspector.reader.now();
    let limit = request.max_signals.min(MAX_SIGNALS);
    let page = ports.signals.signals(&there.key, limit.max(1)).await?;
    let (wanted, over): (Vec<_>, Vec<_>) = page.signals.into_iter().partition(|signal| there.still_wants(signal, now));
    if !over.is_empty() {
        let over: Vec<_> = over.iter().map(|signal| signal.jti).collect();
        ports.signals.delete_signals(&there.key, &over).await?;
    }
    if limit == 0 {
        return Ok(PolledSignals { more_available: !wanted.is_empty() || page.has_more, ..nothing });
    }
    let algorithm = receiver.org.settings.oauth.access_token_sign_alg;
    let (signing, issuer, stream) = (&*ports.signing, &ports.issuer, &there);
    let signed = wanted
        .into_iter()
        .map(|signal| async move { Ok::<_, Error>((signal.jti, sign(signing, issuer, algorithm, stream, &signal).await?)) });
    let signals = futures::stream::iter(signed).buffered(SIGNED_AT_ONCE).try_collect().await?;
    Ok(PolledSignals { signals, more_available: page.has_more })
}

/// How many signals are signed at the same time.
const SIGNED_AT_ONCE: usize = 8;
