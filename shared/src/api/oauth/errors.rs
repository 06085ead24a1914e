//! Errors of OAuth endpoints: RFC 6749 section 5.2, RFC 6750 section 3.1.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};

use crate::api::http::dialect::{DialectRules, Explanation, Fallback, Header};
use crate::api::http::{Dialect, Reply, Route, challenge as common};
use crate::api::oauth::error::ErrorResponse;
use crate::api::oauth::{event_stream, registration};
use crate::auth::dpop;
use crate::domain::{Algorithm, Denial, Refusal};
use crate::encoding::json;

/// How this dialect spells errors.
pub(in crate::api) static RULES: DialectRules = DialectRules {
    refusal,
    fault: |_, status, _, message| fault(status, message),
    challenge,
    fallback: Some(&Fallback {
        prefixes: &["/oauth2/", "/.well-known/oauth-", "/ssf/"],
        route: Route::get("", "/oauth2", Dialect::OAuth),
    }),
    is_strict: false,
    ignores_trailing_slash: false,
    sends_pragma: true,
    #[cfg(feature = "openapi")]
    description: crate::api::openapi::DialectDescription {
        about: "OAuth 2: RFC 6749 and those that extend it. A parameter twice is refused.",
        error_media_type: Reply::JSON,
        error_schema: |schemas| schemas.of_answer::<ErrorResponse<'_>>(),
        // RFC 6749 section 5.2 has one status for what a body says and for its media type. 415 is for a compressed one.
        body_refusals: &[400, 413, 415],
        forbidden_challenge: Some("The scope that is missing: RFC 6750 section 3."),
        second_path_suffix: "at_path",
        names_operations_fully: false,
    },
};

/// The answer to a caller's mistake.
fn refusal(route: &Route, explained: &Explanation<'_>) -> Reply {
    let Explanation { refusal, status, message: described, .. } = *explained;
    let (status, error, description): (_, _, Cow<'_, str>) = match refusal {
        Refusal::Denied(denial) => (status_of(*denial), denial.error(), describe(*denial).into()),
        Refusal::AccessDenied { .. } => (status, "insufficient_scope", described.into()),
        Refusal::CredentialsMissing | Refusal::CredentialsRejected(_) => (status, "invalid_token", described.into()),
        Refusal::ClientLocked if is_registration(route) => (status, "access_denied", described.into()),
        Refusal::ClientLocked | Refusal::ClientUnavailable => {
            let denial = Denial::ClientUnauthenticated;
            (status_of(denial), denial.error(), describe(denial).into())
        }
        Refusal::MemberUnavailable | Refusal::MemberUnknown | Refusal::RefreshRejected | Refusal::TicketRejected => {
            (StatusCode::BAD_REQUEST, "invalid_grant", Denial::RefreshTokenInvalid.describe().into())
        }
        Refusal::OutsideAuthority { .. } | Refusal::ScopeNotHeld(_) => {
            (StatusCode::BAD_REQUEST, "invalid_scope", Denial::ScopeInvalid.describe().into())
        }
        // Many clients know no other status for what is wrong with a request.
        Refusal::UnsupportedMediaType => {
            let advice = if is_registration(route) || is_of_signals(route) {
                "Send Content-Type: application/json, in UTF-8."
            } else {
                "Send Content-Type: application/x-www-form-urlencoded, in UTF-8."
            };
            (StatusCode::BAD_REQUEST, "invalid_request", advice.into())
        }
        Refusal::Invalid { field, rule } if is_registration(route) => {
            let error = registration::error_of(field).unwrap_or("invalid_request");
            let known = registration::name_of(field);
            (status, error, if field.is_empty() { described.into() } else { sentence(known, rule) })
        }
        Refusal::Invalid { field, rule } if is_of_signals(route) => {
            (status, "invalid_request", sentence(event_stream::name_of(field), rule))
        }
        Refusal::Invalid { field, rule } => (status, "invalid_request", invalid(field, rule)),
        Refusal::LimitReached(_) => (status, "temporarily_unavailable", described.into()),
        // No RFC has a word for it. This is the one of the MCP SDKs.
        Refusal::TooManyAttempts { .. } => (status, "too_many_requests", described.into()),
        Refusal::ApiKeyRejected(_)
        | Refusal::AuthorizationRejected(_)
        | Refusal::BodyTooLarge { .. }
        | Refusal::Conflict(_)
        | Refusal::Lifetime(_)
        | Refusal::FederationRejected(_)
        | Refusal::LogoutRejected(_)
        | Refusal::MethodNotAllowed { .. }
        | Refusal::NoSuchPath
        | Refusal::NotFound(_)
        | Refusal::OrgUnavailable
        | Refusal::PreconditionFailed { .. }
        | Refusal::ResourceUnknown { .. }
        | Refusal::ScopeNotForKeys { .. }
        | Refusal::ScopeOutOfReach { .. }
        | Refusal::SignatureInvalid
        | Refusal::TokenGone
        | Refusal::TokenRejected(_)
        | Refusal::TokenTooLarge { .. }
        | Refusal::UnsupportedContentEncoding
        | Refusal::UnsupportedPatchType { .. }
        | Refusal::ValueTaken { .. } => (status, "invalid_request", described.into()),
    };
    body(status, error, &description)
}

/// There clients speak JSON of themselves, with errors of their own: RFC 7591 section 3.2.2.
fn is_registration(route: &Route) -> bool {
    route.path.starts_with(crate::oauth::registration::PATH)
}

/// There receivers of shared signals speak JSON, and their tokens may be bound to keys.
fn is_of_signals(route: &Route) -> bool {
    route.path.starts_with("/ssf/")
}

/// The answer to a failure of ours.
fn fault(status: StatusCode, message: &str) -> Reply {
    let error = if status == StatusCode::SERVICE_UNAVAILABLE { "temporarily_unavailable" } else { "server_error" };
    body(status, error, message)
}

fn body(status: StatusCode, error: &str, description: &str) -> Reply {
    let description = printable(description);
    Reply::json(status, json::write(&ErrorResponse { error, error_description: &description }).unwrap_or_default())
}

fn status_of(denial: Denial) -> StatusCode {
    if denial.error() == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST }
}

/// Describes a denial. A client that isn't known gets the same text as one that doesn't name itself.
fn describe(denial: Denial) -> &'static str {
    if denial == Denial::ClientIdMissing { Denial::ClientUnauthenticated.describe() } else { denial.describe() }
}

/// A name that nobody knows isn't repeated.
fn invalid(field: &str, rule: &str) -> Cow<'static, str> {
    const KNOWN: &[&str] = &[
        "Authorization",
        "access_token",
        "actor_token",
        "assertion",
        "audience",
        "authorization_details",
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "dpop_jkt",
        "grant_type",
        "refresh_token",
        "request_uri",
        "requested_token_type",
        "resource",
        "scope",
        "subject_token",
        "token",
        "token_type_hint",
    ];
    let unknown = (!field.is_empty()).then_some("A parameter");
    sentence(KNOWN.iter().copied().find(|known| *known == field).or(unknown), rule)
}

fn sentence(known: Option<&str>, rule: &str) -> Cow<'static, str> {
    match known {
        Some(known) => format!("{known} {rule}.").into(),
        None => format!("The request {rule}.").into(),
    }
}

/// RFC 6749 section 5.2 has neither quotes nor backslashes in a description, nor anything beyond ASCII.
fn printable(text: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    text.chars().map(|c| if allowed(c) { c } else { '\'' }).collect()
}

/// `WWW-Authenticate`: RFC 6749 section 5.2 for clients, RFC 6750 section 3 for bearers.
fn challenge(route: &Route, refusal: &Refusal) -> Option<Header> {
    if *refusal == Refusal::ClientLocked && is_registration(route) {
        return None;
    }
    let is_of_client = refusal.denial().is_some_and(|denial| denial.error() == "invalid_client");
    let value = if is_of_client || matches!(refusal, Refusal::ClientLocked | Refusal::ClientUnavailable) {
        "Basic realm=\"jeton\"".to_owned()
    } else if let Refusal::AccessDenied { needs } = refusal {
        format!("Bearer realm=\"jeton\", error=\"insufficient_scope\", scope=\"{needs}\"")
    } else if route.path == crate::oauth::userinfo::PATH || is_of_signals(route) {
        return common::bearer(refusal, &format!(", {}", dpop_challenge(refusal)));
    } else {
        return common::bearer(refusal, "");
    };
    HeaderValue::try_from(value).ok().map(|value| (header::WWW_AUTHENTICATE, value))
}

/// The challenge for those who prove a key: RFC 9449 section 7.1.
fn dpop_challenge(refusal: &Refusal) -> String {
    let error = if matches!(refusal, Refusal::CredentialsRejected(_)) { "error=\"invalid_token\", " } else { "" };
    let algorithms: Vec<_> = dpop::ALGORITHMS.iter().copied().map(Algorithm::as_str).collect();
    format!("DPoP {error}algs=\"{}\"", algorithms.join(" "))
}
