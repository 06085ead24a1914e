//! Capabilities that change nothing but replay marks: published documents, authentication, introspection, listings.

use std::sync::Arc;

use super::capability::{AwsAccess, capability};
use super::reader::Reader;
use crate::domain::{Algorithm, ClientCertificates, Clock, Issuer, MtlsUrl, Requirements};
use crate::keys::PublicKeys;
use crate::platform::parts::HasRecords;
use crate::store::open_org::OpenOrg;
use crate::store::quotas::Quotas;
use crate::store::{KeepApiKeys, KeepStatusLists, ReadDirectory, ReadTokens, ReplayStore};

capability! {
    /// Reaches nothing: for endpoints that answer from their input alone.
    pub struct Public from HasRecords {}
    access = AwsAccess::NONE;
}

capability! {
    /// Knows who the service is and reaches nothing else, so that metadata is served even when nothing else works.
    pub struct IssuerInfo from HasRecords {
        /// The `iss` of the tokens.
        pub issuer: Issuer,
        /// Whether certificates of clients can arrive.
        pub client_certificates: ClientCertificates,
        /// Where clients present them, if that isn't the issuer.
        pub mtls_url: Option<MtlsUrl>,
        /// The algorithms that it signs tokens by.
        pub signing_algorithms: Arc<[Algorithm]>,
    }
    access = AwsAccess::NONE;
}

capability! {
    /// Publishes documents that anybody may read: of the service, of the org that is open to strangers, and of the APIs of any org.
    pub struct DocumentReader from HasRecords {
        /// Knows who the service is.
        pub info: IssuerInfo,
        /// The org of clients that bring none, as it was a minute ago.
        pub open_org: Arc<OpenOrg>,
        /// Reads the org that is asked for.
        pub directory: Arc<dyn ReadDirectory>,
    }
    access = AwsAccess { directory: &["GetItem"], ..AwsAccess::NONE };
}

capability! {
    /// Publishes status lists, as they were signed.
    pub struct StatusListReader from HasRecords {
        /// Reads the list that is asked for.
        pub lists: Arc<dyn KeepStatusLists>,
    }
    access = AwsAccess { tokens: &["GetItem"], directory: KeyReader::ACCESS.directory, ..AwsAccess::NONE };
}

capability! {
    /// Publishes the public keys as a JWK Set.
    pub struct KeyReader from HasRecords {
        /// The public keys of the key ring.
        pub keys: Arc<PublicKeys>,
    }
    access = AwsAccess { directory: &["GetItem"], ..AwsAccess::NONE };
}

capability! {
    /// Looks up orgs and members without authenticating a caller.
    pub struct DirectoryLookup from HasRecords {
        /// Tells the time by which not-before marks are judged.
        pub clock: Arc<dyn Clock>,
        /// Reads orgs and members.
        pub directory: Arc<dyn ReadTokens>,
    }
    access = AwsAccess { directory: Reader::ACCESS.directory, ..AwsAccess::NONE };
}

capability! {
    /// Authenticates a caller and lists tokens.
    pub struct Lister from HasRecords {
        /// Authenticates the caller, and lists the tokens.
        pub reader: Reader,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "Query"], by_subject: &["Query"], ..Reader::ACCESS };
}

capability! {
    /// Introspects tokens for resource servers, and records the DPoP proofs and assertions that may be used only once.
    pub struct Introspector from HasRecords {
        /// Authenticates the resource server, and reads the token.
        pub reader: Reader,
        /// Records what may be used only once.
        pub once: Arc<dyn ReplayStore>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "PutItem"], ..Reader::ACCESS };
}

capability! {
    /// Introspects tokens and API keys for whoever has them, and counts and notes the uses of the keys. Needs the same AWS actions as
    /// [`Revoker`](super::Revoker).
    pub struct TokenIntrospector from HasRecords {
        /// Reads the token, or the API key.
        pub reader: Reader,
        /// Counts the uses of API keys.
        pub quotas: Arc<Quotas>,
        /// Notes the uses of API keys.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = super::Revoker::ACCESS;
}

capability! {
    /// Decides about requests to an API behind API Gateway. Needs the same AWS actions as [`ClientRevoker`](super::ClientRevoker), because the
    /// uses of API keys are noted and counted.
    pub struct Authorizer from HasRecords {
        /// Reads the token of that request, and records its DPoP proof.
        pub introspector: Introspector,
        /// What the API requires of a token.
        pub requirements: Arc<Requirements>,
        /// Notes the uses of API keys.
        pub api_keys: Arc<dyn KeepApiKeys>,
        /// Counts the uses of API keys.
        pub quotas: Arc<Quotas>,
        /// The org of clients that bring none: its tokens name them by the URLs of their documents.
        pub open_org: Arc<OpenOrg>,
    }
    access = super::ClientRevoker::ACCESS;
}
