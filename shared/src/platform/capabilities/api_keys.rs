//! Capabilities of API keys: who makes, lists, shows and changes them, and who hears that they have leaked.

use std::sync::Arc;

use super::Reader;
use super::capability::{AwsAccess, capability};
use crate::domain::Entropy;
use crate::keys::remote::SecretScanners;
use crate::platform::parts::HasRecords;
use crate::store::KeepApiKeys;

capability! {
    /// Makes API keys. It counts those of each member, and so writes to the directory.
    pub struct ApiKeyCreator from HasRecords {
        /// Authenticates the caller, and reads the owner.
        pub reader: Reader,
        /// Draws the key and its id.
        pub entropy: Arc<dyn Entropy>,
        /// Records the key that is made.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = AwsAccess {
        tokens: &["BatchGetItem", "PutItem", "Query"],
        directory: &["BatchGetItem", "GetItem", "UpdateItem"],
        ..Reader::ACCESS
    };
}

capability! {
    /// Lists the API keys of an org.
    pub struct ApiKeyLister from HasRecords {
        /// Authenticates the caller, and reads how the keys stand.
        pub reader: Reader,
        /// Lists the keys of the org.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "Query"], ..Reader::ACCESS };
}

capability! {
    /// Gives API keys new values.
    pub struct ApiKeyRotator from HasRecords {
        /// Authenticates the caller, and reads the key.
        pub reader: Reader,
        /// Draws the new value of a key.
        pub entropy: Arc<dyn Entropy>,
        /// Writes the key, and whose its new value is.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Changes and ends API keys.
    pub struct ApiKeyWriter from HasRecords {
        /// Authenticates the caller, and reads the key.
        pub reader: Reader,
        /// Writes the key that changes.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Takes the reports of scanners of secrets, and ends the API keys that have leaked. Needs the same AWS actions as [`ApiKeyWriter`].
    pub struct LeakReceiver from HasRecords {
        /// Finds the keys that are reported.
        pub reader: Reader,
        /// Ends those that are good.
        pub api_keys: Arc<dyn KeepApiKeys>,
        /// Those whose reports are taken.
        pub scanners: Arc<SecretScanners>,
    }
    access = ApiKeyWriter::ACCESS;
}
