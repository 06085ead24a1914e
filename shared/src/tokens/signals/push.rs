//! Pushes what waits in a stream to its receiver: RFC 8935.

use std::time::Duration;

use crate::domain::{
    Algorithm, EventDelivery, EventStream, EventStreamKey, Fault, PendingSignal, Seconds, Secret, StreamStatus, Timestamp,
};
use crate::keys::remote::receivers::{Delivery, PushError, PushFailure};
use crate::platform::capabilities::SignalPusher;
use crate::platform::queue::push_message::PushMessage;
use crate::store::RecordKeys;
use crate::telemetry::{log_fault, log_lost_signal, log_stuck_stream};
use crate::tokens::signals::{open_header, sign};

/// How far a push has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Nothing waits that could be pushed now.
    Done,
    /// There was no time for all of it.
    Begun,
    /// The receiver doesn't take a signal now. It is to be tried again, with those behind it.
    Stuck(PushFailure),
}

/// Pushes the signals of some streams, each message with the name under which it was delivered, for so long each at most. Answers the names
/// of those that must come again.
pub async fn push_all(
    ports: &SignalPusher,
    messages: impl IntoIterator<Item = (String, String)>,
    patience: Seconds,
) -> Vec<String> {
    let mut failed = Vec::new();
    for (name, message) in messages {
        match push_message(ports, &message, patience).await {
            Ok(true) => {}
            Ok(false) => failed.push(name),
            Err(fault) => {
                log_fault("jeton.push_signals", &fault);
                failed.push(name);
            }
        }
    }
    failed
}

/// Pushes the signals of the stream that a message names. Returns whether that is done.
async fn push_message(ports: &SignalPusher, message: &str, patience: Seconds) -> Result<bool, Fault> {
    let stream = match PushMessage::stream(message) {
        Ok(stream) => stream,
        // It is nobody's, and would hold up what is behind it.
        Err(fault) => {
            log_fault("jeton.push_signals", &fault);
            return Ok(true);
        }
    };
    let now = ports.clock.now();
    match push(ports, &stream, now.plus(patience)).await? {
        Progress::Done => Ok(true),
        Progress::Stuck(_) => Ok(false),
        Progress::Begun => {
            let cause = format!("{:x}", ports.clock.now().as_ms());
            ports.signalling.pusher.wake(&stream, &cause).await.map(|()| true)
        }
    }
}

/// How many signals are read at once.
const PAGE: usize = 25;
/// How long a receiver that hasn't answered, or has failed, is given before the one other try.
const SECOND_TRY_DELAY: Duration = Duration::from_secs(1);

/// Pushes the signals of a stream to its receiver, the oldest first, each until the receiver has it. After `until` none is begun.
///
/// What the receiver refuses for good, and what nobody could deliver in time, is logged and removed. A stream that is paused keeps its
/// signals, and so does one whose client is disabled; they wait for the next push.
///
/// # Errors
/// A [`Fault`] if the store or the keys can't be reached. What was delivered by then is; the others are tried by the next push.
pub async fn push(ports: &SignalPusher, key: &EventStreamKey, until: Timestamp) -> Result<Progress, Fault> {
    let Some(stream) = ports.streams.event_stream(key).await? else { return Ok(Progress::Done) };
    if stream.status != StreamStatus::Enabled {
        return Ok(Progress::Done);
    }
    let Some(receiver) = Receiver::find(ports, &stream).await? else { return Ok(Progress::Done) };
    loop {
        let page = ports.signals.signals(key, PAGE).await?;
        for signal in &page.signals {
            let now = ports.clock.now();
            if now >= until {
                return Ok(Progress::Begun);
            }
            // Where the stream was disabled since, its receiver knows.
            if stream.still_wants(signal, now) {
                if let Some(failure) = receiver.deliver(ports, &stream, signal).await? {
                    log_stuck_stream(key, failure);
                    return Ok(Progress::Stuck(failure));
                }
            } else if signal.is_over(now) {
                log_lost_signal(key, signal.jti, "it was not taken in time");
            }
            ports.signals.delete_signals(key, &[signal.jti]).await?;
        }
        if !page.has_more {
            return Ok(Progress::Done);
        }
    }
}

/// Where the signals of a stream go.
struct Receiver<'a> {
    url: &'a str,
    authorization: Option<Secret<String>>,
    algorithm: Option<Algorithm>,
}

impl<'a> Receiver<'a> {
    /// Finds the receiver of a stream. `None`: it isn't pushed to, or its client may not be told anything.
    async fn find(ports: &SignalPusher, stream: &'a EventStream) -> Result<Option<Self>, Fault> {
        let EventDelivery::Push { endpoint_url, authorization_header } = &stream.delivery else { return Ok(None) };
        let (org, client) = (&stream.key.org, (stream.key.org.clone(), stream.key.client));
        let wanted = RecordKeys { orgs: vec![org.clone()], clients: vec![client.clone()], ..RecordKeys::default() };
        let found = ports.tokens.read(&wanted).await?;
        if !found.client(&client).is_some_and(|client| client.enabled) {
            return Ok(None);
        }
        let authorization = match authorization_header {
            Some(sealed) => Some(open_header(&ports.signing, &stream.key, sealed).await?),
            None => None,
        };
        // An org that was disabled has that to tell.
        let algorithm = found.org(org).and_then(|org| org.settings.oauth.access_token_sign_alg);
        Ok(Some(Self { url: endpoint_url, authorization, algorithm }))
    }

    /// Pushes one signal. `None`: the receiver has it, or never will.
    async fn deliver(
        &self,
        ports: &SignalPusher,
        stream: &EventStream,
        signal: &PendingSignal,
    ) -> Result<Option<PushFailure>, Fault> {
        let token = sign(&ports.signing, &ports.issuer, self.algorithm, stream, signal).await?;
        let push = || ports.receivers.push(self.url, self.authorization.as_ref(), &token);
        let mut delivery = push().await;
        if let Delivery::Failed(PushFailure::Unanswered | PushFailure::Status(500..)) = delivery {
            tokio::time::sleep(SECOND_TRY_DELAY).await;
            delivery = push().await;
        }
        match delivery {
            Delivery::Accepted => Ok(None),
            Delivery::Rejected(error) => {
                log_lost_signal(&stream.key, signal.jti, error.map_or("it was refused without a known error", PushError::as_str));
                Ok(None)
            }
            Delivery::Failed(failure) => Ok(Some(failure)),
        }
    }
}
