//! Capabilities that find tokens in whichever of the caller's orgs they are.

use std::sync::Arc;

use super::capability::{AwsAccess, capability};
use super::{BulkRevoker, DirectoryReader, Lister, Revoker};
use crate::platform::parts::HasRecords;
use crate::store::{KeepApiKeys, RevokeTokens};

capability! {
    /// Authenticates a caller, lists tokens, and finds one in whichever org below it is.
    pub struct TokenFinder from HasRecords {
        /// Authenticates the caller, and lists the orgs below.
        pub orgs: DirectoryReader,
        /// Lists the API keys.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = AwsAccess { tokens: Lister::ACCESS.tokens, by_subject: Lister::ACCESS.by_subject, ..DirectoryReader::ACCESS };
}

capability! {
    /// Authenticates a caller and revokes one token by its id, in whichever org below it is.
    pub struct TokenRemover from HasRecords {
        /// Authenticates the caller, reads the token, and lists the orgs below.
        pub orgs: DirectoryReader,
        /// Revokes the token and its refresh family.
        pub revoke: Arc<dyn RevokeTokens>,
        /// Revokes the API key.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = AwsAccess { tokens: Revoker::ACCESS.tokens, ..DirectoryReader::ACCESS };
}

capability! {
    /// Revokes many tokens at once, and those that one token made in whichever org below it they are.
    pub struct SubOrgRevoker from HasRecords {
        /// Authenticates the caller, looks for the tokens, and lists the orgs below.
        pub orgs: DirectoryReader,
        /// Revokes the tokens, one by one or by a mark.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = AwsAccess { tokens: BulkRevoker::ACCESS.tokens, by_subject: BulkRevoker::ACCESS.by_subject, ..DirectoryReader::ACCESS };
}

impl SubOrgRevoker {
    /// Returns what revokes by a mark, without the orgs below.
    pub fn to_bulk(&self) -> BulkRevoker {
        BulkRevoker { reader: self.orgs.reader.clone(), revoke: self.revoke.clone() }
    }
}
