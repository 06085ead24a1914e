//! `jeton.push_signals`: no route. A queue hands it the event streams whose signals wait for their receivers.

use shared::api::lambda::Operation;
use shared::api::lambda::queue_event::Messages;
use shared::api::lambda::stream_event::Failures;
use shared::domain::{Error, Seconds};
use shared::platform::capabilities::SignalPusher;
use shared::tokens::signals::push::push_all;

/// Pushes the signals of streams to their receivers. Where a receiver doesn't take one the stream comes again by itself.
#[derive(Debug)]
pub struct PushSignals;

/// For how long signals of a stream are begun to be pushed, of the minute that the function has. The rest is for the last of them.
const PATIENCE: Seconds = Seconds(30);

impl Operation for PushSignals {
    const NAME: &'static str = "jeton.push_signals";
    type Ports = SignalPusher;
    type Input = Messages;
    type Output = Failures;

    async fn handle(ports: &SignalPusher, Messages { messages }: Messages) -> Result<Failures, Error> {
        let streams = messages.into_iter().map(|message| (message.id, message.body));
        Ok(push_all(ports, streams, PATIENCE).await.into_iter().collect())
    }
}
