//! What a signed token says.

use super::{
    Ancestor, App, Audience, ClientId, FamilyKey, Issuer, MayAct, OrgId, Role, Scope, SessionId, StatusIndex, Subject, Timestamp,
    TokenId, TokenRecord,
};
use std::collections::BTreeMap;

/// The claims of a JWT access token: RFC 7519 section 4.1 and the members of the Agilicus contract, section 4.
///
/// They identify the record, which is the authority: a claim that differs from the record makes the token invalid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claims {
    /// The claim `iss`: the service that issued the token.
    pub issuer: Issuer,
    /// The claim `sub`: whom the token speaks for.
    pub subject: Subject,
    /// The claim `org`: the org in which the token acts.
    pub org: OrgId,
    /// `aud`, always a list
    pub audiences: Vec<Audience>,
    /// The claim `iat`: when the token was issued, in whole seconds.
    pub issued_at: Timestamp,
    /// `nbf`, whole seconds; absent where it is `iat`
    pub not_before: Option<Timestamp>,
    /// `exp`, whole seconds; of a token that doesn't expire the end of the year 9999, because clients take a token without `exp`
    /// for expired
    pub expires_at: Timestamp,
    /// The claim `jti`: the id of the token's record.
    pub id: TokenId,
    /// The claim `client_id`: the client that the token was issued to.
    pub client: Option<ClientId>,
    /// The claim `session`: what chains the tokens of one sign-in.
    pub session: Option<SessionId>,
    /// `session_org`: where the session lives, if not in `org`
    pub session_org: Option<OrgId>,
    /// `fam`: the refresh family, whose end is the token's end
    pub family: Option<TokenId>,
    /// `anc`: the tokens that it was made from, whose end is the token's end, too. All of them are of its own subject.
    pub ancestors: Vec<Ancestor>,
    /// The claim `scopes`, as they were asked for, marks included.
    pub scopes: Vec<Scope>,
    /// `roles`: application to role
    pub roles: BTreeMap<App, Role>,
    /// `may_act`: who may act for its subject.
    pub may_act: Option<Box<MayAct>>,
    /// `status`: where its status is, at the issuer (draft-ietf-oauth-status-list section 6).
    pub status: Option<StatusIndex>,
}

impl Claims {
    /// What the token of `record` says. Hosts stay in the record: they would burst the token.
    pub fn from_record(record: &TokenRecord, issuer: &Issuer) -> Self {
        let issued_at = record.issued_at.whole_second();
        Self {
            issuer: issuer.clone(),
            subject: record.subject.clone(),
            org: record.org.clone(),
            audiences: record.audiences.clone(),
            issued_at,
            not_before: Some(record.not_before).filter(|start| *start > record.issued_at),
            expires_at: record.expires_at.unwrap_or(Timestamp::END_OF_TIME),
            id: record.id,
            client: record.client,
            session: record.session.as_ref().map(|session| session.id.clone()),
            session_org: record.session.as_ref().map(|session| &session.org).filter(|org| **org != record.org).cloned(),
            family: record.family,
            ancestors: record.ancestors.clone(),
            scopes: record.scopes.clone(),
            roles: record.roles.clone(),
            may_act: record.may_act.clone(),
            status: record.status,
        }
    }

    /// Returns the key of the token's refresh family, if it has one.
    pub fn family_key(&self) -> Option<FamilyKey> {
        self.family.map(|id| FamilyKey { org: self.org.clone(), id })
    }

    /// Whether `record` is what this token was minted from.
    pub fn agree_with(&self, record: &TokenRecord) -> bool {
        *self == Self::from_record(record, &self.issuer)
    }
}
