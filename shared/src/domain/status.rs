//! Whether a token is alive: one function, used by every endpoint.

use super::{
    Ancestor, Client, Family, FamilyKey, Issuance, Member, NotBefore, NotBeforeKey, NotBeforeScope, NotBefores, Org,
    RevokingParty, Session, Subject, Timestamp, TokenContents, TokenKey, TokenRecord,
};

/// What one consistent read found about a token.
#[derive(Clone, Copy, Debug)]
pub struct StatusInputs<'a> {
    /// The org in which it acts.
    pub org: Option<&'a Org>,
    /// Its subject as a member there.
    pub member: Option<&'a Member>,
    /// The client that it was issued to.
    pub client: Option<&'a Client>,
    /// Its refresh family, if it has one and that was found.
    pub family: Option<&'a Family>,
    /// All marks that could concern it.
    pub marks: &'a NotBefores,
    /// Whether all the tokens are alive that it was made from.
    pub ancestors_live: bool,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenStatus {
    /// The token is valid for all that it says.
    Live,
    /// Its time is still to come.
    NotYetValid,
    /// Its time is over.
    Expired,
    /// Revoked, by itself or with a set.
    Revoked,
    /// Its org or holder is gone or disabled: the client that it was issued to, or else its subject.
    Orphaned,
}

/// What has revoked a token, and when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenRevocation {
    /// When. `None`: that isn't recorded.
    pub at: Option<Timestamp>,
    /// What was revoked with it.
    pub by: RevokedBy,
    /// Who had it revoked. `None`: that isn't noted, as of all sets.
    pub party: Option<RevokingParty>,
}

/// What was revoked when a token was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RevokedBy {
    /// The token by itself.
    Token,
    /// Its refresh family, with all of its tokens.
    Family,
    /// A token that it was made from.
    Ancestor,
    /// Nothing but this one: the next token of its family has replaced it.
    Successor,
    /// All tokens of a set.
    NotBefore(NotBeforeScope),
}

impl RevokedBy {
    /// Names it in one word: `token`, `refresh_token`, `ancestor`, `successor`, `org`, `member`, `client`, `client_and_member`, `clients_of_member` or `session`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Family => "refresh_token",
            Self::Ancestor => "ancestor",
            Self::Successor => "successor",
            Self::NotBefore(NotBeforeScope::Org) => "org",
            Self::NotBefore(NotBeforeScope::Member(_)) => "member",
            Self::NotBefore(NotBeforeScope::Client(_)) => "client",
            Self::NotBefore(NotBeforeScope::ClientOf(..)) => "client_and_member",
            Self::NotBefore(NotBeforeScope::ClientsOf(_)) => "clients_of_member",
            Self::NotBefore(NotBeforeScope::Session(_)) => "session",
        }
    }
}

impl StatusInputs<'_> {
    /// How `token` stands at this moment. Whatever is absent counts against it.
    pub fn status(&self, token: &TokenRecord, now: Timestamp) -> TokenStatus {
        if self.is_revoked(token) || !self.ancestors_live {
            TokenStatus::Revoked
        } else if token.is_expired(now) {
            TokenStatus::Expired
        } else if !self.has_holder(token.issuance.as_deref(), now) {
            TokenStatus::Orphaned
        } else if now < token.not_before {
            TokenStatus::NotYetValid
        } else {
            TokenStatus::Live
        }
    }

    /// How a refresh family stands at this moment.
    pub fn family_status(&self, family: &Family, now: Timestamp) -> TokenStatus {
        if family.revoked_at.is_some() || self.is_marked(&Set::of_family(family)) || !self.ancestors_live {
            TokenStatus::Revoked
        } else if family.expires_at <= now {
            TokenStatus::Expired
        } else if !self.has_holder(family.issuance.as_deref(), now) {
            TokenStatus::Orphaned
        } else {
            TokenStatus::Live
        }
    }

    /// Whether `token` has been revoked: by itself, with its family, or by a mark.
    pub fn is_revoked(&self, token: &TokenRecord) -> bool {
        self.revocation(token).is_some()
    }

    /// What has revoked `token`, if anything has: itself, its family, or a mark.
    pub fn revocation(&self, token: &TokenRecord) -> Option<TokenRevocation> {
        let by_token = || {
            token.revoked_at.map(|at| TokenRevocation {
                at: Some(at),
                by: RevokedBy::Token,
                party: token.revoked_by.as_deref().cloned(),
            })
        };
        let by_mark = || {
            let set = Set::of_token(token);
            let key = set.marks().find(|key| self.marks.kills(key, set.issued_at))?;
            Some(TokenRevocation { at: self.marks.find(&key), by: RevokedBy::NotBefore(key.kind), party: None })
        };
        by_token().or_else(|| self.family_revocation(token)).or_else(by_mark)
    }

    fn family_revocation(&self, token: &TokenRecord) -> Option<TokenRevocation> {
        token.family?;
        match self.family {
            // It is kept as long as it decides: one that isn't there decides against its tokens.
            None => Some(TokenRevocation { at: None, by: RevokedBy::Family, party: None }),
            Some(Family { revoked_at: Some(at), revoked_by, .. }) => {
                Some(TokenRevocation { at: Some(*at), by: RevokedBy::Family, party: revoked_by.as_deref().cloned() })
            }
            Some(family) if family.exclusive && family.token != token.id => {
                Some(TokenRevocation { at: family.refreshed_at, by: RevokedBy::Successor, party: None })
            }
            Some(_) => None,
        }
    }

    fn has_holder(&self, issuance: Option<&Issuance>, now: Timestamp) -> bool {
        let Some(org) = self.org.filter(|org| org.enabled) else { return false };
        let is_member = || self.member.is_some_and(|member| member.enabled);
        let is_client = || self.client.is_some_and(|client| client.enabled && org.still_has(client, now));
        match issuance {
            Some(issuance) if issuance.api_key.is_some() => is_member(),
            Some(issuance) => is_client() && (!issuance.of_member || is_member()),
            None => is_member(),
        }
    }

    fn is_marked(&self, set: &Set<'_>) -> bool {
        set.marks().any(|key| self.marks.kills(&key, set.issued_at))
    }
}

/// The sets that a token or family belongs to.
struct Set<'a> {
    org: &'a super::OrgId,
    subject: Option<&'a Subject>,
    client: Option<super::ClientId>,
    session: Option<&'a Session>,
    issued_at: Timestamp,
}

impl<'a> Set<'a> {
    fn of_token(token: &'a TokenRecord) -> Self {
        Self {
            org: &token.org,
            subject: token.owner(),
            client: token.client,
            session: token.session.as_ref(),
            issued_at: token.issued_at,
        }
    }

    fn of_family(family: &'a Family) -> Self {
        let subject = family.owner();
        Self { org: &family.org, subject, client: family.client, session: family.session.as_ref(), issued_at: family.issued_at }
    }

    fn marks(&self) -> impl Iterator<Item = NotBeforeKey> {
        NotBefore::keys_of(self.org, self.subject, self.client, self.session)
    }

    fn marks_with(&self, ancestors: &[Ancestor]) -> Vec<NotBeforeKey> {
        let mut marks: Vec<_> = self.marks().chain(ancestors.iter().flat_map(Ancestor::marks)).collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    }
}

impl TokenContents {
    /// The resource owner. `None`: there is none, and the subject is the client, whose id may be spelled as somebody's name.
    pub fn owner(&self) -> Option<&Subject> {
        Some(&self.subject).filter(|_| !self.issuance.as_ref().is_some_and(|issuance| issuance.for_client))
    }

    /// The marks that could concern what says this in `org`, but for what it was made from.
    pub fn marks_in(&self, org: &super::OrgId) -> impl Iterator<Item = NotBeforeKey> {
        NotBefore::keys_of(org, self.owner(), self.client, self.session.as_ref())
    }
}

impl Ancestor {
    /// Returns the key under which the ancestor is stored.
    pub fn key(&self) -> TokenKey {
        TokenKey { org: self.org.clone(), id: self.id }
    }

    /// Returns the key of the ancestor's refresh family, if it has one.
    pub fn family_key(&self) -> Option<FamilyKey> {
        self.family.map(|id| FamilyKey { org: self.org.clone(), id })
    }

    /// Returns the marks that could concern the ancestor.
    pub fn marks(&self) -> impl Iterator<Item = NotBeforeKey> {
        NotBefore::keys_of(&self.org, Some(&self.subject), self.client, self.session.as_ref())
    }
}

impl RevokingParty {
    /// Returns the bearer of a token.
    pub fn bearer_of(token: &TokenRecord) -> Self {
        let (subject, client) = (Some(token.subject.clone()), token.client);
        Self { org: token.org.clone(), subject, client, token: Some(token.id) }
    }

    /// Returns whoever presented the refresh token of a family.
    pub fn holder_of(family: &Family) -> Self {
        let (subject, client) = (Some(family.subject.clone()), family.client);
        Self { org: family.org.clone(), subject, client, token: Some(family.id) }
    }

    /// Returns a client that has authenticated.
    pub fn client(client: &Client) -> Self {
        Self { org: client.org.clone(), subject: None, client: Some(client.id), token: None }
    }
}

impl TokenRecord {
    /// Returns the ancestors of what is made from this token: itself, and before it all of its own.
    pub fn lineage(&self) -> Vec<Ancestor> {
        let own = Ancestor {
            org: self.org.clone(),
            id: self.id,
            subject: self.subject.clone(),
            client: self.client,
            family: self.family,
            session: self.session.clone(),
            is_api_key: false,
        };
        std::iter::once(own).chain(self.ancestors.iter().cloned()).collect()
    }

    /// The marks that could concern it, or a token that it was made from.
    pub fn marks(&self) -> Vec<NotBeforeKey> {
        Set::of_token(self).marks_with(&self.ancestors)
    }
}

impl Family {
    /// The marks that could concern it, or a token that it was made from.
    pub fn marks(&self) -> Vec<NotBeforeKey> {
        Set::of_family(self).marks_with(&self.ancestors)
    }
}

impl NotBefore {
    /// The marks that could concern a token or family of this org, subject, client and session.
    pub fn keys_of(
        org: &super::OrgId,
        subject: Option<&Subject>,
        client: Option<super::ClientId>,
        session: Option<&Session>,
    ) -> impl Iterator<Item = NotBeforeKey> {
        let here = |kind| NotBeforeKey { org: org.clone(), kind };
        [
            Some(here(NotBeforeScope::Org)),
            subject.map(|subject| here(NotBeforeScope::Member(subject.clone()))),
            client.map(|client| here(NotBeforeScope::Client(client))),
            client.zip(subject).map(|(client, subject)| here(NotBeforeScope::ClientOf(client, subject.clone()))),
            client.and(subject).map(|subject| here(NotBeforeScope::ClientsOf(subject.clone()))),
            session.map(|session| NotBeforeKey { org: session.org.clone(), kind: NotBeforeScope::Session(session.id.clone()) }),
        ]
        .into_iter()
        .flatten()
    }
}
