//! Events of which signals are made, handed over to be worked on in the background.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Event, Publish, Unpublished};
use crate::domain::Action;
use crate::platform::queue::Enqueue;

/// Hands over each event that receivers of shared signals are told of, as it is written in the audit trail. All others it lets pass.
#[derive(Clone, Debug)]
pub struct SignalEvents {
    queue: Arc<dyn Enqueue>,
}

impl SignalEvents {
    /// Hands the events over to this queue.
    pub fn to(queue: Arc<dyn Enqueue>) -> Self {
        Self { queue }
    }
}

#[async_trait]
impl Publish for SignalEvents {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        let signalled = events.iter().enumerate().filter(|(_, event)| Action::SIGNALLED.contains(&event.action));
        let (positions, messages): (_, Vec<_>) = signalled.map(|(position, event)| (position, event.detail.clone())).unzip();
        // Which of them were taken isn't known. To hand one over twice does no harm.
        self.queue.enqueue(&messages).await.map_err(|fault| Unpublished { positions, fault })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::*;
    use crate::domain::{Fault, Timestamp};

    #[derive(Debug, Default)]
    struct Held(Mutex<Vec<String>>, bool);

    #[async_trait]
    impl Enqueue for Held {
        async fn enqueue(&self, messages: &[String]) -> Result<(), Fault> {
            self.0.lock().unwrap().extend_from_slice(messages);
            if self.1 { Err(Fault::unavailable("testing")) } else { Ok(()) }
        }
    }

    fn events() -> Vec<Event> {
        let event =
            |n: usize, action| Event { id: n.to_string(), at: Timestamp::from_ms(1), action, detail: format!("{{\"id\":{n}}}") };
        ["token.minted", "token.revoked", "family.refreshed", "session.ended"]
            .into_iter()
            .enumerate()
            .map(|(n, action)| event(n, action))
            .collect()
    }

    #[tokio::test]
    async fn only_what_receivers_are_told_of_is_handed_over() {
        let held = Arc::new(Held::default());
        SignalEvents::to(held.clone()).publish(&events()).await.unwrap();
        assert_eq!(*held.0.lock().unwrap(), [r#"{"id":1}"#, r#"{"id":3}"#]);
        let failing = Arc::new(Held(Mutex::default(), true));
        let failed = SignalEvents::to(failing).publish(&events()).await.unwrap_err();
        assert_eq!(failed.positions, BTreeSet::from([1, 3]), "the others have nothing to wait for");
    }
}
