//! The exact bytes of errors: a file for each dialect, a line for each variant. `JETON_BLESS=1` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use shared::api::http::{Dialect, Reply, Route, fault, refusal};
use shared::domain::{
    ApiKeyProblem, AuthorizationProblem, ClientId, CountedUse, Denial, Fault, FederationProblem, LimitWindow, LogoutProblem,
    ReachedLimit, Refusal, Seconds, TokenProblem,
};

/// One of each. The match below doesn't compile when there is a variant that isn't here.
fn refusals() -> Vec<Refusal> {
    let problems = [TokenProblem::Expired, TokenProblem::Invalid, TokenProblem::NotYetValid, TokenProblem::Revoked];
    let mut all = vec![
        Refusal::AccessDenied { needs: "urn:jeton:tokens:create" },
        Refusal::BodyTooLarge { limit: 65_536 },
        Refusal::ClientLocked,
        Refusal::ClientUnavailable,
        Refusal::Conflict("the org still has members"),
        Refusal::CredentialsMissing,
        Refusal::Denied(Denial::GrantTypeMissing),
        Refusal::invalid("token_validity.end", "must be later than start"),
        Refusal::invalid("", "the body must be JSON"),
        Refusal::Lifetime("must end after it begins".into()),
        Refusal::MemberUnavailable,
        Refusal::MemberUnknown,
        Refusal::MethodNotAllowed { allow: "GET, POST".into() },
        Refusal::NoSuchPath,
        Refusal::NotFound("member"),
        Refusal::OrgUnavailable,
        Refusal::OutsideAuthority { field: "scopes" },
        Refusal::PreconditionFailed { header: "If-Match" },
        Refusal::PreconditionFailed { header: "If-None-Match" },
        Refusal::RefreshRejected,
        Refusal::ResourceUnknown { field: "may_exchange_to[0].resource".into() },
        Refusal::ScopeNotForKeys { field: "scopes[1]".into() },
        Refusal::ScopeOutOfReach { field: "scopes[1]".into() },
        Refusal::ScopeNotHeld("urn:app:read".parse().unwrap()),
        Refusal::SignatureInvalid,
        Refusal::TicketRejected,
        Refusal::TokenGone,
        Refusal::TooManyAttempts { retry_after: Seconds(60) },
        Refusal::LimitReached(ReachedLimit {
            counted: CountedUse::TokensOfClient,
            limit: 5,
            window: LimitWindow::Minute,
            retry_after: Seconds(60),
        }),
        Refusal::TokenTooLarge { limit: 7_168 },
        Refusal::UnsupportedContentEncoding,
        Refusal::UnsupportedMediaType,
        Refusal::UnsupportedPatchType { takes: "application/merge-patch+json" },
        Refusal::ValueTaken { field: "accessToken" },
    ];
    all.extend(problems.map(Refusal::CredentialsRejected));
    all.extend(problems.map(Refusal::TokenRejected));
    all.extend(ApiKeyProblem::ALL.iter().copied().map(Refusal::ApiKeyRejected));
    all.extend(AuthorizationProblem::ALL.iter().copied().map(Refusal::AuthorizationRejected));
    all.extend(federation_problems().map(Refusal::FederationRejected));
    all.extend(LogoutProblem::ALL.iter().copied().map(Refusal::LogoutRejected));
    for refusal in &all {
        match refusal {
            Refusal::AccessDenied { .. }
            | Refusal::ApiKeyRejected(_)
            | Refusal::AuthorizationRejected(_)
            | Refusal::BodyTooLarge { .. }
            | Refusal::ClientLocked
            | Refusal::ClientUnavailable
            | Refusal::Conflict(_)
            | Refusal::CredentialsMissing
            | Refusal::CredentialsRejected(_)
            | Refusal::Denied(_)
            | Refusal::FederationRejected(_)
            | Refusal::Invalid { .. }
            | Refusal::Lifetime(_)
            | Refusal::LimitReached(_)
            | Refusal::LogoutRejected(_)
            | Refusal::MemberUnavailable
            | Refusal::MemberUnknown
            | Refusal::MethodNotAllowed { .. }
            | Refusal::NoSuchPath
            | Refusal::NotFound(_)
            | Refusal::OrgUnavailable
            | Refusal::OutsideAuthority { .. }
            | Refusal::PreconditionFailed { .. }
            | Refusal::RefreshRejected
            | Refusal::ResourceUnknown { .. }
            | Refusal::ScopeNotForKeys { .. }
            | Refusal::ScopeNotHeld(_)
            | Refusal::ScopeOutOfReach { .. }
            | Refusal::SignatureInvalid
            | Refusal::TicketRejected
            | Refusal::TooManyAttempts { .. }
            | Refusal::TokenGone
            | Refusal::TokenRejected(_)
            | Refusal::TokenTooLarge { .. }
            | Refusal::UnsupportedContentEncoding
            | Refusal::UnsupportedMediaType
            | Refusal::UnsupportedPatchType { .. }
            | Refusal::ValueTaken { .. } => {}
        }
    }
    all
}

fn federation_problems() -> impl Iterator<Item = FederationProblem> {
    let clients = || [7, 8].map(|id| ClientId::from_number(id).unwrap()).to_vec();
    let field = "federated[0]".to_owned();
    let open = FederationProblem::OpenToStrangers { field: field.clone(), rule: "must be closed".to_owned() };
    let unknown = FederationProblem::IssuerUnknown { field: field.clone() };
    let unreadable = FederationProblem::IssuerUnreadable { field, why: "The keys can't be had.".to_owned() };
    [open, unknown, unreadable, FederationProblem::IssuerInUse(clients()), FederationProblem::ClientsNeedConditions(clients())]
        .into_iter()
}

#[test]
fn agilicus_errors() {
    hold("agilicus_errors.txt", Dialect::Agilicus);
}

#[test]
fn authlete_errors() {
    hold("authlete_errors.txt", Dialect::Authlete);
}

#[test]
fn jeton_errors() {
    hold("jeton_errors.txt", Dialect::Jeton);
}

fn hold(file: &str, dialect: Dialect) {
    let route = Route::post("a.room", "/api/{serviceId}/auth/token", dialect);
    let mut text = String::new();
    for case in refusals() {
        let name = format!("{case:?}");
        line(&mut text, &name, &refusal(&route, &case));
    }
    for (name, case) in [
        ("Fault, can be retried", Fault::unavailable("reading")),
        ("Fault", Fault::internal("reading").because("arn:aws:s3cret")),
    ] {
        line(&mut text, name, &fault(&route, &case));
    }
    hold_text(file, &text);
}

/// A text must be what is in the file.
pub(crate) fn hold_text(file: &str, text: &str) {
    hold_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(file), text);
}

/// The same for any file of the repository.
pub(crate) fn hold_file(path: &Path, text: &str) {
    if bless() {
        std::fs::write(path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text, "{} differs", path.display());
}

fn line(text: &mut String, name: &str, reply: &Reply) {
    let headers: Vec<_> = reply.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let headers = if headers.is_empty() { String::new() } else { format!(" [{}]", headers.join("; ")) };
    writeln!(
        text,
        "{name}\n  {} {}{headers}\n  {}",
        reply.status.as_u16(),
        reply.media_type,
        String::from_utf8_lossy(&reply.body)
    )
    .unwrap();
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says so")]
fn bless() -> bool {
    std::env::var_os("JETON_BLESS").is_some()
}
