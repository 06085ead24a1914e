//! Errors before a call was understood, in the Authlete dialect. What was understood
//! is answered with 200, whatever came of it.

use http::StatusCode;

use crate::api::authlete::result::{ApiCall, ApiResult};
use crate::api::http::{Reply, Route};
use crate::domain::Refusal;
use crate::encoding::json;

pub(in crate::api) fn refusal(route: &Route, refusal: &Refusal) -> Reply {
    reply(status(refusal), &ApiResult::before(ApiCall::at(route.path), refusal))
}

pub(in crate::api) fn fault(route: &Route, status: StatusCode, message: &str) -> Reply {
    reply(status, &ApiResult::failed(ApiCall::at(route.path), message))
}

fn reply(status: StatusCode, result: &ApiResult) -> Reply {
    Reply::json(status, json::write(result).unwrap_or_default())
}

const fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Conflict(_)
        | Refusal::Denied(_)
        | Refusal::Invalid { .. }
        | Refusal::Lifetime(_)
        | Refusal::MemberUnavailable
        | Refusal::RefreshRejected
        | Refusal::ScopeNotHeld(_)
        | Refusal::TicketRejected
        | Refusal::TokenGone
        | Refusal::TokenRejected(_)
        | Refusal::TokenTooLarge { .. }
        | Refusal::ValueTaken { .. } => StatusCode::BAD_REQUEST,
        Refusal::CredentialsMissing | Refusal::CredentialsRejected(_) => StatusCode::UNAUTHORIZED,
        Refusal::AccessDenied { .. } | Refusal::ClientLocked | Refusal::OrgUnavailable | Refusal::OutsideAuthority { .. } => {
            StatusCode::FORBIDDEN
        }
        Refusal::ClientUnavailable | Refusal::NoSuchPath | Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        Refusal::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    }
}
