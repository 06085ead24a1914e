//! Capabilities of the directory: orgs, members, clients, and how clients register themselves.

use std::sync::Arc;

use super::capability::{AwsAccess, capability};
use super::{DirectoryLookup, Reader, Revoker};
use crate::domain::Entropy;
use crate::keys::remote::Origins;
use crate::platform::parts::HasRecords;
use crate::store::open_org::OpenOrg;
use crate::store::{CountEvents, ReadDirectory, RevokeTokens, WriteDirectory, WriteKeys};

capability! {
    /// Authenticates a caller and lists orgs, members and clients.
    pub struct DirectoryReader from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Lists orgs, members and clients.
        pub directory: Arc<dyn ReadDirectory>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "Query"], ..Reader::ACCESS };
}

capability! {
    /// Authenticates a caller and judges the tokens of platforms, so many in a minute.
    pub struct IssuerTester from HasRecords {
        /// Authenticates the caller, and finds the clients that a token could be of.
        pub directory: DirectoryReader,
        /// Counts the tests of each org.
        pub counts: Arc<dyn CountEvents>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "UpdateItem"], ..DirectoryReader::ACCESS };
}

capability! {
    /// Authenticates a caller, and changes orgs.
    pub struct OrgChanger from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Writes the org to the directory.
        pub write: Arc<dyn WriteDirectory>,
        /// Keeps the signing keys in the ring for an org whose tokens never expire.
        pub keys: Arc<dyn WriteKeys>,
        /// The origins at which issuers of assertions may publish their keys.
        pub key_origins: Arc<Origins>,
        /// Finds the clients that rely on an issuer.
        pub directory: Arc<dyn ReadDirectory>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "Query", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Authenticates a caller, and creates and changes orgs.
    pub struct OrgWriter from HasRecords {
        /// Authenticates the caller, and writes the org.
        pub changer: OrgChanger,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Authenticates a caller and deletes orgs.
    pub struct OrgRemover from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Deletes the org from the directory.
        pub write: Arc<dyn WriteDirectory>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Authenticates a caller, and creates and updates members.
    pub struct MemberWriter from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Finds another administrator where one gives up its office.
        pub directory: Arc<dyn ReadDirectory>,
        /// Writes the member to the directory.
        pub write: Arc<dyn WriteDirectory>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "Query", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Deletes members and revokes their tokens.
    pub struct MemberRemover from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Finds another administrator where one goes.
        pub directory: Arc<dyn ReadDirectory>,
        /// Deletes the member from the directory.
        pub write: Arc<dyn WriteDirectory>,
        /// Writes the not-before mark that revokes the member's tokens.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = AwsAccess {
        tokens: Revoker::ACCESS.tokens,
        directory: &["BatchGetItem", "DeleteItem", "GetItem", "Query", "UpdateItem"],
        ..Reader::ACCESS
    };
}

capability! {
    /// Authenticates a caller and updates clients.
    pub struct ClientWriter from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Writes the client to the directory.
        pub write: Arc<dyn WriteDirectory>,
    }
    // An alias is an item of its own: an update may put a new one and delete the old one.
    access = AwsAccess { directory: &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Authenticates a caller and creates clients.
    pub struct ClientCreator from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Draws the client's number and secret.
        pub entropy: Arc<dyn Entropy>,
        /// Writes the client to the directory.
        pub write: Arc<dyn WriteDirectory>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Replaces the secrets of orgs and clients, and locks and unlocks clients.
    pub struct SecretWriter from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Draws the random bytes of the new secret.
        pub entropy: Arc<dyn Entropy>,
        /// Writes the org or the client.
        pub write: Arc<dyn WriteDirectory>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Deletes clients and revokes their tokens.
    pub struct ClientRemover from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Deletes the client from the directory.
        pub write: Arc<dyn WriteDirectory>,
        /// Writes the not-before mark that revokes the client's tokens.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = AwsAccess { tokens: Revoker::ACCESS.tokens, ..OrgRemover::ACCESS };
}

capability! {
    /// Lets clients register themselves (RFC 7591), those of strangers as often as the org says.
    // A client that registers itself has no alias, and so needs no `PutItem` in the directory.
    pub struct Registrar from HasRecords {
        /// Verifies the initial access token.
        pub reader: Reader,
        /// Knows which org is open to strangers.
        pub open_org: Arc<OpenOrg>,
        /// Counts the registrations of strangers.
        pub events: Arc<dyn CountEvents>,
        /// Draws the client's number, its secret and its registration access token.
        pub entropy: Arc<dyn Entropy>,
        /// Writes the client to the directory.
        pub write: Arc<dyn WriteDirectory>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "UpdateItem"], ..SecretWriter::ACCESS };
}

capability! {
    /// Shows clients how they are registered (RFC 7592). Needs the same AWS actions as [`DirectoryLookup`], because a
    /// registration access token has no record of its own.
    pub struct RegistrationReader from HasRecords {
        /// Reads the client by its registration access token.
        pub reader: Reader,
    }
    access = DirectoryLookup::ACCESS;
}

capability! {
    /// Lets clients change how they are registered (RFC 7592).
    pub struct RegistrationWriter from HasRecords {
        /// Reads the client by its registration access token.
        pub reader: Reader,
        /// Draws a secret for a client that has none yet.
        pub entropy: Arc<dyn Entropy>,
        /// Writes the client to the directory.
        pub write: Arc<dyn WriteDirectory>,
    }
    access = AwsAccess { directory: SecretWriter::ACCESS.directory, ..AwsAccess::NONE };
}

capability! {
    /// Lets clients delete their registration (RFC 7592), which revokes their tokens.
    pub struct RegistrationRemover from HasRecords {
        /// Reads the client by its registration access token.
        pub reader: Reader,
        /// Deletes the client from the directory.
        pub write: Arc<dyn WriteDirectory>,
        /// Writes the not-before mark that revokes the client's tokens.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = AwsAccess { tokens: &["UpdateItem"], directory: ClientRemover::ACCESS.directory, ..AwsAccess::NONE };
}
