//! Event streams on the wire: OpenID Shared Signals Framework 1.0 sections 7 and 8, RFC 8936.
//!
//! What is sent and isn't known is ignored, as these standards want it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::http::{FromRequest, Request};
use crate::domain::{
    EventDelivery, EventStream, EventUri, Issuer, Refusal, Secret, SecurityEvent, StreamStatus, SubjectFingerprint, TokenId,
};
use crate::encoding::form::Parameters;
use crate::encoding::{FromText, Object, SecretText};
use crate::jose::subject_identifier;
use crate::oauth::event_streams::configuration::{RequestedDelivery, StreamSettings};
use crate::oauth::event_streams::poll::{MAX_SIGNALS, PollRequest, PolledSignals};
use crate::oauth::event_streams::{
    ADD_SUBJECT_PATH, CONFIGURATION_PATH, POLL_PATH, REMOVE_SUBJECT_PATH, STATUS_PATH, STREAM_PARAMETER, VERIFICATION_PATH,
};

/// What receivers learn of the transmitter: section 7.1.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TransmitterConfiguration<'a> {
    spec_version: &'static str,
    issuer: &'a str,
    jwks_uri: String,
    delivery_methods_supported: [&'static str; 2],
    configuration_endpoint: String,
    status_endpoint: String,
    add_subject_endpoint: String,
    remove_subject_endpoint: String,
    verification_endpoint: String,
    authorization_schemes: [AuthorizationScheme; 1],
    /// Whether a new stream tells of all subjects or of none: always `ALL`.
    default_subjects: &'static str,
}

/// How a receiver proves that it may manage its streams.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct AuthorizationScheme {
    /// The standard by which it does: always OAuth 2.0, `urn:ietf:rfc:6749`.
    spec_urn: &'static str,
}

impl<'a> TransmitterConfiguration<'a> {
    /// Makes the metadata of this issuer, whose key set is at this path.
    pub fn from_issuer(issuer: &'a Issuer, jwks: &'static str) -> Self {
        let url = |path: &'static str| at(issuer, path);
        Self {
            spec_version: "1_0",
            issuer: issuer.as_str(),
            jwks_uri: url(jwks),
            delivery_methods_supported: [EventDelivery::PUSH, EventDelivery::POLL],
            configuration_endpoint: url(CONFIGURATION_PATH),
            status_endpoint: url(STATUS_PATH),
            add_subject_endpoint: url(ADD_SUBJECT_PATH),
            remove_subject_endpoint: url(REMOVE_SUBJECT_PATH),
            verification_endpoint: url(VERIFICATION_PATH),
            authorization_schemes: [AuthorizationScheme { spec_urn: "urn:ietf:rfc:6749" }],
            default_subjects: "ALL",
        }
    }
}

/// The query that names a stream, or none.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MaybeStreamQuery {
    /// The stream to read. Left out: all of the client.
    pub stream_id: Option<String>,
}

impl TryFrom<Parameters> for MaybeStreamQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        Ok(Self { stream_id: query.remove(STREAM_PARAMETER)? })
    }
}

/// The query that names a stream.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StreamQuery {
    /// The stream that is meant.
    pub stream_id: String,
}

impl TryFrom<Parameters> for StreamQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let stream_id = query.remove(STREAM_PARAMETER)?;
        Ok(Self { stream_id: stream_id.ok_or_else(|| Refusal::invalid(STREAM_PARAMETER, "is required in the query"))? })
    }
}

/// The parameter of the path that names a stream.
#[derive(Debug)]
pub struct StreamPath(pub String);

impl FromRequest for StreamPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text(STREAM_PARAMETER).map(Self)
    }
}

/// The configuration of a stream: section 8.1.1. What a receiver wants sent in the header `Authorization` isn't shown.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StreamConfiguration"))]
pub struct StreamView<'a> {
    stream_id: String,
    iss: &'a str,
    aud: &'a str,
    delivery: DeliveryView<'a>,
    events_supported: Vec<&'static str>,
    events_requested: Vec<&'a str>,
    events_delivered: Vec<&'static str>,
    min_verification_interval: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// How a receiver gets its signals.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StreamDelivery"))]
struct DeliveryView<'a> {
    method: &'static str,
    endpoint_url: std::borrow::Cow<'a, str>,
}

impl<'a> StreamView<'a> {
    /// Shows a stream of this issuer.
    pub fn from_stream(stream: &'a EventStream, issuer: &'a Issuer) -> Self {
        let id = stream.key.id.to_string();
        let endpoint_url = match &stream.delivery {
            EventDelivery::Push { endpoint_url, .. } => endpoint_url.into(),
            EventDelivery::Poll => at(issuer, POLL_PATH).replace("{stream_id}", &id).into(),
        };
        Self {
            stream_id: id,
            iss: issuer.as_str(),
            aud: stream.audience.as_str(),
            delivery: DeliveryView { method: stream.delivery.method(), endpoint_url },
            events_supported: SecurityEvent::ALL.iter().map(|event| event.uri()).collect(),
            events_requested: stream.events_requested.iter().map(EventUri::as_str).collect(),
            events_delivered: stream.events_delivered().map(SecurityEvent::uri).collect(),
            min_verification_interval: EventStream::MIN_VERIFICATION_INTERVAL.0,
            description: stream.description.as_deref(),
        }
    }
}

/// A stream, or all of a client: what is answered depends on whether one was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StreamConfigurations"))]
pub enum StreamViews<'a> {
    /// The stream that was asked for.
    One(StreamView<'a>),
    /// All of the client.
    All(Vec<StreamView<'a>>),
}

/// What a receiver wants a new stream to be: section 8.1.1.1.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "NewStream"))]
pub struct NewStreamBody {
    #[serde(default)]
    delivery: Option<Object<DeliveryBody>>,
    /// The URIs of the events that the receiver wants. Left out: all that are supported.
    #[serde(default)]
    events_requested: Option<Vec<FromText<EventUri>>>,
    #[serde(default)]
    description: Option<String>,
}

/// How a receiver wants to get its signals.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "NewStreamDelivery"))]
struct DeliveryBody {
    method: String,
    #[serde(default)]
    endpoint_url: Option<String>,
    /// What the header `Authorization` of each delivery shall have. It is kept encrypted, and never shown.
    #[serde(default)]
    authorization_header: Option<SecretText>,
}

/// What a receiver wants a stream to be: sections 8.1.1.3 and 8.1.1.4. What the transmitter says is there to be compared.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StreamChange"))]
pub struct StreamBody {
    /// The stream to change.
    pub stream_id: String,
    #[serde(default)]
    delivery: Option<Object<DeliveryBody>>,
    /// The URIs of the events that the receiver wants.
    #[serde(default)]
    events_requested: Option<Vec<FromText<EventUri>>>,
    #[serde(default)]
    description: Option<String>,
    /// If it is there, it must be what the stream has.
    #[serde(default)]
    iss: Option<String>,
    /// If it is there, it must be what the stream has.
    #[serde(default)]
    aud: Option<Value>,
    /// If it is there, it must be what the stream has.
    #[serde(default)]
    events_supported: Option<Vec<String>>,
    /// If it is there, it must be what the stream has.
    #[serde(default)]
    events_delivered: Option<Vec<String>>,
    /// If it is there, it must be what the stream has.
    #[serde(default)]
    min_verification_interval: Option<u32>,
}

/// What a receiver says of a stream, new or not. `None`: it says nothing of that.
struct Said {
    delivery: Option<RequestedDelivery>,
    events_requested: Option<BTreeSet<EventUri>>,
    description: Option<String>,
}

impl Said {
    fn read(
        delivery: Option<&Object<DeliveryBody>>,
        events: Option<&Vec<FromText<EventUri>>>,
        description: Option<&str>,
    ) -> Result<Self, Refusal> {
        if events.is_some_and(|events| events.len() > MAX_EVENTS) {
            return Err(Refusal::invalid("events_requested", "must be at most 100 URIs"));
        }
        Ok(Self {
            delivery: delivery.map(|Object(delivery)| delivery.requested()).transpose()?,
            events_requested: events.map(|events| events.iter().map(|event| event.0.clone()).collect()),
            description: short("description", description)?,
        })
    }

    /// What is left out is as by default.
    fn into_settings(self) -> StreamSettings {
        // Each of them is a URI.
        let all = || SecurityEvent::ALL.iter().filter_map(|event| EventUri::parse(event.uri()).ok()).collect();
        StreamSettings {
            delivery: Some(self.delivery.unwrap_or(RequestedDelivery::Poll)),
            events_requested: self.events_requested.unwrap_or_else(all),
            description: self.description,
        }
    }
}

impl NewStreamBody {
    /// Reads what a receiver wants a stream to be. What is left out is as by default.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the field.
    pub fn settings(&self) -> Result<StreamSettings, Refusal> {
        let said = Said::read(self.delivery.as_ref(), self.events_requested.as_ref(), self.description.as_deref())?;
        Ok(said.into_settings())
    }
}

impl StreamBody {
    /// Reads what a receiver wants a stream to be. What is left out is as by default.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the field: it isn't what it should be, or not what the stream has.
    pub fn replacing(&self, there: &EventStream, issuer: &Issuer) -> Result<StreamSettings, Refusal> {
        self.check(there, issuer)?;
        Ok(self.said()?.into_settings())
    }

    /// Reads what a receiver wants to be different. What is left out stays.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], as from [`replacing`](Self::replacing).
    pub fn updating(&self, there: &EventStream, issuer: &Issuer) -> Result<StreamSettings, Refusal> {
        self.check(there, issuer)?;
        let Said { delivery, events_requested, description } = self.said()?;
        let events_requested = events_requested.unwrap_or_else(|| there.events_requested.clone());
        Ok(StreamSettings { delivery, events_requested, description: description.or_else(|| there.description.clone()) })
    }

    fn said(&self) -> Result<Said, Refusal> {
        Said::read(self.delivery.as_ref(), self.events_requested.as_ref(), self.description.as_deref())
    }

    /// Compares what the transmitter says.
    fn check(&self, there: &EventStream, issuer: &Issuer) -> Result<(), Refusal> {
        let view = StreamView::from_stream(there, issuer);
        let is_audience = |aud: &Value| match aud {
            Value::String(aud) => aud == view.aud,
            Value::Array(all) => all.iter().all(|aud| aud == view.aud),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        let is_same = |said: &Option<Vec<String>>, events: &[&str]| {
            said.as_ref().is_none_or(|said| {
                said.iter().map(String::as_str).collect::<BTreeSet<_>>() == events.iter().copied().collect::<BTreeSet<_>>()
            })
        };
        let polls_at = self.delivery.as_ref().and_then(|Object(delivery)| delivery.polls_at());
        let is_polled_there = polls_at.is_none_or(|url| url == at(issuer, POLL_PATH).replace("{stream_id}", &view.stream_id));
        let checks = [
            ("iss", self.iss.as_ref().is_none_or(|iss| iss == view.iss)),
            ("aud", self.aud.as_ref().is_none_or(is_audience)),
            ("events_supported", is_same(&self.events_supported, &view.events_supported)),
            ("events_delivered", is_same(&self.events_delivered, &view.events_delivered)),
            (
                "min_verification_interval",
                self.min_verification_interval.is_none_or(|interval| interval == view.min_verification_interval),
            ),
            ("delivery.endpoint_url", is_polled_there),
        ];
        match checks.iter().find(|(_, is_good)| !is_good) {
            Some((field, _)) => Err(Refusal::invalid(*field, "must be left out, or what the stream has")),
            None => Ok(()),
        }
    }
}

impl DeliveryBody {
    fn requested(&self) -> Result<RequestedDelivery, Refusal> {
        match self.method.as_str() {
            EventDelivery::POLL => Ok(RequestedDelivery::Poll),
            EventDelivery::PUSH => {
                const URL: &str = "delivery.endpoint_url";
                let url = self.endpoint_url.as_deref().filter(|url| !url.is_empty());
                let url = url.ok_or_else(|| Refusal::invalid(URL, "is required where signals are sent"))?;
                if url.len() > MAX_URL_BYTES {
                    return Err(Refusal::invalid(URL, "must be at most 1000 bytes"));
                }
                let authorization_header = match &self.authorization_header {
                    Some(SecretText(header)) if !is_header(header) => {
                        let rule = "must be 1 to 1000 printable ASCII characters";
                        return Err(Refusal::invalid("delivery.authorization_header", rule));
                    }
                    Some(SecretText(header)) => Some(header.clone()),
                    None => None,
                };
                Ok(RequestedDelivery::Push { endpoint_url: url.to_owned(), authorization_header })
            }
            _ => Err(Refusal::invalid("delivery.method", "must be urn:ietf:rfc:8935 (push) or urn:ietf:rfc:8936 (poll)")),
        }
    }

    /// Where a receiver thinks that it fetches signals, if it says so.
    fn polls_at(&self) -> Option<&str> {
        let is_poll = self.method == EventDelivery::POLL;
        self.endpoint_url.as_deref().filter(|url| is_poll && !url.is_empty())
    }
}

/// The status of a stream: section 8.1.2.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StreamStatus"))]
pub struct StatusView<'a> {
    stream_id: String,
    /// Whether signals are sent: `enabled`, `paused` (they wait, for up to 7 days) or `disabled` (there are none).
    status: &'static str,
    /// Why it has this status, as its receiver has said.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> StatusView<'a> {
    /// Shows the status of a stream.
    pub fn from_stream(stream: &'a EventStream) -> Self {
        let reason = stream.status_reason.as_deref();
        Self { stream_id: stream.key.id.to_string(), status: stream.status.as_str(), reason }
    }
}

/// A new status of a stream: section 8.1.2.2.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "NewStreamStatus"))]
pub struct StatusBody {
    /// The stream that shall have the status.
    pub stream_id: String,
    status: FromText<StreamStatus>,
    /// Why it shall have this status, for people.
    #[serde(default)]
    reason: Option<String>,
}

impl StatusBody {
    /// Returns the status, with the reason for it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the reason is too long.
    pub fn read(&self) -> Result<(StreamStatus, Option<String>), Refusal> {
        Ok((self.status.0, short("reason", self.reason.as_deref())?))
    }
}

/// A subject of which a stream shall tell, or shall not: section 8.1.3.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StreamSubject"))]
pub struct SubjectBody {
    /// The stream that is meant.
    pub stream_id: String,
    /// The subject, in a format of RFC 9493 or the framework.
    subject: Map<String, Value>,
    /// Whether the receiver has verified the subject. It makes no difference.
    #[serde(default, rename = "verified")]
    _verified: Option<bool>,
}

impl SubjectBody {
    /// Returns what is kept of the subject: of the format `aliases`, of each of its names.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it is no subject identifier.
    pub fn fingerprints(&self) -> Result<Vec<SubjectFingerprint>, Refusal> {
        let subjects = subject_identifier::from_json(&self.subject).map_err(|rule| Refusal::invalid("subject", rule.0))?;
        Ok(subjects.iter().map(subject_identifier::fingerprint).collect())
    }
}

/// A request to test a stream: section 8.1.4.2.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StreamVerification"))]
pub struct VerificationBody {
    /// The stream to test.
    pub stream_id: String,
    /// What the verification event shall have, to the letter.
    #[serde(default)]
    state: Option<String>,
}

impl VerificationBody {
    /// Returns what the verification event shall have.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it is too long.
    pub fn state(&self) -> Result<Option<&str>, Refusal> {
        const MAX_STATE_BYTES: usize = 1_000;
        let state = self.state.as_deref();
        if state.is_some_and(|state| state.len() > MAX_STATE_BYTES) {
            return Err(Refusal::invalid("state", "must be at most 1000 bytes"));
        }
        Ok(state)
    }
}

/// What a receiver has of the signals before, and wants now: RFC 8936 section 2.2.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PollRequest"))]
#[expect(non_snake_case, reason = "the names are the standard's")]
pub struct PollBody {
    /// How many signals the receiver wants at most. Left out, or more than that: 50.
    #[serde(default)]
    maxEvents: Option<u64>,
    /// Whether the answer shall come at once where nothing waits: it always does.
    #[serde(default, rename = "returnImmediately")]
    _return_immediately: Option<bool>,
    /// The `jti` of the signals that the receiver has.
    #[serde(default)]
    ack: Vec<String>,
    /// Why the receiver rejects signals, by their `jti`. It gets them no more.
    #[serde(default)]
    setErrs: BTreeMap<String, Object<SetError>>,
}

/// Why a receiver rejects a signal: RFC 8936 section 2.6.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct SetError {
    /// The code of the error, as RFC 8935 section 2.4 names them.
    err: String,
    /// What is wrong, for people.
    #[serde(default, rename = "description")]
    _description: Option<String>,
}

impl PollBody {
    /// Reads the request. What can't be the id of a signal is none's.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it names too many signals at once.
    pub fn request(&self) -> Result<PollRequest, Refusal> {
        const MAX_ACKNOWLEDGED: usize = 1_000;
        if self.ack.len() > MAX_ACKNOWLEDGED {
            return Err(Refusal::invalid("ack", "must name at most 1000 signals"));
        }
        if self.setErrs.len() > MAX_SIGNALS {
            return Err(Refusal::invalid("setErrs", "must name at most 50 signals, as many as are handed over at once"));
        }
        let acknowledged = self.ack.iter().filter_map(|id| TokenId::parse(id).ok()).collect();
        let rejected = |(id, error): (&String, &Object<SetError>)| Some((TokenId::parse(id).ok()?, error.0.err.parse().ok()));
        let rejected = self.setErrs.iter().filter_map(rejected).collect();
        let max_signals = self.maxEvents.map_or(MAX_SIGNALS, |most| usize::try_from(most).unwrap_or(MAX_SIGNALS));
        Ok(PollRequest { max_signals, acknowledged, rejected })
    }
}

/// The signals that a receiver gets: RFC 8936 section 2.3.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PollResponse"))]
#[expect(non_snake_case, reason = "the names are the standard's")]
pub struct PollView<'a> {
    /// The signals by their `jti`, each a signed JWT (RFC 8417). Those that aren't acknowledged come again.
    sets: BTreeMap<String, &'a str>,
    /// Whether other signals wait in the stream.
    moreAvailable: bool,
}

impl<'a> PollView<'a> {
    /// Shows what a receiver gets.
    pub fn from_polled(polled: &'a PolledSignals) -> Self {
        let sets = polled.signals.iter().map(|(id, signed)| (id.to_string(), signed.as_str())).collect();
        Self { sets, moreAvailable: polled.more_available }
    }
}

/// The name of a field that is known here: no other is repeated.
pub(super) fn name_of(field: &str) -> Option<&str> {
    let first = field.split(['.', '[']).next().unwrap_or_default();
    let is_known = FIELDS.contains(&first);
    // Beneath these the names are the caller's.
    let shown = if ["setErrs", "subject"].contains(&first) { first } else { field };
    is_known.then_some(shown)
}

const FIELDS: &[&str] = &[
    "Authorization",
    "access_token",
    "ack",
    "aud",
    "delivery",
    "description",
    "events_delivered",
    "events_requested",
    "events_supported",
    "iss",
    "maxEvents",
    "min_verification_interval",
    "reason",
    "returnImmediately",
    "setErrs",
    "state",
    "status",
    "stream_id",
    "subject",
];

/// The URL of an endpoint, which has the path of the issuer before its own.
fn at(issuer: &Issuer, path: &str) -> String {
    format!("{}{path}", issuer.as_str().trim_end_matches('/'))
}

/// A text for people, which is absent where it is empty.
fn short(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    const MAX_CHARS: usize = 200;
    let text = text.filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > MAX_CHARS || text.chars().any(char::is_control)) {
        return Err(Refusal::invalid(field, "must be at most 200 characters without control characters"));
    }
    Ok(text.map(str::to_owned))
}

fn is_header(text: &Secret<String>) -> bool {
    const MAX_BYTES: usize = 1_000;
    let text = text.expose();
    (1..=MAX_BYTES).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b)) && text.trim() == text
}

const MAX_EVENTS: usize = 100;
const MAX_URL_BYTES: usize = 1_000;
