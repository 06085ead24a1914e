//! Event streams: what a receiver wants to be told, and how (OpenID Shared Signals Framework 1.0), and the signals that wait in them.

use std::collections::BTreeSet;

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::{Audience, ClientId, EventUri, Invalid, OrgId, SealedSecret, Seconds, SubjectFingerprint, Timestamp, TokenId};

/// Where an event stream is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EventStreamKey {
    /// The org whose events it tells.
    pub org: OrgId,
    /// The client that receives it, with which it ends.
    pub client: ClientId,
    /// The id of the stream, unique in its org: `stream_id`.
    pub id: TokenId,
}

/// What a receiver wants to be told of an org, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventStream {
    /// Where the stream is.
    pub key: EventStreamKey,
    /// Whom its tokens are meant for, `aud`.
    pub audience: Audience,
    /// How the receiver gets the signals.
    pub delivery: EventDelivery,
    /// The events for which the receiver has asked, known or not: `events_requested`.
    pub events_requested: BTreeSet<EventUri>,
    /// What the receiver calls it, at most 200 characters.
    pub description: Option<String>,
    /// Whether signals are sent.
    pub status: StreamStatus,
    /// Why it has this status, as its receiver has said, at most 200 characters.
    pub status_reason: Option<String>,
    /// What happened before this moment isn't told any more: when the stream was disabled last. `None`: never.
    pub disabled_at: Option<Timestamp>,
    /// The subjects of which the receiver doesn't want to hear.
    pub removed_subjects: BTreeSet<SubjectFingerprint>,
    /// When the receiver last asked for a verification. `None`: never.
    pub verified_at: Option<Timestamp>,
    /// When the stream was created.
    pub created_at: Timestamp,
    /// How often it was changed, 0 at first.
    pub revision: u32,
}

impl EventStream {
    /// How many streams a client may have.
    pub const MAX_PER_CLIENT: u32 = 4;

    /// About how many streams an org may have: parallel creations can add a few.
    pub const MAX_PER_ORG: usize = 100;

    /// How many subjects can be removed from a stream.
    pub const MAX_REMOVED_SUBJECTS: usize = 1_000;

    /// How long a receiver waits at least between two verifications.
    pub const MIN_VERIFICATION_INTERVAL: Seconds = Seconds(60);

    /// Makes a stream as it is until its receiver says more: enabled and to be polled, with no events.
    pub fn new(key: EventStreamKey, audience: Audience, created_at: Timestamp) -> Self {
        Self {
            key,
            audience,
            delivery: EventDelivery::Poll,
            events_requested: BTreeSet::new(),
            description: None,
            status: StreamStatus::Enabled,
            status_reason: None,
            disabled_at: None,
            removed_subjects: BTreeSet::new(),
            verified_at: None,
            created_at,
            revision: 0,
        }
    }

    /// Says whether the receiver has asked for these events.
    pub fn delivers(&self, event: SecurityEvent) -> bool {
        self.events_requested.iter().any(|asked| asked.as_str() == event.uri())
    }

    /// Returns those events that the receiver has asked for and can get: `events_delivered`.
    pub fn events_delivered(&self) -> impl Iterator<Item = SecurityEvent> {
        SecurityEvent::ALL.iter().copied().filter(|event| self.delivers(*event))
    }

    /// Says whether a signal of such an event about such a subject belongs into the stream.
    pub fn wants(&self, event: SecurityEvent, subject: &SubjectFingerprint) -> bool {
        let is_kept = match self.status {
            StreamStatus::Enabled | StreamStatus::Paused => true,
            StreamStatus::Disabled => false,
        };
        is_kept && self.delivers(event) && self.tells_of(subject)
    }

    /// Says whether a signal that waits in the stream is still to be delivered, when the stream is enabled: it isn't over, and the stream wasn't
    /// disabled since.
    pub fn still_wants(&self, signal: &PendingSignal, now: Timestamp) -> bool {
        !signal.is_over(now) && self.disabled_at.is_none_or(|at| signal.created_at() > at)
    }

    /// Says whether the receiver wants to hear of this subject.
    pub fn tells_of(&self, subject: &SubjectFingerprint) -> bool {
        !subject.is_of_any(&self.removed_subjects)
    }
}

/// How a receiver gets the signals of a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EventDelivery {
    /// They are sent to it (RFC 8935).
    Push {
        /// Where to: an https URL, letter by letter.
        endpoint_url: String,
        /// What the header `Authorization` has, if the receiver wants one.
        authorization_header: Option<SealedSecret>,
    },
    /// It fetches them (RFC 8936).
    Poll,
}

impl EventDelivery {
    /// The URN of the delivery by push (RFC 8935).
    pub const PUSH: &str = "urn:ietf:rfc:8935";

    /// The URN of the delivery by poll (RFC 8936).
    pub const POLL: &str = "urn:ietf:rfc:8936";

    /// Returns the URN of the method, as `delivery.method` has it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Push { .. } => Self::PUSH,
            Self::Poll => Self::POLL,
        }
    }
}

/// Whether the signals of a stream are sent (OpenID Shared Signals Framework 1.0 section 8.1.2).
#[derive(Clone, Copy, Debug, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum StreamStatus {
    /// They are sent, or can be fetched.
    Enabled,
    /// They wait until the stream is enabled again, as long as a signal is kept.
    Paused,
    /// They are neither sent nor kept.
    Disabled,
}

impl StreamStatus {
    /// All that there are.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns its name, as answers have it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be enabled, paused or disabled")
    }
}

/// An event of which receivers can be told (OpenID CAEP 1.0, OpenID RISC 1.0).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, VariantArray)]
pub enum SecurityEvent {
    /// Tokens or sessions have been revoked.
    SessionRevoked,
    /// What tokens say of a member has changed.
    TokenClaimsChange,
    /// A credential was created, changed, revoked or deleted.
    CredentialChange,
    /// A credential was found where it must not be.
    CredentialCompromise,
    /// A member or a client was disabled.
    AccountDisabled,
    /// A member or a client was enabled.
    AccountEnabled,
    /// A member or a client was deleted.
    AccountPurged,
}

impl SecurityEvent {
    /// All that there are: `events_supported`.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The URI of the event by which a receiver tests its stream, which needs not be asked for.
    pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

    /// The URI of the event that tells of a new status of a stream, which needs not be asked for.
    pub const STREAM_UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

    /// Returns the URI of the event type.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::SessionRevoked => "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
            Self::TokenClaimsChange => "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
            Self::CredentialChange => "https://schemas.openid.net/secevent/caep/event-type/credential-change",
            Self::CredentialCompromise => "https://schemas.openid.net/secevent/risc/event-type/credential-compromise",
            Self::AccountDisabled => "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
            Self::AccountEnabled => "https://schemas.openid.net/secevent/risc/event-type/account-enabled",
            Self::AccountPurged => "https://schemas.openid.net/secevent/risc/event-type/account-purged",
        }
    }
}

/// A signal that waits until the receiver of a stream has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingSignal {
    /// The stream in which it waits.
    pub stream: EventStreamKey,
    /// The id of the signal, the same each time it is delivered: its moment, and what the event's id makes of the rest.
    pub jti: TokenId,
    /// The claims that never change, as the text of a JSON object: `sub_id`, `events` and, if there is one, `txn`.
    pub claims: String,
    /// It is delivered as long as `now < expires_at`.
    pub expires_at: Timestamp,
}

impl PendingSignal {
    /// How long a signal waits.
    pub const LIFETIME: Seconds = Seconds(7 * 86_400);

    /// Returns when the signal began to wait, its `iat`.
    pub fn created_at(&self) -> Timestamp {
        self.expires_at.minus(Self::LIFETIME)
    }

    /// Says whether it is too late to deliver the signal.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_delivers_what_was_asked_for_and_can_be_had() {
        let uri = |text: &str| EventUri::parse(text).unwrap();
        let asked = [SecurityEvent::AccountPurged.uri(), SecurityEvent::SessionRevoked.uri(), "https://example.org/event"];
        let key = EventStreamKey {
            org: OrgId::parse("1").unwrap(),
            client: ClientId::from_number(7).unwrap(),
            id: TokenId::from_bytes([1; 20]),
        };
        let stream = EventStream {
            events_requested: asked.map(uri).into(),
            removed_subjects: BTreeSet::from([SubjectFingerprint::Simple([1; 16])]),
            ..EventStream::new(key, Audience::parse("7").unwrap(), Timestamp::from_secs(1))
        };
        let delivered: Vec<_> = stream.events_delivered().collect();
        assert_eq!(delivered, [SecurityEvent::SessionRevoked, SecurityEvent::AccountPurged]);
        assert!(!stream.delivers(SecurityEvent::CredentialChange));
        let wants = |status, event, subject| {
            EventStream { status, ..stream.clone() }.wants(event, &SubjectFingerprint::Simple([subject; 16]))
        };
        for (status, is_kept) in [(StreamStatus::Enabled, true), (StreamStatus::Paused, true), (StreamStatus::Disabled, false)] {
            assert_eq!(wants(status, SecurityEvent::SessionRevoked, 2), is_kept, "{status:?}");
            assert!(!wants(status, SecurityEvent::SessionRevoked, 1), "its receiver doesn't want to hear of it");
            assert!(!wants(status, SecurityEvent::CredentialChange, 2), "nobody has asked for it");
        }
        let created_at = Timestamp::from_secs(1_000_000);
        let expires_at = created_at.plus(PendingSignal::LIFETIME);
        let signal =
            PendingSignal { stream: stream.key.clone(), jti: TokenId::from_bytes([1; 20]), claims: "{}".to_owned(), expires_at };
        assert_eq!(signal.created_at(), created_at);
        let still_wants = |disabled_at, now| EventStream { disabled_at, ..stream.clone() }.still_wants(&signal, now);
        assert!(still_wants(None, created_at) && !still_wants(None, expires_at), "it is over then");
        assert!(still_wants(Some(Timestamp::from_secs(999_999)), created_at) && !still_wants(Some(created_at), created_at));
    }
}
