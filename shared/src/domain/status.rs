//! Whether a token is alive: one function, used by every endpoint.

use super::{
    Ancestor, Client, Family, Issuance, Member, NotBefore, NotBeforeKey, NotBeforeScope, NotBefores, Org, Session, Subject,
    Timestamp, TokenRecord,
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
    /// Whether all the tokens that it was made from are alive.
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

impl StatusInputs<'_> {
    /// How `token` stands at this moment. Whatever is absent counts against it.
    pub fn status(&self, token: &TokenRecord, now: Timestamp) -> TokenStatus {
        if self.is_revoked(token) || (has_ancestors(token) && !self.ancestors_live) {
            TokenStatus::Revoked
        } else if token.is_expired(now) {
            TokenStatus::Expired
        } else if !self.has_holder(token.issuance.as_deref()) {
            TokenStatus::Orphaned
        } else if now < token.not_before {
            TokenStatus::NotYetValid
        } else {
            TokenStatus::Live
        }
    }

    /// How a refresh family stands at this moment.
    pub fn family_status(&self, family: &Family, now: Timestamp) -> TokenStatus {
        if family.revoked_at.is_some() || self.is_marked(&Set::of_family(family)) {
            TokenStatus::Revoked
        } else if family.expires_at <= now {
            TokenStatus::Expired
        } else if !self.has_holder(family.issuance.as_deref()) {
            TokenStatus::Orphaned
        } else {
            TokenStatus::Live
        }
    }

    /// Whether `token` has been revoked: by itself, with its family, or by a mark.
    pub fn is_revoked(&self, token: &TokenRecord) -> bool {
        token.revoked_at.is_some() || self.family_is_over(token) || self.is_marked(&Set::of_token(token))
    }

    fn family_is_over(&self, token: &TokenRecord) -> bool {
        let is_over = |family: &Family| family.revoked_at.is_some() || family.exclusive && family.token != token.id;
        token.family.is_some() && self.family.is_none_or(is_over)
    }

    fn has_holder(&self, issuance: Option<&Issuance>) -> bool {
        let is_member = || self.member.is_some_and(|member| member.enabled);
        let holder = match issuance {
            Some(issuance) => self.client.is_some_and(|client| client.enabled) && (!issuance.of_member || is_member()),
            None => is_member(),
        };
        self.org.is_some_and(|org| org.enabled) && holder
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
        let subject = owner(&family.subject, family.issuance.as_deref());
        Self { org: &family.org, subject, client: family.client, session: family.session.as_ref(), issued_at: family.issued_at }
    }

    fn marks(&self) -> impl Iterator<Item = NotBeforeKey> {
        NotBefore::keys_of(self.org, self.subject, self.client, self.session)
    }
}

fn has_ancestors(token: &TokenRecord) -> bool {
    token.issuance.as_ref().is_some_and(|issuance| !issuance.ancestors.is_empty())
}

/// The resource owner. `None`: there is none, and the subject is the client, whose id may be spelled as somebody's name.
fn owner<'a>(subject: &'a Subject, issuance: Option<&Issuance>) -> Option<&'a Subject> {
    Some(subject).filter(|_| !issuance.is_some_and(|issuance| issuance.for_client))
}

impl TokenRecord {
    /// The resource owner, if there is one: what a client has for itself is nobody's.
    pub fn owner(&self) -> Option<&Subject> {
        owner(&self.subject, self.issuance.as_deref())
    }

    /// The marks that could concern it, or a token that it was made from.
    pub fn marks(&self) -> Vec<NotBeforeKey> {
        let of_ancestor = |ancestor: &Ancestor| {
            let Ancestor { subject, client, session, .. } = ancestor;
            NotBefore::keys_of(&self.org, Some(subject), *client, session.as_ref()).collect::<Vec<_>>()
        };
        let ancestors = self.issuance.iter().flat_map(|issuance| &issuance.ancestors);
        let mut marks: Vec<_> = Set::of_token(self).marks().chain(ancestors.flat_map(of_ancestor)).collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    }
}

impl Family {
    /// The marks that could concern it.
    pub fn marks(&self) -> Vec<NotBeforeKey> {
        Set::of_family(self).marks().collect()
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
            session.map(|session| NotBeforeKey { org: session.org.clone(), kind: NotBeforeScope::Session(session.id.clone()) }),
        ]
        .into_iter()
        .flatten()
    }
}
