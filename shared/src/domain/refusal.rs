//! What a caller did wrong, in words of the domain.

use std::borrow::Cow;

use super::{ApiKeyProblem, AuthorizationProblem, Denial, Fault, FederationProblem, LogoutProblem, ReachedLimit, Scope, Seconds};

/// Why an operation did not happen: the caller's fault or ours.
#[derive(Debug)]
pub enum Error {
    /// The caller's fault: answered with an explanation.
    Refused(Refusal),
    /// Our fault: logged, and answered with a fixed body.
    Failed(Fault),
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        Self::Refused(denial.into())
    }
}

impl From<ApiKeyProblem> for Refusal {
    fn from(problem: ApiKeyProblem) -> Self {
        Self::ApiKeyRejected(problem)
    }
}

impl From<ApiKeyProblem> for Error {
    fn from(problem: ApiKeyProblem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<AuthorizationProblem> for Refusal {
    fn from(problem: AuthorizationProblem) -> Self {
        Self::AuthorizationRejected(problem)
    }
}

impl From<AuthorizationProblem> for Error {
    fn from(problem: AuthorizationProblem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<FederationProblem> for Refusal {
    fn from(problem: FederationProblem) -> Self {
        Self::FederationRejected(problem)
    }
}

impl From<FederationProblem> for Error {
    fn from(problem: FederationProblem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<LogoutProblem> for Refusal {
    fn from(problem: LogoutProblem) -> Self {
        Self::LogoutRejected(problem)
    }
}

impl From<LogoutProblem> for Error {
    fn from(problem: LogoutProblem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// What a caller did wrong: safe to show, and never an echo of what was sent, but for the names of its own scopes.
///
/// Each dialect gives every variant a status and a spelling in `http::render`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The caller's authority doesn't cover the operation. `needs` is the scope that would.
    AccessDenied {
        /// The scope that would allow it, one of [`crate::domain::scope::api`].
        needs: &'static str,
    },
    /// The caller can't do that with API keys, or with this one.
    ApiKeyRejected(ApiKeyProblem),
    /// A login application can't do that with an authorization.
    AuthorizationRejected(AuthorizationProblem),
    /// The body is larger than `limit` bytes.
    BodyTooLarge {
        /// The largest size that is allowed, in bytes.
        limit: usize,
    },
    /// What is asked for contradicts what is there.
    Conflict(&'static str),
    /// No credentials where some are needed.
    CredentialsMissing,
    /// The bearer token doesn't open anything.
    CredentialsRejected(TokenProblem),
    /// What is said of an issuer of assertions, or of a client's identity at one, can't be.
    FederationRejected(FederationProblem),
    /// A member of the request is missing or not as it should be.
    Invalid {
        /// Path of the member as the caller spelled it: `token_validity.end`. Empty for the request as a whole.
        field: Cow<'static, str>,
        /// What it should be: "must be a whole number of seconds".
        rule: Cow<'static, str>,
    },
    /// An OAuth client's token request is denied.
    Denied(Denial),
    /// The lifetime that was asked for can't be granted. Says what it must be.
    Lifetime(Cow<'static, str>),
    /// A client has been given, or an API key was used, as often as its limits allow.
    LimitReached(ReachedLimit),
    /// A login application can't do that with a logout.
    LogoutRejected(LogoutProblem),
    /// No enabled client of the org has this number or alias.
    ClientUnavailable,
    /// The client is locked.
    ClientLocked,
    /// The subject is no member of the org, or a disabled one: one answer for both, so that nobody can probe for members.
    MemberUnavailable,
    /// The subject whose tokens a caller may revoke is no member of the org.
    MemberUnknown,
    /// The path exists, but not with this method.
    MethodNotAllowed {
        /// The methods that exist, as the `Allow` header has them.
        allow: String,
    },
    /// The path doesn't exist.
    NoSuchPath,
    /// The org, member or client named in the path doesn't exist.
    NotFound(&'static str),
    /// The token's subject can't act in the org that it asked for: unknown org or no membership, one answer for both.
    OrgUnavailable,
    /// Asks for more than the presented token holds. Names the member of the request.
    OutsideAuthority {
        /// `scopes`, `roles`, `hosts` …
        field: &'static str,
    },
    /// The request was to happen only if something is as the caller has seen it, and it isn't: RFC 9110 section 13.
    PreconditionFailed {
        /// The header with the condition: `If-Match`, `If-None-Match`.
        header: &'static str,
    },
    /// The refresh token is unknown, expired, revoked or used up: one answer for all.
    RefreshRejected,
    /// A member of the request names a resource that the org doesn't have.
    ResourceUnknown {
        /// Path of the member: `may_exchange_to[0].resource`.
        field: Cow<'static, str>,
    },
    /// A scope is asked for that an API key can't have.
    ScopeNotForKeys {
        /// Path of the member: `scopes[1]`.
        field: String,
    },
    /// A scope is asked for that the owner of an API key doesn't hold, or that the caller can't hand out.
    ScopeOutOfReach {
        /// Path of the member: `scopes[1]`.
        field: String,
    },
    /// A required scope isn't held by the subject.
    ScopeNotHeld(Scope),
    /// What was sent isn't signed by anyone from whom it would be taken.
    SignatureInvalid,
    /// The ticket is unknown, used or expired: one answer for all.
    TicketRejected,
    /// Somebody has tried too often in a stretch of time.
    TooManyAttempts {
        /// When the next attempt may succeed.
        retry_after: Seconds,
    },
    /// The token that is asked about has been revoked.
    TokenGone,
    /// The signed token would be too large to be presented in a header.
    TokenTooLarge {
        /// The largest size that is allowed, in bytes.
        limit: usize,
    },
    /// The token in the request can't be used.
    TokenRejected(TokenProblem),
    /// Another token has the value that was chosen for one.
    ValueTaken {
        /// The member of the request: `accessToken`.
        field: &'static str,
    },
    /// The body is compressed or encoded in another way: RFC 9110 section 8.4.
    UnsupportedContentEncoding,
    /// The body isn't of the media type that the endpoint takes.
    UnsupportedMediaType,
    /// The body isn't of the media type of the patches that the endpoint takes: RFC 5789 section 2.2.
    UnsupportedPatchType {
        /// The media type that it takes.
        takes: &'static str,
    },
}

impl Refusal {
    /// Refuses a lifetime that is longer than the org allows, and names the longest.
    pub fn too_long(max: Seconds) -> Self {
        Self::Lifetime(format!("must not last longer than {} seconds (the org's max_token_duration)", max.0).into())
    }

    /// Why an OAuth client is denied what it asks for. `None`: that isn't what is refused.
    pub const fn denial(&self) -> Option<Denial> {
        if let Self::Denied(denial) = self { Some(*denial) } else { None }
    }

    /// Makes a [`Refusal::Invalid`] of a field and the rule that it breaks.
    pub fn invalid(field: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { field: field.into(), rule: rule.into() }
    }
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenProblem {
    /// The token's `exp` has passed.
    Expired,
    /// Not a token of this service, tampered with, unknown, or of a subject that can't act any more.
    Invalid,
    /// `nbf` is still to come.
    NotYetValid,
    /// Revoked, by itself or with its session, family, member or org.
    Revoked,
}
