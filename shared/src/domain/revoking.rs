//! Who revokes one token.

use super::{Client, ClientId, Family, OrgId, Subject, Timestamp, TokenId, TokenRecord};

/// Who had a token or a refresh family revoked by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevokingParty {
    /// The org in which it acted.
    pub org: OrgId,
    /// Its subject. `None`: a client for itself, or the org itself by its API secret.
    pub subject: Option<Subject>,
    /// The OAuth client.
    pub client: Option<ClientId>,
    /// The token by which it was authenticated, or which it presented to have it revoked.
    pub token: Option<TokenId>,
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

/// A revocation of one token or family: when, and by whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevocationStamp {
    /// The moment of the revocation.
    pub at: Timestamp,
    /// Who asked for it. `None`: nobody did, the service saw a reason.
    pub by: Option<RevokingParty>,
}

impl RevocationStamp {
    /// Makes the stamp of a revocation that somebody asks for.
    pub fn new(at: Timestamp, by: RevokingParty) -> Self {
        Self { at, by: Some(by) }
    }
}

impl From<Timestamp> for RevocationStamp {
    fn from(at: Timestamp) -> Self {
        Self { at, by: None }
    }
}
