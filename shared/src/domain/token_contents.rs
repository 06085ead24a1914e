//! What an access token says, whichever record says it.

use std::collections::BTreeMap;

use super::{App, Audience, ClientId, Issuance, OrgId, Role, Scope, Session, Subject};

/// What an access token says of whom it stands for and what it opens.
///
/// A policy's grant, the record of an access token and its refresh family each hold one, whole: policy makes it, minting copies it
/// into the record and the family, and a refresh makes the next grant from the family's. A new field of tokens belongs here.
///
/// Where a token acts and when it is valid isn't part of it: the family has an org and times of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenContents {
    /// The person, service or client that the token stands for: `sub` of RFC 9068 section 2.2.
    pub subject: Subject,
    /// The OAuth client that the token was issued to.
    pub client: Option<ClientId>,
    /// The resource servers that may accept the token: `aud` of RFC 7519 section 4.1.3.
    pub audiences: Vec<Audience>,
    /// The scopes as they were asked for, marks included. They prove no right by themselves: see [`Authority`](super::Authority).
    pub scopes: Vec<Scope>,
    /// The role that the token has in each application.
    pub roles: BTreeMap<App, Role>,
    /// The hosts that the token opens.
    pub hosts: Vec<HostPermissions>,
    /// The session that chains the token to others.
    pub session: Option<Session>,
    /// The bearer who had the token minted, if that isn't its subject.
    pub creator: Option<Creator>,
    /// Whether a person had the token minted for another person.
    pub masquerading: bool,
    /// How an OAuth client got the token. `None`: a member asked for it.
    pub issuance: Option<Box<Issuance>>,
}

impl TokenContents {
    /// Contents that name a subject and open nothing.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            client: None,
            audiences: Vec::new(),
            scopes: Vec::new(),
            roles: BTreeMap::new(),
            hosts: Vec::new(),
            session: None,
            creator: None,
            masquerading: false,
            issuance: None,
        }
    }
}

/// The bearer of the token that asked for this one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Creator {
    /// The org of the creator.
    pub org: OrgId,
    /// The subject of the creator.
    pub subject: Subject,
}

/// A host that a token opens, with its rules: a JSON object, kept as it was given and returned so, in one spelling
/// (no blanks, members sorted) so that two can be compared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostPermissions(Box<str>);

impl HostPermissions {
    /// Keeps a JSON object that is in the one spelling already. Only `api` makes them.
    pub fn from_json(json: String) -> Self {
        Self(json.into())
    }

    /// Returns the JSON object in the one spelling.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}
