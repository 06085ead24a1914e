//! Puts signals into the streams of the receivers that want them.

use serde_json::{Map, Value};

use crate::domain::{
    ClientId, EventDelivery, EventStream, Fault, OrgId, PendingSignal, SecurityEvent, StreamStatus, SubjectIdentifier, Timestamp,
    TokenId,
};
use crate::jose::security_event::claims;
use crate::jose::sha256;
use crate::jose::subject_identifier::fingerprint;
use crate::platform::capabilities::SignalCollector;
use crate::store::RecordKeys;

/// Something that has happened in an org, as each receiver is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSignal {
    /// What has happened, as receivers know it.
    pub event: SecurityEvent,
    /// Whom or what it is about: `sub_id`.
    pub subject: SubjectIdentifier,
    /// Whom it concerns besides, such as the person whose token it is about: who doesn't want to hear of one of these isn't told.
    pub concerns: Vec<SubjectIdentifier>,
    /// The members of the event.
    pub members: Map<String, Value>,
    /// When it happened, to the millisecond.
    pub at: Timestamp,
    /// What tells it from all other signals of the moment, the same each time. Two ways to say the same thing have one cause.
    pub cause: String,
    /// The id of the event of the audit trail, `txn`.
    pub txn: String,
    /// For which clients it holds.
    pub holds: Holds,
}

/// Whether a signal holds, which depends on a setting that its event doesn't tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holds {
    /// It holds in any case.
    Always,
    /// It holds if a subject may have several tokens of this client. Where there may be one only, each new one marks those before it as
    /// ended, and that is no news.
    IfManyTokens(ClientId),
    /// It holds if a subject may have one token of this client only.
    IfSingleToken(ClientId),
}

impl NewSignal {
    /// The signal as it waits in a stream. Its id is the same each time.
    fn pending(&self, stream: &EventStream, now: Timestamp) -> PendingSignal {
        let uri = self.event.uri();
        let cause = format!("{}\0{}\0{uri}\0{}", stream.key.org, stream.key.id, self.cause);
        PendingSignal {
            stream: stream.key.clone(),
            jti: TokenId::from_hash(self.at, &sha256(cause.as_bytes())),
            claims: claims(&self.subject, uri, self.members.clone(), Some(&self.txn)),
            expires_at: now.plus(PendingSignal::LIFETIME),
        }
    }

    /// Whether a receiver wants to be told.
    fn is_for(&self, stream: &EventStream) -> bool {
        stream.wants(self.event, &fingerprint(&self.subject))
            && self.concerns.iter().all(|subject| stream.tells_of(&fingerprint(subject)))
    }
}

/// Puts what has happened in an org into each of its streams that wants it, and has that pushed where it is to be pushed. Streams of
/// other orgs are told nothing.
///
/// A repetition changes nothing, but that what was delivered in between is delivered again, under the same id.
///
/// # Errors
/// A [`Fault`] if the store or the queue can't be reached. All of it must then come again.
pub async fn collect(ports: &SignalCollector, org: &OrgId, signals: Vec<NewSignal>) -> Result<(), Fault> {
    if signals.is_empty() {
        return Ok(());
    }
    let streams = ports.streams.event_streams(org, None).await?;
    if streams.is_empty() {
        return Ok(());
    }
    let signals = holding(ports, org, signals).await?;
    let now = ports.clock.now();
    for stream in &streams {
        let mut last = None;
        for signal in signals.iter().filter(|signal| signal.is_for(stream)) {
            let pending = signal.pending(stream, now);
            ports.signals.put_signal(&pending).await?;
            last = Some(pending.jti);
        }
        let is_pushed = matches!(stream.delivery, EventDelivery::Push { .. }) && stream.status == StreamStatus::Enabled;
        if let Some(jti) = last.filter(|_| is_pushed) {
            ports.signalling.pusher.wake(&stream.key, &jti.to_string()).await?;
        }
    }
    Ok(())
}

/// Those of the signals that hold.
async fn holding(ports: &SignalCollector, org: &OrgId, signals: Vec<NewSignal>) -> Result<Vec<NewSignal>, Fault> {
    let asked = signals.iter().filter_map(|signal| match signal.holds {
        Holds::Always => None,
        Holds::IfManyTokens(client) | Holds::IfSingleToken(client) => Some((org.clone(), client)),
    });
    let clients: Vec<_> = asked.collect();
    if clients.is_empty() {
        return Ok(signals);
    }
    let found = ports.tokens.read(&RecordKeys { orgs: vec![org.clone()], clients, ..RecordKeys::default() }).await?;
    let of_org = found.org(org).is_some_and(|org| org.settings.oauth.single_token_per_subject);
    let has_single = |client: ClientId| {
        let client = found.client(&(org.clone(), client));
        of_org || client.is_some_and(|client| client.settings.single_token_per_subject)
    };
    let holds = |signal: &NewSignal| match signal.holds {
        Holds::Always => true,
        Holds::IfManyTokens(client) => !has_single(client),
        Holds::IfSingleToken(client) => has_single(client),
    };
    Ok(signals.into_iter().filter(holds).collect())
}
