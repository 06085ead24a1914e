//! Capabilities that find a token by its id, in whichever of the caller's orgs it is.

use std::sync::Arc;

use super::capability::{AwsAccess, capability};
use super::{DirectoryReader, Lister, Revoker};
use crate::platform::parts::HasRecords;
use crate::store::RevokeTokens;

capability! {
    /// Authenticates a caller, lists tokens, and finds one in whichever org below it is.
    pub struct TokenFinder from HasRecords {
        /// Authenticates the caller, and lists the orgs below.
        pub orgs: DirectoryReader,
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
    }
    access = AwsAccess { tokens: Revoker::ACCESS.tokens, ..DirectoryReader::ACCESS };
}
