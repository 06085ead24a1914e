//! How refusals and faults are spelled in each dialect: the only place that knows.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{Dialect, Reply, Route};
use crate::api::agilicus::response::ErrorMessage;
use crate::domain::{Error, Fault, Refusal, TokenProblem};
use crate::encoding::json;
use crate::telemetry;

/// The answer to a caller's mistake.
pub fn refusal(route: &Route, refusal: &Refusal) -> Reply {
    let (status, code, message) = spell(refusal);
    note(refusal, code);
    let field = match refusal {
        Refusal::Invalid { field, .. } if !field.is_empty() => Some(&**field),
        _ => None,
    };
    let mut reply = match route.dialect {
        Dialect::Agilicus => error_message(status, code, &message),
        Dialect::Authlete => crate::api::authlete::errors::refusal(route, refusal),
        Dialect::Jeton => problem(status, code, &message, field),
        Dialect::OAuth => crate::api::oauth::errors::refusal(route, status, refusal, &message),
    };
    reply.headers.extend(headers(route, refusal));
    reply
}

/// Tells refusals of a call that was understood, which some dialects answer as an outcome, from failures of ours.
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

/// Of what a client is denied the log tells more than one code for all of it.
fn note(refusal: &Refusal, code: &'static str) {
    match refusal {
        Refusal::Denied(denial) => telemetry::note_error(format!("{denial:?}")),
        _ => telemetry::note_error(code),
    }
}

/// The answer to a failure of ours: a fixed body, whatever happened.
pub fn fault(route: &Route, fault: &Fault) -> Reply {
    let (status, code, message) = if fault.can_retry() {
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "Not possible at the moment. Try again shortly.")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Something went wrong here. It has been logged.")
    };
    telemetry::note_error(code);
    let mut reply = match route.dialect {
        Dialect::Agilicus => error_message(status, code, message),
        Dialect::Authlete => crate::api::authlete::errors::fault(route, status, message),
        Dialect::Jeton => problem(status, code, message, None),
        Dialect::OAuth => crate::api::oauth::errors::fault(status, message),
    };
    if fault.can_retry() {
        reply.headers.push((header::RETRY_AFTER, HeaderValue::from_static("1")));
    }
    reply
}

/// Code and advice of a refusal, for answers that aren't HTTP.
pub(crate) fn explain(refusal: &Refusal) -> (&'static str, Cow<'static, str>) {
    let (_, code, advice) = spell(refusal);
    (code, advice)
}

/// Status, code and advice of a refusal, in the dialects that take their codes from us: the Agilicus `ErrorMessage`
/// leaves them free.
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

/// `WWW-Authenticate` of RFC 6750 section 3 (and RFC 7617 section 2, where that is taken, too), and `Allow`.
fn headers(route: &Route, refusal: &Refusal) -> Option<(header::HeaderName, HeaderValue)> {
    let basic = match route.dialect {
        Dialect::Authlete => ", Basic realm=\"jeton\"",
        Dialect::Agilicus | Dialect::Jeton | Dialect::OAuth => "",
    };
    if let Some(challenge) =
        Some(crate::api::oauth::errors::challenge(route, refusal)).filter(|_| route.dialect == Dialect::OAuth).flatten()
    {
        return Some(challenge);
    }
    let challenge = |error: &str| {
        let value = HeaderValue::try_from(format!("Bearer realm=\"jeton\"{error}{basic}")).ok()?;
        Some((header::WWW_AUTHENTICATE, value))
    };
    match refusal {
        Refusal::CredentialsMissing => challenge(""),
        Refusal::CredentialsRejected(_) => challenge(", error=\"invalid_token\""),
        Refusal::MethodNotAllowed { allow } => HeaderValue::try_from(allow.as_str()).map(|allow| (header::ALLOW, allow)).ok(),
        _ => None,
    }
}

/// The media type of problem details.
pub(in crate::api) const PROBLEM: &str = "application/problem+json";

/// Problem details, RFC 9457 section 3.1, with our code and the member that is wrong.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api) struct Problem<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

fn problem(status: StatusCode, code: &str, detail: &str, field: Option<&str>) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json::write(&Problem { title, status: status.as_u16(), detail, code, field });
    Reply { media_type: PROBLEM, ..Reply::json(status, body.unwrap_or_default()) }
}

fn error_message(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, json::write(&ErrorMessage { error_code: code, error_message: message }).unwrap_or_default())
}

fn sentence(rule: &str) -> Cow<'static, str> {
    let mut chars = rule.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", chars.as_str()).into()
}
