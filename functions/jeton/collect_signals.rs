//! `jeton.collect_signals`: no route. A queue hands it events of the audit trail.

use shared::api::jeton::signals::collect_events;
use shared::api::lambda::Operation;
use shared::api::lambda::queue_event::Messages;
use shared::api::lambda::stream_event::Failures;
use shared::domain::Error;
use shared::platform::capabilities::SignalCollector;

/// Puts signals of what has happened into the event streams that want them. An event that fails comes again by itself.
#[derive(Debug)]
pub struct CollectSignals;

impl Operation for CollectSignals {
    const NAME: &'static str = "jeton.collect_signals";
    type Ports = SignalCollector;
    type Input = Messages;
    type Output = Failures;

    async fn handle(ports: &SignalCollector, Messages { messages }: Messages) -> Result<Failures, Error> {
        let events = messages.into_iter().map(|message| (message.id, message.body));
        Ok(collect_events(ports, events).await.into_iter().collect())
    }
}
