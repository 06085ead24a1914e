//! What an authorization server decides about a request whose client polls, and what the client is told of it.

use super::authorization::{ServerApproval, approval, ensure_demands_are_met};
use crate::auth::secret;
use crate::domain::{Authorization, AuthorizationError, AuthorizationState, Client, Error, Service, TokenId};
use crate::platform::capabilities::AuthorizationKeeper;

/// What an authorization server decides about what a client asks for that polls.
#[derive(Debug)]
pub enum ServerDecision {
    /// The person has agreed.
    Accepted(Box<ServerApproval>),
    /// The person has said no.
    Denied(PollError),
    /// It came to no decision, and the client is told that it took too long.
    Failed(PollError),
}

/// What a client that polls is told at the token endpoint, beside the error.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PollError {
    /// The `error_description` of the answer.
    pub description: Option<String>,
    /// The `error_uri` of the answer.
    pub uri: Option<String>,
}

impl PollError {
    /// Returns what the client of an authorization is told that was denied or failed.
    pub(super) fn of_authorization(authorization: &Authorization) -> Self {
        match &authorization.state {
            AuthorizationState::Denied { description, error_uri, .. }
            | AuthorizationState::Failed { description, error_uri, .. } => {
                Self { description: description.clone(), uri: error_uri.clone() }
            }
            AuthorizationState::Pushed
            | AuthorizationState::Pending
            | AuthorizationState::Accepted { .. }
            | AuthorizationState::Issued { .. }
            | AuthorizationState::Redeemed { .. } => Self::default(),
        }
    }
}

/// Makes the state in which a decision leaves an authorization: no two decisions make the same.
///
/// # Errors
/// [`Refusal::Invalid`](crate::domain::Refusal::Invalid) or
/// [`Refusal::AuthorizationRejected`](crate::domain::Refusal::AuthorizationRejected) if what is said of the person can't be or isn't what
/// the client demands.
pub(super) fn decided_state(
    ports: &AuthorizationKeeper,
    service: &Service,
    (client, authorization): (&Client, &Authorization),
    decision: ServerDecision,
) -> Result<AuthorizationState, Error> {
    let now = ports.reader.now();
    let verifier = secret::hash(&secret::draw::<32>(&*ports.entropy)?);
    Ok(match decision {
        ServerDecision::Accepted(said) => {
            let approval = approval(service, client, authorization, *said, now)?;
            ensure_demands_are_met(authorization, &approval)?;
            AuthorizationState::Accepted { approval: Box::new(approval), verifier }
        }
        ServerDecision::Denied(PollError { description, uri: error_uri }) => {
            AuthorizationState::Denied { error: AuthorizationError::AccessDenied, description, error_uri, verifier }
        }
        ServerDecision::Failed(PollError { description, uri: error_uri }) => {
            let decision = TokenId::generate(now, None, &*ports.entropy)?;
            AuthorizationState::Failed { decision, description, error_uri }
        }
    })
}
