//! The signals of the local server: what functions make, sign and push in AWS, in this process.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use shared::api::jeton::signals::collect_event;
use shared::domain::{EventStreamKey, Fault, Seconds};
use shared::platform::capabilities::{SignalCollector, SignalPusher};
use shared::platform::events::{Event, Publish, Unpublished};
use shared::platform::queue::WakePusher;
use shared::store::sqlite::SqliteStore;
use shared::tokens::signals::push::{Progress, push};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How long it is until a receiver that doesn't take a signal is tried again: at first, and after as many failures as can be.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_mins(1);
/// For how long a stream is worked on before its client and its settings are read again.
const PATIENCE: Seconds = Seconds(30);

/// Has streams worked on in this process. What waits in one stays in the store, so nothing is lost with the process.
#[derive(Debug)]
pub struct PushQueue(UnboundedSender<EventStreamKey>);

/// Works on the streams of a [`PushQueue`].
#[derive(Debug)]
pub struct PushWorker(UnboundedReceiver<EventStreamKey>);

impl PushQueue {
    /// Makes a queue, with the streams in which signals wait from before. The [`PushWorker`] is to be started by the caller.
    ///
    /// # Errors
    /// A [`Fault`] if the data file can't be read.
    pub fn open(store: &SqliteStore) -> Result<(Self, PushWorker), Fault> {
        let (sender, receiver) = unbounded_channel();
        for stream in store.streams_with_signals()? {
            let _ = sender.send(stream);
        }
        Ok((Self(sender), PushWorker(receiver)))
    }
}

#[async_trait]
impl WakePusher for PushQueue {
    async fn wake(&self, stream: &EventStreamKey, _: &str) -> Result<(), Fault> {
        // Without a worker it is found at the next start.
        let _ = self.0.send(stream.clone());
        Ok(())
    }
}

impl PushWorker {
    /// Works on all streams at the same time, and on each until nothing waits in it. Ends when the queue is dropped and all is done.
    pub async fn run(mut self, ports: SignalPusher) {
        let mut tasks = JoinSet::new();
        // The streams that are worked on, and whether each was named again in the meantime.
        let mut busy: HashMap<EventStreamKey, bool> = HashMap::new();
        let mut is_open = true;
        while is_open || !tasks.is_empty() {
            tokio::select! {
                named = self.0.recv(), if is_open => match named {
                    None => is_open = false,
                    Some(stream) if busy.contains_key(&stream) => {
                        busy.insert(stream, true);
                    }
                    Some(stream) => {
                        busy.insert(stream.clone(), false);
                        tasks.spawn(work_on(ports.clone(), stream));
                    }
                },
                Some(done) = tasks.join_next() => {
                    let Ok(stream) = done else { continue };
                    if busy.remove(&stream) == Some(true) {
                        busy.insert(stream.clone(), false);
                        tasks.spawn(work_on(ports.clone(), stream));
                    }
                },
            }
        }
    }
}

/// Pushes what waits in a stream, and tries again later and later what its receiver doesn't take.
async fn work_on(ports: SignalPusher, stream: EventStreamKey) -> EventStreamKey {
    let mut delay = FIRST_RETRY_DELAY;
    loop {
        match push(&ports, &stream, ports.clock.now().plus(PATIENCE)).await {
            Ok(Progress::Done) => return stream,
            Ok(Progress::Begun) => {
                delay = FIRST_RETRY_DELAY;
                continue;
            }
            Ok(Progress::Stuck(_)) => {}
            Err(fault) => tracing::error!(target: "jeton::fault", cause = ?fault, "signals have to wait"),
        }
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(MAX_RETRY_DELAY);
    }
}

/// Makes signals of the events of the audit trail.
#[derive(Debug)]
pub struct Collector(SignalCollector);

impl Collector {
    /// Makes a collector with these ports.
    pub fn new(ports: SignalCollector) -> Self {
        Self(ports)
    }
}

#[async_trait]
impl Publish for Collector {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        let mut failed: Option<Unpublished> = None;
        for (position, event) in events.iter().enumerate() {
            match collect_event(&self.0, &event.detail).await {
                Ok(()) => {}
                Err(fault) if fault.can_retry() => {
                    let failed = failed.get_or_insert_with(|| Unpublished { positions: BTreeSet::new(), fault });
                    failed.positions.insert(position);
                }
                // It would hold up all behind it.
                Err(fault) => {
                    tracing::error!(target: "jeton::fault", event_id = event.id, cause = ?fault, "no signals are made of an event");
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
