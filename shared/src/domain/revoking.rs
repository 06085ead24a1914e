//! Who revokes one token.

use super::{ClientId, OrgId, Subject, Timestamp, TokenId};

/// Who had a token or a refresh family revoked by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevokingParty {
    /// The org in which it acted.
    pub org: OrgId,
    /// Its subject. `None`: a client for itself, or the org itself by its API secret.
    pub subject: Option<Subject>,
    /// The OAuth client that acted, for itself or for the subject.
    pub client: Option<ClientId>,
    /// The token by which it was authenticated, or which it presented to have it revoked.
    pub token: Option<TokenId>,
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
