//! Capabilities: what an endpoint can reach, cut by privilege.
//!
//! An endpoint names one of these as its `Ports`. That one word decides what its code can call, which AWS clients its bundle
//! links, and, through [`Access`], what its role in `template.yaml` must grant.

mod directory;
mod tokens;
mod work;

use std::sync::Arc;

use crate::domain::{Clock, Issuer, Requirements, Timestamp};
use crate::keys::{PublicKeys, SigningKeys};
use crate::store::client_orgs::ClientOrgs;
use crate::store::{ReadTokens, ReplayStore};

pub use self::directory::{
    ClientCreator, ClientRemover, ClientWriter, DirectoryReader, MemberRemover, MemberWriter, OrgRemover, OrgWriter, Registrar,
    RegistrationReader, RegistrationRemover, RegistrationWriter, SecretWriter,
};
pub use self::tokens::{BulkRevoker, ClientRevoker, Granter, Minter, Refresher, Revoker, TicketRevoker, TokenUpdater};
pub use self::work::{Auditor, BatchReader, BatchWorker, Batcher, Bootstrapper, Rotator};

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
    /// `kms:` actions on the key that encrypts the private keys that are kept here, and the key of the refresh tokens.
    pub envelope_key: &'static [&'static str],
    /// `kms:` actions that make signing keys, name them and have them destroyed.
    pub key_making: &'static [&'static str],
    /// `dynamodb:` actions on the streams of both tables: Lambda reads them in the function's name.
    pub streams: &'static [&'static str],
    /// `events:` actions on the event bus.
    pub event_bus: &'static [&'static str],
    /// `sqs:` actions on the queue of batches; those by which Lambda receives messages in the function's name.
    pub queue: &'static [&'static str],
}

impl Access {
    /// None at all.
    pub const NONE: Self = Self {
        tokens: &[],
        by_subject: &[],
        directory: &[],
        signing_key: &[],
        envelope_key: &[],
        key_making: &[],
        streams: &[],
        event_bus: &[],
        queue: &[],
    };
}

impl Access {
    /// Whether nothing is changed, signed or handed over by it.
    pub fn only_reads(&self) -> bool {
        let Self { tokens, by_subject, directory, signing_key, envelope_key, key_making, streams, event_bus, queue } = self;
        let reads = |action: &&str| matches!(*action, "BatchGetItem" | "GetItem" | "Query");
        [tokens, by_subject, directory].into_iter().copied().flatten().all(reads)
            && [signing_key, envelope_key, key_making, streams, event_bus, queue].into_iter().all(|actions| actions.is_empty())
    }
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

/// Tells who issues tokens here, and where: it needs nothing else, so it does when nothing else works.
#[derive(Clone, Debug)]
pub struct IssuerInfo {
    /// The `iss` of the tokens.
    pub issuer: Issuer,
}

impl Capability for IssuerInfo {
    const NAME: &'static str = "Announcer";
    const ACCESS: Access = Access::NONE;
}

/// Publishes the public keys.
#[derive(Clone, Debug)]
pub struct KeyReader {
    /// The key set as it is published.
    pub keys: Arc<PublicKeys>,
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
    /// To verify signature, issuer and times of our own tokens.
    pub keys: Arc<PublicKeys>,
    /// Records, marks and what belongs to them.
    pub tokens: Arc<dyn ReadTokens>,
    /// Whose the clients are that were seen.
    pub client_orgs: Arc<ClientOrgs>,
}

impl Reader {
    /// This moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Capability for Reader {
    const NAME: &'static str = "Reader";
    const ACCESS: Access = Access { tokens: &["BatchGetItem"], directory: &["BatchGetItem", "GetItem"], ..Access::NONE };
}

/// Looks orgs and members up, without authenticating anyone.
#[derive(Clone, Debug)]
pub struct DirectoryLookup {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Orgs and members.
    pub directory: Arc<dyn ReadTokens>,
}

impl Capability for DirectoryLookup {
    const NAME: &'static str = "Lookup";
    const ACCESS: Access = Access { directory: Reader::ACCESS.directory, ..Access::NONE };
}

/// Reads what decides about a token, for an API with requirements of its own. Grants what [`Reader`] grants.
#[derive(Clone, Debug)]
pub struct Authorizer {
    /// To authenticate.
    pub reader: Reader,
    /// What the API asks of a token.
    pub requirements: Arc<Requirements>,
}

impl Capability for Authorizer {
    const NAME: &'static str = Reader::NAME;
    const ACCESS: Access = Reader::ACCESS;
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

/// Introspects for resource servers: notes proofs, which may be used once.
#[derive(Clone, Debug)]
pub struct Introspector {
    /// To authenticate, and to introspect.
    pub reader: Reader,
    /// For proofs.
    pub once: Arc<dyn ReplayStore>,
}

impl Capability for Introspector {
    const NAME: &'static str = "Introspector";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "PutItem"], ..Reader::ACCESS };
}

/// Introspects for resource servers, and signs what it tells them if they want that: RFC 9701.
#[derive(Clone, Debug)]
pub struct SigningIntrospector {
    /// To introspect.
    pub introspector: Introspector,
    /// To sign.
    pub signing: Arc<SigningKeys>,
}

impl Capability for SigningIntrospector {
    const NAME: &'static str = "Attester";
    const ACCESS: Access =
        Access { signing_key: Minter::ACCESS.signing_key, envelope_key: Minter::ACCESS.envelope_key, ..Introspector::ACCESS };
}
