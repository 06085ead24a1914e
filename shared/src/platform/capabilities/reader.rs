//! The capability on which nearly all others build. Written out instead of declared by `capability!`, because the parts of every
//! platform hold one ready and would otherwise depend on themselves.

use std::sync::Arc;

use super::capability::{AwsAccess, Capability};
use crate::domain::{Clock, Timestamp};
use crate::keys::PublicKeys;
use crate::keys::remote::KeySets;
use crate::store::ReadTokens;
use crate::store::api_key_holders::ApiKeyHolders;
use crate::store::client_orgs::ClientOrgs;

/// Authenticates callers, and reads all that decides whether a token is valid.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Tells the time by which tokens expire.
    pub clock: Arc<dyn Clock>,
    /// The public keys, which verify signature, issuer and times of the tokens issued here.
    pub keys: Arc<PublicKeys>,
    /// Reads records of tokens together with their orgs, members, clients and not-before marks.
    pub tokens: Arc<dyn ReadTokens>,
    /// A cache that tells to which org a client belongs.
    pub client_orgs: Arc<ClientOrgs>,
    /// A cache that tells which API key has a value.
    pub api_key_holders: Arc<ApiKeyHolders>,
    /// The public keys of those whose assertions are taken, read over HTTPS and cached.
    pub key_sets: Arc<KeySets>,
}

impl Reader {
    /// The current time, to the millisecond.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Capability for Reader {
    const NAME: &'static str = "Reader";
    const ACCESS: AwsAccess = AwsAccess { tokens: &["BatchGetItem"], directory: &["BatchGetItem", "GetItem"], ..AwsAccess::NONE };
}
