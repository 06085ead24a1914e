//! Capabilities that make, change and end tokens.

use std::sync::Arc;

use super::{Access, Capability, Lister, Reader};
use crate::domain::{Entropy, Issuer};
use crate::keys::SigningKeys;
use crate::keys::remote::KeySets;
use crate::store::{KeepTickets, RefreshTokens, ReplayStore, RevokeTokens, UpdateTokens, WriteTokens};

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
    pub once: Arc<dyn ReplayStore>,
    /// For what is attached to a family when it is used.
    pub amend: Arc<dyn UpdateTokens>,
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
pub struct TicketRevoker {
    /// To authenticate.
    pub reader: Reader,
    /// For the name in which a ticket is spent.
    pub entropy: Arc<dyn Entropy>,
    /// To spend it.
    pub tickets: Arc<dyn KeepTickets>,
}

impl Capability for TicketRevoker {
    const NAME: &'static str = Revoker::NAME;
    const ACCESS: Access = Revoker::ACCESS;
}

/// Revokes for clients: notes assertions, which may be used once.
#[derive(Clone, Debug)]
pub struct ClientRevoker {
    /// To authenticate, and to revoke.
    pub revoker: Revoker,
    /// For assertions.
    pub once: Arc<dyn ReplayStore>,
}

impl Capability for ClientRevoker {
    const NAME: &'static str = "ClientRevoker";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

/// Changes tokens that are there. Grants what [`ClientRevoker`] grants.
#[derive(Clone, Debug)]
pub struct TokenUpdater {
    /// To authenticate.
    pub reader: Reader,
    /// For new values.
    pub entropy: Arc<dyn Entropy>,
    /// To change them.
    pub amend: Arc<dyn UpdateTokens>,
}

impl Capability for TokenUpdater {
    const NAME: &'static str = ClientRevoker::NAME;
    const ACCESS: Access = ClientRevoker::ACCESS;
}
