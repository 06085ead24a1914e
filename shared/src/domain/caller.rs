//! Who is calling.

use super::{Authority, Member, Org, OrgId, Scope, Subject, TokenRecord};

/// The bearer of a token that was verified and found alive: only authentication makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    token: TokenRecord,
    member: Member,
    is_by_api_key: bool,
}

impl Caller {
    /// Call it only where the token has just been found [live](super::TokenStatus::Live), with the member of that same read.
    pub(crate) fn authenticated(mut token: TokenRecord, member: Member) -> Self {
        token.drop_lost_roles(&member);
        Self { token, member, is_by_api_key: false }
    }

    /// Call it only where the key has just been found live, with its owner of that same read. `token` is what the key is as one.
    pub(crate) fn by_api_key(token: TokenRecord, member: Member) -> Self {
        Self { token, member, is_by_api_key: true }
    }

    /// Whether its credential is an API key, or came of one.
    pub fn came_of_api_key(&self) -> bool {
        self.is_by_api_key || self.token.came_of_api_key()
    }

    /// Returns the record of the presented token, without the roles that the member has lost.
    pub fn token(&self) -> &TokenRecord {
        &self.token
    }

    /// Returns the token's subject as a member of its org.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// The org that it acts in.
    pub fn org(&self) -> &OrgId {
        &self.token.org
    }

    /// Returns whom the token stands for.
    pub fn subject(&self) -> &Subject {
        &self.token.subject
    }

    /// Scopes on the token ∩ scopes held by the member now.
    pub fn authority(&self) -> Authority<'_> {
        Authority { token: &self.token.scopes, held: &self.member.scopes }
    }

    /// The scopes on the token that the member holds now.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.token.scopes.iter().filter(|scope| self.member.holds(scope.name()))
    }

    /// Whether it may do what an API scope stands for in `org`: its own or a descendant of it.
    pub fn may(&self, api_scope: &str, org: &Org) -> bool {
        org.is_within(self.org()) && self.authority().permits_api(api_scope)
    }
}
