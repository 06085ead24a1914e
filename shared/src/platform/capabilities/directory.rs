//! Capabilities of the directory: orgs, members, clients and how these register.

use std::sync::Arc;

use super::{Access, Capability, DirectoryLookup, Reader, Revoker};
use crate::domain::Entropy;
use crate::keys::remote::Origins;
use crate::store::{ReadDirectory, RevokeTokens, WriteDirectory, WriteKeys};

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
pub struct SecretWriter {
    /// To authenticate.
    pub reader: Reader,
    /// For secrets.
    pub entropy: Arc<dyn Entropy>,
    /// To write.
    pub write: Arc<dyn WriteDirectory>,
}

impl Capability for SecretWriter {
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

/// Lets clients register themselves, which have no alias then. Grants what [`SecretWriter`] grants.
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
    const NAME: &'static str = SecretWriter::NAME;
    const ACCESS: Access = SecretWriter::ACCESS;
}

/// Reads how a client is registered: its own token has no record. Grants what [`DirectoryLookup`] grants.
#[derive(Clone, Debug)]
pub struct RegistrationReader {
    /// To find the client.
    pub reader: Reader,
}

impl Capability for RegistrationReader {
    const NAME: &'static str = DirectoryLookup::NAME;
    const ACCESS: Access = DirectoryLookup::ACCESS;
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
    const ACCESS: Access = Access { directory: SecretWriter::ACCESS.directory, ..Access::NONE };
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
