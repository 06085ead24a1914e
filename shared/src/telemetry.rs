//! The log: one structured line for each request or invocation, and lines for faults and alarms. No line holds a secret.
//!
//! While a request is handled, use cases [note](Note) who calls and which token it is about. The edge (HTTP or Lambda) writes the
//! line at the end. The audit trail isn't here: it is made from what the store commits. To add a member to the line, add it to
//! [`Note`], note it where it is known, and write it in `log_request`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields};

use crate::domain::{Caller, ClientId, Clock, EventStreamKey, Fault, OrgId, Subject, Timestamp, TokenId, TokenRecord};

mod metrics;
#[cfg(test)]
pub(crate) mod testing;

pub use metrics::EndpointMetrics;
use metrics::WithMetrics;

/// Logs to standard output, one JSON object a line, which CloudWatch Logs parses by itself. With `metrics`, CloudWatch also counts
/// from the lines of requests.
pub fn log_to_stdout_as_json(metrics: Option<EndpointMetrics>, clock: Arc<dyn Clock>) {
    json_lines(metrics, clock).with_writer(std::io::stdout).init();
}

fn json_lines(
    metrics: Option<EndpointMetrics>,
    clock: Arc<dyn Clock>,
) -> SubscriberBuilder<JsonFields, WithMetrics<Format<Json>>, tracing_subscriber::filter::LevelFilter> {
    log().json().flatten_event(true).map_event_format(|lines| WithMetrics { lines, metrics, clock })
}

/// Logs to standard error: one JSON object a line if `json`, lines for people otherwise.
pub fn log_to_stderr(json: bool) {
    if json {
        log().json().flatten_event(true).with_writer(std::io::stderr).init();
    } else {
        log().with_writer(std::io::stderr).init();
    }
}

fn log() -> SubscriberBuilder {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
}

/// What the use cases know about a request and its line of log says.
#[derive(Debug, Default)]
pub struct Note {
    /// The org that the caller acts in.
    org: Option<String>,
    /// The subject of the caller's token.
    sub: Option<String>,
    /// The client that calls, or that the request claims to come from.
    client: Option<String>,
    /// The id of the caller's token.
    caller_jti: Option<String>,
    /// The id of the token that was minted, introspected or revoked.
    jti: Option<String>,
    /// The code of the error with which the request was refused.
    pub(crate) error: Option<Cow<'static, str>>,
    /// Whether DynamoDB or KMS had too many requests for this one.
    throttled: bool,
}

tokio::task_local! {
    static NOTE: RefCell<Note>;
}

/// Runs a request with a note of its own, and returns its result with the note.
pub(crate) async fn noted<T>(request: impl Future<Output = T>) -> (T, Note) {
    NOTE.scope(RefCell::default(), async {
        let answer = request.await;
        (answer, NOTE.with(RefCell::take))
    })
    .await
}

/// Notes who calls: the org, the subject and the id of the token.
pub(crate) fn note_caller(caller: &Caller) {
    note(|note| {
        note.org = Some(caller.org().to_string());
        note.sub = Some(caller.subject().to_string());
        note.caller_jti = Some(caller.token().id.to_string());
    });
}

/// Notes which org calls, by its own secret.
pub(crate) fn note_org(org: &OrgId) {
    note(|note| note.org = Some(org.to_string()));
}

/// Notes which client calls, or is claimed to call: by its number or, if it is known by a document, by the URL of that.
pub(crate) fn note_client(org: &OrgId, client: impl std::fmt::Display) {
    note(|note| {
        note.org = Some(org.to_string());
        note.client = Some(client.to_string());
    });
}

/// Notes which token the request is about.
pub(crate) fn note_token(token: &TokenRecord) {
    note(|note| note.jti = Some(token.id.to_string()));
}

/// Notes the code of the error with which the request was refused.
pub(crate) fn note_error(code: impl Into<Cow<'static, str>>) {
    note(|note| note.error = Some(code.into()));
}

/// Notes that DynamoDB or KMS has refused a call of the request because there were too many, also when it was repeated.
#[cfg(feature = "aws")]
pub(crate) fn note_throttle() {
    note(|note| note.throttled = true);
}

fn note(write: impl FnOnce(&mut Note)) {
    // Outside a request, as in tests of a use case, there is nobody to read it.
    let _ = NOTE.try_with(|note| write(&mut note.borrow_mut()));
}

/// What `log_request` says of an HTTP request besides what was noted of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLine<'a> {
    /// The name of the endpoint. Empty: there is none.
    pub(crate) endpoint: &'a str,
    pub(crate) method: &'a str,
    pub(crate) status: u16,
    /// How long it took, which is written in microseconds.
    pub(crate) took: Duration,
    /// The id that the gateway gave it.
    pub(crate) request_id: &'a str,
    /// The id that Lambda gave its invocation, by which the platform's own lines name it. `None`: it isn't served by Lambda.
    pub(crate) lambda_request_id: Option<&'a str>,
}

/// The target of the lines of HTTP requests.
const REQUEST_TARGET: &str = "jeton::request";

/// Writes the line of one HTTP request.
pub(crate) fn log_request(line: &RequestLine<'_>, note: &Note) {
    let RequestLine { endpoint, method, status, took, request_id, lambda_request_id } = *line;
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let Note { org, sub, client, caller_jti, jti, error, throttled } = note;
    tracing::info!(
        target: REQUEST_TARGET,
        endpoint,
        method,
        status,
        us,
        request_id,
        lambda_request_id,
        org = org.as_deref(),
        sub = sub.as_deref(),
        client = client.as_deref(),
        caller_jti = caller_jti.as_deref(),
        jti = jti.as_deref(),
        error = error.as_deref(),
        throttled = throttled.then_some(true),
        "request"
    );
}

/// Writes the line of one invocation of an operation, which no HTTP request makes. `took` is written in microseconds.
pub(crate) fn log_invocation(operation: &str, is_ok: bool, took: Duration, request_id: &str, note: &Note) {
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let Note { org, sub, jti, error, .. } = note;
    tracing::info!(
        target: "jeton::invocation",
        operation,
        ok = is_ok,
        us,
        request_id,
        org = org.as_deref(),
        sub = sub.as_deref(),
        jti = jti.as_deref(),
        error = error.as_deref(),
        "invocation"
    );
}

/// Writes the line of a fault of the service itself, with its causes and what to look at, if that is known. Callers never see them.
pub(crate) fn log_fault(endpoint: &str, fault: &Fault) {
    let (retry, hint) = (fault.can_retry(), fault.hint());
    tracing::error!(target: "jeton::fault", endpoint, retry, hint, cause = ?fault, "failed");
}

/// Writes the line of a commit that the audit trail will never tell: the id of its event, the keys of its item, and why.
pub(crate) fn log_untold(event_id: &str, keys: &str, fault: &Fault) {
    tracing::error!(target: "jeton::fault", endpoint = "jeton.audit", retry = false, event_id, keys, cause = ?fault, "untold");
}

/// Writes the event of the audit trail that who runs the service has got an administrator's token. No commit tells it from others.
pub(crate) fn log_founded(token: &TokenRecord, restored: bool) {
    tracing::warn!(
        target: "jeton::audit",
        id = %token.id,
        time = token.issued_at.as_ms(),
        action = "administrator.bootstrapped",
        org = %token.org,
        subject = %token.subject,
        jti = %token.id,
        restored,
        "bootstrap"
    );
}

/// A grant for another authorization server, of which nothing is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DomainGrantLine<'a> {
    pub(crate) id: TokenId,
    pub(crate) at: Timestamp,
    pub(crate) org: &'a OrgId,
    pub(crate) client: ClientId,
    pub(crate) subject: &'a Subject,
    /// The authorization server that it is for.
    pub(crate) audience: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) expires_at: Timestamp,
}

/// Writes the event of the audit trail that another authorization server is told of a subject. No commit tells it.
pub(crate) fn log_domain_grant(line: DomainGrantLine<'_>) {
    let DomainGrantLine { id, at, org, client, subject, audience, scope, expires_at } = line;
    tracing::info!(
        target: "jeton::audit",
        %id,
        time = at.as_ms(),
        action = "grant.issued",
        %org,
        %client,
        %subject,
        jti = %id,
        audience,
        scope,
        exp = expires_at.as_secs(),
        "grant"
    );
}

/// Writes the line that who runs the service has let the first administrator act again.
pub(crate) fn log_restored(org: &OrgId, subject: &Subject) {
    tracing::warn!(target: "jeton::admin", %org, sub = %subject, "the first administrator is enabled again and holds urn:jeton:admin");
}

/// Writes the line of a signal that its receiver will never have.
pub(crate) fn log_lost_signal(stream: &EventStreamKey, jti: TokenId, why: &str) {
    let EventStreamKey { org, client, id } = stream;
    tracing::warn!(target: "jeton::signal", %org, %client, stream = %id, %jti, why, "a receiver will not have a signal");
}

/// Writes the line of a stream whose receiver doesn't take what waits for it. Why is said in a word, and never in the receiver's words.
pub(crate) fn log_stuck_stream(stream: &EventStreamKey, why: impl std::fmt::Debug) {
    let EventStreamKey { org, client, id } = stream;
    tracing::warn!(target: "jeton::signal", %org, %client, stream = %id, ?why, "a receiver doesn't take its signals now");
}

/// A sign of an attack that no honest client causes: a token or a signing key is in the wrong hands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alarm {
    /// An API key that is good only in some networks is shown by an API that doesn't say from where it came.
    AddressMissing,
    /// The right credentials of a client, or an API key, are sent from an address from which they may not be used.
    AddressRefused,
    /// A platform's token that is good only once is presented again.
    AssertionReplayed,
    /// A browser brings back the verifier of a sign-in that was begun in another browser.
    BrowserMismatch,
    /// A client redeems an authorization code, or an `auth_req_id`, that was issued to another client.
    CodeOfAnother,
    /// An authorization code is used again, for which the tokens that came of it are revoked.
    CodeReused,
    /// A client polls with a device code that was issued to another client.
    DeviceCodeOfAnother,
    /// A token is presented of an issuer that everybody can have tokens of, and that an org trusts without a condition that keeps strangers
    /// out. It was trusted by an older version, and counts for nothing now.
    IssuerOpenToStrangers,
    /// An API key was found where everybody can read it, and is revoked.
    KeyLeaked,
    /// A client redeems a refresh token that was issued to another client.
    RefreshTokenOfAnother,
    /// A replaced refresh token is used again, for which its family is revoked.
    RefreshTokenReused,
    /// A token with a valid signature says something else than its record.
    SignedOtherwise,
    /// A client revokes a token that was issued to another client.
    TokenOfAnother,
    /// In an hour, a thousand wrong user codes were tried in an org.
    UserCodeGuessing,
}

/// Writes the line of an alarm. `id` is the token, the refresh family or the authorization, `client` the client that presented it: each
/// if it is known.
pub(crate) fn log_alarm(alarm: Alarm, org: &OrgId, client: Option<ClientId>, id: impl Into<Option<TokenId>>) {
    let (client, id) = (client.map(|id| id.to_string()), id.into().map(|id| id.to_string()));
    tracing::warn!(target: "jeton::alarm", ?alarm, %org, client, id, "alarm");
}
