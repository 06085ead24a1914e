//! Authorization of requests to other APIs, which a gateway asks for before it passes them on.

use crate::auth::bearer::authenticate;
use crate::domain::{Caller, Error, Lacking, Refusal, TokenProblem};
use crate::platform::capabilities::Authorizer;
use crate::store::RecordKeys;

/// What a gateway is told to do with a request whose token is alive.
#[derive(Debug)]
pub enum Verdict {
    /// The request may pass.
    Allowed(Box<Caller>),
    /// The request is refused: the token or its subject lacks a scope that is required.
    InsufficientScope(Box<Caller>),
}

/// Authorizes the bearer of a token. One for another audience is as good as none (RFC 9068 section 4).
///
/// # Errors
/// [`Refusal::CredentialsMissing`] if there is no token. [`Refusal::CredentialsRejected`] if the token isn't alive, or is for
/// another audience.
pub async fn authorize(ports: &Authorizer, token: Option<&str>) -> Result<Verdict, Error> {
    let token = token.ok_or(Refusal::CredentialsMissing)?;
    let (caller, _) = authenticate(&ports.reader, token, RecordKeys::default()).await?;
    match ports.requirements.check(&caller) {
        Ok(()) => Ok(Verdict::Allowed(Box::new(caller))),
        Err(Lacking::Scope) => Ok(Verdict::InsufficientScope(Box::new(caller))),
        Err(Lacking::Audience) => Err(Refusal::CredentialsRejected(TokenProblem::Invalid).into()),
    }
}
