//! Refusals and faults as answers: status, code and message, which the dialect of the route then spells.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};

use super::dialect::{Explanation, Header};
use super::{Reply, Route};
use crate::api::dialects;
use crate::domain::{Error, Fault, Refusal, TokenProblem};
use crate::telemetry;

/// Renders the answer to a mistake of the caller in the dialect of the route, and notes its code for the line of log.
pub fn refusal(route: &Route, refusal: &Refusal) -> Reply {
    let (status, code, message) = spell(refusal);
    note(refusal, code);
    let rules = dialects::rules(route.dialect);
    let mut reply = (rules.refusal)(route, &Explanation { refusal, status, code, message: &message });
    reply.headers.extend((rules.challenge)(route, refusal).or_else(|| allow(refusal)));
    reply
}

/// Separates refusals, which some dialects answer as the outcome of a call that was understood, from failures of ours.
///
/// # Errors
/// Only [`Error::Failed`]; a refusal is in the result.
pub fn split_refusal<T>(outcome: Result<T, Error>) -> Result<Result<T, Refusal>, Error> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(Error::Refused(refusal)) => {
            note(&refusal, spell(&refusal).1);
            Ok(Err(refusal))
        }
        Err(failed @ Error::Failed(_)) => Err(failed),
    }
}

/// Notes the code for the line of log. What a client is denied has one code for callers, and its cause in the log.
fn note(refusal: &Refusal, code: &'static str) {
    match refusal {
        Refusal::Denied(denial) => telemetry::note_error(format!("{denial:?}")),
        _ => telemetry::note_error(code),
    }
}

/// Renders the answer to a failure of ours in the dialect of the route. Its body is fixed, whatever happened.
pub fn fault(route: &Route, fault: &Fault) -> Reply {
    let (status, code, message) = if fault.can_retry() {
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "Not possible at the moment. Try again shortly.")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Something went wrong here. It has been logged.")
    };
    telemetry::note_error(code);
    let mut reply = (dialects::rules(route.dialect).fault)(route, status, code, message);
    if fault.can_retry() {
        reply.headers.push((header::RETRY_AFTER, HeaderValue::from_static("1")));
    }
    reply
}

/// Returns the code and the advice of a refusal, for answers that are not HTTP.
pub(crate) fn explain(refusal: &Refusal) -> (&'static str, Cow<'static, str>) {
    let (_, code, advice) = spell(refusal);
    (code, advice)
}

/// Returns the status, the code and the advice of a refusal, for the dialects whose codes are ours to choose.
fn spell(refusal: &Refusal) -> (StatusCode, &'static str, Cow<'static, str>) {
    use StatusCode as S;
    match refusal {
        Refusal::AccessDenied { needs } => {
            (S::FORBIDDEN, "ACCESS_DENIED", format!("Needs the scope {needs} in this org, on the token and held by its subject.").into())
        }
        Refusal::BodyTooLarge { limit } => (S::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", format!("The body must be at most {limit} bytes.").into()),
        Refusal::ClientLocked => (S::FORBIDDEN, "CLIENT_LOCKED", "The client is locked.".into()),
        Refusal::ClientUnavailable => (S::BAD_REQUEST, "CLIENT_UNAVAILABLE", "No client of the org has this number or alias.".into()),
        Refusal::Conflict(what) => (S::CONFLICT, "CONFLICT", format!("Not possible: {what}.").into()),
        Refusal::CredentialsMissing => (S::UNAUTHORIZED, "TOKEN_MISSING", "Send an access token: \"Authorization: Bearer <token>\".".into()),
        Refusal::CredentialsRejected(problem) => {
            let (code, advice) = token(*problem);
            (S::UNAUTHORIZED, code, advice.into())
        }
        Refusal::Denied(denial) => (S::BAD_REQUEST, "TOKEN_REQUEST_DENIED", denial.describe().into()),
        Refusal::Invalid { field, rule } if field.is_empty() => (S::BAD_REQUEST, "INVALID_REQUEST", sentence(rule)),
        Refusal::Invalid { field, rule } => (S::BAD_REQUEST, "INVALID_REQUEST", format!("{field}: {rule}.").into()),
        Refusal::Lifetime(rule) => (S::BAD_REQUEST, "INVALID_LIFETIME", format!("time_validity or token_validity: the token {rule}.").into()),
        Refusal::MemberUnavailable => (S::FORBIDDEN, "MEMBER_UNAVAILABLE", "sub: no enabled member of the org has this id.".into()),
        Refusal::MethodNotAllowed { allow } => (S::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", format!("This path takes {allow}.").into()),
        Refusal::NoSuchPath => (S::NOT_FOUND, "NO_SUCH_PATH", "Nothing is at this path.".into()),
        Refusal::NotFound(what) => (S::NOT_FOUND, "NOT_FOUND", format!("There is no such {what}.").into()),
        // In the Agilicus API whatever keeps a token from being reissued is a 400.
        Refusal::OrgUnavailable => (
            S::BAD_REQUEST,
            "ORG_UNAVAILABLE",
            "org_id: the token's subject can't act there; it must be the token's org or one below it, with the subject as an enabled member.".into(),
        ),
        Refusal::OutsideAuthority { field } => {
            (S::FORBIDDEN, "OUTSIDE_AUTHORITY", format!("{field}: asks for more than the presented token holds.").into())
        }
        Refusal::RefreshRejected => (S::BAD_REQUEST, "REFRESH_TOKEN_INVALID", "The refresh token can't be used. Ask for a new one.".into()),
        Refusal::ScopeNotHeld(scope) => {
            (S::FORBIDDEN, "SCOPE_NOT_HELD", format!("scopes: the member doesn't hold {scope}. Mark it optional with ? to go without.").into())
        }
        Refusal::TicketRejected => (S::BAD_REQUEST, "TICKET_INVALID", "The ticket is unknown, expired or used.".into()),
        // What the Agilicus API says to the introspection of a revoked token.
        Refusal::TokenGone => (S::GONE, "TOKEN_REVOKED", token(TokenProblem::Revoked).1.into()),
        Refusal::TokenRejected(problem) => {
            let (code, advice) = token(*problem);
            (S::BAD_REQUEST, code, advice.into())
        }
        Refusal::TokenTooLarge { limit } => {
            (S::BAD_REQUEST, "TOKEN_TOO_LARGE", format!("The signed token would be over {limit} bytes: ask for fewer scopes, roles or audiences.").into())
        }
        Refusal::ValueTaken { field } => (S::CONFLICT, "VALUE_TAKEN", format!("{field}: another token has this value.").into()),
        Refusal::UnsupportedMediaType => {
            (S::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "Send \"Content-Type: application/json\", in UTF-8.".into())
        }
    }
}

fn token(problem: TokenProblem) -> (&'static str, &'static str) {
    match problem {
        TokenProblem::Expired => ("TOKEN_EXPIRED", "The token has expired. Get a new one."),
        TokenProblem::Invalid => ("TOKEN_INVALID", "The token is none of this service, or its subject can't act any more."),
        TokenProblem::NotYetValid => ("TOKEN_NOT_YET_VALID", "The token isn't valid yet. Wait for its start."),
        TokenProblem::Revoked => ("TOKEN_REVOKED", "The token has been revoked. Get a new one."),
    }
}

/// The methods of a path that does not take the one of the request: RFC 9110 section 10.2.1.
fn allow(refusal: &Refusal) -> Option<Header> {
    let Refusal::MethodNotAllowed { allow } = refusal else { return None };
    HeaderValue::try_from(allow.as_str()).map(|allow| (header::ALLOW, allow)).ok()
}

fn sentence(rule: &str) -> Cow<'static, str> {
    let mut chars = rule.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", chars.as_str()).into()
}
