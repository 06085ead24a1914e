//! Errors before a call was understood, in the Authlete dialect. What was understood
//! is answered with 200, whatever came of it.

use http::StatusCode;

use crate::api::authlete::result::{ApiCall, ApiResult};
use crate::api::http::dialect::{DialectRules, Fallback};
use crate::api::http::{Dialect, Reply, Route, challenge};
use crate::domain::Refusal;
use crate::encoding::json;

/// How this dialect spells errors.
pub(in crate::api) static RULES: DialectRules = DialectRules {
    refusal: |route, explained| reply(status(explained.refusal), &ApiResult::before(ApiCall::at(route.path), explained.refusal)),
    fault: |route, status, _, message| reply(status, &ApiResult::failed(ApiCall::at(route.path), message)),
    // Services may also authenticate by their id and API secret: RFC 7617 section 2.
    challenge: |_, refusal| challenge::bearer(refusal, ", Basic realm=\"jeton\""),
    fallback: Some(&Fallback { prefixes: &["/api/"], route: Route::get("", "/api", Dialect::Authlete) }),
    // Authlete's servers do, and its SDKs send it.
    is_strict: false,
    ignores_trailing_slash: true,
    sends_pragma: false,
    #[cfg(feature = "openapi")]
    description: crate::api::openapi::DialectDescription {
        about: "Authlete's token API, versions 3 and 2. What has been understood is answered with 200, whatever came of it: `action` says what. \
             Fields with null, 0, false or \"\" are treated as absent. Bodies may be JSON or form-encoded.",
        error_media_type: Reply::JSON,
        error_schema: |schemas| schemas.of_answer::<ApiResult>(),
        body_refusals: &[400, 413, 415],
        forbidden_challenge: None,
        second_path_suffix: "v2",
        names_operations_fully: true,
    },
};

fn reply(status: StatusCode, result: &ApiResult) -> Reply {
    Reply::json(status, json::write(result).unwrap_or_default())
}

const fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::ApiKeyRejected(_)
        | Refusal::AuthorizationRejected(_)
        | Refusal::Conflict(_)
        | Refusal::Denied(_)
        | Refusal::Invalid { .. }
        | Refusal::Lifetime(_)
        | Refusal::FederationRejected(_)
        | Refusal::LimitReached(_)
        | Refusal::LogoutRejected(_)
        | Refusal::MemberUnavailable
        | Refusal::MemberUnknown
        | Refusal::RefreshRejected
        | Refusal::ResourceUnknown { .. }
        | Refusal::ScopeNotForKeys { .. }
        | Refusal::ScopeNotHeld(_)
        | Refusal::ScopeOutOfReach { .. }
        | Refusal::TicketRejected
        | Refusal::TooManyAttempts { .. }
        | Refusal::TokenGone
        | Refusal::TokenRejected(_)
        | Refusal::TokenTooLarge { .. }
        | Refusal::ValueTaken { .. } => StatusCode::BAD_REQUEST,
        Refusal::CredentialsMissing | Refusal::CredentialsRejected(_) | Refusal::SignatureInvalid => StatusCode::UNAUTHORIZED,
        Refusal::AccessDenied { .. } | Refusal::ClientLocked | Refusal::OrgUnavailable | Refusal::OutsideAuthority { .. } => {
            StatusCode::FORBIDDEN
        }
        Refusal::ClientUnavailable | Refusal::NoSuchPath | Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        Refusal::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::PreconditionFailed { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::UnsupportedContentEncoding | Refusal::UnsupportedMediaType | Refusal::UnsupportedPatchType { .. } => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
    }
}
