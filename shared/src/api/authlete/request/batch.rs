//! `TokenCreateRequest`s, many at once: `/auth/token/create/batch` of Authlete's API.

use super::CreateToken;
use crate::domain::Refusal;
use crate::encoding::Object;
use crate::encoding::form::Parameters;
use crate::tokens::batch::BatchRequest;

/// Converts the requests into words of the domain. A refusal names the place of the request in the list.
///
/// # Errors
/// [`Refusal::Invalid`] if the list is empty, or for the first token that is malformed.
pub fn batch(requests: Vec<Object<CreateToken>>) -> Result<Vec<BatchRequest>, Refusal> {
    if requests.is_empty() {
        return Err(Refusal::invalid("", "the body must be a list of at least one token"));
    }
    let ask = |(index, Object(request)): (usize, Object<CreateToken>)| {
        let taken = request.try_into_request().map_err(|refusal| at(index, refusal))?;
        Ok(BatchRequest { client: taken.client, ask: taken.ask })
    };
    requests.into_iter().enumerate().map(ask).collect()
}

/// Makes a refusal one of the request at this place in the list.
pub fn at(index: usize, refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid { field, rule } => Refusal::invalid(format!("[{index}].{field}"), rule),
        Refusal::ClientUnavailable => Refusal::invalid(format!("[{index}].clientId"), "must be a client of the service"),
        Refusal::ClientLocked => Refusal::invalid(format!("[{index}].clientId"), "must be a client that is not locked"),
        Refusal::Lifetime(rule) => Refusal::invalid(format!("[{index}]"), format!("{rule}, in its lifetime")),
        Refusal::ValueTaken { field } => Refusal::invalid(format!("[{index}].{field}"), "is the value of another token"),
        Refusal::AccessDenied { .. }
        | Refusal::ApiKeyRejected(_)
        | Refusal::AuthorizationRejected(_)
        | Refusal::BodyTooLarge { .. }
        | Refusal::Conflict(_)
        | Refusal::CredentialsMissing
        | Refusal::CredentialsRejected(_)
        | Refusal::Denied(_)
        | Refusal::MemberUnavailable
        | Refusal::MemberUnknown
        | Refusal::FederationRejected(_)
        | Refusal::LimitReached(_)
        | Refusal::LogoutRejected(_)
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
        | Refusal::TokenTooLarge { .. }
        | Refusal::TokenRejected(_)
        | Refusal::UnsupportedContentEncoding
        | Refusal::UnsupportedMediaType
        | Refusal::UnsupportedPatchType { .. } => refusal,
    }
}

/// The query of a batch.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename_all = "camelCase"))]
pub struct BatchQuery {
    /// Whether it is only checked.
    pub dry_run: bool,
}

impl TryFrom<Parameters> for BatchQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        Ok(Self { dry_run: query.flag("dryRun")?.unwrap_or(false) })
    }
}
