//! Capabilities: what an endpoint can reach, cut by privilege.
//!
//! An endpoint names one of these as its `Ports`. That one word decides what its code can call, which AWS clients its bundle
//! links, and, through [`Access`], what its role in `template.yaml` must grant.

use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::{Issuer, Timestamp};
use crate::entropy::Entropy;
use crate::jose::Verifier;
use crate::signer::{Deriver, Signer};
use crate::store::{ReadDirectory, ReadTokens, RefreshTokens, RevokeTokens, WriteDirectory, WriteTokens};

/// The AWS actions that a capability needs, on the tables and keys of the deployment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Access {
    /// `dynamodb:` actions on the table of tokens.
    pub tokens: &'static [&'static str],
    /// `dynamodb:` actions on the index by subject.
    pub by_subject: &'static [&'static str],
    /// `dynamodb:` actions on the directory.
    pub directory: &'static [&'static str],
    /// `kms:` actions on the signing keys.
    pub signing_key: &'static [&'static str],
    /// `kms:` actions on the key from which refresh tokens are derived.
    pub refresh_key: &'static [&'static str],
}

impl Access {
    /// None at all.
    pub const NONE: Self = Self { tokens: &[], by_subject: &[], directory: &[], signing_key: &[], refresh_key: &[] };
}

/// A capability.
pub trait Capability: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Its name: that of the type, and, with `Policy` behind it, of the policy in `template.yaml` that grants it.
    const NAME: &'static str;
    /// What it needs.
    const ACCESS: Access;
}

/// Something that can hand out a capability: the platform of a bundle, of the local server, of a test.
pub trait Provides<C: Capability> {
    /// Hands it out.
    fn provide(&self) -> C;
}

/// Needs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Public;

impl Capability for Public {
    const NAME: &'static str = "Public";
    const ACCESS: Access = Access::NONE;
}

/// Publishes the public keys.
#[derive(Clone, Debug)]
pub struct KeyReader {
    /// The key set as it is published: a JWK Set document, RFC 7517 section 5, rendered once.
    pub jwks: Arc<str>,
}

impl Capability for KeyReader {
    const NAME: &'static str = "KeyReader";
    const ACCESS: Access = Access { directory: &["GetItem"], ..Access::NONE };
}

/// Reads what decides about a token.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Signature, issuer and times of our own tokens.
    pub verifier: Arc<Verifier>,
    /// Records, marks and what belongs to them.
    pub tokens: Arc<dyn ReadTokens>,
}

impl Reader {
    /// This moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Capability for Reader {
    const NAME: &'static str = "Reader";
    const ACCESS: Access = Access { tokens: &["BatchGetItem"], directory: &["BatchGetItem"], ..Access::NONE };
}

/// Reads, and lists tokens.
#[derive(Clone, Debug)]
pub struct Lister {
    /// To authenticate, and to list.
    pub reader: Reader,
}

impl Capability for Lister {
    const NAME: &'static str = "Lister";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "Query"], by_subject: &["Query"], ..Reader::ACCESS };
}

/// Reads, and walks the directory.
#[derive(Clone, Debug)]
pub struct DirectoryReader {
    /// To authenticate.
    pub reader: Reader,
    /// Orgs, members, clients.
    pub directory: Arc<dyn ReadDirectory>,
}

impl Capability for DirectoryReader {
    const NAME: &'static str = "DirectoryReader";
    const ACCESS: Access = Access { directory: &["BatchGetItem", "GetItem", "Query"], ..Reader::ACCESS };
}

/// Reads, and changes the directory; kills the tokens of what it deletes.
#[derive(Clone, Debug)]
pub struct DirectoryWriter {
    /// To authenticate.
    pub reader: Reader,
    /// To see what is there.
    pub directory: Arc<dyn ReadDirectory>,
    /// To change it.
    pub write: Arc<dyn WriteDirectory>,
    /// For the not-before mark of what is deleted.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for DirectoryWriter {
    const NAME: &'static str = "DirectoryWriter";
    const ACCESS: Access = Access {
        tokens: &["BatchGetItem", "UpdateItem"],
        directory: &["BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"],
        ..Access::NONE
    };
}

/// Reads, and revokes.
#[derive(Clone, Debug)]
pub struct Revoker {
    /// To authenticate, and to count.
    pub reader: Reader,
    /// To revoke.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for Revoker {
    const NAME: &'static str = "Revoker";
    const ACCESS: Access = Access {
        tokens: &["BatchGetItem", "Query", "UpdateItem"],
        by_subject: &["Query"],
        directory: &["BatchGetItem"],
        ..Access::NONE
    };
}

/// Reads, records and signs.
#[derive(Clone, Debug)]
pub struct Minter {
    /// To authenticate.
    pub reader: Reader,
    /// For ids and salts.
    pub entropy: Arc<dyn Entropy>,
    /// The `iss` of what is minted.
    pub issuer: Issuer,
    /// Records it.
    pub write: Arc<dyn WriteTokens>,
    /// Signs it.
    pub signer: Arc<dyn Signer>,
    /// Makes the secrets of refresh tokens.
    pub deriver: Arc<dyn Deriver>,
}

impl Capability for Minter {
    const NAME: &'static str = "Minter";
    const ACCESS: Access = Access {
        tokens: &["BatchGetItem", "PutItem"],
        directory: &["BatchGetItem"],
        signing_key: &["Sign"],
        refresh_key: &["GenerateMac"],
        ..Access::NONE
    };
}

/// Mints, and moves refresh families on or ends them.
#[derive(Clone, Debug)]
pub struct Refresher {
    /// To mint.
    pub minter: Minter,
    /// To move a family on.
    pub refresh: Arc<dyn RefreshTokens>,
    /// To end a family whose token was used twice.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for Refresher {
    const NAME: &'static str = "Refresher";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "PutItem", "UpdateItem"], ..Minter::ACCESS };
}
