//! Capabilities: what an endpoint can reach, cut by privilege.
//!
//! An endpoint names one of these as its `Ports`. That one word decides what its code can call, which AWS clients its bundle
//! links, and, through [`Access`], what its role in `template.yaml` must grant.

use std::sync::Arc;

use crate::client_orgs::ClientOrgs;
use crate::clock::Clock;
use crate::domain::{Algorithm, Issuer, Requirements, Schedule, Timestamp};
use crate::entropy::Entropy;
use crate::events::Publish;
use crate::key_sets::{KeySets, Origins};
use crate::keys::{PublicKeys, SigningKeys};
use crate::queue::Enqueue;
use crate::signer::MakeKeys;
use crate::store::{
    AmendTokens, KeepBatches, KeepTickets, ReadChanges, ReadDirectory, ReadTokens, RefreshTokens, RevokeTokens, Store, UseOnce,
    WriteDirectory, WriteKeys, WriteTokens,
};

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
pub struct Announcer {
    /// The `iss` of the tokens.
    pub issuer: Issuer,
}

impl Capability for Announcer {
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
pub struct Lookup {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Orgs and members.
    pub directory: Arc<dyn ReadTokens>,
}

impl Capability for Lookup {
    const NAME: &'static str = "Lookup";
    const ACCESS: Access = Access { directory: Reader::ACCESS.directory, ..Access::NONE };
}

/// Reads what decides about a token, for an API with requirements of its own. Grants what [`Reader`] grants.
#[derive(Clone, Debug)]
pub struct Guard {
    /// To authenticate.
    pub reader: Reader,
    /// What the API asks of a token.
    pub requirements: Arc<Requirements>,
}

impl Capability for Guard {
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

/// Reads, and writes orgs.
#[derive(Clone, Debug)]
pub struct OrgWriter {
    /// To authenticate.
    pub reader: Reader,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
    /// To keep the keys of an org whose tokens don't expire.
    pub keys: Arc<dyn WriteKeys>,
    /// Where the keys of who makes assertions may be.
    pub key_origins: Arc<Origins>,
}

impl Capability for OrgWriter {
    const NAME: &'static str = "OrgWriter";
    const ACCESS: Access = Access { directory: &["BatchGetItem", "GetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Reads, and deletes orgs.
#[derive(Clone, Debug)]
pub struct OrgRemover {
    /// To authenticate.
    pub reader: Reader,
    /// To delete.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for OrgRemover {
    const NAME: &'static str = "OrgRemover";
    const ACCESS: Access = Access { directory: &["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Reads, and writes members.
#[derive(Clone, Debug)]
pub struct MemberWriter {
    /// To authenticate.
    pub reader: Reader,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for MemberWriter {
    const NAME: &'static str = "MemberWriter";
    const ACCESS: Access = Access { directory: &["BatchGetItem", "GetItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Reads, deletes members, and kills their tokens.
#[derive(Clone, Debug)]
pub struct MemberRemover {
    /// To authenticate.
    pub reader: Reader,
    /// To delete.
    pub write: Arc<dyn WriteDirectory>,
    /// For the not-before mark of what is deleted.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for MemberRemover {
    const NAME: &'static str = "MemberRemover";
    const ACCESS: Access = Access { tokens: Revoker::ACCESS.tokens, ..OrgRemover::ACCESS };
}

/// Reads, and writes clients.
#[derive(Clone, Debug)]
pub struct ClientWriter {
    /// To authenticate.
    pub reader: Reader,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for ClientWriter {
    const NAME: &'static str = "ClientWriter";
    // An alias is an item of its own, which comes and goes.
    const ACCESS: Access =
        Access { directory: &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Reads, and creates clients.
#[derive(Clone, Debug)]
pub struct ClientCreator {
    /// To authenticate.
    pub reader: Reader,
    /// For numbers and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for ClientCreator {
    const NAME: &'static str = "ClientCreator";
    const ACCESS: Access = Access { directory: &["BatchGetItem", "GetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Changes by what an org or a client gets in, and whether it does: its secrets, its lock.
#[derive(Clone, Debug)]
pub struct AccessKeeper {
    /// To authenticate.
    pub reader: Reader,
    /// For secrets.
    pub entropy: Arc<dyn Entropy>,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for AccessKeeper {
    const NAME: &'static str = "AccessKeeper";
    const ACCESS: Access = Access { directory: &["BatchGetItem", "GetItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Reads, deletes clients, and kills their tokens. Grants what [`MemberRemover`] grants.
#[derive(Clone, Debug)]
pub struct ClientRemover {
    /// To authenticate.
    pub reader: Reader,
    /// To delete.
    pub write: Arc<dyn WriteDirectory>,
    /// For the not-before mark of what is deleted.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for ClientRemover {
    const NAME: &'static str = MemberRemover::NAME;
    const ACCESS: Access = MemberRemover::ACCESS;
}

/// Lets clients register themselves, which have no alias then. Grants what [`AccessKeeper`] grants.
#[derive(Clone, Debug)]
pub struct Registrar {
    /// To authenticate.
    pub reader: Reader,
    /// For numbers, secrets and tokens.
    pub entropy: Arc<dyn Entropy>,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for Registrar {
    const NAME: &'static str = AccessKeeper::NAME;
    const ACCESS: Access = AccessKeeper::ACCESS;
}

/// Reads how a client is registered: its own token has no record. Grants what [`Lookup`] grants.
#[derive(Clone, Debug)]
pub struct RegistrationReader {
    /// To find the client.
    pub reader: Reader,
}

impl Capability for RegistrationReader {
    const NAME: &'static str = Lookup::NAME;
    const ACCESS: Access = Lookup::ACCESS;
}

/// Changes how a client is registered.
#[derive(Clone, Debug)]
pub struct RegistrationWriter {
    /// To find the client.
    pub reader: Reader,
    /// For a secret.
    pub entropy: Arc<dyn Entropy>,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for RegistrationWriter {
    const NAME: &'static str = "RegistrationWriter";
    const ACCESS: Access = Access { directory: AccessKeeper::ACCESS.directory, ..Access::NONE };
}

/// Deletes clients that are registered, and kills their tokens.
#[derive(Clone, Debug)]
pub struct RegistrationRemover {
    /// To find the client.
    pub reader: Reader,
    /// To delete.
    pub write: Arc<dyn WriteDirectory>,
    /// For the not-before mark of what is deleted.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for RegistrationRemover {
    const NAME: &'static str = "RegistrationRemover";
    const ACCESS: Access = Access { tokens: &["UpdateItem"], directory: ClientRemover::ACCESS.directory, ..Access::NONE };
}

/// Reads, and revokes.
#[derive(Clone, Debug)]
pub struct Revoker {
    /// To authenticate.
    pub reader: Reader,
    /// To revoke.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for Revoker {
    const NAME: &'static str = "Revoker";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Revokes many tokens at once, and counts them.
#[derive(Clone, Debug)]
pub struct BulkRevoker {
    /// To authenticate, and to count.
    pub reader: Reader,
    /// To revoke.
    pub revoke: Arc<dyn RevokeTokens>,
}

impl Capability for BulkRevoker {
    const NAME: &'static str = "BulkRevoker";
    const ACCESS: Access =
        Access { tokens: &["BatchGetItem", "Query", "UpdateItem"], by_subject: Lister::ACCESS.by_subject, ..Reader::ACCESS };
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
    /// Signs it, and makes the secrets of refresh tokens.
    pub signing: Arc<SigningKeys>,
}

impl Capability for Minter {
    const NAME: &'static str = "Minter";
    const ACCESS: Access =
        Access { tokens: &["BatchGetItem", "PutItem"], signing_key: &["Sign"], envelope_key: &["Decrypt"], ..Reader::ACCESS };
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

/// Serves a token endpoint: mints for clients, keeps tickets, notes what may be used once. Grants what [`Refresher`] grants.
#[derive(Clone, Debug)]
pub struct Granter {
    /// To mint, and to refresh.
    pub refresher: Refresher,
    /// For tickets.
    pub tickets: Arc<dyn KeepTickets>,
    /// For proofs and assertions.
    pub once: Arc<dyn UseOnce>,
    /// For what is attached to a family when it is used.
    pub amend: Arc<dyn AmendTokens>,
    /// The keys of who makes assertions.
    pub key_sets: Arc<KeySets>,
}

impl Granter {
    /// To authenticate.
    pub fn reader(&self) -> &Reader {
        &self.refresher.minter.reader
    }
}

impl Capability for Granter {
    const NAME: &'static str = Refresher::NAME;
    const ACCESS: Access = Refresher::ACCESS;
}

/// Ends tickets. Grants what [`Revoker`] grants.
#[derive(Clone, Debug)]
pub struct TicketEnder {
    /// To authenticate.
    pub reader: Reader,
    /// For the name in which a ticket is spent.
    pub entropy: Arc<dyn Entropy>,
    /// To spend it.
    pub tickets: Arc<dyn KeepTickets>,
}

impl Capability for TicketEnder {
    const NAME: &'static str = Revoker::NAME;
    const ACCESS: Access = Revoker::ACCESS;
}

/// Introspects for resource servers: notes proofs, which may be used once.
#[derive(Clone, Debug)]
pub struct Introspector {
    /// To authenticate, and to introspect.
    pub reader: Reader,
    /// For proofs.
    pub once: Arc<dyn UseOnce>,
}

impl Capability for Introspector {
    const NAME: &'static str = "Introspector";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "PutItem"], ..Reader::ACCESS };
}

/// Introspects for resource servers, and signs what it tells them if they want that: RFC 9701.
#[derive(Clone, Debug)]
pub struct Attester {
    /// To introspect.
    pub introspector: Introspector,
    /// To sign.
    pub signing: Arc<SigningKeys>,
}

impl Capability for Attester {
    const NAME: &'static str = "Attester";
    const ACCESS: Access =
        Access { signing_key: Minter::ACCESS.signing_key, envelope_key: Minter::ACCESS.envelope_key, ..Introspector::ACCESS };
}

/// Revokes for clients: notes assertions, which may be used once.
#[derive(Clone, Debug)]
pub struct ClientRevoker {
    /// To authenticate, and to revoke.
    pub revoker: Revoker,
    /// For assertions.
    pub once: Arc<dyn UseOnce>,
}

impl Capability for ClientRevoker {
    const NAME: &'static str = "ClientRevoker";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Changes tokens that are there. Grants what [`ClientRevoker`] grants.
#[derive(Clone, Debug)]
pub struct Amender {
    /// To authenticate.
    pub reader: Reader,
    /// For new values.
    pub entropy: Arc<dyn Entropy>,
    /// To change them.
    pub amend: Arc<dyn AmendTokens>,
}

impl Capability for Amender {
    const NAME: &'static str = ClientRevoker::NAME;
    const ACCESS: Access = ClientRevoker::ACCESS;
}

/// Takes batches, and hands them over.
#[derive(Clone, Debug)]
pub struct Batcher {
    /// To authenticate.
    pub reader: Reader,
    /// For ids.
    pub entropy: Arc<dyn Entropy>,
    /// To tell later how a batch is.
    pub batches: Arc<dyn KeepBatches>,
    /// Where parts are handed over.
    pub queue: Arc<dyn Enqueue>,
}

impl Capability for Batcher {
    const NAME: &'static str = "Batcher";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "PutItem"], queue: &["SendMessage"], ..Reader::ACCESS };
}

/// Tells how a batch is.
#[derive(Clone, Debug)]
pub struct BatchReader {
    /// To authenticate.
    pub reader: Reader,
    /// Batches.
    pub batches: Arc<dyn KeepBatches>,
}

impl Capability for BatchReader {
    const NAME: &'static str = "BatchReader";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "GetItem"], ..Reader::ACCESS };
}

/// Works on what is handed over.
#[derive(Clone, Debug)]
pub struct BatchWorker {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Records tokens.
    pub write: Arc<dyn WriteTokens>,
    /// Ends what they replace.
    pub revoke: Arc<dyn RevokeTokens>,
    /// Notes what is done.
    pub batches: Arc<dyn KeepBatches>,
}

impl Capability for BatchWorker {
    const NAME: &'static str = "BatchWorker";
    const ACCESS: Access = Access {
        tokens: &["PutItem", "UpdateItem"],
        queue: &["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"],
        ..Access::NONE
    };
}

/// Makes keys, and lets them follow each other. Signs nothing.
#[derive(Clone, Debug)]
pub struct Rotator {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The key ring.
    pub keys: Arc<dyn WriteKeys>,
    /// Makes keys and destroys them.
    pub maker: Arc<dyn MakeKeys>,
    /// The algorithms to keep keys for, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// When keys follow each other.
    pub schedule: Schedule,
}

impl Capability for Rotator {
    const NAME: &'static str = "Rotator";
    const ACCESS: Access = Access {
        directory: &["GetItem", "PutItem"],
        envelope_key: &["GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"],
        key_making: &["CreateAlias", "CreateKey", "GetPublicKey", "ScheduleKeyDeletion", "TagResource"],
        ..Access::NONE
    };
}

/// Makes what nobody can be asked for: the first keys, org, administrator and token.
#[derive(Clone, Debug)]
pub struct Founder {
    /// For the keys.
    pub rotator: Rotator,
    /// For the token.
    pub minter: Minter,
    /// For the org and the administrator.
    pub store: Arc<dyn Store>,
}

impl Capability for Founder {
    const NAME: &'static str = "Founder";
    const ACCESS: Access = Access {
        tokens: &["PutItem"],
        directory: &["GetItem", "PutItem", "UpdateItem"],
        signing_key: Minter::ACCESS.signing_key,
        envelope_key: &["Decrypt", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"],
        key_making: Rotator::ACCESS.key_making,
        ..Access::NONE
    };
}

/// Tells others what has been committed.
#[derive(Clone, Debug)]
pub struct Auditor {
    /// To read what the store tells.
    pub changes: Arc<dyn ReadChanges>,
    /// Every place that shall know.
    pub publish: Vec<Arc<dyn Publish>>,
}

impl Capability for Auditor {
    const NAME: &'static str = "Auditor";
    const ACCESS: Access = Access {
        streams: &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
        event_bus: &["PutEvents"],
        ..Access::NONE
    };
}
