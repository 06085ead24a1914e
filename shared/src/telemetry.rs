//! One structured line of log for each request, without any secret.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

use crate::domain::{Caller, ClientId, Fault, OrgId, TokenId, TokenRecord};

/// Logs to standard output, one JSON object a line: what AWS's logs take apart by themselves.
pub fn log_to_stdout_as_json() {
    log().json().flatten_event(true).with_writer(std::io::stdout).init();
}

/// Logs to standard error: as JSON, or for people.
pub fn log_to_stderr(json: bool) {
    if json {
        log().json().flatten_event(true).with_writer(std::io::stderr).init();
    } else {
        log().with_writer(std::io::stderr).init();
    }
}

fn log() -> tracing_subscriber::fmt::SubscriberBuilder {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
}

/// What a request's line of log says besides what the edge knows.
#[derive(Debug, Default)]
pub struct Note {
    /// The org that the caller acts in.
    org: Option<String>,
    /// Whom the caller stands for.
    sub: Option<String>,
    /// The client that calls, or says that it does.
    client: Option<String>,
    /// The caller's token.
    caller_jti: Option<String>,
    /// The token that was minted, introspected or revoked.
    jti: Option<String>,
    /// Why it was refused.
    pub(crate) error: Option<Cow<'static, str>>,
}

tokio::task_local! {
    static NOTE: RefCell<Note>;
}

/// Runs a request with a note of its own, and returns the note with its answer.
pub(crate) async fn noted<T>(request: impl Future<Output = T>) -> (T, Note) {
    NOTE.scope(RefCell::default(), async {
        let answer = request.await;
        (answer, NOTE.with(RefCell::take))
    })
    .await
}

/// Notes who is calling.
pub(crate) fn note_caller(caller: &Caller) {
    note(|note| {
        note.org = Some(caller.org().to_string());
        note.sub = Some(caller.subject().to_string());
        note.caller_jti = Some(caller.token().id.to_string());
    });
}

/// Notes which client calls, or says that it does.
pub(crate) fn note_client(org: &OrgId, client: ClientId) {
    note(|note| {
        note.org = Some(org.to_string());
        note.client = Some(client.to_string());
    });
}

/// Notes which token it is about.
pub(crate) fn note_token(token: &TokenRecord) {
    note(|note| note.jti = Some(token.id.to_string()));
}

/// Notes why it was refused.
pub(crate) fn note_error(code: impl Into<Cow<'static, str>>) {
    note(|note| note.error = Some(code.into()));
}

fn note(write: impl FnOnce(&mut Note)) {
    // Outside a request, as in tests of a use case, there is nobody to read it.
    let _ = NOTE.try_with(|note| write(&mut note.borrow_mut()));
}

/// Writes the line of one request.
pub(crate) fn log_request(endpoint: &str, method: &str, status: u16, took: Duration, request_id: &str, note: &Note) {
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let Note { org, sub, client, caller_jti, jti, error } = note;
    tracing::info!(
        target: "jeton::request",
        endpoint,
        method,
        status,
        us,
        request_id,
        org = org.as_deref(),
        sub = sub.as_deref(),
        client = client.as_deref(),
        caller_jti = caller_jti.as_deref(),
        jti = jti.as_deref(),
        error = error.as_deref(),
        "request"
    );
}

/// Writes the line of one invocation of an operation.
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

/// Writes the one line of a failure of ours.
pub(crate) fn log_fault(endpoint: &str, fault: &Fault) {
    tracing::error!(target: "jeton::fault", endpoint, retry = fault.can_retry(), cause = ?fault, "failed");
}

/// What no honest client causes: a token is in wrong hands, or a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alarm {
    /// A client redeems a refresh token of another.
    RefreshTokenOfAnother,
    /// A refresh token that was replaced is used again: its family is revoked.
    RefreshTokenReused,
    /// A token with a good signature of ours says something else than its record.
    SignedOtherwise,
    /// A client revokes a token of another.
    TokenOfAnother,
}

/// Writes the line of an alarm, which names the token or the family, and the client that showed it, where that is known.
pub(crate) fn log_alarm(alarm: Alarm, org: &OrgId, client: Option<ClientId>, id: TokenId) {
    tracing::warn!(target: "jeton::alarm", ?alarm, %org, client = client.map(|id| id.to_string()), %id, "alarm");
}
