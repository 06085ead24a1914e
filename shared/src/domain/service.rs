//! Who acts on an org's tokens and clients as a whole.

use std::sync::Arc;

use super::{Caller, ClientId, Invalid, Org, OrgId, RevokingParty, Subject, TokenId};

/// Leave to act on the tokens and clients of an org: only [`crate::auth::service`] makes one, of credentials that were verified.
///
/// It is what Authlete calls the service.
#[derive(Clone, Debug)]
pub struct Service {
    org: Arc<Org>,
    by: Option<(OrgId, Subject, TokenId)>,
}

impl Service {
    /// Call it only where the credentials have just been verified, with the org of that same read.
    pub(crate) fn authenticated(org: Arc<Org>, by: Option<&Caller>) -> Self {
        Self { org, by: by.map(|caller| (caller.org().clone(), caller.subject().clone(), caller.token().id)) }
    }

    /// The org, whose clients come straight to our own endpoints: we are its authorization server.
    pub(crate) fn of_own_clients(org: Arc<Org>) -> Self {
        Self { org, by: None }
    }

    /// Returns the org that the service stands for.
    pub fn org(&self) -> &Org {
        &self.org
    }

    /// Returns the org that the service acts for, for whoever outlives the service.
    pub(crate) fn into_org(self) -> Arc<Org> {
        self.org
    }

    /// Returns the id of that org, Authlete's `serviceId`.
    pub fn id(&self) -> &OrgId {
        &self.org.id
    }

    /// The member that acts. `None`: the org itself, by its API secret.
    pub fn by(&self) -> Option<&Subject> {
        self.by.as_ref().map(|(_, subject, _)| subject)
    }

    /// The token by which that member acts.
    pub fn token(&self) -> Option<TokenId> {
        self.by.as_ref().map(|(_, _, token)| *token)
    }

    /// Returns the service as the one who revokes a token.
    pub fn as_revoking_party(&self) -> RevokingParty {
        let (org, subject, token) = match &self.by {
            Some((org, subject, token)) => (org, Some(subject.clone()), Some(*token)),
            None => (&self.org.id, None, None),
        };
        RevokingParty { org: org.clone(), subject, client: None, token }
    }
}

/// How a client is named: by its number or by its alias, which is never all digits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClientRef {
    /// By the client's number.
    Id(ClientId),
    /// By the client's alias.
    Alias(String),
}

impl std::str::FromStr for ClientRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be a client's number or alias");
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            let id = text.parse().map_err(|_| RULE).and_then(ClientId::from_number)?;
            // One spelling only: no leading zeros.
            return if id.to_string() == text { Ok(Self::Id(id)) } else { Err(RULE) };
        }
        if super::Client::is_alias(text) { Ok(Self::Alias(text.to_owned())) } else { Err(RULE) }
    }
}
