//! Refusals and faults as answers: status, code and message, which the dialect of the route then spells.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};

use super::dialect::{Explanation, Header};
use super::{Reply, Route, reply};
use crate::api::dialects;
use crate::domain::{
    ApiKeyProblem, AuthorizationProblem, Error, Fault, FederationProblem, LogoutProblem, ReachedLimit, Refusal, Seconds,
    TokenProblem,
};
use crate::encoding::sentence;
use crate::telemetry;

/// Renders the answer to a mistake of the caller in the dialect of the route, and notes its code for the line of log.
pub fn refusal(route: &Route, refusal: &Refusal) -> Reply {
    let (status, code, message) = spell(refusal);
    note(refusal, code);
    let rules = dialects::rules(route.dialect);
    let mut reply = (rules.refusal)(route, &Explanation { refusal, status, code, message: &message });
    let of_status = allow(refusal).or_else(|| accept_patch(refusal)).or_else(|| retry_after(refusal));
    reply.headers.extend((rules.challenge)(route, refusal).or(of_status));
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
    match refusal.denial() {
        Some(denial) => telemetry::note_error(format!("{denial:?}")),
        None => telemetry::note_error(code),
    }
}

/// Renders the answer to a failure of ours in the dialect of the route. Its body is fixed, whatever happened.
pub fn fault(route: &Route, fault: &Fault) -> Reply {
    let (status, code, message) = match fault.retry_after() {
        Some(Seconds(..=1)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "The service is temporarily unavailable. Try again in a second.")
        }
        Some(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "The service is temporarily unavailable. Try again in some seconds.")
        }
        None => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Internal error. It has been logged."),
    };
    telemetry::note_error(code);
    let mut reply = (dialects::rules(route.dialect).fault)(route, status, code, message);
    if let Some(wait) = fault.retry_after() {
        reply.headers.push((header::RETRY_AFTER, HeaderValue::from(wait.0)));
    }
    reply
}

/// Returns the code and the advice of a refusal, for answers that are not HTTP.
pub(crate) fn explain(refusal: &Refusal) -> (&'static str, Cow<'static, str>) {
    let (_, code, advice) = spell(refusal);
    (code, advice)
}

/// Returns the status, the code and the advice of a refusal, for the dialects whose codes are ours to choose.
#[expect(clippy::too_many_lines, reason = "a table")]
fn spell(refusal: &Refusal) -> (StatusCode, &'static str, Cow<'static, str>) {
    use StatusCode as S;
    match refusal {
        Refusal::AccessDenied { needs } => (
            S::FORBIDDEN,
            "ACCESS_DENIED",
            format!("Requires the scope {needs} in this org. Both the token and its member must have it.").into(),
        ),
        Refusal::ApiKeyRejected(problem) => (api_key(*problem), problem.code(), problem.describe().into()),
        Refusal::AuthorizationRejected(problem) => (authorization(*problem), problem.code(), problem.describe().into()),
        Refusal::BodyTooLarge { limit } => {
            (S::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", format!("The body is too large: at most {limit} bytes.").into())
        }
        Refusal::ClientLocked => (S::FORBIDDEN, "CLIENT_LOCKED", "The client is locked. An administrator can unlock it.".into()),
        Refusal::ClientUnavailable => {
            (S::BAD_REQUEST, "CLIENT_UNAVAILABLE", "The org has no client with this id or alias.".into())
        }
        Refusal::Conflict(what) => (S::CONFLICT, "CONFLICT", sentence(what).into()),
        Refusal::CredentialsMissing => {
            (S::UNAUTHORIZED, "TOKEN_MISSING", "Send an access token: \"Authorization: Bearer <token>\".".into())
        }
        Refusal::CredentialsRejected(problem) => {
            let (code, advice) = token(*problem);
            (S::UNAUTHORIZED, code, advice.into())
        }
        Refusal::Denied(denial) => (S::BAD_REQUEST, "TOKEN_REQUEST_DENIED", denial.describe().into()),
        Refusal::FederationRejected(problem) => (federation(problem), problem.code(), problem.describe().into()),
        Refusal::Invalid { field, rule } if field.is_empty() => (S::BAD_REQUEST, "INVALID_REQUEST", sentence(rule).into()),
        Refusal::Invalid { field, rule } => (S::BAD_REQUEST, "INVALID_REQUEST", format!("{field}: {rule}.").into()),
        Refusal::Lifetime(rule) => {
            (S::BAD_REQUEST, "INVALID_LIFETIME", format!("time_validity or token_validity: the token {rule}.").into())
        }
        Refusal::LimitReached(reached) => (S::TOO_MANY_REQUESTS, "LIMIT_REACHED", reached.to_string().into()),
        Refusal::LogoutRejected(problem) => (logout(*problem), problem.code(), problem.describe().into()),
        Refusal::MemberUnavailable => (
            S::FORBIDDEN,
            "MEMBER_UNAVAILABLE",
            "sub: the org has no enabled member with this id. Create the member, or enable it.".into(),
        ),
        // Only the Agilicus API revokes by members, and calls them so.
        Refusal::MemberUnknown => (
            S::FORBIDDEN,
            "MEMBER_UNAVAILABLE",
            "user_id: the org has no member with this id. POST /v1/orgs/{org}/revocations revokes what clients have for anybody else.".into(),
        ),
        Refusal::MethodNotAllowed { allow } => {
            (S::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", format!("This path takes {allow}.").into())
        }
        Refusal::NoSuchPath => {
            (S::NOT_FOUND, "NO_SUCH_PATH", "There is no endpoint at this path. GET /openapi.json lists all of them.".into())
        }
        Refusal::NotFound(what) => (S::NOT_FOUND, "NOT_FOUND", format!("There is no such {what}.").into()),
        // In the Agilicus API whatever keeps a token from being reissued is a 400.
        Refusal::OrgUnavailable => (
            S::BAD_REQUEST,
            "ORG_UNAVAILABLE",
            "org_id must be the token's own org or an org below it in which the subject is an enabled member.".into(),
        ),
        Refusal::OutsideAuthority { field } => (
            S::FORBIDDEN,
            "OUTSIDE_AUTHORITY",
            format!("{field}: more than the presented token has. Ask for less, or present a token with more.").into(),
        ),
        Refusal::PreconditionFailed { header } => (S::PRECONDITION_FAILED, "PRECONDITION_FAILED", condition(header).into()),
        Refusal::RefreshRejected => (
            S::BAD_REQUEST,
            "REFRESH_TOKEN_INVALID",
            "The refresh token is unknown, expired, revoked or already used. Sign in again to get a new one.".into(),
        ),
        Refusal::ResourceUnknown { field } => (
            S::CONFLICT,
            "RESOURCE_UNKNOWN",
            format!("{field}: the org has no such resource. Add it to the org's resources first.").into(),
        ),
        Refusal::ScopeNotHeld(scope) => (
            S::FORBIDDEN,
            "SCOPE_NOT_HELD",
            format!("scopes: the member doesn't hold {scope}. Grant it to the member, or mark it optional: {scope}?").into(),
        ),
        Refusal::ScopeNotForKeys { field } => (
            S::BAD_REQUEST,
            "SCOPE_NOT_FOR_KEYS",
            format!("{field}: of Jeton's own API an API key can have urn:jeton:tokens:revoke and the scopes that end with :read.").into(),
        ),
        Refusal::ScopeOutOfReach { field } => (
            S::FORBIDDEN,
            "SCOPE_NOT_HELD",
            format!("{field}: the owner must hold it, and so must you, on your token, too, unless you have urn:jeton:tokens:create.").into(),
        ),
        Refusal::SignatureInvalid => (
            S::UNAUTHORIZED,
            "SIGNATURE_INVALID",
            "Github-Public-Key-Signature must be the signature of the body as it was sent, by the key that Github-Public-Key-Identifier names.".into(),
        ),
        Refusal::TicketRejected => (
            S::BAD_REQUEST,
            "TICKET_INVALID",
            "The ticket is unknown, has expired or has been used. Start a new token request.".into(),
        ),
        Refusal::TooManyAttempts { retry_after } => (
            S::TOO_MANY_REQUESTS,
            "TOO_MANY_ATTEMPTS",
            format!("Too many attempts. Try again in {} seconds.", retry_after.0).into(),
        ),
        // What the Agilicus API says to the introspection of a revoked token.
        Refusal::TokenGone => (S::GONE, "TOKEN_REVOKED", token(TokenProblem::Revoked).1.into()),
        Refusal::TokenRejected(problem) => {
            let (code, advice) = token(*problem);
            (S::BAD_REQUEST, code, advice.into())
        }
        Refusal::TokenTooLarge { limit } => (
            S::BAD_REQUEST,
            "TOKEN_TOO_LARGE",
            format!("The signed token would exceed {limit} bytes. Ask for fewer scopes, roles or audiences.").into(),
        ),
        Refusal::ValueTaken { field } => {
            (S::CONFLICT, "VALUE_TAKEN", format!("{field}: another token already has this value.").into())
        }
        Refusal::UnsupportedContentEncoding => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_CONTENT_ENCODING",
            "Send the body as it is, without compression and without the header Content-Encoding.".into(),
        ),
        Refusal::UnsupportedMediaType => {
            (S::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "Send \"Content-Type: application/json\", in UTF-8.".into())
        }
        Refusal::UnsupportedPatchType { takes } => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            format!("Send \"Content-Type: {takes}\", in UTF-8: only what changes, and null for what is to go.").into(),
        ),
    }
}

/// The status of what somebody can't do with API keys.
const fn api_key(problem: ApiKeyProblem) -> StatusCode {
    match problem {
        ApiKeyProblem::KeyCannotMakeKeys | ApiKeyProblem::SelfServiceOff => StatusCode::FORBIDDEN,
        ApiKeyProblem::TooMany | ApiKeyProblem::Ended => StatusCode::CONFLICT,
    }
}

/// The status of what a login application can't do with an authorization.
const fn authorization(problem: AuthorizationProblem) -> StatusCode {
    match problem {
        AuthorizationProblem::NotFound => StatusCode::NOT_FOUND,
        AuthorizationProblem::Expired => StatusCode::GONE,
        AuthorizationProblem::Decided => StatusCode::CONFLICT,
        AuthorizationProblem::AuthenticationTooOld
        | AuthorizationProblem::SubjectMismatch
        | AuthorizationProblem::AcrNotMet
        | AuthorizationProblem::ClaimsTooLarge
        | AuthorizationProblem::ConsentRequired => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The status of what can't be said of an issuer of assertions, or of a client's identity at one.
const fn federation(problem: &FederationProblem) -> StatusCode {
    match problem {
        FederationProblem::OpenToStrangers { .. } | FederationProblem::IssuerUnreadable { .. } => StatusCode::BAD_REQUEST,
        FederationProblem::IssuerUnknown { .. }
        | FederationProblem::IssuerInUse(_)
        | FederationProblem::ClientsNeedConditions(_) => StatusCode::CONFLICT,
    }
}

/// The status of what a login application can't do with a logout.
const fn logout(problem: LogoutProblem) -> StatusCode {
    match problem {
        LogoutProblem::NotFound => StatusCode::NOT_FOUND,
        LogoutProblem::Expired => StatusCode::GONE,
        LogoutProblem::Completed => StatusCode::CONFLICT,
    }
}

/// Says what has not been as the header of a condition wants it.
fn condition(header: &str) -> String {
    if header == "If-None-Match" {
        return "If-None-Match: it is there already. Leave the header out to replace what is there.".to_owned();
    }
    format!(
        "{header}: it has changed since you read it, or isn't there. Read it again, repeat the change on that, and send its ETag."
    )
}

fn token(problem: TokenProblem) -> (&'static str, &'static str) {
    match problem {
        TokenProblem::Expired => ("TOKEN_EXPIRED", "The token has expired. Get a new one."),
        TokenProblem::Invalid => (
            "TOKEN_INVALID",
            "The token wasn't issued by this service, or its member has been disabled or deleted. Check the issuer, or get a new token.",
        ),
        TokenProblem::NotYetValid => ("TOKEN_NOT_YET_VALID", "The token isn't valid yet. Wait until its nbf."),
        TokenProblem::Revoked => ("TOKEN_REVOKED", "The token has been revoked. Get a new one."),
    }
}

/// The methods of a path that does not take the one of the request: RFC 9110 section 10.2.1.
fn allow(refusal: &Refusal) -> Option<Header> {
    let Refusal::MethodNotAllowed { allow } = refusal else { return None };
    HeaderValue::try_from(allow.as_str()).map(|allow| (header::ALLOW, allow)).ok()
}

/// When the next attempt may succeed: RFC 6585 section 4.
fn retry_after(refusal: &Refusal) -> Option<Header> {
    let (Refusal::TooManyAttempts { retry_after } | Refusal::LimitReached(ReachedLimit { retry_after, .. })) = refusal else {
        return None;
    };
    Some((header::RETRY_AFTER, HeaderValue::from(retry_after.0)))
}

/// The media type of the patches that a resource takes: RFC 5789 section 2.2.
fn accept_patch(refusal: &Refusal) -> Option<Header> {
    let Refusal::UnsupportedPatchType { takes } = refusal else { return None };
    Some((reply::ACCEPT_PATCH, HeaderValue::from_static(takes)))
}
