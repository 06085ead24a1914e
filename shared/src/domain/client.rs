//! OAuth clients.

use super::{ClientId, OrgId, Scope, Timestamp};

/// An OAuth client of an org, RFC 6749 section 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    /// The org.
    pub org: OrgId,
    /// Its number.
    pub id: ClientId,
    /// Another name for it, unique in the org: 1 to 100 of `A-Z a-z 0-9 . _ -`, not all digits.
    pub alias: Option<String>,
    /// Whether it can keep a secret.
    pub kind: ClientKind,
    /// The `grant_type`s that it may use.
    pub grants: Vec<String>,
    /// The scopes that it may ask for.
    pub scopes: Vec<Scope>,
    /// SHA-256 of its secrets, of which two may be live during a change. The service makes secrets of 256 random bits, so a plain hash is enough.
    pub secrets: Vec<[u8; 32]>,
    /// A disabled client can do nothing.
    pub enabled: bool,
    /// Set when the client is first written.
    pub created_at: Timestamp,
    /// Set whenever the client is written.
    pub updated_at: Timestamp,
}

/// RFC 6749 section 2.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientKind {
    /// Can keep a secret.
    Confidential,
    /// Can't.
    Public,
}
