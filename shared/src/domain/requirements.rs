//! What an API asks of the tokens that it lets in.

use super::{Audience, Caller, OrgId, Scope};

/// What a token must have besides being alive. Nothing, unless something is set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Requirements {
    /// It must be meant for this audience.
    pub audience: Option<Audience>,
    /// It must carry all of these, and its subject must hold them.
    pub scopes: Vec<Scope>,
    /// The org whose opaque tokens are taken: they don't say whose they are. `None`: only JWTs are.
    pub org: Option<OrgId>,
}

/// What a caller lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lacking {
    /// The token is for others.
    Audience,
    /// The token lacks a scope that the route needs.
    Scope,
}

impl Requirements {
    /// Checks that a caller meets the requirements.
    ///
    /// # Errors
    /// What the caller lacks first: [`Lacking::Audience`], then [`Lacking::Scope`].
    pub fn check(&self, caller: &Caller) -> Result<(), Lacking> {
        if self.audience.as_ref().is_some_and(|audience| !caller.token().audiences.contains(audience)) {
            return Err(Lacking::Audience);
        }
        let authority = caller.authority();
        if self.scopes.iter().all(|scope| authority.permits(scope.name())) { Ok(()) } else { Err(Lacking::Scope) }
    }
}
